"""One reading of a sentence: its words with their places, its slots, and its negations.

A slot is a place that holds one of several exclusive values: a quantity of a dimension, a side,
a route, a population, a direction. Claim and evidence are compared slot by slot.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from medrag.text import STOPWORDS
from medrag.verify.lexicon import (
    DOTTED_ROUTES,
    EXCLUSIVE,
    NEGATIVE_WORDS,
    POPULATION,
    PREDICATES,
    PREFIXES,
    ROUTES,
    SOFT,
    UPPER_ONLY,
    canon,
)
from medrag.verify.patterns import Pattern
from medrag.verify.quantities import Quantity, parse

_WORD = Pattern(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*[0-9]*|[0-9]+(?:[.,][0-9]+)*[^\W\d_]*")
_DOTTED = Pattern(r"(?<![A-Za-z.])(i\.v|i\.m|s\.c|p\.o)\.?(?![A-Za-z])|\bby mouth\b", re.I)
_BREAK = Pattern(r"[;|\n]|[.!?](?=\s|$)")
_NARROW, _WIDE = 2, 8
_TURNS = frozenset({"but", "however", "although", "though", "whereas", "otherwise"})
_COMPARED = frozenset({"than", "of"})
_LINE = Pattern(r"\b(first|second|third)(?=[- ]line\b)", re.I)


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its span, lower-cased form, canonical stem, clause, and whether it has meaning."""

    start: int
    end: int
    word: str
    stem: str
    clause: int
    content: bool
    capital: bool  # an abbreviation that only looks like a negation: NO is nitric oxide
    naming: bool  # it has meaning, and is no number and no unit
    measured: bool  # part of a quantity, a route or a population: compared as a slot


@dataclass(frozen=True, slots=True)
class Slot:
    """A place with one of several exclusive values."""

    group: str
    value: object
    kind: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """A negation: its word, what it directly denies, and how far it may reach."""

    word: str
    heads: tuple[int, ...]
    reach: frozenset[int]
    around: frozenset[int]

    @property
    def predicate(self) -> bool:
        return self.word in PREDICATES


