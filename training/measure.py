"""How the bare heads do on development pairs, without rules and combiner around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from medrag.evaluate.measures import auroc, macro_f1
from medrag.models.pair_encoder import PairEncoder
from training.pairs import LABELS, Pair


def measure(encoder: PairEncoder, pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """For each source: of claims the macro-F1 over the labels that occur and the AUROC of
    supported; of questions the share whose best candidate is relevant."""
    out = {}
    for source in dict.fromkeys(pair.source for pair in pairs):
        mine = [pair for pair in pairs if pair.source == source]
        claims = [pair for pair in mine if pair.task == "claim"]
        if claims:
            out[source] = _claims(encoder, claims)
        if len(claims) < len(mine):
            out[f"{source} (ranking)"] = _questions(
                encoder, [pair for pair in mine if pair.task == "question"]
            )
    return out


def _claims(encoder: PairEncoder, pairs: Sequence[Pair]) -> dict[str, Any]:
    logits = encoder.claims([(pair.first, pair.second) for pair in pairs])[:, :3]
    gold = [LABELS[pair.label] for pair in pairs]
    known = sorted(set(gold), key=LABELS.index)
    # A set without "refuted", say, does not ask for it.
    allowed = np.array([0.0 if label in known else -1e9 for label in LABELS])
    said = [LABELS[int(n)] for n in (logits + allowed).argmax(1)]
    score = logits[:, 0] - np.logaddexp(logits[:, 1], logits[:, 2])
    return {
        "pairs": len(pairs),
        "macro_f1": round(macro_f1(gold, said), 3),
        "auroc_supported": round(auroc(score.tolist(), [g == "supported" for g in gold]), 3),
    }


def _questions(encoder: PairEncoder, pairs: Sequence[Pair]) -> dict[str, Any]:
    logits = encoder.relevance([(pair.first, pair.second) for pair in pairs])
    best: dict[str, tuple[float, int]] = {}
    for pair, logit in zip(pairs, logits.tolist(), strict=True):
        best[pair.group] = max(best.get(pair.group, (-1e9, 0)), (logit, pair.label))
    right = sum(label for _, label in best.values()) / len(best)
    return {"questions": len(best), "first_is_relevant": round(right, 3)}
