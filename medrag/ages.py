"""How old somebody is whom a question is about, and the ages that a line of a document is for.

"Child 6 to 12 years: 250 mg" has the words that a question about a boy of four asks for, and the
wrong dose.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from medrag.patterns import Pattern
from medrag.population import populations
from medrag.text import CELL_GAP

Span: TypeAlias = tuple[float, float]
"""Ages in years, from the first (included) to the second."""

_YEARS = {"y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
_NEWBORN = (0.0, 28 / 365.25)
_OLDEST = 150.0
_ADULT = 18.0
# Whom a line names by a word, it is for too, whatever ages it gives for others.
_ALSO: dict[tuple[bool, bool], frozenset[str]] = {
    (True, False): frozenset({"newborns"}), (False, True): frozenset({"adults"}),
    (False, False): frozenset(),
}  # fmt: skip
_UNIT = r"(years?|yrs?|months?|mths?|weeks?|days?|y|m)\b"
_OLD = r"(?: of age|[ -]old)"
# What makes a number an age: what stands right before it, or right behind its unit.
_BEFORE = (
    r"(?:\b(?:age[ds]?|child(?:ren)?|infants?|bab(?:y|ies)|boys?|girls?|neonates?|newborns?|adults?|"
    r"adolescents?|teenagers?|people|patients?|those|they are)[ :,(]*(?:(?:who are |of )?"
    r"(?:aged?|ages) )?(?:from |between )?)"
)
_TO = rf"(\d+(?:\.\d+)?) ?-?(?:{_UNIT})?{_OLD}? ?(?:to|and|until|up to|[-\u2013]) ?"
_BETWEEN = rf"{_TO}(?:under |below |less than )?(\d+(?:\.\d+)?) ?-?{_UNIT}"
_UNDER = rf"(?:under|below|younger than|less than|up to|<) ?(\d+(?:\.\d+)?) ?-?{_UNIT}"
_OVER = rf"(?:over|above|older than|more than|from|at least|[>\u2265]) ?(\d+(?:\.\d+)?) ?-?{_UNIT}"
_UPWARDS = rf"(\d+(?:\.\d+)?) ?-?{_UNIT}{_OLD}? (?:and|or) (?:over|older|above|more|upwards)"
_FORMS = (("between", _BETWEEN), ("upwards", _UPWARDS), ("under", _UNDER), ("over", _OVER))
_RANGES = tuple((kind, Pattern(rf"{_BEFORE}{form}|{form}{_OLD}", re.I)) for kind, form in _FORMS)
_IN_CELL = tuple((kind, Pattern(form, re.I)) for kind, form in _FORMS)
_OF_AGES = Pattern(r"^(?:[\w ]*\b)?(?:age|ages|age group|age range)\b", re.I)
_ONE = Pattern(
    rf"\b(\d{{1,3}})[ -]?{_UNIT}[ /-]?(?:old\b|o\b|of age\b)"
    rf"|\b(?:aged?|(?:boy|girl|child|baby|infant|man|woman|patient) of) (\d{{1,3}})\b(?: ?{_UNIT})?"
    r"|\b(\d{1,3}) ?yo\b",
    re.I,
)
_OF_THE_NEWBORN = Pattern(r"\W*(?:neonates?|newborns?|bab|age)", re.I)
_NEW = Pattern(r"\b(?:neonat\w*|new-?borns?|preterm)\b", re.I)


def age_asked(question: str) -> Span | None:
    """The age, or the ages, of whom a question is about; None where it gives none, or several."""
    found = ages_of(question)
    if not found:
        found = [_one(match) for match in _ONE.finditer(question)]
    if not found and _NEW.search(question):
        found = [_NEWBORN]
    return found[0] if len(found) == 1 else None


def ages_of(line: str) -> list[Span]:
    """The ranges of ages that a line says something for, as far as it gives any."""
    found: list[Span] = []
    for part in line.split(CELL_GAP):
        head, colon, text = part.partition(":")
        of_ages = bool(colon) and len(head) < 40 and _OF_AGES.match(head) is not None
        rest = text if of_ages else part
        for kind, pattern in _IN_CELL if of_ages else _RANGES:
            # What one form has told is not told again by a part of it.
            for match in list(pattern.finditer(rest)):
                span = _span(kind, [group for group in match.groups() if group])
                # Five to seven days is how long a child is treated.
                if span[1] > _NEWBORN[1] or of_ages or _OF_THE_NEWBORN.match(match.group()):
                    found.append(span)
                rest = rest[: match.start()] + " " * len(match.group()) + rest[match.end() :]
    return found


def is_for_other_ages(asked: Span | None, line: str) -> bool:
    """Whether a line is for ages of which ``asked`` is none."""
    if asked is None:
        return False
    ages = ages_of(line)
    if not ages or populations(line) & _ALSO[asked == _NEWBORN, asked[0] >= _ADULT]:
        return False
    return all(min(asked[1], age[1]) <= max(asked[0], age[0]) for age in ages)


def _one(match: re.Match[str]) -> Span:
    number = float(match[1] or match[3] or match[5])
    step = _YEARS[(match[2] or match[4] or "y")[0].lower()]
    return number * step, (number + 1) * step


def _span(kind: str, groups: list[str]) -> Span:
    numbers = [float(group) for group in groups if group[0].isdigit()]
    units = [_YEARS[group[0].lower()] for group in groups if not group[0].isdigit()]
    first, last = numbers[0] * units[0], numbers[-1] * units[-1]
    if kind == "between":
        return first, last + units[-1]  # "2 to 5 years" is up to the sixth birthday
    return (0.0, first) if kind == "under" else (first, _OLDEST)
