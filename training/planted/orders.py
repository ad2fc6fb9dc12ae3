"""Planted clinical sentences: what is said (facts), how (a family's phrase), and one fact changed.

Corpora hold few doses, routes and sides. So sentences that carry them are made here and set among
the real sentences of a passage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import TypeAlias

from training.planted.family import Family
from training.planted.forms import (
    COUNTS,
    Amount,
    frequency,
    spelled,
    write,
)
from training.planted.lists import (
    CONDITIONS,
    DETAILS,
    DRUGS,
    EFFECTS,
    MEASURES,
    OVERLAPPING,
    POPULATIONS,
    PROCEDURES,
    ROUTES,
    SIDED,
    TESTS,
)
from training.planted.phrases import FAMILIES
from training.planted.swapped import with_details

Words: TypeAlias = Mapping[str, str]

_DOSES: dict[str, tuple[str, ...]] = {
    "mg": tuple("0.5 1 2 2.5 4 5 7.5 10 12.5 15 20 25 30 40 50 60 75 80 100 120 125 150 200 250 300"
                " 400 450 500 600 625 750 800 1000 1200 1500 2000".split()),
    "g": tuple("0.25 0.5 1 1.2 1.5 2 2.4 3 4 4.5 6 8".split()),
    "micrograms": tuple("5 10 12.5 25 50 62.5 75 100 125 150 200 250 400 500 800".split()),
    "units": tuple("5 10 20 50 100 500 1000 2500 5000 7500 10000 50000".split()),
    "mL": tuple("1 2.5 5 10 15 20 30 50 100 250 500".split()),
    "mmol": tuple("5 10 20 40 50 80".split()),
}  # fmt: skip
_KINDS = ("mg",) * 8 + ("g",) * 3 + ("micrograms",) * 3 + ("units", "mL", "mmol")
_PER = ("", "", "", "", "/kg")
_SPANS = (("days", (2, 3, 5, 7, 10, 14, 21, 28)), ("weeks", (2, 3, 4, 6, 8, 12)),
          ("hours", (2, 3, 4, 6, 8, 12, 24, 48, 72)), ("months", (2, 3, 6, 9, 12, 18, 24)),
          ("minutes", (5, 10, 15, 20, 30, 45, 60, 90)), ("years", (2, 3, 5, 10)))  # fmt: skip
# (surfaces, the other side's surfaces): exactly alike within, exclusive of each other.
LIMITS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("above {}", "over {}", "more than {}", "higher than {}", "greater than {}", "> {}", ">{}"),
     ("below {}", "under {}", "less than {}", "lower than {}", "at most {}", "< {}", "≤ {}")),
    (("below {}", "under {}", "less than {}", "lower than {}", "< {}", "<{}"),
     ("above {}", "over {}", "more than {}", "higher than {}", "at least {}", "> {}", "≥ {}")),
    (("at least {}", "{} or more", "{} or higher", "no less than {}", "≥ {}", "≥{}"),
     ("at most {}", "{} or less", "{} or lower", "below {}", "< {}", "≤ {}")),
    (("at most {}", "{} or less", "{} or lower", "no more than {}", "≤ {}", "≤{}"),
     ("at least {}", "{} or more", "{} or higher", "above {}", "> {}", "≥ {}")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """One planted sentence: its family, phrase, words in the places, and the amounts behind."""

    family: Family
    phrase: str
    words: Words
    amounts: Mapping[str, Amount]
    limit: tuple[int, str]
    tail: str

    def text(self, phrase: str = "", **changed: str) -> str:
        """The sentence, in this or another phrase, with these words in place of its own."""
        said = (phrase or self.phrase).format_map({**self.words, **changed})
        said = said[:-1].removesuffix(".") + (f", {self.tail}." if self.tail else ".")
        return said[0].upper() + said[1:]


def order(rng: Random, family: Family | None = None, drug: str = "") -> Order:
    """A sentence that says something new."""
    family = family or rng.choice(FAMILIES)
    used = USED[family.phrases]
    drug = drug or rng.choice(_NAMES)
    words = {"drug": drug, "other": rng.choice([d for d in rng.sample(_NAMES, 2) if d != drug])}
    words["people"], words["people2"] = _two_peoples(rng)
    amounts = _amounts(rng, used)
    words.update((place, spelled(amount, rng)) for place, amount in amounts.items())
    for place in ("percent", "percent2"):
        if place in used:
            words[place] = write(amounts[place].value)
    limit = (0, "")
    if "limit" in used:
        test, unit, low, high = rng.choice(TESTS)
        words["test"] = test
        limit = (rng.randrange(len(LIMITS)), _measured(unit, low, high, rng))
        words["limit"] = rng.choice(LIMITS[limit[0]][0]).format(limit[1])
    words.update((place, rng.choice(options)) for place, options in _CHOICES if place in used)
    if "often" in used:
        words["often"] = frequency(rng.choice(_OFTEN), rng)
    if "route" in used:
        words["route"] = rng.choice(ROUTES[rng.choice(_ROUTE_KEYS)])
    tail = with_details(rng.choice(DETAILS), rng) if rng.random() < 0.12 else ""
    return Order(family, rng.choice(family.phrases), words, amounts, limit, tail)


def _measured(unit: str, low: int, high: int, rng: Random) -> str:
    """A value on a test's scale: "5.7 mmol/L", "38%"."""
    value = (
        str(rng.randint(low, high)) if high >= 20 else f"{rng.randint(low * 10, high * 10) / 10:g}"
    )
    return f"{value}{unit}" if unit == "%" else f"{value} {unit}".strip()


