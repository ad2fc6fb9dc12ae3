"""The parts of an engine, opened when they are first needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from medrag.config import Settings
from medrag.errors import LibraryError
from medrag.library import Library, Scope
from medrag.models.catalog import EmbeddingModel
from medrag.protocols import Embedder, Judge
from medrag.rerank import Reranker
from medrag.retrieve import Retriever
from medrag.shared import Shared

# Below this many chunks the exported model is done before torch has been imported.
_BULK_CHUNKS = 400


class Parts:
    """A library folder and the models that it takes to search it. For one thread at a time."""

    def __init__(self, folder: Path, settings: Settings, shared: Shared) -> None:
        self.folder = folder
        self.settings = settings
        self._shared = shared
        self._library: Library | None = None
        self._given = False
        self._closed = False
        self._bulk: Embedder | None = None
        self.on_wait: Callable[[str], None] = lambda message: None
        """Told, in one line, of a step that takes seconds and happens once a machine."""

    @property
    def library(self) -> Library:
        """The library, open for reading: always the one that is in the folder now.

        Raises:
            LibraryError: there is none, it cannot be opened, or the engine is closed.
        """
        self._require_open()
        if self._library is not None and not self._given and self._library.is_gone:
            self._library = None  # not closed: what still reads it may finish
        if self._library is None:
            self._library = Library.open(self.folder)
        return self._library

    @property
    def embedder(self) -> Embedder:
        """The embedder for questions."""
        return self._shared.embedder(self.prepare)

    @property
    def reranker(self) -> Reranker | None:
        """What reorders the best passages; None where the settings do without.

        Raises:
            ModelError: its model is not there, or does not go with the combiner beside it.
        """
        return self._shared.reranker if self.settings.rerank else None

    @property
    def judge(self) -> Judge:
        """The judge that checks answers, and ``verify``."""
        return self._shared.judge(self.prepare)

    @property
    def embedding_model(self) -> EmbeddingModel:
        """The embedding model of the settings, its weights checked."""
        return self._shared.embedding_model

    def use(self, library: Library) -> None:
        """Work on this open library from now on; it is closed with the engine."""
        self._close_library()
        self._library, self._given = library, True

    def prepare(self) -> None:
        """Export the embedding model for questions (once a machine; takes some seconds)."""
        from medrag.models.export import prepare

        prepare(self.embedding_model, self.on_wait)

    @property
    def retriever(self) -> Retriever:
        """The retriever over the whole library, which must hold something."""
        return self._retriever(None)

    def _retriever(self, scope: Scope) -> Retriever:
        library = self.library
        # Within a scope, an empty library and one that is closed must look the same.
        if scope is None and library.is_empty:
            raise LibraryError(
                f"The library in {self.folder} is empty.", "Fill it with: medrag ingest FOLDER"
            )
        library.require_model(self.embedder.identity)
        return Retriever(library, self._shared.views, self.embedder, self.settings)

    def _bulk_embedder(self, chunks: int) -> Embedder:
        model = self.embedding_model
        if not model.onnx.is_file():
            self.prepare()
        if self._bulk is None and chunks >= _BULK_CHUNKS:
            from medrag.models.embedder import TorchEmbedder

            self._bulk = TorchEmbedder(model)
        return self._bulk or self.embedder

    def _writable(self) -> Library:
        """The library, open for writing; until that is closed it is not read from here.

        Raises:
            LibraryError: it cannot be written, or the engine is closed.
        """
        self._require_open()
        self._close_library()
        return Library.open(self.folder, write=True)

    def _require_open(self) -> None:
        if self._closed:
            raise LibraryError("The engine is closed.", "Open another: Engine.open(FOLDER).")

    def _close_library(self) -> None:
        if self._library is not None:
            self._library.close()
        self._library, self._given = None, False
