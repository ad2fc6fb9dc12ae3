"""How the bare heads do on development pairs, without rules and combiner around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from medrag.evaluate.measures import auroc, macro_f1
from medrag.models.pair_input import MAX_TOKENS, PairTokenizer
from training.batches import Item, collate, encode
from training.fit import accelerator
from training.model import PairModel
from training.pairs import LABELS, Pair

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

_TOKENS = 16_384


class Scorer(Protocol):
    """What scores pairs as ``PairEncoder`` does."""

    def claims(self, pairs: Sequence[tuple[str, str]]) -> FloatArray: ...

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> FloatArray: ...


class StateScorer:
    """A state of the network itself, before it is exported."""

    def __init__(self, state: Path, base: Path, tokenizer: PairTokenizer) -> None:
        self._device = accelerator() or torch.device("cpu")
        self._tokenizer = tokenizer
        self._model = PairModel(base, attention="sdpa").to(self._device).eval()
        self._model.load_state_dict(torch.load(state, map_location="cpu", weights_only=True))

    def claims(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """As ``PairEncoder.claims``: (n, 4)."""
        made = [
            Pair("claim", one, other, 0, "", "", str(i)) for i, (one, other) in enumerate(pairs)
        ]
        items = encode(made, self._tokenizer, MAX_TOKENS)
        out = np.zeros((len(items), 4), np.float32)
        for batch in _in_order(items):
            inputs = collate([items[row] for row in batch]).to(self._device).inputs
            with torch.no_grad(), torch.autocast(self._device.type, torch.bfloat16):
                scores = torch.cat(self._model(*inputs), dim=1)
            out[batch] = scores.float().cpu().numpy()
        return out

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """As ``PairEncoder.relevance``: (n,)."""
        return self.claims(pairs)[:, 3]


def _in_order(items: Sequence[Item]) -> list[list[int]]:
    """The places of all items, in batches of like length."""
    order = sorted(range(len(items)), key=lambda row: len(items[row].ids))
    size = _TOKENS // MAX_TOKENS
    return [order[start : start + size] for start in range(0, len(order), size)]


def measure(encoder: Scorer, pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
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


def _claims(encoder: Scorer, pairs: Sequence[Pair]) -> dict[str, Any]:
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


def _questions(encoder: Scorer, pairs: Sequence[Pair]) -> dict[str, Any]:
    logits = encoder.relevance([(pair.first, pair.second) for pair in pairs])
    best: dict[str, tuple[float, int]] = {}
    for pair, logit in zip(pairs, logits.tolist(), strict=True):
        best[pair.group] = max(best.get(pair.group, (-1e9, 0)), (logit, pair.label))
    right = sum(label for _, label in best.values()) / len(best)
    return {"questions": len(best), "first_is_relevant": round(right, 3)}
