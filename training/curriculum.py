"""What is trained on, and in which order: runs of the optimiser, each of one or more stages.

Words come first, in passages without labels; then easy pairs made by rules. What people labelled is
in every later stage; what was written for meaning comes once the encoder can tell one detail from
another, and ends the curriculum, amid enough of the rest that nothing is forgotten.

The run ``wards`` goes on from there with what the others had little of: questions as they are
asked on wards, whose answers and near misses hold the same words, and claims in which the same
words stand in other roles; ``settle`` once more through the questions, at half the rate; ``forms``
through the same questions asked in other forms. ``libraries`` brings questions to small hospital
libraries, and ``both`` what people labelled beside them, since claims were judged worse after it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from training.batches import Item

ALL = -1
"""Every pair of a maker."""

Stage = Mapping[str, int]
"""How many pairs of each maker."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the optimiser: its highest learning rates (of the encoder, of the heads), the
    share of its steps in which they rise, its stages, and how often it goes through each."""

    name: str
    rate: float
    head_rate: float
    warm: float
    stages: tuple[Stage, ...]
    passes: int = 1


_AMID = {
    "planted": 30_000, "natural": 24_000, "close": 24_000, "abstractive": ALL,
    "ranking": 20_000, "asked": 20_000, "human": ALL,
}  # fmt: skip

RUNS = (
    Run("read", 4e-4, 6e-4, 0.05, ({"reading": ALL},), 5),
    Run(
        "easy", 3e-4, 6e-4, 0.04,
        ({"planted": 60_000, "natural": 60_000, "close": 20_000, "ranking": 30_000, "human": ALL},),
    ),
    Run("worded", 3e-4, 5e-4, 0.03, ({**_AMID, "written": ALL},), 2),
    Run("meaning", 2.4e-4, 4e-4, 0.03, ({**_AMID, "written": ALL},), 2),
    Run("last", 1.6e-4, 3e-4, 0.03, ({**_AMID, "written": ALL},), 2),
    Run(
        "end", 6e-5, 1.2e-4, 0.05,
        (
            {"human": ALL, "written": 12_000, "planted": 5_000, "close": 2_500,
             "ranking": 4_000},
        ),
    ),
    Run(
        "wards", 1e-4, 2e-4, 0.05,
        (
            {"human": ALL, "roles": ALL, "questions": ALL, "written": 14_000, "planted": 7_000,
             "natural": 5_000, "close": 4_000, "ranking": 30_000, "asked": 6_000},
        ),
        2,
    ),
    Run(
        "settle", 6e-5, 1.2e-4, 0.05,
        (
            {"human": ALL, "roles": 5_000, "questions": ALL, "written": 8_000, "planted": 5_000,
             "ranking": 24_000, "asked": 4_000},
        ),
    ),
    Run(
        "forms", 8e-5, 1.6e-4, 0.05,
        (
            {"human": ALL, "roles": 4_000, "questions": ALL, "written": 6_000, "planted": 5_000,
             "ranking": 20_000, "asked": 4_000},
        ),
    ),
    Run(
        "libraries", 8e-5, 1.6e-4, 0.05,
        (
            {"libraries": 42_000, "human": 5_000, "questions": 4_000, "ranking": 3_000,
             "written": 1_500, "planted": 1_500, "roles": 500, "asked": 500},
        ),
    ),
    Run(
        "both", 6e-5, 1.2e-4, 0.05,
        (
            {"human": ALL, "libraries": 13_000, "written": 5_000, "planted": 4_000,
             "natural": 2_500, "close": 1_500, "roles": 1_500, "questions": 3_000,
             "ranking": 3_000},
        ),
    ),
)  # fmt: skip

JOINED = "end"
AVERAGED = {"meaning": 1 / 3, "last": 2 / 3}
"""The runs whose weights are averaged before the run ``JOINED``, and how much each counts. Amid so
many written pairs those that people labelled are a twentieth, and it forgets how they judged."""
LAST = {"end": 0.009, "wards": 0.006, "settle": 0.015, "forms": 0.07, "both": 0.9}
"""The runs whose average is the outcome, and how much each counts: one alone was too sure of what
does not answer."""


def items_of(run: Run, made: Mapping[str, Sequence[Item]], seed: int) -> list[list[Item]]:
    """The items of each stage of a run.

    What the runs before have taken of a maker is not taken again before all of it was.
    """
    taken = {name: _endless(name, items, f"{seed}:{name}") for name, items in made.items()}
    for other in RUNS:
        stages = [
            {
                name: list(made[name]) if count == ALL else _next(taken[name], count)
                for name, count in stage.items()
            }
            for stage in other.stages
        ]
        if other.name == run.name:
            return [_together(stage) for stage in stages]
    raise KeyError(run.name)


def _together(stage: Mapping[str, Sequence[Item]]) -> list[Item]:
    """All of it, groups of different makers under different numbers."""
    out: list[Item] = []
    for items in stage.values():
        first = 1 + max((item.group for item in out), default=-1)
        out.extend(replace(item, group=first + item.group) for item in items)
    return out


def _endless(name: str, items: Iterable[Item], seed: str) -> Iterator[list[Item]]:
    """The groups of items in random order, again and again; those of one group together.

    Raises:
        ValueError: there are no items.
    """
    groups: dict[int, list[Item]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    if not groups:
        raise ValueError(f"There are no pairs of {name}: make them first.")
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    return cycle([groups[name] for name in names])


def _next(groups: Iterator[list[Item]], count: int) -> list[Item]:
    """The items of the next groups, about so many."""
    out: list[Item] = []
    while len(out) < count:
        out.extend(next(groups))
    return out
