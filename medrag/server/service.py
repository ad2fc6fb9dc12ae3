"""What the server can do, whichever door is asked: scope, queue, audit and figures in one place."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from medrag.config import Settings
from medrag.engine import Engine, Search
from medrag.errors import ConfigError, LibraryError, UsageError
from medrag.events import Done, Event
from medrag.server.access import Caller
from medrag.server.asking import VERBATIM, Desk, Question
from medrag.server.intake import Upload
from medrag.server.ledger import Ledger
from medrag.server.limits import Limits
from medrag.server.metrics import Metrics
from medrag.server.pool import EnginePool
from medrag.server.searching import SearchLane
from medrag.server.settings import ServeSettings
from medrag.server.shown import event_for, info_for, passage_for
from medrag.types import Answer, Document, DocumentInfo, Passage, Verdict

T = TypeVar("T")
Door = str
_QUESTION_CHARACTERS = 4000
# Of the pairs of one turn.
_PAIRS, _PAIR_CHARACTERS = 16, 20_000


class Service:
    """One engine for many callers. Every method takes the caller first and raises only errors of
    ``medrag.errors``; ``door`` names the way in for the audit."""

    def __init__(
        self,
        pool: EnginePool,
        serve: ServeSettings,
        ledger: Ledger,
        metrics: Metrics,
        limits: Limits,
    ) -> None:
        self.serve = serve
        self.metrics = metrics
        self.limits = limits
        self.pool = pool
        self.ledger = ledger
        self.desk = Desk(pool, serve, ledger)
        self.lane = SearchLane(pool, serve.searches_at_once)
        self.patience = serve.stop_seconds
        """Seconds for which a stop lets finish what runs."""
        self._generator = self._asked_for = VERBATIM

    @property
    def settings(self) -> Settings:
        """The engine's settings."""
        return self.pool.root.settings

    @property
    def folder(self) -> Path:
        """The library's folder."""
        return self.pool.root.folder

    @property
    def generator(self) -> str:
        """Who writes where a question does not say: a language model's name, or "extractive"."""
        return self._generator

    def prepare(self) -> None:
        """Load what every question needs, so that the first one does not wait for it. Also
        settles who writes: "auto" must not mean one model now and another one later.

        Raises:
            ModelError: the model of the settings is not there, or has changed.
        """
        engine = self.pool.root
        engine.compute_on(1)  # before the embedder is loaded
        try:
            self._generator = engine.composer().name
            # A server's model is asked for by the settings' word for it.
            named = engine.settings.generator
            self._asked_for = named if named != "auto" else self._generator
        except ConfigError:
            if engine.settings.generator not in ("auto", VERBATIM):
                raise
            self._generator = self._asked_for = VERBATIM
        engine.embedder.embed(["ready"])
        if not engine.library.is_empty:
            engine.search("ready", 1)
        _settle()

    async def search(
        self,
        caller: Caller,
        question: str,
        k: int = 8,
        *,
        collections: Sequence[str] | None = None,
        door: Door = "rest",
    ) -> list[Passage]:
        """The k passages (1 to 100) nearest to a question."""
        started = time.perf_counter()
        scope = caller.scope(collections)
        _check_text("query", question)
        if not 1 <= k <= 100:
            raise UsageError(f"k is {k}, outside 1 to 100.", "Correct it.")
        with self._told():
            found = await self.lane.search(Search(question, k, scope), caller.id)
        await self.ledger.searched(caller, door, question, scope, found)
        self.metrics.seconds.labels("search").observe(time.perf_counter() - started)
        return [passage_for(caller, passage) for passage in found]

    async def ask(
        self,
        caller: Caller,
        question: str,
        *,
        collections: Sequence[str] | None = None,
        generator: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        door: Door = "rest",
    ) -> AsyncGenerator[Event]:
        """The events of a question, ``Done`` last. Closing the generator cancels the work.

        ``history`` are earlier (question, answer) pairs; a follow-up is then put into words that
        can be read alone.
        """
        asked = Question(
            id=uuid.uuid4().hex,
            caller=caller,
            text=question,
            scope=caller.scope(collections),
            generator=self._writer(generator),
            history=tuple(history),
        )
        _check_text("question", question, required=True)
        self.limits.check(caller.id, "ask")
        started = time.perf_counter()
        try:
            await self.ledger.asked(asked, door)
        except asyncio.CancelledError:  # the record is written all the same, so it gets its end
            self.ledger.ended(asked, "cancelled", None)
            raise
        async with aclosing(self.desk.events(asked)) as events:
            with self._told():
                async for event in events:
                    if isinstance(event, Done):
                        self.metrics.answered(event.answer, time.perf_counter() - started)
                    yield event_for(caller, event)

    async def answer(
        self,
        caller: Caller,
        question: str,
        *,
        collections: Sequence[str] | None = None,
        generator: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        door: Door = "rest",
    ) -> Answer:
        """The whole answer, as ``ask`` ends with."""
        events = self.ask(
            caller, question, collections=collections, generator=generator, history=history,
            door=door,
        )  # fmt: skip
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Done):
                    return event.answer
        raise AssertionError("events end with Done")

    async def verify(
        self, caller: Caller, pairs: Sequence[tuple[str, str]], *, door: Door = "rest"
    ) -> list[Verdict]:
        """What evidence says of a claim, for each ``(claim, evidence)``, in order."""
        started = time.perf_counter()
        self.limits.check(caller.id, "ask")
        verdicts: list[Verdict] = []
        with self._told():
            # A turn for every few: nobody waits for all that somebody else sent at once.
            for few in _few(pairs):
                verdicts += await self.desk.run(caller, partial(Engine.verify, pairs=few))
        await self.ledger.verified(caller, door, pairs, verdicts)
        self.metrics.seconds.labels("verify").observe(time.perf_counter() - started)
        return verdicts

    async def documents(
        self, caller: Caller, collections: Sequence[str] | None = None
    ) -> list[DocumentInfo]:
        """What the caller may see of the library, by path."""
        scope = caller.scope(collections)
        found = await self._look(lambda engine: engine.documents(collection=scope))
        return [info_for(caller, info) for info in found]

    async def document(self, caller: Caller, wanted: str) -> tuple[DocumentInfo, Document]:
        """A document, by id or its first digits, with its text.

        Raises:
            NotFound: there is none, or none that the caller may see.
        """
        scope = caller.scope(None)

        def look(engine: Engine) -> tuple[DocumentInfo, Document]:
            info = engine.info(wanted, collection=scope)
            return info_for(caller, info), engine.document(info.id, collection=scope)

        return await self._look(look)

    async def collections(self, caller: Caller) -> list[tuple[str, int, int]]:
        """The collections that the caller may see: name, documents, passages."""
        scope = caller.scope(None)
        return await self._look(lambda engine: engine.collections(scope))

    async def uploaded(self, caller: Caller, upload: Upload) -> None:
        """Documents came in; told by the intake when they can answer."""
        report = upload.report
        if report is None:
            return
        await self.ledger.uploaded(upload.id, caller, upload.collection, report)
        for change in ("added", "updated", "removed", "failed"):
            self.metrics.documents.labels(change).inc(len(getattr(report, change)))

    def refused(self, caller: Caller, method: str, path: str) -> None:
        """A caller wanted what it may not have."""
        self.metrics.refused.labels("forbidden").inc()
        if self.limits.on_record(caller.id):
            self.ledger.refused(caller, method, path, 403)

    async def removing(self, caller: Caller, documents: Sequence[DocumentInfo]) -> None:
        """Documents are about to be taken out; they are not, where that cannot be recorded."""
        await self.ledger.removing(caller, documents)

    async def removed(self, caller: Caller, documents: Sequence[DocumentInfo]) -> None:
        """Documents were taken out."""
        await self.ledger.removed(caller, documents)
        self.metrics.documents.labels("removed").inc(len(documents))

    def figures(self) -> bytes:
        """The metrics as of now."""
        for name, queue in (("verbatim", self.desk.verbatim), ("model", self.desk.model)):
            self.metrics.waiting.labels(name).set(queue.waiting)
            self.metrics.running.labels(name).set(queue.running)
        self.metrics.waiting.labels("search").set(self.lane.waiting)
        self.metrics.engines.set(self.pool.lent)
        return self.metrics.text()

    def hurry(self) -> None:
        """Finish nothing more: questions that wait or run are ended, and told so."""
        self.patience = 0.0
        self.desk.give_up()

    async def close(self) -> None:
        """End what runs, then close the engines and the audit."""
        await self.desk.close()
        await asyncio.to_thread(self.lane.close)
        await asyncio.to_thread(self.pool.close)
        await asyncio.to_thread(self.ledger.close)

    def _writer(self, wanted: str | None) -> str:
        if wanted is None or wanted == self._generator:
            return self._asked_for
        if wanted == VERBATIM:
            return VERBATIM
        known = " or ".join(dict.fromkeys(f"'{name}'" for name in (self._generator, VERBATIM)))
        raise UsageError("This server does not offer that generator.", f"Ask for {known}.")

    async def _look(self, work: Callable[[Engine], T]) -> T:
        """A short piece of work with an engine: never behind a question that is being answered."""

        def borrowed() -> T:
            with self.pool.borrowed() as engine:
                return work(engine)

        with self._told():
            return await asyncio.get_running_loop().run_in_executor(self.lane.executor, borrowed)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors without the folder: where the library lies is nobody's business out there."""
        try:
            yield
        except LibraryError as error:
            message = error.message.replace(str(self.folder), "its folder")
            raise type(error)(message, error.remedy) from error


def _settle() -> None:
    """For a process of many short searches, when all that they need is loaded.

    They run side by side, so each counts on one core: several threads for each would only wait for
    one another. And what is there for good need not be looked through for garbage each time.
    """
    import gc

    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
    gc.collect()
    gc.freeze()


def _check_text(name: str, text: str, *, required: bool = False) -> None:
    if len(text) > _QUESTION_CHARACTERS:
        raise UsageError(
            f"The {name} has {len(text):,} characters, more than {_QUESTION_CHARACTERS:,}.",
            "Ask in fewer words.",
        )
    if required and not text.strip():
        raise UsageError(f"The {name} is empty.", "Ask something.")


def _few(pairs: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The pairs in order, as many together as fit into a turn; always one at least."""
    few: list[tuple[str, str]] = []
    size = 0
    for claim, evidence in pairs:
        length = len(claim) + len(evidence)
        if few and (len(few) == _PAIRS or size + length > _PAIR_CHARACTERS):
            yield few
            few, size = [], 0
        few.append((claim, evidence))
        size += length
    if few:
        yield few
