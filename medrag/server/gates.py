"""What every request passes before a door and every answer after it: host, size, time, headers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from medrag.server.identity import host_allowed
from medrag.server.settings import ServeSettings

_UPLOADS = "/v1/documents"
# A body that comes at fewer bytes a second than this is given up after the longest pause.
_SLOWEST = 1000.0
# What is still taken of a body that was refused, so that the client gets to read why.
_DRAIN_BYTES, _DRAIN_SECONDS = 4_000_000, 1.0
_OPEN_TO_ANY_HOST = frozenset({"/healthz", "/readyz"})
_NEVER_STORED = ("/v1", "/mcp", "/cds-services")
_EMBEDDABLE = ("/widget.js", "/static")
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect")),
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_EVERY_ANSWER = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=()",
}


def error_response(
    status: int, message: str, remedy: str, headers: Iterable[tuple[str, str]] = ()
) -> tuple[Message, Message]:
    """An error as this server tells it, as the two messages of an answer."""
    body = json.dumps({"error": message, "remedy": remedy}).encode()
    own = {"content-type": "application/json", "content-length": str(len(body)), **dict(headers)}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in own.items()]
    start: Message = {"type": "http.response.start", "status": status, "headers": raw}
    return start, {"type": "http.response.body", "body": body, "more_body": False}


class HostCheck:
    """Refuses requests by a host name that is not this server's (DNS rebinding): 421, and 400
    where there is not exactly one Host header. Health checks may use any name."""

    def __init__(self, app: ASGIApp, *, serve: ServeSettings) -> None:
        self.app = app
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] != "http" or scope["path"] in _OPEN_TO_ANY_HOST:
            await self.app(scope, receive, send)
            return
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) == 1 and host_allowed(hosts[0], self._serve):
            await self.app(scope, receive, send)
            return
        status, message = 400, "The request does not name one host."
        if len(hosts) == 1:
            status, message = 421, "This server is not known by that name."
        for part in error_response(status, message, "Use one of the names in [serve] names."):
            await send(part)


class SecurityHeaders:
    """Adds the headers that keep browsers from doing more with an answer than is meant.

    ``tls``: the server itself speaks HTTPS, and browsers shall not come another way.
    """

    def __init__(self, app: ASGIApp, *, tls: bool = False) -> None:
        self.app = app
        self._tls = tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope["path"])
            await send(message)

        await self.app(scope, receive, with_headers)

    def _add(self, headers: MutableHeaders, path: str) -> None:
        headers.update(_EVERY_ANSWER)
        embeddable = any(_under(path, folder) for folder in _EMBEDDABLE)
        headers["cross-origin-resource-policy"] = "cross-origin" if embeddable else "same-origin"
        if any(_under(path, folder) for folder in _NEVER_STORED):
            headers["cache-control"] = "no-store"
        if headers.get("content-type", "").startswith("text/html"):
            headers.setdefault("content-security-policy", CONTENT_POLICY)
        if self._tls:
            headers["strict-transport-security"] = "max-age=31536000"


class BodyLimit:
    """Bounds a request's body: ``upload_bytes`` for uploads, ``body_bytes`` for all else, at most
    ``body_seconds`` between two parts of it, and that long beside one second for every 1,000 bytes
    in all, so that it cannot be dripped. Too large is 413, too slow 408; then it is hung up."""

    def __init__(
        self, app: ASGIApp, *, body_bytes: int, upload_bytes: int, body_seconds: float
    ) -> None:
        self.app = app
        self._body_bytes = body_bytes
        self._upload_bytes = upload_bytes
        self._seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that is counted, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        upload = scope["method"] == "POST" and scope["path"] == _UPLOADS
        most = self._upload_bytes if upload else self._body_bytes
        body = _Body(scope, receive, send, most, self._seconds)
        if await body.refused_by_length():
            return
        try:
            await self.app(scope, body.receive, body.send)
        except ClientDisconnect:
            # That is how the refusal of the body looks to a door.
            if not body.refused:
                raise


class _Body:
    """The body of one request."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, most: int, seconds: float
    ) -> None:
        self._headers = Headers(scope=scope)
        self._receive = receive
        self._send = send
        self._most = most
        self._seconds = seconds
        self._taken = 0
        self._waited = 0.0
        self._ended = self._answered = False
        self.refused = False

    async def refused_by_length(self) -> bool:
        """Answer at once where Content-Length alone is too large."""
        length = self._headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            await self._refuse(400, "Content-Length is no number.", "Send the body's length.")
        elif len(length) > 18 or int(length) > self._most:
            await self._refuse_size()
        return self.refused

    async def receive(self) -> Message:
        """The next message; a disconnect once the body was refused."""
        if self.refused:
            return {"type": "http.disconnect"}
        if self._ended:
            return await self._receive()
        # Only the time in which the client is waited for counts.
        began = time.monotonic()
        allowed = self._seconds + min(0.0, self._taken / _SLOWEST - self._waited)
        try:
            async with asyncio.timeout(max(allowed, 0.0)):
                message = await self._receive()
        except TimeoutError:
            await self._refuse(
                408, "The body of the request came too slowly.", "Send it again, in one go."
            )
            return {"type": "http.disconnect"}
        self._waited += time.monotonic() - began
        if message["type"] != "http.request":
            self._ended = True
            return message
        self._taken += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._taken > self._most:
            await self._refuse_size()
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """What a door answers; nothing more after a refusal."""
        if not self.refused:
            self._answered = True
            await self._send(message)

    async def _refuse_size(self) -> None:
        await self._refuse(
            413, f"The request is larger than {self._most:,} bytes.", "Send less at once.", True
        )

    async def _refuse(self, status: int, message: str, remedy: str, drain: bool = False) -> None:
        self.refused = True
        if self._answered:
            return
        start, body = error_response(status, message, remedy, [("connection", "close")])
        await self._send(start)
        await self._send({**body, "more_body": True})
        if drain and not self._ended and "expect" not in self._headers:
            await self._drain()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self) -> None:
        """Take some more of the body: hanging up on a client that still sends would reset the
        connection, and it would never read the answer."""
        taken = 0
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while taken < _DRAIN_BYTES:
                    message = await self._receive()
                    taken += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return


def _under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