@dataclass(frozen=True, slots=True)
class Mark:
    """What helps to tell one place from another: a word with meaning, or a whole quantity."""

    start: int
    end: int
    stem: str
    clause: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence (or a few) as the rules see it. Token places index ``tokens``."""

    text: str
    tokens: tuple[Token, ...]
    quantities: tuple[Quantity, ...]
    slots: tuple[Slot, ...]
    cues: tuple[Cue, ...]
    marks: tuple[Mark, ...]

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(token.stem for token in self.tokens if token.content)


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """The reading of ``text`` (cached: the same passage is read for every claim on it)."""
    quantities = parse(text)
    covered = bytearray(len(text) + 1)
    for quantity in quantities:
        covered[quantity.start : quantity.end] = b"\x01" * (quantity.end - quantity.start)
    for match in _DOTTED.finditer(text):
        covered[match.start() : match.end()] = b"\x01" * (match.end() - match.start())
    tokens = tuple(_tokens(text, covered))
    cues = tuple(_cues(text, tokens))
    slots = [_quantity_slot(q) for q in quantities]
    slots += _word_slots(text, tokens, cues)
    slots.sort(key=lambda slot: (slot.start, slot.end))
    return Reading(text, tokens, quantities, tuple(slots), cues, _marks(tokens, quantities))


def _marks(tokens: tuple[Token, ...], quantities: tuple[Quantity, ...]) -> tuple[Mark, ...]:
    out = [
        Mark(token.start, token.end, token.stem, token.clause)
        for token in tokens
        if token.content or token.word in POPULATION or token.word in ROUTES
    ]
    starts = [token.start for token in tokens]
    for quantity in quantities:
        place = bisect_right(starts, quantity.start)
        clause = tokens[min(place, len(tokens) - 1)].clause if tokens else 0
        out.append(Mark(quantity.start, quantity.end, repr(quantity.key), clause))
    return tuple(sorted(out, key=lambda mark: (mark.start, mark.end)))


def _tokens(text: str, covered: bytearray) -> list[Token]:
    breaks = [match.start() for match in _BREAK.finditer(text)]
    out: list[Token] = []
    clause = turn = passed = 0
    for match in _WORD.finditer(text):
        word = match.group().lower().replace("\u2019", "'")
        if word.endswith("'s"):
            word = word[:-2]
        while passed < len(breaks) and breaks[passed] < match.start():
            passed += 1
        start, end = match.span()
        if word in _TURNS or (word == "while" and text[max(0, start - 2) : start].strip() == ","):
            turn += 1
        clause = passed + turn
        known = word in POPULATION or (word in ROUTES and _is_route(match.group()))
        measured = known or covered[start] == 1
        content = not measured and word not in STOPWORDS
        naming = (content or known) and len(word) > 1 and word.isalpha()
        capital = word == "no" and match.group() == "NO" and not text.isupper()
        out.append(Token(start, end, word, canon(word), clause, content, capital, naming, measured))
    return out


def _is_route(written: str) -> bool:
    word = written.lower()
    return word in ROUTES and (word not in UPPER_ONLY or written.isupper() or word == "iv")


def _quantity_slot(quantity: Quantity) -> Slot:
    return Slot(
        "q:" + quantity.group,
        quantity.key,
        quantity.kind,
        quantity.start,
        quantity.end,
        quantity.text,
    )


def _word_slots(text: str, tokens: tuple[Token, ...], cues: tuple[Cue, ...]) -> list[Slot]:
    slots: list[Slot] = []
    for match in _DOTTED.finditer(text):
        route = DOTTED_ROUTES[match.group(1).lower() if match.group(1) else "by mouth"]
        slots.append(Slot("route", route, "route", match.start(), match.end(), match.group()))
    for match in _LINE.finditer(text):
        slots.append(
            Slot("line", match.group(1).lower(), "opposite", *match.span(), match.group() + "-line")
        )
    for place, token in enumerate(tokens):
        written = text[token.start : token.end]
        if token.word in POPULATION:
            people = POPULATION[token.word]
            slots.append(Slot("population", people, "population", token.start, token.end, written))
            slots.extend(_opposites(token, written, False))
        elif token.word in ROUTES and token.measured and _is_route(written):
            route = ROUTES[token.word]
            slots.append(Slot("route", route, "route", token.start, token.end, written))
        elif token.measured:
            continue
        else:
            slots.extend(_opposites(token, written, _denied(place, tokens, cues)))
    return slots


def _denied(place: int, tokens: tuple[Token, ...], cues: tuple[Cue, ...]) -> bool:
    return any(cue.heads and cue.heads[0] == place for cue in cues)


def _opposites(token: Token, written: str, denied: bool) -> list[Slot]:
    """Slots of a word that has an opposite. "Not stopped" is no value: it is left to negation."""
    if denied:
        return []
    values = _values(token.word, token.stem)
    return [
        Slot(group, value, "opposite", token.start, token.end, written) for group, value in values
    ]


@lru_cache(maxsize=65536)
def _values(word: str, stem: str) -> tuple[tuple[str, str], ...]:
    """The groups of opposites that a word belongs to, with its value in each."""
    found = EXCLUSIVE.get(stem) or EXCLUSIVE.get(word) or ()
    values = [("w:" + group, value) for group, value in found]
    for pair in PREFIXES:
        for prefix in pair:
            rest = stem[len(prefix) :]
            if stem.startswith(prefix) and len(rest) >= 4:
                values.append((f"p:{pair[0]}:{rest}", prefix))
    return tuple(values)


def _cues(text: str, tokens: tuple[Token, ...]) -> list[Cue]:
    places = [i for i, token in enumerate(tokens) if _negates(tokens, i)]
    cues: list[Cue] = []
    skip = -1
    for number, place in enumerate(places):
        if place == skip:
            continue
        if number + 1 < len(places) and places[number + 1] - place <= _adjacent(tokens, place):
            skip = places[number + 1]  # "not contraindicated", "not without": they cancel
            continue
        ahead = _meaning(tokens, range(place + 1, len(tokens)), tokens[place].clause, _WIDE)
        behind = _meaning(tokens, range(place - 1, -1, -1), tokens[place].clause, _WIDE)
        heads, reach, around = ahead[:_NARROW], frozenset(ahead), frozenset(ahead + behind)
        if tokens[place].word in PREDICATES or not ahead:
            heads, reach = heads[:1] + behind[:1], around
        cues.append(Cue(tokens[place].word, tuple(heads), reach, around))
    return cues


def _adjacent(tokens: tuple[Token, ...], place: int) -> int:
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    return 2 if following is not None and following.word in {"be", "been", "a", "to"} else 1


def _negates(tokens: tuple[Token, ...], place: int) -> bool:
    token = tokens[place]
    if token.measured or token.capital:
        return False
    following = tokens[place + 1].word if place + 1 < len(tokens) else ""
    if token.word in {"rather", "instead"}:
        return following in _COMPARED
    if token.word in {"not", "no"} and following in {"only", "doubt", "longer", "matter", "later"}:
        return following == "longer"
    return token.word in NEGATIVE_WORDS


def _meaning(tokens: tuple[Token, ...], places: range, clause: int, limit: int) -> list[int]:
    """The next places that carry meaning, in one clause; slots count, negations do not."""
    out: list[int] = []
    for place in places:
        token = tokens[place]
        if token.clause != clause or len(out) >= limit:
            break
        if token.word in NEGATIVE_WORDS or token.word in _FILLERS:
            continue
        if token.content or (token.measured and token.word.isalpha()):
            out.append(place)
    return out


_FILLERS = frozenset(
    ("routinely", "than", "usually", "generally", "ever", "any", "also", "therefore", "normally")
)


def words_of(text: str) -> Iterator[str]:
    """The words of ``text`` as ``read`` has them, without reading more of it."""
    for match in _WORD.finditer(text):
        word = match.group().lower().replace("\u2019", "'")
        yield word[:-2] if word.endswith("'s") else word


def is_soft(token: Token) -> bool:
    """Whether a word may be missing from the source without a new fact being claimed."""
    return token.stem in SOFT or token.word in SOFT
