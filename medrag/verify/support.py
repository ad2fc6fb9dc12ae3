"""Lexical support: how much of a claim's meaning in words the evidence holds, and in order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from medrag.patterns import Pattern
from medrag.verify.lexicon import NEGATIVE_WORDS, SOFT, canon
from medrag.verify.reading import Reading, Token, is_soft, read
from medrag.verify.tokens import stems_of, written_in

_ABBREVIATION = Pattern(r"\(([A-Z][A-Za-z0-9-]{1,7}?)s?\)", hints="(")
_SPELT_OUT = Pattern(
    r"\b([A-Z][A-Za-z0-9-]{0,6}[A-Z0-9])s? \(((?:[A-Za-z][A-Za-z-]+[ )]){2,8})", hints="("
)
_SPACES = Pattern(r"\s+")
_EDGE = " \t\n.,;:!?\"'()•*-–—·"
_PART_WORD = Pattern(r"[A-Za-z]+")
# Ordinary endings of one root. Drug names differ in theirs ("prednisone", "prednisolone"), so
# only endings that leave the thing named the same are here.
_ENDINGS = (
    "ations", "ation", "ative", "ions", "ical", "ally", "ment", "able", "ible", "ance", "ence",
    "ants", "ity", "ion", "ive", "ant", "ent", "ors", "ers", "al", "ly", "or", "er", "ic", "ed",
    "es", "y", "e", "i",
)  # fmt: skip
_ROOT = 5
_LOCAL = 8

Abbreviations = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Support:
    """``coverage`` of the claim's words (0..1), ``order`` kept (0..1), ``near`` (0..1) as
    ``order`` but whichever of two neighbours comes first, and what is missing."""

    coverage: float
    order: float
    near: float
    missing: tuple[str, ...]
    verbatim: bool


def weight(token: Token, written: str = "") -> float:
    """How much a word says: no corpus is at hand, so long words count as the rare ones, and an
    abbreviation as the words it stands for."""
    if is_soft(token):
        return 0.3
    if written.isupper() and 2 <= len(written) <= 6:
        return 2.0
    return min(2.0, 0.6 + 0.12 * len(token.word))


@lru_cache(maxsize=65536)
def root(stem: str) -> str:
    """A stem without an ordinary ending: "infection" and "infective" meet, drugs do not."""
    if len(stem) <= _ROOT:
        return stem
    for ending in _ENDINGS:
        if stem.endswith(ending) and len(stem) - len(ending) >= _ROOT:
            return stem[: len(stem) - len(ending)]
    return stem


def definitions(text: str) -> dict[str, str]:
    """Long forms that ``text`` defines, lower case, with the abbreviation: from "acute kidney
    injury (AKI)" and from "AKI (acute kidney injury)"."""
    out: dict[str, str] = {}
    for match in _ABBREVIATION.within(text, text):
        begin = max(0, match.start() - 90)
        words = list(_PART_WORD.compiled.finditer(text, begin, match.start()))
        letters = match.group(1).lower().replace("-", "")
        expansion = words[-len(letters) :]
        if len(letters) > 1 and "".join(w.group()[0].lower() for w in expansion) == letters:
            start, end = expansion[0].start(), expansion[-1].end()
            out[text[start:end].lower()] = match.group()[1:-1]
    for match in _SPELT_OUT.within(text, text):
        long = match.group(2).rstrip(" )")
        initials = "".join(word[0] for word in re.split(r"[ -]+", long.lower()))
        if match.group(2).endswith(")") and initials == match.group(1).lower():
            out[long.lower()] = match.group(1)
    return out


def abbreviations(text: str) -> dict[str, frozenset[str]]:
    """Abbreviations that ``text`` defines, lower case, with the stems of their long forms."""
    return abbreviated(definitions(text))


