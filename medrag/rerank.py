"""The passages that both arms found, in the order of a model that reads question and passage.

The fused score says which passages are about the question's words and meaning; the model says
which of them answer it. Both count, because the model saw only part of each passage.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from medrag.standing import is_superseded
from medrag.text import content_words, sentences
from medrag.types import Passage

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

PASSAGE_CHARACTERS = 500
_HEAD_CHARACTERS = 160
_LEAST_PART = 240
_SCORE = 10.0  # as many logits as a fused score of 1 is worth at equal weights
_COVERED = 0.2  # so much is added to a fused score where all of the question's words are there
_GONE = 2.0  # so much less is a passage of a superseded document worth
_NEIGHBOURS = 3  # of a passage, that its score is raised towards
_LIMIT = 20.0  # beyond it, a logit says no more
_DECIMALS = 4  # beyond these, a logit depends on how its batch was padded
# How many candidates the budget pays for is measured on so many passages of full length, and
# then fixed, in steps: a clock in each search would order the same passages now so, now so. What
# counts is the processor's time: what else ran on the machine just then must not decide it.
_TRIAL = 8
_STEP = 4
RANK = "reranked"


class RelevanceEncoder(Protocol):
    """Reads a question and a passage together, and of several ``at_once`` of them side by side."""

    at_once: int

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """For each ``(question, passage)`` a logit that it answers, shape ``(len(pairs),)``."""
        ...


class Reranker:
    """Orders passages by what a model says of them and by their fused score. Threads share it.

    ``candidates`` is how many of the best are read; fewer where ``milliseconds`` (0: no limit) do
    not suffice for them on this machine when it is idle, which is measured once, before the first.
    ``weight`` is
    the model's share in the new score: 0 leaves the order as it was, 1 goes by the model alone.
    """

    def __init__(
        self,
        encoder: RelevanceEncoder,
        *,
        candidates: int = 24,
        weight: float = 0.5,
        milliseconds: float = 0.0,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._encoder = encoder
        self._candidates = candidates
        self._weight = weight
        self._seconds = milliseconds / 1000
        self._clock = clock
        self._lock = Lock()
        self._depth: int | None = None if milliseconds else candidates

    @property
    def depth(self) -> int:
        """How many passages are read for a question: the same for all of them."""
        with self._lock:
            if self._depth is None:
                paid = int(self._seconds / max(self._seconds_each(), 1e-9))
                self._depth = min(self._candidates, max(_STEP, paid // _STEP * _STEP))
            return self._depth

    def order(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """All the passages, the first ``depth`` in new order, with that rank under "reranked"
        and what the model says of each; of equals, those first that were. The others follow as
        they were.

        The passages of one search are read by themselves: beside others, the rounding of a
        quantised model would be another.
        """
        head, rest = list(passages[: self.depth]), list(passages[self.depth :])
        if head and question.strip():
            logits = self.logits(question, [_shown(question, passage) for passage in head])
            known = [
                self._score(logit, passage) for logit, passage in zip(logits, head, strict=True)
            ]
            # Two versions say nearly the same, and the model does not know which is in force.
            scores = [
                round(score - _GONE * is_superseded(passage.document), _DECIMALS)
                for score, passage in zip(lifted(known, head), head, strict=True)
            ]
            read = [
                replace(passage, relevance=logit)
                for passage, logit in zip(head, logits, strict=True)
            ]
            head = [read[place] for place in sorted(range(len(head)), key=lambda at: -scores[at])]
        ranked = [
            replace(passage, ranks={**passage.ranks, RANK: rank})
            for rank, passage in enumerate(head, start=1)
        ]
        return ranked + rest

    def _score(self, logit: float, passage: Passage) -> float:
        known = passage.score + _COVERED * passage.coverage
        return self._weight * logit + (1 - self._weight) * _SCORE * known

    def sentences(self, question: str, found: Sequence[tuple[Passage, str]]) -> list[float]:
        """The probability (0..1) that each sentence of a passage, under its headings, answers."""
        texts = [
            shown(question, passage.document.title, passage.section, sentence)
            for passage, sentence in found
        ]
        return [1 / (1 + math.exp(-logit)) for logit in self.logits(question, texts)]

    def logits(self, question: str, texts: Sequence[str]) -> list[float]:
        """How surely each text answers the question, between -20 and 20; of what the model makes
        no number of, the least."""
        if not texts:
            return []
        found = self._encoder.relevance([(question, text) for text in texts])
        numbers = [float(logit) for logit in found]
        return [max(-_LIMIT, min(_LIMIT, n)) if n == n else -_LIMIT for n in numbers]

    def _seconds_each(self) -> float:
        trial = [("What is the first treatment?", "The dose depends on weight. " * 18)]
        self._encoder.relevance(trial)  # the first call also loads the model
        seconds = []
        for _ in range(_TRIAL):
            started = self._clock()
            self._encoder.relevance(trial)
            seconds.append(self._clock() - started)
        return min(seconds) / self._encoder.at_once


def lifted(scores: Sequence[float], passages: Sequence[Passage]) -> list[float]:
    """The scores, each raised towards those of the ``_NEIGHBOURS`` passages most alike it, as far
    as these stand higher: the mean of the gaps, each times the cosine.

    What answers a question is seldom said in one place alone, and passages that say the same are
    relevant to the same questions (the cluster hypothesis: Jardine and van Rijsbergen, "The use of
    hierarchic clustering in information retrieval", 1971). None is lowered: what only one passage
    says may be the answer. Passages without a vector stay as they are.
    """
    import numpy as np

    vectors = [passage.vector for passage in passages]
    if len(passages) < 2 or any(vector is None for vector in vectors):
        return list(scores)
    stacked = np.stack([vector for vector in vectors if vector is not None]).astype(np.float64)
    cosines = np.round(stacked @ stacked.T, _DECIMALS)
    np.fill_diagonal(cosines, -1.0)
    known = np.array(scores)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, : min(_NEIGHBOURS, len(scores) - 1)]
    alike = np.maximum(np.take_along_axis(cosines, nearest, axis=1), 0.0)
    gaps = np.maximum(known[nearest] - known[:, None], 0.0)
    raised: list[float] = (known + (alike * gaps).mean(axis=1)).tolist()
    return raised


def _shown(question: str, passage: Passage) -> str:
    return shown(question, passage.document.title, passage.section, passage.chunk.text)


def shown(question: str, title: str, section: str | None, text: str) -> str:
    """What the model reads of a passage: title and section, where the text does not say them
    itself, then as much of the text as fits, the part with the most of the question's words.

    About ``PASSAGE_CHARACTERS`` long, some 120 tokens: a model that reads half as much reads
    twice as many passages in the same time. Training uses this same form.
    """
    head = _head(title, section, text)
    room = max(_LEAST_PART, PASSAGE_CHARACTERS - len(head))
    return head + best_part(question, text, room)


def _head(title: str, section: str | None, text: str) -> str:
    inner = (section or "").removeprefix(f"{title} > ")
    begins = text[:_HEAD_CHARACTERS].lower()
    names = [name for name in dict.fromkeys((title, inner)) if name.strip()]
    said = [name for name in names if not begins.startswith(name.lower().rstrip(". "))]
    head = " ".join(name if name[-1] in ".?!:" else f"{name}." for name in said)
    return f"{_cut(head, _HEAD_CHARACTERS)} " if head else ""


def best_part(question: str, text: str, characters: int) -> str:
    """Whole sentences in a row, up to ``characters``, that hold the most different words of the
    question; of equals, the first. One sentence that is longer is cut at a space."""
    if len(text) <= characters:
        return text
    wanted = set(content_words(question))
    spans = sentences(text)
    held = [wanted.intersection(content_words(text[start:end])) for start, end in spans]
    best, chosen = -1, (0, len(text))
    last = 0
    for first, (start, _) in enumerate(spans):
        last = max(last, first)
        while last + 1 < len(spans) and spans[last + 1][1] - start <= characters:
            last += 1
        count = len(set().union(*held[first : last + 1]))
        if count > best:
            best, chosen = count, (start, spans[last][1])
        if last + 1 == len(spans):
            break
    return _cut(text[slice(*chosen)], characters)


def _cut(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    end = text.rfind(" ", characters // 2, characters)
    return text[: end if end > 0 else characters]
