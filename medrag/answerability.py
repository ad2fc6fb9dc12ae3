"""Whether the passages found can answer the question at all: silence beats a guess.

A logistic function of what retrieval already knows. Its weights were fitted on questions of the
training splits of MedQuAD with and without their answer in the library, and of CovidQA and BioASQ
put to a library that does not treat them (see CONTRIBUTING.md); no test question was seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from medrag.text import content_words, coverage
from medrag.types import Passage

# Fitted weights, one a feature below, and the constant.
_WEIGHTS = (4.0, 4.0, 1.0, 1.0, 1.0)
_CONSTANT = -5.0


def features(weights: Mapping[str, float], passages: Sequence[Passage]) -> tuple[float, ...]:
    """What speaks for an answer, each 0..1: the best cosine; the best passage's share of the
    question's words by weight; the same by plain count; the share of its heaviest word found in
    the best passages; and the cosine of the best covered passage."""
    if not passages or not weights:
        return (0.0,) * len(_WEIGHTS)
    plain = dict.fromkeys(weights, 1.0)
    top = passages[:5]
    texts = [f"{p.document.title}\n{p.section or ''}\n{p.chunk.text}" for p in top]
    best_covered = max(top, key=lambda passage: passage.coverage)
    heaviest = max(weights, key=lambda word: weights[word])
    return (
        max(passage.similarity for passage in top),
        best_covered.coverage,
        max(coverage(plain, text) for text in texts),
        sum(heaviest in content_words(text) for text in texts) / len(texts),
        best_covered.similarity,
    )


def answerability(weights: Mapping[str, float], passages: Sequence[Passage]) -> float:
    """The probability (0..1) that these passages answer the question."""
    values = features(weights, passages)
    if not any(values):
        return 0.0
    total = _CONSTANT + sum(w * v for w, v in zip(_WEIGHTS, values, strict=True))
    return 1.0 / (1.0 + math.exp(-total))
