"""Rows that name the columns of a table by the steps of a scale: ages, weights, ranges of a value.

"Age | 1-5 years | 6-11 years" is such a row. "Amoxicillin | 500 mg | three times a day" is data,
and would make every row below it say something false, were it taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

_BEGINS_WITH_NUMBER = re.compile(r"[<>≥≤~]?\s*\d")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_SIGNS = re.compile(r"[<>≥≤~=+–—-]")
_WORD = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)*")
# What stands between and around the numbers of a step.
_AROUND = frozenset(
    "to and or under over below above up from less than more of old older younger age aged at"
    " least most year's".split()
)
# The units of what columns are sorted by; those in which drugs are given are none of them.
_UNITS = {
    **dict.fromkeys("day days week weeks month months mo mth year years yr yrs y".split(), "age"),
    **dict.fromkeys("hour hours h hr hrs".split(), "hours"),
    **dict.fromkeys("kg kilogram kilograms".split(), "weight"),
    **dict.fromkeys("ml/min mmol/l umol/l µmol/l μmol/l mg/dl".split(), "level"),
}  # fmt: skip
_SURFACE = re.compile(r"(?:/| per )1[.,]73 ?m[2²]", re.I)
_LEAST_COLUMNS = 3


def begins_with_number(text: str) -> bool:
    """Whether a cell begins with a number, as values do, and steps of a scale."""
    return _BEGINS_WITH_NUMBER.match(text) is not None


def is_scale(first: Sequence[str], body: Sequence[Sequence[str]], bold: bool) -> bool:
    """Whether a row with numbers names the columns of ``body``.

    It does where the numbers are steps of one scale, each of another column, and nothing below
    them is of their kind. In a row that is ``bold`` one of the two will do.
    """
    if len(first) < _LEAST_COLUMNS or begins_with_number(first[0]):
        return False
    numbered = [i for i, text in enumerate(first) if begins_with_number(text)]
    others = sum(map(bool, first[1:])) - len(numbered)
    if len(numbered) < 2 or others > len(numbered):
        return False
    steps = [first[i] for i in numbered]
    below = [row[i] for row in body for i in numbered if i < len(row) and row[i]]
    if bold:
        return _one_scale(steps) or not any(map(begins_with_number, below))
    kinds = {_kind(text) for text in steps}
    return _one_scale(steps) and not any(_kind(text) in kinds for text in below)


def _one_scale(steps: Sequence[str]) -> bool:
    kinds = [_kind(text) for text in steps]
    # A level that is no range is a value that was measured.
    if None in kinds or ("level", False) in kinds:
        return False
    units = {unit for unit, _ in filter(None, kinds)} - {""}
    single = [float(text) for text, kind in zip(steps, kinds, strict=True) if kind == ("", False)]
    # Numbers without a unit are a scale where they count on: the points of a score.
    counts = len(single) >= 3 and all(b - a == single[1] - single[0] for a, b in pairwise(single))
    return len(units) <= 1 and (not single or (counts and len(single) == len(steps)))


def _kind(text: str) -> tuple[str, bool] | None:
    """Of what a cell is a step: the kind of its unit ("" for none), and whether it is a range or
    a bound; None where it is no step."""
    plain = _SURFACE.sub("", text.lower())
    found = _NUMBER.findall(plain)
    said = set(_words(plain))
    units = {_UNITS[word] for word in said if word in _UNITS}
    left = re.sub(r"[\s().,/']", "", _WORD.sub("", _SIGNS.sub("", _NUMBER.sub("", plain))))
    if not found or len(found) > 2 or len(units) > 1 or left or said - _UNITS.keys() - _AROUND:
        return None
    wide = len(found) > 1 or bool(_SIGNS.search(plain)) or bool(said & _AROUND - {"old", "age"})
    return (next(iter(units), ""), wide)


def _words(text: str) -> Iterator[str]:
    return (match.group() for match in _WORD.finditer(text))
