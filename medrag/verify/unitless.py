"""A reading of the laboratory or the bedside that is given without its unit: "eGFR below 30".

Clinicians leave the unit of a few readings out, since each has one usual unit where they work. Only
those are here, only where name and number stand together in both texts, and nothing else near by is
read: whatever is not plainly the same reading needs its unit.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from medrag.patterns import Pattern
from medrag.verify.quantity import Quantity
from medrag.verify.reading import Reading, Slot

_LEVEL = r"(?: level| concentration)?"
_ROWS = (
    ("gfr", "e?gfr|crcl|creatinine clearance", "volume|time volume|1.73m2|time"),
    ("potassium", f"potassium{_LEVEL}", "substance|volume equivalent|volume"),
    ("sodium", f"(?:serum|plasma) sodium{_LEVEL}", "substance|volume equivalent|volume"),
    ("glucose", f"glucose{_LEVEL}", "substance|volume mass|volume"),
    ("haemoglobin", f"ha?emoglobin{_LEVEL}", "mass|volume"),
    ("lactate", f"lactate{_LEVEL}", "substance|volume"),
    ("bmi", "bmi|body mass index", "mass|area"),
    ("temperature", "temperature", "temperature"),
    ("pulse", "pulse|heart rate", "beat"),
)
# For each reading how it is named, with what links it to its number, and its dimensions.
_READINGS = {
    name: (
        Pattern(rf"\b(?:{words})(?P<link>[^A-Za-z0-9]*(?:[A-Za-z]+[ ]+){{0,4}})$"),
        frozenset(dimensions.split()),
    )
    for name, words, dimensions in _ROWS
}
# What may stand between a name and its number; any other word, and the number may be of something
# else ("sodium is infused at 18", "potassium in 30 patients", "falls by 2").
_LINKS = frozenset(
    "is was are of a an the has have been falls fell fallen drops dropped to exceeds remains stays"
    " below above under over less more lower higher greater than level".split()
)
# "Below an eGFR of 30": the bound stands before the name.
_BOUND = Pattern(
    r"(?:^|(?P<word>[a-z]+)[ ])(?:(?P<low>below|under)|(?P<high>above|over))[ ](?:an?[ ]|the[ ])?$"
)
_NOT_BEFORE_BOUND = frozenset({"or", "not", "no", "never", "nor"})
_AFTER = Pattern(r"\s*(?:[.,;:)]|$)")
_BEFORE = 80


def read_without_unit(slot: Slot, mine: Reading, theirs: Reading) -> bool:
    """Whether the claim's bare number is a reading by name, and the evidence gives that reading as
    that number, bounded alike, and as no other."""
    own = next((q for q in mine.quantities if (q.start, q.end) == (slot.start, slot.end)), None)
    if own is None or own.group or own.name or not _AFTER.match(mine.text, own.end):
        return False
    for name, (_, dimensions) in _READINGS.items():
        start = _named(name, mine.text, own)
        if start is None:
            continue
        bounded = _bounded(own, mine.text[:start].lower())
        given = [q for q in theirs.quantities if _named(name, theirs.text, q) is not None]
        return (
            bounded is not None
            and bool(given)
            and all(q.group in dimensions and _is(bounded, q) for q in given)
        )
    return False


def _named(name: str, text: str, quantity: Quantity) -> int | None:
    """Where the name stands that this quantity is a reading of; None if it is none of it."""
    begin = max(0, quantity.start - _BEFORE)
    match = _READINGS[name][0].search(text[begin : quantity.start].lower())
    if match is None or not all(word in _LINKS for word in match["link"].split()):
        return None
    if any(sign in match["link"] for sign in ".;"):
        return None
    return begin + match.start()


def _bounded(own: Quantity, before: str) -> Quantity | None:
    """The number with the bound that stands before its name, if there is one; None where that
    cannot be told."""
    bound = _BOUND.search(before[-_BEFORE:])
    if bound is None:
        return own
    if own.low != own.high or bound["word"] in _NOT_BEFORE_BOUND:
        return None
    low, high = (None, own.high) if bound["low"] else (own.low, None)
    return replace(own, low=low, high=high, inclusive_low=False, inclusive_high=False)


def _is(own: Quantity, other: Quantity) -> bool:
    def scaled(number: Fraction | None) -> Fraction | None:
        return None if number is None else number * other.unit.factor + other.unit.offset

    return (scaled(own.low), scaled(own.high), own.inclusive_low, own.inclusive_high) == (
        other.low, other.high, other.inclusive_low, other.inclusive_high,
    )  # fmt: skip
