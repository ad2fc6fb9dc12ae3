"""The step of a scale that a value falls into: "Glucose 12.1 to 16.0 mmol/L: 4 units/hour"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from medrag.patterns import Pattern

_NUMBER = r"(\d+(?:\.\d+)?)"
_BETWEEN = Pattern(rf"{_NUMBER}\D{{0,12}}?(?: to | and | ?[-\u2013] ?){_NUMBER}")
_BELOW = Pattern(rf"(?:below|under|less than|lower than|<) ?{_NUMBER}", re.I)
_ABOVE = Pattern(
    rf"(?:above|over|more than|greater than|higher than|at least|from|[>\u2265]) ?{_NUMBER}"
    rf"|{_NUMBER}[^\d:]{{0,20}}\bor (?:more|above|over|higher)",
    re.I,
)
_VALUE = Pattern(r"(?<![\w.])(\d+(?:\.\d+)?)(?![\w.]*\d)")


def step_for(question: str, steps: Sequence[str]) -> int | None:
    """Which of the ``steps`` (the condition of each before its colon) holds a number of the
    question; None where none does, or more than one."""
    values = [float(match[1]) for match in _VALUE.finditer(question)]
    found = [place for place, step in enumerate(steps) if _holds(step, values)]
    return found[0] if len(found) == 1 else None


def _holds(step: str, values: Sequence[float]) -> bool:
    condition, colon, _ = step.partition(":")
    span = _span(condition) if colon else None
    return span is not None and any(span[0] <= value <= span[1] for value in values)


def _span(condition: str) -> tuple[float, float] | None:
    if match := _BETWEEN.search(condition):
        return float(match[1]), float(match[2])
    if match := _BELOW.search(condition):
        return -math.inf, math.nextafter(float(match[1]), -math.inf)
    if match := _ABOVE.search(condition):
        return float(match[1] or match[2]), math.inf
    return None
