"""Claim checking on JSON Lines with gold labels supported / refuted / neutral."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medrag.claims_file import ClaimRow, read_claims
from medrag.engine import Engine
from medrag.errors import ReadError
from medrag.evaluate.measures import (
    auroc,
    balanced_accuracy,
    calibration_error,
    macro_f1,
    reliability,
)
from medrag.types import Verdict

LABELS = ("supported", "neutral", "refuted")


@dataclass(frozen=True, slots=True)
class Judged:
    """The gold label and the verdict of every row, and the ``report`` of them."""

    gold: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    report: dict[str, Any]


def evaluate_claims(
    file: Path, split: str | None, engine: Engine, *, group: bool = False
) -> dict[str, Any]:
    """The report of ``judge_claims``."""
    return judge_claims(file, split, engine, group=group).report


def judge_claims(file: Path, split: str | None, engine: Engine, *, group: bool = False) -> Judged:
    """Judge every row of a split (of all rows, where they name none) and measure.

    With ``group``, the rows of one group are parts of the evidence on one claim: the verdict that
    says most for it counts. See ``measured`` for the report.

    Raises:
        ReadError: the file cannot be read, has no row of that split, or an unknown label.
    """
    rows: list[ClaimRow] = []
    verdicts: list[Verdict] = []
    seconds = 0.0
    for batch in read_claims(file):
        chosen = [row for row in batch if split is None or (row.split or split) == split]
        started = time.perf_counter()
        verdicts.extend(engine.verify([(row.claim, row.evidence) for row in chosen]))
        seconds += time.perf_counter() - started
        rows.extend(chosen)
    if not rows:
        raise ReadError(f"{file} has no row of split '{split}'.", "Check --split.")
    gold = [_label(file, row) for row in rows]
    pairs = len(rows)
    if group:
        gold, verdicts = _grouped(rows, gold, verdicts)
    report = measured(gold, verdicts) | {
        "judge": engine.judge.name,
        "threshold": getattr(engine.judge, "threshold", None),
        "per_second": round(pairs / seconds, 1) if seconds else 0.0,
    }
    return Judged(tuple(gold), tuple(verdicts), report)


def measured(gold: Sequence[str], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The report on verdicts.

    ``macro_f1``, ``accuracy`` and ``confusion`` are of what the judge holds likeliest (the
    greatest of the three probabilities), as published figures are. ``macro_f1_label`` is of the
    labels that a reader sees, which claim "supported" only above the judge's threshold and never
    against a rule, and so err on one side on purpose. ``balanced_accuracy`` and the AUROCs are of
    supported against the rest: ``auroc_supported`` of P(supported), ``auroc_score`` of the score,
    in which the rules have had their say. ``ece`` has the expected calibration error of the
    likeliest label and of P(supported). ``shown`` is the share of each gold label that a reader
    would be shown as supported.
    """
    predicted = [likeliest(verdict) for verdict in verdicts]
    labels = [predicted_label(verdict) for verdict in verdicts]
    supported = [label == "supported" for label in gold]
    confusion = Counter(zip(gold, predicted, strict=True))
    shares = [verdict.probabilities[0] for verdict in verdicts]
    surest = [max(verdict.probabilities) for verdict in verdicts]
    right = [g == p for g, p in zip(gold, predicted, strict=True)]
    return {
        "macro_f1": round(macro_f1(gold, predicted), 4),
        "macro_f1_label": round(macro_f1(gold, labels), 4),
        "accuracy": round(sum(right) / len(right), 4) if right else None,
        "balanced_accuracy": _number(
            balanced_accuracy(supported, [label == "supported" for label in predicted])
        ),
        "balanced_accuracy_label": _number(
            balanced_accuracy(supported, [label == "supported" for label in labels])
        ),
        "auroc_supported": _number(auroc(shares, supported)),
        "auroc_score": _number(auroc([verdict.score for verdict in verdicts], supported)),
        "ece": {
            "likeliest": _number(calibration_error(surest, right)),
            "supported": _number(calibration_error(shares, supported)),
        },
        "reliability": [
            {name: _number(value) for name, value in asdict(one).items()}
            for one in reliability(surest, right)
        ],
        "rows": len(gold),
        "confusion": {g: {p: confusion[g, p] for p in LABELS} for g in LABELS},
        "shown": _shown(gold, labels),
    }


def predicted_label(verdict: Verdict) -> str:
    """The label that a reader sees, as one of the three labels of the sets."""
    return {"supported": "supported", "contradicted": "refuted"}.get(verdict.label, "neutral")


def likeliest(verdict: Verdict) -> str:
    """The label with the greatest probability; of equal ones the more cautious."""
    order = (1, 2, 0)
    return LABELS[max(order, key=lambda place: verdict.probabilities[place])]


def _shown(gold: Sequence[str], labels: Sequence[str]) -> dict[str, float | None]:
    out: dict[str, float | None] = {}
    for label in LABELS:
        mine = [said for g, said in zip(gold, labels, strict=True) if g == label]
        out[label] = round(mine.count("supported") / len(mine), 4) if mine else None
    return out


def _grouped(
    rows: Sequence[ClaimRow], gold: Sequence[str], verdicts: Sequence[Verdict]
) -> tuple[list[str], list[Verdict]]:
    """One label and verdict a group: the one that says most for its claim."""
    best: dict[object, int] = {}
    for place, row in enumerate(rows):
        key = row.group if row.group is not None else (row.id, place)
        other = best.setdefault(key, place)
        if _worth(verdicts[place]) > _worth(verdicts[other]):
            best[key] = place
    support: dict[object, bool] = {}
    for place, row in enumerate(rows):
        key = row.group if row.group is not None else (row.id, place)
        support[key] = support.get(key, False) or gold[place] == "supported"
    labels = ["supported" if support[key] else gold[place] for key, place in best.items()]
    return labels, [verdicts[place] for place in best.values()]


def _worth(verdict: Verdict) -> tuple[bool, float, float]:
    return verdict.label == "supported", verdict.score, verdict.probabilities[0]


def _label(file: Path, row: ClaimRow) -> str:
    if row.label not in LABELS:
        raise ReadError(
            f"{file}: row {row.id} has the label {row.label!r}.", f"Known: {', '.join(LABELS)}."
        )
    return row.label


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
