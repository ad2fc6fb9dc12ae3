"""Whom a sentence or a heading is about: adults, children, newborns, pregnancy, old age.

A dose for a child under a question about adults is the right words and the wrong answer, so
passages and sentences that speak of somebody else only are left out of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medrag.patterns import Pattern

_WORDS = {
    "adults": r"adults?|m[ae]n|wom[ae]n|adulthood",
    "children": r"child(?:ren)?(?![\u2019']?s?[ \u2013-]*(?:Turcotte[ \u2013-]*)?Pugh)|childhood"
    r"|paediatrics?|pediatrics?|infants?|toddlers?"
    r"|bab(?:y|ies)|adolescents?|teenagers?|boys?|girls?|kids?|schoolchild(?:ren)?",
    "newborns": r"neonates?|neonatal|newborns?|preterm",
    "pregnancy": r"pregnan(?:t|cy|cies)|breast-?feeding|lactati(?:ng|on)",
    "old age": r"elderly|geriatrics?|older (?:people|adults?|patients?|persons?)|frail(?:ty)?",
}
_PATTERNS = {name: Pattern(rf"\b(?:{words})\b", re.I) for name, words in _WORDS.items()}
# Whoever asks about the one may be answered from the other.
_WITHIN = {"newborns": "children", "old age": "adults", "pregnancy": "adults"}
_CELLS = " | "  # of a table row
_ADULTS = Pattern(r"\badults?\b", re.I)
_NEGATED = Pattern(
    r"\b(?:not|non|no|never)[ -]+(?:in |for |yet )?(?:pregnant|breast-?feeding)", re.I
)


_AGE = Pattern(
    r"\b(\d{1,3})[ -]?(years?|yrs?|months?|weeks?|days?|y)[ /-]?(?:old\b|o\b)"
    r"|\baged? (\d{1,3})[ -]?(years?|months?|weeks?|days?)?\b|\b(\d{1,3}) ?yo\b",
    re.I,
)
ADULT_YEARS = 16
_NEWBORN_DAYS = 28
_NOT_ANYBODY = frozenset({"children", "newborns", "pregnancy", "old age"})
# A clause that says one of these of somebody does not say what they are given.
NOT_FOR = Pattern(
    r"\b(?:(?:not|no)(?! more)|never|avoid\w*|contra-?indicat\w*|except|unless|see|swallow\w*|reach"
    r"|studied|mistake\w*|mothers? of|parents? of)\b",
    re.I,
)
_CLAUSES = Pattern(r"[.;:,](?=\s|$)")
_ONLY = Pattern(r"\bonly\b", re.I)
_SAYS_WHOM = Pattern(
    r"\b(?:drug|medicine|agent|name|patients?|age|group|population|indication|for|who|whom)\b", re.I
)


def populations(text: str) -> frozenset[str]:
    """The groups that a text names, by word or by age; empty when it names none."""
    text = _NEGATED.sub(" ", text)
    named = {name for name, pattern in _PATTERNS.items() if pattern.search(text)}
    for match in _AGE.finditer(text):
        number = int(match.group(1) or match.group(3) or match.group(5))
        unit = (match.group(2) or match.group(4) or "years").lower()
        if unit[0] != "y":
            days = number * {"d": 1, "w": 7}.get(unit[0], 30)
            named.add("newborns" if days <= _NEWBORN_DAYS else "children")
        else:
            named.add("children" if number < ADULT_YEARS else "adults")
    return frozenset(named)


def without_populations(text: str) -> str:
    """A text without the words and ages that name groups."""
    for pattern in (_AGE, *_PATTERNS.values()):
        text = pattern.sub(" ", text)
    return text


def without_ages(text: str) -> str:
    """A text without the ages that it gives."""
    return _AGE.sub(" ", text)


def names_one_of(asked: frozenset[str], text: str) -> bool:
    """Whether a text names one of these groups itself; children stand for newborns too."""
    wanted = asked | ({"children"} if "newborns" in asked else frozenset())
    return not wanted.isdisjoint(populations(text))


def about_others(asked: frozenset[str], text: str) -> bool:
    """Whether a text is about groups that a question about ``asked`` is not about."""
    named = populations(text)
    if not asked or not named:
        return False
    wider = asked | {_WITHIN[name] for name in asked if name in _WITHIN}
    narrower = {name for name, within in _WITHIN.items() if within in asked}
    return named.isdisjoint(wider | narrower)


def whom(line: str, headings: Sequence[str]) -> frozenset[str]:
    """The groups that a line of a document is for: those that it names, or else the first of the
    ``headings`` above it (the nearest first) to name one. Of a table row those in the cells that
    say whom it is for: under "Pregnancy" stands what every row has something on."""
    whole = _cells_for_whom(line) if _CELLS in line else line
    said = " ".join(part for part in _CLAUSES.split(whole) if not NOT_FOR.search(part))
    named = populations(said)
    if not named and populations(whole):
        return frozenset()
    above = (found for heading in headings if (found := populations(heading)))
    found = named or next(above, frozenset())
    # "In pregnant women" is not for women at large.
    return found - {"adults"} if "pregnancy" in found and not _ADULTS.search(said) else found


def _cells_for_whom(row: str) -> str:
    told = []
    for cell in row.split(_CELLS):
        head, _, text = cell.partition(":")
        if _SAYS_WHOM.search(head) or _ONLY.search(text):
            told.append(f"{text}.")
        elif populations(head) - {"pregnancy"}:
            told.append(f"{head}.")
    return " ".join(told)


def whom_warning(asked: frozenset[str], lines: Sequence[tuple[int, frozenset[str]]]) -> str | None:
    """That not every one of the ``lines`` of an answer (the marker of each and the groups that it
    is for) is for everybody, where the question does not say for whom; or that one is not for those
    who are ``asked`` about. A child's dose looks like any other."""
    every = [groups for _, groups in lines if groups]
    if asked:
        # What is for adults is for the old among them, and need not be for pregnant women, nor what
        # is for children for newborns.
        wider = asked | ({"adults"} if "old age" in asked else frozenset())
        wider = wider - {"children"} if "newborns" in asked else wider
        told = [(m, groups) for m, groups in lines if groups and groups.isdisjoint(wider)]
    elif any(one.isdisjoint(other) for one in every for other in every) or any(
        groups <= _NOT_ANYBODY for groups in every
    ):
        told = list(lines)
    else:
        told = []
    markers = list(dict.fromkeys(marker for marker, groups in told if groups))
    if not markers:
        return None
    each = "; ".join(f"[{m}] {_for_whom([g for n, g in lines if n == m])}" for m in markers)
    return f"Check whom each line is for: {each}."


def _for_whom(found: Sequence[frozenset[str]]) -> str:
    """Whom the lines of one source are for: "children", or "in part adults, in part children"."""
    kinds = list(dict.fromkeys(found))
    if len(kinds) == 1:
        return _in_words(kinds[0])
    return ", ".join(f"in part {_in_words(kind)}" for kind in kinds if kind)


def _in_words(groups: frozenset[str]) -> str:
    return " and ".join(name for name in _WORDS if name in groups)
