"""One state of a library as a search wants it: in memory, the same for all threads.

A view is made once a state, from a connection that reads just that state, and never changes;
what it learns later (postings, selections) is only remembered. Once it knows what a search needs,
it is of use without a connection. Chunks are counted by their position among all living ones,
whose row numbers ascend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from medrag.library.bounded import Bounded
from medrag.library.lexical import terms_of
from medrag.library.postings import (
    Postings,
    Selection,
    bm25,
    read_lengths,
    read_postings,
    select,
)
from medrag.library.scope import Scope
from medrag.library.store import Library, State
from medrag.library.vectors import Held, VectorCache, read_vectors

if TYPE_CHECKING:
    from medrag.library.postings import Doubles, Flags
    from medrag.protocols import FloatArray, IntArray

_POSTING_BYTES = 64 * 1024**2
_SELECTIONS = 64
_PIECES = 512  # as many or more are gathered first


@dataclass(frozen=True, slots=True, eq=False)
class _Vectors:
    """The vectors of one state: the cache's, then those that it lacks.

    ``slots`` says where the vector of each living chunk lies, counted through both.
    """

    base: Held
    tail: Held
    slots: IntArray

    def products(self, vectors: FloatArray, at: IntArray) -> FloatArray:
        """Inner products with the chunks at these positions: (len(vectors), len(at)). No other
        chunk's vector is touched."""
        import numpy as np

        slots, border = self.slots[at], len(self.base.rows)
        out = np.empty((len(vectors), len(slots)), np.float32)
        # Slots that follow each other are multiplied as one piece; none reaches into the tail.
        ends = np.flatnonzero((np.diff(slots) != 1) | (slots[1:] == border)) + 1
        if len(ends) >= _PIECES:
            for matrix, chosen, shift in (
                (self.base.matrix, slots < border, 0),
                (self.tail.matrix, slots >= border, border),
            ):
                out[:, chosen] = vectors @ matrix[slots[chosen] - shift].T
            return out
        start = 0
        for end in [*ends.tolist(), len(slots)] if len(slots) else []:
            first, size = int(slots[start]), end - start
            matrix, shift = (self.base.matrix, 0) if first < border else (self.tail.matrix, border)
            out[:, start:end] = vectors @ matrix[first - shift : first - shift + size].T
            start = end
        return out


class View:
    """One state of a library. Threads may share it; each gives its own connection to that state."""

    def __init__(self, state: State, rows: IntArray, lengths: Doubles, vectors: _Vectors) -> None:
        self.state = state
        self.rows = rows
        self.vectors = vectors
        self._lengths = lengths
        self._all = select(lengths, None)
        self._postings: Bounded[tuple[str, ...], Postings] = Bounded(
            _POSTING_BYTES, lambda postings: postings.bytes
        )
        self._selections: Bounded[frozenset[str], Selection] = Bounded(_SELECTIONS)

    def selection(self, library: Library, scope: Scope) -> Selection:
        """The chunks within a scope."""
        import numpy as np

        if scope is None:
            return self._all
        known = self._selections.get(scope)
        if known is None:
            rows = np.array(library.rows_of(scope), np.int64)
            known = select(self._lengths, np.searchsorted(self.rows, rows))
            self._selections.put(scope, known)
        return known

    def words(self, library: Library, words: Sequence[str]) -> dict[str, Postings]:
        """Where each word stands (in any of its forms)."""
        return {word: self._word(library, word) for word in words}

    def bm25(self, words: Sequence[Postings], within: Selection) -> Doubles:
        """The BM25 score of every selected chunk, in the selection's order."""
        return bm25(words, self._lengths, within)[within.at]

    def cosines(self, vectors: FloatArray, within: Selection) -> FloatArray:
        """Cosines of unit vectors to every selected chunk: (len(vectors), total)."""
        return self.vectors.products(vectors, within.at)

    def _word(self, library: Library, word: str) -> Postings:
        terms = terms_of(word)
        known = self._postings.get(terms)
        if known is None:
            known = read_postings(library.connection, self.rows, terms)
            self._postings.put(terms, known)
        return known


class Views:
    """The views of a folder's library: of its newest state, and of the one before for threads
    that are still reading it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._recent: list[View] = []
        self._base: tuple[State, Held] | None = None

    def of(self, library: Library) -> View:
        """The view of what ``library`` reads now. Call it inside ``library.snapshot()``, and let
        it look up words and selections there."""
        state = library.state()
        with self._lock:
            view = next((view for view in self._recent if view.state == state), None)
            if view is None:
                view = self._made(library, state)
                self._recent = [view, *self._recent[:1]]
            return view

    def _made(self, library: Library, state: State) -> View:
        rows, lengths = read_lengths(library.connection)
        base = self._base_for(library, state)
        return View(state, rows, lengths, self._vectors(library, state, rows, base))

    def _base_for(self, library: Library, state: State) -> Held:
        """The vectors of the newest cache file, or of the library where there is none."""
        cache = VectorCache(library)
        if self._base is not None:
            known, held = self._base
            same = (known.file, known.uuid) == (state.file, state.uuid)
            if same and cache.newest() <= held.generation:
                return held
        base = cache.load()
        if base is None:
            base = Held(state.generation, *read_vectors(library))
            if state.change:
                return base  # it may hold what is never stored
        self._base = (state, base)
        return base

    def _vectors(self, library: Library, state: State, rows: IntArray, base: Held) -> _Vectors:
        import numpy as np

        held, at = _look_up(base.rows, rows)
        missing = rows[~held]
        tail = self._tail(library, state, missing)
        slots = np.where(held, at, len(base.rows) + np.searchsorted(missing, rows))
        return _Vectors(base, tail, slots)

    def _tail(self, library: Library, state: State, missing: IntArray) -> Held:
        """The vectors of these chunks; what the view before holds of them is not read again."""
        import numpy as np

        known = Held(0, np.zeros(0, np.int64), np.zeros((0, state.dimension), np.float32))
        before = self._recent[0] if self._recent else None
        # The number of a chunk that was never stored may come to mean another.
        if (
            before is not None
            and before.state.change in (0, state.change)
            and before.state._replace(generation=0, change=0)
            == state._replace(generation=0, change=0)
        ):
            known = before.vectors.tail
        held, at = _look_up(known.rows, missing)
        matrix = np.empty((len(missing), state.dimension), np.float32)
        matrix[held] = known.matrix[at[held]]
        matrix[~held] = read_vectors(library, missing[~held])[1]
        return Held(state.generation, missing, matrix)


def _look_up(known: IntArray, wanted: IntArray) -> tuple[Flags, IntArray]:
    """Which of the wanted numbers are known, and where; both ascend."""
    import numpy as np

    if not len(known):
        return np.zeros(len(wanted), np.bool_), np.zeros(len(wanted), np.int64)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return known[at] == wanted, at
