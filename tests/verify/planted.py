"""Plants one clinical error in a sentence: the errors that must never pass as supported."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SWAPS = {
    "unit": [("mcg", "mg"), ("micrograms", "mg"), (" mg", " g"), (" mL", " L"), ("mmol", "mol")],
    "frequency": [
        ("twice daily", "four times daily"), ("once daily", "twice daily"),
        ("three times a day", "once a day"), ("every 6 hours", "every 2 hours"),
        ("every 8 hours", "every 12 hours"), ("weekly", "daily"), ("every 4 hours", "hourly"),
        ("TDS", "OD"),
    ],
    "route": [
        ("orally", "intravenously"), ("by mouth", "rectally"), ("intravenous", "oral"),
        ("intramuscular", "intravenous"), ("oral", "intravenous"), ("subcutaneous", "oral"),
        ("inhaled", "oral"), ("topical", "oral"), (" IV", " PO"), ("sublingual", "rectal"),
    ],
    "comparator": [
        ("at least", "at most"), ("below", "above"), ("less than", "more than"),
        ("no more than", "at least"), ("or older", "or younger"), ("under", "over"),
        ("above", "below"), ("maximum", "minimum"), ("more than", "less than"), ("≥", "<"),
    ],
    "negation": [
        ("should not be", "should be"), ("do not", "do"), ("Do not ", ""), ("without", "with"),
        ("is contraindicated in", "is indicated in"), ("should be", "should not be"),
        ("is not", "is"), ("are recommended", "are not recommended"),
        ("is recommended", "is not recommended"), ("Avoid ", "Use "), ("Give ", "Do not give "),
        (" can be ", " cannot be "),
    ],
    "laterality": [("left", "right"), ("right", "left"), ("upper", "lower"), ("lower", "upper")],
    "population": [
        ("adults", "children"), ("children", "adults"), ("infants", "adults"),
        ("pregnancy", "breastfeeding"), ("neonates", "adults"), ("pregnant", "elderly"),
    ],
    "direction": [
        ("increases", "decreases"), ("reduces", "increases"), ("hypo", "hyper"),
        ("hyper", "hypo"), ("before", "after"), ("after", "before"), ("stop", "start"),
        ("Stop", "Start"), ("start", "stop"), ("acute", "chronic"), ("severe", "mild"),
        ("raised", "reduced"), ("positive", "negative"), ("safe", "unsafe"), ("low", "high"),
    ],
    "drug": [
        ("amoxicillin", "ampicillin"), ("metformin", "metoprolol"), ("paracetamol", "ibuprofen"),
        ("prednisolone", "prednisone"), ("warfarin", "heparin"), ("gentamicin", "vancomycin"),
        ("adrenaline", "atropine"), ("salbutamol", "salmeterol"), ("ramipril", "ramelteon"),
        ("insulin", "inulin"), ("aspirin", "clopidogrel"), ("ceftriaxone", "cefotaxime"),
        ("morphine", "hydromorphone"), ("magnesium", "manganese"), ("digoxin", "digitoxin"),
        ("ibuprofen", "naproxen"),
    ],
    "identifier": [("type 2", "type 1"), ("stage 3", "stage 4"), ("B12", "B6")],
}  # fmt: skip
_NUMBER = re.compile(r"(?<![A-Za-z0-9.,-])(?<!type )(?<!stage )[0-9]+(?:\.[0-9]+)?(?![0-9A-Za-z])")


def plant(sentence: str) -> Iterator[tuple[str, str]]:
    """Every ``(kind, altered sentence)`` that one planted error makes of ``sentence``."""
    for match in _NUMBER.finditer(sentence):
        for changed in _numbers(match.group()):
            yield "dose", sentence[: match.start()] + changed + sentence[match.end() :]
    for kind, swaps in _SWAPS.items():
        for old, new in swaps:
            for match in re.finditer(rf"(?<![A-Za-z]){re.escape(old)}", sentence):
                rest = sentence[match.end() :]
                if rest[:1].isalpha() and kind not in {"direction", "drug"} and new:
                    continue
                altered = sentence[: match.start()] + new + rest
                yield kind, altered[0].upper() + altered[1:]


def _numbers(text: str) -> list[str]:
    value = float(text)
    grown = [value * 10, value + 1] if value < 10 else [value * 10, value * 1.5, value / 10]
    return [f"{number:g}" for number in grown if number < 1e6]
