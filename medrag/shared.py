"""What engines on one folder have in common, whatever threads they serve.

The embedding model is loaded once, the library's vectors and postings lie in memory once, and a
text that was embedded is not embedded again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING

from medrag.config import Settings
from medrag.judges import checked_weights, make_judge
from medrag.library import Views
from medrag.library.bounded import Bounded
from medrag.models.catalog import EmbeddingModel, find_embedding_model
from medrag.models.embedder import OnnxEmbedder
from medrag.protocols import Embedder, Judge
from medrag.rerank import RelevanceEncoder, Reranker
from medrag.types import ModelIdentity

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

_TEXTS = 8192


class Remembering:
    """An embedder for many threads that keeps the vectors of the texts it was given last."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: Bounded[str, FloatArray] = Bounded(_TEXTS)
        self._loading = Lock()
        self._loaded = False

    @property
    def identity(self) -> ModelIdentity:
        return self._embedder.identity

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """As ``protocols.Embedder.embed``."""
        import numpy as np

        known = {text: self._known.get(text) for text in texts}
        new = [text for text, vector in known.items() if vector is None]
        if new:
            for text, vector in zip(new, self._embed(new), strict=True):
                known[text] = vector.copy()
                self._known.put(text, vector.copy())
        if not texts:
            return np.zeros((0, self.identity.dimension), np.float32)
        return np.stack([vector for text in texts if (vector := known[text]) is not None])

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        # Loading is not made for two threads at once; embedding is.
        if not self._loaded:
            with self._loading:
                vectors = self._embedder.embed(texts)
                self._loaded = True
                return vectors
        return self._embedder.embed(texts)


class Shared:
    """Made by the first engine of a folder, and passed on to its siblings."""

    def __init__(self, settings: Settings) -> None:
        self.views = Views()
        self.threads: int | None = None
        """On how many cores one text is embedded; None: all. Set before the first."""
        self._settings = settings
        self._lock = RLock()  # what prepares the model asks for it again
        self._model: EmbeddingModel | None = None
        self._embedder: Embedder | None = None
        self._judge: Judge | None = None
        self._reranker: Reranker | None = None

    @property
    def reranker(self) -> Reranker:
        """What reorders passages; its model is found now, and loaded at the first of them.

        Raises:
            ModelError: the model of the settings is not there, or is not what it was.
        """
        with self._lock:
            if self._reranker is None:
                chosen = self._settings
                self._reranker = Reranker(
                    _relevance_encoder(chosen.rerank_model, self.threads),
                    candidates=chosen.rerank_candidates,
                    weight=chosen.rerank_weight,
                    milliseconds=chosen.rerank_ms,
                )
            return self._reranker

    @property
    def embedding_model(self) -> EmbeddingModel:
        """The embedding model of the settings, its weights checked."""
        with self._lock:
            if self._model is None:
                self._model = find_embedding_model(self._settings.embedding_model)
            return self._model

    def judge(self, prepare: Callable[[], None]) -> Judge:
        """What checks sentences; ``prepare`` as in ``embedder``.

        Raises:
            ConfigError: there is no such judge.
            ModelError: its weights are not there.
        """
        if self._judge is None:  # made twice at worst: it loads nothing yet
            self._judge = make_judge(self._settings, lambda: self.embedder(prepare), self.threads)
        return self._judge

    def embedder(self, prepare: Callable[[], None]) -> Embedder:
        """The embedder for questions; ``prepare`` is called where the model is not exported."""
        model = self.embedding_model
        with self._lock:
            if self._embedder is None:
                if not model.onnx.is_file():
                    prepare()
                self._embedder = Remembering(OnnxEmbedder(model, self.threads))
            return self._embedder


def _relevance_encoder(name: str, threads: int | None) -> RelevanceEncoder:
    from medrag.models.pair_encoder import PairEncoder

    folder = Path(name).expanduser()
    if (folder / "config.json").is_file() and not (folder / "model.onnx").is_file():
        from medrag.models.ranking_encoder import RankingEncoder

        return RankingEncoder(folder)
    return PairEncoder(checked_weights(name)[0], threads)
