"""Names as clinicians use them: facts, one a line, read when they are first needed.

``drugs.txt`` has generic names, ``same.txt`` other names and spellings of one thing ("said:meant";
brands only where one name is one substance in one form), ``abbreviations.txt`` what abbreviations
stand for where on a ward they stand for one thing, and ``asking.txt`` words that ask and name
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def generic_names() -> frozenset[str]:
    """Generic names of drugs, in lower case; "co-amoxiclav" as one."""
    return frozenset(_lines("drugs.txt"))


@cache
def same_names() -> Mapping[str, str]:
    """Other names of one thing: brands, American and former names, spellings. The name that is
    meant is no key itself."""
    return dict(line.split(":") for line in _lines("same.txt"))


@cache
def abbreviations() -> Mapping[str, str]:
    """What abbreviations, as they are written, stand for."""
    return dict(line.split(":") for line in _lines("abbreviations.txt"))


@cache
def asking_words() -> frozenset[str]:
    """Words, in lower case, that ask for something and name neither drug nor disease."""
    return frozenset(_lines("asking.txt"))


def _lines(name: str) -> list[str]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    return [line for line in text.splitlines() if line]
