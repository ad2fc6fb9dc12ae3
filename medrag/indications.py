"""What a drug is asked for, and what a row of a formulary gives its dose for.

"Apixaban dose for DVT" is not answered by the dose that prevents a stroke: the drug is right, the
number is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medrag.drugs import drug_names
from medrag.patterns import Pattern
from medrag.population import without_populations
from medrag.protocols import Embedder
from medrag.text import CELL_GAP, content_words
from medrag.vocabulary import abbreviations, asking_words

_HEAD = Pattern(
    r"(?:indications?|conditions?|diagnos[ei]s|use[ds]? for|for|uses?|reason|disease|problem)$",
    re.I,
)
_FOR = Pattern(
    r"\b(?:for|to treat|treat(?:ing|ment of)|against|in|with)\s+(?P<what>[^,.;?]+?)"
    r"(?=\s+(?:if|when|with|without|and an?|who|whose|on|by|at|every|per|in|for)\b|[,.;?]|$)",
    re.I,
)
_TOKEN = Pattern(r"[A-Za-z][A-Za-z0-9]*")
# What stands behind "for" and "in", and is nothing that a drug is given for.
_NO_CONDITIONS = frozenset(
    content_words(
        "day days week weeks month months year years hour hours night morning weight kg mg mL first"
        " oral orally iv im sc intravenous intramuscular subcutaneous infusion injection tablet"
        " capsule syrup liquid inhaler nebuliser use renal kidney liver hepatic impairment failure"
        " function eGFR clearance creatinine dialysis obesity obese emergency home discharge ward"
        " hospital theatre old age elderly person people man woman male female mmol unit glucose"
        " normal body total daily single severe mild moderate acute chronic maximum minimum"
    )
)
_ALIKE = 0.46  # cosine of the two, from which they may be one thing in other words


def asked_for(question: str) -> str:
    """What the question says that the drug is for, in full words; empty where it does not say."""
    found = [match["what"] for match in _FOR.finditer(question)]
    found += [word for word in _tokens(question) if word in abbreviations()]
    words = " ".join(_in_full(text) for text in found)
    kept = [word for word in words.split() if _is_condition(word)]
    return " ".join(dict.fromkeys(kept))


def indication_of(row: str) -> str:
    """What a table row says that it is for; empty where no cell does."""
    cells = (cell.partition(":") for cell in row.split(CELL_GAP))
    return "; ".join(text.strip() for head, _, text in cells if _HEAD.match(head.strip()))


def of_other_indications(
    asked: str, rows: Sequence[tuple[str, str]], embedder: Embedder
) -> list[bool]:
    """For each row (with the headings above it) whether it is for something else than ``asked``:
    it says what it is for, no word of that is asked for, and the two are not alike either."""
    wanted = set(content_words(asked))
    out = [False] * len(rows)
    others = [
        (place, indication_of(row)) for place, (row, headings) in enumerate(rows)
        if wanted and indication_of(row)
        and wanted.isdisjoint(content_words(_in_full(f"{headings} {row}")))
    ]  # fmt: skip
    if others:
        vectors = embedder.embed([asked, *(indication for _, indication in others)])
        for (place, _), cosine in zip(others, vectors[1:] @ vectors[0], strict=True):
            out[place] = float(cosine) < _ALIKE
    return out


def _is_condition(word: str) -> bool:
    if word.lower() in asking_words() or drug_names(word) or any(ch.isdigit() for ch in word):
        return False
    stems = content_words(without_populations(word))
    return bool(stems) and not _NO_CONDITIONS.issuperset(stems)


def _in_full(text: str) -> str:
    """The text, and what its abbreviations stand for."""
    meant = [abbreviations()[word] for word in _tokens(text) if word in abbreviations()]
    return " ".join([text, *meant])


def _tokens(text: str) -> list[str]:
    return [match.group() for match in _TOKEN.finditer(text)]
