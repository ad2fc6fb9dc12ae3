"""A language model in a GGUF file, through llama.cpp, in a process of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrag.generators.reservation import Reservation
from medrag.generators.worker_client import WorkerClient
from medrag.types import Draft, Piece, Request, Usage


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file: its name for people, its SHA-256, and whether that is the published one."""

    name: str
    path: Path
    sha256: str
    verified: bool


class LlamaComposer:
    """Implements ``protocols.Composer``. Engines of one process share the worker of a model;
    ``close`` gives this one's share back."""

    def __init__(
        self,
        weights: Weights,
        *,
        context: int = 4096,
        threads: int = 0,
        idle_seconds: float = 600.0,
        time_limit: float = 600.0,
        needed: int = 0,
    ) -> None:
        self.weights = weights
        self._time_limit = time_limit
        self._key = (weights.path, weights.sha256, context, threads, idle_seconds, needed)
        self.worker = _share(self._key)
        self._closed = False
        self._reservation: Reservation | None = None

    @property
    def name(self) -> str:
        return self.weights.name

    @property
    def verified(self) -> bool:
        return self.weights.verified

    @property
    def ready(self) -> bool:
        return self.worker.pid is not None

    def close(self) -> None:
        """Give the worker back; the last one to do so stops it. Closing twice is harmless."""
        if not self._closed:
            self._closed = True
            _give_back(self._key)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See ``protocols.Composer``."""
        return self.worker.count(texts, self._reservation)

    @contextmanager
    def turn(self) -> Iterator[Iterator[Piece]]:
        """See ``protocols.Composer``. One composer holds one turn at a time."""
        with self.worker.reserve() as reservation:
            self._reservation = reservation
            try:
                yield (
                    Piece("wait", done=message["before"])
                    for message in reservation.waiting(self._time_limit)
                )
            finally:
                self._reservation = None

    def stream(self, request: Request) -> Iterator[Piece | Draft]:
        """See ``protocols.Composer``. ``Usage.phases`` holds wait, load, read, think and write."""
        started = time.perf_counter()
        spent = {"wait": 0.0, "load": 0.0}
        now = "wait"
        mark = started
        messages = [[message.role, message.content] for message in request.messages]
        told = self.worker.write(messages, _order(request), self._time_limit, self._reservation)
        try:
            for message in told:
                if now in spent:
                    spent[now] += time.perf_counter() - mark
                    mark = time.perf_counter()
                kind = message["type"]
                if kind == "waiting":
                    yield Piece("wait", done=message["before"])
                elif kind == "loading":
                    now = "load"
                    yield Piece("load")
                elif kind == "piece":
                    now = "work"
                    yield Piece(
                        message["phase"], message["text"], message["done"], message["total"]
                    )
                elif kind == "written":
                    yield _draft(message, spent, time.perf_counter() - started)
        finally:
            told.close()  # type: ignore[attr-defined]


def _order(request: Request) -> dict[str, Any]:
    return {
        "grammar": request.grammar,
        "thinking_tokens": request.thinking_tokens,
        "answer_tokens": request.answer_tokens,
        "temperature": request.temperature,
        "top_k": request.top_k,
        "top_p": request.top_p,
        "seed": request.seed,
        "constant": request.constant,
    }


def _draft(message: dict[str, Any], spent: dict[str, float], seconds: float) -> Draft:
    usage = Usage(
        prompt_tokens=message["prompt_tokens"],
        cached_tokens=message["cached_tokens"],
        thinking_tokens=message["thinking_tokens"],
        answer_tokens=message["answer_tokens"],
        seconds=seconds,
        phases=spent | message["phases"],
    )
    return Draft(
        text=message["text"],
        thinking=message["thinking"],
        finish_reason=message["finish"],
        usage=usage,
    )


_Key = tuple[Path, str, int, int, float, int]
_lock = threading.Lock()
_shared: dict[_Key, tuple[WorkerClient, int]] = {}


def _share(key: _Key) -> WorkerClient:
    path, sha256, context, threads, idle_seconds, needed = key
    with _lock:
        client, holders = _shared.get(key) or (
            WorkerClient(
                path,
                model=sha256,
                context=context,
                threads=threads,
                idle_seconds=idle_seconds,
                needed=needed,
            ),
            0,
        )
        _shared[key] = (client, holders + 1)
        return client


def _give_back(key: _Key) -> None:
    with _lock:
        client, holders = _shared[key]
        if holders > 1:
            _shared[key] = (client, holders - 1)
            return
        del _shared[key]
    client.close()
