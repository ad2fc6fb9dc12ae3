"""What a line says is not for somebody with the allergy that a question tells of.

"Amoxicillin 30 mg/kg. Not in penicillin allergy." has all the words of a question about somebody
with that allergy, and the dose in it would harm them.
"""

from __future__ import annotations

import re

from medrag.doses import asked_drugs, has_amount
from medrag.patterns import Pattern
from medrag.text import CELL_GAP, stem, words

_IT = r"(?:allerg(?:y|ies|ic)|hypersensitiv\w+|anaphyla\w+)"
# "Penicillin allergy", "penicillin-allergic", "allergic to penicillin".
_ALLERGY = Pattern(
    rf"\b(?P<no>(?:no|not|without) (?:(?:an?|any|known|severe) )*|non-)?"
    rf"(?:(?P<before>[a-z]{{4,}})[ -]{_IT}"
    rf"|{_IT} (?:to|with) (?:an? |any |the )?(?P<after>[a-z]{{4,}}))",
    re.I,
)
_FORBIDDEN = Pattern(
    r"\b(?:not|never|no|avoid\w*|contra-?indicat\w*|except|unless|without)\b", re.I
)
_CLAUSES = Pattern(r"[.;](?=\s|$)")


def allergies_told(question: str) -> frozenset[str]:
    """The stems of what somebody in the question is allergic to."""
    return frozenset(_stem(match) for match in _ALLERGY.finditer(question) if not match["no"])


def is_forbidden(question: str, line: str) -> bool:
    """Whether a line gives something and says that it is not for the allergy in the question, and
    the question does not name what it gives: "Can she have amoxicillin?" is answered by it."""
    told = allergies_told(question)
    if not told or not has_amount(line) or not _says_so(told, line):
        return False
    asked = set(asked_drugs(_ALLERGY.sub(" ", question)).values())
    return asked.isdisjoint({stem(word) for word in words(line)} | set(words(line)))


def _says_so(told: frozenset[str], line: str) -> bool:
    for part in (part for cell in line.split(CELL_GAP) for part in _CLAUSES.split(cell)):
        for match in _ALLERGY.finditer(part):
            forbids = match["no"] or _FORBIDDEN.search(part[: match.start()])
            if forbids and _stem(match) in told:
                return True
    return False


def _stem(match: re.Match[str]) -> str:
    return stem((match["before"] or match["after"]).lower())
