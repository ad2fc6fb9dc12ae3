"""Trains the pair model: stages of pairs, from many easy ones to the few that people labelled.

On processors without a matrix unit one thread computes about 20 pairs of 128 tokens a second, and
two threads of one process are slower than one. So there is a process for each core; each goes its
own way over its share of the batches, and their weights are averaged every ``SYNC`` steps (local
SGD, Stich 2019, "Local SGD Converges Fast and Communicates Little").
"""

from __future__ import annotations

import json
import math
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as peers

from training.batches import Batch, Item, collate, packed
from training.model import PairModel

SYNC = 25
STATE = "state.pt"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. ``rate`` is the highest learning rate, reached after ``warm`` of the steps;
    it falls along a cosine to a twentieth. ``tokens`` is the size of a batch. ``minutes`` bounds
    the time: where steps fall behind it, batches are left out evenly (0: none is left out, and
    the same seed gives the same weights)."""

    rate: float = 2e-4
    head_rate: float = 6e-4
    warm: float = 0.04
    tokens: int = 4096
    smoothing: float = 0.05
    decay: float = 0.01
    seed: int = 5
    minutes: float = 0.0
    workers: int = 2


def fit(
    stages: Sequence[Sequence[Item]], plan: Plan, base: Path, out: Path, start: Path | None
) -> None:
    """Train over the stages in order, from the published encoder in ``base`` (or from the weights
    ``start``), and leave ``state.pt`` and ``log.jsonl`` in ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    chance = random.Random(plan.seed)
    schedule = [batch for stage in stages for batch in packed(stage, plan.tokens, chance)]
    arguments = (plan, schedule, base, out, start)
    if plan.workers == 1:
        _work(0, *arguments)
        return
    torch.multiprocessing.start_processes(
        _work, args=arguments, nprocs=plan.workers, start_method="fork"
    )


def loss_of(model: nn.Module, batch: Batch, smoothing: float) -> Tensor:
    """The mean loss of a batch: cross-entropy of claims; of questions how far the passage that
    answers stands above its rivals (softmax over the candidates), and each one alone."""
    claim, relevance = model(*batch.inputs)
    if batch.task == "claim":
        losses = nn.functional.cross_entropy(
            claim.float(), batch.labels, label_smoothing=smoothing, reduction="none"
        )
        return (losses * batch.weights).sum() / batch.weights.sum()
    scores, wanted = relevance.float()[:, 0], batch.labels.float()
    alone = nn.functional.binary_cross_entropy_with_logits(scores, wanted)
    same = batch.groups[:, None] == batch.groups[None, :]
    # A positive stands against the negatives of its question, not against other positives.
    rivals = same & ((wanted[None, :] == 0) | torch.eye(len(wanted), dtype=torch.bool))
    total = torch.logsumexp(scores[None, :].masked_fill(~rivals, -1e4), dim=1)
    above = (total - scores)[wanted > 0]
    return 0.5 * alone + (above.mean() if len(above) else alone)


def _work(
    rank: int, plan: Plan, schedule: Sequence[Sequence[Item]], base: Path, out: Path,
    start: Path | None,
) -> None:  # fmt: skip
    torch.set_num_threads(1)
    if plan.workers > 1:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {rank % (os.cpu_count() or 1)})
        peers.init_process_group(
            "gloo", init_method=f"file://{out.absolute()}/rendezvous-{os.getppid()}", rank=rank,
            world_size=plan.workers,
        )  # fmt: skip
    torch.manual_seed(plan.seed)
    model = PairModel(base)
    if start is not None:
        model.load_state_dict(torch.load(start, weights_only=True))
    torch.manual_seed(plan.seed + rank)
    _Worker(rank, plan, model, out).run(schedule)
    if plan.workers > 1:
        peers.destroy_process_group()


class _Worker:
    """One process with a model of its own."""

    def __init__(self, rank: int, plan: Plan, model: PairModel, out: Path) -> None:
        self.rank, self.plan, self.model, self.out = rank, plan, model, out
        _lighten(model)
        self.optimizer = _optimizer(model, plan)
        self.began = time.monotonic()

    def run(self, schedule: Sequence[Sequence[Item]]) -> None:
        """Its share of the batches; the first worker keeps the log and the weights."""
        workers = self.plan.workers
        steps = len(schedule) // workers
        at = 0
        self.model.train()
        while at < steps:
            if at % SYNC == 0:
                self._average()
                self._keep()
            ahead = at if at % SYNC else self._due(at, steps)
            if ahead > at:
                # What falls behind the clock is left out, a stretch of batches at a time.
                at = min(steps, ahead - ahead % SYNC)
                if at >= steps:
                    break
            self._step(schedule[at * workers + self.rank], at, steps)
            at += 1
        self._average()
        self._keep()

    def _step(self, items: Sequence[Item], at: int, steps: int) -> None:
        batch = collate(items)
        factor = _rate(at / steps, self.plan.warm)
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * factor
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(self.model, batch, self.plan.smoothing)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.rank == 0:
            row = {"step": at, "of": steps, "task": batch.task, "loss": round(loss.item(), 4),
                   "pairs": len(items), "tokens": batch.inputs[0].numel(),
                   "seconds": round(time.monotonic() - self.began, 1)}  # fmt: skip
            with (self.out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(row) + "\n")

    def _due(self, at: int, steps: int) -> int:
        """The step that the clock asks for, the same for all workers."""
        if not self.plan.minutes:
            return at
        due = torch.tensor([(time.monotonic() - self.began) / (60 * self.plan.minutes)])
        if self.plan.workers > 1:
            peers.all_reduce(due, op=peers.ReduceOp.MAX)
        return max(at, int(due.item() * steps))

    def _average(self) -> None:
        if self.plan.workers == 1:
            return
        live = [p for p in self.model.parameters() if p.requires_grad]
        flat = torch.cat([p.data.view(-1) for p in live])
        peers.all_reduce(flat)
        flat /= self.plan.workers
        start = 0
        for p in live:
            p.data.copy_(flat[start : start + p.numel()].view_as(p))
            start += p.numel()

    def _keep(self) -> None:
        if self.rank == 0:
            temporary = self.out / f"{STATE}.tmp"
            torch.save(self.model.state_dict(), temporary)
            temporary.replace(self.out / STATE)


def _lighten(model: PairModel) -> None:
    """What costs time and brings little here: dropout inside the encoder (random numbers are a
    fifth of a step), and the gradient of 30,000 word vectors of which a batch moves a few."""
    for module in model.encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = 0.0
    model.encoder.embeddings.word_embeddings.weight.requires_grad_(False)


def _optimizer(model: PairModel, plan: Plan) -> torch.optim.Optimizer:
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, p in model.named_parameters():
        if p.requires_grad:
            new = not name.startswith("encoder") or "token_type" in name
            groups.setdefault((new, p.ndim > 1), []).append(p)
    return torch.optim.AdamW(
        [
            {"params": found, "highest": plan.head_rate if new else plan.rate, "lr": 0.0,
             "weight_decay": plan.decay if matrix else 0.0}
            for (new, matrix), found in groups.items()
        ],
        fused=True,
    )  # fmt: skip


def _rate(share: float, warm: float) -> float:
    if share < warm:
        return share / warm
    fallen = (share - warm) / (1 - warm)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * fallen))
