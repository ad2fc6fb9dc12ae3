"""Trains the pair model: stages of pairs, from many easy ones to the few that people labelled.

On processors without a matrix unit one thread computes about 20 pairs of 128 tokens a second, and
two threads of one process are slower than one. So there is a process for each core; each goes its
own way over its share of the batches, and their weights are averaged every ``SYNC`` steps (local
SGD, Stich 2019, "Local SGD Converges Fast and Communicates Little"). Where there is an accelerator
it does all of it, thousands of pairs a second, in larger batches and with dropout.
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
from training.words import WordHead, word_loss

SYNC = 25
STATE = "state.pt"
_KEPT = 60.0  # seconds between the states that are kept while it runs
_LOGGED = 10  # steps


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. ``rate`` is the highest learning rate, reached after ``warm`` of the steps;
    it falls along a cosine to a twentieth. ``tokens`` is the size of a batch, ``passes`` how often
    each stage is gone through. ``minutes`` bounds
    the time: where steps fall behind it, batches are left out evenly (0: none is left out, and
    the same seed gives the same weights)."""

    rate: float = 2e-4
    head_rate: float = 6e-4
    warm: float = 0.04
    tokens: int = 4096
    passes: int = 1
    smoothing: float = 0.05
    decay: float = 0.01
    seed: int = 5
    minutes: float = 0.0
    workers: int = 2


def accelerator() -> torch.device | None:
    """The device that trains in place of the processor, if there is one."""
    return torch.device("cuda") if torch.cuda.is_available() else None


def fit(
    stages: Sequence[Sequence[Item]], plan: Plan, base: Path, out: Path, start: Path | None
) -> None:
    """Train over the stages in order, from the published encoder in ``base`` (or from the weights
    ``start``), and leave ``state.pt`` and ``log.jsonl`` in ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    chance = random.Random(plan.seed)
    schedule = [
        batch
        for stage in stages
        for _ in range(plan.passes)
        for batch in packed(stage, plan.tokens, chance)
    ]
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
    itself = torch.eye(len(wanted), dtype=torch.bool, device=wanted.device)
    rivals = same & ((wanted[None, :] == 0) | itself)
    total = torch.logsumexp(scores[None, :].masked_fill(~rivals, -1e4), dim=1)
    above = (total - scores)[wanted > 0]
    return 0.5 * alone + (above.mean() if len(above) else alone)


def _work(
    rank: int, plan: Plan, schedule: Sequence[Sequence[Item]], base: Path, out: Path,
    start: Path | None,
) -> None:  # fmt: skip
    device = accelerator() or torch.device("cpu")
    if device.type == "cpu":
        torch.set_num_threads(1)
    if plan.workers > 1:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {rank % (os.cpu_count() or 1)})
        peers.init_process_group(
            "gloo", init_method=f"file://{out.absolute()}/rendezvous-{os.getppid()}", rank=rank,
            world_size=plan.workers,
        )  # fmt: skip
    torch.manual_seed(plan.seed)
    model = PairModel(base, attention="eager" if device.type == "cpu" else "sdpa")
    if start is not None:
        model.load_state_dict(torch.load(start, map_location="cpu", weights_only=True))
    torch.manual_seed(plan.seed + rank)
    _Worker(rank, plan, model.to(device), out, device).run(schedule)
    if plan.workers > 1:
        peers.destroy_process_group()


class _Worker:
    """One process with a model of its own."""

    def __init__(
        self, rank: int, plan: Plan, model: PairModel, out: Path, device: torch.device
    ) -> None:
        self.rank, self.plan, self.model, self.out = rank, plan, model, out
        self.device = device
        width, words = model.encoder.config.hidden_size, model.encoder.config.vocab_size
        self.words = WordHead(width, words).to(device)
        model.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        if device.type == "cpu":
            _lighten(model)
        self.optimizer = _optimizer(model, self.words, plan)
        self.began = self.last_kept = time.monotonic()

    def run(self, schedule: Sequence[Sequence[Item]]) -> None:
        """Its share of the batches; the first worker keeps the log and the weights."""
        workers = self.plan.workers
        steps = len(schedule) // workers
        at = 0
        self.model.train()
        while at < steps:
            if at % SYNC == 0:
                self._average()
                if time.monotonic() - self.last_kept > _KEPT:
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
        batch = collate(items).to(self.device)
        factor = _rate(at / steps, self.plan.warm)
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * factor
        with torch.autocast(self.device.type, torch.bfloat16):
            if batch.task == "words":
                loss = word_loss(self.model, self.words, batch)
            else:
                loss = loss_of(self.model, batch, self.plan.smoothing)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.rank == 0 and at % _LOGGED == 0:
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
        every = [*self.model.parameters(), *self.words.parameters()]
        live = [p for p in every if p.requires_grad]
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
            self.last_kept = time.monotonic()


def _lighten(model: PairModel) -> None:
    """Dropout inside the encoder costs a processor a fifth of a step, and brings little in the few
    steps that it can make."""
    for module in model.encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = 0.0


def _optimizer(model: PairModel, words: WordHead, plan: Plan) -> torch.optim.Optimizer:
    """Each of the word vectors stays as published: a batch would move a few of 30,000."""
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, p in [*model.named_parameters(), *words.named_parameters()]:
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
