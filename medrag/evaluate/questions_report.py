"""What the replies to multiple-choice questions come to: pure arithmetic, no model.

Accuracy is of one seed over all questions; its mean and standard deviation are over the seeds. The
difference of the arms is paired question by question, its interval a percentile bootstrap over
the questions (Efron & Tibshirani 1993).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Arm = Literal["model", "retrieval"]
ARMS: tuple[Arm, ...] = ("model", "retrieval")
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply to one question. ``letter`` is None where none could be read in it.

    ``excerpts`` counts what was shown of the library; ``seconds`` hold the search, too. ``cut``
    says that the thinking was ended by its limit.
    """

    dataset: str
    id: str
    arm: Arm
    seed: int
    letter: str | None
    correct: bool
    excerpts: int
    thinking_tokens: int
    answer_tokens: int
    seconds: float
    cut: bool


def replies_report(replies: Sequence[Reply]) -> dict[str, Any]:
    """Overall (every question counts the same) and dataset by dataset.

    ``macro_accuracy`` is the mean of the datasets' accuracies, each counting the same.
    """
    names = list(dict.fromkeys(reply.dataset for reply in replies))
    datasets = {name: _group([r for r in replies if r.dataset == name]) for name in names}
    overall = _group(replies)
    macro = {
        arm: _mean([group["arms"][arm]["accuracy"]["mean"] for group in datasets.values()])
        for arm in overall["arms"]
    }
    return {"overall": overall | {"macro_accuracy": macro}, "datasets": datasets}


def _group(replies: Sequence[Reply]) -> dict[str, Any]:
    arms = {arm: [r for r in replies if r.arm == arm] for arm in ARMS}
    report: dict[str, Any] = {
        "questions": len({(r.dataset, r.id) for r in replies}),
        "arms": {arm: _arm(some) for arm, some in arms.items() if some},
    }
    if arms["model"] and arms["retrieval"]:
        report["difference"] = _difference(arms["model"], arms["retrieval"])
    return report


def _arm(replies: Sequence[Reply]) -> dict[str, Any]:
    by_seed: dict[int, list[bool]] = {}
    for reply in replies:
        by_seed.setdefault(reply.seed, []).append(reply.correct)
    accuracies = [sum(hits) / len(hits) for hits in by_seed.values()]
    report: dict[str, Any] = {
        "accuracy": {
            "mean": round(statistics.fmean(accuracies), 4),
            "std": round(statistics.stdev(accuracies), 4) if len(accuracies) > 1 else None,
        },
        "replies": len(replies),
        "unparsable": sum(r.letter is None for r in replies),
        "thinking_cut": sum(r.cut for r in replies),
        "tokens_per_reply": _mean([r.thinking_tokens + r.answer_tokens for r in replies], 1),
        "seconds_per_reply": _mean([r.seconds for r in replies], 3),
    }
    if replies[0].arm == "retrieval":
        bare = {(r.dataset, r.id) for r in replies if not r.excerpts}
        report["without_evidence"] = len(bare)
    return report


def _difference(model: Sequence[Reply], retrieval: Sequence[Reply]) -> dict[str, float]:
    """Accuracy with retrieval less accuracy without, and its 95% interval."""
    without, with_it = _by_question(model), _by_question(retrieval)
    pairs = [with_it[key] - without[key] for key in without]
    low, high = bootstrap_interval(pairs)
    return {"mean": round(statistics.fmean(pairs), 4), "low": round(low, 4), "high": round(high, 4)}


def _by_question(replies: Sequence[Reply]) -> dict[tuple[str, str], float]:
    """The share of seeds whose reply was right, for each question."""
    hits: dict[tuple[str, str], list[bool]] = {}
    for reply in replies:
        hits.setdefault((reply.dataset, reply.id), []).append(reply.correct)
    return {key: sum(some) / len(some) for key, some in hits.items()}


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the mean over resamples; the same on every run."""
    import numpy as np

    source = np.asarray(values, dtype=float)
    random = np.random.default_rng(0)
    means = [source[random.integers(0, len(source), len(source))].mean() for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def _mean(values: Sequence[float], digits: int = 4) -> float:
    return round(statistics.fmean(values), digits)
