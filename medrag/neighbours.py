"""What a sentence cannot be read without, and how sentences are written down together.

Places count the sentences of a passage from 0. Headings are never needed, because the line above
an excerpt says them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from medrag.ages import patient_of
from medrag.candidates import headings_of, is_heading, is_row, may_be_shown
from medrag.neutral import addresses_a_machine
from medrag.patterns import Pattern
from medrag.text import Span, sentences
from medrag.types import Source

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
# Openings that take back a part of the sentence before.
_QUALIFIES = Pattern(r"(?:however|otherwise|but|except|unless|nevertheless|if not)\b", re.I)
_GAP = " ..."
# More marks than a typed list has: readers leave those that they do not know.
_MARK = Pattern(
    r"(?P<sign>[-*\u2022\u25cf\u00b7\u25e6\u25aa\u2023\u2013])\s"
    r"|\(?(?:(?P<number>\d{1,2})|[a-z]|[ivx]{1,4}|[A-Z](?=\)))[.)]\s"
)
_FOLLOWING = Pattern(r"\bfollowing\b|\bas follows\b|\blisted (?:below|here)\b", re.I)
_JOINS = Pattern(r"\W*(?:and|or|and/or|plus)\W*$", re.I)
_LABEL_WORDS = 10
_LINE = "line"  # instead of a mark


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a passage. ``first`` is the place of its line's first sentence, ``item``
    whether that line is one of a list; ``fit``: it may be shown to answer this question."""

    text: str
    first: int
    item: bool
    heading: bool
    fit: bool


def lines_of(source: Source, question: str) -> list[Line]:
    """The sentences of a source's passage, in order."""
    text = source.passage.chunk.text
    headings = headings_of(source)
    patient = patient_of(question)
    lines: list[Line] = []
    before = 0
    for place, (start, end) in enumerate(sentences(text)):
        sentence = text[start:end]
        # An item may also stand in the middle of a line, where a reader ran a list together.
        same = bool(lines) and "\n" not in text[before:start] and not is_marked(sentence)
        fit = may_be_shown(patient, sentence) and not addresses_a_machine(sentence)
        heading = is_heading(sentence, headings)
        first = lines[-1].first if same else place
        item = lines[first].item if same else is_marked(sentence) and not heading
        lines.append(Line(sentence, first, item, heading, fit))
        before = end
    return lines


def readable(position: int, lines: list[Line], *, opens_document: bool) -> frozenset[int] | None:
    """The places of a sentence and of all that it leans on; None where a part is not in this
    passage, or may not be shown, so that the sentence would say something else.

    ``opens_document``: there is no passage before this one.
    """
    whole: set[int] = set()
    waiting = [position]
    while waiting:
        place = waiting.pop()
        if place in whole:
            continue
        whole.add(place)
        leans_on = _leans_on(place, lines)
        if -1 in leans_on and not opens_document:
            return None
        waiting.extend(other for other in leans_on if other >= 0)
    if opens(lines[position].text) and not items_after(position, lines):
        return None
    if not all(lines[place].fit for place in whole):
        return None
    return frozenset(whole | _qualified(position, lines))


def _qualified(position: int, lines: list[Line]) -> set[int]:
    """The place of the next sentence of the paragraph where it takes back a part of this one."""
    after = position + 1
    if after == len(lines) or lines[after].first != lines[position].first:
        return set()
    return {after} if lines[after].fit and _QUALIFIES.match(lines[after].text) else set()


def _leans_on(place: int, lines: list[Line]) -> list[int]:
    """The places that a sentence cannot be read without; -1 is the passage before this one.

    Headings are not among them, because the header line says them.
    """
    line = lines[place]
    if is_row(line.text) and not line.item:
        return []
    if place > line.first and line.item:
        return [place - 1]
    found: list[int] = []
    if line.item:
        found += _opening(place, lines)
    if leans(line.text):
        found.append(place - 1)
    return [other for other in found if other < 0 or not lines[other].heading]


def _opening(place: int, lines: list[Line]) -> list[int]:
    """The line that opens the list of an item, and the item above it that opens a list itself."""
    found: list[int] = []
    above = place - 1
    while above >= 0 and lines[above].item:
        if not found and opens(lines[above].text):
            found.append(above)
        above -= 1
    if above < 0 or not is_row(lines[above].text):
        found.append(above)
    return found


def items_after(place: int, lines: list[Line]) -> list[int]:
    """The places of the items that a sentence opens with its colon; else the next sentence."""
    if not opens(lines[place].text):
        return []
    after: list[int] = []
    for other in range(place + 1, len(lines)):
        if not lines[other].item:
            break
        after.append(other)
    if not after and place + 1 < len(lines) and not lines[place + 1].heading:
        after = [place + 1]
    return after


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


def written(places: Collection[int], lines: list[Line]) -> str:
    """Sentences in reading order, items and rows on their own line, what is left out marked."""
    text = ""
    before: int | None = None
    for place in sorted(places):
        line = lines[place]
        if before is not None:
            own_line = line.item or is_row(line.text)
            after_one = lines[before].item or is_row(lines[before].text)
            apart = place == line.first and (own_line or after_one)
            skipped = any(not lines[between].heading for between in range(before + 1, place))
            text += (_GAP if skipped else "") + ("\n" if apart else " ")
        text += line.text
        before = place
    if before is not None and before + 1 < len(lines) and lines[before].item:
        text += _GAP if lines[before + 1].item else ""  # the list goes on
    return text


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


def lists_of(text: str, spans: Sequence[Span]) -> list[Listed | None]:
    """Where each sentence (its span in ``spans``) stands in a list; None for one in no list, such
    as the line that opens it. Short lines right under a colon are items too: a reader may have
    lost their marks."""
    found: list[Listed | None] = []
    levels: list[_Level] = []
    item: Listed | None = None
    for place, (start, end) in enumerate(spans):
        said = text[start:end]
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


def quotes_of(sentences: Sequence[str]) -> list[str]:
    """Those of an excerpt's sentences, given in reading order, that may be quoted alone: plain
    sentences and table rows. Items, lines that open a list, and the sentence that a colon leads
    to say nothing, or something else, without one another."""
    quotes: list[str] = []
    led = False
    for sentence in sentences:
        alone = not is_marked(sentence) and not opens(sentence)
        if alone and (not led or is_row(sentence)):
            quotes.append(sentence)
        # Unmarked items go on until a whole sentence, or a row, ends what a colon leads to.
        ended = is_row(sentence) or sentence.endswith((".", "!", "?"))
        led = opens(sentence) or (led and alone and not ended)
    return quotes
