"""A reading of the laboratory or the bedside that is given without its unit: "eGFR below 30".

Clinicians leave these units out, since each such value has one usual unit where they work. Doses
they do not: a bare number is never taken for one.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from medrag.verify.patterns import Pattern, folded
from medrag.verify.quantity import Quantity
from medrag.verify.reading import Reading, Slot

_NAMES = (
    "gfr|crcl|clearance|creatinine|potassium|sodium|glucose|hba1c|ha?emoglobin|bmi|body mass index"
    "|inr|platelets?|neutrophils?|temperature|spo2|saturation|pulse|heart rate|respiratory rate"
    "|blood pressure|systolic|diastolic|ferritin|bilirubin|albumin|lactate|calcium|magnesium"
    "|phosphate|troponin|tsh|ldl|cholesterol|crp|urea|sugar"
)
# The name, then at most a few words that hold no number: "eGFR has fallen to below".
_NAMED = Pattern(rf"(?:{_NAMES})\b[^0-9.;]{{0,40}}$", hints=_NAMES.replace("a?", "").split("|"))
# "Below an eGFR of 30": the bound stands before the name.
_BOUND = Pattern(
    r"\b(?:(below|under|less than|lower than)|(above|over|more than|greater than|higher than))"
    r"[ ](?:an?[ ]|the[ ])?(?:[a-z0-9]+[ ]){1,3}of[ ]$"
)
_BEFORE = 70
_NOT_READINGS = frozenset({"", "mass", "volume", "time", "month", "unit", "percent", "fold"})
"""Dimensions in which doses, durations and shares are given: there the unit must be said."""


def read_without_unit(slot: Slot, mine: Reading, theirs: Reading) -> bool:
    """Whether the claim's bare number is a reading by name, and the evidence gives that number,
    bounded alike, in some unit of readings, and no other number in that unit."""
    if slot.group != "q:" or not isinstance(slot.value, tuple):
        return False
    before = folded(mine.text[max(0, slot.start - _BEFORE) : slot.start])
    if not _NAMED.search(before):
        return False
    own = next((q for q in mine.quantities if (q.start, q.end) == (slot.start, slot.end)), None)
    if own is None:
        return False
    own = _bounded(own, before)
    readings = [q for q in theirs.quantities if q.group not in _NOT_READINGS and not q.name]
    same = [q for q in readings if _is(own, q)]
    return bool(same) and all(q.key == same[0].key for q in readings if q.group == same[0].group)


def _bounded(own: Quantity, before: str) -> Quantity:
    """The number with the bound that stands before its name, if there is one."""
    bound = _BOUND.search(before) if own.low == own.high else None
    if bound is None:
        return own
    low, high = (None, own.high) if bound.group(1) else (own.low, None)
    return replace(own, low=low, high=high, inclusive_low=False, inclusive_high=False)


def _is(own: Quantity, other: Quantity) -> bool:
    def scaled(number: Fraction | None) -> Fraction | None:
        return None if number is None else number * other.unit.factor + other.unit.offset

    return (scaled(own.low), scaled(own.high), own.inclusive_low, own.inclusive_high) == (
        other.low, other.high, other.inclusive_low, other.inclusive_high,
    )  # fmt: skip
