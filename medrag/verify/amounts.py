"""A number with its unit, the range that it opens, and the comparator beside it."""

from __future__ import annotations

import re
from fractions import Fraction

from medrag.patterns import Pattern
from medrag.verify.comparators import bound_of
from medrag.verify.numbers import NUMBER, UNSCALED, scale, value
from medrag.verify.quantity import Quantity
from medrag.verify.units import COUNT, Unit, read_unit

_SEPARATOR = r"(?:[ \t]?[-–—−~][ \t]?|[ \t]to[ \t](?:about[ \t])?|[ \t]through[ \t])"
SIGNED = Pattern(rf"(?P<sign>(?<![0-9A-Za-z)\]])[-−–](?=[0-9.]))?(?P<n>{NUMBER})", re.I)
_NEXT = Pattern(rf"{_SEPARATOR}(?P<n>{NUMBER})", re.I)
_AND = Pattern(rf"[ \t](?:and|to)[ \t](?P<n>{NUMBER})", re.I)
_PLUS_MINUS = Pattern(rf"[ \t]?(?:±|\+/-)[ \t]?(?P<n>{NUMBER})", re.I)
_ARTICLE = Pattern(r"[ \t](?:of[ \t])?an?(?=[ \t])", re.I)
_BETWEEN = Pattern(r"\bbetween[ \t]+$", re.I)
_AGED = Pattern(
    r"\b(?:age[ds]?|age of)(?: (?:of|between|under|over|about|from|≥|>|<|≤))*[ \t]?$", re.I
)
_OLD = Pattern(r"[ -](?:of age|old|older|and older|or older|younger)\b", re.I)
_BLANKS = (" ", "\t")
_BEFORE_NEXT = (*_BLANKS, *"-–—−~")
_KINDS = {
    "percent": "percent", "time": "duration", "month": "duration", "": "count",
    "temperature": "amount",
}  # fmt: skip


def made(
    text: str, low: Fraction, high: Fraction, unit: Unit, kind: str, span: tuple[int, int]
) -> Quantity:
    """A quantity (``span`` of ``text``) with the comparator that stands before or after it."""
    bound = bound_of(text, span[0], span[1], unit.dimension)
    start, end = bound.start, bound.end
    return Quantity(
        low=None if bound.open_low else low,
        high=None if bound.open_high else high,
        inclusive_low=bound.inclusive,
        inclusive_high=bound.inclusive,
        unit=unit,
        per=unit.per,
        kind=kind,
        comparator=bound.sign,
        start=start,
        end=end,
        text=text[start:end],
    )


def amount_at(text: str, match: re.Match[str], taken: bytearray) -> tuple[Quantity | None, int]:
    """A number, or the range that it opens, with unit and comparator."""
    low, after = _valued(text, match["n"], match.end(), bool(match["sign"]))
    if match["n"].lower() == "half":
        article = _ARTICLE.match(text, after)
        after = article.end() if article else after
    unit, end = read_unit(text, after)
    ahead = text[end : end + 2]
    second = _NEXT.match(text, end) if ahead[:1] in _BEFORE_NEXT else None
    if second is None and ahead[:1] in _BLANKS and _is_between(text, match.start()):
        second = _AND.match(text, end)
    spread = _PLUS_MINUS.match(text, end) if "±" in ahead or "+" in ahead else None
    high = low
    if spread:
        margin, after = _valued(text, spread["n"], spread.end(), False)
        other, end = read_unit(text, after)
        unit = unit if unit != COUNT else other
        low, high = low - margin, low + margin
    elif second and is_free(taken, second.start("n"), second.end("n")):
        top, after = _valued(text, second["n"], second.end(), False)
        other, stop = read_unit(text, after)
        if unit == COUNT or other == COUNT or other.dimension == unit.dimension:
            return _ranged(text, match.start(), (low, unit), (top, other), stop)
    word = match["n"].lower()
    if unit == COUNT and word in {"one", "half", "zero"}:
        return None, end  # "one of them": a pronoun far more often than a count
    if unit == COUNT:
        unit = _aged(text, match.start())
    return made(
        text,
        *_based(low, high, unit),
        unit,
        _kind(text, match.start(), end, unit),
        (match.start(), end),
    ), end


def _is_between(text: str, start: int) -> bool:
    blank = text[start - 1 : start] in _BLANKS
    return blank and _BETWEEN.search(text, max(0, start - 12), start) is not None


def _ranged(
    text: str, start: int, first: tuple[Fraction, Unit], last: tuple[Fraction, Unit], end: int
) -> tuple[Quantity, int]:
    low_unit = last[1] if first[1] == COUNT else first[1]
    high_unit = first[1] if last[1] == COUNT else last[1]
    low = first[0] * low_unit.factor + low_unit.offset
    high = last[0] * high_unit.factor + high_unit.offset
    if low > high:
        low, high = high, low
    unit = high_unit
    if unit == COUNT:
        unit = _aged(text, start)
        low, high = low * unit.factor, high * unit.factor
    return made(text, low, high, unit, _kind(text, start, end, unit), (start, end)), end


def _valued(text: str, number: str, end: int, negative: bool) -> tuple[Fraction, int]:
    multiplier, end = scale(text, end)
    exact = value(number) if multiplier is UNSCALED else value(number) * multiplier
    return (-exact if negative else exact), end


def _based(low: Fraction, high: Fraction, unit: Unit) -> tuple[Fraction, Fraction]:
    if unit is COUNT:
        return low, high
    based = low * unit.factor + unit.offset
    return based, based if high == low else high * unit.factor + unit.offset


def _is_age(text: str, start: int) -> bool:
    begin = max(0, start - 24)
    return "age" in text[begin:start].lower() and bool(_AGED.search(text, begin, start))


def _aged(text: str, start: int) -> Unit:
    """Years, where "aged 12" leaves them out."""
    if _is_age(text, start):
        return Unit("month", Fraction(12))
    return COUNT


def _kind(text: str, start: int, end: int, unit: Unit) -> str:
    if unit.dimension in {"time", "month"} and not unit.per:
        if _OLD.match(text, end) or _is_age(text, start):
            return "age"
        return "duration"
    if unit.per:
        return "rate"
    return _KINDS.get(unit.dimension, "amount")


def is_free(taken: bytearray, start: int, end: int) -> bool:
    """Whether nothing has been read yet between two places."""
    return taken.find(1, start, end) < 0
