"""What a drug is asked for, and what a document gives its dose for.

"Apixaban dose for DVT" is not answered by the dose that prevents a stroke: the drug is right, the
number is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from medrag.patterns import Pattern
from medrag.text import CELL_GAP, words
from medrag.vocabulary import (
    abbreviations,
    condition_kin,
    condition_parts,
    conditions,
    lay_phrases,
)

_HEAD = Pattern(
    r"\b(?:indicat|condition|diagnos[ei]s|infection|disease|problem|scenario|situation|syndrome|"
    r"presentation|setting|reason)|^(?:used? for|for|uses?)$",
    re.I,
)
_FOR = Pattern(
    r"\b(?:for|to treat|to prevent|treat(?:ing|ment of)|prevent(?:ing|ion of)|against|dose in|"
    r"(?:given|give|used|needed) in|"
    r"dose of \S+ in) (?P<what>[^,.;?]{1,80}?)"
    r"(?= (?:if|when|without|after|before|during|whose|on|by|at|every|per|in|for)\b|[,.;?]|$)",
    re.I,
)
_IN = Pattern(r"^\W*in [^,.;:]{1,60}", re.I)
_LABELLED = Pattern(r"^[^:.;]{1,60}:")
_JOINED = Pattern(
    r"\b(?:for|in|with|after|before|during|on|and|when|if|who|to|not|without)\b", re.I
)
_TOKEN = Pattern(r"[A-Za-z][A-Za-z0-9]*")
# Of indications alone: in a question for a dose they stand for nothing else on a ward.
_SHORT = {
    "MI": "infarction", "PE": "embolism", "HTN": "hypertension", "ACS": "coronary",
    "AFib": "atrial fibrillation", "CCF": "heart", "BV": "vaginosis", "PPH": "haemorrhage",
}  # fmt: skip
_NO_ABBREVIATIONS = frozenset({"ana", "pea", "bell", "all", "aids"})
_PREVENTS = Pattern(r"\b(?:prevent\w*|(?:thrombo)?prophyla\w*)", re.I)
_PROPHYLAXIS, _THROMBOSIS = "prophylaxis", "thrombosis"
_USES = {
    "prevents": _PREVENTS,
    "treats": Pattern(r"\btreat(?:s|ed|ing|ment)?\b|\btherapeutic\b", re.I),
    "acute": Pattern(r"\bstatus (?:epilepticus|asthmaticus)\b|\bacute\b", re.I),
    "lasting": Pattern(r"\bmaintenance\b(?! (?:dose|fluid|rate))|\blong[- ]term\b", re.I),
}
_OTHER_USES = (
    ("prevents", "treats"), ("treats", "prevents"), ("prevents", "acute"), ("acute", "prevents"),
    ("acute", "lasting"),
)  # fmt: skip
# Beside one of these a site or a kind is a condition: "urinary tract infection".
_MAKES_ONE = Pattern(
    r"\b(?:infections?|cancers?|carcinoma|tumou?rs?|ulcers?|failure|cris[ei]s)\b", re.I
)
# Words that many conditions share: alone they make no two alike.
_SHARED = "fibrillation exacerbation cancer carcinoma deficiency herpes prophylaxis".split()


def conditions_in(text: str) -> frozenset[str]:
    """The conditions that a text names, those that mean the same by one word; those of its
    abbreviations and of what people say too."""
    parts = [text, *_meant(text)]
    known = conditions()
    found = {known[word] for part in parts for word in words(part) if word in known}
    if _PREVENTS.search(text):
        found.add(_PROPHYLAXIS)
        if "thromboprophyla" in text.lower():
            found.add(_THROMBOSIS)
    return frozenset(found)


def asked_for(question: str) -> frozenset[str]:
    """The conditions that the question asks a drug for: what it says behind "for", or all where it
    is bare words ("apixaban DVT dose"). "After a stroke" and "with vomiting" do not say what for.
    """
    question = " ".join(question.split())
    if not _JOINED.search(question):
        return conditions_in(question)
    found = (conditions_in(match.group()) for match in _FOR.finditer(question))
    return frozenset[str]().union(*found)


def indication_of(row: str) -> str:
    """What a table row says that it is for; empty where no cell does."""
    cells = (cell.partition(":") for cell in row.split(CELL_GAP))
    return "; ".join(text.strip() for head, _, text in cells if _HEAD.search(head.strip()))


def for_other_conditions(question: str, rows: Sequence[tuple[str, str]]) -> list[bool]:
    """For each row (with the headings above it) whether it says that it is for another condition
    than the question's.

    Where some are for conditions that the question names, those that share the most with it stay;
    where none is, all are left out that name one, if the question says for what it asks. A row that
    does not say what it is for is for what its headings name; where none is known, it stays.
    """
    wanted = asked_for(question)
    own = [conditions_in(indication_of(row)) for row, _ in rows]
    told = [one or conditions_in(headings) for one, (_, headings) in zip(own, rows, strict=True)]
    named = wanted or conditions_in(question)
    shared = [_alike(named, conditions) if conditions else 0 for conditions in told]
    most = max(shared, default=0)
    if not named or (not wanted and not most):
        return [False] * len(rows)
    return [
        (bool(conditions) and (alike < most or (not alike and bool(cell))))
        or _is_other_use(question, [indication_of(row)])
        for conditions, alike, cell, (row, _) in zip(told, shared, own, rows, strict=True)
    ]


def is_for_another_condition(question: str, line: str, headings: Sequence[str]) -> bool:
    """Whether a line of running text with a dose is for another condition than the question's: what
    the line says that it is for, or else the first of the ``headings`` above it (the nearest first)
    to name a condition. What treats is not for who asks what prevents, and the other way round.

    A line that names the asked condition, or stands under it, is for it, whatever else is named.
    """
    wanted = asked_for(question)
    if not wanted:
        return False
    if _is_other_use(question, (line, *headings)):
        return True
    if is_for_condition(question, (line,), kin=True):
        return False
    parts = [m.group() for p in (_FOR, _IN, _LABELLED) for m in p.finditer(line)]
    if any(map(_named, parts)):
        return True
    return not is_for_condition(question, headings, kin=True) and any(map(_named, headings))


def is_for_condition(question: str, texts: Sequence[str], *, kin: bool = False) -> bool:
    """Whether one of the ``texts`` names a condition that the question asks a drug for (or that it
    names at all, where it does not say what for), or with ``kin`` one that is treated with it."""
    wanted = asked_for(question) or conditions_in(question)
    if kin:
        return any(_akin(wanted, conditions_in(text)) for text in texts)
    return any(not wanted.isdisjoint(conditions_in(text)) for text in texts)


def _is_other_use(question: str, texts: Sequence[str]) -> bool:
    """Whether the question speaks of preventing and a text of treating only, the other way round,
    or the question of an emergency and a text of what is taken for long; of the ``texts`` the first
    that speaks of any."""
    asked = _uses(question)
    told = next((uses for uses in map(_uses, texts) if uses), frozenset())
    return any(
        one in asked and other in told and other not in asked and one not in told
        for one, other in _OTHER_USES
    )


def _uses(text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in _USES.items() if pattern.search(text))


def _named(text: str) -> frozenset[str]:
    """The conditions that a text names for sure; "skin" and "surgical" alone are none."""
    found = conditions_in(text)
    if _MAKES_ONE.search(text):
        return found
    parts = condition_parts()
    return found & conditions_in(" ".join(word for word in words(text) if word not in parts))


def _akin(asked: frozenset[str], told: frozenset[str]) -> bool:
    """Whether two sets share a condition, or one of each is treated with the other."""
    pairs = (frozenset((one, other)) for one in asked for other in told)
    return any(len(pair) == 1 or pair in condition_kin() for pair in pairs)


def _alike(asked: frozenset[str], told: frozenset[str]) -> int:
    """How many conditions two share, if one of them tells conditions apart; what prevents is not
    like what treats."""
    both = asked & told
    shared = {conditions().get(word, word) for word in _SHARED}
    if not both - shared and not asked <= shared:
        return 0
    apart = (_PROPHYLAXIS in asked) is not (_PROPHYLAXIS in told)
    return 2 * len(both) + (not apart)


def _meant(text: str) -> list[str]:
    """What abbreviations (in small letters too, where they are no words) and lay phrases of a text
    stand for."""
    out = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        small = word.islower() and len(word) > 2 and word not in _NO_ABBREVIATIONS
        said = word.upper() if small else word
        out += [meant for table in (abbreviations(), _SHORT) if (meant := table.get(said))]
    lowered = f" {' '.join(words(text))} "
    return out + [meant for phrase, meant in _lay().items() if phrase in lowered]


@cache
def _lay() -> dict[str, str]:
    return {f" {' '.join(words(said))} ": meant for said, meant in lay_phrases().items()}
