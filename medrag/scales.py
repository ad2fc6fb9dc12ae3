"""The step of a scale that a value falls into: "Glucose 12.1 to 16.0 mmol/L: 4 units/hour"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from medrag.patterns import Pattern

_NUMBER = r"(?<![A-Za-z\d.,/])(\d{1,5}(?:\.\d{1,3})?)(?![\d/])"
_BETWEEN = Pattern(rf"{_NUMBER}[^\d:]{{0,12}}?(?: to | and | ?[-\u2013] ?){_NUMBER}")
_BELOW = Pattern(rf"(?:below|under|less than|lower than|<) ?{_NUMBER}", re.I)
_UP_TO = Pattern(
    rf"(?:up to|at most|(?:not|no) (?:more than|above|over)|[\u2264]) ?{_NUMBER}"
    rf"|{_NUMBER}[^\d:]{{0,20}}\bor (?:less|below|under|lower)",
    re.I,
)
_ABOVE = Pattern(rf"(?:above|over|more than|greater than|higher than|>) ?{_NUMBER}", re.I)
_FROM = Pattern(
    rf"(?:at least|from|(?:not|no) (?:less than|below|under)|[\u2265]) ?{_NUMBER}"
    rf"|{_NUMBER}[^\d:]{{0,20}}\bor (?:more|above|over|higher)",
    re.I,
)
_WRITTEN = (
    (Pattern(r">=|=>"), "\u2265"),
    (Pattern(r"<=|=<"), "\u2264"),
    (Pattern(r"(?<=\d)\+"), " or more"),
    (Pattern(r"\bexceed(?:s|ed|ing)?\b", re.I), "above"),
    (Pattern(r"(?<=\d) and (?=(?:above|over|under|below|more|less)\b)", re.I), " or "),
)
# A weight, an age, a time, a dose or the number of a type is no value on a scale.
_VALUE = Pattern(
    rf"(?<!type )(?<!stage )(?<!grade )(?<!step )(?<!day )(?<!CKD ){_NUMBER}"
    r"(?! ?-?(?:kg|kilo|years?|yrs?|yo\b|y/o|months?|weeks?|days?|hours?|hrs?|h\b|minutes?|mins?|"
    r"(?:mg|g|micrograms?|mcg|mL)\b(?!/)|milligrams?|tablets?|units?|%))",
    re.I,
)
_UNIT = r" ?((?:mmol|[µμ]mol|micromol|mg|g|mEq|units?|IU)/(?:d?L|mol)|mmHg|kPa|bpm|%)"
_IN_UNIT = Pattern(rf"\d{_UNIT}", re.I)
_ANY_UNIT = Pattern(_UNIT.removeprefix(" ?"), re.I)


def step_for(question: str, steps: Sequence[str]) -> int | None:
    """Which of the ``steps`` (the condition of each before its colon) holds the one number of the
    question that is a value, or all that the question says of it ("above 24"); None where none
    does, or more than one."""
    asked = _asked(question)
    if asked is None or _in_other_units(question, steps):
        return None
    found = [place for place, step in enumerate(steps) if _holds(step, asked)]
    return found[0] if len(found) == 1 else None


def _asked(question: str) -> tuple[float, float] | None:
    """From where to where the question's value may be; None where it has none, or several."""
    values = {float(match[1]) for match in _VALUE.finditer(question)}
    span = _span(question)
    bounds = [bound for bound in span or () if math.isfinite(bound)]
    near = {v for v in values for b in bounds if math.isclose(v, b, rel_tol=1e-9, abs_tol=1e-9)}
    if span is not None and values and near == values and len(bounds) == len(values):
        return span
    return (min(values), min(values)) if len(values) == 1 and not near else None


def _in_other_units(question: str, steps: Sequence[str]) -> bool:
    """Whether the question's value has a unit and the steps have none of it: 250 mg/dL of glucose
    is not "above 20" where that means mmol/L."""
    asked = {match[1].lower() for match in _IN_UNIT.finditer(question)}
    heads = " ".join(step.partition(":")[0] for step in steps)
    told = {match[1].lower() for match in _ANY_UNIT.finditer(heads)}
    return bool(asked) and (not told or asked.isdisjoint(told))


def _holds(step: str, asked: tuple[float, float]) -> bool:
    condition, colon, _ = step.partition(":")
    span = _span(condition) if colon else None
    return span is not None and span[0] <= asked[0] and asked[1] <= span[1]


def _span(condition: str) -> tuple[float, float] | None:
    for pattern, plain in _WRITTEN:
        condition = pattern.sub(plain, condition)
    if match := _BETWEEN.search(condition):
        return float(match[1]), float(match[2])
    if match := _UP_TO.search(condition):
        return -math.inf, float(match[1] or match[2])
    if match := _FROM.search(condition):
        return float(match[1] or match[2]), math.inf
    if match := _BELOW.search(condition):
        return -math.inf, math.nextafter(float(match[1]), -math.inf)
    if match := _ABOVE.search(condition):
        return math.nextafter(float(match[1]), math.inf), math.inf
    return None
