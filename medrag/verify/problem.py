"""What a rule can find between a claim and its evidence, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal[
    "quantity_missing", "quantity_differs", "comparator_differs", "identifier_missing",
    "identifier_differs", "negation", "opposite", "route_differs", "route_missing",
    "population_differs", "population_missing", "swapped", "misbound", "change_differs",
    "conjunction_differs", "quantifier_differs", "modality_differs", "cause_differs",
    "exception_differs", "condition_differs", "condition_dropped", "context_dropped",
    "term_missing", "drug_missing", "order_differs", "words_missing", "empty", "unchecked",
]  # fmt: skip
CONTRADICTING = frozenset(
    {"quantity_differs", "comparator_differs", "identifier_differs", "negation", "opposite",
     "route_differs", "population_differs", "swapped", "misbound", "change_differs",
     "exception_differs", "condition_differs"}
)  # fmt: skip
SOFT_KINDS = frozenset(
    {"term_missing", "order_differs", "words_missing", "cause_differs", "modality_differs",
     "condition_dropped", "conjunction_differs"}
)  # fmt: skip
"""Kinds that another judge may overrule: a paraphrase can look like one of these."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule found, and how to say it to a clinician. ``weak`` where it was found in
    sentences that share too few words with the claim to be about the same thing."""

    kind: ProblemKind
    message: str
    weak: bool = False

    @property
    def contradicts(self) -> bool:
        """Whether the source says otherwise, rather than saying too little."""
        return self.kind in CONTRADICTING

    @property
    def hard(self) -> bool:
        """Whether it alone forbids "supported", whatever a model says."""
        return not self.weak and self.kind not in SOFT_KINDS