def abbreviated(defined: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """As ``abbreviations``, of the ``definitions`` of a text."""
    return {
        name: frozenset(canon(word) for word in _PART_WORD.compiled.findall(long))
        for long, short in defined.items()
        for name in (short.lower(), short.lower().removesuffix("s"))
    }


def vocabulary(reading: Reading, defined: Abbreviations) -> frozenset[str]:
    """The stems and roots of a passage, abbreviations spelled out both ways."""
    return vocabulary_of(reading.text, defined)


def vocabulary_of(text: str, defined: Abbreviations) -> frozenset[str]:
    """As ``vocabulary`` of the reading of ``text``, without reading all of it."""
    written = written_in(text)
    known = frozenset().union(*map(_forms, written))
    if not defined:
        return known
    stems = set().union(*map(stems_of, written))
    added: set[str] = set()
    for short, long in defined.items():
        if short in stems:
            stems |= long
            added |= long
        elif long <= stems:
            stems.add(short)
            added.add(short)
    return known | added | {root(stem) for stem in added}


@lru_cache(maxsize=65536)
def _forms(written: str) -> frozenset[str]:
    """A word with its stem and the roots of both."""
    stems = stems_of(written)
    return stems | {root(stem) for stem in stems}


def share(claim: Reading, known: frozenset[str]) -> float:
    """The share of the claim's weight in words that is in ``known``."""
    total = held = 0.0
    for size, word, stem, bare_stem in _weights(claim.text):
        total += size
        if stem in known or word in known or bare_stem in known:
            held += size
    return held / total if total else 1.0


@lru_cache(maxsize=1024)
def _weights(text: str) -> tuple[tuple[float, str, str, str], ...]:
    """The weight of each word with meaning, with the forms in which it may be known."""
    return tuple(
        (weight(token, text[token.start : token.end]), token.word, token.stem, root(token.stem))
        for token in read(text).tokens
        if token.content
    )


def _in(token: Token, known: frozenset[str]) -> bool:
    return token.stem in known or token.word in known or root(token.stem) in known


def missing(claim: Reading, known: frozenset[str]) -> tuple[str, ...]:
    """The words of the claim that the passage lacks, soft words left out."""
    out: dict[str, None] = {}
    for token in claim.tokens:
        if not token.content or len(token.word) < 2 or _in(token, known):
            continue
        # A denial in other words is a matter of the rules for negation.
        if not is_soft(token) and token.word not in NEGATIVE_WORDS:
            out.setdefault(claim.text[token.start : token.end])
    return tuple(out)


def order(claim: Reading, evidence: Reading) -> tuple[float, float]:
    """The share of neighbouring word pairs of the claim that stand near in the same order, and
    that stand near in either order."""
    mine = [root(t.stem) for t in claim.tokens if _ordered(t)]
    places: dict[str, list[int]] = {}
    wanted = set(mine)
    theirs = [t for t in evidence.tokens if _ordered(t)]
    for place, token in enumerate(theirs):
        at = root(token.stem)
        if at in wanted:
            places.setdefault(at, []).append(place)
    pairs = [(a, b) for a, b in pairwise(mine) if a in places and b in places]
    if not pairs:
        return 1.0, 1.0
    kept = [_follows(places[a], places[b]) for a, b in pairs]
    near = [
        one or _follows(places[b], places[a], theirs)
        for one, (a, b) in zip(kept, pairs, strict=True)
    ]
    return sum(kept) / len(pairs), sum(near) / len(pairs)


def _ordered(token: Token) -> bool:
    # "Avoid X" and "X is to be avoided" differ in order only: negation has its own rules.
    return token.content and _tells(token.word, token.stem)


@lru_cache(maxsize=65536)
def _tells(word: str, stem: str) -> bool:
    return stem not in SOFT and word not in SOFT and word not in NEGATIVE_WORDS


def _follows(first: list[int], second: list[int], within: list[Token] | None = None) -> bool:
    """Whether one stands shortly before the other; ``within`` one clause, where it is given."""
    # A passage that repeats one word ten thousand times must not cost its square.
    return any(
        0 <= b - a <= _LOCAL and (within is None or within[a].clause == within[b].clause)
        for a in first[:40]
        for b in second[:40]
    )


@lru_cache(maxsize=1024)
def normalised(text: str) -> str:
    """``text`` for verbatim comparison: case, spaces and edge punctuation away."""
    return _SPACES.compiled.sub(" ", text).strip(_EDGE).casefold()


def contains(claim: str, evidence: str) -> bool:
    """Whether the claim stands word for word in the evidence, at word boundaries."""
    needle, hay = normalised(claim), normalised(evidence)
    if not needle:
        return False
    at = hay.find(needle)
    while at >= 0:
        end = at + len(needle)
        left = at == 0 or not (hay[at - 1].isalnum() and needle[0].isalnum())
        right = end == len(hay) or not (hay[end].isalnum() and needle[-1].isalnum())
        if left and right:
            return True
        at = hay.find(needle, at + 1)
    return False


def measure(claim: str, evidence: str, defined: Abbreviations | None = None) -> Support:
    """Everything lexical about one claim and one passage."""
    known = abbreviations(evidence) if defined is None else defined
    return ordered(claim, evidence, *words_in(read(claim), evidence, known))


def words_in(
    claim: Reading, evidence: str, defined: Abbreviations
) -> tuple[float, tuple[str, ...]]:
    """What needs no reading of the evidence: coverage, and the words that are missing."""
    known = vocabulary_of(evidence, defined)
    return share(claim, known), missing(claim, known)


def ordered(claim: str, evidence: str, covered: float, lacked: tuple[str, ...]) -> Support:
    """The support of a claim by evidence that covers so much of it, and lacks these words."""
    kept, near = order(read(claim), read(evidence))
    return Support(covered, kept, near, lacked, contains(claim, evidence))


def words_held(claim: str, evidence: str) -> tuple[float, float, int]:
    """``coverage`` and ``order`` as ``measure`` has them, and how many words are missing."""
    mine = read(claim)
    covered, lacked = words_in(mine, evidence, abbreviations(evidence))
    return covered, order(mine, read(evidence))[0], len(lacked)


def coverage(claim: str, evidence: str) -> float:
    """The share (0..1) of the claim's content-word weight that the evidence holds."""
    return share(read(claim), vocabulary_of(evidence, abbreviations(evidence)))
