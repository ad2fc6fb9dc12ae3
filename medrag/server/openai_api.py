"""The OpenAI-compatible door: /v1/chat/completions and /v1/models.

Any chat front end or client works by changing its base URL. What it shows was checked first: a
language model's sentence is sent when its verdict is known and it stands, and nothing is sent
that the whole answer does not hold. Progress goes as comments, which clients skip.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException

from medrag.errors import Forbidden, MedragError, ModelError, NotFound, UsageError, one_line
from medrag.events import Checked, Done, Event, Queued, Rephrased, Working
from medrag.server import openai_forms as forms
from medrag.server.access import Caller
from medrag.server.doors import ERRORS, LAST_WORDS, ErrorForm, Known, TheService, while_there
from medrag.server.links import base_url
from medrag.server.openai_schemas import (
    ChatCompletion,
    ChatRequest,
    FaultForm,
    Model,
    ModelList,
    UserMessage,
)
from medrag.server.service import Service
from medrag.types import Answer

ALL = "medrag"
"""The model that answers from everything the caller may see."""
PATHS = ("/v1/chat/", "/v1/models")
"""Where this door stands: what is refused before it is reached is told in its form, too."""
_DOOR = "openai"
_PING_SECONDS = 10
_SEND_SECONDS = 30.0
_SINCE = int(time.time())
_NAMED = 50  # of what was ignored, at most so many are named
# Told before it is known which door is meant, or where the server itself is at fault.
_BEFORE_ANY_DOOR = (400, 408, 413, 421, 431, 500)
_FAULTS: dict[int | str, dict[str, Any]] = {
    status: told | {"model": FaultForm | ErrorForm if status in _BEFORE_ANY_DOOR else FaultForm}
    for status, told in ERRORS.items()
}
_EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": _EVENT}}}
}


class _AnyName(PathConvertor):
    """A name in a path, whatever it holds: "path" alone would not take a line break."""

    regex = r"[\s\S]*"


register_url_convertor("any_name", _AnyName())


class _Route(APIRoute):
    """A route whose errors, those of signing on and of reading the body too, are OpenAI's."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handler(request)
            except Forbidden as error:
                service: Service = request.app.state.service
                service.refused(request.state.caller, request.method, request.url.path)
                return forms.error_json(error)
            except MedragError as error:
                return forms.error_json(error)
            except RequestValidationError as error:
                return forms.error_json(unreadable(error))
            except HTTPException as error:
                if error.status_code >= 500 or error.status_code == 413:
                    raise
                return forms.error_json(UsageError("The body cannot be read.", "Send JSON."))

        return told


@dataclass(frozen=True, slots=True)
class _Head:
    """What is the same in every chunk of a completion."""

    model: str
    base: str
    question: str
    ignored: list[str]
    include_usage: bool
    id: str
    created: int

    def form(self, kind: str, choices: list[forms.Json], **more: Any) -> forms.Json:
        """A completion or a chunk of one."""
        return {
            "id": self.id, "object": kind, "created": self.created, "model": self.model,
            "choices": choices, **more,
        }  # fmt: skip


def router() -> APIRouter:
    """These routes."""
    routes = APIRouter(prefix="/v1", tags=["OpenAI"], route_class=_Route, responses=_FAULTS)

    @routes.get("/models", response_model=ModelList)
    async def models(caller: Known, service: TheService) -> Any:
        """What can be asked: everything you may see, or one collection of it."""
        return {"object": "list", "data": [_model(name) for name in await _names(service, caller)]}

    @routes.get("/models/{model:any_name}", response_model=Model)
    async def model(model: str, caller: Known, service: TheService) -> Any:
        """One of them."""
        await _collections(service, caller, model)
        return _model(model)

    @routes.post("/chat/completions", response_model=ChatCompletion, responses=_STREAM)
    async def chat(given: ChatRequest, request: Request, caller: Known, service: TheService) -> Any:
        """An answer whose every sentence cites its source and was checked against it."""
        messages = [(message.role, forms.clean(message.text)) for message in given.messages]
        question, history = forms.conversation(messages)
        head = _head(given, question, base_url(request, service.serve))
        events = service.ask(
            caller,
            question,
            collections=await _collections(service, caller, given.model),
            history=history,
            door=_DOOR,
        )
        if not given.stream:
            return completion(head, await while_there(request, _last(events)))
        # Whatever is refused is refused with its status, so the stream begins with an event.
        first = await while_there(request, anext(events))
        return EventSourceResponse(
            chunks(head, first, events),
            ping=_PING_SECONDS,
            send_timeout=_SEND_SECONDS,
            shutdown_grace_period=service.serve.stop_seconds + LAST_WORDS,
            sep="\n",
        )

    return routes


