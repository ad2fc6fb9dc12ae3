"""The one object that a program holds: it wires the rooms together.

One engine serves one thread; open another for another. Opening is cheap: the library, the models
and FAISS are loaded when they are first needed.
"""

from __future__ import annotations

import os
import re
import time
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from medrag import offline
from medrag.answerability import answerability
from medrag.answering import ABSTENTION, Checker
from medrag.composers import Composers
from medrag.config import Settings, library_folder, load_settings
from medrag.errors import ConfigError, LibraryError, UsageError
from medrag.events import Done, Event, Verbatim
from medrag.generators.extractive import ExtractiveGenerator
from medrag.ground import build_prompt
from medrag.library import Library, VectorCache
from medrag.library.find import LIST, exactly_one
from medrag.models.catalog import EmbeddingModel, find_embedding_model
from medrag.models.embedder import OnnxEmbedder
from medrag.protocols import Composer, Embedder, Judge
from medrag.retrieve import Arm, Retriever
from medrag.types import (
    Answer,
    Document,
    DocumentInfo,
    IngestReport,
    Passage,
    ProgressHook,
    Prompt,
    Verdict,
)
from medrag.verbatim import verbatim_answer
from medrag.verify import RuleJudge

DEFAULT_COLLECTION = "default"
# Below this many chunks the exported model is done before torch has been imported.
_BULK_CHUNKS = 400
_COLLECTION_NAME = re.compile(r"[\w][\w .-]{0,63}")


