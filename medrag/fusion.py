"""The scores of two arms over the same chunks, and the best of both together.

Fusion is a convex combination of the cosine and of the BM25 score over the question's best
(Bruch et al., "An Analysis of Fusion Functions for Hybrid Retrieval", 2023), because ranks alone
throw away how far apart two candidates stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from medrag.protocols import FloatArray, IntArray

    Doubles = npt.NDArray[np.float64]

_DECIMALS = 6  # beyond these, a cosine depends on what else was computed beside it
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

    @property
    def order(self) -> float:
        """By what candidates are ordered, the best first; equal where the scores nearly are."""
        return -round(self.score, _DECIMALS)


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """The scores of a question over the same chunks (``rows``): BM25, and cosines if wanted.

    Each arm finds its ``depth`` best, and those as good as the last of them.
    """

    rows: IntArray
    cosines: FloatArray | None
    bm25: Doubles
    depth: int

    def best(self, arm: Arm, dense_weight: float, k: int) -> list[Candidate]:
        """The k best candidates of an arm, best first, and those as good as the last of them; of
        equals, those first that were stored first."""
        import numpy as np

        none = np.zeros(0, np.int64)
        said = none if arm == "dense" else np.flatnonzero(self.bm25 > 0)
        lexical = said[_top(self.bm25[said], self.depth)]
        every = None if arm == "lexical" else self.cosines
        dense = none if every is None else _top(every, self.depth)
        at = np.union1d(lexical, dense)
        cosines = np.zeros(len(at)) if every is None else every[at].astype(np.float64)
        bm25 = np.where(np.isin(at, lexical), self.bm25[at], 0.0)
        weight = {"hybrid": dense_weight, "dense": 1.0, "lexical": 0.0}[arm]
        relative = bm25 / (bm25.max(initial=0.0) or 1.0)
        scores = weight * np.maximum(cosines, 0.0) + (1 - weight) * relative
        chosen = _top(scores, k)
        ranks = np.where(every is not None, _ranks(_rounded(cosines)), 0)
        lexical_ranks = np.where(bm25 > 0, _ranks(bm25), 0)
        columns = (self.rows[at], scores, cosines, bm25, ranks, lexical_ranks)
        found = zip(*(column[chosen].tolist() for column in columns), strict=True)
        candidates = [Candidate(*values) for values in found]
        return sorted(candidates, key=lambda one: (one.order, one.row))


def _top(values: npt.NDArray[Any], count: int) -> IntArray:
    """Where the ``count`` highest values stand, and those equal to the lowest of them."""
    import numpy as np

    if len(values) <= count:
        return np.arange(len(values))
    least = np.partition(values, -count)[-count]
    near: IntArray = np.flatnonzero(values >= least - 2 * 10**-_DECIMALS)
    close = _rounded(values[near])
    kept: IntArray = near[close >= np.partition(close, -count)[-count]]
    return kept


def _rounded(values: npt.NDArray[Any]) -> Doubles:
    import numpy as np

    doubles: Doubles = values.astype(np.float64)
    return np.round(doubles, _DECIMALS)


def _ranks(values: Doubles) -> IntArray:
    """The rank of each from 1; equals share theirs."""
    import numpy as np

    return np.searchsorted(np.sort(-values), -values) + 1
