"""Starts and stops the server: one process, one socket, logs without a word of a question."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from medrag.errors import MedragError, UsageError
from medrag.server.logs import log_to_stderr
from medrag.server.protocol import protocol_class
from medrag.server.service import Service
from medrag.server.settings import ServeSettings

_BACKLOG = 1024
_KEEP_ALIVE = 30
# Questions end within stop_seconds; this is for their last words, and for clients that dawdle.
_GRACE = 3
_MANY_FILES = 16_384
# Files that answering itself needs: the library for each engine, the audit, a child's pipes.
_OWN_FILES = 128


def serve_forever(app: FastAPI, serve: ServeSettings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is told the address when it listens.

    What runs then may finish within ``stop_seconds``; a second signal ends it at once.

    Raises:
        UsageError: the address cannot be listened on, or the certificate not read.
        MedragError: the application could not begin, or not end well.
    """
    log_to_stderr("%(asctime)s %(levelname)s %(name)s: %(message)s")
    listening = _listen(serve)
    config = uvicorn.Config(
        app,
        http=protocol_class(serve.header_seconds, connections=_connections(_raise_file_limit())),
        loop="asyncio",  # its sockets are Python's, which the guard can see
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        # The peer is whoever holds the other end of the socket, whatever a header may say.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=int(serve.stop_seconds) + _GRACE,
        ssl_certfile=serve.tls_certificate or None,
        ssl_keyfile=serve.tls_key or None,
    )
    try:
        config.load()
    except OSError as error:
        listening.close()
        raise UsageError(
            f"The certificate or its key cannot be read ({error.strerror or 'not a PEM file'}).",
            "Correct tls_certificate and tls_key.",
        ) from error
    server = _Server(config, lambda: ready(_address(serve, listening)), app.state.service)
    # uvicorn raises the signal that stopped it once more when all is closed: it has been heard.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    with suppress(SystemExit):  # how uvicorn ends where the application could not begin
        server.run(sockets=[listening])
    failed = getattr(app.state, "failed", None)
    if isinstance(failed, MedragError):
        raise failed


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], service: Service) -> None:
        super().__init__(config)
        self._ready = ready
        self._service = service
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_kind_only)
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Whoever is still waiting then is told so, where uvicorn would just hang up.
        loop = asyncio.get_running_loop()
        ending = loop.call_later(self._service.patience, self._service.hurry)
        await super().shutdown(sockets)
        ending.cancel()
        if self.force_exit:
            await self.lifespan.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and self._loop is not None:
            self._loop.call_soon_threadsafe(self._hurry)
        else:
            super().handle_exit(sig, frame)

    def _hurry(self) -> None:
        self._service.hurry()
        asyncio.get_running_loop().call_later(_GRACE, setattr, self, "force_exit", True)


def _listen(serve: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in serve.host else socket.AF_INET
    # Named as TCP: otherwise asyncio leaves Nagle's algorithm on, and an answer waits 40 ms for an
    # acknowledgement between its head and its body.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let a second server take the port over
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((serve.host, serve.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"{serve.host}:{serve.port} cannot be listened on ({error.strerror}).",
            "Choose another --host or --port.",
        ) from error
    return listening


def _address(serve: ServeSettings, listening: socket.socket) -> str:
    host = f"[{serve.host}]" if ":" in serve.host else serve.host
    scheme = "https" if serve.tls_certificate else "http"
    return f"{scheme}://{host}:{listening.getsockname()[1]}"


def _connections(files: int) -> int:
    """Connections that may be open at once: the rest of the files is for answering them."""
    return max(files - 2 * _OWN_FILES, files // 2)


def _kind_only(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Instead of asyncio's own, which prints the exception itself, message and all."""
    kind = type(context.get("exception")).__name__
    logging.getLogger("medrag.server").error("An error that nobody waited for: %s", kind)


def _raise_file_limit() -> int:
    """As many open files as the system lets this process have; how many that is."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return _MANY_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, _MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return _MANY_FILES if soft == resource.RLIM_INFINITY else soft
