"""What every door shares: who is asking, how errors are told, the models of the requests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.datastructures import Headers, State
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from medrag.errors import (
    Busy,
    Forbidden,
    LibraryError,
    MedragError,
    ModelError,
    NotFound,
    TooLarge,
    Unauthorized,
    UsageError,
)
from medrag.server.access import Caller
from medrag.server.identity import guard_ambient, identify
from medrag.server.service import Service

T = TypeVar("T")
LAST_WORDS = 2.0
"""Seconds, after those of a stop, in which a stream can say why it ends."""
# The first class that fits says the status.
_STATUS: tuple[tuple[type[MedragError], int], ...] = (
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (TooLarge, 413),
    (Busy, 429),
    (UsageError, 422),
    (LibraryError, 503),
    (ModelError, 503),
)


class ErrorForm(BaseModel):
    """What went wrong, and what to do about it."""

    error: str
    remedy: str


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorForm, "description": description}
    for status, description in {
        400: "The request cannot be read.",
        401: "No key, or one that is not known.",
        403: "The caller may not do this.",
        404: "Not there, or not visible to the caller.",
        408: "The body came too slowly.",
        413: "Too large.",
        421: "This server is not known by the name in the Host header.",
        422: "A value is missing or wrong.",
        429: "Too much at once; Retry-After says when to try again.",
        431: "The headers are too large.",
        500: "An error in medrag itself.",
        503: "The library or the model cannot be used now.",
    }.items()
}


def status_of(error: MedragError) -> int:
    """The HTTP status that tells of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def headers_of(error: MedragError) -> dict[str, str]:
    """The headers that go with it."""
    if isinstance(error, Busy):
        return {"Retry-After": str(max(1, round(error.retry_after)))}
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def error_json(error: MedragError) -> JSONResponse:
    """An error as this server tells it."""
    body = {"error": error.message, "remedy": error.remedy}
    return JSONResponse(body, status_of(error), headers_of(error))


def identified(state: State, scope: Scope) -> Caller:
    """Who sent a request, after every check that goes before its work.

    Raises:
        Unauthorized, Forbidden, Busy: it is not to be answered.
    """
    service: Service = state.service
    headers = Headers(scope=scope)
    client = scope.get("client")
    peer = client[0] if client else ""
    try:
        caller = identify(peer, headers, keys=state.keys, serve=service.serve)
        guard_ambient(scope["method"], headers, service.serve, caller, scope["scheme"])
        service.limits.check(caller.id, "request")
    except (Unauthorized, Forbidden, Busy) as error:
        if isinstance(error, Unauthorized) and "authorization" in headers:
            service.limits.failed_login(peer)
        service.metrics.refused.labels(type(error).__name__.lower()).inc()
        if not isinstance(error, Busy) and service.limits.on_record(peer):
            service.ledger.refused(peer, scope["method"], scope["path"], status_of(error))
        raise
    except LibraryError as error:  # no key can be checked; where they lie is nobody's business
        message = error.message.replace(str(service.folder), "the library")
        raise LibraryError(message, error.remedy) from error
    return caller


# Says in the OpenAPI document how a key is sent; it was looked at before.
_KEY = HTTPBearer(
    scheme_name="key", auto_error=False, description="A key made by: medrag keys add NAME"
)


async def who(request: Request, _sent: Annotated[object, Depends(_KEY)] = None) -> Caller:
    """The caller of a request; who that is was found out before its body was read."""
    caller: Caller = request.state.caller
    return caller


async def service_of(request: Request) -> Service:
    """The service behind all doors. (A function that is not async would be run in a thread.)"""
    service: Service = request.app.state.service
    return service


async def while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which is cancelled when the client leaves."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientDisconnect
    finally:
        for one in (task, gone):
            one.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


Known = Annotated[Caller, Depends(who)]
TheService = Annotated[Service, Depends(service_of)]