_NAMES = tuple(DRUGS)
_ROUTE_KEYS = ("oral", "oral", "iv", "iv", "im", "sc", *ROUTES)
_OFTEN = ("1", "2", "3", "4", "1", "2", "3", "4", *COUNTS)
_CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("condition", CONDITIONS), ("side", ("left", "right")), ("organ", SIDED), ("effect", EFFECTS),
    ("measure", MEASURES), ("procedure", PROCEDURES),
    ("age", ("2", "5", "6", "8", "12", "16", "18", "40", "65")),
)  # fmt: skip
_PLACE = re.compile(r"\{(\w+)\}")
USED: dict[tuple[str, ...], frozenset[str]] = {
    family.phrases: frozenset(_PLACE.findall(" ".join(family.phrases + family.parts)))
    | ({"brief"} if re.search(r"\{procedure\}|doses of|Infuse", family.phrases[0]) else set())
    for family in FAMILIES
}


def _amounts(rng: Random, used: frozenset[str]) -> dict[str, Amount]:
    made: dict[str, Amount] = {}
    if "dose" in used:
        unit = rng.choice(_KINDS)
        first, second = rng.sample(_DOSES[unit], 2)
        per = rng.choice(_PER) if unit in ("mg", "micrograms", "units", "mmol") else ""
        made["dose"] = Amount(Fraction(first), unit, per)
        made["dose2"] = Amount(Fraction(second), unit, per)
    if "span" in used:
        spans = [s for s in _SPANS if "brief" not in used or s[0] in ("hours", "minutes")]
        time, values = rng.choice(spans)
        made["span"] = Amount(Fraction(rng.choice(values)), time)
    if "volume" in used:
        made["volume"] = Amount(Fraction(rng.choice((20, 50, 100, 250, 500))), "mL")
    if "tablets" in used:
        number = Fraction(rng.choice((2, 3, 4)))
        made["tablets"] = Amount(number, rng.choice(("tablets", "capsules")))
    if "percent" in used:
        finer = Fraction(rng.randint(0, 9), 10) if rng.random() < 0.3 else Fraction(0)
        share, share2 = rng.sample(range(3, 98), 2)
        made["percent"], made["percent2"] = Amount(share + finer, "%"), Amount(share2 + finer, "%")
    return made


def _two_peoples(rng: Random) -> tuple[str, str]:
    first, second = rng.sample(POPULATIONS, 2)
    while overlap(first, second):
        second = rng.choice(POPULATIONS)
    return first, second


def overlap(first: str, second: str) -> bool:
    """Whether one of two kinds of people may be, or take in, the other."""
    if first == second or any(first in kin and second in kin for kin in OVERLAPPING):
        return True
    shared = {word.rstrip("s") for word in first.split()} & {w.rstrip("s") for w in second.split()}
    return bool(shared - {"with", "on", "of", "year", "under", "over", "people", "patient"})
