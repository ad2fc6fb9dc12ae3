"""Chosen sentences that can be read: no item of a list without its opener nor that alone, and no
"Give it" without what is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from medrag.ages import patient_of
from medrag.candidates import Candidate, headings_of, is_heading, may_be_shown
from medrag.doses import has_amount, names_organs
from medrag.drugs import drug_names
from medrag.lists import Listed, leans, lists_of, opens, points_back
from medrag.text import Span, is_row, sentences
from medrag.types import Source

# The line above a quote gives its headings, but one of these must not be overlooked.
_FORBIDS = re.compile(
    r"\b(?:not|never|no|avoid\w*|contra-?indicat\w*|without|unless|stop\w*|withhold|exclu\w*|"
    r"unsafe|caution\w*|except\w*)\b",
    re.I,
)
_LIMITS = re.compile(
    r"(?:contra-?indicated|not (?:for|in|to|with|if)|do not|avoid|never|unless|except|max(?:imum)?"
    r"|caution)\b",
    re.I,
)
_IF = re.compile(r"(?:if|in|when|where)\b", re.I)
# What opens a list and makes its items depend on it.
_BINDS = re.compile(rf"{_FORBIDS.pattern}|\b(?:if|when|where|while|until|only|in|for)\b", re.I)


class Chosen:
    """At most ``limit`` sentences, with what their lists need; ``found`` are all that may be
    shown, those of a list's items among them."""

    def __init__(self, found: Sequence[Candidate], question: str, limit: int) -> None:
        self._found = {(one.source.marker, one.position): one for one in found}
        self._patient = patient_of(question)
        self._limit = limit
        self._chosen: dict[tuple[int, int], Candidate] = {}
        self._lists: dict[int, tuple[list[Span], list[Listed | None]]] = {}

    @property
    def room(self) -> int:
        """How many more sentences may be added."""
        return self._limit - len(self._chosen)

    def in_order(self) -> list[Candidate]:
        """The sentences source by source, as these came in, each in reading order."""
        sources = list(dict.fromkeys(marker for marker, _ in self._chosen))
        return sorted(
            self._chosen.values(), key=lambda s: (sources.index(s.source.marker), s.position)
        )

    def can_show(self, sentence: Candidate) -> bool:
        """Whether all that the sentence needs is there and may be shown."""
        return self._needed(sentence) is not None

    def add(self, wanted: Sequence[Candidate]) -> None:
        """Add sentences from the first on, each with what it needs, or not at all where that has
        no room. A line that opens a list comes with its items: with those wanted, or with all."""
        places = {(one.source.marker, one.position) for one in wanted}
        for sentence in wanted:
            marker = sentence.source.marker
            if not opens(sentence.text):
                self._take([sentence])
                continue
            items = self._opened_by(sentence)
            if any((marker, item.position) in places for item in items):
                continue  # they bring it
            for item in items:
                self._take([sentence, item])

    def _take(self, wanted: Sequence[Candidate]) -> None:
        group: dict[tuple[int, int], Candidate] = {}
        for sentence in wanted:
            needed = self._needed(sentence)
            if needed is None:
                return
            group.update({(one.source.marker, one.position): one for one in needed})
        limited = {**group, **self._limits_of(list(group.values()))}
        for taken in (limited, group):
            if len(taken.keys() | self._chosen.keys()) <= self._limit:
                self._chosen.update(taken)
                return

    def _limits_of(self, taken: Sequence[Candidate]) -> dict[tuple[int, int], Candidate]:
        """What the next sentence of its line says against a dose that is taken, or of how much at
        most: "Contraindicated in asthma."."""
        found = {}
        for one in taken:
            after = self._found.get((one.source.marker, one.position + 1))
            if after is None or after.paragraph != one.paragraph or not has_amount(one.text):
                continue
            limits = _LIMITS.match(after.text) and not drug_names(after.text)
            if limits or (_IF.match(after.text) and names_organs(after.text)):
                found[one.source.marker, after.position] = after
        return found

    def _needed(self, sentence: Candidate) -> list[Candidate] | None:
        """The sentence, what opens its list, and the start of its item; None where a part of
        these is in another passage, or may not be shown."""
        spans, lists = self._of(sentence.source)
        listed = lists[sentence.position]
        if listed is None:
            return self._with_what_it_leans_on(sentence, spans)
        torn = listed.openers[:1] == (-1,)
        if torn and not self._reads_alone(sentence, spans):
            return None
        headings = headings_of(sentence.source)
        needed = [sentence]
        for place in {*listed.openers, listed.item} - {-1, sentence.position}:
            found = self._line(sentence, place, spans)
            if found is None:
                return None
            if not is_heading(found.text, headings) or _FORBIDS.search(found.text):
                needed.append(found)
        return needed

    def _reads_alone(self, sentence: Candidate, spans: list[Span]) -> bool:
        """Whether an item whose list begins before its passage says the same without what opens
        it: that forbids nothing, sets no condition, and is for the patient asked about."""
        passage = sentence.source.passage
        if passage.chunk.ordinal == 0:
            return True
        text = f"{passage.before}\n{passage.chunk.text}"
        start = len(passage.before) + 1 + spans[sentence.position][0]
        whole = sentences(text)
        headings = headings_of(sentence.source)
        listed = lists_of(text, whole, _headings_among(text, whole, headings))
        found = [one for (first, _), one in zip(whole, listed, strict=True) if first == start]
        if not passage.before or not found or found[0] is None or -1 in found[0].openers:
            return False
        return all(
            not _BINDS.search(opener) and may_be_shown(self._patient, opener)
            for opener in (text[slice(*whole[place])] for place in found[0].openers)
        )

    def _with_what_it_leans_on(
        self, sentence: Candidate, spans: list[Span]
    ) -> list[Candidate] | None:
        """The sentence, and those before it in its paragraph that it cannot be read without; what
        names the drug that it gives the dose of is one."""
        chunk = sentence.source.passage.chunk
        needed, place = [sentence], sentence.position
        if sentence.named_at is not None:
            namer = self._line(sentence, sentence.named_at, spans)
            if namer is None:
                return None
            needed.insert(0, namer)
        while leans(needed[-1].text):
            if place == 0:
                torn = chunk.ordinal > 0 and points_back(needed[-1].text)
                return None if torn else needed
            if "\n" in chunk.text[spans[place - 1][1] : spans[place][0]]:
                break
            place -= 1
            before = self._line(sentence, place, spans)
            if before is None:
                return None
            needed.append(before)
        return needed

    def _line(self, beside: Candidate, place: int, spans: list[Span]) -> Candidate | None:
        """The sentence at a place of the same passage, if it may be shown; a row only if it is one
        of those found."""
        known = self._found.get((beside.source.marker, place))
        if known is not None:
            return known
        text = beside.source.passage.chunk.text
        start, end = spans[place]
        if is_row(text[start:end]) or not may_be_shown(self._patient, text[start:end]):
            return None
        return replace(
            beside,
            position=place,
            paragraph=text.count("\n", 0, start),
            text=text[start:end],
            stems=frozenset(),
        )

    def _opened_by(self, opener: Candidate) -> list[Candidate]:
        """The items of a list that a sentence opens and that may be shown; without a list, the
        sentence after it."""
        spans, lists = self._of(opener.source)
        places = [
            place
            for place, listed in enumerate(lists)
            if listed is not None and listed.item == place and opener.position in listed.openers
        ]
        if not places and opener.position + 1 < len(spans):
            places = [opener.position + 1]
        lines = [self._found.get((opener.source.marker, place)) for place in places]
        return [line for line in lines if line is not None and not opens(line.text)]

    def _of(self, source: Source) -> tuple[list[Span], list[Listed | None]]:
        if source.marker not in self._lists:
            text = source.passage.chunk.text
            spans = sentences(text)
            headings = _headings_among(text, spans, headings_of(source))
            self._lists[source.marker] = spans, lists_of(text, spans, headings)
        return self._lists[source.marker]


def _headings_among(text: str, spans: Sequence[Span], headings: frozenset[str]) -> set[int]:
    """The places of the sentences that are one of these headings."""
    said = [text[start:end] for start, end in spans]
    return {place for place, one in enumerate(said) if is_heading(one, headings)}
