"""A question to passages: the dense and the lexical arm, their scores fused.

Fusion is a convex combination of the cosine and of the BM25 score over the question's best
(Bruch et al., "An Analysis of Fusion Functions for Hybrid Retrieval", 2023), because ranks alone
throw away how far apart two candidates stand. Each candidate gets its exact cosine, whichever
arm found it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from medrag.config import Settings
from medrag.library import Library, VectorCache, lexical
from medrag.protocols import Embedder
from medrag.text import coverage, stem
from medrag.types import Passage, QuestionTerms

if TYPE_CHECKING:
    from collections.abc import Set

_NAME_LETTERS = 6
Arm = Literal["hybrid", "dense", "lexical"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk (by row number) with its scores; a rank of 0 means that arm did not find it."""

    row: int
    score: float
    cosine: float
    bm25: float
    dense_rank: int
    lexical_rank: int


class Retriever:
    """Searches one library. Any string is a valid question; an empty one finds nothing."""

    def __init__(
        self, library: Library, vectors: VectorCache, embedder: Embedder, settings: Settings
    ) -> None:
        self._library = library
        self._vectors = vectors
        self._embedder = embedder
        self._settings = settings

    def search(
        self,
        question: str,
        k: int,
        *,
        collection: str | None = None,
        arm: Arm = "hybrid",
        terms: QuestionTerms | None = None,
    ) -> list[Passage]:
        """The k best passages, best first; of a collection only, where one is named.

        ``terms`` are those of the question, where the caller has looked them up already.
        """
        # One read transaction: every arm and every look-up sees the same library.
        with self._library.snapshot():
            found = self.candidates(question, k, collection=collection, arm=arm)
            return self._passages(terms or self.terms(question), found)

    def candidates(
        self, question: str, k: int, *, collection: str | None = None, arm: Arm = "hybrid"
    ) -> list[Candidate]:
        """The k best chunks of an arm, by row number and scores."""
        if not question.strip():
            return []
        allowed = self._library.rows_of(collection) if collection is not None else None
        depth = max(k, self._settings.candidates)
        bm25 = dict(lexical.search(self._library, question, depth, allowed))
        weight = self._settings.dense_weight
        if arm == "lexical":
            return fuse({}, bm25, weight, arm)[:k]
        cosines, found = self._cosines(question, bm25.keys(), depth, allowed)
        if arm == "dense":
            cosines, bm25 = {row: cosines[row] for row in found}, {}
        return fuse(cosines, bm25, weight, arm)[:k]

    def arms(self, question: str, k: int) -> dict[Arm, list[Candidate]]:
        """The k best chunks of each arm, from one look at the library."""
        if not question.strip():
            return {"lexical": [], "dense": [], "hybrid": []}
        bm25 = dict(lexical.search(self._library, question, k))
        cosines, found = self._cosines(question, bm25.keys(), k, None)
        dense = {row: cosines[row] for row in found}
        weight = self._settings.dense_weight
        return {
            "lexical": fuse({}, bm25, weight, "lexical")[:k],
            "dense": fuse(dense, {}, weight, "dense")[:k],
            "hybrid": fuse(cosines, bm25, weight, "hybrid")[:k],
        }

    def _cosines(
        self,
        question: str,
        lexical_rows: Set[int],
        depth: int,
        allowed: Set[int] | None,
    ) -> tuple[dict[int, float], list[int]]:
        """Cosines of what either arm found, and the rows that the dense arm itself found."""
        vector = self._embedder.embed([question])
        scores, rows = self._vectors.search(vector, depth, allowed)
        cosines = {
            int(row): float(score)
            for row, score in zip(rows[0], scores[0], strict=True)
            if row >= 0
        }
        found = list(cosines)
        missing = [row for row in lexical_rows if row not in cosines]
        if missing:
            exact = self._library.vectors_of(missing) @ vector[0]
            cosines.update(zip(missing, map(float, exact), strict=True))
        return cosines, found

    def _passages(self, terms: QuestionTerms, found: Sequence[Candidate]) -> list[Passage]:
        chunks = self._library.chunks([candidate.row for candidate in found])
        documents = self._library.infos(list({c.document_id for c, _ in chunks.values()}))
        passages = []
        for candidate in found:
            if candidate.row not in chunks:
                continue
            chunk, section = chunks[candidate.row]
            document = documents[chunk.document_id]
            ranks = {"dense": candidate.dense_rank, "lexical": candidate.lexical_rank}
            context = f"{document.title}\n{section or ''}\n{chunk.text}"
            passages.append(
                Passage(
                    chunk=chunk,
                    document=document,
                    page_labels=self._library.page_labels(document.id, chunk.start, chunk.end),
                    section=section,
                    score=candidate.score,
                    ranks={arm: rank for arm, rank in ranks.items() if rank},
                    similarity=candidate.cosine,
                    coverage=coverage(terms.weights, context),
                )
            )
        return passages

    def terms(self, question: str) -> QuestionTerms:
        """The question's content words with their BM25 idf here, and those found nowhere.

        A word that stands nowhere in the library weighs most: it is what the library cannot know.
        """
        words = lexical.query_terms(question)
        _, total = self._library.counts()
        counts = lexical.document_frequencies(self._library, words)
        weights = {
            stem(word): math.log(1 + (total - count + 0.5) / (count + 0.5))
            for word, count in counts.items()
        }
        unknown = [word for word, count in counts.items() if not count and _is_name_like(word)]
        return QuestionTerms(weights, tuple(unknown))


def _is_name_like(word: str) -> bool:
    # Short words are function words of a kind that no list holds, or abbreviations.
    return len(word) >= _NAME_LETTERS and word.isalpha()


def fuse(
    cosines: Mapping[int, float], bm25: Mapping[int, float], dense_weight: float, arm: Arm
) -> list[Candidate]:
    """All candidates of an arm, best first; ties go to the chunk that was stored first."""
    weight = {"hybrid": dense_weight, "dense": 1.0, "lexical": 0.0}[arm]
    best = max(bm25.values(), default=1.0)
    dense_rank = _ranks(cosines)
    lexical_rank = _ranks(bm25)
    candidates = [
        Candidate(
            row=row,
            score=weight * max(0.0, cosines.get(row, 0.0))
            + (1 - weight) * max(0.0, bm25.get(row, 0.0)) / (best or 1.0),
            cosine=cosines.get(row, 0.0),
            bm25=bm25.get(row, 0.0),
            dense_rank=dense_rank.get(row, 0),
            lexical_rank=lexical_rank.get(row, 0),
        )
        for row in cosines.keys() | bm25.keys()
    ]
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.row))


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    ordered = sorted(scores, key=lambda row: (-scores[row], row))
    return {row: rank for rank, row in enumerate(ordered, start=1)}
