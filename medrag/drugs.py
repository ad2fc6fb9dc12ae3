"""Which words of a question are names of drugs.

A question that names a drug is answered from sentences that name it, or not at all. Most names
are told by their stem, which the WHO assigns by class (International Nonproprietary Names, "The
use of stems", 2018); common older names without one are listed.
"""

from __future__ import annotations

import re

from medrag.text import words

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
_NAMES = frozenset(
    """
    adrenaline epinephrine noradrenaline norepinephrine alteplase amiodarone aspirin atropine
    clonidine clopidogrel codeine colchicine dextrose diamorphine digoxin dobutamine dopamine
    doxapram ephedrine ergometrine flecainide flumazenil glucagon glucose haloperidol heparin
    hydralazine insulin ipratropium iron ketamine lithium magnesium mannitol metaraminol
    methotrexate misoprostol morphine naloxone nitrofurantoin oxytocin paracetamol acetaminophen
    phenytoin phytomenadione potassium propofol pyridoxine quinine salbutamol spironolactone
    tacrolimus thiamine thyroxine levothyroxine ticagrelor tramadol trimethoprim valproate
    verapamil warfarin
    """.split()
)
# Words that end like one and are none.
_OTHERS = frozenset(
    {"glucose", "potassium", "magnesium", "iron", "dextrose", "medicine", "vaccine"}
)


def drug_names(text: str) -> frozenset[str]:
    """The words (lower case) of a text that are drugs' names, substances that are measured in
    blood as well (glucose, potassium) left out."""
    return frozenset(
        word
        for word in words(text)
        if word.isalpha()
        and len(word) >= 5
        and word not in _OTHERS
        and (word in _NAMES or _STEM.fullmatch(word))
    )
