"""Which sentences of a long passage a claim should be held against.

An item of a list is held against a claim as the sentence that it makes with the line that opens
its list: never without it, and never with what follows the list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from medrag.lists import Listed, lists_of, opens
from medrag.patterns import Pattern, folded
from medrag.text import STOPWORDS, Span
from medrag.verify.headings import is_heading
from medrag.verify.lexicon import NEGATIVE_WORDS, canon
from medrag.verify.listed import spoken
from medrag.verify.phrases import plain
from medrag.verify.reading import read
from medrag.verify.support import (
    Abbreviations,
    abbreviated,
    definitions,
    root,
    share,
    vocabulary_of,
)
from medrag.verify.tokens import spans_of

_MAX_SENTENCES = 3
_PENALTY = 0.03
# A sentence of a PDF table can be a page long; the rules read no more than this of it.
MAX_CHARS = 6000
# What opens a list is read again with each of its items.
_MAX_OPENER = 300


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive sentences: ``evidence[start:end]``; ``context`` is the heading above.

    ``text`` is what they say: each item of a list with its opener. ``opener`` and ``items`` are
    the words of the two, where the window holds items; it starts at the opener then.
    """

    start: int
    end: int
    first: int
    last: int
    coverage: float
    context: str
    text: str
    opener: str = ""
    items: str = ""

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def holds(self, other: Window) -> bool:
        """Whether this is ``other`` with more sentences around it, and no more of the claim."""
        inside = self.first <= other.first and other.last <= self.last
        return inside and self.coverage <= other.coverage + 1e-9


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, or a whole item of a list: ``passage[start:end]``, and what it ``said``.

    An item knows its ``openers``, and the ``group`` of its list (-1 for none). A unit that
    ``leads`` says nothing without what follows it; a ``torn`` one nothing that can be known.
    """

    start: int
    end: int
    said: str
    group: int = -1
    openers: tuple[Span, ...] = ()
    leads: bool = False
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage cut into ``units``, with the headings above them and the abbreviations it
    defines. ``spans`` are its sentences; those ``bound`` to a list cannot be read alone."""

    text: str
    spans: tuple[Span, ...]
    bound: tuple[bool, ...]
    units: tuple[Unit, ...]
    words: tuple[frozenset[str], ...]
    headings: tuple[str, ...]
    defined: Abbreviations
    shortened: Pattern | None = None
    shorts: Mapping[str, str] = field(default_factory=dict)

    def plain(self, text: str) -> str:
        """``text`` as it is compared: phrases in one word, long forms that the passage
        abbreviates in their short form."""
        if self.shortened is not None and self.shortened.may_be_in(text):
            text = self.shortened.compiled.sub(lambda m: self.shorts[m.group(1).lower()], text)
        return plain(text)

    def window(self, first: int, last: int, coverage: float) -> Window | None:
        """The window of these units; None where they do not belong together."""
        units = self.units[first : last + 1]
        items = [unit for unit in units if unit.group >= 0]
        before = units[: len(units) - len(items)]
        if units[-1].leads or any(unit.torn for unit in units):
            return None
        if not items:
            start, end = units[0].start, units[-1].end
            said = self.text[start:end]
            return Window(start, end, first, last, coverage, self.headings[first], said)
        # Sentences, the opener, its items: nothing that follows a list belongs to it.
        if any(unit.group != items[0].group for unit in units[len(before) :]):
            return None
        opener = self.text[slice(*items[0].openers[0])]
        # Sentences before may hold its subject where it is a part of a sentence, not a name.
        if before and (not _is_clause(opener) or before[0].start == items[0].openers[0][0]):
            return None
        plain = self.text[before[0].start : before[-1].end] if before else ""
        return Window(
            start=min(units[0].start, items[0].openers[0][0]),
            end=units[-1].end,
            first=first,
            last=last,
            coverage=coverage,
            context=self.headings[first],
            text="\n".join([*([plain] if plain else []), *(unit.said for unit in items)]),
            opener=" ".join(self.text[start:end] for start, end in items[0].openers),
            items="\n".join(self.text[unit.start : unit.end] for unit in items),
        )


@lru_cache(maxsize=256)
def cut(text: str) -> Passage:
    """``text`` as the judge reads it (cached: many claims stand on one passage)."""
    spans = tuple(_short(text, spans_of(text)))
    listed = lists_of(text, spans)
    shorts = definitions(text)
    defined = abbreviated(shorts)
    units = tuple(_units(text, spans, listed))
    words = tuple(vocabulary_of(plain(unit.said), defined) for unit in units)
    bound = tuple(
        (each is not None and bool(each.openers)) or opens(text[start:end])
        for (start, end), each in zip(spans, listed, strict=True)
    )
    headings = tuple(_headings(text, units))
    pattern = _long_forms(shorts)
    return Passage(text, spans, bound, units, words, headings, defined, pattern, shorts)


