"""The step of a scale that a value falls into: "Glucose 12.1 to 16.0 mmol/L: 4 units/hour", and
the rows of a table by INR, kidney function or weight.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from medrag.patterns import Pattern
from medrag.text import CELL_GAP, is_row

_NUMBER = r"(?<![A-Za-z\d.,/])(\d{1,5}(?:\.\d{1,3})?)(?![\d/])"
_BETWEEN = Pattern(rf"{_NUMBER}[^\d:]{{0,12}}?(?: to | and | ?[-\u2013] ?){_NUMBER}")
_BELOW = Pattern(rf"(?:below|under|less than|lower than|<) ?{_NUMBER}", re.I)
_UP_TO = Pattern(
    rf"(?:up to|at most|(?:not|no) (?:more than|above|over)|[\u2264]) ?{_NUMBER}"
    rf"|{_NUMBER}[^\d:]{{0,20}}\b(?:or|and) (?:less|below|under|lower)",
    re.I,
)
_ABOVE = Pattern(rf"(?:above|over|more than|greater than|higher than|>) ?{_NUMBER}", re.I)
_FROM = Pattern(
    rf"(?:at least|from|(?:not|no) (?:less than|below|under)|[\u2265]) ?{_NUMBER}"
    rf"|{_NUMBER}[^\d:]{{0,20}}\b(?:or|and) (?:more|above|over|higher)",
    re.I,
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

_NAMES = (
    r"INRs?\b", r"e?GFR\b", r"(?:CrCl|ClCr|CCr|creatinine clearance)\b", r"(?:potassium\b|K\+)",
    r"(?:sodium\b|Na\+)", r"(?:glucose|CBG|BM|blood sugar)\b", r"lactate\b", r"ketones?\b",
    r"(?:platelets?|plt)\b", r"(?:Hb|ha?emoglobin)\b", r"GCS\b", r"NEWS2?\b", r"phosphate\b",
    r"(?:SpO2|sats|saturations?)\b", r"(?:body )?weigh(?:t|s|ing)\b",
)  # fmt: skip
# How each quantity is named, and given with a value.
_QUANTITIES = tuple(
    (
        Pattern(rf"\b(?:{name})", re.I),
        Pattern(rf"\b(?:{name})(?:[^\d.?!]{{0,24}}?){_NUMBER}", re.I),
    )
    for name in _NAMES
)
_CONDITION = 32  # characters that may belong to a condition
_WEIGHT = len(_QUANTITIES) - 1
_KILOGRAMS = Pattern(rf"{_NUMBER} ?-?(?:kg|kilos?|kilograms?)\b(?!/)", re.I)


def step_for(question: str, steps: Sequence[str]) -> int | None:
    """Which of the ``steps`` (the condition of each before its colon) holds the one number of the
    question that is a value; None where none does, or more than one."""
    values = {float(match[1]) for match in _VALUE.finditer(question)}
    if len(values) != 1 or _in_other_units(question, steps):
        return None
    found = [place for place, step in enumerate(steps) if _holds(step, *values)]
    return found[0] if len(found) == 1 else None


def for_another_value(question: str, lines: Sequence[str]) -> frozenset[int]:
    """Which of the ``lines`` (of one table or list) are for another value of what the question
    gives a value of: "INR 7.2" is not for the row of 3 to 5. None, where no line holds the value.
    """
    asked = _values_in(question)
    if not asked or _in_other_units(question, lines):
        return frozenset()
    held = [_is_for(asked, line) for line in lines]
    if True not in held:
        return frozenset()
    return frozenset(place for place, is_held in enumerate(held) if is_held is False)


def _values_in(question: str) -> dict[int, float]:
    """The value of each quantity that a question gives one value of."""
    found: dict[int, set[float]] = {}
    for place, (_, said) in enumerate(_QUANTITIES):
        found[place] = {float(match[1]) for match in said.finditer(question)}
    found[_WEIGHT] |= {float(match[1]) for match in _KILOGRAMS.finditer(question)}
    return {place: values.pop() for place, values in found.items() if len(values) == 1}


def _is_for(asked: Mapping[int, float], line: str) -> bool | None:
    """Whether the conditions of a line hold the values; None where it has none on them."""
    cells = line.split(CELL_GAP) if is_row(line) else [line]
    conditions = [
        (value, _condition(_QUANTITIES[place][0], cell))
        for place, value in asked.items()
        for cell in cells
    ]
    spans = [(value, _span(condition)) for value, condition in conditions]
    held = [span[0] <= value <= span[1] for value, span in spans if span is not None]
    return all(held) if held else None


def _condition(name: Pattern, cell: str) -> str:
    """What a cell or an item says right behind the ``name`` of a quantity: "INR 5 to 8: withhold",
    "INR: 5 to 8", "Result: INR 5 to 8"."""
    head, _, said = cell.partition(":")
    if (named := name.search(head)) is not None:
        behind = head[named.end() :][:_CONDITION]
        return behind if _span(behind) else said[:_CONDITION]
    named = name.match(said.strip())
    return said.strip()[named.end() :][:_CONDITION] if named else ""


def _in_other_units(question: str, steps: Sequence[str]) -> bool:
    """Whether the question's value has a unit and the steps have none of it: 250 mg/dL of glucose
    is not "above 20" where that means mmol/L."""
    asked = {match[1].lower() for match in _IN_UNIT.finditer(question)}
    heads = " ".join(step.partition(":")[0] for step in steps)
    told = {match[1].lower() for match in _ANY_UNIT.finditer(heads)}
    return bool(asked) and (not told or asked.isdisjoint(told))


def _holds(step: str, value: float) -> bool:
    condition, colon, _ = step.partition(":")
    span = _span(condition) if colon else None
    return span is not None and span[0] <= value <= span[1]


def _span(condition: str) -> tuple[float, float] | None:
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
