"""Which words of a question are names of drugs.

A question that names a drug is answered from sentences that name it, or not at all. Most names
are told by their stem, which the WHO assigns by class (International Nonproprietary Names, "The
use of stems", 2018); others are listed, as brands are.
"""

from __future__ import annotations

import re
from functools import lru_cache

from medrag.text import words
from medrag.vocabulary import generic_names, same_names

_STEM = re.compile(
    r".{2,}(?:azepam|azole|azolam|barbital|bactam|caine|cef\w+|cillin|cycline|dipine|dronate|"
    r"entan|etine|farin|fibrate|floxacin|formin|gatran|gestrel|gliflozin|gliptin|glitazone|"
    r"glutide|kinra|lukast|mab|micin|mycin|nidazole|nib|olol|olone|onide|oprazole|oxaban|oxetine|"
    r"parib|parin|penem|phylline|poetin|prazole|pril|profen|racetam|relin|sartan|semide|setron|"
    r"sone|statin|teplase|terol|thiazide|tidine|tinib|triptan|triptyline|vaptan|vastatin|verine|"
    r"vir|xaban|zepine|zosin|tamol|fenac|coxib|dopa|codone|morphone|fentanil|fentanyl|oxone|"
    r"amide|idone|apine|azine|curium|curonium|platin|taxel|rubicin|trexate|sporin|limus|"
    r"phenidate|fylline|thromycin|vudine|tropium|tropin|mectin|quine|sulfate|gliclazide|zide)"
)
# Words that end like one and are none.
_OTHERS = frozenset(
    {"glucose", "potassium", "magnesium", "iron", "dextrose", "medicine", "vaccine"}
)


def drug_names(text: str) -> frozenset[str]:
    """The words (lower case) of a text that are drugs' names, substances that are measured in
    blood as well (glucose, potassium) left out."""
    return frozenset(word for word in words(text) if _is_name(word))


def drug_count(text: str) -> int:
    """How many drugs a text names; "insulin glargine" is one."""
    count, inside, seen = 0, False, set()
    for word in words(text):
        name = _is_name(word)
        count += name and not inside and word not in seen
        if name:
            seen.add(word)
        inside = name
    return count


@lru_cache(maxsize=65536)
def _is_name(word: str) -> bool:
    if not word.isalpha() or len(word) < 5 or word in _OTHERS:
        return False
    meant = same_names().get(word, word)
    return (
        meant in generic_names()
        or f"co-{word}" in generic_names()
        or _STEM.fullmatch(word) is not None
    )
