"""The quantities of a sentence, in canonical form, so that 0.5 g and 500 mg are equal.

Exact arithmetic throughout: a dose that differs in the last digit differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from medrag.patterns import Pattern, folded
from medrag.verify.amounts import SIGNED, amount_at, is_free, made
from medrag.verify.frequencies import find_frequencies
from medrag.verify.inherited import inherit_units
from medrag.verify.names import Name, find_dates, find_identifiers
from medrag.verify.numbers import NUMBER, number_starts, value
from medrag.verify.quantity import Quantity
from medrag.verify.units import Unit, read_unit

_PRESSURE = Pattern(
    r"(?<![0-9./])(?P<a>[0-9]{2,3})[ ]?/[ ]?(?P<b>[0-9]{2,3})(?![0-9/.])(?P<u>[ ]?mm ?Hg)?",
    hints="/",
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
    (" in ", " out of "),
)
_COLON = Pattern(
    r"(?<![0-9:.,])([0-9]+(?:,[0-9]{3})*):([0-9]+(?:[, ][0-9]{3})*)(?![0-9:])", hints=":"
)
_REFERENCE = Pattern(r"\[[0-9][0-9,;\s–-]{0,40}\]", hints="[")
_LIST_LABEL = Pattern(r"(?:^|(?<=\n))[ \t]*\(?[0-9]{1,3}[.)](?=[ \t])")
_PERIODS = ("second", "minute", "hour", "day", "week", "fortnight", "month", "year")
_ONE_PERIOD = Pattern(
    r"\b(?:for|over|within|after|in|lasting|least|under|than) (?P<n>an?|one) "
    r"(?P<u>second|minute|hour|day|week|fortnight|month|year)\b(?! (?:or|to) )",
    re.I,
    [f" {one} {unit}" for one in ("a", "an", "one") for unit in _PERIODS],
)
_PER_PERIOD = Pattern(
    r"\b(?:per|times (?:an?|each|every)) (?P<u>minute|hour|day|week|fortnight|month|year)\b", re.I,
    ("per ", "times a", "times e"),
)  # fmt: skip


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Quantity, ...]:
    """Every quantity of ``text``, in order of its start."""
    taken = bytearray(len(text) + 1)
    lowered = folded(text)
    for match in _REFERENCE.within(text, lowered):
        _take(taken, match.start(), match.end())
    for match in _list_labels(text):
        _take(taken, match.start(), match.end())
    found: list[Quantity] = []
    for name in find_dates(text):
        _add_name(found, taken, text, name)
    _add_frequencies(found, taken, text)
    for name in find_identifiers(text):
        _add_name(found, taken, text, name)
    _add_pressures(found, taken, text, lowered)
    _add_ratios(found, taken, text, lowered)
    _add_periods(found, taken, text, lowered)
    _add_numbers(found, taken, text)
    _add_rates(found, taken, text, lowered)
    found.sort(key=lambda q: (q.start, q.end))
    return tuple(inherit_units(found, text))


def _list_labels(text: str) -> Iterable[re.Match[str]]:
    if "\n" in text:
        return _LIST_LABEL.finditer(text)
    first = _LIST_LABEL.match(text)  # it stands at the beginning of a line, and there is but one
    return (first,) if first else ()


def _take(taken: bytearray, start: int, end: int) -> None:
    taken[start:end] = b"\x01" * (end - start)


def _add_name(found: list[Quantity], taken: bytearray, text: str, name: Name) -> None:
    if not is_free(taken, name.start, name.end):
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


def _add_frequencies(found: list[Quantity], taken: bytearray, text: str) -> None:
    for item in find_frequencies(text):
        if not is_free(taken, item.start, item.end):
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
        found.append(made(text, item.low, item.high, unit, "frequency", span))


def _add_pressures(
    found: list[Quantity], taken: bytearray, text: str, lowered: str
) -> None:  # fmt: skip
    for match in _PRESSURE.within(text, lowered):
        top, bottom = int(match["a"]), int(match["b"])
        if not (40 <= top <= 300 and 20 <= bottom < top) or not is_free(taken, *match.span()):
            continue
        _take(taken, *match.span())
        for group, number in (("systolic", "a"), ("diastolic", "b")):
            exact = Fraction(match[number])
            found.append(made(text, exact, exact, Unit(group), "ratio", match.span()))


def _add_ratios(found: list[Quantity], taken: bytearray, text: str, lowered: str) -> None:
    spoken = any(_IN_NUMBER.within(text, lowered))
    for matches in (_ONE_IN.finditer(text) if spoken else (), _COLON.within(text, lowered)):
        for match in matches:
            top, bottom = value(match.group(1)), value(match.group(2))
            if bottom <= top or not is_free(taken, *match.span()):
                continue
            _take(taken, *match.span())
            ratio = top / bottom
            found.append(made(text, ratio, ratio, Unit("ratio"), "ratio", match.span()))


def _add_periods(found: list[Quantity], taken: bytearray, text: str, lowered: str) -> None:
    """ "Over a day" is over one day."""
    for match in _ONE_PERIOD.within(text, lowered):
        start, end = match.start("n"), match.end("u")
        if not is_free(taken, start, end):
            continue
        _take(taken, start, end)
        unit, _ = read_unit(text, match.start("u"))
        found.append(made(text, unit.factor, unit.factor, unit, "duration", (start, end)))


def _add_rates(found: list[Quantity], taken: bytearray, text: str, lowered: str) -> None:
    """ "Two drinks per week": what is counted is no unit that is known, but the week is."""
    for match in _PER_PERIOD.within(text, lowered):
        if not is_free(taken, *match.span()):
            continue
        unit, _ = read_unit(text, match.start("u"))
        rate, per = 1 / unit.factor, ("month" if unit.dimension == "month" else "time",)
        unit, said = Unit("frequency", per=per), (*match.span(), match.group())
        found.append(Quantity(rate, rate, True, True, unit, per, "frequency", "", *said))


def _add_numbers(found: list[Quantity], taken: bytearray, text: str) -> None:
    position = 0
    for start in number_starts(text):
        match = SIGNED.match(text, start) if start >= position else None
        if match is None:
            continue
        position = match.end()
        if not is_free(taken, match.start(), match.end()):
            continue
        amount, end = amount_at(text, match, taken)
        if amount is not None:
            found.append(amount)
            position = max(position, end)
            _take(taken, match.start(), end)


__all__ = ["Quantity", "parse"]
