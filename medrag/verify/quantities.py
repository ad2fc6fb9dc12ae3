"""The quantities of a sentence, in canonical form, so that 0.5 g and 500 mg are equal.

Exact arithmetic throughout: a dose that differs in the last digit differs.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from medrag.verify.comparators import bound_of
from medrag.verify.frequencies import find_frequencies
from medrag.verify.inherited import inherit_units
from medrag.verify.names import Name, find_dates, find_identifiers
from medrag.verify.numbers import NUMBER, scale, value
from medrag.verify.patterns import Pattern
from medrag.verify.quantity import Quantity
from medrag.verify.units import COUNT, Unit, read_unit

_SEPARATOR = r"(?:[ \t]?[-–—−~][ \t]?|[ \t]to[ \t](?:about[ \t])?|[ \t]through[ \t])"
_NUMBER = Pattern(rf"(?P<sign>(?<![0-9A-Za-z)\]])[-−–](?=[0-9.]))?(?P<n>{NUMBER})", re.I)
_NEXT = Pattern(rf"{_SEPARATOR}(?P<n>{NUMBER})", re.I)
_AND = Pattern(rf"[ \t](?:and|to)[ \t](?P<n>{NUMBER})", re.I)
_PLUS_MINUS = Pattern(rf"[ \t]?(?:±|\+/-)[ \t]?(?P<n>{NUMBER})", re.I)
_PRESSURE = Pattern(
    r"(?<![0-9./])(?P<a>[0-9]{2,3})[ ]?/[ ]?(?P<b>[0-9]{2,3})(?![0-9/.])(?P<u>[ ]?mm ?Hg)?"
)
_ONE_IN = Pattern(
    rf"({NUMBER})[ ](?:in|out of)[ ](?:every )?({NUMBER})(?![ ]?-?(?:hours?|days?|"
    r"weeks?|months?|years?|minutes?|mg|g|ml|%|h|min)\b)(?![.,]?[0-9])",
    re.I,
)
# The pattern above may open with any number, and is slow: most sentences have none of this.
_IN_NUMBER = Pattern(
    r" (?:in|out of) (?:every )?(?:[0-9]|one|two|three|four|five|six|seven|eight|nine|ten|eleven"
    r"|twel|thir|fif|twen|fort|an? (?:hund|thous|mill))",
    re.I,
)
_COLON = Pattern(r"(?<![0-9:.,])([0-9]+(?:,[0-9]{3})*):([0-9]+(?:[, ][0-9]{3})*)(?![0-9:])")
_REFERENCE = Pattern(r"\[[0-9][0-9,;\s–-]{0,40}\]")
_LIST_LABEL = Pattern(r"(?:^|(?<=\n))[ \t]*\(?[0-9]{1,3}[.)](?=[ \t])")
_ARTICLE = Pattern(r"[ \t](?:of[ \t])?an?(?=[ \t])", re.I)
_ONE_PERIOD = Pattern(
    r"\b(?:for|over|within|after|in|lasting|least|under|than) (?P<n>an?|one) "
    r"(?P<u>second|minute|hour|day|week|fortnight|month|year)\b(?! (?:or|to) )",
    re.I,
)
_PER_PERIOD = Pattern(
    r"\b(?:per|times (?:an?|each|every)) (?P<u>minute|hour|day|week|fortnight|month|year)\b", re.I
)
_BETWEEN = Pattern(r"\bbetween[ \t]+$", re.I)
_AGED = Pattern(
    r"\b(?:age[ds]?|age of)(?: (?:of|between|under|over|about|from|≥|>|<|≤))*[ \t]?$", re.I
)
_OLD = Pattern(r"[ -](?:of age|old|older|and older|or older|younger)\b", re.I)
_KINDS = {
    "percent": "percent", "time": "duration", "month": "duration", "": "count",
    "temperature": "amount",
}  # fmt: skip


@lru_cache(maxsize=8192)
def parse(text: str) -> tuple[Quantity, ...]:
    """Every quantity of ``text``, in order of its start."""
    taken = bytearray(len(text) + 1)
    for pattern in (_REFERENCE, _LIST_LABEL):
        for match in pattern.finditer(text):
            _take(taken, match.start(), match.end())
    found: list[Quantity] = []
    for name in find_dates(text):
        _add_name(found, taken, text, name)
    _add_frequencies(found, taken, text)
    for name in find_identifiers(text):
        _add_name(found, taken, text, name)
    _add_pressures(found, taken, text)
    _add_ratios(found, taken, text)
    _add_periods(found, taken, text)
    _add_numbers(found, taken, text)
    _add_rates(found, taken, text)
    found.sort(key=lambda q: (q.start, q.end))
    return tuple(inherit_units(found, text))


def _free(taken: bytearray, start: int, end: int) -> bool:
    return taken.find(1, start, end) < 0


def _take(taken: bytearray, start: int, end: int) -> None:
    taken[start:end] = b"\x01" * (end - start)


def _add_name(found: list[Quantity], taken: bytearray, text: str, name: Name) -> None:
    if not _free(taken, name.start, name.end):
        return
    _take(taken, name.start, name.end)
    span = text[name.start : name.end]
    found.append(
        Quantity(
            name.low,
            name.high,
            True,
            True,
            Unit(name.group),
            (),
            name.kind,
            "",
            name.start,
            name.end,
            span,
            name.name,
        )
    )


def _make(
    text: str, low: Fraction, high: Fraction, unit: Unit, kind: str, span: tuple[int, int]
) -> Quantity:
    """A quantity with the comparator that stands before or after it."""
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


def _add_frequencies(found: list[Quantity], taken: bytearray, text: str) -> None:
    for item in find_frequencies(text):
        if not _free(taken, item.start, item.end):
            continue
        _take(taken, item.start, item.end)
        unit = Unit("frequency", per=(item.per,))
        span = (item.start, item.end)
        # In "maximum daily dose" the maximum is of the dose, not of the days.
        if text[item.start : item.end].isalpha():
            word = text[item.start : item.end]
            found.append(
                Quantity(
                    item.low, item.high, True, True, unit, unit.per, "frequency", "", *span, word
                )
            )
            continue
        found.append(_make(text, item.low, item.high, unit, "frequency", span))


def _add_pressures(found: list[Quantity], taken: bytearray, text: str) -> None:
    for match in _PRESSURE.finditer(text):
        top, bottom = int(match["a"]), int(match["b"])
        if not (40 <= top <= 300 and 20 <= bottom < top) or not _free(taken, *match.span()):
            continue
        _take(taken, *match.span())
        for group, number in (("systolic", "a"), ("diastolic", "b")):
            exact = Fraction(match[number])
            made = _make(text, exact, exact, Unit(group), "ratio", match.span())
            found.append(made)


def _add_ratios(found: list[Quantity], taken: bytearray, text: str) -> None:
    for pattern in (_ONE_IN, _COLON):
        if pattern is _ONE_IN and not _IN_NUMBER.search(text):
            continue
        for match in pattern.finditer(text):
            top, bottom = value(match.group(1)), value(match.group(2))
            if bottom <= top or not _free(taken, *match.span()):
                continue
            _take(taken, *match.span())
            ratio = top / bottom
            found.append(_make(text, ratio, ratio, Unit("ratio"), "ratio", match.span()))


def _add_periods(found: list[Quantity], taken: bytearray, text: str) -> None:
    """ "Over a day" is over one day."""
    for match in _ONE_PERIOD.finditer(text):
        start, end = match.start("n"), match.end("u")
        if not _free(taken, start, end):
            continue
        _take(taken, start, end)
        unit, _ = read_unit(text, match.start("u"))
        found.append(_make(text, unit.factor, unit.factor, unit, "duration", (start, end)))


def _add_rates(found: list[Quantity], taken: bytearray, text: str) -> None:
    """ "Two drinks per week": what is counted is no unit that is known, but the week is."""
    for match in _PER_PERIOD.finditer(text):
        if not _free(taken, *match.span()):
            continue
        unit, _ = read_unit(text, match.start("u"))
        rate, per = 1 / unit.factor, ("month" if unit.dimension == "month" else "time",)
        made, said = Unit("frequency", per=per), (*match.span(), match.group())
        found.append(Quantity(rate, rate, True, True, made, per, "frequency", "", *said))


def _add_numbers(found: list[Quantity], taken: bytearray, text: str) -> None:
    position = 0
    while True:
        match = _NUMBER.search(text, position)
        if match is None:
            return
        position = match.end()
        if not _free(taken, match.start(), match.end()):
            continue
        made, end = _number(text, match, taken)
        if made is not None:
            found.append(made)
            position = max(position, end)
            _take(taken, match.start(), end)


def _number(text: str, match: re.Match[str], taken: bytearray) -> tuple[Quantity | None, int]:
    """A number, or the range that it opens, with unit and comparator."""
    low, after = _valued(text, match["n"], match.end(), bool(match["sign"]))
    if match["n"].lower() == "half":
        article = _ARTICLE.match(text, after)
        after = article.end() if article else after
    unit, end = read_unit(text, after)
    between = _BETWEEN.search(text, max(0, match.start() - 12), match.start())
    second = _NEXT.match(text, end) or (_AND.match(text, end) if between else None)
    spread = _PLUS_MINUS.match(text, end)
    high = low
    if spread:
        margin, after = _valued(text, spread["n"], spread.end(), False)
        other, end = read_unit(text, after)
        unit = unit if unit != COUNT else other
        low, high = low - margin, low + margin
    elif second and _free(taken, second.start("n"), second.end("n")):
        top, after = _valued(text, second["n"], second.end(), False)
        other, stop = read_unit(text, after)
        if unit == COUNT or other == COUNT or other.dimension == unit.dimension:
            return _ranged(text, match.start(), (low, unit), (top, other), stop)
    word = match["n"].lower()
    if unit == COUNT and word in {"one", "half", "zero"}:
        return None, end  # "one of them": a pronoun far more often than a count
    if unit == COUNT:
        unit = _aged(text, match.start())
    return _make(
        text,
        *_based(low, high, unit),
        unit,
        _kind(text, match.start(), end, unit),
        (match.start(), end),
    ), end


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
    return _make(text, low, high, unit, _kind(text, start, end, unit), (start, end)), end


def _valued(text: str, number: str, end: int, negative: bool) -> tuple[Fraction, int]:
    multiplier, end = scale(text, end)
    exact = value(number) * multiplier
    return (-exact if negative else exact), end


def _based(low: Fraction, high: Fraction, unit: Unit) -> tuple[Fraction, Fraction]:
    return low * unit.factor + unit.offset, high * unit.factor + unit.offset


def _aged(text: str, start: int) -> Unit:
    """Years, where "aged 12" leaves them out."""
    if _AGED.search(text, max(0, start - 24), start):
        return Unit("month", Fraction(12))
    return COUNT


def _kind(text: str, start: int, end: int, unit: Unit) -> str:
    if unit.dimension in {"time", "month"} and not unit.per:
        if _OLD.match(text, end) or _AGED.search(text, max(0, start - 24), start):
            return "age"
        return "duration"
    if unit.per:
        return "rate"
    return _KINDS.get(unit.dimension, "amount")


__all__ = ["Quantity", "parse"]
