"""Whether the passages found can answer the question at all: silence beats a guess.

A logistic function of what retrieval already knows, and of what the reranker says where it has read
the passages; fitted by ``training.answerable``, and what the arms say alone by an earlier form of
it. No test split was seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from medrag.doses import asked_drugs
from medrag.types import Passage, QuestionTerms, Reading

# Weights of the features below and the constant, by the number of features: what the arms know
# (fitted when no library of near misses was among the questions), what the reranker says of
# passages too, and of sentences. The arms then have no say. The last two constants are the fit's
# 0.601 and 0.612, less 0.8: the threshold of 0.45 stands where that fit said 0.65, so that of
# the 125 near misses to three clinical libraries eight of nine met silence. That was fitted when
# these were all of ``training.libraries.FITTED``; with the fifteen that came later the last two
# weights become 0.214 and 0.138, which orders questions no better, and was not taken.
_FITTED = {
    3: (6.53, 0.71, -1.99, -4.41),
    4: (0.0, 0.0, 0.0, 0.409, -0.199),
    5: (0.0, 0.0, 0.0, 0.273, 0.134, -0.188),
}
# What the arms know where a reranker reads too: by these weights, below this, it makes no answer on
# a drug of what they found, since it does not know which of the question's words stand nowhere: a
# dose for one condition is none for another. The bound was chosen on ward questions.
_BESIDE, _LEAST = (4.456, 2.533, -1.183, -4.196), 0.2
# The probability of a sentence, below which it does not answer, and from which it does: then what
# the arms say suffices.
_READ_NO, _READ_YES = 0.01, 0.8
_TOP = 5
_SURE = 8.0  # beyond it, log odds say no more


@dataclass(frozen=True, slots=True)
class Found:
    """What a question found: its ``terms``, the best passages by the two ``arms``, and the same
    number of ``passages`` in the order in which they are used. ``calibrated`` tells whether the
    reranker that ordered them is the one that the weights were fitted with, ``reading`` how the
    question was read."""

    terms: QuestionTerms
    arms: tuple[Passage, ...]
    passages: tuple[Passage, ...]
    reading: Reading
    calibrated: bool = False


def features(found: Found, sentence: float | None = None) -> tuple[float, ...]:
    """What speaks for and against an answer: the best cosine among the first five passages of the
    arms (0..1); the best share of the question's words by weight among them (0..1); whether the
    question names something that stands nowhere in the library (0 or 1); and, where a calibrated
    reranker read them, the log odds that the best of the first five answers (-8..8), and those of
    the ``sentence`` that would be shown, whose probability is given."""
    top = found.arms[:_TOP]
    known = (
        max((passage.similarity for passage in top), default=0.0),
        max((passage.coverage for passage in top), default=0.0),
        1.0 if found.terms.unknown else 0.0,
    )
    read = [one.relevance for one in found.passages[:_TOP] if one.relevance is not None]
    if not found.calibrated or not read:
        return known
    passages = (*known, _bounded(max(read)))
    return passages if sentence is None else (*passages, _log_odds(sentence))


def answerability(found: Found) -> float:
    """The probability (0..1) that these passages answer the question."""
    return settled(found, None)


def at_most(found: Found) -> float:
    """The highest that ``settled`` can be, whatever the sentences say."""
    return max(settled(found, None), settled(found, 1.0))


def settled(found: Found, read: float | None) -> float:
    """As ``answerability``, once the same model has read the sentences that would be shown:
    ``read`` is the probability of the best of them (None: it has read none; 1: a rule knows that a
    dose that was asked for is among them).

    A passage is read as a whole, and one sentence of it may answer what the rest is not about; or
    none may, though the passage is. Where a sentence surely answers, what the arms say suffices.
    Where a drug is asked about and the arms found too little of the question, nothing does.
    """
    if not found.arms:
        return 0.0
    values = features(found, read)
    sure = _logistic(values, _FITTED[len(values)])
    if len(values) == 3:
        return sure
    if read is not None and read < _READ_NO:
        sure = min(sure, read)
    arms = _logistic(values[:3], _BESIDE)
    if read is not None and read >= _READ_YES:
        sure = max(sure, arms)
    if arms < _LEAST and asked_drugs(found.reading.read):
        return min(arms, sure)
    return sure


def _log_odds(probability: float) -> float:
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return _bounded(math.log(inside / (1 - inside)))


def _bounded(log_odds: float) -> float:
    return max(-_SURE, min(_SURE, log_odds))


def _logistic(values: tuple[float, ...], fitted: tuple[float, ...]) -> float:
    total = fitted[-1] + sum(w * v for w, v in zip(fitted[:-1], values, strict=True))
    return 1.0 / (1.0 + math.exp(-total))
