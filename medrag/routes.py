"""By which route something is given: a dose into a vein is not the dose by mouth."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medrag.patterns import Pattern
from medrag.text import CELL_GAP

_ROUTES = {
    "vein": Pattern(r"\b(?:IV|IVI|intravenous(?:ly)?|into (?:a|the) vein)\b", re.I),
    "mouth": Pattern(
        r"\b(?:PO|p\.o\.|orally|by mouth|oral(?! (?:cavity|thrush|candid|hygiene|care|mucos|ulcer"
        r"|rehydration|contracept|anticoag)))\b",
        re.I,
    ),
    "muscle": Pattern(r"\b(?:IM|intramuscular(?:ly)?)\b", re.I),
    "skin": Pattern(r"\b(?:SC|s/c|subcut(?:aneous(?:ly)?)?)\b", re.I),
    "lungs": Pattern(r"\b(?:neb(?:s|ulis\w+|uliz\w+)?|inhal\w+)\b", re.I),
    "rectum": Pattern(r"\b(?:PR(?! interval)|rectal(?:ly)?|suppositor\w+)\b", re.I),
    "cheek": Pattern(r"\b(?:buccal|sublingual)(?:ly)?\b", re.I),
    "nose": Pattern(r"\bintranasal(?:ly)?\b", re.I),
    "bone": Pattern(r"\b(?:IO|intraosseous)\b", re.I),
    "surface": Pattern(r"\btopical(?:ly)?\b", re.I),
    "eye": Pattern(r"\b(?:intra-?vitreal|intra-?cameral)(?:ly)?\b", re.I),
    "spine": Pattern(r"\bintra-?thecal(?:ly)?\b", re.I),
    "joint": Pattern(r"\bintra-?articular(?:ly)?\b", re.I),
    "belly": Pattern(r"\bintra-?peritoneal(?:ly)?\b", re.I),
}
# What is given by one of these is never given by it unsaid.
_ALWAYS_SAID = frozenset({"eye", "spine", "joint", "belly"})
# "From IV to oral" and "if no IV access" do not ask for the one route.
_NOT_THE_ROUTE = Pattern(
    r"\b(?:switch\w*|instead|without|no|not|convert\w*|from|than|access|line|vs|versus|available)\b",
    re.I,
)
_OF_ROUTES = Pattern(r"\b(?:routes?|administration)\b", re.I)


def routes_of(text: str) -> frozenset[str]:
    """The routes that a text names."""
    return frozenset(name for name, pattern in _ROUTES.items() if pattern.search(text))


def route_asked(question: str) -> str | None:
    """The one route that a question asks about; None where it names none or several, or asks how
    to get from one to another."""
    named = routes_of(question)
    return next(iter(named)) if len(named) == 1 and not _NOT_THE_ROUTE.search(question) else None


def is_for_another_route(asked: str | None, line: str, headings: Sequence[str] = ()) -> bool:
    """Whether a line says by which routes, or else the nearest of its ``headings`` that does, and
    the one asked about is none of them; of a table row the cell for routes decides, if any. A line
    that says none is not for the eye, the spine, a joint or the peritoneum."""
    cells = (cell.partition(":") for cell in line.split(CELL_GAP))
    own = " ".join(text for head, _, text in cells if _OF_ROUTES.search(head))
    above = next((found for found in map(routes_of, headings) if found), frozenset())
    told = routes_of(own) or routes_of(line) or above
    return asked is not None and (bool(told) or asked in _ALWAYS_SAID) and asked not in told
