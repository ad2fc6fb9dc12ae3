"""How often: "every 6 hours", "q6h", "four times a day" and "QDS" are one frequency."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from medrag.patterns import Pattern, folded
from medrag.verify.numbers import NUMBER, value

DAY = Fraction(86400)
_SECONDS = {
    "minute": Fraction(60), "min": Fraction(60), "hour": Fraction(3600), "hr": Fraction(3600),
    "h": Fraction(3600), "day": DAY, "night": DAY, "morning": DAY, "evening": DAY,
    "week": 7 * DAY, "fortnight": 14 * DAY, "second": Fraction(1),
}  # fmt: skip
_MONTHS = {"month": Fraction(1), "year": Fraction(12)}
_PERIOD = r"(minute|min|hour|hr|h|day|night|morning|evening|week|fortnight|month|year)s?"
_ADVERBS = {
    "hourly": "hour", "daily": "day", "nightly": "night", "weekly": "week",
    "fortnightly": "fortnight", "monthly": "month", "yearly": "year", "annually": "year",
}  # fmt: skip
_ADVERB = r"(hourly|daily|nightly|weekly|fortnightly|monthly|yearly|annually)"
_TIMES = rf"(?:(once|twice|thrice)|({NUMBER})[ ]?(?:times?|x|×))"
_RANGE = rf"(?:({NUMBER})(?: to |-|–| or )({NUMBER})[ ](?:times))"
_ONCE_OR_TWICE = r"(?:(once|twice)(?: to | or |-)(twice|thrice|three times))"
_PER = (
    r"[ -](?:(?:a|an|per|each|every|in|in a|in any|over)[ ])?"
    rf"(?:(24)[ -]?hours?|{_ADVERB}|{_PERIOD})\b"
)

_COUNTED = Pattern(rf"(?:{_ONCE_OR_TWICE}|{_RANGE}|{_TIMES}){_PER}", re.I)
_EVERY = Pattern(
    rf"\b(?:every|each)[ ](?:(other|second|third|alternate)[ ]|({NUMBER})"
    rf"(?:(?:[ ]?[-–][ ]?|[ ]to[ ]|[ ]or[ ])({NUMBER}))?[ -]?)?{_PERIOD}\b"
    r"|\b(alternate|alternating)[ ]days?\b",
    re.I,
    ("every", "each", "alternat"),
)
_HOURLY = Pattern(rf"({NUMBER})(?:(?:[ ]?[-–][ ]?|[ ]to[ ])({NUMBER}))?[ -]?{_ADVERB}\b", re.I)
_Q_HOURS = Pattern(
    r"\bq[. ]?([0-9]{1,2})(?:[ ]?[-–][ ]?([0-9]{1,2}))?[. ]?(?:h|hr|hrs|hours?)\b\.?", re.I,
    hints=("q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q ", "q."),
)  # fmt: skip
_ALONE = Pattern(rf"\b{_ADVERB}\b|\b(q\.?h)\b", re.I, (*_ADVERBS, "qh", "q.h"))
_ADVERB_ALONE = Pattern(_ADVERB)
_LATIN = Pattern(
    r"(?<![A-Za-z.])(?:((?i:b\.?i\.?d|b\.?d))|((?i:t\.?d\.?s|t\.?i\.?d))"
    r"|((?i:q\.?d\.?s|q\.?i\.?d))|((?i:q\.?d)|O\.?D|(?<=mg )od|(?<=puffs )od))(?![A-Za-z])",
    hints=("bid", "bi.d", "b.i", "bd", "b.d", "tds", "td.s", "t.d", "tid", "ti.d", "t.i",
           "qd", "q.d", "qid", "qi.d", "q.i", "mg od", "puffs od"),
)  # fmt: skip
# What every count of times holds, in lower case: its last letters, and the period after it.
_COUNTED_AHEAD = Pattern(
    r"(?:ce|mes?|x|×)[ -](?:(?:a|an|per|each|every|in|in a|in any|over) )?"
    r"(?:24|hour|dai|night|week|fortnight|month|year|annual|min|hr|h|day|morning|evening)"
)
# What stands before "hourly" where that is an interval: a number ends in one of these.
_NUMBER_ENDS = (
    *"0123456789½¼¾⅓⅔⅛⅕", "zero", "one", "two", "three", "four", "five", "six", "seven",
    "eight", "nine", "ten", "eleven", "twelve", "teen", "ty", "half", "hundred", "thousand",
    "million", "dozen",
)  # fmt: skip
_WORD_TIMES = {"once": 1, "twice": 2, "thrice": 3, "three times": 3}
_ORDINAL = {"other": 2, "second": 2, "alternate": 2, "third": 3}


@dataclass(frozen=True, slots=True)
class Frequency:
    """Events per second (or per month), with the span it was read from."""

    low: Fraction
    high: Fraction
    per: str
    start: int
    end: int


def find_frequencies(text: str) -> Iterator[Frequency]:
    """Frequencies in ``text``, the longer readings first; spans may overlap."""
    # The patterns that may open with any number are slow: most sentences have none of this.
    lowered = folded(text)
    if _COUNTED_AHEAD.search(lowered):
        for match in _COUNTED.finditer(text):
            yield from _counted(match)
    for match in _EVERY.within(text, lowered):
        yield from _every(match)
    if _numbered(lowered):
        for match in _HOURLY.finditer(text):
            yield from _hourly(match)
    for match in _Q_HOURS.within(text, lowered):
        yield from _made(match, _interval(match.group(1)), _interval(match.group(2)), "hour")
    capitals = "OD" in text or "O.D" in text
    for match in _LATIN.finditer(text) if capitals else _LATIN.within(text, lowered):
        times = next(i for i, group in enumerate(match.groups()) if group is not None)
        rate = Fraction((2, 3, 4, 1)[times]) / DAY
        yield Frequency(rate, rate, "time", match.start(), match.end())
    for match in _ALONE.within(text, lowered):
        adverb = match.group(1)
        yield from _made(match, Fraction(1), None, _ADVERBS[adverb.lower()] if adverb else "hour")


def _numbered(lowered: str) -> bool:
    """Whether a number stands right before an adverb of time."""
    for match in _ADVERB_ALONE.finditer(lowered):
        before = lowered[max(0, match.start() - 10) : match.start()]
        if (before[:-1] if before[-1:] in (" ", "-") else before).endswith(_NUMBER_ENDS):
            return True
    return False


def _hourly(match: re.Match[str]) -> Iterator[Frequency]:
    first, second, adverb = match.groups()
    yield from _made(match, _interval(first), _interval(second), _ADVERBS[adverb.lower()])


def _interval(text: str | None) -> Fraction | None:
    return value(text) if text else None


def _counted(match: re.Match[str]) -> Iterator[Frequency]:
    once, twice, first, second, word, number, day, adverb, period = match.groups()
    if once:
        low, high = Fraction(_WORD_TIMES[once.lower()]), Fraction(_WORD_TIMES[twice.lower()])
    elif first:
        low, high = value(first), value(second)
    else:
        low = high = Fraction(_WORD_TIMES[word.lower()]) if word else value(number)
    name = "day" if day else _ADVERBS[adverb.lower()] if adverb else period.lower()
    seconds, per = _period(name)
    if low > high:
        low, high = high, low
    yield Frequency(low / seconds, high / seconds, per, match.start(), match.end())


def _every(match: re.Match[str]) -> Iterator[Frequency]:
    ordinal, first, second, period, alternate = match.groups()
    if alternate:
        yield from _made(match, Fraction(2), None, "day")
    elif ordinal:
        yield from _made(match, Fraction(_ORDINAL[ordinal.lower()]), None, period.lower())
    else:
        yield from _made(match, _interval(first) or Fraction(1), _interval(second), period.lower())


def _made(
    match: re.Match[str], first: Fraction | None, second: Fraction | None, period: str
) -> Iterator[Frequency]:
    """A frequency from an interval: every ``first`` to ``second`` periods."""
    seconds, per = _period(period)
    if not first or (second is not None and not second):
        return
    rates = sorted((1 / (first * seconds), 1 / ((second or first) * seconds)))
    yield Frequency(rates[0], rates[1], per, match.start(), match.end())


def _period(name: str) -> tuple[Fraction, str]:
    if name in _MONTHS:
        return _MONTHS[name], "month"
    return _SECONDS[name], "time"
