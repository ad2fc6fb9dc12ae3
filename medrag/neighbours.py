"""What a sentence cannot be read without, and how sentences are written down together.

Places count the sentences of a passage from 0. Headings are never needed, because the line above
an excerpt says them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from medrag.ages import patient_of
from medrag.candidates import headings_of, is_heading, may_be_shown
from medrag.lists import is_marked, leans, opens
from medrag.neutral import addresses_a_machine
from medrag.patterns import Pattern
from medrag.text import is_row, sentences
from medrag.types import Source

# Openings that take back a part of the sentence before.
_QUALIFIES = Pattern(r"(?:however|otherwise|but|except|unless|nevertheless|if not)\b", re.I)
_GAP = " ..."


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
