"""Lexical support: how much of a claim's meaning in words the evidence holds, and in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from medrag.verify.lexicon import NEGATIVE_WORDS, canon
from medrag.verify.patterns import Pattern
from medrag.verify.reading import Reading, Token, is_soft, read

_ABBREVIATION = Pattern(r"\(([A-Z][A-Za-z0-9-]{0,6}[A-Z0-9])s?\)")
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
    """``coverage`` of the claim's words (0..1), ``order`` kept (0..1), and what is missing."""

    coverage: float
    order: float
    missing: tuple[str, ...]
    verbatim: bool


def weight(token: Token) -> float:
    """How much a word says: no corpus is at hand, so long words count as the rare ones."""
    if is_soft(token):
        return 0.3
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


def abbreviations(text: str) -> dict[str, frozenset[str]]:
    """Abbreviations that ``text`` defines: "acute kidney injury (AKI)" gives aki -> stems."""
    out: dict[str, frozenset[str]] = {}
    for match in _ABBREVIATION.finditer(text):
        letters = match.group(1).lower().replace("-", "")
        before = _PART_WORD.compiled.findall(text[max(0, match.start() - 90) : match.start()])
        expansion = before[-len(letters) :]
        if "".join(word[0].lower() for word in expansion) == letters:
            out[match.group(1).lower()] = frozenset(canon(word.lower()) for word in expansion)
    return out


def vocabulary(reading: Reading, defined: Abbreviations) -> frozenset[str]:
    """The stems and roots of a passage, abbreviations spelled out both ways."""
    stems = {token.stem for token in reading.tokens}
    stems.update(token.word for token in reading.tokens)
    for short, long in defined.items():
        if short in stems:
            stems |= long
        elif long <= stems:
            stems.add(short)
    return frozenset(stems | {root(stem) for stem in stems})


def share(claim: Reading, known: frozenset[str]) -> float:
    """The share of the claim's weight in words that is in ``known``."""
    total = held = 0.0
    for token in claim.tokens:
        if token.content:
            size = weight(token)
            total += size
            held += size if _in(token, known) else 0.0
    return held / total if total else 1.0


def _in(token: Token, known: frozenset[str]) -> bool:
    return token.stem in known or token.word in known or root(token.stem) in known


def missing(claim: Reading, known: frozenset[str]) -> tuple[str, ...]:
    """The words of the claim that the passage lacks, soft words left out."""
    out: dict[str, None] = {}
    for token in claim.tokens:
        if token.content and len(token.word) > 1 and not is_soft(token) and not _in(token, known):
            out.setdefault(claim.text[token.start : token.end])
    return tuple(out)


def order(claim: Reading, evidence: Reading) -> float:
    """The share of neighbouring word pairs of the claim that stand near in the same order."""
    mine = [root(t.stem) for t in claim.tokens if _ordered(t)]
    places: dict[str, list[int]] = {}
    theirs = [root(t.stem) for t in evidence.tokens if _ordered(t)]
    for place, stem in enumerate(theirs):
        places.setdefault(stem, []).append(place)
    pairs = [(a, b) for a, b in pairwise(mine) if a in places and b in places]
    if not pairs:
        return 1.0
    kept = sum(_follows(places[a], places[b]) for a, b in pairs)
    return kept / len(pairs)


def _ordered(token: Token) -> bool:
    # "Avoid X" and "X is to be avoided" differ in order only: negation has its own rules.
    return token.content and not is_soft(token) and token.word not in NEGATIVE_WORDS


def _follows(first: list[int], second: list[int]) -> bool:
    # A passage that repeats one word ten thousand times must not cost its square.
    return any(0 <= b - a <= _LOCAL for a in first[:40] for b in second[:40])


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
    mine, theirs = read(claim), read(evidence)
    known = vocabulary(theirs, abbreviations(evidence) if defined is None else defined)
    return Support(
        coverage=share(mine, known),
        order=order(mine, theirs),
        missing=missing(mine, known),
        verbatim=contains(claim, evidence),
    )


def coverage(claim: str, evidence: str) -> float:
    """The share (0..1) of the claim's content-word weight that the evidence holds."""
    known = vocabulary(read(evidence), abbreviations(evidence))
    return share(read(claim), known)
