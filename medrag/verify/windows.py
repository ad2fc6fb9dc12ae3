"""Which sentences of a long passage a claim should be held against."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from medrag.text import Span, sentences
from medrag.verify.lexicon import canon
from medrag.verify.reading import read
from medrag.verify.support import Abbreviations, abbreviations, root, share, vocabulary

_MAX_SENTENCES = 3
_HEADING_WORDS = 10
_PENALTY = 0.03
# A sentence of a PDF table can be a page long; the rules read no more than this of it.
MAX_CHARS = 6000


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive sentences: ``evidence[start:end]``; ``context`` is the heading above."""

    start: int
    end: int
    first: int
    last: int
    coverage: float
    context: str

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def holds(self, other: Window) -> bool:
        """Whether this is ``other`` with more sentences around it, and no more of the claim."""
        inside = self.first <= other.first and other.last <= self.last
        return inside and self.coverage <= other.coverage + 1e-9


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage cut into sentences, with the headings and abbreviations it defines."""

    text: str
    spans: tuple[Span, ...]
    words: tuple[frozenset[str], ...]
    headings: tuple[str, ...]
    defined: Abbreviations


@lru_cache(maxsize=256)
def cut(text: str) -> Passage:
    """``text`` as the judge reads it (cached: many claims stand on one passage)."""
    spans = tuple(_short(text, sentences(text)))
    defined = abbreviations(text)
    words = tuple(vocabulary(read(text[start:end]), defined) for start, end in spans)
    headings, current = [], ""
    for start, end in spans:
        headings.append(current)
        if _is_heading(text, start, end):
            current = text[start:end]
    return Passage(text, spans, words, tuple(headings), defined)


def _short(text: str, spans: list[Span]) -> list[Span]:
    out: list[Span] = []
    for start, end in spans:
        while end - start > MAX_CHARS:
            cut_at = text.rfind(" ", start, start + MAX_CHARS)
            stop = cut_at if cut_at > start else start + MAX_CHARS
            out.append((start, stop))
            start = stop
            while start < end and text[start].isspace():
                start += 1
        if start < end:
            out.append((start, end))
    return out


def _is_heading(text: str, start: int, end: int) -> bool:
    """A short line that does not end as a sentence does stands over what follows."""
    line = text[start:end]
    alone = (start == 0 or text[start - 1] == "\n") and text[end : end + 1] == "\n"
    return (
        alone
        and line[-1] not in ".!?;,"
        and "|" not in line
        and (len(line.split()) <= _HEADING_WORDS)
    )


def best_windows(claim: str, passage: Passage, limit: int = 4) -> list[Window]:
    """The windows of one to three sentences that hold most of the claim, best first.

    Each sentence more costs a little, so the shortest quote that says it all comes first.
    """
    mine = read(claim)
    needed = {token.stem for token in mine.tokens} | {token.word for token in mine.tokens}
    needed |= {root(stem) for stem in needed} | {canon(stem) for stem in needed}
    held = [words & needed for words in passage.words]
    scored: list[tuple[float, int, int, float]] = []
    cache: dict[frozenset[str], float] = {}
    for first in range(len(held)):
        # The heading's words count, but less: a passage that says it itself comes first.
        above = passage.headings[first]
        known = (vocabulary(read(above), {}) & needed) if above else frozenset()
        for last in range(first, min(first + _MAX_SENTENCES, len(held))):
            if last > first and not held[last]:
                continue
            known = known | held[last]
            if known not in cache:
                cache[known] = share(mine, known)
            full = cache[known]
            scored.append((full - _PENALTY * (last - first), -first, last, full))
    scored.sort(key=lambda item: (-item[0], item[2] + item[1], -item[1]))
    return [
        Window(
            start=passage.spans[-minus][0],
            end=passage.spans[last][1],
            first=-minus,
            last=last,
            coverage=full,
            context=passage.headings[-minus],
        )
        for _, minus, last, full in scored[:limit]
    ]


def around(window: Window, passage: Passage) -> list[Window]:
    """The windows of at most three sentences that hold ``window`` and more."""
    out = []
    for first in range(max(0, window.last - _MAX_SENTENCES + 1), window.first + 1):
        for last in range(window.last, min(first + _MAX_SENTENCES, len(passage.spans))):
            if (first, last) != (window.first, window.last):
                out.append(
                    Window(
                        passage.spans[first][0],
                        passage.spans[last][1],
                        first,
                        last,
                        window.coverage,
                        passage.headings[first],
                    )
                )
    return sorted(out, key=lambda each: each.size)
