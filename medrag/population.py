"""Whom a sentence or a heading is about: adults, children, newborns, pregnancy, old age.

A dose for a child under a question about adults is the right words and the wrong answer, so
passages and sentences that speak of somebody else only are left out of an answer.
"""

from __future__ import annotations

import re

_WORDS = {
    "adults": r"adults?|men|women|adulthood",
    "children": r"child(?:ren)?|childhood|paediatrics?|pediatrics?|infants?|toddlers?|bab(?:y|ies)"
    r"|adolescents?|teenagers?",
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


def populations(text: str) -> frozenset[str]:
    """The groups that a text names; empty when it names none."""
    text = _NEGATED.sub(" ", text)
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))


def about_others(asked: frozenset[str], text: str) -> bool:
    """Whether a text is about groups that a question about ``asked`` is not about."""
    named = populations(text)
    if not asked or not named:
        return False
    wider = asked | {_WITHIN[name] for name in asked if name in _WITHIN}
    narrower = {name for name, within in _WITHIN.items() if within in asked}
    return named.isdisjoint(wider | narrower)
