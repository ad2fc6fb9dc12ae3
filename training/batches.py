"""Pairs to batches of like length, each of one task, each of about the same number of tokens."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from medrag.models.pair_input import PairTokenizer
from training.pairs import Pair, Task

_POOL = 2000  # claims, or questions with their candidates, that are sorted by length together


@dataclass(frozen=True, slots=True)
class Item:
    """A pair in tokens, and how much it weighs in the loss."""

    task: Task
    ids: npt.NDArray[np.uint16]
    roles: npt.NDArray[np.uint8]
    label: int
    group: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one task: inputs (n, tokens) three times, labels, weights and groups (n,)."""

    task: Task
    inputs: tuple[Tensor, Tensor, Tensor]
    labels: Tensor
    weights: Tensor
    groups: Tensor


def encode(
    pairs: Iterable[Pair], tokenizer: PairTokenizer, limit: int, weight: float = 1.0
) -> list[Item]:
    """The pairs in tokens, cut at ``limit``; pairs of one source and group share a number."""
    numbers: dict[str, int] = {}
    items = []
    for pair in pairs:
        ids, roles = tokenizer.pair(pair.first, pair.second, limit)
        number = numbers.setdefault(f"{pair.source}/{pair.group}", len(numbers))
        items.append(
            Item(
                pair.task, np.array(ids, np.uint16), np.array(roles, np.uint8), pair.label, number,
                weight,
            )
        )  # fmt: skip
    return items


def packed(items: Sequence[Item], tokens: int, chance: random.Random) -> list[list[Item]]:
    """Every item once, as batches in random order; candidates of one question stay together."""
    units = _units(items)
    chance.shuffle(units)
    out: list[list[Item]] = []
    for start in range(0, len(units), _POOL):
        out.extend(_filled(sorted(units[start : start + _POOL], key=_place), tokens))
    chance.shuffle(out)
    return out


def _units(items: Sequence[Item]) -> list[list[Item]]:
    groups: dict[int, list[Item]] = {}
    units: list[list[Item]] = []
    for item in items:
        if item.task == "claim":
            units.append([item])
        else:
            groups.setdefault(item.group, []).append(item)
    return units + list(groups.values())


def _place(unit: Sequence[Item]) -> tuple[str, int]:
    return unit[0].task, max(len(item.ids) for item in unit)


def _filled(units: Iterable[list[Item]], tokens: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for unit in units:
        longest = _place(unit)[1]  # they come sorted
        other = bool(batch) and batch[0].task != unit[0].task
        if batch and (other or longest * (len(batch) + len(unit)) > tokens):
            yield batch
            batch = []
        batch = batch + unit
    if batch:
        yield batch


def collate(items: Sequence[Item]) -> Batch:
    """One batch of these items, padded to the longest."""
    longest = max(len(item.ids) for item in items)
    ids = np.zeros((len(items), longest), np.int64)
    mask, roles = np.zeros_like(ids), np.zeros_like(ids)
    for row, item in enumerate(items):
        size = len(item.ids)
        ids[row, :size], mask[row, :size], roles[row, :size] = item.ids, 1, item.roles
    return Batch(
        items[0].task,
        (torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(roles)),
        torch.tensor([item.label for item in items]),
        torch.tensor([item.weight for item in items]),
        torch.tensor([item.group for item in items]),
    )
