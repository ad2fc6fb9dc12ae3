"""Claim checking on JSON Lines with gold labels supported / refuted / neutral."""

from __future__ import annotations

import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

from medrag.claims_file import ClaimRow, read_claims
from medrag.engine import Engine
from medrag.errors import ReadError
from medrag.evaluate.measures import auroc, balanced_accuracy, macro_f1
from medrag.types import Verdict

LABELS = ("supported", "neutral", "refuted")


def evaluate_claims(file: Path, split: str | None, engine: Engine) -> dict[str, Any]:
    """Judge every row of a split (of all rows, where they name none) and measure.

    ``balanced_accuracy`` and ``auroc_supported`` are of supported against the rest.
    """
    gold: list[str] = []
    verdicts: list[Verdict] = []
    seconds = 0.0
    for batch in read_claims(file):
        rows = [row for row in batch if split is None or (row.split or split) == split]
        gold.extend(_label(file, row) for row in rows)
        started = time.perf_counter()
        verdicts.extend(engine.verify([(row.claim, row.evidence) for row in rows]))
        seconds += time.perf_counter() - started
    if not gold:
        raise ReadError(f"{file} has no row of split '{split}'.", "Check --split.")
    predicted = [predicted_label(verdict) for verdict in verdicts]
    supported = [label == "supported" for label in gold]
    confusion = Counter(zip(gold, predicted, strict=True))
    return {
        "macro_f1": round(macro_f1(gold, predicted), 4),
        "balanced_accuracy": _number(
            balanced_accuracy(supported, [label == "supported" for label in predicted])
        ),
        "auroc_supported": _number(auroc([v.score for v in verdicts], supported)),
        "per_second": round(len(gold) / seconds, 1) if seconds else 0.0,
        "rows": len(gold),
        "confusion": {g: {p: confusion[g, p] for p in LABELS} for g in LABELS},
    }


def predicted_label(verdict: Verdict) -> str:
    """A verdict as one of the three labels of the sets."""
    return {"supported": "supported", "contradicted": "refuted"}.get(verdict.label, "neutral")


def _label(file: Path, row: ClaimRow) -> str:
    if row.label not in LABELS:
        raise ReadError(
            f"{file}: row {row.id} has the label {row.label!r}.", f"Known: {', '.join(LABELS)}."
        )
    return row.label


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
