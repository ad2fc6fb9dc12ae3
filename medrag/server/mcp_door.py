"""The MCP door: search, ask, verify and collections as tools, over HTTP and over stdio.

Over HTTP every request is authorised for itself: a tool is called as the caller of the very request
that carries the call, also inside a session, and a session answers only to whoever opened it.
Nothing is ever sent to a client unasked, so there is no stream to be held open between calls.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, TypeVar

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from medrag import __version__
from medrag.errors import MedragError, ModelError, Unauthorized, UsageError
from medrag.events import Done, Event
from medrag.forms import answer_form, passage_form, verdict_form
from medrag.server.access import Caller
from medrag.server.mcp_sessions import SessionDoor
from medrag.server.mcp_text import (
    answer_text,
    collections_text,
    passages_text,
    step_text,
    verdicts_text,
)
from medrag.server.mcp_tools import (
    INSTRUCTIONS,
    TOOLS,
    AskArguments,
    Json,
    NoArguments,
    SearchArguments,
    VerifyArguments,
    plain,
    taken,
)
from medrag.server.service import Service
from medrag.types import Answer

T = TypeVar("T")
Context = ServerRequestContext[Any, Any]
Whose = Callable[[Context], Caller]
Result = tuple[Json, str]
Tool = Callable[[Caller, Context, Any], Coroutine[Any, Any, Result]]

DOOR = "mcp"
_LINE = "medrag.line"
# Sessions are those of clients from before 2026-07-28; newer ones keep none.
_IDLE_SECONDS = 600.0
# A client that does not read must not keep an answer from being finished.
_PROGRESS_SECONDS = 2.0


def mcp_app(service: Service) -> McpApp:
    """The ASGI application for ``/mcp``. Its ``running()`` must be entered by the parent
    application's lifespan, and the parent must put the caller on ``scope["state"]["caller"]``."""
    return McpApp(service)


class McpApp:
    """Streamable HTTP at whatever path it is mounted on; it can be run once."""

    def __init__(self, service: Service) -> None:
        # No security settings: Host and Origin are checked before a request comes here.
        self._manager = StreamableHTTPSessionManager(
            mcp_server(service, _caller_of_request),
            max_sessions=None,  # counted here, for each caller
            session_idle_timeout=_IDLE_SECONDS,
            max_request_body_size=service.serve.body_bytes,
        )
        self._sessions = SessionDoor(self._manager)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Serves requests while it is open; on leaving, all calls are cancelled."""
        return self._manager.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        caller = scope.get("state", {}).get("caller")
        if not isinstance(caller, Caller):
            error = Unauthorized("Nobody can tell who is asking.", "Send your key.")
            body = {"error": error.message, "remedy": error.remedy}
            headers = {"WWW-Authenticate": "Bearer"}
            await JSONResponse(body, 401, headers)(scope, receive, send)
            return
        if scope["method"] not in ("POST", "DELETE"):
            await Response(status_code=405, headers={"Allow": "POST, DELETE"})(scope, receive, send)
            return
        line = anyio.CancelScope()

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                line.cancel()
            return message

        owner = f"{caller.kind} {caller.id}"
        await self._sessions.handle(owner, {**scope, _LINE: line}, heard, send)


def mcp_server(service: Service, whose: Whose) -> Server[Any]:
    """The protocol's server, without a transport; ``whose`` says who a call comes from."""
    calls = _Calls(service)

    async def listed(context: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=TOOLS)

    async def called(context: Context, params: CallToolRequestParams) -> CallToolResult:
        try:
            caller = whose(context)
            form, text = await calls.call(caller, context, params.name, params.arguments)
        except MedragError as error:
            return _failed(error)
        except Exception as error:
            if os.environ.get("MEDRAG_DEBUG"):
                raise
            # The message may hold text of a document, so only its kind is told.
            kind = type(error).__name__
            return _failed(
                MedragError(f"An error in medrag itself ({kind}).", "Ask again, and report it.")
            )
        return CallToolResult(
            content=[TextContent(text=text)], structured_content=plain(form), is_error=False
        )

    return Server(
        "medrag",
        title="medrag",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=listed,
        on_call_tool=called,
    )


