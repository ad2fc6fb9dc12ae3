"""A question to passages: the dense and the lexical arm, their scores fused.

Each candidate gets its exact cosine, whichever arm found it.

Within a scope everything comes out as if the library held nothing else: which chunks are looked
at, what words weigh, and also which of two equals comes first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from medrag.config import Settings
from medrag.fusion import Arm, Arms, Candidate
from medrag.library import Library, Scope, View, Views, scope_of
from medrag.library.lexical import phrase_rows, query_terms
from medrag.library.postings import Postings, Selection
from medrag.population import without_ages
from medrag.protocols import Embedder
from medrag.text import content_words, stem, words
from medrag.types import Chunk, DocumentInfo, Passage, QuestionTerms, Reading
from medrag.wording import names_among, read_as

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

_TRIES = 3  # after that many changes between two looks, it is done in one
Found: TypeAlias = tuple[QuestionTerms, list[Passage]]


@dataclass(frozen=True, slots=True)
class Search:
    """A question, how many passages are wanted, and in which collections (None: all)."""

    question: str
    k: int = 8
    collection: str | Iterable[str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A search, with all that a state of the library has to say of its words and its scope."""

    question: str
    k: int
    scope: Scope
    vector: FloatArray | None
    words: Mapping[str, Postings]
    within: Selection

    @property
    def terms(self) -> QuestionTerms:
        counts = {word: len(self.within.kept(found).at) for word, found in self.words.items()}
        # How old somebody is need not stand in what is for them.
        telling = set(words(without_ages(self.question))) or counts.keys()
        weights = {
            stem(word): math.log(1 + (self.within.total - count + 0.5) / (count + 0.5))
            for word, count in counts.items()
            if word in telling
        }
        nowhere = [word for word, count in counts.items() if not count]
        return QuestionTerms(weights, names_among(nowhere, self.question))


