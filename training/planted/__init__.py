"""Faithful and unfaithful sentences planted from real passages: (claim, evidence, label, kind).

Evidence is one to eight sentences of a passage. A faithful claim says what they say, in their words
or in others that mean exactly the same; an unfaithful one has one clinical detail changed, added or
taken from elsewhere. Some clinical sentences are planted into the passage first, since corpora hold
few doses, routes and sides. A claim with a changed quantity counts as refuted even where logic
would let a looser limit follow from a tighter one: who reads a dose takes it as the dose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import TypeVar

from training.pairs import NEUTRAL, REFUTED, SUPPORTED, Pair, Part
from training.planted import altered, changes, exchanged, faithful, orders, same, swapped, turned
from training.planted.altered import Change, Maker
from training.planted.forms import says_frequency, stands
from training.planted.neighbours import Neighbours
from training.planted.text import MAX_SENTENCES, Run, all_runs, evidence, passages

T = TypeVar("T")

# The kinds of error that are counted, each with its maker, its label, and how many in a hundred
# are made of planted clinical sentences.
_ALTERED: dict[str, tuple[Maker | None, int, int]] = {
    "dose": (altered.dose, REFUTED, 50), "unit": (altered.unit, REFUTED, 50),
    "frequency": (altered.frequency, REFUTED, 75), "route": (altered.route, REFUTED, 85),
    "comparator": (altered.comparator, REFUTED, 50), "negation": (turned.negation, REFUTED, 35),
    "laterality": (altered.laterality, REFUTED, 75),
    "population": (swapped.population, NEUTRAL, 40), "drug": (swapped.drug, NEUTRAL, 60),
    "added_detail": (swapped.added_detail, NEUTRAL, 20),
    "conclusion": (turned.conclusion, REFUTED, 25), "neighbour": (None, NEUTRAL, 15),
    "roles": (exchanged.roles, NEUTRAL, 70), "order": (exchanged.order, REFUTED, 50),
    "group": (exchanged.group, REFUTED, 80), "scope": (turned.scope, NEUTRAL, 25),
    "cause": (turned.cause, NEUTRAL, 30),
}  # fmt: skip
_FAITHFUL: dict[str, tuple[faithful.Faithful | None, int]] = {
    "verbatim": (faithful.verbatim, 30), "shortened": (faithful.shortened, 0),
    "joined": (faithful.joined, 0), "reordered": (faithful.reordered, 0),
    "abbreviation": (faithful.abbreviation, 0), "converted": (same.converted, 60),
    "numerals": (same.numerals, 40), "frequency": (same.frequency, 70),
    "voice": (same.voice, 0), "synonym": (same.synonym, 0), "reworded": (None, 100),
    "part": (None, 100), "route": (None, 100), "comparator": (None, 100),
}  # fmt: skip
NAMED = tuple(_ALTERED)[:12]
"""The kinds of unfaithful sentence of which each has a target of its own."""
FURTHER = tuple(_ALTERED)[12:]
FAITHFUL = tuple(f"faithful:{kind}" for kind in _FAITHFUL)
WEIGHTS: Mapping[str, int] = {
    **dict.fromkeys(NAMED, 3), **dict.fromkeys(FURTHER, 2), **dict.fromkeys(FAITHFUL, 2),
    "faithful:verbatim": 4, "faithful:shortened": 4, "faithful:reworded": 4,
    "faithful:synonym": 3, "faithful:converted": 3, "faithful:part": 1, "faithful:voice": 1,
}  # fmt: skip
_ORDERED = {"verbatim", "converted", "numerals", "frequency", "reworded", "part", "route",
            "comparator"}  # fmt: skip
_TRIES, _SCAN = 30, 3000


def planted(
    passages: Iterable[tuple[str, str]],
    seed: int,
    faithful_share: float = 0.5,
    *,
    limit: int | None = None,
    weights: Mapping[str, int] = WEIGHTS,
) -> Iterator[Pair]:
    """Pairs made from (document id, text) passages, the same ones for the same seed.

    ``faithful_share`` (0..1) of them are faithful; the rest is shared among the kinds by
    ``weights``, dealt like cards, so that any long stretch holds each kind in proportion. At most
    ``limit``, by default six for each run of clean sentences; fewer where passages give no more.
    """
    planter = _Planter(all_runs(passages), seed)
    wanted = 6 * len(planter.runs) if limit is None else limit
    decks = tuple(
        [k for k, n in weights.items() for _ in range(n) if k.startswith("faithful:") == good]
        for good in (False, True)
    )
    hands: tuple[list[str], list[str]] = ([], [])
    seen: set[tuple[str, str]] = set()
    made = failed = 0
    while made < wanted and failed < 200:
        good = int(int((made + 1) * faithful_share) > int(made * faithful_share))
        if not hands[good]:
            hands[good].extend(planter.shuffled(decks[good]))
        pair = planter.pair(hands[good].pop())
        if pair is None or (pair.first, pair.second) in seen:
            failed += 1
            continue
        seen.add((pair.first, pair.second))
        made, failed = made + 1, 0
        yield pair


def pairs(data: Path, seed: int, part: Part = "train", limit: int | None = None) -> Iterator[Pair]:
    """Planted pairs from the public passages of ``data`` (…/shared/data) that may train weights,
    of documents of one part only."""
    return planted(passages(data, part), seed, limit=limit)


class _Planter:
    """Makes pairs of a kind; for each kind it goes through the sentences in an order of its own."""

    def __init__(self, runs: list[Run], seed: int) -> None:
        self.runs = runs
        self._rng = Random(seed)
        self._spots = self.shuffled([(run, at) for run in runs for at in run.claims])
        self._next: dict[str, int] = {}
        self._hits: dict[str, list[tuple[Run, int]]] = {}
        self._neighbours = Neighbours(runs)

    def shuffled(self, items: Iterable[T]) -> list[T]:
        out = list(items)
        self._rng.shuffle(out)
        return out

    def pair(self, kind: str) -> Pair | None:
        """A pair of this kind; None where none was found within some tries."""
        if not self._spots:
            return None
        name = kind.removeprefix("faithful:")
        if kind != name:
            maker, share = _FAITHFUL[name]
            if self._rng.random() * 100 < share:
                return self._ordered_faithful(kind, name)
            assert maker is not None
            return self._real_faithful(kind, maker)
        change, label, share = _ALTERED[name]
        if self._rng.random() * 100 < share:
            return self._ordered_altered(name, label)
        if change is None:
            return self._neighbour(label)
        return self._real_altered(name, change, label) or self._ordered_altered(name, label)

    def _spots_of(self, kind: str, fits: Callable[[Run, int], bool]) -> tuple[Run, int] | None:
        """The next sentence that serves this kind; those that did once more, when all are seen."""
        at = self._next.get(kind, self._rng.randrange(len(self._spots)))
        hits = self._hits.setdefault(kind, [])
        first = self._next.setdefault(f"first {kind}", at)
        if at - first >= len(self._spots):
            return self._rng.choice(hits) if hits else None
        for _ in range(_SCAN):
            run, spot = self._spots[at % len(self._spots)]
            at += 1
            self._next[kind] = at
            if fits(run, spot):
                hits.append((run, spot))
                return run, spot
            if at - first >= len(self._spots):
                break
        return None

    def _real_faithful(self, kind: str, maker: faithful.Faithful) -> Pair | None:
        for _ in range(_TRIES):
            found = self._spots_of(kind, lambda run, at: maker(run, at, self._rng) is not None)
            if found is None:
                continue
            run, at = found
            said = maker(run, at, self._rng)
            if said is not None:
                shown = evidence(run, said[1], max(said[2], at), self._rng)
                return _pair(said[0], shown, SUPPORTED, kind, run)
        return None

    def _real_altered(self, kind: str, change: Maker, label: int) -> Pair | None:
        rng = self._rng
        for _ in range(_TRIES):
            found = self._spots_of(kind, lambda run, at: bool(change(run.sentences[at], rng)))
            if found is None:
                continue
            run, at = found
            made = change(run.sentences[at], rng)
            if made is None:
                continue
            for shown in (evidence(run, at, at, rng), [run.sentences[at]]):
                if is_untrue(made, " ".join(shown)) and made.claim != run.sentences[at]:
                    return _pair(made.claim, shown, _label(kind, made, label), kind, run)
        return None

    def _neighbour(self, label: int) -> Pair | None:
        for _ in range(_TRIES):
            run, at = self._rng.choice(self._spots)
            shown = evidence(run, at, at, self._rng)
            claim = self._neighbours.near(run, at, " ".join(shown), self._rng)
            if claim is not None:
                return _pair(claim, shown, label, "neighbour", run)
        return None

    def _ordered_altered(self, kind: str, label: int) -> Pair | None:
        families = _serving(kind)
        for _ in range(_TRIES):
            one = orders.order(self._rng, self._rng.choice(families))
            if kind == "neighbour":
                other = orders.order(self._rng, drug=one.words["drug"])
                made = Change(other.text()) if other.family != one.family else None
            else:
                made = changes.alter(one, kind, self._rng)
            if made is None:
                continue
            run, shown = self._with_order(one)
            if is_untrue(made, " ".join(shown)):
                return _pair(made.claim, shown, _label(kind, made, label), kind, run)
        return None

    def _ordered_faithful(self, kind: str, name: str) -> Pair | None:
        name = {"route": "same_route", "comparator": "same_limit"}.get(name, name)
        families = _serving(name)
        for _ in range(_TRIES):
            one = orders.order(self._rng, self._rng.choice(families))
            claim = changes.faithful(one, name, self._rng)
            if claim is not None:
                run, shown = self._with_order(one)
                return _pair(claim, shown, SUPPORTED, kind, run)
        return None

    def _with_order(self, one: orders.Order) -> tuple[Run, list[str]]:
        """A passage with this sentence set in it, and now and then one about another drug."""
        rng = self._rng
        run, at = rng.choice(self._spots)
        shown = evidence(run, at, at, rng)
        drop = max(0, len(shown) - MAX_SENTENCES + 2)
        shown = shown[drop:]
        shown.insert(rng.randint(0, len(shown)), one.text())
        if rng.random() < 0.4:
            other = orders.order(rng, one.family if rng.random() < 0.5 else None)
            if other.words["drug"] not in (one.words["drug"], one.words["other"]):
                shown.insert(rng.randint(0, len(shown)), other.text())
        return run, shown


_serving = lru_cache(maxsize=64)(changes.serving)


def _label(kind: str, made: Change, label: int) -> int:
    """Exchanged parts of a comparison contradict it; of anything else they are only unsaid."""
    if kind == "roles" and re.search(r"\bthan\b|prefer", made.claim):
        return REFUTED
    return NEUTRAL if made.unsaid else label


def _pair(claim: str, shown: list[str], label: int, kind: str, run: Run) -> Pair:
    return Pair("claim", claim, " ".join(shown), label, "planted", kind, run.document)


def is_untrue(change: Change, text: str) -> bool:
    """Whether nothing in the evidence makes the changed claim true after all: it does not stand
    there, and neither does the value that was put in."""
    lowered = text.lower()
    if change.claim.lower().rstrip(".") in lowered:
        return False
    for value in change.absent:
        if value.startswith("frequency:"):
            if says_frequency(lowered, value.partition(":")[2]):
                return False
        elif stands(lowered, value.lower()):
            return False
    return True