def unreadable(error: RequestValidationError) -> UsageError:
    """In one line what a request lacks. What was sent is not repeated: it may be anything."""
    found = error.errors()
    if found[0]["type"] == "json_invalid":
        return UsageError("The body is no JSON.", "Send a JSON object.")
    # The place without the kinds of message and of content that were tried.
    place = [str(part) for part in found[0]["loc"][1:] if part not in ("user", "constrained-str")]
    named = ".".join(place[:3]) or "The body"
    if any(one["type"] == "literal_error" and one["loc"][-1] == "type" for one in found):
        return UsageError(f"{named}: only text can be read.", "Leave out images and files.")
    if place == ["n"]:
        return UsageError("n: there is only one answer to a question.", "Leave n out, or send 1.")
    wrong = "is missing" if found[0]["type"] == "missing" else "is empty or not what it should be"
    return UsageError(f"{named} {wrong}.", "See /openapi.json.")


async def _names(service: Service, caller: Caller) -> list[str]:
    found = await service.collections(caller)
    return [ALL, *(f"{ALL}/{name}" for name, _, _ in found)]


def _model(name: str) -> forms.Json:
    return {"id": name, "object": "model", "created": _SINCE, "owned_by": ALL}


async def _collections(service: Service, caller: Caller, model: str) -> list[str] | None:
    """The collections that a model stands for; None for all that the caller may see."""
    if model == ALL:
        return None
    if model not in await _names(service, caller):
        raise NotFound(f"There is no model '{one_line(model[:80])}'.", "See /v1/models.")
    return [model.removeprefix(f"{ALL}/")]


def _head(given: ChatRequest, question: str, base: str) -> _Head:
    ignored = list(given.model_extra or {})
    others = {m.role for m in given.messages if not isinstance(m, UserMessage)} - {"assistant"}
    ignored += [f"messages: {role}" for role in others]
    options = given.stream_options
    return _Head(
        model=given.model,
        base=base,
        question=question,
        ignored=sorted(name[:80] for name in ignored[:_NAMED]),
        include_usage=bool(options and options.include_usage),
        id=f"chatcmpl-{uuid.uuid4().hex}",
        created=int(time.time()),
    )


async def _last(events: AsyncGenerator[Event]) -> Answer:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Done):
                return event.answer
    raise AssertionError("events end with Done")


def completion(head: _Head, answer: Answer) -> forms.Json:
    """An answer as a whole completion."""
    where = forms.written(answer, head.base, head.question)
    message = {"role": "assistant", "content": where.text, "refusal": None}
    message |= forms.extras(answer, where, head.base)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return head.form(
        "chat.completion",
        [choice],
        usage=forms.usage_form(answer.usage),
        system_fingerprint=answer.fingerprint,
        medrag={"ignored": head.ignored},
    )


async def chunks(
    head: _Head, first: Event, events: AsyncGenerator[Event]
) -> AsyncIterator[ServerSentEvent]:
    """The completion in chunks, as server-sent events; "[DONE]" last, also after an error."""
    async with aclosing(events):
        yield _delta(head, {"role": "assistant", "content": ""})
        sent = ""
        try:
            event: Event | None = first
            while event is not None:
                if isinstance(event, Rephrased):
                    sent = forms.asked_as(event.question)
                    yield _delta(head, {"content": sent})
                elif isinstance(event, Checked) and event.shown:
                    new = (forms.BETWEEN if sent else "") + forms.sentence(event.claim)
                    sent += new
                    yield _delta(head, {"content": new})
                elif isinstance(event, Done):
                    for chunk in _ending(head, event.answer, sent):
                        yield chunk
                    break
                elif told := _progress(event):
                    yield ServerSentEvent(comment=told)
                event = await anext(events, None)
        except MedragError as error:
            yield _sent(forms.error_form(error))
    yield ServerSentEvent("[DONE]")


def _ending(head: _Head, answer: Answer, sent: str) -> list[ServerSentEvent]:
    """What is still to be sent when the answer is whole."""
    where = forms.written(answer, head.base, head.question)
    if not where.text.startswith(sent):
        raise ModelError("The answer changed while it was sent.", "Ask again.")
    ended = [_delta(head, {"content": where.text[len(sent) :]})] if where.text != sent else []
    more = {"system_fingerprint": answer.fingerprint, "medrag": {"ignored": head.ignored}}
    ended.append(_delta(head, forms.extras(answer, where, head.base), "stop", **more))
    if head.include_usage:
        usage = forms.usage_form(answer.usage)
        ended.append(_sent(head.form("chat.completion.chunk", [], usage=usage)))
    return ended


def _progress(event: Event) -> str:
    if isinstance(event, Queued):
        return f"waiting, {event.position} before"
    if isinstance(event, Working):
        piece = event.piece
        return f"{piece.phase} {piece.done}/{piece.total}" if piece.total else piece.phase
    return ""


def _delta(
    head: _Head, delta: forms.Json, finish: str | None = None, **more: Any
) -> ServerSentEvent:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _sent(head.form("chat.completion.chunk", [choice], **more))


def _sent(form: forms.Json) -> ServerSentEvent:
    # ASCII: a line separator (U+2028) inside a document cannot be taken for the end of a line.
    return ServerSentEvent(json.dumps(form, allow_nan=False))