class Retriever:
    """Searches one library. Any string is a valid question; an empty one finds nothing."""

    def __init__(
        self, library: Library, views: Views, embedder: Embedder, settings: Settings
    ) -> None:
        self.library = library
        self._views = views
        self._embedder = embedder
        self._settings = settings

    def search(
        self, question: str, k: int, *, scope: Scope = None, arm: Arm = "hybrid"
    ) -> list[Passage]:
        """The k best passages within a scope, best first."""
        return self.find(question, k, scope=scope, arm=arm)[1]

    def find(self, question: str, k: int, *, scope: Scope = None, arm: Arm = "hybrid") -> Found:
        """The same, with the question's terms, from one look at the library."""
        return self._find([Search(question, k, scope)], arm)[0]

    def search_many(self, searches: Sequence[Search]) -> list[list[Passage]]:
        """The passages for several searches at once, which cost less together."""
        return [passages for _, passages in self._find(searches, "hybrid")]

    def arms(self, question: str, k: int) -> dict[Arm, list[Candidate]]:
        """The k best chunks of each arm, from one look at the library; of equals, those first
        that were stored first."""
        searches = [Search(question, k)]
        with self.library.snapshot():
            view, asked = self._asked(searches, self._vectors(searches, "hybrid"))
        found: dict[Arm, list[Candidate]] = {"lexical": [], "dense": [], "hybrid": []}
        for arm in found:
            found[arm] = self._candidates(view, asked, arm, depth=k)[0][:k]
        return found

    def terms(self, question: str, scope: Scope = None) -> QuestionTerms:
        """The question's content words with their BM25 idf here, and those found nowhere.

        A word that stands nowhere in the library weighs most: it is what the library cannot know.
        """
        with self.library.snapshot():
            return self._asked([Search(question, 0, scope)], [None])[1][0].terms

    def reading(self, question: str, scope: Scope = None) -> Reading:
        """A question in the words that the library has for what it names."""

        def known(text: str) -> bool:
            terms = view.words(self.library, query_terms(text)).values()
            each = bool(terms) and all(len(within.kept(found).at) for found in terms)
            return each and (len(terms) == 1 or self._stands_there(view, within, text))

        with self.library.snapshot():
            view = self._views.of(self.library)
            within = view.selection(self.library, scope)
            return read_as(question, known)

    def _stands_there(self, view: View, within: Selection, phrase: str) -> bool:
        """Whether the words of a phrase stand one behind the other in a chunk of the selection."""
        import numpy as np

        rows = np.array(phrase_rows(self.library.connection, phrase), np.int64)
        return bool(np.isin(rows, view.rows[within.at]).any())

    def _find(self, searches: Sequence[Search], arm: Arm) -> list[Found]:
        """Every look-up sees the same state of the library."""
        vectors = self._vectors(searches, arm)
        # The scores are computed between two short looks: a writer that erases what was removed
        # must wait until nobody reads.
        for _ in range(_TRIES):
            with self.library.snapshot():
                view, asked = self._asked(searches, vectors)
            found = self._candidates(view, asked, arm)
            with self.library.snapshot():
                if self.library.state() == view.state:
                    return self._found(asked, found)
        with self.library.snapshot():
            view, asked = self._asked(searches, vectors)
            return self._found(asked, self._candidates(view, asked, arm))

    def _vectors(self, searches: Sequence[Search], arm: Arm) -> list[FloatArray | None]:
        """The vector of each question that looks for something."""
        live = [one.question.strip() != "" and one.k > 0 for one in searches]
        if arm == "lexical" or not any(live):
            return [None] * len(searches)
        found = iter(
            self._embedder.embed(
                [one.question for one, wanted in zip(searches, live, strict=True) if wanted]
            )
        )
        return [next(found) if wanted else None for wanted in live]

    def _asked(
        self, searches: Sequence[Search], vectors: Sequence[FloatArray | None]
    ) -> tuple[View, list[_Asked]]:
        """What the library knows of these questions now."""
        view = self._views.of(self.library)
        asked = []
        for search, vector in zip(searches, vectors, strict=True):
            scope = scope_of(search.collection)
            words = view.words(self.library, query_terms(search.question))
            within = view.selection(self.library, scope)
            asked.append(_Asked(search.question, search.k, scope, vector, words, within))
        return view, asked

    def _candidates(
        self, view: View, asked: Sequence[_Asked], arm: Arm, depth: int | None = None
    ) -> list[list[Candidate]]:
        """For each search the k best chunks of an arm, and those as good as the last of them."""
        import numpy as np

        found: list[list[Candidate]] = [[] for _ in asked]
        groups: dict[tuple[Scope, bool], list[int]] = {}
        for number, one in enumerate(asked):
            if one.question.strip() and one.k > 0:
                groups.setdefault((one.scope, one.vector is None), []).append(number)
        for numbers in groups.values():
            within = asked[numbers[0]].within
            vectors = [vector for n in numbers if (vector := asked[n].vector) is not None]
            cosines = view.cosines(np.stack(vectors), within) if vectors else None
            for place, number in enumerate(numbers):
                one = asked[number]
                arms = Arms(
                    rows=view.rows[within.at],
                    cosines=None if cosines is None else cosines[place],
                    bm25=view.bm25(list(one.words.values()), within),
                    depth=depth or max(one.k, self._settings.candidates),
                )
                found[number] = arms.best(arm, self._settings.dense_weight, one.k)
        return found

    def _found(
        self, asked: Sequence[_Asked], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Found]:
        found = []
        for one, its in zip(asked, candidates, strict=True):
            terms = one.terms
            found.append((terms, self._passages(one, its, terms)))
        return found

    def _passages(
        self, asked: _Asked, found: Sequence[Candidate], terms: QuestionTerms
    ) -> list[Passage]:
        chunks = self.library.chunks([candidate.row for candidate in found])
        # Of equals, whatever was stored first must not matter: that may be owed to other chunks.
        ordered = sorted(found, key=lambda one: (one.order, _place(chunks[one.row][0])))
        kept = ordered[: asked.k]
        ids = {chunks[candidate.row][0].document_id for candidate in kept}
        documents = self.library.infos(list(ids), asked.scope)
        vectors = self.library.vectors_of([candidate.row for candidate in kept])
        return [
            self._passage(candidate, *chunks[candidate.row], documents, terms, vector)
            for candidate, vector in zip(kept, vectors, strict=True)
        ]

    def _passage(
        self,
        candidate: Candidate,
        chunk: Chunk,
        section: str | None,
        documents: Mapping[str, DocumentInfo],
        terms: QuestionTerms,
        vector: FloatArray,
    ) -> Passage:
        document = documents[chunk.document_id]
        labels = (
            self.library.page_labels(document.id, chunk.start, chunk.end) if document.pages else ()
        )
        ranks = {"dense": candidate.dense_rank, "lexical": candidate.lexical_rank}
        context = f"{document.title}\n{section or ''}\n{chunk.text}"
        return Passage(
            chunk=chunk,
            document=document,
            page_labels=labels,
            section=section,
            score=candidate.score,
            ranks={arm: rank for arm, rank in ranks.items() if rank},
            similarity=candidate.cosine,
            coverage=_coverage(terms.weights, context),
            vector=vector,
        )


def _place(chunk: Chunk) -> tuple[str, int]:
    return chunk.document_id, chunk.ordinal


def _coverage(weights: Mapping[str, float], text: str) -> float:
    """As ``text.coverage``; the words of the library come again and again."""
    total = sum(weights.values())
    held: set[str] = set().union(*map(_stems, set(text.split())))
    return sum(w for word, w in weights.items() if word in held) / total if total else 0.0


@lru_cache(maxsize=32768)
def _stems(word: str) -> frozenset[str]:
    """The stems of what stands between two spaces."""
    return frozenset(content_words(word))
