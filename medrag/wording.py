"""A question put in the words that a library has for what it names.

A library that says "adrenaline" everywhere knows nothing of "epinephrine", and would be silent.
Only words that stand in no document are replaced, by another name or spelling of the same thing or
the substance of a brand, and whoever asked is told. A brand is never put in place of anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import TypeAlias

from medrag.drugs import drug_names
from medrag.misspelt import name_meant, other_form
from medrag.text import STOPWORDS
from medrag.types import Reading
from medrag.vocabulary import abbreviations, asking_words, brand_names, lay_phrases, same_names

# British and American endings and stems, turned one into the other.
_SPELLINGS = (
    ("aemi", "emi"), ("haem", "hem"), ("oedem", "edem"), ("oes", "es"), ("paed", "ped"),
    ("anaes", "anes"), ("rrhoe", "rrhe"), ("pnoe", "pne"), ("foet", "fet"), ("caec", "cec"),
    ("caes", "ces"), ("coel", "cel"), ("gynaec", "gynec"), ("leuc", "leuk"), ("aetio", "etio"),
    ("faec", "fec"), ("olour", "olor"), ("umour", "umor"), ("abour", "abor"), ("dour", "dor"),
    ("aviour", "avior"), ("ise", "ize"), ("isi", "izi"), ("isa", "iza"), ("yse", "yze"),
    ("sulph", "sulf"), ("litre", "liter"), ("metre", "meter"), ("fibre", "fiber"),
    ("centre", "center"), ("uraem", "urem"), ("oest", "est"), ("aeg", "eg"), ("ilis", "iliz"),
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_TOKEN = re.compile(r"(?<![\w-])[A-Za-z][A-Za-z0-9]*(?![\w-])")
_NAME_LETTERS = 6
# Abbreviations that are words in small letters.
_WORDS_TOO = frozenset("all aids ana pea bell sam pep lad sad rat map can cap hap".split())
_ABBREVIATION = re.compile(r"[A-Z]{2,6}")
# Of routes, times, places and people, which a document may well spell out.
_NO_NAMES = frozenset(
    "IV IM SC PO PR SL NG OD BD TDS QDS TID QID BID QD QHS PRN STAT NBM MR XL SR ED GP ICU ITU HDU"
    " UK US USA EU NHS WHO FDA NICE BNF BNFC ASAP AM PM OK VS MAX MIN NOT AND OR IN IO IVI INJ INF"
    " MANE NOCTE KG MG ML MCG YR YRS HR HRS MIN MINS PT PTS DR RN DOSE DRUG REVIEW HELP URGENT NOW"
    " PLEASE ADULT CHILD WARD YES NO NEVER ALL ANY SAFE FOOD NIGHT RATE STOP BPM MMOL IU"
    " KCL".split()
)


_Edit: TypeAlias = tuple[int, int, str]
"""From where to where in a question what is read."""


def read_as(question: str, known: Callable[[str], bool]) -> Reading:
    """The question with each word that is not ``known`` replaced by a name of the same thing that
    is, where there is one."""
    edits = sorted({*_of_abbreviations(question, known), *_of_words(question, known)})
    parts, changes, done = [], [], 0
    for start, end, word in edits:
        if start >= done:
            parts += [question[done:start], word]
            changes.append((question[start:end], word))
            done = end
    return Reading(question, "".join([*parts, question[done:]]), tuple(dict.fromkeys(changes)))


def names_among(words: Iterable[str], question: str) -> tuple[str, ...]:
    """Those of some words (lower case) of a question that name something: drugs, longer words that
    do not merely ask, and abbreviations as they are written there."""
    written = [match.group() for match in _TOKEN.finditer(question)]
    shouted = question.upper() == question
    capitals = {
        word.lower(): word for word in written
        if not shouted and _is_short_name(word)
    }  # fmt: skip
    named = (word for word in words if word in capitals or _is_name_like(word))
    return tuple(capitals.get(word, word) for word in named)


def _is_short_name(written: str) -> bool:
    if written in _NO_NAMES or written.lower() in asking_words() or written.lower() in STOPWORDS:
        return False
    return written in abbreviations() or _ABBREVIATION.fullmatch(written) is not None


def _is_name_like(word: str) -> bool:
    if not word.isalpha() or word in asking_words():
        return False
    return len(word) >= _NAME_LETTERS or bool(drug_names(word))


def _of_words(question: str, known: Callable[[str], bool]) -> Iterator[_Edit]:
    for match in _WORD.finditer(question):
        word = match.group().lower()
        if len(word) < 4 or word in STOPWORDS or known(word):
            continue
        likely = (each for each in variants(word) if len(each) > 4 and each not in STOPWORDS)
        other = next((each for each in likely if known(each)), None)
        other = other or other_form(word, known) or name_meant(word, known)
        if other is not None:
            yield match.start(), match.end(), other


def _of_abbreviations(question: str, known: Callable[[str], bool]) -> Iterator[_Edit]:
    for match in _TOKEN.finditer(question):
        said = match.group()
        small = len(said) > 2 and said.islower() and said not in _WORDS_TOO
        meant = abbreviations().get(said.upper() if small else said)
        if meant is not None and not known(match.group()):
            spelt = (each for each in _spelt(meant) if known(each))
            if (here := next(spelt, None)) is not None:
                yield match.start(), match.end(), here
    for match in _phrases().finditer(question):
        if not known(match.group()):
            spelt = (each for each in _spelt(_otherwise()[match.group().lower()]) if known(each))
            if (here := next(spelt, None)) is not None:
                yield match.start(), match.end(), here


def _spelt(phrase: str) -> Iterator[str]:
    """A phrase, and again with one of its words by another name or spelling."""
    yield phrase
    for word in phrase.split():
        for other in variants(word.lower()):
            yield phrase.replace(word, other)


@lru_cache(maxsize=4096)
def variants(word: str) -> tuple[str, ...]:
    """Other names and spellings of what a word (lower case) names, the likeliest first."""
    substance = brand_names().get(word, "")
    names = [substance, same_names().get(word, ""), *_others().get(substance or word, ())]
    spelt = list(_respelt(word))
    twice = [other for each in spelt for other in _respelt(each)]
    found = dict.fromkeys(name for name in [*names, *spelt, *twice] if name and name != word)
    return tuple(found)


def _respelt(word: str) -> Iterator[str]:
    for one, other in _SPELLINGS:
        if one in word:
            yield word.replace(one, other, 1)
        elif other in word:
            yield word.replace(other, one, 1)


@cache
def _others() -> Mapping[str, tuple[str, ...]]:
    """The other names of each name that ``same_names`` leads to."""
    out: dict[str, tuple[str, ...]] = {}
    for said, meant in same_names().items():
        out[meant] = (*out.get(meant, ()), said)
    return out


@cache
def _otherwise() -> Mapping[str, str]:
    """Other words for phrases: their abbreviations, and the terms for what people say."""
    short = {meant.lower(): short for short, meant in abbreviations().items()}
    return {**lay_phrases(), **short}


@cache
def _phrases() -> re.Pattern[str]:
    longest = sorted(map(re.escape, _otherwise()), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(longest)})(?![\w-])", re.I)
