"""What the judge is trained on: two texts and what the second says of the first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Task: TypeAlias = Literal["claim", "question", "words"]
Part: TypeAlias = Literal["train", "dev", "test"]

TASKS: tuple[Task, ...] = get_args(Task)
SUPPORTED, NEUTRAL, REFUTED = 0, 1, 2
LABELS = ("supported", "neutral", "refuted")


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and its evidence, a question and a passage, or two texts whose words are learned.

    ``label`` of a claim: 0 supported, 1 neutral, 2 refuted; of a question: 1 relevant, 0 not; of
    words 0.
    ``source`` names the data set, ``kind`` how the pair was made, ``group`` the document (or the
    question) that it must not be parted from when data are split.
    """

    task: Task
    first: str
    second: str
    label: int
    source: str
    kind: str
    group: str


def part(document: str) -> Part:
    """Where a document belongs, for good: 90% train, 5% dev, 5% test, by a hash of its id."""
    place = int.from_bytes(hashlib.sha256(document.encode()).digest()[:4], "big") % 100
    return "train" if place < 90 else "dev" if place < 95 else "test"


def without_repeats(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs, each text pair once; where two disagree on the label, neither is kept."""
    kept: dict[tuple[str, str, str], Pair] = {}
    disputed: set[tuple[str, str, str]] = set()
    for pair in pairs:
        key = (pair.task, pair.first, pair.second)
        other = kept.setdefault(key, pair)
        if other.label != pair.label:
            disputed.add(key)
    return [pair for key, pair in kept.items() if key not in disputed]
