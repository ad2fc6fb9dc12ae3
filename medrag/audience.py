"""Whom a document says it is for: "This guideline applies to children from 1 month."

It says so once, at its beginning, and every dose in it is to be read so.
"""

from __future__ import annotations

import re

from medrag.ages import Patient, ages_in, ages_of, is_for, is_for_another, overlap
from medrag.patterns import Pattern
from medrag.population import populations
from medrag.text import CELL_GAP, is_row, sentences

OPENING = 3000
"""How many characters of a document may say whom it is for."""
_LONGEST = 240
_OF_ITSELF = (
    r"(?:guidelines?|guidance|protocols?|polic(?:y|ies)|documents?|formulary|pathways?|charts?|"
    r"monographs?|procedure|leaflet|table|recommendations|page|doses|dosing)"
)
_SAYS = Pattern(
    rf"^\W*(?:this|these|the|all)\b[\w ,-]{{0,40}}?\b{_OF_ITSELF}\b[\w ,()-]{{0,40}}?\b(?:"
    r"appl(?:y|ies)|(?:is|are) (?:only )?(?:(?:intended |valid |meant |written )?for|to be used|"
    r"relevant|not)|covers?|(?:must|should|does|do) not|may only be used|"
    r"(?:lists?|gives?|contains?|provides?|has|have)\b.{1,80}\bfor)\b",
    re.I,
)
# "Under 18s": years, where no unit stands behind.
_UNDER = Pattern(
    r"\b((?:under|over|below|above) ?\d{1,2})s?\b(?! ?-?(?:years?|months?|weeks?|days?|kg))", re.I
)
_BARE = Pattern(
    r"^\W*(?:(?:adults?|children|neonates|newborns|infants) only\W*$"
    r"|do not use (?:this (?:\w+ )?)?in\b|not for (?:use in |patients |people )?)",
    re.I,
)
_GOES_ON = Pattern(
    r"^(?:it|they|this|these) (?:is|are|must|should|does|do|may) (?:not|only)\b", re.I
)
_LABEL = Pattern(
    r"^\W*(?:scope|who (?:is )?this (?:\w+ )?(?:is |applies )?(?:for|to)|applies to|"
    r"applicable to|(?:not )?for use in|target (?:group|population|audience)|"
    r"(?:patient|age) groups?|patients|population|relevant to|inclusion(?: criteria)?|intended for)"
    r"\W*(?:[:\u2013-]|$)|^\W*(?:applies to|(?:not )?for use in)\b",
    re.I,
)
_SHORT = Pattern(r"^\W*for (?:use in |all )?(?=[^.]{0,80}\.?$)", re.I)
_SHORT_WORDS = 14
_ELSEWHERE = Pattern(r"\b(?:see|refer(?:red)? to|consult|ask)\b", re.I)
_EXCLUDES = Pattern(
    r"\b(?:not(?! only)|never|except(?:ing)?|exclud(?:es|ing|ed)|apart from|other than)\b", re.I
)


def audience_of(opening: str) -> str:
    """The first sentences of a document's beginning that say whom it is for, or not for; empty
    where none does."""
    opening = opening[:OPENING]
    said = [
        " ".join(part.split())
        for line in (opening[start:end] for start, end in sentences(opening))
        for part in ([line] if is_row(line) else line.split(CELL_GAP))
    ]
    found: list[str] = []
    for before, one in zip(["", *said], said, strict=False):
        under = before in found and _GOES_ON.match(one) is not None
        under = under or _is_label(before)
        if (under and populations(one)) or _says_whom(one):
            found.append(one)
    return " ".join(dict.fromkeys(found))


def is_outside(patient: Patient, audience: str) -> bool:
    """Whether a patient is none of those whom a document is for."""
    return any(_is_outside(patient, audience[a:b]) for a, b in sentences(audience))


def speaks_of(patient: Patient, audience: str, text: str) -> bool:
    """Whether a text in a document for others is about the patient all the same: it gives their
    age, or names a group of theirs that the document does not say it is for."""
    ages = ages_of(text)
    if ages and patient.age is not None:
        return is_for(patient, text)
    return bool((populations(text) & patient.groups) - populations(included(audience)))


def included(audience: str) -> str:
    """What a document says of whom it is for, without whom it is not for."""
    return " ".join(_parted(audience[start:end])[0] for start, end in sentences(audience))


def _is_outside(patient: Patient, said: str) -> bool:
    for_whom, others = _parted(said)
    return _is_meant(patient, others) or is_for_another(patient, for_whom)


def _parted(said: str) -> tuple[str, str]:
    """A sentence's words on whom it is for, and on whom it is not for."""
    found = _EXCLUDES.search(said)
    return (said[: found.start()], said[found.end() :]) if found else (said, "")


def _is_meant(patient: Patient, excluded: str) -> bool:
    """Whether somebody is surely one of those excluded: a child may not be "under 2 years"."""
    groups = populations(excluded)
    narrow = groups & {"newborns", "pregnancy", "old age"} or groups
    excluded = _UNDER.sub(r"\1 years", excluded)
    if ages := ages_in(excluded):
        return patient.age is not None and any(overlap(patient.age, age) for age in ages)
    wider = {"children"} if "newborns" in patient.groups else set()
    return bool((patient.groups | wider) & narrow)


def _is_label(line: str) -> bool:
    """Whether a line is nothing but "Scope" or the like."""
    found = _LABEL.match(line)
    return found is not None and not line[found.end() :].strip()


def _says_whom(sentence: str) -> bool:
    if len(sentence) > _LONGEST or is_row(sentence) or sentence.endswith("?"):
        return False
    if _ELSEWHERE.search(sentence) and not _EXCLUDES.search(sentence):
        return False  # "For children see the paediatric formulary."
    short = len(sentence.split()) <= _SHORT_WORDS and _SHORT.match(sentence)
    bare = len(sentence.split()) <= _SHORT_WORDS and _BARE.match(sentence)
    if not (short or bare or _LABEL.match(sentence) or _SAYS.match(sentence)):
        return False
    return bool(populations(sentence) or ages_in(_UNDER.sub(r"\1 years", sentence)))
