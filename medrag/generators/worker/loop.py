"""The worker's side of the conversation: lines of JSON in, lines of JSON out.

In: ``load`` (once, first), ``write``, ``count``, ``cancel``. Every line in but ``cancel`` has an
``id``, and every line out names the one it answers. ``count`` is answered beside the work, since
tokenising needs no state; everything else in the order of its coming. When its input ends (the
caller is gone) the process ends at once, whatever it is doing. No line out holds text of a
prompt, and nothing is logged.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from medrag import offline
from medrag.generators.worker.chat_format import TemplateError, TemplateStuck
from medrag.generators.worker.model import BLOCK, Cancelled, CannotLoad, Model
from medrag.generators.worker.prefix import Prefixes
from medrag.generators.worker.sampling import DamagedWeights, InvalidGrammar
from medrag.generators.worker.writing import Order, TooLong, write

_TRIAL_TOKENS = 4
_CLEARLY = 0.8
_TRIAL_PROMPT = "The patient was seen in the clinic."


class Worker:
    """The loop and what it holds."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()
        self._orders: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[int] = set()
        self._current = 0
        self._model: Model | None = None
        self._prefixes: Prefixes | None = None

    def run(self) -> None:
        """Work until the input ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            message = self._orders.get()
            self._current = message["id"]
            try:
                self._carry_out(message)
            except Cancelled:
                self._say({"type": "cancelled"})
            except TooLong as error:
                self._fail("too_long", needed=error.needed, context=error.context)
            except DamagedWeights:
                self._fail("damaged")
            except InvalidGrammar:
                self._fail("grammar")
            except TemplateStuck:
                self._fail("template")
                os._exit(0)  # its thread still computes, and nothing else stops it
            except TemplateError:
                self._fail("template")
            except CannotLoad as error:
                self._fail("load", detail=str(error))
            except MemoryError:
                self._fail("memory")
            except (ValueError, OSError, KeyError, TypeError) as error:
                self._fail("internal", detail=type(error).__name__)
            self._cancelled.discard(self._current)
            self._current = 0

    def _listen(self) -> None:
        # Whatever ends the listening, the caller is gone: nobody is to be left with the memory.
        try:
            for line in self._incoming:
                message = json.loads(line)
                if message["op"] == "cancel":
                    self._cancelled.add(message["id"])
                elif message["op"] == "count" and self._model is not None:
                    self._count(message)
                else:
                    self._orders.put(message)
        finally:
            os._exit(0)

    def _count(self, message: dict[str, Any]) -> None:
        assert self._model is not None
        try:
            counts = [len(self._model.tokens(text)) for text in message["texts"]]
        except ValueError:
            self._fail("internal", detail="ValueError", to=message["id"])
            return
        self._say({"type": "counts", "counts": counts}, to=message["id"])

    def _carry_out(self, message: dict[str, Any]) -> None:
        if message["op"] == "load":
            self._load(message)
            return
        if self._model is None or self._prefixes is None:
            raise CannotLoad("nothing is loaded")
        if message["op"] == "count":
            self._count(message)
            return
        order = Order(**message["order"] | {"messages": tuple(map(tuple, message["messages"]))})

        def tell(phase: str, text: str, done: int, total: int) -> None:
            if self._is_cancelled():
                raise Cancelled
            self._say({"type": "piece", "phase": phase, "text": text, "done": done, "total": total})

        written = write(self._model, order, tell, self._prefixes)
        self._say({"type": "written"} | {name: getattr(written, name) for name in _FIELDS})

    def _is_cancelled(self) -> bool:
        return self._current in self._cancelled

    def _load(self, message: dict[str, Any]) -> None:
        threads = message["threads"]
        self._model = model = Model(
            Path(message["path"]),
            context=message["context"],
            threads=threads or cores(),
            extra_buffers=message["extra_buffers"],
            cancelled=self._is_cancelled,
        )
        # The self-test: a build that does not fit this CPU dies here, at its first token.
        _trial(model, 1)
        if not threads:
            threads = _fastest(model)
        model.use_threads(threads, max(threads, cores()))
        model.forget()
        # Whatever changes the numbers: another number of threads adds them up in another order.
        facts = (message["model"], message["build"], threads, message["extra_buffers"], BLOCK)
        self._prefixes = Prefixes(Path(message["folder"]), facts)
        self._say({"type": "ready", "threads": threads, "context": model.context})

    def _say(self, message: dict[str, Any], to: int | None = None) -> None:
        line = json.dumps(message | {"id": self._current if to is None else to}) + "\n"
        with self._lock:
            self._outgoing.write(line.encode())
            self._outgoing.flush()

    def _fail(self, code: str, *, to: int | None = None, **facts: Any) -> None:
        self._say({"type": "error", "code": code, **facts}, to=to)


_FIELDS = (
    "text", "thinking", "finish", "prompt_tokens", "cached_tokens", "thinking_tokens",
    "answer_tokens", "phases",
)  # fmt: skip


def _trial(model: Model, tokens: int) -> float:
    """Seconds for that many single tokens after a short prompt.

    Raises:
        DamagedWeights: what it computes are not numbers.
    """
    model.forget()
    prompt = model.tokens(_TRIAL_PROMPT)
    model.read([prompt], lambda done, total: None)
    started = time.perf_counter()
    for _ in range(tokens):
        model.advance(prompt[:1])
        if not abs(float(model.logits().max())) < float("inf"):
            raise DamagedWeights
    return time.perf_counter() - started


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _fastest(model: Model) -> int:
    """The number of threads that writes fastest on this machine: memory is what limits it, so all
    cores are not always best. Fewer must be clearly faster, as a busy moment misleads."""
    most = cores()
    choices = sorted({most, max(1, most * 3 // 4), max(1, most // 2)}, reverse=True)
    times = dict.fromkeys(choices, float("inf"))
    for _ in range(3):
        for threads in choices:
            model.use_threads(threads, most)
            times[threads] = min(times[threads], _trial(model, _TRIAL_TOKENS))
    best = min(choices, key=lambda threads: times[threads])
    return best if times[best] < _CLEARLY * times[most] else most


def main() -> None:
    """Talk over standard input and output until the input ends."""
    # What libraries print must not get between the lines, so the output gets a place of its own.
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    offline.enable()
    # Ctrl-C in a terminal goes to every process in it. What it means is for the caller to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        Worker(sys.stdin.buffer, outgoing).run()
    except BrokenPipeError:
        os._exit(0)
