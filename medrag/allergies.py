"""What is not for somebody with the allergy that a question tells of.

"Amoxicillin 30 mg/kg. Not in penicillin allergy." has all the words of a question about somebody
with that allergy, and the dose in it would harm them.
"""

from __future__ import annotations

import re

from medrag.doses import asked_drugs, has_amount
from medrag.drugs import drug_names
from medrag.patterns import Pattern
from medrag.text import CELL_GAP, stem, words

_IT = r"(?:allerg(?:y|ies|ic)|hypersensitiv\w+|anaphyla\w+)"
_ALLERGY = Pattern(rf"\b{_IT}(?: reactions?)?\b", re.I)
# "Allergic to both penicillin and cephalosporins", "allergies: penicillin", "penicillin or
# cephalosporin allergy".
_BEHIND = Pattern(r"\s+(?:to|with)\s+((?:[\w-]+[\s,/]+){0,5}[\w-]+)", re.I)
_LISTED = Pattern(r"\s*(?:to|with|:)?\s*((?:[\w-]+[\s,/]+){0,5}[\w-]+)", re.I)
_BEFORE = Pattern(r"(?:[\w-]+(?:,? (?:or|and) |/))*\w[\w-]*?[ -]+$", re.I)
_WORD = Pattern(r"[A-Za-z]{2,}(?:-[A-Za-z]{2,})*")
_SHORT = {"pen": "penicillin", "pcn": "penicillin", "sulpha": "sulfonamide", "sulfa": "sulfonamide"}
_CLASSES = {
    "penicillin": Pattern(r"cillin|amoxiclav|fluampicil|tazobactam|clavulan|tazocin", re.I),
    "cephalosporin": Pattern(r"\b(?:cef|ceph)", re.I),
    "macrolide": Pattern(r"\b(?:erythro|clarithro|azithro)mycin", re.I),
    "sulfonamide": Pattern(r"sul(?:f|ph)a(?!te)|trimoxazole", re.I),
    "nsaid": Pattern(r"\b(?:ibuprofen|naproxen|diclofenac|aspirin|ketorolac|indometacin)", re.I),
    "latex": Pattern(r"\blatex", re.I),
}
# Between "not" or "no" and the allergy stands nothing but such words.
_FILLERS = (
    r"(?:\W+(?:be|to|used?|give[ns]?|in|for|if|with|patients?|people|anyone|anybody|those|adults?|"
    r"children|who|are|is|has|have|had|a|an|any|the|known|history|of|there|severe|true|"
    r"suspected|reported|previous|it))*\W*$"
)
_NO = Pattern(
    rf"(?:\b(?:no|not|without|denies|non(?!-severe|-mild)|never|nil)|n[\u2019']t)\b{_FILLERS}", re.I
)
_NOT_IN = Pattern(rf"\b(?:avoid\w*|contra-?indicated|unsuitable|except|unless){_FILLERS}", re.I)
_ANSWERED_NO = Pattern(r"\W*(?:no\b|not\b|do not|avoid|contra-?indicated|never)", re.I)
_CLAUSES = Pattern(r"[.;](?=\s|$)")


def allergies_told(question: str) -> frozenset[str]:
    """What somebody in the question is allergic to, by its stem."""
    return frozenset(
        name
        for place, end, names in _allergies(question)
        if not _NO.search(question[:place])
        for name in names
    )


def is_forbidden(question: str, line: str) -> bool:
    """Whether a line gives something that is not for the allergy in the question: because it says
    so, or because all drugs that it names are of what somebody is allergic to. Not where the
    question asks for that very drug: "Can she have amoxicillin?" is answered by it."""
    told = allergies_told(question)
    if not told or not has_amount(line):
        return False
    elsewhere = _without_allergies(question)
    if not set(asked_drugs(elsewhere).values()).isdisjoint({*map(stem, words(line)), *words(line)}):
        return False
    return _says_so(told, line) or _gives_only(told, line)


def _gives_only(told: frozenset[str], line: str) -> bool:
    named = drug_names(_without_allergies(line))
    return bool(named) and all(any(_is_of(name, each) for each in told) for name in named)


def _is_of(name: str, allergen: str) -> bool:
    """Whether a drug is what somebody is allergic to, or of that class."""
    if stem(name.lower()) == allergen:
        return True
    return any(
        pattern.search(name) and (stem(kind) == allergen or pattern.search(allergen))
        for kind, pattern in _CLASSES.items()
    )


def _says_so(told: frozenset[str], line: str) -> bool:
    clauses = [part for cell in line.split(CELL_GAP) for part in _CLAUSES.split(cell)]
    for clause in clauses:
        for place, end, names in _allergies(clause):
            before, behind = clause[:place], clause[end:]
            forbids = _NO.search(before) or _NOT_IN.search(before) or _ANSWERED_NO.match(behind)
            if forbids and not told.isdisjoint(names):
                # "Do not use the one in penicillin allergy; give the other 250 mg."
                own = set(drug_names(_without_allergies(clause)))
                given = set(drug_names(_without_allergies(line)))
                return not own or not given - own
    return False


def _allergies(text: str) -> list[tuple[int, int, frozenset[str]]]:
    """From where to where a text tells of allergies, and to what."""
    found = []
    for match in _ALLERGY.finditer(text):
        place, end = match.span()
        listed = match.group().lower().startswith("allergies")
        behind = (_LISTED if listed else _BEHIND).match(text, end)
        names = _allergens(behind[1]) if behind else frozenset()
        if behind and names:
            end = behind.end()
        elif before := _BEFORE.search(text[:place]):
            names, place = _allergens(before.group()), before.start()
        if names:
            found.append((place, end, names))
    return found


def _allergens(text: str) -> frozenset[str]:
    known = {stem(kind) for kind in _CLASSES}
    said = [_SHORT.get(match.group().lower(), match.group().lower()) for match in
            _WORD.finditer(text)]  # fmt: skip
    return frozenset(stem(word) for word in said if stem(word) in known or drug_names(word))


def _without_allergies(text: str) -> str:
    for place, end, _ in reversed(_allergies(text)):
        text = f"{text[:place]} {text[end:]}"
    return text
