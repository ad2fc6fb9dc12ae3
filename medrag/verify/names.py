"""Dates, and what is part of a name: "type 2", "COVID-19", "HbA1c", "Table 1", "hepatitis B"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from medrag.patterns import Pattern, folded
from medrag.verify.units import COUNT, read_unit

_MONTHS = {
    name: i // 2 + 1
    for i, name in enumerate(
        [
            "january",
            "jan",
            "february",
            "feb",
            "march",
            "mar",
            "april",
            "apr",
            "may",
            "_may",
            "june",
            "jun",
            "july",
            "jul",
            "august",
            "aug",
            "september",
            "sep",
            "october",
            "oct",
            "november",
            "nov",
            "december",
            "dec",
        ]
    )
} | {"sept": 9}
_MONTH = "(" + "|".join(sorted(set(_MONTHS) - {"_may"}, key=len, reverse=True)) + r")\.?"
_ISO = Pattern(r"(?<![0-9-])([12][0-9]{3})-([01][0-9])(?:-([0-3][0-9]))?(?![0-9-])")
_DAY_FIRST = Pattern(
    rf"(?<![0-9.])([0-3]?[0-9])(?:st|nd|rd|th)?(?: of)? {_MONTH},? ([12][0-9]{{3}})\b", re.I
)
_MONTH_FIRST = Pattern(rf"\b{_MONTH} (?:([0-3]?[0-9])(?:st|nd|rd|th)?,? )?([12][0-9]{{3}})\b", re.I)
_YEAR = Pattern(
    r"(?<![0-9.,/:–-])(19[0-9]{2}|20[0-9]{2})"
    r"(?![0-9]|[.,][0-9]|%| (?:to|or) [0-9.,]+ ?(?:mg|g|kg|ml|mcg|units?)\b"
    r"| ?(?:mg|g|kg|ml|l|mcg|µg|units?|iu|u|kcal|kj|times|patients|people)\b)",
    re.I,
)

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9,
          "x": 10, "xi": 11, "xii": 12}  # fmt: skip
_HEADS = (
    "types?|grades?|stages?|class|classes|sections?|tables?|figures?|fig|chapters?|steps?|phases?"
    "|category|categories|groups?|appendix|version|tiers?|schedule|page|day|week|cycle|factor"
    "|part|box|rule|recommendation|visit|asa|nyha|line|step|ckd|grade"
)
_LABELLED = Pattern(
    rf"\b({_HEADS})[ -](?:([IVX]{{1,4}})(?![A-Za-z])|([0-9]{{1,3}}(?:\.[0-9]{{1,2}}){{0,3}}[a-e]?"
    r"(?:(?: ?[-–] ?| to )[1-9][0-9]?[a-e]?(?! ?(?:mg|g|ml)\b))?))"
    r"(?![0-9A-Za-z%]|[./][0-9]"
    r"|[ -](?:mg|g|ml|mmol|hours?|days?|weeks?|months?|years?|minutes?)\b)",
    re.I,
)
_GLUED = Pattern(
    r"(?<![0-9A-Za-z.])(?:(?![x×][0-9])(?!q ?[0-9]+ ?h)[A-Za-z][A-Za-z]{0,12}-?[0-9][0-9A-Za-z]*"
    r"(?:-[0-9A-Za-z]+)?|[0-9]{1,2}-[A-Z]{2,}[A-Za-z]*|[0-9]{1,2}(?:st|nd|rd|th)\b)"
)
# What every date, every label and every glued name holds: most sentences have none of it.
_YEAR_DIGITS = Pattern(r"[12][0-9]{3}")
_LABEL_AHEAD = Pattern(r"[ -](?=[0-9]|[ivx]{1,4}(?![a-z]))")
_HEAD_WORDS = (
    *re.findall(r"[a-z]+", _HEADS.replace("s?", "")),
    *(f"{word}s" for word in re.findall(r"([a-z]+)s[?]", _HEADS)),
)
_GLUED_AHEAD = Pattern(r"[0-9](?:(?<=[A-Za-z].)|(?<=[A-Za-z]-.)|-[A-Z]{2}|(?:st|nd|rd|th)\b)", re.S)
_LETTER_HEADS = (
    "hepatitis", "vitamin", "influenza", "haemophilia", "hemophilia", "child-pugh", "drug", "arm",
    "regimen", "serogroup", "subtype", "class", "grade", "type", "group", "category", "schedule",
)  # fmt: skip
# Of the letters I, V and X are numbers. "Drug: A" has it alone in its cell.
_LETTERED = Pattern(
    rf"\b({'|'.join(_LETTER_HEADS)})s?(?:[ -]|:[ ](?=[A-Z][ \t]*(?:[|.,;)\n]|\Z)))"
    r"(?P<letter>(?-i:[A-HJ-UWYZ]))(?![A-Za-z0-9'\u2019]|-[0-9])",
    re.I,
    _LETTER_HEADS,
)
_LETTER_AHEAD = Pattern(r"[ -][A-HJ-UWYZ](?![A-Za-z0-9'\u2019])")
_NEXT_LETTER = Pattern(
    r"(?:[ ]?[,/][ ]?(?:(?:and|or)[ ])?|[ ](?:and|or)[ ])([A-HJ-UWYZ])(?![A-Za-z0-9'\u2019]|-[0-9])"
)
_LABEL_RANGE = Pattern(r" ?[-–] ?| to ")
_DIGIT = Pattern(r"[0-9]+")
# "weeks 2-4" and "n=30" are amounts of something, not names.
_NOT_A_NAME = Pattern(r"(?:n|p|to|by|of|in|and|or|is|at|the|over|under|about|for)-?[0-9]", re.I)


@dataclass(frozen=True, slots=True)
class Name:
    """A date or an identifier: ``group`` says what it can be compared with."""

    kind: str
    group: str
    name: str
    low: Fraction
    high: Fraction
    start: int
    end: int


def find_dates(text: str) -> Iterator[Name]:
    """Dates, the more exact first. A month or year is the range of its days."""
    if not _YEAR_DIGITS.search(text):
        return
    for match in _ISO.finditer(text):
        yield from _date(match, match.group(1), int(match.group(2)), match.group(3))
    for match in _DAY_FIRST.finditer(text):
        yield from _date(match, match.group(3), _MONTHS[match.group(2).lower()], match.group(1))
    for match in _MONTH_FIRST.finditer(text):
        yield from _date(match, match.group(3), _MONTHS[match.group(1).lower()], match.group(2))
    for match in _YEAR.finditer(text):
        if read_unit(text, match.end())[0] == COUNT:  # "1900 micrograms" is no year
            yield from _date(match, match.group(1), None, None)


def _date(match: re.Match[str], year: str, month: int | None, day: str | None) -> Iterator[Name]:
    if month is not None and not 1 <= month <= 12:
        return
    first = int(year) * 10000 + (month or 0) * 100 + int(day or 0)
    last = int(year) * 10000 + (month or 99) * 100 + int(day or 99)
    yield Name("date", "date", "", Fraction(first), Fraction(last), match.start(), match.end())


def find_identifiers(text: str) -> Iterator[Name]:
    """Numbers that name a thing: they are compared as words, never converted."""
    lowered = folded(text)
    labelled = any(
        lowered[max(0, match.start() - 16) : match.start()].endswith(_HEAD_WORDS)
        for match in _LABEL_AHEAD.finditer(lowered)
    )
    for match in _LABELLED.finditer(text) if labelled else ():
        head, roman, arabic = match.groups()
        if roman and not roman.isupper():
            continue
        label = str(_ROMAN.get(roman.lower(), roman)) if roman else arabic.lower()
        label = _LABEL_RANGE.compiled.sub("-", label)
        head = _singular(head.lower())
        yield _identifier(match, f"id:{head}", f"{head} {label}")
    for match in _LETTERED.within(text, lowered) if _LETTER_AHEAD.search(text) else ():
        yield from _letters(match, text)
    for match in _GLUED.finditer(text) if _GLUED_AHEAD.search(text) else ():
        if _NOT_A_NAME.match(match.group()):
            continue
        name = match.group().lower().replace("-", "")
        yield _identifier(match, "id:" + _DIGIT.compiled.sub("#", name), name)


def _letters(match: re.Match[str], text: str) -> Iterator[Name]:
    """The letter that tells a thing from its likes, and those listed behind it: "hepatitis A and
    B". The word before it stays a word."""
    head = match.group(1).lower()
    found: re.Match[str] | None = match
    start, end = match.span("letter")
    while found is not None:
        name = f"{head} {text[start].lower()}"
        yield Name("identifier", f"id:{head} #", name, Fraction(0), Fraction(0), start, end)
        found = _NEXT_LETTER.match(text, end)
        if found is not None:
            start, end = found.span(1)


def _identifier(match: re.Match[str], group: str, name: str) -> Name:
    return Name("identifier", group, name, Fraction(0), Fraction(0), match.start(), match.end())


def _singular(head: str) -> str:
    if head in {"class", "classes"}:
        return "class"
    if head in {"category", "categories"}:
        return "category"
    return head[:-1] if head.endswith("s") and head not in {"nyha"} else head
