"""The application: gates in front, doors behind them, one service behind the doors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from medrag import __version__
from medrag.engine import Engine
from medrag.errors import ConfigError, Forbidden, LibraryError, MedragError
from medrag.library import Library
from medrag.server import cds_hooks, http_ask, http_documents, http_open, openai_api, openai_forms
from medrag.server.audit import open_audit
from medrag.server.doors import error_json, identified, status_of
from medrag.server.gates import BodyLimit, HostCheck, SecurityHeaders
from medrag.server.intake import Intake
from medrag.server.keys import KeyStore
from medrag.server.ledger import Ledger
from medrag.server.limits import Limits
from medrag.server.mcp_door import McpApp, mcp_app
from medrag.server.metrics import Metrics
from medrag.server.pool import EnginePool
from medrag.server.service import Service
from medrag.server.settings import ServeSettings

_log = logging.getLogger("medrag.server")
_METHODS = ("GET", "POST", "DELETE")
_DESCRIPTION = (
    "Questions to a hospital's own documents. Every sentence of an answer cites its source and was"
    " checked against it. Not a medical device."
)


def make_app(engine: Engine, serve: ServeSettings) -> FastAPI:
    """The server's application on an engine, which it closes when it ends.

    Everything that can be wrong is found here: the library is made where there is none, the audit
    is opened, the models are loaded.

    Raises:
        ConfigError: others than this machine could reach it and no key has been made.
        LibraryError, ModelError: the library, the audit or a model cannot be used.
    """
    keys = KeyStore(engine.folder)
    _check_exposure(keys, serve)
    _make_library(engine)
    opened = open_audit(serve, engine.folder) if serve.audit else (None, None)
    ledger = Ledger(engine, *opened)
    service = Service(EnginePool(engine), serve, ledger, Metrics(), Limits(serve))
    service.prepare()
    intake = Intake(engine.folder, engine.settings, serve)
    intake.on_uploaded = service.uploaded
    intake.on_removing = service.removing
    intake.on_removed = service.removed
    tools = mcp_app(service)
    app = FastAPI(
        title="medrag",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(service, intake, tools),
    )
    app.state.service, app.state.keys, app.state.intake = service, keys, intake
    for door in (http_ask, http_documents, openai_api, cds_hooks, http_open):
        app.include_router(door.router())
    # Not mounted: that would answer /mcp with a redirect to /mcp/.
    app.router.routes.append(Route("/mcp", endpoint=tools))
    _tell_errors(app)
    _put_gates(app, serve)
    return app


def _check_exposure(keys: KeyStore, serve: ServeSettings) -> None:
    keys.any_made()  # from here on, a file of keys that is gone opens no door
    if serve.is_private:
        return
    if serve.proxy_addresses and not serve.proxy_collections:
        raise ConfigError(
            "[proxy] addresses is set, and collections is empty: nobody could see anything.",
            'Name collections, or "*" for all.',
        )
    if not keys.any_active() and not serve.proxy_addresses:
        raise ConfigError(
            "Others than this machine are to reach the server, and there is no key.",
            "Make one first: medrag keys add NAME --role reader --collections default",
        )


def _make_library(engine: Engine) -> None:
    """A new server begins with an empty library, so that documents can be uploaded into it."""
    try:
        Library.open(engine.folder).close()
    except LibraryError:
        Library.open(engine.folder, write=True).close()


def _lifespan(service: Service, intake: Intake, tools: McpApp):  # type: ignore[no-untyped-def]
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        await service.ledger.started(service.settings.fingerprint())
        await intake.recover()
        async with tools.running():
            app.state.ready = True
            try:
                yield
            finally:
                app.state.ready = False
                await intake.close(service.patience)
        await service.close()

    return lifespan


def _tell_errors(app: FastAPI) -> None:
    @app.exception_handler(MedragError)
    async def known(request: Request, error: MedragError) -> Response:
        if status_of(error) >= 500:
            _log.error("%s", type(error).__name__)
        if isinstance(error, Forbidden):
            app.state.service.refused(request.state.caller, request.method, request.url.path)
        return error_json(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        # Which field and what is wrong with it; never what stood there.
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        told = f"{where}: {first['msg']}" if first["type"] != "json_invalid" else "This is no JSON"
        body = {"error": f"{told}.", "remedy": "See /docs for what it takes."}
        return JSONResponse(body, 422)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        body = {"error": f"{error.detail}.", "remedy": "See /docs for what there is."}
        headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
        return JSONResponse(body, error.status_code, headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it


def _allowed(request: Request) -> str:
    """What can be done with a path: by all its routes, where each one knows of itself only."""

    def taken(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(method for method in _METHODS if taken(method))


def _put_gates(app: FastAPI, serve: ServeSettings) -> None:
    """The first that is added is the innermost."""
    app.add_middleware(
        BodyLimit,
        body_bytes=serve.body_bytes,
        upload_bytes=serve.upload_bytes,
        body_seconds=serve.body_seconds,
    )
    app.add_middleware(_Identified, state=app.state)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=serve.cors_origins,
        allow_methods=_METHODS,
        allow_headers=["Authorization", "Content-Type", *_MCP_HEADERS],
        expose_headers=["Retry-After", "Mcp-Session-Id"],
        allow_credentials=False,
    )
    app.add_middleware(HostCheck, serve=serve)
    app.add_middleware(SecurityHeaders, tls=bool(serve.tls_certificate))
    app.add_middleware(_Last, state=app.state)


class _Identified:
    """Nobody's body is read before it is known who sends it; the caller is put on the scope."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_GUARDED):
            try:
                caller = identified(self._state, scope)
            except MedragError as error:
                own = scope["path"].startswith(openai_api.PATHS)
                response = openai_forms.error_json(error) if own else error_json(error)
                await response(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)


class _Last:
    """Outermost: counts every request, and turns what nobody expected into a plain 500."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state
        self._requests = state.service.metrics.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        status = 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            # Its message may hold text of a document: only its kind is told, here and in the log.
            _log.error("An error in medrag itself: %s", type(error).__name__)
            if not status:
                await error_json(_unexpected(error))(scope, receive, counted)
            if not isinstance(error, Exception):
                raise
        finally:
            self._requests.labels(_door(scope["path"]), str(status)).inc()

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin or end the server. Starlette would send the whole traceback to the log."""

        async def in_short(message: Message) -> None:
            await send({"type": message["type"]})

        try:
            await self._app(scope, receive, in_short)
        except Exception as error:
            self._state.failed = error if isinstance(error, MedragError) else _unexpected(error)
            raise


def _unexpected(error: BaseException) -> MedragError:
    return MedragError(f"An error in medrag itself ({type(error).__name__}).", "Report it.")


def _door(path: str) -> str:
    first = path.removeprefix("/v1/").removeprefix("/").partition("/")[0]
    return first if first in _DOORS else "other"


_MCP_HEADERS = ("Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name")
# Everything else is open: the page, its files, /healthz and /readyz.
_GUARDED = ("/v1/", "/mcp", "/cds-services", "/metrics")
_DOORS = frozenset(
    "ask search verify documents uploads collections me chat models mcp cds-services metrics"
    " healthz readyz static".split()
)
