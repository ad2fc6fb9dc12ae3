"""The one object that a program holds: it wires the rooms together.

One engine serves one thread; make a ``sibling`` for another. Opening is cheap: the library, the
models and FAISS are loaded when they are first needed.
"""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from medrag import offline
from medrag.answering import ABSTENTION
from medrag.composers import EXTRACTIVE, Composers
from medrag.config import Settings, library_folder, load_settings
from medrag.errors import ConfigError, UsageError
from medrag.events import Done, Event, Verbatim
from medrag.finder import Collections, Finder, as_question
from medrag.library import Scope, VectorCache, scope_of
from medrag.library.find import exactly_one, take_out
from medrag.protocols import Composer
from medrag.retrieve import Search
from medrag.shared import Shared
from medrag.types import (
    Answer,
    Document,
    DocumentInfo,
    IngestReport,
    ProgressHook,
)

DEFAULT_COLLECTION = "default"
_COLLECTION_NAME = re.compile(r"[\w][\w .-]{0,63}")


class Engine(Finder):
    """A library with its models. Make one with ``Engine.open``; use it in a ``with`` block."""

    def __init__(self, folder: Path, settings: Settings, shared: Shared | None = None) -> None:
        super().__init__(folder, settings, shared or Shared(settings))
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

    def sibling(self) -> Engine:
        """Another engine on the same folder, for another thread.

        It has a connection and language models of its own, and shares with this one what is large
        and does not change: the embedding model, the library's vectors and postings. Close each;
        closing one leaves the others as they are.
        """
        other = Engine(self.folder, self.settings, self._shared)
        other.on_wait = self.on_wait
        return other

    def compute_on(self, threads: int) -> None:
        """Embed on that many cores at a time: few, where many threads search side by side. Call
        it before the first question; it holds for siblings too."""
        self._shared.threads = threads

    def close(self) -> None:
        """Close the library and lift the guard; nothing is answered after. Twice is harmless."""
        self._closed = True
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
        with self._writable() as library:
            run = Ingest(library, self._bulk_embedder, self.settings, collection, progress)
            return run.run(several, keep_missing=keep_missing)

    def remove(self, wanted: str, *, collection: Collections = None) -> tuple[DocumentInfo, ...]:
        """Take documents out by id (or its first digits) or path; they never answer again.

        The path of a file of many records takes all of them out. Where a collection is named, a
        document that lies in another as well stays there.

        Raises:
            NotFound: no such document, or several begin with these digits.
            LibraryError: the library cannot be written.
        """
        with self._writable() as library:
            found = take_out(library, wanted, scope_of(collection))
            library.tidy()
            VectorCache(library).rebuild()
            return tuple(found)

    # Out of the library

    def ask(
        self,
        question: str,
        *,
        collection: Collections = None,
        generator: str | None = None,
        history: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """An answer whose every sentence cites its source and has been checked against it.

        It abstains (``answer.abstained``) when the library does not answer; ``sources`` are then
        the nearest passages. Sentences that the sources do not support are withheld, and counted.
        ``generator`` is "extractive", a language model's name, "server" or "auto"; ``history``
        holds earlier (question, answer) pairs of a conversation, for a language model.

        Raises:
            UsageError: the question is empty, no string or far too long, the generator unknown,
                or there is no collection of the one name given (of several, unknown ones hold
                nothing).
            LibraryError: there is no library, or the engine is closed.
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
        collection: Collections = None,
        generator: str | None = None,
        history: Sequence[tuple[str, str]] = (),
    ) -> Iterator[Event]:
        """As ``ask``, event by event: the verbatim answer at once, then, where a language model
        writes, its steps and each sentence with its verdict, and ``Done`` with the answer last.

        Closing the iterator cancels the language model's work; so does the next question, and
        closing the engine, since one engine answers one question at a time.
        """
        self._require_open()
        self._end_stream()
        named = collection if isinstance(collection, str) else None
        events = self._events(question, scope_of(collection), named, generator, history)
        self._open = weakref.ref(events)
        return events

    def _events(
        self,
        question: str,
        scope: Scope,
        named: str | None,
        generator: str | None,
        history: Sequence[tuple[str, str]],
    ) -> Generator[Event]:
        started = time.perf_counter()
        if not as_question(question).strip():
            raise UsageError("The question is empty, or no text.", "Ask something.")
        wanted = generator or self.settings.generator
        choice = self._composers.choose(wanted)
        if named is not None and named not in self.library.collections():
            known = ", ".join(self.library.collections())
            raise UsageError(f"There is no collection '{named}'.", f"Known: {known}.")
        answer, prompt = self._verbatim(question, scope)
        if choice is None or answer.abstained:
            yield Done(answer)
            return
        yield Verbatim(answer)
        from medrag.composing import Composition

        composer = choice()
        composition = Composition(
            prompt, answer, composer, self._checker(scope), self.settings,
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

    def documents(self, collection: Collections = None) -> list[DocumentInfo]:
        """What is in the library, by path."""
        library, scope = self.library, scope_of(collection)
        with library.snapshot():
            infos = library.infos(scope=scope)
        return sorted(infos.values(), key=lambda info: (info.path, info.id))

    def document(self, wanted: str, *, collection: Collections = None) -> Document:
        """A whole document, by id (or its first digits) or path.

        Raises:
            NotFound: no such document, or several begin with these digits.
        """
        library, scope = self.library, scope_of(collection)
        with library.snapshot():
            found = exactly_one(library.find(wanted, scope), wanted)
            document = library.document(found.id, scope)
        assert document is not None
        return document

    def info(self, wanted: str, *, collection: Collections = None) -> DocumentInfo:
        """The same without its text."""
        library = self.library
        with library.snapshot():
            return exactly_one(library.find(wanted, scope_of(collection)), wanted)

    def collections(self, collection: Collections = None) -> list[tuple[str, int, int]]:
        """The collections by name, with their documents and passages: (name, 2, 80)."""
        return self.library.sizes(scope_of(collection))

    def identities(self, generator: str | None = None) -> dict[str, str]:
        """What answers: the SHA-256 of the weights that embed, the judge's name, the generator's
        name and the SHA-256 of its weights (empty where it has none, or they are not known)."""
        wanted = generator or self.settings.generator
        choice = self._composers.choose(wanted)
        composer = choice() if choice is not None else None
        weights = getattr(composer, "weights", None)
        return {
            "embedding": self.embedding_model.sha256,
            "judge": self.judge.name,
            "generator": composer.name if composer is not None else EXTRACTIVE,
            "generator_sha256": weights.sha256 if weights is not None else "",
        }


__all__ = ["ABSTENTION", "DEFAULT_COLLECTION", "Collections", "Engine", "Search"]