class Engine:
    """A library with its models. Make one with ``Engine.open``; use it in a ``with`` block."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self._library: Library | None = None
        self._retriever: Retriever | None = None
        self._embedder: Embedder | None = None
        self._model: EmbeddingModel | None = None
        self.on_wait: Callable[[str], None] = lambda message: None
        """Told, in one line, of a step that takes seconds and happens once a machine."""
        self._composers = Composers(settings)
        self._open: weakref.ref[Generator[Event]] | None = None
        self._hold = offline.enable(settings.allow_hosts) if settings.offline else None

    @classmethod
    def open(
        cls,
        library: str | Path | None = None,
        *,
        config: str | Path | None = None,
        settings: Settings | None = None,
        **flags: Any,
    ) -> Engine:
        """An engine on a library folder, which ``ingest`` makes where it is missing.

        Without ``library``: ``MEDRAG_LIBRARY``, else ``.medrag`` here, else the user's data
        folder. Settings come from ``config`` (TOML), ``MEDRAG_*`` variables and ``flags``. While
        an engine with ``offline=True`` (the default) is open, the whole process is kept offline.

        Raises:
            ConfigError: a setting is wrong.
        """
        if settings is None:
            settings = load_settings(Path(config) if config else None, **flags)
        return cls(library_folder(Path(library) if library is not None else None), settings)

    def close(self) -> None:
        """Close the library and lift the guard. Closing twice is harmless."""
        self._end_stream()
        self._close_library()
        self._composers.close()
        if self._hold is not None:
            offline.release(self._hold)
            self._hold = None

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Into the library

    def ingest(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        collection: str = DEFAULT_COLLECTION,
        keep_missing: bool = False,
        progress: ProgressHook | None = None,
    ) -> IngestReport:
        """Bring folders and files into the library; see ``IngestReport`` for what happened.

        Raises:
            ReadError: a path does not exist or there is nothing in it.
            LibraryError: the library cannot be written. What was stored before is whole.
        """
        from medrag.ingest import Ingest

        if not _COLLECTION_NAME.fullmatch(collection):
            raise UsageError(
                f"'{collection}' is no name for a collection.",
                "Use letters, digits, spaces, dots and hyphens, at most 64.",
            )
        several = [Path(paths)] if isinstance(paths, str | Path) else [Path(p) for p in paths]
        self._close_library()
        with Library.open(self.folder, write=True) as library:
            run = Ingest(library, self._bulk_embedder, self.settings, collection, progress)
            return run.run(several, keep_missing=keep_missing)

    def remove(self, wanted: str) -> tuple[DocumentInfo, ...]:
        """Take documents out by id (or its first digits) or path; they never answer again.

        The path of a file of many records takes all of them out.

        Raises:
            LibraryError: no such document, or several begin with these digits.
        """
        absolute = os.path.abspath(wanted)
        self._close_library()
        with Library.open(self.folder, write=True) as library:
            found = library.find(wanted) or library.find(absolute)
            if not all(info.path.partition("#")[0] in (wanted, absolute) for info in found):
                found = [exactly_one(found, wanted)]
            if not found:
                raise LibraryError(f"There is no document {wanted}.", LIST)
            library.remove_documents([info.id for info in found])
            library.tidy()
            VectorCache(library).rebuild()
            return tuple(found)

    # Out of the library

    def search(
        self, question: str, k: int = 8, *, collection: str | None = None, arm: Arm = "hybrid"
    ) -> list[Passage]:
        """The k passages nearest to a question. Any string is safe; an empty one finds nothing."""
        return self.retriever.search(question, k, collection=collection, arm=arm)

    def prompt(self, question: str, *, collection: str | None = None) -> tuple[Prompt, float]:
        """The numbered sources for a question, and the probability that they answer it."""
        retriever = self.retriever
        # A few more than are shown: overlapping and superseded ones are still to be left out.
        wanted = 2 * self.settings.passages
        with self.library.snapshot():
            terms = retriever.terms(question)
            passages = retriever.search(question, wanted, collection=collection, terms=terms)
        prompt = build_prompt(question, passages, terms, self.settings.passages)
        return prompt, answerability(terms, passages)

    def evidence(self, question: str, composer: Composer) -> Prompt:
        """The sources for a question, with the ``excerpts`` that this language model is shown."""
        return self._shown_to(composer, self.prompt(question)[0])

    def ask(
        self,
        question: str,
        *,
        collection: str | None = None,
        generator: str | None = None,
        history: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """An answer whose every sentence cites its source and has been checked against it.

        It abstains (``answer.abstained``) when the library does not answer; ``sources`` are then
        the nearest passages. Sentences that the sources do not support are withheld, and counted.
        ``generator`` is "extractive", a language model's name, "server" or "auto"; ``history``
        holds earlier (question, answer) pairs of a conversation, for a language model.

        Raises:
            UsageError: the question is empty, or the generator unknown.
            ModelError: the language model that was named is not there, or has changed.
        """
        events = self.ask_stream(
            question, collection=collection, generator=generator, history=history
        )
        return next(event.answer for event in events if isinstance(event, Done))

    def ask_stream(
        self,
        question: str,
        *,
        collection: str | None = None,
        generator: str | None = None,
        history: Sequence[tuple[str, str]] = (),
    ) -> Iterator[Event]:
        """As ``ask``, event by event: the verbatim answer at once, then, where a language model
        writes, its steps and each sentence with its verdict, and ``Done`` with the answer last.

        Closing the iterator cancels the language model's work; so does the next question, and
        closing the engine, since one engine answers one question at a time.
        """
        self._end_stream()
        events = self._events(question, collection, generator, history)
        self._open = weakref.ref(events)
        return events

    def _events(
        self,
        question: str,
        collection: str | None,
        generator: str | None,
        history: Sequence[tuple[str, str]],
    ) -> Generator[Event]:
        started = time.perf_counter()
        if not question.strip():
            raise UsageError("The question is empty.", "Ask something.")
        wanted = generator or self.settings.generator
        choice = self._composers.choose(wanted)
        if collection is not None and collection not in self.library.collections():
            known = ", ".join(self.library.collections())
            raise UsageError(f"There is no collection '{collection}'.", f"Known: {known}.")
        answer, prompt = self._verbatim(question, collection)
        if choice is None or answer.abstained:
            yield Done(answer)
            return
        yield Verbatim(answer)
        from medrag.composing import Composition

        composer = choice()
        composition = Composition(
            prompt, answer, composer, self._checker(), self.settings,
            lambda prompt: self._shown_to(composer, prompt), history,
        )  # fmt: skip
        for event in composition.run():
            if isinstance(event, Done):
                usage = replace(event.answer.usage, seconds=time.perf_counter() - started)
                event = Done(replace(event.answer, usage=usage))
            yield event

    def _end_stream(self) -> None:
        """Close the events of the question before, which hold the language model's turn."""
        events = self._open() if self._open is not None else None
        if events is not None:
            with suppress(ValueError):  # another thread is at it, and will see it through
                events.close()
        self._open = None

    def composer(self, name: str | None = None) -> Composer:
        """The language model of that name (default: the settings'), ready to be asked.

        Raises:
            ModelError: it is not there, does not fit into memory, or has changed.
            ConfigError: there is no language model of that name.
        """
        wanted = name or self.settings.generator
        choice = self._composers.choose(wanted)
        if choice is None:
            raise ConfigError(
                f"The generator '{wanted}' is no language model that is present.",
                "Name one of: medrag model list",
            )
        return choice()

    def verify(self, pairs: Iterable[tuple[str, str]]) -> list[Verdict]:
        """What evidence says of a claim, for each ``(claim, evidence)``, in order."""
        return self.judge.judge(list(pairs))

    @property
    def judge(self) -> Judge:
        """The judge that checks answers, and ``verify``."""
        return RuleJudge(self.embedder)

    def documents(self) -> list[DocumentInfo]:
        """What is in the library, by path."""
        return sorted(self.library.infos().values(), key=lambda info: info.path)

    def document(self, wanted: str) -> Document:
        """A whole document, by id (or its first digits) or path.

        Raises:
            LibraryError: no such document, or several begin with these digits.
        """
        found = exactly_one(self.library.find(wanted), wanted)
        document = self.library.document(found.id)
        assert document is not None
        return document

    # The parts, opened when first needed

    @property
    def library(self) -> Library:
        """The library, open for reading."""
        if self._library is None:
            self._library = Library.open(self.folder)
        return self._library

    @property
    def embedder(self) -> Embedder:
        """The embedder for questions."""
        if self._embedder is None:
            model = self.embedding_model
            if not model.onnx.is_file():
                self.prepare()
            self._embedder = OnnxEmbedder(model)
        return self._embedder

    @property
    def embedding_model(self) -> EmbeddingModel:
        """The embedding model of the settings, its weights checked."""
        if self._model is None:
            self._model = find_embedding_model(self.settings.embedding_model)
        return self._model

    def use(self, library: Library) -> None:
        """Work on this open library from now on; it is closed with the engine."""
        self._close_library()
        self._library = library

    def prepare(self) -> None:
        """Export the embedding model for questions (once a machine; takes some seconds)."""
        from medrag.models.export import export_onnx

        self.on_wait("Preparing the embedding model (once on this machine, some 15 seconds).")
        export_onnx(self.embedding_model)

    @property
    def retriever(self) -> Retriever:
        """The retriever over the library, which must hold something."""
        if self._retriever is None:
            library = self.library
            if library.counts()[0] == 0:
                raise LibraryError(
                    f"The library in {self.folder} is empty.", "Fill it with: medrag ingest FOLDER"
                )
            library.require_model(self.embedder.identity)
            self._retriever = Retriever(library, VectorCache(library), self.embedder, self.settings)
        return self._retriever

    def _bulk_embedder(self, chunks: int) -> Embedder:
        model = self.embedding_model
        if not model.onnx.is_file():
            self.prepare()
        if chunks < _BULK_CHUNKS or self._is_bulk():
            return self._embedder or self.embedder
        from medrag.models.embedder import TorchEmbedder

        self._embedder = TorchEmbedder(model)
        return self._embedder

    def _is_bulk(self) -> bool:
        return self._embedder is not None and not isinstance(self._embedder, OnnxEmbedder)

    def _verbatim(self, question: str, collection: str | None) -> tuple[Answer, Prompt]:
        """The answer in the documents' own words, and the sources it was chosen from."""
        started = time.perf_counter()
        prompt, probability = self.prompt(question, collection=collection)
        writer = ExtractiveGenerator(self.embedder, self.settings.answer_sentences)
        threshold = self.settings.answer_threshold
        answer = verbatim_answer(
            prompt, writer, self._checker(), certain=probability >= threshold, started=started
        )
        return answer, prompt

    def _shown_to(self, composer: Composer, prompt: Prompt) -> Prompt:
        from medrag.evidence import with_excerpts

        budget = self.settings.evidence_tokens
        return with_excerpts(prompt, self.embedder, composer.count_tokens, budget)

    def _checker(self) -> Checker:
        library = self.library
        parts = (library.uuid, str(library.generation), self.embedder.identity.sha256)

        def fingerprint(generator: str) -> str:
            return self.settings.fingerprint(*parts, generator, self.judge.name)

        return Checker(self.judge, library.page_labels, fingerprint)

    def _close_library(self) -> None:
        if self._library is not None:
            self._library.close()
        self._library = self._retriever = None


__all__ = ["ABSTENTION", "DEFAULT_COLLECTION", "Engine"]
