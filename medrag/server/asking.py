"""One question on its way through the server: wait, verbatim answer, wait for the model, compose.

Two queues, because a verbatim answer takes a tenth of a second and a composed one minutes: nobody
who could be answered at once waits for somebody else's language model. The work runs in a task of
its own and goes on whether or not the client reads; when the client leaves, the task is
cancelled, and the engine is given back as soon as the step that a thread is in has ended.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, cast

from medrag.conversation import Conversation
from medrag.engine import Engine
from medrag.errors import Busy, MedragError, ModelError
from medrag.events import Checked, Done, Event, Queued, Rephrased, Verbatim, Working
from medrag.server.access import Caller
from medrag.server.audit_records import Outcome
from medrag.server.pool import EnginePool
from medrag.server.queue import FairQueue
from medrag.server.settings import ServeSettings
from medrag.types import Answer

T = TypeVar("T")
_log = logging.getLogger("medrag.server")
_EVERY = 0.25  # seconds between two words on the same step of the language model
_SPARE_THREADS = 3  # the language model's, and those that wind up what was cancelled
_AGAIN = 0.05
VERBATIM = "extractive"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by whom, of which collections (None: all), and who is to write."""

    id: str
    caller: Caller
    text: str
    scope: frozenset[str] | None
    generator: str
    history: tuple[tuple[str, str], ...] = ()


class Ledger(Protocol):
    """What must be told of a question. ``answered`` returns when it is on record."""

    async def answered(self, question: Question, answer: Answer, *, last: bool) -> None:
        """This is about to be shown."""
        ...

    async def sentence(self, question: Question, event: Checked) -> None:
        """A language model's sentence is about to be shown; returns when it is on record."""
        ...

    def ended(
        self, question: Question, outcome: Outcome, shown: Answer | None, error: str = ""
    ) -> None:
        """It ended without an answer of its own; ``error`` is the name of an error's class."""
        ...


Put = Callable[[Event], None]
Item = Event | MedragError


