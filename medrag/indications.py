"""What a drug is asked for, and what a row of a formulary gives its dose for.

"Apixaban dose for DVT" is not answered by the dose that prevents a stroke: the drug is right, the
number is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medrag.patterns import Pattern
from medrag.text import CELL_GAP, words
from medrag.vocabulary import abbreviations, conditions

_HEAD = Pattern(
    r"(?:clinical )?(?:indicat(?:ions?|ed)|conditions?|diagnos[ei]s|infections?|diseases?|problems?"
    r"|use[ds]? for|for|uses?|reasons?)(?: for\b.*| of\b.*| ?\(.*)?$",
    re.I,
)
_FOR = Pattern(
    r"\b(?:for|to treat|treat(?:ing|ment of)|against) (?P<what>[^,.;?]{1,80}?)"
    r"(?= (?:if|when|with|without|after|before|during|who|whose|on|by|at|every|per|in|for)\b"
    r"|[,.;?]|$)",
    re.I,
)
_JOINED = Pattern(
    r"\b(?:for|in|with|after|before|during|on|and|when|if|who|to|not|without)\b", re.I
)
_TOKEN = Pattern(r"[A-Za-z][A-Za-z0-9]*")


def conditions_in(text: str) -> frozenset[str]:
    """The conditions that a text names, those that mean the same by one word; those of its
    abbreviations too."""
    short = (match.group() for match in _TOKEN.finditer(text))
    full = [text, *(abbreviations()[word] for word in short if word in abbreviations())]
    known = conditions()
    return frozenset(known[word] for part in full for word in words(part) if word in known)


def asked_for(question: str) -> frozenset[str]:
    """The conditions that the question asks a drug for: what it says behind "for", or all where it
    is bare words ("apixaban DVT dose"). "After a stroke" and "with vomiting" do not say what for.
    """
    question = " ".join(question.split())
    if not _JOINED.search(question):
        return conditions_in(question)
    found = (conditions_in(match["what"]) for match in _FOR.finditer(question))
    return frozenset[str]().union(*found)


def indication_of(row: str) -> str:
    """What a table row says that it is for; empty where no cell does."""
    cells = (cell.partition(":") for cell in row.split(CELL_GAP))
    return "; ".join(text.strip() for head, _, text in cells if _HEAD.match(head.strip()))


def for_other_conditions(question: str, rows: Sequence[tuple[str, str]]) -> list[bool]:
    """For each row (with the headings above it) whether it says that it is for another condition
    than the question's.

    Where some are for a condition that the question names, the others are; where none is, all are
    that name one, if the question says for what it asks. Rows that name no known condition stay.
    """
    named, wanted = conditions_in(question), asked_for(question)
    told = [conditions_in(indication_of(row)) for row, _ in rows]
    alike = [
        not named.isdisjoint(conditions | conditions_in(headings))
        for conditions, (_, headings) in zip(told, rows, strict=True)
    ]
    if not named or (not wanted and not any(alike)):
        return [False] * len(rows)
    return [bool(conditions) and not same for conditions, same in zip(told, alike, strict=True)]
