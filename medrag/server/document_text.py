"""The part of a document's text that a citation stands in."""

from __future__ import annotations

from dataclasses import dataclass

from medrag.errors import UsageError
from medrag.types import Document, Page

AROUND = 1500
"""Characters shown on each side where a document has no pages; lines are not cut for it."""
LONGEST = 100_000
"""Most characters that may be asked for at once."""


@dataclass(frozen=True, slots=True)
class PageText:
    """A page and its text: ``document.text[start:end] == text``. ``number`` 0 is no page but a
    part of a document that has none."""

    number: int
    label: str
    start: int
    end: int
    text: str


def text_pages(
    document: Document, start: int | None, end: int | None
) -> tuple[int, int, tuple[PageText, ...]]:
    """The whole pages on which the characters ``start`` to ``end`` stand, with that range.

    Without ``start`` it begins at 0, without ``end`` it is empty, at ``start``; so without both
    it is the first page. There is always at least one page.

    Raises:
        UsageError: the range is turned round, outside the document, or too long.
    """
    length = len(document.text)
    first = start if start is not None else 0
    last = end if end is not None else first
    if not 0 <= first <= last <= length:
        raise UsageError(
            f"There are no characters {first} to {last} in this document, which has {length}.",
            "Give a start and an end inside it, the start first.",
        )
    if last - first > LONGEST:
        raise UsageError(
            f"The range has {last - first} characters.", f"Ask for at most {LONGEST} at once."
        )
    touched = [
        PageText(
            page.number, page.label, page.start, page.end, document.text[page.start : page.end]
        )
        for page in document.pages
        if (page.start < last and first < page.end) or page.start <= first < page.end
    ]
    if not touched and document.pages:  # between two pages, or at the very end
        after = [page for page in document.pages if page.start >= first] or [document.pages[-1]]
        touched = [_whole(document, after[0])]
    return first, last, tuple(touched) or (_window(document.text, first, last),)


def _whole(document: Document, page: Page) -> PageText:
    text = document.text[page.start : page.end]
    return PageText(page.number, page.label, page.start, page.end, text)


def _window(text: str, first: int, last: int) -> PageText:
    start, end = max(0, first - AROUND), min(len(text), last + AROUND)
    # To the ends of the lines, unless a line is endless.
    line = text.rfind("\n", max(0, start - AROUND), start)
    start = line + 1 if line >= 0 else max(0, start - AROUND)
    line = text.find("\n", end, end + AROUND)
    end = line if line >= 0 else min(len(text), end + AROUND)
    return PageText(0, "", start, end, text[start:end])
