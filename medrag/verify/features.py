"""What the combiner knows of one claim and its source: the encoder's and the rules' findings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medrag.verify.problem import Problem

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

Features = Mapping[str, float]

QUANTITY = frozenset({"quantity_missing", "quantity_differs", "comparator_differs"})
"""The problems of a claim that gives a quantity which its source does not give."""
_IDENTIFIER = frozenset({"identifier_missing", "identifier_differs"})
_NEGATION = frozenset({"negation"})
_SCOPE = frozenset(
    {"route_differs", "route_missing", "population_differs", "population_missing",
     "condition_differs", "condition_dropped", "context_dropped", "exception_differs",
     "quantifier_differs", "modality_differs", "conjunction_differs"}
)  # fmt: skip
_TURNED = frozenset({"opposite", "swapped", "misbound", "change_differs", "cause_differs"})
_WORDS = frozenset({"term_missing", "words_missing", "order_differs"})
_FARTHEST = 8.0  # log odds beyond this are no surer, only louder

ENCODER = (
    "first_supported", "first_neutral", "first_refuted",
    "most_supported", "least_neutral", "most_refuted", "relevant",
)  # fmt: skip
"""Log odds of each class, of the first extract and over all of them; and the greatest logit that
an extract is about what the claim is about, 0 where the encoder has none."""
RULES = (
    "coverage", "order", "missing", "quantity", "quantity_near", "identifier", "negation",
    "turned", "scope", "others", "hard_near", "contradicted", "rules_supported",
)  # fmt: skip
"""What words and rules found in the sentences that fit best."""
LENGTHS = ("claim_words", "evidence_words")
"""Logarithms of the numbers of words."""
NAMES = ENCODER + RULES + LENGTHS


@dataclass(frozen=True, slots=True)
class Found:
    """What the rules say: ``coverage`` and ``order`` (0..1) of the claim's words in what they
    looked at, how many words it lacks, all that keeps them from calling the claim supported
    (``RuleJudge.problems``), and the label of their verdict."""

    coverage: float
    order: float
    missing: int
    problems: tuple[Problem, ...]
    label: str

    @property
    def hard(self) -> tuple[Problem, ...]:
        """The problems that no model may overrule."""
        return tuple(problem for problem in self.problems if problem.hard)

    def has(self, kinds: frozenset[str]) -> bool:
        """Whether a problem of one of these kinds was found."""
        return any(problem.kind in kinds for problem in self.problems)


def log_odds(logits: FloatArray) -> FloatArray:
    """Log odds of each class against the others together, shape as the logits (n, 3), cut at 8."""
    import numpy as np

    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted.astype(np.float64))
    shares = powers / powers.sum(axis=1, keepdims=True)
    rest = np.clip(1.0 - shares, 1e-12, None)
    odds = np.log(np.clip(shares, 1e-12, None)) - np.log(rest)
    result: FloatArray = np.clip(odds, -_FARTHEST, _FARTHEST).astype(np.float32)
    return result


def encoder_features(odds: Sequence[Sequence[float]], about: Sequence[float]) -> Features:
    """Of the log odds (k, 3) of all extracts, the best first, and how much each is ``about`` it."""
    values = (
        *odds[0],
        max(row[0] for row in odds), min(row[1] for row in odds), max(row[2] for row in odds),
        max(-_FARTHEST, min(_FARTHEST, max(about))),
    )  # fmt: skip
    return {name: float(value) for name, value in zip(ENCODER, values, strict=True)}


def rule_features(found: Found) -> Features:
    """Of the rules' findings, each 0 or 1 unless it is a share or a logarithm."""
    quantity = float(found.has(QUANTITY))
    # One detail changed in a sentence that is otherwise there says more than one in another.
    near = max(0.0, 2.0 * found.coverage - 1.0)
    return {
        "coverage": found.coverage,
        "order": found.order,
        "missing": math.log1p(found.missing),
        "quantity": quantity,
        "quantity_near": quantity * near,
        "identifier": float(found.has(_IDENTIFIER)),
        "negation": float(found.has(_NEGATION)),
        "turned": float(found.has(_TURNED)),
        "scope": float(found.has(_SCOPE)),
        "others": math.log1p(len({p.kind for p in found.problems if p.kind not in _WORDS})),
        "hard_near": float(bool(found.hard)) * near,
        "contradicted": float(found.label == "contradicted"),
        "rules_supported": float(found.label == "supported"),
    }


def length_features(claim: str, evidence: str) -> Features:
    """Of the lengths alone."""
    return {
        "claim_words": math.log1p(len(claim.split())),
        "evidence_words": math.log1p(len(evidence.split())),
    }
