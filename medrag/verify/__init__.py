"""Checks every sentence of an answer against the source it cites.

``split_claims`` cuts an answer, ``verify_claims`` judges each sentence against its sources with
any ``protocols.Judge``; ``RuleJudge`` is the judge that needs no weights. ``objections`` is the
stricter look at what a language model composed.
"""

from __future__ import annotations

from medrag.verify.claims import bare, line_claims, split_claims
from medrag.verify.compare import compare
from medrag.verify.judge import RuleJudge, Thresholds, problems_of
from medrag.verify.problem import Problem
from medrag.verify.quantities import Quantity, parse
from medrag.verify.strict import objections
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
    "objections",
    "parse",
    "problems_of",
    "split_claims",
    "verify_claims",
]
