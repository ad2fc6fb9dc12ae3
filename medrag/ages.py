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
from medrag.population import ADULT_YEARS, NOT_FOR, about_others, names_one_of, populations, whom
from medrag.text import CELL_GAP

Span: TypeAlias = tuple[float, float]
"""Ages in years, from the first (included) to the second."""

_YEARS = {"y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
_NEWBORN = (0.0, 28 / 365.25)
_OLDEST = 150.0
_GROWN = 18.0  # who is younger is a child to some documents, and from 16 an adult to others
_GROWN_UP = frozenset({"old age", "pregnancy"})
_AMOUNT = Pattern(
    r"\d ?(?:mg|g|micrograms?|mcg|nanograms?|units?|mmol|mL|tablets?|capsules?|puffs?)\b", re.I
)
# "0.1 mg/kg (maximum 5 mg) from 6 months": what names nobody is no clause of its own.
_ASIDE = Pattern(r" ?\(([^()]{1,60})\)")
_HALF = Pattern(r"\b(?:half|halve|double|twice)\b", re.I)
_AS_TEXT = {
    "adults": "adults", "children": "children", "newborns": "newborns", "pregnancy": "pregnancy",
    "old age": "older people",
}  # fmt: skip
_N = r"(?<![\d.,/])(\d{1,3}(?:\.\d{1,2})?)(?![\d/])"
_UNIT = r"(years?|yrs?|y|months?|mths?|weeks?|wks?|days?)\b"
_OLD = r"(?:[ -](?:old|of age)\b)"
_TO = r" ?(?:to|until|up to|[-\u2013]) ?(?:under |below |less than |up to |[<\u2264] ?)?"
_BETWEEN = rf"{_N}(?: ?-?{_UNIT}{_OLD}?)?{_TO}(?:{_N} ?-?{_UNIT}|(adult)s?\b)"
_UNDER = rf"(?:under|below|younger than|less than|<) ?{_N} ?-?{_UNIT}"
_UP_TO = rf"(?:up to|[\u2264]) ?{_N} ?-?{_UNIT}"
_OVER = rf"(?:over|above|older than|more than|from|at least|[>\u2265]) ?{_N} ?-?{_UNIT}"
_UPWARDS = rf"{_N} ?-?{_UNIT}(?:{_OLD}? (?:and|or) (?:over|older|above|more|upwards)\b|\+)"
_EXACTLY = rf"{_N} ?-?{_UNIT}"
_RANGED = (
    ("between", _BETWEEN), ("upwards", _UPWARDS), ("under", _UNDER), ("up to", _UP_TO),
    ("over", _OVER),
)  # fmt: skip
# What makes such a number an age: who stands right before it ("patients" and "people" only where
# they are "aged"), the beginning of a line or clause with a colon behind, or "old".
_YOUNG = (
    r"child(?:ren)?|infants?|toddlers?|bab(?:y|ies)|boys?|girls?|neonates?|newborns?|adolescents?|"
    r"teenagers?|adults?|p(?:a)?ediatric (?:patients?|population)"
)
_WHO = (
    rf"\b(?:(?:{_YOUNG})(?: (?:who are )?aged?)?|(?:patients|people|those) (?:who are )?aged"
    r"|aged?(?!-)|ages)[ (,]*(?:from |between |of )?"
)
# "Children 4 to 6 weeks of treatment", "up to 12 months after an infarction" are no ages.
_NO_COURSE = (
    r"(?! (?:of(?! age)|after|before|treatment|course|following|later|apart|corrected|gestation\w*"
    r"|postmenstrual)\b)"
)
_FORMS = tuple(
    (
        kind,
        Pattern(
            rf"{_WHO}{form}{_NO_COURSE}|^[\W_]*(?:{form}){_OLD}?\s*(?=[:,=)]|[-\u2013] |$|\d)"
            rf"|{form}{_OLD}",
            re.I,
        ),
    )
    for kind, form in (*_RANGED, ("exactly", rf"{_EXACTLY}(?= ?[:(])"))
)
_IN_CELL = tuple((kind, Pattern(form, re.I)) for kind, form in (*_RANGED, ("exactly", _EXACTLY)))
# "15 mg/kg from 3 months" is from that age: what goes by weight is for children.
_FROM_AGE = Pattern(
    rf"/kg\b[^.;:]{{0,40}}?\bfrom {_N} ?(months?|years?)\b(?! (?:to|until|after|onwards? for)\b)",
    re.I,
)
_OF_AGES = Pattern(r"(?:[\w ]*\b)?ages?\b(?!-)(?: group| range| band)?[^:]*$", re.I)
_BELOW = Pattern(r"\b(?:under|below|less than)\b|<", re.I)
_HEAD_UNIT = Pattern(r"\b(years?|months?|weeks?|days?)\b", re.I)
_BARE = Pattern(r"(?<![\d.,/])\d{1,3}(?:\.\d{1,2})?(?![\d.,/])(?! ?-?[A-Za-z])")
_CLAUSES = Pattern(
    r"[;.](?=\s|$)|\((?=[^)]{0,60}\d)"
    r"|,(?= (?:to|for|in|child|adult|neonat|newborn|infant|half|then|maximum|\d))",
    re.I,
)

_SMALL = dict(
    zip("one two three four five six seven eight nine ten eleven twelve".split(), range(1, 13),
        strict=True)
)  # fmt: skip
_SMALL_NUMBER = Pattern(
    rf"\b({'|'.join(_SMALL)})\b(?= ?-?(?:years?|months?|weeks?|days?|[.?!]?$))", re.I
)
_PERSON = rf"(?:{_YOUNG}|man|woman|male|female|patient)"
_YEAR = r"(years?|yrs?|y)\b"
_BABY = r"(?:infants?|bab(?:y|ies)|neonates?|newborns?)"
_ONE = Pattern(
    rf"{_N}[ -]?{_UNIT}[ -]?(?:old|o|of age)\b|{_N}[ -]?{_YEAR}[ -]?{_PERSON}\b"
    rf"|\baged? {_N} ?-?{_UNIT}|\b{_PERSON}(?: of)? {_N} ?-?{_YEAR}"
    rf"|\b{_BABY}(?: of)? {_N} ?-?{_UNIT}(?! ?gestation| ?of )"
    rf"|\b(?:aged?|{_PERSON} of) {_N}(?=\s*(?:[,;.?!)]|$|with\b|and\b|who\b))"
    rf"|{_N} ?(?:y[./]?o\b|[MF]\b(?=[ ,]))",
    re.I,
)
# "Paracetamol dose 4 years": in a question for a dose, at its end, an age.
_DOSE = Pattern(r"\bdos(?:e|age|ing)\b", re.I)
_BARE_YEARS = Pattern(
    rf"(?<!for )(?<!after )(?<!every )(?<!in )(?<!within )(?<!last )(?<!past )(?<!over )(?<!under )"
    rf"{_N}[ -]?{_YEAR}$",
    re.I,
)
_AND_MONTHS = Pattern(rf"{_N} ?{_YEAR} ?(?:and |, ?)?{_N} ?(?:months?|mths?)\b", re.I)
_UNBORN = Pattern(
    r"\b\d+ ?-?(?:weeks?|wks?|/40)\b(?=.{0,30}\b(?:gestation|pregnan|neonat|newborn|preterm))"
    r"|\b(?:gestation\w*|pregnan\w*|preterm)\b.{0,20}?\b\d+ ?(?:weeks?|wks?|/40)\b",
    re.I,
)
_MONTHS_OF_12 = Pattern(r"(?<![\d/.])(\d{1,2})/12\b")
_FROM_BIRTH = Pattern(r"\b(?:from )?birth (?:to|until|up to) (?=\d)", re.I)
_YEARS_OLD = Pattern(rf"{_N}[ -]?{_YEAR}", re.I)
_ADULTS = Pattern(r"\badults?\b(?!$)", re.I)
_NEW = Pattern(r"\b(?:neonat\w*|new-?borns?|preterm)\b", re.I)


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom a question is about: the ``groups`` that it names, and the ``age``, as far as told."""

    groups: frozenset[str]
    age: Span | None = None


@lru_cache(maxsize=256)
def patient_of(question: str) -> Patient:
    """Whom a question is about."""
    age = age_asked(question)
    groups = populations(question)
    return Patient(groups if groups or age is None else _group(age), age)


def is_for_another(patient: Patient, text: str) -> bool:
    """Whether a text is for other groups or other ages than a patient's."""
    if patient.age is not None and any(overlap(patient.age, age) for age in ages_of(text)):
        return False
    if patient.age is None and patient.groups and not populations(text):
        named = groups_by_age(text)
        wanted = patient.groups | ({"adults"} if patient.groups & _GROWN_UP else frozenset())
        if named and wanted & {"adults", "children"} and named.isdisjoint(wanted):
            return True
    return _is_for_other_groups(patient.groups, text) or is_for_other_ages(patient.age, text)


def ages_in(text: str) -> list[Span]:
    """The ages that a text about people gives, whoever stands before them: "under 18 years"."""
    return _ranges(_MONTHS_OF_12.sub(r"\1 months", text), _IN_CELL)


def is_for(patient: Patient, text: str) -> bool:
    """Whether a text names the patient's age, or, where it gives no ages, one of their groups."""
    ages = ages_of(text)
    if ages and patient.age is not None:
        return any(overlap(patient.age, age) for age in ages)
    return bool(patient.groups) and names_one_of(patient.groups, text)


def age_asked(question: str) -> Span | None:
    """The age, or the ages, of whom a question is about; None where it gives none, or several."""
    text = _MONTHS_OF_12.sub(r"\1 months old", question)
    text = _SMALL_NUMBER.sub(lambda match: str(_SMALL[match[1].lower()]), text)
    text = _UNBORN.sub(" ", _AND_MONTHS.sub(r"\1 years old", text))
    if _NEW.search(text) and not _YEARS_OLD.search(text):
        return _NEWBORN
    found = [_one(match) for match in _ONE.finditer(text)] or _ranges(text, _FORMS[:-1])
    end = text.rstrip(" ?.!")[-40:]
    if not found and (bare := _BARE_YEARS.search(end)) and _DOSE.search(text):
        found = [_one(bare)]
    grown = [age for age in found if age[0] >= 1]
    found = grown or found
    return found[0] if len(set(found)) == 1 else None


def ages_of(line: str) -> list[Span]:
    """The ages that a line gives something for, as far as it names any in numbers."""
    return [age for cell in line.split(CELL_GAP) for _, ages in _aged(cell) for age in ages]


def groups_by_age(line: str) -> frozenset[str]:
    """The groups that the ages of a line belong to: children, adults, or both."""
    ages = ages_of(line)
    young = {"children"} if any(age[0] < ADULT_YEARS for age in ages) else set()
    return frozenset(young | ({"adults"} if any(age[1] > _GROWN + 1 for age in ages) else set()))


def is_for_other_ages(asked: Span | None, line: str) -> bool:
    """Whether a line is for ages of which ``asked`` is none.

    A clause that names such people by a word alone ("Child: 15 mg/kg; neonate 0 to 28 days: ...")
    is for them; what stands before any age with an amount ("5 mg; 2.5 mg if aged 80 or over") is
    for all; of a table row the cells for ages decide, then those with the amounts.
    """
    if asked is None:
        return False
    cells = line.split(CELL_GAP)
    told = [age for cell in cells if _is_of_ages(cell) for age in _in_clause(cell)]
    if told:
        return not any(overlap(asked, age) for age in told)
    given = [cell for cell in cells if _AMOUNT.search(cell) and ages_of(cell)] or cells
    others, for_all = False, False
    for clause, ages in (found for cell in given for found in _aged(cell)):
        forbidding = NOT_FOR.search(clause) is not None
        if not forbidding and any(overlap(asked, age) for age in ages):
            return False
        amount = _AMOUNT.search(clause) is not None
        if ages and not forbidding:
            if for_all and (amount or _HALF.search(clause)):
                return False
            others, for_all = True, False
        elif amount and not forbidding and not ages:
            if populations(clause) and names_one_of(_group(asked), clause):
                return False
            for_all = for_all or not (others or populations(clause))
    return others


def _is_for_other_groups(groups: frozenset[str], text: str) -> bool:
    """As ``population.about_others``; but a dose that stands there before anybody is named is for
    all, and "contraindicated in children" does not make a line one for children."""
    if not about_others(groups, text):
        return False
    if not _AMOUNT.search(text):
        return True
    parts = [text]
    if CELL_GAP in text:
        said = whom(text, ())
        if said:
            return about_others(groups, " and ".join(_AS_TEXT[name] for name in said))
        parts = [cell for cell in text.split(CELL_GAP) if _AMOUNT.search(cell)]
    return any(_is_dose_for_others(groups, part) for part in parts)


def _is_dose_for_others(groups: frozenset[str], text: str) -> bool:
    """The same for a text, or a cell of a row, with an amount."""
    kept = [clause for clause in _clauses(text) if not NOT_FOR.search(clause)]
    for_all = False
    for clause in kept:
        amount = _AMOUNT.search(clause) is not None
        if populations(clause):
            if for_all and (amount or _HALF.search(clause)):
                return False
            break
        for_all = for_all or amount
    if for_all and not any(map(populations, kept)):
        return False  # they are named only to say that it is not for them
    return not kept or about_others(groups, ". ".join(kept))


def overlap(one: Span, other: Span) -> bool:
    """Whether somebody can be of both ages."""
    return min(one[1], other[1]) > max(one[0], other[0])


def _aged(text: str) -> list[tuple[str, list[Span]]]:
    """The clauses of a text with the ages of each. Behind one that says whom it is for, bare ages
    are ages too: "20 mg for ages 2 to 5 years, 40 mg over 5 years"."""
    found: list[tuple[str, list[Span]]] = []
    begun = False
    for clause in _clauses(text):
        ages = _in_clause(clause) or (_ranges(clause, _IN_CELL[:-1]) if begun else [])
        begun = begun or bool(ages)
        found.append((clause, ages))
    return found


def _is_of_ages(cell: str) -> bool:
    head, colon, _ = cell.partition(":")
    return bool(colon) and len(head) <= 40 and _OF_AGES.match(head.strip()) is not None


def _group(asked: Span) -> frozenset[str]:
    if asked[1] <= _NEWBORN[1]:
        return frozenset({"newborns"})
    if ADULT_YEARS <= asked[0] < _GROWN:
        return frozenset({"children", "adults"})
    return frozenset({"children" if asked[0] < ADULT_YEARS else "adults"})


def _clauses(line: str) -> list[str]:
    return [part for part in _CLAUSES.split(_ASIDE.sub(_kept, line)) if part.strip()]


def _kept(match: re.Match[str]) -> str:
    """An aside that names people or ages, or nothing in place of one that names none."""
    said = match[1]
    return match.group() if populations(said) or _ranges(said, _IN_CELL) else ""


def _in_clause(clause: str) -> list[Span]:
    clause = _FROM_BIRTH.sub("neonates 0 to ", _MONTHS_OF_12.sub(r"\1 months", clause))
    head, _, text = clause.partition(":")
    if not _is_of_ages(clause):
        return _ranges(clause, _FORMS) or _ranges(clause, (("over", _FROM_AGE),))
    if any(ch.isdigit() for ch in head):
        return _ranges(f"{head}:", _FORMS)  # "Age 6 to 12 years: 250 mg for 7 days"
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
            below = _BELOW.search(match.group()) is not None
            span = _span(kind, [group for group in match.groups() if group], below=below)
            # Days and weeks are how long somebody is treated, unless it is a newborn, and of adults
            # months too.
            weeks = _ADULTS.search(match.group()) and not _YEARS_OLD.search(match.group())
            if not weeks and (span[1] > _NEWBORN[1] or _is_of_newborns(match.group(), forms)):
                found.append(span)
            text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return found


def _is_of_newborns(said: str, forms: tuple[tuple[str, Pattern], ...]) -> bool:
    young = bool(populations(said) & {"newborns", "children"}) and "child" not in said.lower()
    return forms is _IN_CELL or young or "age" in said.lower()


def _one(match: re.Match[str]) -> Span:
    said = [group for group in match.groups() if group]
    number, unit = float(said[0]), said[1] if len(said) > 1 else "years"
    step = _YEARS[unit[0].lower()]
    return number * step, (number + 1) * step


def _span(kind: str, groups: list[str], *, below: bool = False) -> Span:
    numbers = [float(group) for group in groups if group[0].isdigit()]
    units = [_YEARS[group[0].lower()] for group in groups if group[0] in "yYmMwWdD"]
    if not units:
        units = [1.0]  # "6 to adult"
    first, last = numbers[0] * units[0], numbers[-1] * units[-1]
    if kind == "between" and groups[-1].lower() == "adult":
        return first, _OLDEST
    if kind in ("between", "exactly"):
        # "2 to 5 years" is up to the sixth birthday, "2 to under 6 years" too.
        return min(first, last), last + (0.0 if below else units[-1])
    if kind == "up to":
        return 0.0, first + units[0]
    return (0.0, first) if kind == "under" else (first, _OLDEST)
