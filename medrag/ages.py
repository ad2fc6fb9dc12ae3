"""How old somebody is whom a question is about, and the ages that a line of a document is for.

"Child 6 to 12 years: 250 mg" has the words that a question about a boy of four asks for, and the
wrong dose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from medrag.patterns import Pattern
from medrag.population import ADULT_YEARS, about_others, names_one_of, populations
from medrag.text import CELL_GAP

Span: TypeAlias = tuple[float, float]
"""Ages in years, from the first (included) to the second."""

_YEARS = {"y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
_NEWBORN = (0.0, 28 / 365.25)
_OLDEST = 150.0
_N = r"(?<![\d.,/])(\d{1,3}(?:\.\d{1,2})?)(?![\d/])"
_UNIT = r"(years?|yrs?|y|months?|mths?|weeks?|wks?|days?)\b"
_OLD = r"(?:[ -](?:old|of age)\b)"
_TO = r" ?(?:to|until|up to|[-\u2013]) ?(?:under |below |less than )?"
_BETWEEN = rf"{_N}(?: ?-?{_UNIT}{_OLD}?)?{_TO}(?:{_N} ?-?{_UNIT}|(adult)s?\b)"
_UNDER = rf"(?:under|below|younger than|less than|<) ?{_N} ?-?{_UNIT}"
_UP_TO = rf"(?:up to|[\u2264]) ?{_N} ?-?{_UNIT}"
_OVER = rf"(?:over|above|older than|more than|from|at least|[>\u2265]) ?{_N} ?-?{_UNIT}"
_UPWARDS = rf"{_N} ?-?{_UNIT}{_OLD}? (?:and|or) (?:over|older|above|more|upwards)\b"
_EXACTLY = rf"{_N} ?-?{_UNIT}"
_RANGED = (
    ("between", _BETWEEN), ("upwards", _UPWARDS), ("under", _UNDER), ("up to", _UP_TO),
    ("over", _OVER),
)  # fmt: skip
# What makes such a number an age: who stands right before it ("patients" and "people" only where
# they are "aged"), the beginning of a line or clause with a colon behind, or "old".
_YOUNG = (
    r"child(?:ren)?|infants?|toddlers?|bab(?:y|ies)|boys?|girls?|neonates?|newborns?|adolescents?|"
    r"teenagers?|adults?"
)
_WHO = rf"\b(?:(?:{_YOUNG})(?: (?:who are )?aged?)?|aged?|ages)[ (]*(?:from |between |of )?"
# "Children 4 to 6 weeks of treatment", "up to 12 months after an infarction" are no ages.
_NO_COURSE = r"(?! (?:of|after|before|treatment|course|following|later|apart)\b)"
_FORMS = tuple(
    (
        kind,
        Pattern(
            rf"{_WHO}{form}{_NO_COURSE}|^[\W_]*(?:{form}){_OLD}?\s*(?=:|$)|{form}{_OLD}",
            re.I,
        ),
    )
    for kind, form in (*_RANGED, ("exactly", rf"{_EXACTLY}(?= ?[:(])"))
)
_IN_CELL = tuple((kind, Pattern(form, re.I)) for kind, form in (*_RANGED, ("exactly", _EXACTLY)))
_OF_AGES = Pattern(r"(?:[\w ]*\b)?ages?\b(?: group| range| band)?[^:]*$", re.I)
_HEAD_UNIT = Pattern(r"\b(years?|months?|weeks?|days?)\b", re.I)
_BARE = Pattern(r"(?<![\d.,/])\d{1,3}(?:\.\d{1,2})?(?![\d.,/])(?! ?-?[A-Za-z])")
_CLAUSES = Pattern(r"[;.](?=\s|$)|,(?= (?:child|adult|neonat|newborn|infant))")

_SMALL = dict(
    zip("one two three four five six seven eight nine ten eleven twelve".split(), range(1, 13),
        strict=True)
)  # fmt: skip
_SMALL_NUMBER = Pattern(
    rf"\b({'|'.join(_SMALL)})\b(?= ?-?(?:years?|months?|weeks?|days?|[.?!]?$))", re.I
)
_PERSON = rf"(?:{_YOUNG}|man|woman|male|female|patient)"
_ONE = Pattern(
    rf"{_N}[ -]?{_UNIT}[ -]?(?:old|o|of age|{_PERSON})\b(?! gestation)"
    rf"|\b(?:aged?|{_PERSON}(?: aged?)?(?: of)?) {_N} ?-?{_UNIT}(?! ?gestation| ?of )"
    rf"|\b(?:aged?|{_PERSON} of) {_N}(?=\s*(?:[,;.?!)]|$|with\b|and\b|who\b))"
    rf"|{_N} ?y[./]?o\b",
    re.I,
)
_MONTHS_OF_12 = Pattern(r"(?<![\d/.])(\d{1,2})/12\b")
_NEW = Pattern(r"\b(?:neonat\w*|new-?borns?|preterm)\b", re.I)


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom a question is about: the ``groups`` that it names, and the ``age``, as far as told."""

    groups: frozenset[str]
    age: Span | None = None


