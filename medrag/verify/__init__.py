"""Checks every sentence of an answer against the source it cites.

``split_claims`` cuts an answer, ``verify_claims`` judges each sentence against its sources with
any ``types.Judge``; ``RuleJudge`` is the judge that needs no weights.
"""

from __future__ import annotations

from medrag.verify.claims import bare, line_claims, split_claims
from medrag.verify.compare import Problem, compare
from medrag.verify.judge import RuleJudge, Thresholds
from medrag.verify.quantities import Quantity, parse
from medrag.verify.support import coverage
from medrag.verify.verdicts import verify_claims

__all__ = [
    "Problem",
    "Quantity",
    "RuleJudge",
    "Thresholds",
    "bare",
    "compare",
    "coverage",
    "line_claims",
    "parse",
    "split_claims",
    "verify_claims",
]
