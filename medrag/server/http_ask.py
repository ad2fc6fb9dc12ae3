"""The doors to questions: /v1/ask, /v1/search, /v1/verify, /v1/collections, /v1/me."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from sse_starlette import EventSourceResponse, ServerSentEvent

from medrag import __version__
from medrag.errors import MedragError
from medrag.events import Event
from medrag.forms import event_form, passage_form, verdict_form
from medrag.server import schemas
from medrag.server.doors import ERRORS, LAST_WORDS, Known, TheService, while_there

_PING_SECONDS = 10
_SEND_SECONDS = 30.0


def _plain_number(given: object) -> object:
    """JSON knows one kind of number: 8.0 is a whole one."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


_WHOLE = BeforeValidator(_plain_number)
Line = Annotated[str, StringConstraints(max_length=4000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Names = Annotated[list[Name], Field(max_length=100)]
Text = Annotated[str, StringConstraints(max_length=20_000)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Turn(_In):
    """An earlier question of the conversation, and its answer (empty where it abstained)."""

    question: Line
    answer: Text = ""


class AskIn(_In):
    """A question. ``generator`` null is the server's own; "extractive" is verbatim only."""

    question: Annotated[
        str,
        StringConstraints(min_length=1, max_length=4000),
        WithJsonSchema({"type": "string", "maxLength": 4000, "pattern": r"\S"}),
    ]
    collections: Names | None = None
    generator: Name | None = None
    history: Annotated[list[Turn], Field(max_length=20)] = []
    stream: bool = False


class SearchIn(_In):
    """A query for passages."""

    query: Line
    k: Annotated[int, Field(ge=1, le=100), _WHOLE] = 8
    collections: Names | None = None


class Pair(_In):
    """A claim and the text that should bear it out."""

    id: str | Annotated[int, _WHOLE] | None = None
    claim: Text
    evidence: Text


class VerifyIn(_In):
    """Claims to check."""

    pairs: Annotated[list[Pair], Field(max_length=256)]


def router() -> APIRouter:
    """These routes."""
    routes = APIRouter(prefix="/v1", tags=["questions"], responses=ERRORS)

    @routes.get("/me", response_model=schemas.Me)
    async def me(caller: Known, service: TheService) -> Any:
        """Who the server takes you for, and what it offers."""
        collections = None if caller.collections is None else sorted(caller.collections)
        return {
            "name": caller.name,
            "role": caller.role,
            "collections": collections,
            "kind": caller.kind,
            "version": __version__,
            "generator": service.generator,
            "upload_bytes": service.serve.upload_bytes,
        }

    @routes.get("/collections", response_model=schemas.Collections)
    async def collections(caller: Known, service: TheService) -> Any:
        """The collections that you may look into."""
        found = await service.collections(caller)
        keys = ("name", "documents", "passages")
        return {"collections": [dict(zip(keys, row, strict=True)) for row in found]}

    @routes.post("/search", response_model=schemas.SearchOut)
    async def search(given: SearchIn, caller: Known, service: TheService) -> Response:
        """The passages nearest to a query."""
        started = time.perf_counter()
        found = await service.search(caller, given.query, given.k, collections=given.collections)
        passages = [passage_form(rank, passage) for rank, passage in enumerate(found, start=1)]
        seconds = round(time.perf_counter() - started, 3)
        return JSONResponse({"query": given.query, "passages": passages, "seconds": seconds})

    @routes.post("/verify", response_model=schemas.VerifyOut)
    async def verify(given: VerifyIn, request: Request, caller: Known, service: TheService) -> Any:
        """What evidence says of claims."""
        pairs = [(pair.claim, pair.evidence) for pair in given.pairs]
        verdicts = await while_there(request, service.verify(caller, pairs)) if pairs else []
        forms = [
            verdict_form(pair.id, verdict)
            for pair, verdict in zip(given.pairs, verdicts, strict=True)
        ]
        return JSONResponse({"verdicts": forms})

    @routes.post("/ask", response_model=schemas.AnswerOut, responses=_STREAM)
    async def ask(given: AskIn, request: Request, caller: Known, service: TheService) -> Response:
        """An answer whose every sentence cites its source and was checked against it."""
        events = service.ask(
            caller,
            given.question,
            collections=given.collections,
            generator=given.generator,
            history=[(turn.question, turn.answer) for turn in given.history],
        )
        if not given.stream:
            return JSONResponse(await while_there(request, _last(events)))
        # Whatever is refused is refused with its status, so the stream begins with an event.
        first = await while_there(request, anext(events))
        return EventSourceResponse(
            sse(first, events),
            ping=_PING_SECONDS,
            send_timeout=_SEND_SECONDS,
            shutdown_grace_period=service.serve.stop_seconds + LAST_WORDS,
            sep="\n",
        )

    return routes


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/event-stream": {
                "schema": {
                    "type": "object",
                    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
                    "required": ["data"],
                }
            }
        }
    }
}


async def _last(events: AsyncGenerator[Event]) -> dict[str, Any]:
    form: dict[str, Any] = {}
    async with aclosing(events):
        async for event in events:
            form = event_form(event)
    return dict(form["answer"])


async def sse(first: Event, events: AsyncGenerator[Event]) -> AsyncIterator[ServerSentEvent]:
    """Events as server-sent ones. Data is JSON on one line: no text of a document can end it."""
    async with aclosing(events):
        yield _sent(event_form(first))
        try:
            async for event in events:
                yield _sent(event_form(event))
        except MedragError as error:
            yield _sent({"event": "error", "error": error.message, "remedy": error.remedy})


def _sent(form: dict[str, Any]) -> ServerSentEvent:
    # ASCII: a line separator (U+2028) inside a document cannot be taken for the end of a line.
    return ServerSentEvent(json.dumps(form, allow_nan=False), event=form["event"])