class _Calls:
    """Carries out the calls of tools."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tools: dict[str, tuple[type[BaseModel], Tool]] = {
            "ask": (AskArguments, self._ask),
            "search": (SearchArguments, self._search),
            "verify": (VerifyArguments, self._verify),
            "collections": (NoArguments, self._collections),
        }

    async def call(
        self, caller: Caller, context: Context, name: str, arguments: Json | None
    ) -> Result:
        """The structured result of a tool, and its text.

        Raises:
            MedragError: there is no such tool, an argument is wrong, or the service says so.
        """
        if name not in self._tools:
            raise UsageError("There is no tool of that name.", f"Known: {', '.join(self._tools)}.")
        takes, tool = self._tools[name]
        return await _while_there(context, tool(caller, context, taken(takes, arguments)))

    async def _ask(self, caller: Caller, context: Context, wanted: AskArguments) -> Result:
        await self._check(caller, wanted.collections)
        events = self._service.ask(
            caller,
            wanted.question,
            collections=wanted.collections,
            generator=wanted.generator,
            door=DOOR,
        )
        answer = await _followed(context, events)
        return answer_form(answer), answer_text(answer)

    async def _search(self, caller: Caller, context: Context, wanted: SearchArguments) -> Result:
        started = time.perf_counter()
        await self._check(caller, wanted.collections)
        passages = await self._service.search(
            caller, wanted.query, wanted.k, collections=wanted.collections, door=DOOR
        )
        forms = [passage_form(rank, passage) for rank, passage in enumerate(passages, start=1)]
        seconds = round(time.perf_counter() - started, 4)
        form = {"query": wanted.query, "passages": forms, "seconds": seconds}
        return form, passages_text(passages)

    async def _verify(self, caller: Caller, context: Context, wanted: VerifyArguments) -> Result:
        pairs = [(pair.claim, pair.evidence) for pair in wanted.pairs]
        names = [i if pair.id is None else pair.id for i, pair in enumerate(wanted.pairs)]
        verdicts = await self._service.verify(caller, pairs, door=DOOR)
        named = list(zip(names, verdicts, strict=True))
        form = {"verdicts": [verdict_form(name, verdict) for name, verdict in named]}
        return form, verdicts_text(named)

    async def _collections(self, caller: Caller, context: Context, wanted: NoArguments) -> Result:
        found = await self._service.collections(caller)
        forms = [
            {"name": name, "documents": documents, "passages": passages}
            for name, documents, passages in found
        ]
        return {"collections": forms}, collections_text(found)

    async def _check(self, caller: Caller, collections: Sequence[str] | None) -> None:
        """An agent that misspells a name is told so, instead of that nothing was found."""
        if collections is None:
            return
        known = [name for name, _, _ in await self._service.collections(caller)]
        for name in collections:
            if name not in known:
                raise UsageError(
                    f"There is no collection '{name}' that you may see.",
                    f"Known: {', '.join(known)}.",
                )


async def _followed(context: Context, events: AsyncGenerator[Event]) -> Answer:
    """The answer that events end with; the client is told of the steps, if it asked to be. The
    events are closed whatever happens, which ends the work on the question."""
    step = 0
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Done):
                return event.answer
            step += 1
            with anyio.move_on_after(_PROGRESS_SECONDS):
                await context.session.report_progress(step, message=step_text(event))
    raise ModelError("The answer was broken off.", "Ask again.")


async def _while_there(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` gives; it is cancelled when the client of the HTTP request leaves. (Clients of
    an older protocol say so only by leaving, and nobody could be given the result later.)"""
    line: anyio.CancelScope | None = context.request.scope.get(_LINE) if context.request else None
    if line is None:
        return await work
    with line:
        return await work
    raise ModelError("The client left before the answer was there.", "Ask again.")


def _caller_of_request(context: Context) -> Caller:
    caller = context.request.scope.get("state", {}).get("caller") if context.request else None
    if not isinstance(caller, Caller):
        raise Unauthorized("Nobody can tell who is asking.", "Send your key.")
    return caller


def _failed(error: MedragError) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=str(error))], is_error=True)
