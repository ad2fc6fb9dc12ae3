"""Pairs to tokens, and to batches of like length, each of one task and about so many tokens."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from medrag.models.pair_input import PairTokenizer
from training.pairs import TASKS, Pair, Task

_POOLED = 50  # batches whose pairs are sorted by length together
_PAIR = 100  # tokens of a pair, about


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

    def to(self, device: torch.device) -> Batch:
        """The same on the device."""
        moved = [tensor.to(device, non_blocking=True) for tensor in self.inputs]
        rest = [each.to(device, non_blocking=True) for each in (self.labels, self.weights)]
        inputs = (moved[0], moved[1], moved[2])
        return Batch(self.task, inputs, rest[0], rest[1], self.groups.to(device))


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
    pool = max(1, _POOLED * tokens // _PAIR)
    out: list[list[Item]] = []
    for start in range(0, len(units), pool):
        out.extend(_filled(sorted(units[start : start + pool], key=_place), tokens))
    chance.shuffle(out)
    return out


def _units(items: Sequence[Item]) -> list[list[Item]]:
    groups: dict[int, list[Item]] = {}
    units: list[list[Item]] = []
    for item in items:
        if item.task != "question":
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


def keep(items: Sequence[Item], path: Path) -> None:
    """Write items to a file of arrays, for :func:`kept`."""
    tasks: list[Task] = [item.task for item in items]
    empty = np.zeros(0, np.uint16)
    with path.open("wb") as file:
        np.savez(
            file,
            ids=np.concatenate([empty, *(item.ids for item in items)]),
            roles=np.concatenate([empty, *(item.roles for item in items)]).astype(np.uint8),
            sizes=np.array([len(item.ids) for item in items], np.int64),
            tasks=np.array([TASKS.index(task) for task in tasks], np.uint8),
            labels=np.array([item.label for item in items], np.uint8),
            groups=np.array([item.group for item in items], np.int64),
            weights=np.array([item.weight for item in items], np.float32),
        )


def kept(path: Path) -> list[Item]:
    """The items of a file that :func:`keep` wrote."""
    with np.load(path) as held:
        ends = np.cumsum(held["sizes"])[:-1]
        columns = (
            np.split(held["ids"], ends), np.split(held["roles"], ends), held["tasks"].tolist(),
            held["labels"].tolist(), held["groups"].tolist(), held["weights"].tolist(),
        )  # fmt: skip
        return [
            Item(TASKS[task], ids, roles, label, group, weight)
            for ids, roles, task, label, group, weight in zip(*columns, strict=bool(len(ends)))
        ]
