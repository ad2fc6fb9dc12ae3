"""A model server on loopback that serves one file and can misbehave in named ways."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ModelServer(ThreadingHTTPServer):
    """``path`` is what it serves; ``seen`` are the Range headers it was sent, None for none."""

    daemon_threads = True

    def __init__(self, path: str, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.path = path
        self.content = content
        self.seen: list[str | None] = []
        self.cut_after: int | None = None
        self.cuts = 1
        self.knows_ranges = True
        self.status: list[int] = []
        self.location = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.seen.append(wanted)
        if server.status:
            self._empty(server.status.pop(0))
        elif self.path != server.path:
            self._empty(404)
        else:
            self._send(wanted if server.knows_ranges else None)

    def _empty(self, status: int) -> None:
        self.send_response(status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, wanted: str | None) -> None:
        server, whole = self.server, self.server.content
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(whole):
            self._empty(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(whole) - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        self.end_headers()
        body = whole[start:]
        if server.cut_after is not None and server.cuts > 0:
            server.cuts -= 1
            self.wfile.write(body[: server.cut_after])
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(path: str, content: bytes) -> Iterator[ModelServer]:
    """The server, for the length of a ``with`` block."""
    server = ModelServer(path, content)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
