"""The open sessions of clients, and which of them has to go when there are too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from medrag.errors import Busy

_SESSION = b"mcp-session-id"
PER_CALLER, ALTOGETHER = 20, 1_000
"""Sessions that one caller, and all of them together, may have open."""


class Sessions:
    """Who has which sessions open. Nobody can shut out anybody else: a caller's own oldest
    session goes first, and where there are too many altogether, one of whoever has the most.

    A session that ended of itself is counted until its turn to go comes, which is before that of
    those in use.
    """

    def __init__(self, per_caller: int = PER_CALLER, altogether: int = ALTOGETHER) -> None:
        self._per_caller, self._altogether = per_caller, altogether
        self._owners: dict[str, str] = {}  # by the time of the last use, oldest first
        self._opening: Counter[str] = Counter()

    @contextmanager
    def opening(self, owner: str) -> Iterator[None]:
        """Somebody sends a request that may open a session.

        Raises:
            Busy: too many of theirs are being opened at this moment.
        """
        if self._opening[owner] >= self._per_caller:
            raise Busy("Too many sessions are being opened.", "Wait for the others first.")
        self._opening[owner] += 1
        try:
            yield
        finally:
            self._opening[owner] -= 1
            if not self._opening[owner]:
                del self._opening[owner]

    def opened(self, owner: str, session: str) -> list[tuple[str, str]]:
        """A session is open; the sessions that have to go for it, with their owners."""
        self._owners[session] = owner
        held = Counter(self._owners.values())
        ended: list[tuple[str, str]] = []
        while held[owner] > self._per_caller or held.total() > self._altogether:
            most = owner if held[owner] > self._per_caller else held.most_common(1)[0][0]
            oldest = next(each for each, whose in self._owners.items() if whose == most)
            self.closed(most, oldest)
            held[most] -= 1
            ended.append((most, oldest))
        return ended

    def used(self, owner: str, session: str) -> None:
        """A request came in this session; nothing happens where it is somebody else's."""
        if self._owners.get(session) == owner:
            self._owners[session] = self._owners.pop(session)

    def closed(self, owner: str, session: str) -> None:
        """A session was ended."""
        if self._owners.get(session) == owner:
            del self._owners[session]


class SessionDoor:
    """Hands requests to the package's manager, and ends the sessions that have to go."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager
        self._sessions = Sessions()

    async def handle(self, owner: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A request of ``owner``, who is the only one that can use the sessions it opens."""
        scope = {**scope, "user": _user(owner)}
        session = dict(scope["headers"]).get(_SESSION)
        if session is None:
            await self._perhaps_opening(owner, scope, receive, send)
            return
        self._sessions.used(owner, session.decode("latin-1"))
        await self._manager.handle_request(scope, receive, send)
        if scope["method"] == "DELETE":
            self._sessions.closed(owner, session.decode("latin-1"))

    async def _perhaps_opening(
        self, owner: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                session = dict(message.get("headers", ())).get(_SESSION)
                if session is not None:  # counted before its client can use it
                    await self._opened(owner, session.decode("latin-1"), scope)
            await send(message)

        try:
            with self._sessions.opening(owner):
                await self._manager.handle_request(scope, receive, told)
        except Busy as error:
            body = {"error": error.message, "remedy": error.remedy}
            await JSONResponse(body, 429, {"Retry-After": "1"})(scope, receive, send)

    async def _opened(self, owner: str, session: str, scope: Scope) -> None:
        with anyio.CancelScope(shield=True):
            for whose, oldest in self._sessions.opened(owner, session):
                await self._end(scope, whose, oldest)

    async def _end(self, scope: Scope, owner: str, session: str) -> None:
        """End a session, as its own client would."""
        headers = [(_SESSION, session.encode("latin-1"))]
        request = {**scope, "method": "DELETE", "headers": headers, "user": _user(owner)}

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def unheard(message: Message) -> None:
            return None

        await self._manager.handle_request(request, nothing, unheard)


def _user(owner: str) -> AuthenticatedUser:
    # The package compares this with who opened a session.
    return AuthenticatedUser(AccessToken(token="", client_id=owner, scopes=[]))
