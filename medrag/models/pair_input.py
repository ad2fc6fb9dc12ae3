"""Two texts as one input of the pair encoder: token ids, and for each token its role.

A model of this size does not see on its own that one number of a sentence differs from the
other's. So each token is told: to which of the two texts it belongs, and whether its word stands
in the other text too (the exact-match feature of Chen et al. 2017, "Reading Wikipedia to Answer
Open-Domain Questions"). Training and product make their inputs here, so that they are the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from medrag.text import encodable, stem

MAX_TOKENS = 256
"""Longest input, in tokens of both texts together."""
LONGEST_FIRST = 96
"""Tokens of a claim or question that are read at most."""
ROLES = 8
"""Plain, in both texts, word of one text alone, number of one text alone; times two texts."""

_PLAIN, _SHARED, _WORD, _NUMBER = 0, 2, 4, 6
_WORDS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_CLS, _SEP = 101, 102


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text in tokens. ``words`` names for each the word it belongs to, "" where it is none."""

    ids: tuple[int, ...]
    words: tuple[str, ...]

    @property
    def known(self) -> frozenset[str]:
        return frozenset(self.words)


class PairTokenizer:
    """Makes inputs of text pairs. Texts are kept in tokens: they come again and again."""

    def __init__(self, tokenizer: Any) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._encoded = lru_cache(maxsize=4096)(self._encode)

    def pair(self, first: str, second: str, limit: int = MAX_TOKENS) -> tuple[list[int], list[int]]:
        """Ids and roles of ``[CLS] first [SEP] second [SEP]``, at most ``limit`` tokens."""
        one, other = self._encoded(first), self._encoded(second)
        head = min(len(one.ids), LONGEST_FIRST)
        tail = min(len(other.ids), limit - head - 3)
        ids = [_CLS, *one.ids[:head], _SEP, *other.ids[:tail], _SEP]
        theirs = frozenset(other.words[:tail])
        mine = frozenset(one.words[:head])
        roles = [_PLAIN, *(_role(word, theirs) for word in one.words[:head]), _PLAIN]
        roles += [_role(word, mine) + 1 for word in other.words[:tail]]
        roles.append(_PLAIN + 1)
        return ids, roles

    def _encode(self, text: str) -> Encoded:
        # A text is cut long before the tokenizer would see a megabyte of it.
        text = encodable(text[: 12 * MAX_TOKENS])
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        spans = [(match.start(), match.end(), match.group()) for match in _WORDS.finditer(text)]
        words, at = [], 0
        for start, _ in encoding.offsets:
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            inside = at < len(spans) and spans[at][0] <= start
            words.append(_name(spans[at][2]) if inside else "")
        return Encoded(tuple(encoding.ids), tuple(words))


def _role(word: str, others: frozenset[str]) -> int:
    if not word:
        return _PLAIN
    if word in others:
        return _SHARED
    return _NUMBER if word[0].isdigit() else _WORD


@lru_cache(maxsize=65536)
def _name(word: str) -> str:
    """What a word is compared by: a number's value without separators, otherwise the stem."""
    if word[0].isdigit():
        whole = re.sub(r",(?=\d{3}(?!\d))", "", word)
        return whole.rstrip("0").rstrip(".") if "." in whole else whole
    return stem(word.lower())
