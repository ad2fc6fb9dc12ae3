"""One reading of a sentence: its words with their places, its slots, and its negations.

A slot is a place that holds one of several exclusive values: a quantity of a dimension, a side,
a route, a population, a direction. Claim and evidence are compared slot by slot.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from medrag.patterns import Pattern, folded
from medrag.verify.lexicon import (
    DOTTED_ROUTES,
    EXCLUSIVE,
    NEGATIVE_WORDS,
    POPULATION,
    PREDICATES,
    PREFIXES,
    ROUTES,
    USING,
)
from medrag.verify.quantities import Quantity, parse
from medrag.verify.tokens import Token, is_route, is_soft, tokens_of

_DOTTED = Pattern(
    r"(?<![A-Za-z.])(i\.v|i\.m|s\.c|p\.o)\.?(?![A-Za-z])|\bby mouth\b", re.I,
    ("i.v", "i.m", "s.c", "p.o", "by mouth"),
)  # fmt: skip
_NARROW, _WIDE = 2, 8
_DENYING_VERBS = frozenset(
    "not never cannot don't doesn't didn't can't won't shouldn't mustn't wouldn't".split()
)
_AGED, _OLDER = frozenset({"older", "elderly"}), "older adults"
_COMPARED = frozenset({"than", "of"})
_DENYING = NEGATIVE_WORDS | {"rather", "instead"}
_OF_AMOUNT = frozenset({"the", "as", "this", "that"})  # "twice the dose"
_COUNTS = frozenset({"once", "twice", "thrice"})
_LINE = Pattern(r"\b(first|second|third)(?=[- ]line\b)", re.I, ("line",))

__all__ = ["Cue", "Mark", "Reading", "Slot", "Token", "is_soft", "read"]


class Slot(NamedTuple):
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


class Mark(NamedTuple):
    """What helps to tell one place from another: a word with meaning, or a whole quantity."""

    start: int
    end: int
    stem: str
    clause: int


@dataclass(frozen=True)
class Reading:
    """A sentence (or a few) as the rules see it. Token places index ``tokens``. What not every
    rule asks for is found when it is first asked for."""

    text: str
    tokens: tuple[Token, ...]
    quantities: tuple[Quantity, ...]

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        return tuple(_cues(self.text, self.tokens))

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        slots = [_quantity_slot(q) for q in self.quantities]
        slots += _word_slots(self.text, self.tokens, self.cues)
        slots.sort(key=lambda slot: (slot.start, slot.end))
        return tuple(slots)

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        return _marks(self.tokens, self.quantities)

    @cached_property
    def names(self) -> frozenset[str]:
        """The stems of the words that name something; numbers and units name nothing."""
        return frozenset([token.stem for token in self.tokens if token.naming])

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(token.stem for token in self.tokens if token.content)


@lru_cache(maxsize=1024)
def read(text: str) -> Reading:
    """The reading of ``text`` (cached: the same passage is read for every claim on it)."""
    quantities = parse(text)
    covered = bytearray(len(text) + 1)
    for quantity in quantities:
        covered[quantity.start : quantity.end] = b"\x01" * (quantity.end - quantity.start)
    for match in _DOTTED.within(text, folded(text)):
        covered[match.start() : match.end()] = b"\x01" * (match.end() - match.start())
    return Reading(text, tuple(tokens_of(text, covered)), quantities)


def _marks(tokens: tuple[Token, ...], quantities: tuple[Quantity, ...]) -> tuple[Mark, ...]:
    out = [
        Mark(token.start, token.end, _whose(place, tokens), token.clause)
        for place, token in enumerate(tokens)
        if token.content or token.word in POPULATION or token.word in ROUTES
    ]
    starts = [token.start for token in tokens]
    for quantity in quantities:
        place = bisect_right(starts, quantity.start)
        clause = tokens[min(place, len(tokens) - 1)].clause if tokens else 0
        out.append(Mark(quantity.start, quantity.end, repr(quantity.key), clause))
    return tuple(sorted(out, key=lambda mark: (mark.start, mark.end)))


def _whose(place: int, tokens: tuple[Token, ...]) -> str:
    """The stem of a word; "older adults" are no adults at large, nor "non-smokers" smokers."""
    token, before = tokens[place], tokens[max(0, place - 1)]
    near = token.start - before.end == 1
    if (near and before.word == "non") or POPULATION.get(token.word) != "adults":
        return f"non-{token.stem}" if near and before.word == "non" else token.stem
    beside = before.word in _AGED and near
    joined = place > 1 and tokens[place - 2].word in {"and", "or"}  # "younger and older adults"
    return _OLDER if beside and not joined else token.stem


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
    lowered = folded(text)
    for match in _DOTTED.within(text, lowered):
        route = DOTTED_ROUTES[match.group(1).lower() if match.group(1) else "by mouth"]
        slots.append(Slot("route", route, "route", match.start(), match.end(), match.group()))
    for match in _LINE.within(text, lowered):
        slots.append(
            Slot("line", match.group(1).lower(), "opposite", *match.span(), match.group() + "-line")
        )
    for place, token in enumerate(tokens):
        if not _may_hold(token.word, token.stem):
            continue
        written = text[token.start : token.end]
        following = tokens[place + 1].word if place + 1 < len(tokens) else ""
        if token.word in POPULATION:
            older = _whose(place, tokens) == _OLDER
            people = POPULATION["elderly" if older else token.word]
            start = tokens[place - 1].start if older else token.start
            whole = text[start : token.end]
            slots.append(Slot("population", people, "population", start, token.end, whole))
            slots.extend(_opposites(token, written, False))
        elif token.word in ROUTES and token.measured and is_route(written):
            route = ROUTES[token.word]
            slots.append(Slot("route", route, "route", token.start, token.end, written))
        elif token.word == "twice" and following in _OF_AMOUNT:
            slots.append(Slot("w:factor", "double", "opposite", token.start, token.end, written))
        elif token.measured or (token.word in _COUNTS and not _counts(place, tokens, text)):
            continue
        else:
            slots.extend(_opposites(token, written, _denied(place, tokens, cues)))
    return slots


def _counts(place: int, tokens: tuple[Token, ...], text: str) -> bool:
    """Whether "once" or "twice" says how often, at the end of what is said or of what is repeated:
    "once stable" says when, "at once" how soon."""
    before = tokens[place - 1].word if place else ""
    rest = text[tokens[place].end :].lstrip()
    if before.startswith("repeat"):
        return True
    return before != "at" and (not rest or rest[0] in ".;,)" or rest.startswith("only"))


@lru_cache(maxsize=65536)
def _may_hold(word: str, stem: str) -> bool:
    """Whether a word may be a value of a slot, apart from quantities."""
    return word in POPULATION or word in ROUTES or bool(_values(word, stem))


def _denied(place: int, tokens: tuple[Token, ...], cues: tuple[Cue, ...]) -> bool:
    # "Do not give the dose": what is denied is the dose, and so is giving it.
    if tokens[place].word in USING:
        near = [token.word for token in tokens[max(0, place - 2) : place]]
        if near[-1:] == ["be"]:
            near.pop()
        if near and near[-1] in _DENYING_VERBS:
            return True
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
    denying = [i for i, token in enumerate(tokens) if token.word in _DENYING]
    places = [i for i in denying if _negates(tokens, i)]
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