@lru_cache(maxsize=256)
def patient_of(question: str) -> Patient:
    """Whom a question is about."""
    return Patient(populations(question), age_asked(question))


def is_for_another(patient: Patient, text: str) -> bool:
    """Whether a text is for other groups or other ages than a patient's."""
    return about_others(patient.groups, text) or is_for_other_ages(patient.age, text)


def age_asked(question: str) -> Span | None:
    """The age, or the ages, of whom a question is about; None where it gives none, or several."""
    text = _MONTHS_OF_12.sub(r"\1 months old", question)
    text = _SMALL_NUMBER.sub(lambda match: str(_SMALL[match[1].lower()]), text)
    found = _ranges(text, _FORMS[:-1]) or [_one(match) for match in _ONE.finditer(text)]
    if not found and _NEW.search(text):
        found = [_NEWBORN]
    return found[0] if len(set(found)) == 1 else None


def ages_of(line: str) -> list[Span]:
    """The ages that a line gives something for, as far as it names any in numbers."""
    return [age for clause in _clauses(line) for age in _in_clause(clause)]


def is_for_other_ages(asked: Span | None, line: str) -> bool:
    """Whether a line is for ages of which ``asked`` is none. A clause that names such people by a
    word alone ("Child: 15 mg/kg; neonate 0 to 28 days: ...") is for them."""
    if asked is None:
        return False
    told = False
    for clause in _clauses(line):
        ages = _in_clause(clause)
        if any(min(asked[1], age[1]) > max(asked[0], age[0]) for age in ages):
            return False
        if not ages and names_one_of(_group(asked), clause):
            return False
        told = told or bool(ages)
    return told


def _group(asked: Span) -> frozenset[str]:
    if asked[1] <= _NEWBORN[1]:
        return frozenset({"newborns"})
    return frozenset({"children" if asked[0] < ADULT_YEARS else "adults"})


def _clauses(line: str) -> list[str]:
    return [part for cell in line.split(CELL_GAP) for part in _CLAUSES.split(cell) if part.strip()]


def _in_clause(clause: str) -> list[Span]:
    clause = _MONTHS_OF_12.sub(r"\1 months", clause)
    head, colon, text = clause.partition(":")
    if not colon or len(head) > 40 or _OF_AGES.match(head.strip()) is None:
        return _ranges(clause, _FORMS)
    unit = _HEAD_UNIT.search(head)
    if unit is not None:
        # "Age (years): 6-12": the unit stands in the head of the column.
        text = _BARE.sub(lambda match: f"{match[0]} {unit[1]}", text)
    elif not any(ch.isalpha() for ch in text):
        text = _BARE.sub(r"\g<0> years", text)
    return _ranges(text, _IN_CELL)


def _ranges(text: str, forms: tuple[tuple[str, Pattern], ...]) -> list[Span]:
    """The ranges of ages in a text; what one form has told is not told again by a part of it."""
    found: list[Span] = []
    for kind, pattern in forms:
        for match in list(pattern.finditer(text)):
            span = _span(kind, [group for group in match.groups() if group])
            # Days and weeks are how long somebody is treated, unless it is a newborn.
            if span[1] > _NEWBORN[1] or _is_of_newborns(match.group(), forms):
                found.append(span)
            text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return found


def _is_of_newborns(said: str, forms: tuple[tuple[str, Pattern], ...]) -> bool:
    young = bool(populations(said) & {"newborns", "children"}) and "child" not in said.lower()
    return forms is _IN_CELL or young or "age" in said.lower()


def _one(match: re.Match[str]) -> Span:
    number, unit = next(
        (float(n), u or "years")
        for n, u in (match.group(1, 2), match.group(3, 4), (match[5], None), (match[6], None))
        if n is not None
    )
    step = _YEARS[unit[0].lower()]
    return number * step, (number + 1) * step


def _span(kind: str, groups: list[str]) -> Span:
    numbers = [float(group) for group in groups if group[0].isdigit()]
    units = [_YEARS[group[0].lower()] for group in groups if group[0] in "yYmMwWdD"]
    if not units:
        units = [1.0]  # "6 to adult"
    first, last = numbers[0] * units[0], numbers[-1] * units[-1]
    if kind == "between" and groups[-1].lower() == "adult":
        return first, _OLDEST
    if kind in ("between", "exactly"):
        return min(first, last), last + units[-1]  # "2 to 5 years" is up to the sixth birthday
    if kind == "up to":
        return 0.0, first + units[0]
    return (0.0, first) if kind == "under" else (first, _OLDEST)
