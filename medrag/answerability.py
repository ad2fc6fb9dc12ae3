"""Whether the passages found can answer the question at all: silence beats a guess.

A logistic function of what retrieval already knows. Its weights were fitted on questions of the
training splits of MedQuAD with and without their answer in the library, and of CovidQA and BioASQ
put to a library that does not treat them (see CONTRIBUTING.md); no test split was seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from medrag.types import Passage, QuestionTerms

# Fitted weights of the features below, and the constant.
_WEIGHTS = (6.53, 0.71, -1.99)
_CONSTANT = -4.41
_TOP = 5


def features(terms: QuestionTerms, passages: Sequence[Passage]) -> tuple[float, float, float]:
    """What speaks for and against an answer, each 0..1: the best cosine among the first five
    passages; the best share of the question's words by weight among them; and whether the
    question names something that stands nowhere in the library."""
    top = passages[:_TOP]
    return (
        max((passage.similarity for passage in top), default=0.0),
        max((passage.coverage for passage in top), default=0.0),
        1.0 if terms.unknown else 0.0,
    )


def answerability(terms: QuestionTerms, passages: Sequence[Passage]) -> float:
    """The probability (0..1) that these passages answer the question."""
    if not passages:
        return 0.0
    values = features(terms, passages)
    total = _CONSTANT + sum(w * v for w, v in zip(_WEIGHTS, values, strict=True))
    return 1.0 / (1.0 + math.exp(-total))
