"""The caller's side of the worker: start it, ask it, cancel, restart it when it has died.

One worker holds one model for the whole process, however many engines ask; they take turns.
Processes take turns too (a lock in medrag's home), because two models computing at once on the
same cores are many times slower than one after the other, and may not fit into memory together.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

from medrag.config import home
from medrag.errors import ModelError
from medrag.generators import machine
from medrag.generators.reservation import Reservation
from medrag.generators.turns import Turns
from medrag.generators.worker_faults import (
    Message,
    WorkerDied,
    check_memory,
    checked,
    no_answer,
)
from medrag.generators.worker_process import Process
from medrag.offline import WORKER_COMMAND

LOAD_SECONDS = 300.0
COUNT_SECONDS = 60.0
CANCEL_SECONDS = 10.0


class WorkerClient:
    """A model in a process of its own, started when first asked and stopped when idle.

    Safe to use from many threads: requests are carried out one after the other, in the order of
    their coming. ``model`` names the weights (their sha256) for what is remembered of them;
    ``needed`` are the bytes of memory without which it is not started.
    """

    def __init__(
        self,
        path: Path,
        *,
        model: str,
        context: int,
        threads: int = 0,
        needed: int = 0,
        idle_seconds: float = 600.0,
        command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        self._path = path
        self._model = model
        self._wanted_context = context
        self._threads = threads
        self._needed = needed
        self._idle_seconds = idle_seconds
        self._command = command
        self._process: Process | None = None
        self._starting = threading.Lock()
        self._turns = Turns()
        self._last_use = time.monotonic()
        self._timer: threading.Timer | None = None
        self.facts: Message = {}
        """What the worker said when it was ready: ``threads``, ``context``, ``extra_buffers``."""
        _clients.add(self)

    @property
    def pid(self) -> int | None:
        """The process that holds the model, where one runs."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    def reserve(self) -> Reservation:
        """A place in the queue for the model; nothing else uses it until it is released."""
        return Reservation(self._turns.take(), self._rest)

    def count(self, texts: Sequence[str], reservation: Reservation | None = None) -> list[int]:
        """The length of each text in tokens. A worker that does not run is started, in its turn.

        Raises:
            ModelError: the model cannot be started.
        """
        if self.pid is None and reservation is None:
            with self.reserve() as mine:
                for _ in mine.waiting(LOAD_SECONDS):
                    pass
                return self.count(texts, mine)
        process = self._running()
        number = process.ask({"op": "count", "texts": list(texts)})
        try:
            message = checked(process.answer(number, COUNT_SECONDS))
        except TimeoutError:
            raise no_answer(COUNT_SECONDS) from None
        finally:
            process.done(number)
            self._rest()
        return [int(count) for count in message["counts"]]

    def write(
        self,
        messages: list[list[str]],
        order: Message,
        limit: float,
        reservation: Reservation | None = None,
    ) -> Iterator[Message]:
        """What the worker says to an order, step by step, its last word of type ``written``.

        Without a ``reservation`` it takes one, and messages of type ``waiting`` come until it is
        this caller's turn. Closing the iterator cancels the order, at once also while the prompt
        is read.

        Raises:
            ModelError: it could not be started, died, or took longer than ``limit`` seconds.
        """
        if reservation is None:
            with self.reserve() as mine:
                yield from mine.waiting(limit)
                yield from self.write(messages, order, limit, mine)
            return
        deadline = time.monotonic() + limit
        if self.pid is None:
            yield {"type": "loading"}
        process = self._running()
        number = process.ask({"op": "write", "messages": messages, "order": order})
        over = False
        try:
            while not over:
                try:
                    message = process.answer(number, deadline - time.monotonic())
                except TimeoutError:
                    raise no_answer(limit) from None
                over = message["type"] in ("written", "error", "cancelled")
                yield checked(message)
        except WorkerDied:
            over = True
            raise
        finally:
            if not over:
                self._cancel(process, number)
            process.done(number)
            self._rest()

    def close(self) -> None:
        """Stop the worker; the next request starts it again."""
        with self._starting:
            if self._timer is not None:
                self._timer.cancel()
            process, self._process = self._process, None
            if process is not None:
                process.stop()

    def _cancel(self, process: Process, number: int) -> None:
        """Have the order given up; a worker that does not hear is ended."""
        process.cancel(number)
        deadline = time.monotonic() + CANCEL_SECONDS
        with contextlib.suppress(WorkerDied):
            while True:
                try:
                    message = process.answer(number, deadline - time.monotonic())
                except TimeoutError:
                    process.stop()
                    return
                if message["type"] in ("written", "error", "cancelled"):
                    return

    def _running(self) -> Process:
        with self._starting:
            self._last_use = time.monotonic()  # from now on it is not idle
            if self._process is None or not self._process.alive:
                self._process = self._start()
            return self._process

    def _start(self) -> Process:
        """Start the worker, on the safe setting where the fast one is fatal on this machine."""
        check_memory(self._needed)
        known = machine.recall(self._model)
        threads = self._threads or known.get("threads", 0)
        fast_first = known.get("extra_buffers", True)
        for extra_buffers in (True, False) if fast_first else (False,):
            process = Process(self._command)
            try:
                facts = self._load(process, threads, extra_buffers)
            except WorkerDied as error:
                process.stop()
                if not error.is_cpu_fault:
                    raise
                death = error
                continue
            except BaseException:
                process.stop()
                raise
            self.facts = facts | {"extra_buffers": extra_buffers}
            if not self._threads:
                machine.remember(self._model, extra_buffers=extra_buffers, threads=facts["threads"])
            return process
        raise ModelError(
            f"The language model cannot run on this machine: {death.message}",
            "See the README under 'If the model does not start', or use --generator extractive.",
        )

    def _load(self, process: Process, threads: int, extra_buffers: bool) -> Message:
        order = {
            "op": "load",
            "path": str(self._path),
            "context": self._wanted_context,
            "threads": threads,
            "extra_buffers": extra_buffers,
            "model": self._model,
            "build": machine.name(),
            "folder": str(home() / "models" / "prefixes"),
        }
        number = process.ask(order)
        try:
            return checked(process.answer(number, LOAD_SECONDS))
        except TimeoutError:
            raise no_answer(LOAD_SECONDS) from None
        finally:
            process.done(number)

    def _rest(self) -> None:
        """Stop the worker when it has not been used for a while."""
        self._last_use = time.monotonic()
        with self._starting:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._idle_seconds, self._stop_if_idle)
            self._timer.daemon = True
            self._timer.start()

    def _stop_if_idle(self) -> None:
        # Whoever writes holds a turn, and rests only afterwards.
        with self._turns.take() as turn:
            if turn.before == 0 and time.monotonic() - self._last_use >= self._idle_seconds:
                self.close()


_clients: weakref.WeakSet[WorkerClient] = weakref.WeakSet()
_process = os.getpid()


@atexit.register
def _close_all() -> None:
    if os.getpid() != _process:
        return  # a fork: the workers are its parent's
    for client in list(_clients):
        client.close()
