"""Names as clinicians use them: facts, one a line, read when they are first needed.

``drugs.txt`` has generic names; ``same.txt`` American and former names and spellings
("said:meant"); ``brands.txt`` brands of one substance whose products do not differ in dose among
themselves or from the substance's others of the same route; ``brands_apart.txt`` brands that do, or
are of several substances; ``abbreviations.txt`` what
abbreviations stand for where on a ward they stand for one thing; ``lay.txt`` what people say for
what documents call otherwise; ``conditions.txt`` words that tell what a drug is given for, and
``condition_groups.txt`` those of them that mean the same, a group a line; ``condition_parts.txt``
those that alone name none (sites, kinds, settings); ``condition_kin.txt`` pairs of which the one is
treated where documents speak of the other; ``asking.txt`` words that ask and name nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def generic_names() -> frozenset[str]:
    """Generic names of drugs, in lower case; "co-amoxiclav" as one."""
    return frozenset(_lines("drugs.txt"))


@cache
def same_names() -> Mapping[str, str]:
    """American and former names and spellings of what has another name here. The name that is meant
    is no key itself."""
    return dict(line.split(":") for line in _lines("same.txt"))


@cache
def brand_names() -> Mapping[str, str]:
    """Brands and the substance of each."""
    return dict(line.split(":") for line in _lines("brands.txt"))


@cache
def brands_apart() -> frozenset[str]:
    """Brands that stand for no one substance's dose: who asks for one is answered from lines that
    name it."""
    return frozenset(_lines("brands_apart.txt"))


@cache
def abbreviations() -> Mapping[str, str]:
    """What abbreviations, as they are written, stand for."""
    return dict(line.split(":") for line in _lines("abbreviations.txt"))


@cache
def lay_phrases() -> Mapping[str, str]:
    """What people say, in lower case, for what documents call otherwise."""
    return dict(line.split(":") for line in _lines("lay.txt"))


@cache
def conditions() -> Mapping[str, str]:
    """Words, in lower case, that tell what a drug is given for, and the first word of each one's
    group: two that mean the same have the same."""
    groups = {word: line.split()[0] for line in _lines("condition_groups.txt")
              for word in line.split()}  # fmt: skip
    return {word: groups.get(word, word) for word in _lines("conditions.txt")}


@cache
def condition_parts() -> frozenset[str]:
    """Those words of ``conditions`` that name a condition only together with others."""
    return frozenset(_lines("condition_parts.txt"))


@cache
def condition_kin() -> frozenset[frozenset[str]]:
    """Pairs of conditions (as ``conditions`` calls them): a document on the one may well say what
    is given for the other."""
    return frozenset(frozenset(line.split()) for line in _lines("condition_kin.txt"))


@cache
def asking_words() -> frozenset[str]:
    """Words, in lower case, that ask for something and name neither drug nor disease."""
    return frozenset(_lines("asking.txt"))


def _lines(name: str) -> list[str]:
    text = (Path(__file__).parent / name).read_text("utf-8")
    return [line for line in text.splitlines() if line]
