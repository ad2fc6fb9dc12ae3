"""Doses: whether one is asked for, which drug a line gives one of, and how much of it.

A line that names a drug need not say how much of it is given: "Stop warfarin and give vitamin K
2 mg". And a line may say it of a drug that the line before names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from medrag.drugs import drug_count, drug_names, meant
from medrag.lists import lists_of, opens
from medrag.patterns import Pattern
from medrag.population import without_populations
from medrag.text import CELL_GAP, Span, content_words, is_row, stem, words
from medrag.vocabulary import brands_apart

_ASKS_FOR_DOSE = Pattern(
    r"\b(?:dos(?:e|es|ages?|ing)|how (?:much|many m|many u)|max(?:imum)?)\b", re.I
)
_IN_ORGANS = Pattern(
    r"\b(?:renal|kidney|hepatic|liver)\b.{0,12}\b(?:impair|fail|insuff|dysfunc|disease|adjust)",
    re.I,
)
_OF_ORGANS = Pattern(
    r"\b(?:renal|kidneys?|hepatic|liver|CrCl|creatinine|e?GFR|dialysis|Child)\b", re.I
)
_AMOUNT = Pattern(
    r"(?:\d|million)[ \u00a0-]?(?:m?g|mcg|[µμ]g|micrograms?|nanograms?|grams?|units?|IU|mmol|mEq|mL"
    r"|tablets?|capsules?|puffs?|drops?|sachets?)\b(?! ?/ ?(?:d?L|mL)\b| per (?:millilitre|litre))",
    re.I,
)
# What is said of a dose that nobody is to be given.
_NOT_GIVEN = Pattern(
    r"\b(?:levels?|concentrations?|raise[sd]?|doubles?|interact\w*|equivalent|equals?|contains?|overdos\w*"
    r"|toxic\w*|fatal\w*|died|deaths?|swallowed|mistake\w*|errors?|not|never|avoid\w*"
    r"|contra-?indicat\w*)\b",
    re.I,
)
_OF_DRUGS = Pattern(
    r"\b(?:drugs?|medicines?|medications?|agents?|names?|brands?|preparations?)\b", re.I
)
_MINERALS = frozenset("magnesium potassium calcium phosphate zinc iron".split())
_DOSE_WORDS = frozenset(
    stem(word)
    for word in (
        "dose",
        "doses",
        "dosage",
        "dosing",
        "usual",
        "maximum",
        "max",
        "starting",
        "initial",
    )
)


class _Namer(NamedTuple):
    """A sentence that names drugs, and how many."""

    place: int
    drugs: int


def asks_for_dose(question: str) -> bool:
    """Whether it asks how much of something is given."""
    return _ASKS_FOR_DOSE.search(question) is not None


def asks_of_nothing(question: str) -> bool:
    """Whether the words of a question say no more than that a dose is asked for, and for whom: "In
    children?"."""
    return _DOSE_WORDS.issuperset(content_words(without_populations(question)))


def asks_of_organs(question: str) -> bool:
    """Whether it asks about kidneys or a liver that do not work as they should."""
    return _IN_ORGANS.search(question) is not None


def names_organs(text: str) -> bool:
    """Whether a text says something for such kidneys or livers."""
    return _OF_ORGANS.search(text) is not None


def gives_a_dose(text: str) -> bool:
    """Whether a sentence says how much of one drug is given, and nothing else of it: no level, no
    interaction, no accident."""
    return (
        drug_count(text) < 2
        and _AMOUNT.search(text) is not None
        and _NOT_GIVEN.search(text) is None
    )


def has_amount(text: str) -> bool:
    """Whether a text gives an amount of something that is given."""
    return _AMOUNT.search(text) is not None


def asked_drugs(question: str) -> dict[str, str]:
    """The drugs of a question: what each name means, and its stem as the question has it. Where a
    dose is asked for and no drug is named, a mineral is one: "magnesium dose"."""
    said = frozenset(words(question))
    named = drug_names(question) | (said & brands_apart())
    if not named and asks_for_dose(question):
        named = said & _MINERALS
    return {meant(word): stem(word) for word in named}


def stems_of(asked: Mapping[str, str], text: str) -> frozenset[str]:
    """The stems of the drugs asked about that a text names, by whatever name."""
    if not asked:
        return frozenset()
    named = {*map(meant, drug_names(text)), *words(text)}
    return frozenset(said for name, said in asked.items() if name in named)


def namers_of(text: str, spans: Sequence[Span]) -> dict[int, int]:
    """The sentences that give an amount and name no drug, and for each the one that names it: the
    one before it in its paragraph, or the line that opens its list or table; where that names
    several drugs there is none."""
    found: dict[int, int] = {}
    listed = lists_of(text, spans)
    namer = opener = _Namer(-1, 0)
    for position, (start, end) in enumerate(spans):
        said = text[start:end]
        row = is_row(said)
        if position and "\n" in text[spans[position - 1][1] : start]:
            opener = opener if row or listed[position] is not None else _Namer(-1, 0)
            namer = opener
        named = drug_count(said)
        if named and not row:
            namer = _Namer(position, named)
            opener = namer if opens(said) else opener
        elif not named and namer.drugs == 1 and has_amount(said):
            found[position] = namer.place
    return found


def speaks_of_dose(question: str, text: str) -> bool:
    """Whether a sentence has what a question for a dose asks: more of it than the drug's name, an
    amount or a word for one, or that none is given. "Restart warfarin when the bleeding has
    stopped" is no dose of warfarin, nor is "Give vitamin K 5 mg" under a heading that names it."""
    said = set(content_words(text))
    if said & _rest_of(question):
        return True
    if has_amount(text):
        return not drug_names(text) or bool(stems_of(asked_drugs(question), text))
    return not said.isdisjoint(_DOSE_WORDS) or _NOT_GIVEN.search(text) is not None


def _rest_of(question: str) -> set[str]:
    """The words of a question (stems) that say neither which drug, nor for whom, nor "dose"."""
    asked = set(content_words(without_populations(question)))
    return asked - {*asked_drugs(question).values(), *_DOSE_WORDS}


def row_gives_dose(question: str, row: str) -> bool:
    """Whether a table row may say how much of a drug of the question is given: it is the row of
    that drug, or an amount follows the drug's name, or it has more of the question than the name.
    A row on a raised INR names warfarin, and the dose of what reverses it."""
    drugs = asked_drugs(question)
    if _rest_of(question) & set(content_words(row)):
        return True
    first, *cells = row.split(CELL_GAP)
    if stems_of(drugs, first) or not stems_of(drugs, row):
        return True
    return any(_is_cell_of(drugs, cell) for cell in cells)


def _is_cell_of(drugs: Mapping[str, str], cell: str) -> bool:
    """Whether a cell says that its row is one of these drugs, or gives an amount behind the name
    of one, with no other name between."""
    head, _, said = cell.partition(":")
    if _OF_DRUGS.search(head) and stems_of(drugs, said):
        return True
    if stems_of(drugs, head):
        # Under a drug's name may stand how many of a germ it kills.
        return has_amount(said) or not any(ch.isdigit() for ch in said)
    for amount in _AMOUNT.finditer(said):
        before = said[: amount.start()]
        named = drug_names(before)
        last = next((word for word in reversed(words(before)) if word in named), None)
        if last is not None and meant(last) in drugs:
            return True
    return False
