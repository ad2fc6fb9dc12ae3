"""What "only" singles out: "only consultants may stop it" is not "consultants may only stop it"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from medrag.verify.problem import Problem
from medrag.verify.reading import Reading, Token, read
from medrag.verify.syntax import BE, HAVE, MODALS, on_topic, pauses, stretch_right

_ONLY = frozenset({"only", "solely", "exclusively"})
_OTHERWISE = frozenset({"not", "the", "if"})  # "not only", "the only drug"
_BEFORE = 3  # words that "only" may single out from behind: "for adults only"


def singled_out(claim: str, evidence: str) -> Iterator[Problem]:
    """Where the claim says "only" of what the evidence does not say it of, in the same words."""
    mine = read(claim)
    told = _singled(claim)
    if not told:
        return
    for sentence in on_topic(mine, evidence, 0.8):
        given = _singled(sentence.text)
        if not given:
            continue
        if told.isdisjoint(given):
            word = next(t.word for t in sentence.tokens if t.stem in given)
            yield Problem("quantifier_differs", f"The source says “only” of “{word}”.")
        return


@lru_cache(maxsize=1024)
def _singled(text: str) -> frozenset[str]:
    """The stems of all that "only" may single out in a text."""
    out: set[str] = set()
    if _ONLY.isdisjoint(text.lower().replace(",", " ").replace(".", " ").split()):
        return frozenset()
    reading = read(text)
    for place, token in enumerate(reading.tokens):
        before = reading.tokens[place - 1].word if place else ""
        if token.word in _ONLY and before not in _OTHERWISE:
            out |= _of(reading, place)
    return frozenset(out)


def _of(reading: Reading, place: int) -> set[str]:
    """What the "only" at ``place`` singles out: the subject behind it, up to its verb; behind an
    auxiliary, all that is done; elsewhere the words before it may be meant too."""
    helping = BE | MODALS | HAVE
    found = stretch_right(reading, place)
    if not (place and reading.tokens[place - 1].word in helping):
        verb = next((i for i, token in enumerate(found) if token.word in helping), None)
        found = [*_behind(reading, place), *found[:verb]]
    return {token.stem for token in found if _means(token.word)}


def _behind(reading: Reading, place: int) -> tuple[Token, ...]:
    """The few words before ``place``, back to a pause or an auxiliary."""
    start, stops = place, pauses(reading.text)
    while start > max(0, place - _BEFORE) and start not in stops:
        token = reading.tokens[start - 1]
        if token.clause != reading.tokens[place].clause or token.word in BE | MODALS | HAVE:
            break
        start -= 1
    return reading.tokens[start:place]


def _means(word: str) -> bool:
    return len(word) > 1 and word not in _SMALL


_SMALL = BE | MODALS | HAVE | frozenset(
    "it its the an to of in for by with on at and or as from this that them these those".split()
)  # fmt: skip
