"""uvicorn's HTTP with what it leaves open: time and size of a request's head, framing that can be
read in two ways, and clients that never read their answer."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Iterable
from typing import Any

_HERE = frozenset({"127.0.0.1", "::1"})
HEAD_BYTES = 32_768
"""The largest head of a request: its first line and its headers."""
_TEXTS = {
    400: ("Bad Request", "The request is not HTTP/1.1 that can be read in one way only."),
    431: ("Request Header Fields Too Large", f"The headers are larger than {HEAD_BYTES:,} bytes."),
}


def protocol_class(
    header_seconds: float, stall_seconds: float = 60.0, connections: int = 10_000
) -> type[asyncio.Protocol]:
    """The protocol for ``uvicorn.Config(http=...)``: on httptools, or h11 where that is missing.

    A connection is closed when a request's head is not complete ``header_seconds`` after it was
    made, or after the first byte since the last answer (until that byte, uvicorn's keep-alive
    time counts); and when a client takes nothing of its answer for ``stall_seconds``. A head over
    ``HEAD_BYTES`` is answered with 431, framing that two programs may read differently with 400.
    Beyond ``connections`` open ones a new one is closed at once, so that files are left for
    answering the others; one address may have half of them (loopback all: a proxy stands there).
    """
    try:
        base = _on_httptools()
    except ImportError:
        base = _on_h11()
    own = {
        "header_seconds": header_seconds,
        "stall_seconds": stall_seconds,
        "most": connections,
        "peers": Counter[str](),
    }
    return type("MedragProtocol", (base,), own)


def ambiguous(headers: Iterable[tuple[bytes, bytes]], version: str) -> bool:
    """Whether a proxy and this server could disagree on where a request ends (smuggling).

    Names are lower case. Chunked is the only coding, at most once, and not in HTTP/1.0.
    """
    found = list(headers)
    lengths = [value for name, value in found if name == b"content-length"]
    codings = [value.strip().lower() for name, value in found if name == b"transfer-encoding"]
    if codings:
        return bool(lengths) or codings != [b"chunked"] or version != "1.1"
    return len(lengths) > 1 or any(not value.isdigit() for value in lengths)


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    framing = [(n, v) for n, v in headers if n in (b"content-length", b"transfer-encoding")]
    return any(name == b"transfer-encoding" or int(value) for name, value in framing)


class _Refused(Exception):
    """The head cannot be taken; the protocol knows the status."""


class _Patience:
    """The two clocks, over one of uvicorn's protocols."""

    header_seconds: float
    stall_seconds: float
    most: int
    peers: Counter[str]
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    cycle: Any
    connections: set[Any]
    refusal = 400

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._peer = ""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)  # type: ignore[misc]
        self._peer = (transport.get_extra_info("peername") or ("",))[0]
        self.peers[self._peer] += 1
        share = self.most if self._peer in _HERE else max(1, self.most // 2)
        if len(self.connections) > self.most or self.peers[self._peer] > share:
            transport.abort()
            return
        self._await_head()
        # Also for a client that vanished: what it never acknowledges ends the connection.
        plain = transport.get_extra_info("socket")
        if plain is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self.stall_seconds * 1000)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._moved()
        self.peers[self._peer] -= 1
        if not self.peers[self._peer]:
            del self.peers[self._peer]
        super().connection_lost(exc)  # type: ignore[misc]

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        if self._stall is None:
            self._stall = self.loop.call_later(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._moved()
        super().resume_writing()  # type: ignore[misc]

    def send_400_response(self, msg: str) -> None:
        """Refuse a head, in place of uvicorn's answer in plain text."""
        if not self._answering():
            reason, text = _TEXTS[self.refusal]
            body = json.dumps(
                {"error": text, "remedy": "Let the client speak plain HTTP/1.1."}
            ).encode()
            self.transport.write(
                f"HTTP/1.1 {self.refusal} {reason}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                + body
            )
        # Else another answer is on its way, and a second one would stand in the middle of it.
        self.transport.close()

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.header_seconds, self._too_slow)

    def _head_came(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _moved(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _too_slow(self) -> None:
        self._head = None
        if self._answering():  # the next request has begun before this one is answered
            self._await_head()
        else:
            self.transport.close()


def _on_httptools() -> type[asyncio.Protocol]:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class OnHttpTools(_Patience, HttpToolsProtocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._in_head = self._in_message = self._moved_on = False
            self._head_size = self._raw_size = 0

        def data_received(self, data: bytes) -> None:
            if not self._answering():
                self._await_head()
            begun, self._moved_on = self._in_message, False
            super().data_received(data)
            # A header is only told of once it is whole, and what stands between the parts of a
            # body or behind it not at all, so bytes are counted as well.
            if not begun or self._moved_on or not self._in_message:
                self._raw_size = 0
            elif not self.transport.is_closing():
                self._raw_size += len(data)
                if self._raw_size > HEAD_BYTES:
                    self.refusal = 431
                    self.send_400_response("")

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._await_head()
            self._in_head = self._in_message = True
            self._head_size = self._raw_size = 0

        def on_url(self, url: bytes) -> None:
            super().on_url(url)
            self._measure(len(url))

        def on_header(self, name: bytes, value: bytes) -> None:
            # What follows a body looks like headers and is none: a proxy lets it through without
            # a look, and nobody may sign on by it.
            if self._in_head:
                super().on_header(name, value)
            self._measure(len(name) + len(value) + 4)

        def on_body(self, body: bytes) -> None:
            self._moved_on = True
            super().on_body(body)

        def on_message_complete(self) -> None:
            self._in_message = False
            super().on_message_complete()

        def on_headers_complete(self) -> None:
            upgrade = self.parser.should_upgrade()
            if ambiguous(self.headers, self.parser.get_http_version()):
                raise _Refused
            if upgrade and _has_body(self.headers):
                raise _Refused  # the parser would take the body for the next request
            self._in_head, self._moved_on = False, True
            self._head_came()
            super().on_headers_complete()
            if upgrade:  # what stands behind it is skipped by the parser: no next request
                self.cycle.keep_alive = False

        def _measure(self, size: int) -> None:
            self._head_size += size
            if self._head_size > HEAD_BYTES:
                self.refusal = 431
                raise _Refused

    return OnHttpTools


def _on_h11() -> type[asyncio.Protocol]:
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    # h11 itself joins folded lines, and lengths that are the same, as the standard allows.
    class Strict(h11.Connection):
        too_large = False

        def next_event(self) -> Any:
            event = super().next_event()
            if event is h11.NEED_DATA and self.their_state is h11.IDLE:
                self._measure(len(self.trailing_data[0]))
            if isinstance(event, h11.Request):
                sizes = (len(name) + len(value) + 4 for name, value in event.headers)
                self._measure(len(event.target) + sum(sizes))
                if ambiguous(event.headers, event.http_version.decode("ascii")):
                    raise h11.RemoteProtocolError("ambiguous framing")
            return event

        def _measure(self, size: int) -> None:
            if size > HEAD_BYTES:
                self.too_large = True
                raise h11.RemoteProtocolError("a large head")

    class OnH11(_Patience, H11Protocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.conn = self._strict = Strict(h11.SERVER, 2 * HEAD_BYTES)

        def handle_events(self) -> None:
            super().handle_events()
            if self.conn.their_state is not h11.IDLE:
                self._head_came()
            elif self.conn.trailing_data[0]:
                self._await_head()

        def send_400_response(self, msg: str) -> None:
            self.refusal = 431 if self._strict.too_large else 400
            super().send_400_response(msg)

    return OnH11
