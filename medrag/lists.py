"""Lists in a text: which sentences are items, what opens them, and which sentences lean on the one
before."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from medrag.patterns import Pattern
from medrag.text import Span, is_row

# Openings that lean on the sentence before: "This dose", "Otherwise", "Maximum 4 g daily".
_LEANS = Pattern(
    r"(?:it|its|this|that|these|those|they|their|them|such|he|she|his|her|both|neither|either|"
    r"however|otherwise|therefore|thus|hence|then|instead|but|and|or|nevertheless|"
    r"nonetheless|furthermore|moreover|consequently|afterwards|thereafter|alternatively|"
    r"similarly|likewise|conversely|except|repeat|as above|if (?:so|not|this|these|it|they)|"
    r"in (?:this|these|that|such|those|either) (?:case|cases|situation|situations|patients|people)|"
    r"the (?:latter|former|same|other|others|above)|for (?:this|these) (?:reason|patients|people)|"
    r"after (?:this|that)|(?:give|take|use|stop|start|continue|restart|check|increase|reduce|avoid|"
    r"infuse|inject|apply|dilute|mix|flush|run) (?:it|them|this|these|those)|"
    r"(?:the )?(?:max(?:imum)?|minimum|usual)(?: daily)?(?: dose| rate)?\b"
    r"(?! (?:dose |rate )?(?:of|for)\b))\b",
    re.I,
)
_POINTS_BACK = Pattern(
    r"(?:\w+ )?(?:it|them|they|this|that|these|those|its|their)\b(?! (?:patients|people))", re.I
)
# More marks than a typed list has: readers leave those that they do not know.
_MARK = Pattern(
    r"(?P<sign>[-*\u2022\u25cf\u00b7\u25e6\u25aa\u2023\u2013])\s"
    r"|\(?(?:(?P<number>\d{1,2})|[a-z]|[ivx]{1,4}|[A-Z](?=\)))[.)]\s"
)
_FOLLOWING = Pattern(r"\bfollowing\b|\bas follows\b|\blisted (?:below|here)\b", re.I)
_JOINS = Pattern(r"\W*(?:and|or|and/or|plus)\W*$", re.I)
_LABEL_WORDS = 10
_LINE = "line"  # instead of a mark


def leans(text: str) -> bool:
    """Whether a sentence cannot be read without the one before: "Give it over 10 minutes."."""
    return _LEANS.match(unmarked(text)) is not None and not is_row(text)


def points_back(text: str) -> bool:
    """Whether a sentence begins with a word that stands for one of the sentence before, or with
    what is done to it."""
    return _POINTS_BACK.match(unmarked(text)) is not None


def opens(text: str) -> bool:
    """Whether a sentence announces what follows: "Do not give it if:"."""
    return text.endswith(":") and not is_row(text)


@dataclass(frozen=True, slots=True)
class Listed:
    """How a sentence stands in a list. ``item`` is the place of the first sentence of its line;
    ``openers`` are those of the sentences that open the list, outermost first: none where nothing
    does, -1 for what stands before the text."""

    item: int
    openers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Level:
    """A list that is open: what opens it, the mark of that line, and of its items if known."""

    openers: tuple[int, ...]
    mark: str = ""
    items: str = ""


def lists_of(
    text: str, spans: Sequence[Span], headings: Collection[int] = ()
) -> list[Listed | None]:
    """Where each sentence (its span in ``spans``) stands in a list; None for one in no list, such
    as the line that opens it. Short lines right under a colon are items too: a reader may have
    lost their marks. ``headings`` are the places of headings: "5. Surgery" is no item."""
    found: list[Listed | None] = []
    levels: list[_Level] = []
    item: Listed | None = None
    for place, (start, end) in enumerate(spans):
        said = text[start:end]
        if place in headings:
            item, levels = None, []
            found.append(None)
            continue
        mark, heads = _mark(said), False
        same_line = place > 0 and not mark and "\n" not in text[spans[place - 1][1] : start]
        if same_line or (item is not None and _JOINS.match(said)):
            found.append(item)
        elif mark or _unmarked(place, text, spans, levels, item):
            levels = _opened(place, text, spans) if item is None else levels
            heads = not mark and _heads(place, text, spans)
            mark = mark or _LINE
            levels = _at(levels, mark, opening=heads or opens(said))
            item = Listed(place, tuple(one for level in levels for one in level.openers))
            found.append(item)
        else:
            item, levels = None, []
            found.append(None)
        if item is not None and (heads or opens(said)):
            levels = [*levels, _Level((place,), mark or _LINE)]
    return found


def is_marked(text: str) -> bool:
    """Whether a line begins with the mark of a list item."""
    return bool(_mark(text))


def unmarked(text: str) -> str:
    """A line without the mark of a list item."""
    found = _MARK.match(text)
    return text[found.end() :].lstrip() if found else text


def _mark(text: str) -> str:
    found = _MARK.match(text)
    if found is None:
        return ""
    return found["sign"] or ("1" if found["number"] else "a")


def _heads(place: int, text: str, spans: Sequence[Span]) -> bool:
    """Whether a line without a mark opens a list of its own."""
    said = [text[start:end] for start, end in spans[place : place + 2]]
    return opens(said[0]) or is_marked(said[-1])


def _unmarked(
    place: int, text: str, spans: Sequence[Span], levels: list[_Level], item: Listed | None
) -> bool:
    """Whether a line without a mark is an item: short, right under a colon or another such."""
    said = text[slice(*spans[place])]
    if place == 0 or "\n\n" in text[spans[place - 1][1] : spans[place][0]]:
        return False
    if is_row(said) or said[-1] in ".!?" or len(said.split()) > _LABEL_WORDS:
        return False
    if item is None:
        return opens(text[slice(*spans[place - 1])])
    if _heads(place, text, spans):  # else it opens the next list, and is no part of this one
        return any(level.mark == _LINE for level in levels)
    return any(level.items == _LINE for level in levels)


def _opened(place: int, text: str, spans: Sequence[Span]) -> list[_Level]:
    """The level of a list that begins at ``place``, with what opens it right above."""
    said = text[slice(*spans[place - 1])] if place else ""
    if not said:
        return [_Level((-1,))]
    if is_row(said) or (said[-1] in ".!?;," and not _FOLLOWING.search(said)):
        return []
    alone = place == 1 or "\n" in text[spans[place - 2][1] : spans[place - 1][0]]
    leans = not alone and _LEANS.match(said) is not None
    return [_Level((place - 2, place - 1) if leans else (place - 1,))]


def _at(levels: list[_Level], mark: str, *, opening: bool) -> list[_Level]:
    """The levels still open at an item with this mark: that of an outer list ends the inner."""
    if opening and levels and levels[-1].mark == mark:
        levels = levels[:-1]
    while levels and levels[-1].mark and levels[-1].items not in ("", mark):
        levels = levels[:-1]
    return [*levels[:-1], replace(levels[-1], items=mark)] if levels else []
