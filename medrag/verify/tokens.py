"""The words of a text, each with what is so of it: its stem, its clause, whether it has meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from medrag.patterns import Pattern
from medrag.text import STOPWORDS, Span, sentences
from medrag.verify.lexicon import POPULATION, ROUTES, SOFT, UPPER_ONLY, canon

_WORD = Pattern(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*[0-9]*|[0-9]+(?:[.,][0-9]+)*[^\W\d_]*")
# The same in a text of ASCII alone.
_PLAIN_WORD = Pattern(r"[A-Za-z]+(?:'[A-Za-z]+)*[0-9]*|[0-9]+(?:[.,][0-9]+)*[A-Za-z]*")
_BREAK = Pattern(r"[;|\n]|[.!?](?=\s|$)")
# "A" where it is no article: "A is given at 5 mg", "Drug: A | Dose: 5 mg".
_NAMED = Pattern(
    r"\s+(?:is|was|are|has|should|may|can|must|needs?|requires?|causes?)\b|[ \t]*(?:[|:;)]|\Z)"
)
_TURNS = frozenset({"but", "however", "although", "though", "whereas", "otherwise"})


class Token(NamedTuple):
    """A word: its span, lower-cased form, canonical stem, clause, and whether it has meaning.

    (A tuple, as ``Slot`` and ``Mark`` are: thousands of them are made for one verdict.)
    """

    start: int
    end: int
    word: str
    stem: str
    clause: int
    content: bool
    capital: bool  # an abbreviation that only looks like a negation: NO is nitric oxide
    naming: bool  # it has meaning, and is no number and no unit
    measured: bool  # part of a quantity, a route or a population: compared as a slot


def tokens_of(text: str, covered: bytearray) -> list[Token]:
    """The words of ``text``; ``covered`` is 1 where a quantity or a route is written."""
    breaks = [match.start() for match in _BREAK.finditer(text)]
    breaks.append(len(text))
    upper = text.isupper()
    out: list[Token] = []
    clause = turn = passed = 0
    for match in _words_in(text):
        written = match.group()
        word, stem, known, plain, names = _known(written)
        start, end = match.span()
        while breaks[passed] < start:
            passed += 1
        if word in _TURNS or (word == "while" and text[max(0, start - 2) : start].strip() == ","):
            turn += 1
        clause = passed + turn
        measured = known or covered[start] == 1
        content = (plain or (written == "A" and _is_name(text, end))) and not measured
        naming = names and (content or known)
        capital = word == "no" and written == "NO" and not upper
        made = (start, end, word, stem, clause, content, capital, naming, measured)
        out.append(tuple.__new__(Token, made))  # its own constructor takes as long as the rest
    return out


def _is_name(text: str, end: int) -> bool:
    return _NAMED.match(text, end) is not None


@lru_cache(maxsize=65536)
def _known(written: str) -> tuple[str, str, bool, bool, bool]:
    """What is so of a word wherever it stands: its form, its stem, whether it is a population or
    a route, whether it may have meaning, and whether it may name something."""
    word = _lowered(written)
    known = word in POPULATION or (word in ROUTES and is_route(written))
    return word, canon(word), known, word not in STOPWORDS, len(word) > 1 and word.isalpha()


def _lowered(written: str) -> str:
    word = written.lower().replace("\u2019", "'")
    return word[:-2] if word.endswith("'s") else word


def _words_in(text: str) -> Iterator[re.Match[str]]:
    return (_PLAIN_WORD if text.isascii() else _WORD).finditer(text)


def is_route(written: str) -> bool:
    """Whether a word, as it is written, is a route: "im" is one in capitals alone."""
    word = written.lower()
    return word in ROUTES and (word not in UPPER_ONLY or written.isupper() or word == "iv")


@lru_cache(maxsize=1024)
def written_in(text: str) -> frozenset[str]:
    """The words of ``text`` as ``tokens_of`` finds them, each as it is written."""
    return frozenset((_PLAIN_WORD if text.isascii() else _WORD).compiled.findall(text))


@lru_cache(maxsize=65536)
def stems_of(written: str) -> frozenset[str]:
    """The form of a word that is compared, and its stem."""
    word, stem, *_ = _known(written)
    return frozenset((word, stem))


@lru_cache(maxsize=1024)
def may_name(text: str) -> frozenset[str]:
    """The stems of all words that may name something: no reading of ``text`` names more."""
    return frozenset().union(*map(_name, written_in(text)))


@lru_cache(maxsize=65536)
def _name(written: str) -> frozenset[str]:
    _, stem, _, _, names = _known(written)
    return frozenset((stem,)) if names else frozenset()


@lru_cache(maxsize=1024)
def spans_of(text: str) -> tuple[Span, ...]:
    """The spans of the sentences of ``text``."""
    return tuple(sentences(text))


@lru_cache(maxsize=1024)
def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of ``text``, one by one."""
    return tuple(text[start:end] for start, end in spans_of(text))


def is_soft(token: Token) -> bool:
    """Whether a word may be missing from the source without a new fact being claimed."""
    return token.stem in SOFT or token.word in SOFT
