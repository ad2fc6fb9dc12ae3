"""The usual measures. Pure functions over ranked ids, labels and scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    """Normalised discounted cumulative gain at k (Järvelin & Kekäläinen 2002), linear gains."""
    gained = sum(
        relevant.get(doc, 0.0) / math.log2(rank + 1) for rank, doc in enumerate(ranked[:k], 1)
    )
    ideal = sorted(relevant.values(), reverse=True)[:k]
    best = sum(gain / math.log2(rank + 1) for rank, gain in enumerate(ideal, 1))
    return gained / best if best else 0.0


def recall(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """The share of the relevant documents among the first k."""
    return len(set(ranked[:k]) & relevant.keys()) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    """One over the rank of the first relevant document among the first k; 0 without one."""
    return next((1 / rank for rank, doc in enumerate(ranked[:k], 1) if doc in relevant), 0.0)


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """The probability that a positive scores above a negative, ties counting half.

    By ranks (Mann & Whitney 1947). ``nan`` when there is only one kind.
    """
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    ranks = [0.0] * len(scores)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and scores[order[end + 1]] == scores[order[start]]:
            end += 1
        for i in order[start : end + 1]:
            ranks[i] = (start + end) / 2 + 1
        start = end + 1
    yes = sum(positive)
    no = len(positive) - yes
    if not yes or not no:
        return math.nan
    total = sum(rank for rank, is_positive in zip(ranks, positive, strict=True) if is_positive)
    return (total - yes * (yes + 1) / 2) / (yes * no)


def macro_f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """The mean of the F1 of every label that occurs in the gold labels."""
    values = []
    for label in sorted(set(gold)):
        hits = sum(g == p == label for g, p in zip(gold, predicted, strict=True))
        total = sum(g == label for g in gold) + sum(p == label for p in predicted)
        values.append(2 * hits / total if total else 0.0)
    return sum(values) / len(values) if values else math.nan


def balanced_accuracy(gold: Sequence[bool], predicted: Sequence[bool]) -> float:
    """The mean of the recalls of both classes; ``nan`` when there is only one."""
    rates = []
    for kind in (True, False):
        of_kind = [p for g, p in zip(gold, predicted, strict=True) if g is kind]
        if not of_kind:
            return math.nan
        rates.append(sum(p is kind for p in of_kind) / len(of_kind))
    return sum(rates) / 2


@dataclass(frozen=True, slots=True)
class Bin:
    """The rows whose confidence lies from ``low`` up to ``high``: how many, their mean confidence
    and the share that is right (both 0..1, nan where there are none)."""

    low: float
    high: float
    rows: int
    confidence: float
    right: float


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 15) -> list[Bin]:
    """Confidences (0..1) against what came true, in ``bins`` of equal width."""
    sums = [[0, 0.0, 0] for _ in range(bins)]
    for confidence, is_right in zip(confidences, right, strict=True):
        place = sums[min(bins - 1, max(0, int(confidence * bins)))]
        place[0] += 1
        place[1] += confidence
        place[2] += is_right
    return [
        Bin(
            i / bins,
            (i + 1) / bins,
            int(count),
            total / count if count else math.nan,
            hits / count if count else math.nan,
        )
        for i, (count, total, hits) in enumerate(sums)
    ]


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 15) -> float:
    """The expected calibration error (Naeini et al. 2015): the mean distance of confidence and
    share of right ones over the bins, weighted by their rows; ``nan`` without rows."""
    if not confidences:
        return math.nan
    found = reliability(confidences, right, bins)
    total = sum(one.rows * abs(one.confidence - one.right) for one in found if one.rows)
    return total / len(confidences)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0..1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan
