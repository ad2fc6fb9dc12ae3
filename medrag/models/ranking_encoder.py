"""Any CrossEncoder of sentence-transformers that was trained to rank, as the reranker's encoder.

It is loaded only where the settings name its folder: importing torch takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from medrag.errors import ModelError
from medrag.models.nli_encoder import load_cross_encoder

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

_BATCH = 16


class RankingEncoder:
    """Scores (question, passage) pairs with a CrossEncoder folder. Loads on first use."""

    at_once = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._model: Any = None

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """The logit that the passage answers, of each (question, passage), shape (n,).

        Raises:
            ModelError: the model cannot be loaded, or has more than one output.
        """
        import numpy as np

        with self._lock:  # torch uses every core for one call already
            found = self._loaded().predict(
                list(pairs), batch_size=_BATCH, activation_fn=_unchanged, show_progress_bar=False
            )
        logits: FloatArray = np.asarray(found, dtype=np.float32)
        if logits.shape != (len(pairs),):
            raise ModelError(
                f"The cross-encoder in {self._folder} has more than one output.",
                "Name one that was trained to rank.",
            )
        return logits

    def _loaded(self) -> Any:
        if self._model is None:
            self._model = load_cross_encoder(self._folder)
        return self._model


def _unchanged(logits: Any) -> Any:
    return logits
