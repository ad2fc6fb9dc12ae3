"""BM25 over the full-text index, with the statistics of just those chunks that may be looked at.

The terms' places are read from FTS5 and the scores are FTS5's own formula (k1 1.2, b 0.75, a hit
weighs the same in title, section and text), so that over a whole library they are what its
``bm25`` gives. FTS5 itself knows no other statistics than the whole library's.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from medrag.protocols import IntArray

    Doubles = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

_K1, _B = 1.2, 0.75
_LEAST_IDF = 1e-6  # FTS5's, for a word that stands in half of all chunks or more
# Chunk, column and offset of a term in one number.
_PLACE = "(doc * 4 + CASE col WHEN 'title' THEN 0 WHEN 'section' THEN 1 ELSE 2 END) << 32 | offset"


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """The chunks that a word stands in, as positions among all living ones, and how often."""

    at: IntArray
    often: Doubles

    @property
    def bytes(self) -> int:
        return 100 + self.at.nbytes + self.often.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The living chunks that may be looked at, by their positions among all, ascending.

    ``inside`` says it of every living chunk, None where all are; ``mean_length`` is theirs alone.
    """

    at: IntArray
    inside: Flags | None
    mean_length: float

    @property
    def total(self) -> int:
        return len(self.at)

    def kept(self, word: Postings) -> Postings:
        """A word's postings in these chunks."""
        if self.inside is None:
            return word
        kept = self.inside[word.at]
        return Postings(word.at[kept], word.often[kept])


def select(lengths: Doubles, at: IntArray | None) -> Selection:
    """The chunks at these positions; None for all."""
    import numpy as np

    if at is None or len(at) == len(lengths):
        mean = float(lengths.mean()) if len(lengths) else 0.0
        return Selection(np.arange(len(lengths)), None, mean)
    inside = np.zeros(len(lengths), np.bool_)
    inside[at] = True
    return Selection(at, inside, float(lengths[at].mean()) if len(at) else 0.0)


def read_lengths(connection: sqlite3.Connection) -> tuple[IntArray, Doubles]:
    """The rows of all living chunks, ascending, and their lengths in terms."""
    import numpy as np

    query = "SELECT id, sz FROM chunks_fts_docsize ORDER BY id"
    found = connection.execute(query).fetchall()
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.float64)
    rows = np.fromiter((row for row, _ in found), np.int64, len(found))
    return rows, _sums([sizes for _, sizes in found])


def _sums(blobs: Sequence[bytes]) -> Doubles:
    """The sum of the numbers (SQLite's varints: big-endian, 7 bits a byte) in each blob."""
    import numpy as np

    data = np.frombuffer(b"".join(blobs), np.uint8)
    last = np.flatnonzero(data < 0x80)
    number = np.searchsorted(last, np.arange(len(data)))
    shift = 7 * (last[number] - np.arange(len(data)))
    parts = (data & 0x7F).astype(np.int64) << shift
    starts = np.cumsum([0, *map(len, blobs[:-1])])
    return np.add.reduceat(parts, starts).astype(np.float64)


def read_postings(connection: sqlite3.Connection, rows: IntArray, terms: Sequence[str]) -> Postings:
    """Where a word of these terms stands, one after the other; ``rows`` are all living chunks."""
    import numpy as np

    if not terms:
        return Postings(np.zeros(0, np.int64), np.zeros(0, np.float64))
    if len(terms) == 1:
        query = "SELECT doc FROM temp.instances WHERE term = ?"
        found = np.fromiter((doc for (doc,) in connection.execute(query, terms)), np.int64)
    else:
        found = _phrase(connection, terms) >> 34
    docs, often = np.unique(found, return_counts=True)
    return Postings(np.searchsorted(rows, docs), often.astype(np.float64))


def _phrase(connection: sqlite3.Connection, terms: Sequence[str]) -> IntArray:
    """The places at which terms begin to stand one after the other."""
    import numpy as np

    query = f"SELECT {_PLACE} FROM temp.instances WHERE term = ?"
    begins: IntArray | None = None
    for number, term in enumerate(terms):
        cursor = connection.execute(query, [term])
        places = np.fromiter((place for (place,) in cursor), np.int64) - number
        begins = places if begins is None else np.intersect1d(begins, places)
    assert begins is not None
    return begins


def bm25(words: Sequence[Postings], lengths: Doubles, within: Selection) -> Doubles:
    """The score of every living chunk: 0 where no word stands, and outside the selection.

    ``words`` are those of a question, ``lengths`` the chunks' lengths in terms.
    """
    import numpy as np

    scores = np.zeros(len(lengths), np.float64)
    slope = _K1 * _B / (within.mean_length or 1.0)
    for word in words:
        kept = within.kept(word)
        norm = _K1 * (1 - _B) + slope * lengths[kept.at]
        gain = _idf(len(kept.at), within.total)
        scores[kept.at] += gain * kept.often * (_K1 + 1) / (kept.often + norm)
    return scores


def _idf(count: int, total: int) -> float:
    return max(_LEAST_IDF, math.log((total - count + 0.5) / (count + 0.5)))
