"""The MCP tools over standard input and output, for an agent on the same machine."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from concurrent.futures import CancelledError
from contextlib import suppress
from threading import Thread
from typing import cast

import anyio
from mcp.server.stdio import stdio_server

from medrag.engine import Engine
from medrag.server.access import Caller
from medrag.server.audit import open_audit
from medrag.server.ledger import Ledger
from medrag.server.limits import Limits
from medrag.server.logs import log_to_stderr
from medrag.server.mcp_door import mcp_server
from medrag.server.metrics import Metrics
from medrag.server.pool import EnginePool
from medrag.server.service import Service
from medrag.server.settings import ServeSettings

_AHEAD = 16  # messages that are read before they are wanted


def serve_stdio(engine: Engine, serve: ServeSettings, caller: Caller) -> int:
    """Answer on standard output until standard input ends (0), or the process is told to end
    (128 and the number of the signal). What runs by then is cancelled.

    Standard output carries the protocol and nothing else: whatever writes to it goes to standard
    error instead. The engine is closed at the end.

    Raises:
        LibraryError, ModelError: the library, the audit or a model cannot be used.
    """
    log_to_stderr("medrag: %(name)s: %(message)s")
    opened = open_audit(serve, engine.folder) if serve.audit else (None, None)
    ledger = Ledger(engine, *opened)
    service = Service(EnginePool(engine), serve, ledger, Metrics(), Limits(serve))
    service.prepare()
    return asyncio.run(_served(service, caller))


async def _served(service: Service, caller: Caller) -> int:
    try:
        await service.ledger.started(service.settings.fingerprint())
        return await _answered(service, caller)
    finally:
        await service.close()


async def _answered(service: Service, caller: Caller) -> int:
    server = mcp_server(service, lambda context: caller)
    whole = anyio.CancelScope()
    told = _ended_by_signals(whole)
    lines = cast("anyio.AsyncFile[str]", _Lines())
    with whole:
        try:
            async with stdio_server(lines) as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())
        except* (BrokenPipeError, ConnectionResetError):
            pass  # the agent no longer listens, which is an end like any other
    return 128 + told[0] if told else 0


class _Lines:
    """Standard input line by line, read by a thread that nobody has to wait for: one that is in
    the middle of a read cannot be told to stop, and would keep the process from ending."""

    def __init__(self) -> None:
        # A file object of its own, which the interpreter does not want to lock when it ends.
        private = os.dup(sys.stdin.fileno())
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(_AHEAD)
        Thread(target=self._read, args=(private,), name="stdin", daemon=True).start()

    def __aiter__(self) -> _Lines:
        return self

    async def __anext__(self) -> str:
        line = await self._queue.get()
        if line is None:
            raise StopAsyncIteration
        return line

    def _read(self, private: int) -> None:
        with suppress(OSError, RuntimeError, CancelledError):
            with os.fdopen(private, encoding="utf-8", errors="replace", newline="\n") as lines:
                for line in lines:
                    self._put(line)
            self._put(None)

    def _put(self, line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(self._queue.put(line), self._loop).result()


def _ended_by_signals(whole: anyio.CancelScope) -> list[int]:
    """Cancels ``whole`` at the first signal to end, whose number is then in the list."""
    told: list[int] = []

    def end(number: int) -> None:
        told.append(number)
        whole.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows ends a process without asking
            asyncio.get_running_loop().add_signal_handler(number, end, number)
    return told
