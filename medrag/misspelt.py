"""Words that stand in no document, for words that do: another form of them, or the name meant.

"Neutropenic" is read where a library says "neutropenia", and "amiodarne" as "amiodarone": only
names are put right, and only where a single one is meant, since a letter may tell two drugs apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from medrag.drugs import drug_names, meant
from medrag.vocabulary import brand_names, conditions, generic_names, same_names

# Endings of words that say the same of the same thing, by kinds, those first that are tried first.
_KINDS = (
    ("ia", "ic", "y", "a", "tic", ""),
    ("e", "ed", "ing", "es", "s", "tion", "tions", "ion", "ions", ""),
    ("ity", "e", "ive"),
    ("um", "ous"),
    ("aemia", "aemic", "emia", "emic"),
)
_BASE_LETTERS = 5
_NAME_LETTERS = 6
# Spellings that are spoken alike, and by which no two drugs are told apart.
_ALIKE = ((re.compile(r"(.)\1"), r"\1"), (re.compile("y"), "i"), (re.compile("ph"), "f"))


def other_form(word: str, known: Callable[[str], bool]) -> str | None:
    """Another form of a word (lower case) that is ``known``; None for none, and for drugs."""
    return None if drug_names(word) else next((each for each in _forms(word) if known(each)), None)


def _forms(word: str) -> Iterator[str]:
    """The same word with other endings."""
    for kind in _KINDS:
        for ending in kind:
            base = word.removesuffix(ending)
            if (base != word or not ending) and len(base) >= _BASE_LETTERS:
                yield from (f"{base}{other}" for other in kind if other != ending)


def name_meant(word: str, known: Callable[[str], bool]) -> str | None:
    """The one name of a drug or a disease that is a slip of one letter away, if it is ``known``;
    None for a word that is a drug's name itself. One that only ends like a drug's name is read as
    one that is spoken alike: "gentamycin"."""
    if len(word) < _NAME_LETTERS or not word.isalpha():
        return None
    if drug_names(word):
        alike = () if meant(word) in generic_names() else _by_sound().get(_sound(word), ())
        return next((name for name in alike if known(name)), None)
    near = [
        name
        for length in (len(word) - 1, len(word), len(word) + 1)
        for name in _names().get((word[0], length), ())
        if _one_slip(word, name)
    ]
    return near[0] if len(near) == 1 and known(near[0]) else None


def _one_slip(one: str, other: str) -> bool:
    """Whether two words differ by one letter (too many, too few, another), or two turned round."""
    if len(one) > len(other):
        one, other = other, one
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    turned = one[start : start + 2] == other[start : start + 2][::-1]
    rest = one[start + 1 :] == other[start + 1 :]
    return rest or (turned and one[start + 2 :] == other[start + 2 :])


def _sound(word: str) -> str:
    for spelling, alike in _ALIKE:
        word = spelling.sub(alike, word)
    return word


@cache
def _by_sound() -> dict[str, tuple[str, ...]]:
    """Names of drugs by how they are spoken, of one drug each."""
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(generic_names()):
        found[_sound(name)] = (*found.get(_sound(name), ()), name)
    return found


@cache
def _names() -> dict[tuple[str, int], tuple[str, ...]]:
    """Names of drugs and diseases by their first letter and their length."""
    found: dict[tuple[str, int], tuple[str, ...]] = {}
    said = {*generic_names(), *conditions(), *same_names(), *same_names().values(), *brand_names()}
    for name in sorted(name for name in said if name.isalpha() and len(name) >= _NAME_LETTERS):
        key = (name[0], len(name))
        found[key] = (*found.get(key, ()), name)
    return found
