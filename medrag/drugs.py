"""Which words of a question are names of drugs.

A question that names a drug is answered from sentences that name it, or not at all. Most names
are told by their stem, which the WHO assigns by class (International Nonproprietary Names, "The
use of stems", 2018); others are listed, as brands are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest

from medrag.text import words
from medrag.vocabulary import brand_names, generic_names, same_names

_STEM = re.compile(
    r".{2,}(?:azepam|azole|azolam|barbital|bactam|caine|cef\w+|cillin|cycline|dipine|dronate|"
    r"entan|etine|farin|fibrate|floxacin|formin|gatran|gestrel|gliflozin|gliptin|glitazone|"
    r"glutide|kinra|lukast|mab|micin|mycin|nidazole|nib|olol|olone|onide|oprazole|oxaban|oxetine|"
    r"parib|parin|penem|phylline|poetin|prazole|pril|profen|racetam|relin|sartan|semide|setron|"
    r"sone|statin|teplase|terol|thiazide|tidine|tinib|triptan|triptyline|vaptan|vastatin|verine|"
    r"vir|xaban|zepine|zosin|tamol|fenac|coxib|dopa|codone|morphone|fentanil|fentanyl|oxone|"
    r"amide|idone|apine|azine|curium|curonium|platin|taxel|rubicin|trexate|sporin|limus|"
    r"phenidate|fylline|thromycin|vudine|tropium|tropin|mectin|quine|gliclazide|zide)"
)
# Words that end like one and are none.
_OTHERS = frozenset(
    "glucose potassium magnesium iron dextrose medicine vaccine cholesterol magazine benzodiazepine"
    " cephalosporin quinolone fluoroquinolone carbapenem phenothiazine sulfonamide anthracycline"
    " histidine cytidine polyamide aminoglycoside macrolide".split()
)
# Never given alone under that name, or what others are given in.
_PARTNERS = frozenset("trinitrate tazobactam sulbactam sodium benzathine".split())
_SALTS = frozenset(
    "sulfate sulphate chloride gluconate phosphate carbonate bicarbonate citrate aspartate"
    " acetate oxide hydroxide iodide permanganate lactate".split()
)
# Names of two words, of which one names other things as well. What tells the drug is the key: it
# is a drug where one of these words follows it. Minerals are where their salt is named.
_BEFORE = {
    **dict.fromkeys("calcium magnesium potassium sodium zinc aluminium aluminum".split(), _SALTS),
    "iron": frozenset({"sucrose"}),
    "nicotinic": frozenset({"acid"}),
    "benzyl": frozenset({"benzoate"}),
    "gentian": frozenset({"violet"}),
    "methylene": frozenset({"blue"}),
    "botulinum": frozenset({"toxin"}),
    "prothrombin": frozenset({"complex"}),
    "fibrinogen": frozenset({"concentrate"}),
}
# The same, where one of these words stands before it. Vitamin A would be "a"; D and B12 are
# measured.
_AFTER = {
    **dict.fromkeys("cek", frozenset({"vitamin", "vit"})),
    "charcoal": frozenset({"activated"}),
    "plasma": frozenset({"frozen"}),
    "albumin": frozenset({"human"}),
    "immunoglobulin": frozenset("human normal tetanus rabies zoster d b".split()),
}
_NONE: frozenset[str] = frozenset()
# What these are called by their generic names; a letter alone is no name that others could use.
_VITAMINS = {"c": "ascorbic", "e": "tocopherol", "k": "phytomenadione"}


def drug_names(text: str) -> frozenset[str]:
    """The words (lower case) of a text that are drugs' names, substances that are measured in
    blood as well (glucose, potassium) left out. Of a name of two words it is the one that tells
    it from others: "magnesium" in "magnesium sulfate", "k" in "vitamin K"."""
    said = words(text)
    around = zip_longest(said, said[1:], ["", *said[:-1]], fillvalue="")
    return frozenset(
        word
        for word, following, before in around
        if _is_name(word)
        or following in _BEFORE.get(word, _NONE)
        or before in _AFTER.get(word, _NONE)
    )


def drug_count(text: str) -> int:
    """How many drugs a text names, each by whatever name; "insulin glargine" is one."""
    named = {_VITAMINS.get(word) or meant(word) for word in drug_names(text)} - _PARTNERS
    return len(named) - ("insulin" in named and len(named) > 1)


def meant(word: str) -> str:
    """The generic name of what a word (lower case) names, or the word."""
    generic = brand_names().get(word, word)
    return same_names().get(generic, generic)


@lru_cache(maxsize=65536)
def _is_name(word: str) -> bool:
    if not word.isalpha() or word in _OTHERS:
        return False
    listed = meant(word) in generic_names() or f"co-{word}" in generic_names()
    return listed or (len(word) >= 5 and _STEM.fullmatch(word) is not None)
