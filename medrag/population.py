"""Whom a sentence or a heading is about: adults, children, newborns, pregnancy, old age.

A dose for a child under a question about adults is the right words and the wrong answer, so
passages and sentences that speak of somebody else only are left out of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORDS = {
    "adults": r"adults?|men|women|adulthood",
    "children": r"child(?:ren)?|childhood|paediatrics?|pediatrics?|infants?|toddlers?|bab(?:y|ies)"
    r"|adolescents?|teenagers?|boys?|girls?|kids?|schoolchild(?:ren)?",
    "newborns": r"neonates?|neonatal|newborns?|preterm",
    "pregnancy": r"pregnan(?:t|cy|cies)|breast-?feeding|lactati(?:ng|on)",
    "old age": r"elderly|geriatrics?|older (?:people|adults?|patients?|persons?)|frail(?:ty)?",
}
_PATTERNS = {name: re.compile(rf"\b(?:{words})\b", re.I) for name, words in _WORDS.items()}
# Whoever asks about the one may be answered from the other.
_WITHIN = {"newborns": "children", "old age": "adults", "pregnancy": "adults"}
_NEGATED = re.compile(
    r"\b(?:not|non|no|never)[ -]+(?:in |for |yet )?(?:pregnant|breast-?feeding)", re.I
)


_AGE = re.compile(
    r"\b(\d{1,3})[ -]?(years?|yrs?|months?|weeks?|days?|y)[ /-]?(?:old\b|o\b)"
    r"|\baged? (\d{1,3})[ -]?(years?|months?|weeks?|days?)?\b|\b(\d{1,3}) ?yo\b",
    re.I,
)
_ADULT_YEARS = 16
_NOT_ANYBODY = frozenset({"children", "newborns", "pregnancy"})


def populations(text: str) -> frozenset[str]:
    """The groups that a text names, by word or by age; empty when it names none."""
    text = _NEGATED.sub(" ", text)
    named = {name for name, pattern in _PATTERNS.items() if pattern.search(text)}
    for match in _AGE.finditer(text):
        number = int(match.group(1) or match.group(3) or match.group(5))
        unit = (match.group(2) or match.group(4) or "years").lower()
        if unit[0] != "y":
            named.add("newborns" if unit[0] == "d" and number <= 28 else "children")
        else:
            named.add("children" if number < _ADULT_YEARS else "adults")
    return frozenset(named)


def without_populations(text: str) -> str:
    """A text without the words and ages that name groups."""
    for pattern in (_AGE, *_PATTERNS.values()):
        text = pattern.sub(" ", text)
    return text


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


def whom(texts: Sequence[str]) -> frozenset[str]:
    """The groups that the first of these texts to name one names: a sentence, then the headings
    above it, the nearest first."""
    return next((named for text in texts if (named := populations(text))), frozenset())


def whom_warning(question: str, lines: Sequence[tuple[int, frozenset[str]]]) -> str | None:
    """What to tell whoever asked without saying for whom, where the ``lines`` of the answer (the
    marker of each and the groups that it is about) are for different people, or only for some that
    one would not think of: a child's dose looks like any other."""
    if populations(question):
        return None
    every = [groups for _, groups in lines if groups]
    named = {
        marker: frozenset().union(*(g for m, g in lines if m == marker)) for marker, _ in lines
    }
    if any(one.isdisjoint(other) for one in every for other in every):
        told = "; ".join(f"[{m}] {_in_words(named[m])}" for m in sorted(named) if named[m])
        return f"Not every line is for the same patients: {told}."
    if every and all(groups <= _NOT_ANYBODY for groups in every):
        markers = "".join(f"[{m}]" for m in sorted(named) if named[m])
        return f"{markers} for {_in_words(frozenset().union(*every))} only."
    return None


def _in_words(groups: frozenset[str]) -> str:
    return " and ".join(name for name in _WORDS if name in groups)