def _long_forms(shorts: Mapping[str, str]) -> Pattern | None:
    """A pattern of the long forms, each with its abbreviation in brackets where that follows."""
    if not shorts:
        return None
    forms = "|".join(map(re.escape, sorted(shorts, key=len, reverse=True)))
    hints = map(folded, shorts)
    return Pattern(rf"\b({forms})\b(?: \([A-Za-z0-9-]{{2,9}}\))?", re.I, hints)


def _units(text: str, spans: tuple[Span, ...], listed: list[Listed | None]) -> list[Unit]:
    units: list[Unit] = []
    place = 0
    while place < len(spans):
        each, first = listed[place], place
        start, end = spans[place]
        place += 1
        if each is None or not each.openers:
            units.append(Unit(start, end, text[start:end], leads=opens(text[start:end])))
            continue
        while place < len(spans) and listed[place] is each:
            place += 1
        units.append(_item(text, spans, range(first, place), each))
    return units


def _item(text: str, spans: tuple[Span, ...], places: range, listed: Listed) -> Unit:
    own = [spans[place] for place in places]
    openers = [spans[place] for place in listed.openers if place >= 0]
    start, end = own[0][0], own[-1][1]
    first = text[slice(*own[0])]
    if not openers:
        # It stands first, and its opener may be in the passage before: only a sentence is safe.
        whole = text[start:end]
        return Unit(start, end, whole, torn=not whole.endswith((".", "!", "?")))
    leads = opens(text[slice(*own[-1])])
    if listed.openers[0] < 0 or sum(b - a for a, b in openers) > _MAX_OPENER:
        return Unit(start, end, text[start:end], torn=True)
    said = spoken([text[a:b] for a, b in openers], first)
    rest = text[own[1][0] : end] if len(own) > 1 else ""
    said = f"{said}\n{rest}" if rest else said
    return Unit(start, end, said[:MAX_CHARS], listed.openers[0], tuple(openers), leads)


def _headings(text: str, units: tuple[Unit, ...]) -> list[str]:
    """The heading above each unit. An opener is none for what follows its list; one that is but a
    name ("Apixaban:") is not itself under the heading of another name."""
    headings: list[str] = []
    current = above = ""
    for place, unit in enumerate(units):
        under = units[place + 1] if place + 1 < len(units) else None
        if unit.group >= 0:
            headings.append(above)
            continue
        headings.append(current)
        starts_list = under is not None and under.group >= 0
        if starts_list:
            above = current if _is_clause(text[unit.start : unit.end]) else ""
        if is_heading(text, unit.start, unit.end) and not (starts_list and unit.leads):
            current = text[unit.start : unit.end]
    return headings


def _is_clause(opener: str) -> bool:
    """Whether an opener is a part of a sentence, which may lack its subject, and not a name."""
    words = opener.lower().rstrip(":").split()
    if not opener.endswith(":") or not words:
        return False
    return words[0] in NEGATIVE_WORDS or words[0] == "do" or words[-1] in STOPWORDS | {"not"}


def _short(text: str, spans: Sequence[Span]) -> list[Span]:
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


def best_windows(claim: str, passage: Passage, limit: int = 4) -> list[Window]:
    """The windows of one to three sentences that hold most of the claim, best first.

    Each sentence more costs a little, so the shortest quote that says it all comes first.
    """
    mine = read(plain(claim))
    needed = {token.stem for token in mine.tokens} | {token.word for token in mine.tokens}
    needed |= {root(stem) for stem in needed} | {canon(stem) for stem in needed}
    held = [words & needed for words in passage.words]
    scored: list[tuple[float, int, int, float]] = []
    cache: dict[frozenset[str], float] = {}
    for first, unit in enumerate(passage.units):
        if unit.torn:
            continue
        # The heading's words count, but less: a passage that says it itself comes first.
        above = passage.headings[first]
        known = (vocabulary_of(plain(above), {}) & needed) if above else frozenset()
        for last in range(first, min(first + _MAX_SENTENCES, len(held))):
            if last > first and not held[last]:
                continue
            known = known | held[last]
            if known not in cache:
                cache[known] = share(mine, known)
            full = cache[known]
            scored.append((full - _PENALTY * (last - first), -first, last, full))
    scored.sort(key=lambda item: (-item[0], item[2] + item[1], -item[1]))
    windows: list[Window] = []
    for _, minus, last, full in scored:
        window = passage.window(-minus, last, full)
        if window is not None:
            windows.append(window)
        if len(windows) == limit:
            break
    return windows


def around(window: Window, passage: Passage) -> list[Window]:
    """The windows of at most three sentences that hold ``window`` and more."""
    out = []
    for first in range(max(0, window.last - _MAX_SENTENCES + 1), window.first + 1):
        for last in range(window.last, min(first + _MAX_SENTENCES, len(passage.units))):
            other = passage.window(first, last, window.coverage)
            if other is not None and (first, last) != (window.first, window.last):
                out.append(other)
    return sorted(out, key=lambda each: each.size)
