"""What is trained on, and in which order: runs of the optimiser, each of one or more stages.

Easy pairs made by rules come first. What people labelled is in every stage; what was written for
meaning comes once the encoder can tell one detail from another, and ends the curriculum, amid
enough of the rest that nothing is forgotten.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from medrag.models.pair_input import MAX_TOKENS, PairTokenizer
from training.batches import Item, encode
from training.pairs import Pair

ALL = -1
"""Every pair of a maker."""
ABSTRACTIVE = ("title", "conclusion")
"""Kinds of natural pairs that say a thing in other words: few, so they are a maker of their own."""
CLAIM_TOKENS, QUESTION_TOKENS, WRITTEN_TOKENS = 160, 144, MAX_TOKENS
_LIMITS = {"ranking": QUESTION_TOKENS, "written": WRITTEN_TOKENS}

Stage = Mapping[str, int]
"""How many pairs of each maker."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the optimiser: its highest learning rates (of the encoder, of the heads), the
    share of its steps in which they rise, and its stages."""

    name: str
    rate: float
    head_rate: float
    warm: float
    stages: tuple[Stage, ...]


RUNS = (
    Run("easy", 2e-4, 6e-4, 0.04, ({"planted": 26_000, "natural": 32_000, "human": ALL},)),
    Run(
        "mixed", 1.6e-4, 4e-4, 0.03,
        (
            {"planted": 20_000, "natural": 22_000, "ranking": 15_000, "human": ALL,
             "abstractive": ALL},
            {"planted": 6_000, "natural": 6_000, "ranking": 15_000, "human": ALL,
             "abstractive": ALL},
        ),
    ),
    Run(
        "worded", 1.6e-4, 4e-4, 0.03,
        (
            {"planted": 8_000, "natural": 12_000, "abstractive": ALL, "human": ALL,
             "written": ALL},
        ),
    ),
    Run(
        "meaning", 1.6e-4, 4e-4, 0.03,
        (
            {"planted": 8_000, "natural": 4_000, "ranking": 14_000, "human": ALL,
             "written": ALL},
        ),
    ),
    Run(
        "last", 1.2e-4, 3e-4, 0.03,
        ({"planted": 6_000, "ranking": 9_000, "human": ALL, "written": ALL},),
    ),
)  # fmt: skip

AVERAGED = {"worded": 0.25, "meaning": 0.25, "last": 0.5}
"""The runs whose weights are averaged in the end, and how much each counts."""


def items_of(
    run: Run, made: Mapping[str, Sequence[Pair]], tokenizer: PairTokenizer, seed: int
) -> list[list[Item]]:
    """The pairs of each stage of a run, in tokens.

    What the runs before have taken of a maker is not taken again before all of it was.
    """
    taken = {name: _endless(pairs, f"{seed}:{name}") for name, pairs in made.items()}
    for other in RUNS:
        stages = [
            {
                name: list(made[name]) if count == ALL else _next(taken[name], count)
                for name, count in stage.items()
            }
            for stage in other.stages
        ]
        if other.name == run.name:
            return [_encoded(stage, tokenizer) for stage in stages]
    raise KeyError(run.name)


def _encoded(stage: Mapping[str, Sequence[Pair]], tokenizer: PairTokenizer) -> list[Item]:
    return [
        item
        for name, pairs in stage.items()
        for item in encode(pairs, tokenizer, _LIMITS.get(name, CLAIM_TOKENS))
    ]


def _endless(pairs: Iterable[Pair], seed: str) -> Iterator[list[Pair]]:
    """The groups of pairs in random order, again and again; those of one group together.

    Raises:
        ValueError: there are no pairs.
    """
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(f"{pair.source}/{pair.group}", []).append(pair)
    if not groups:
        raise ValueError(f"There are no pairs of {seed.partition(':')[2]}: make them first.")
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    return cycle([groups[name] for name in names])


def _next(groups: Iterator[list[Pair]], count: int) -> list[Pair]:
    """The pairs of the next groups, about so many."""
    out: list[Pair] = []
    while len(out) < count:
        out.extend(next(groups))
    return out