class Desk:
    """Takes questions; at most so many are worked on at once, one of them by a language model."""

    def __init__(self, pool: EnginePool, serve: ServeSettings, ledger: Ledger) -> None:
        self._pool = pool
        self._serve = serve
        self._ledger = ledger
        self.verbatim = FairQueue(serve.answers_at_once, serve.queue, serve.queue_per_caller)
        self.model = FairQueue(1, serve.queue, serve.queue_per_caller)
        self._threads = ThreadPoolExecutor(serve.answers_at_once + _SPARE_THREADS, "answer")
        self._tasks: dict[asyncio.Task[None], asyncio.Queue[Item]] = {}

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        """The events of a question, ``Done`` last. Closing the generator cancels the work.

        Raises:
            Busy: too many are waiting; it waited too long.
            MedragError: whatever else the engine says.
        """
        channel: asyncio.Queue[Item] = asyncio.Queue()
        task = asyncio.create_task(self._work(question, channel))
        self._tasks[task] = channel
        task.add_done_callback(self._tasks.pop)
        try:
            while True:
                item = await channel.get()
                if isinstance(item, MedragError):
                    raise item
                yield item
                if isinstance(item, Done):
                    return
        finally:
            task.cancel()

    async def run(self, caller: Caller, work: Callable[[Engine], T]) -> T:
        """Some other work of a thread with an engine, in the queue of the verbatim answers."""

        def borrowed() -> T:
            with self._pool.borrowed() as engine:
                return work(engine)

        async with self.verbatim.turn(caller.id, None, self._serve.queue_seconds):
            return await _whole(self._in_thread(borrowed))

    def give_up(self) -> None:
        """End all that is under way, because the server stops; whoever waits is told at once."""
        for task, channel in self._tasks.items():
            channel.put_nowait(ModelError("The server is stopping.", "Ask again in a minute."))
            task.cancel()

    async def close(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        self.give_up()
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        await asyncio.to_thread(self._threads.shutdown)

    async def _work(self, question: Question, channel: asyncio.Queue[Item]) -> None:
        trip = _Trip(channel.put_nowait)
        seconds = self._serve.answer_seconds
        outcome: Outcome | Literal[""] = "failed"
        error_name = ""
        try:
            async with asyncio.timeout(seconds):
                await self._answer(question, trip)
            outcome = ""
        except TimeoutError:
            outcome, error_name = ("" if trip.on_record else "failed"), "TimeoutError"
            channel.put_nowait(
                ModelError(
                    f"The answer took longer than {seconds:.0f} seconds and was given up.",
                    "Ask again with the generator 'extractive', or when less is going on.",
                )
            )
        except MedragError as error:
            outcome = "busy" if isinstance(error, Busy) else "failed"
            error_name = type(error).__name__
            channel.put_nowait(error)
        except asyncio.CancelledError:
            outcome = "" if trip.on_record else "cancelled"  # a question has one end
            raise
        except BaseException as error:
            # The message may hold text of a document, so only its kind is told, and logged.
            _log.error("An error in medrag itself: %s", type(error).__name__)
            error_name = type(error).__name__
            channel.put_nowait(_unexpected(error))
            if not isinstance(error, Exception):
                raise
        finally:
            if outcome:
                self._ledger.ended(question, outcome, trip.shown, error_name)

    async def _answer(self, question: Question, trip: _Trip) -> None:
        """Both stages; the engine goes back however they end."""
        wait = self._serve.queue_seconds
        borrowed: list[Engine] = []  # by the thread itself: cancelled or not, it is known of
        events: Generator[Event] | None = None
        try:
            async with self.verbatim.turn(question.caller.id, trip.position, wait):
                await _whole(self._in_thread(lambda: borrowed.append(self._pool.take())))
                engine = borrowed[0]
                asked = await _whole(self._in_thread(_standalone, engine, question))
                if asked != question.text:
                    trip.put(Rephrased(asked))
                events = _begin(engine, question, asked)
                event = await self._step(events)
            if not isinstance(event, Done):
                await self._show(question, trip, event)
                async with self.model.turn(question.caller.id, trip.position, wait):
                    while not isinstance(event := await self._step(events), Done):
                        await self._show(question, trip, event)
            trip.on_record = True  # nothing that is being written can be taken back
            await self._ledger.answered(question, event.answer, last=True)
            trip.put(event)
        finally:
            for engine in borrowed:
                self._in_thread(_wind_up, self._pool, engine, events)

    async def _show(self, question: Question, trip: _Trip, event: Event) -> None:
        """The verbatim answer, and a sentence, is shown as soon as it is on record."""
        if isinstance(event, Verbatim):
            await self._ledger.answered(question, event.answer, last=False)
            trip.shown = event.answer
        elif isinstance(event, Checked):
            await self._ledger.sentence(question, event)
        trip.put(event)

    async def _step(self, events: Generator[Event]) -> Event:
        return await _whole(self._in_thread(next, events))

    def _in_thread(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._threads, work, *arguments)


class _Trip:
    """What one question's client has been told so far."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._waited = False
        self._phase = ""
        self._last = 0.0
        self.shown: Answer | None = None
        self.on_record = False

    def position(self, position: int) -> None:
        """A place in a queue; that it is its turn is said only where there was waiting."""
        if position > 0 or self._waited:
            self._waited = position > 0
            self._put(Queued(position))

    def put(self, event: Event) -> None:
        """Pass an event on; steps of the language model at most four times a second."""
        if isinstance(event, Working):
            now = time.monotonic()
            if event.piece.phase == self._phase and now - self._last < _EVERY:
                return
            self._phase, self._last = event.piece.phase, now
        self._put(event)


async def _whole(future: asyncio.Future[T]) -> T:
    """The result of a thread's work. When cancelled, wait for the thread first: until then it
    holds its engine, and its slot must not go to another."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():  # out of time, and then the client left, and then the server stops
            with suppress(asyncio.CancelledError):
                await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # looked at, so that asyncio does not report it as forgotten
        raise


def _standalone(engine: Engine, question: Question) -> str:
    """A follow-up in words that can be understood alone; by rule, so that it takes no time."""
    # The earlier ones are replayed: a follow-up leans on what the one before was understood as.
    turns: list[tuple[str, str]] = []
    for text, answer in (*question.history, (question.text, "")):
        conversation = Conversation(
            engine, collection=question.scope, generator=VERBATIM, history=turns
        )
        turns.append((conversation.standalone(text), answer))
    return turns[-1][0]


def _begin(engine: Engine, question: Question, asked: str) -> Generator[Event]:
    events = engine.ask_stream(
        asked,
        collection=question.scope,
        generator=question.generator,
        history=[turn for turn in question.history if turn[1]],
    )
    return cast("Generator[Event]", events)


def _wind_up(pool: EnginePool, engine: Engine, events: Generator[Event] | None) -> None:
    """Close the events, which ends a language model's work, and give the engine back."""
    try:
        while events is not None:
            try:
                events.close()
                break
            except ValueError:  # a thread is still in it
                time.sleep(_AGAIN)
    except MedragError as error:
        _log.warning("A language model's work ended with an error: %s", error)
    finally:
        pool.give(engine)


def _unexpected(error: BaseException) -> MedragError:
    return MedragError(
        f"An error in medrag itself ({type(error).__name__}).", "Ask again, and report it."
    )
