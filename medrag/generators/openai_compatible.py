"""Language models on another server of the house, through the OpenAI-compatible chat API.

llama-server, llama-cpp-python's server, vLLM, Ollama and QVAC all speak it, and differ in how
they take a grammar and where they put a thought. Nobody can take a hash of weights on another
machine, so what comes from here is never called verified.

**Grammar and thinking on llama.cpp.** Its grammar holds from the first token, so a model that is
to think first cannot be given one, and the chat API has no portable way to continue an assistant's
turn (llama-server refuses it while thinking is on; llama-cpp-python closes the turn). So two
requests are made: a free one, stopped at ``</think>`` or the budget, whose text becomes an
assistant's turn of notes, and one under the grammar with thinking turned off. Where the model's
template opens ``<think>`` all the same (MedPsy's does), the grammar's text is still exactly what
comes out, whichever field the server puts it into. A thinking budget is never sent along with a
grammar: llama-server would force ``</think>`` against the grammar, and has died of that. vLLM
applies a grammar after the thought by itself, if it runs with a reasoning parser.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from typing import Any, Literal

from medrag.config import Settings
from medrag.errors import ConfigError, ModelError
from medrag.generators.server_link import Link, checked_url
from medrag.generators.server_reply import Bill, Reply
from medrag.generators.server_tokens import TokenCounter
from medrag.generators.sse import CLOSE, BrokenStream, events, read_chunk
from medrag.types import Draft, Message, Piece, Request

Dialect = Literal["llama.cpp", "vllm", "ollama", "openai"]
_WRITE_NOW = "Now write only the answer, in the form that was asked for."


class ServerComposer:
    """A language model behind an OpenAI-compatible server.

    ``url`` is the API's address with its ``/v1``. Its host must be this machine or stand, written
    the same way, in ``allow_hosts``; there, too, https is to be preferred, because over plain http
    patient text can be read by whoever is on the way. ``dialect`` is "llama.cpp", "vllm", "ollama"
    or "openai"; the last two take no grammar, and the answer comes free. ``retries`` counts further
    attempts while no answer has begun; ``time_limit`` is in seconds, for the whole of an answer.
    ``key_variable`` is only named in errors.

    Raises:
        ConfigError: the address may not be used, or the model runs outside the house.
    """

    def __init__(
        self,
        url: str,
        model: str,
        dialect: Dialect,
        *,
        key: str | None = None,
        allow_hosts: Sequence[str] = (),
        retries: int = 2,
        time_limit: float = 600.0,
        key_variable: str = "",
    ) -> None:
        if dialect == "ollama" and model.endswith(("-cloud", ":cloud")):
            raise ConfigError(
                f"Ollama runs the model {model} on machines of its makers, not on yours.",
                "Choose a local model in [server] model.",
            )
        self._model = model
        self._dialect = dialect
        self._time_limit = time_limit
        self._link = Link(checked_url(url, allow_hosts), key, key_variable, retries)
        self._counter = TokenCounter(self._link, model, dialect)

    @property
    def name(self) -> str:
        """The model's name there, after "server:"."""
        return f"server:{self._model}"

    @property
    def verified(self) -> bool:
        """Always false: the weights are out of reach."""
        return False

    @property
    def ready(self) -> bool:
        return True

    def turn(self) -> AbstractContextManager[Iterator[Piece]]:
        """Nothing to wait for: the server has a queue of its own."""
        return nullcontext(iter(()))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The length of each text in tokens: the server's own count where it has one to give, else
        a third of the bytes of UTF-8, rounded up, which is too much rather than too little."""
        return self._counter.count(texts)

    def stream(self, request: Request) -> Iterator[Piece | Draft]:
        """The pieces as they come, and the whole as the last value, a Draft.

        While nothing comes there are pieces without text, so that whoever listens can stop.
        Closing the iterator ends the request at once, also while the server reads the prompt.

        Raises:
            ModelError: the server cannot be reached, refused, was too slow, or broke off.
        """
        bill = Bill(time.monotonic() + self._time_limit)
        thinks = request.thinking_tokens > 0
        if self._dialect != "llama.cpp" or request.grammar is None:
            reply = yield from self._call(self._body(request), bill, Reply(thinks))
            yield bill.draft(*reply.parts())
            return
        thinking = ""
        if thinks:
            body = self._thinking_body(request)
            thinking = (yield from self._call(body, bill, Reply(thinks, "think"))).text()
        body = self._grammar_body(request, thinking)
        reply = yield from self._call(body, bill, Reply(inside=False, only="write"))
        yield bill.draft(thinking, reply.text(), reply.finish)

    def _call(
        self, body: Mapping[str, Any], bill: Bill, reply: Reply
    ) -> Generator[Piece, None, Reply]:
        begun = False
        with closing(self._link.stream("/chat/completions", body, bill.deadline)) as parts:
            try:
                for data in events(parts):
                    if data is None:
                        yield Piece(reply.last or "read")
                        continue
                    if data.strip() == "[DONE]":
                        break
                    chunk = read_chunk(data)
                    if chunk.error is not None:
                        raise self._link.failed(chunk.error)
                    for channel, text in reply.take(chunk):
                        bill.mark(channel if begun else "read")
                        begun = True
                        yield Piece(channel, text)
            except BrokenStream as error:
                raise ModelError(
                    f"The server {self._link.host} sent {error}.",
                    "Check [server] url, and the server's own log.",
                ) from None
        if not reply.finish:
            # Not known to be whole: llama-cpp-python's server ends like this when another request
            # interrupts it.
            raise self._link.broken_off()
        for channel, text in reply.rest():
            yield Piece(channel, text)
        bill.add(reply)
        return reply

    def _body(self, request: Request) -> dict[str, Any]:
        thinks = request.thinking_tokens > 0
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": request.thinking_tokens + request.answer_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
        }
        if self._dialect in ("llama.cpp", "vllm"):
            body["top_k"] = request.top_k
            if not thinks:
                body["chat_template_kwargs"] = {"enable_thinking": False}
        if self._dialect == "llama.cpp":
            # Its servers' own defaults would draw otherwise than was asked; llama-cpp-python's
            # penalty for repeating would make the second "[1]" unlikely.
            body |= {"min_p": 0.0, "repeat_penalty": 1.0}
            if thinks and request.grammar is None:
                body["thinking_budget_tokens"] = request.thinking_tokens
        elif self._dialect == "vllm" and request.grammar is not None:
            body["structured_outputs"] = {"grammar": request.grammar}
        elif self._dialect == "ollama" and not thinks:
            body["reasoning_effort"] = "none"
        return body

    def _thinking_body(self, request: Request) -> dict[str, Any]:
        return self._body(replace(request, answer_tokens=0)) | {
            "stop": [CLOSE],
            "reasoning_format": "none",
        }

    def _grammar_body(self, request: Request, thinking: str) -> dict[str, Any]:
        notes = (Message("assistant", thinking), Message("user", _WRITE_NOW)) if thinking else ()
        bare = replace(request, messages=request.messages + notes, thinking_tokens=0)
        return self._body(bare) | {"grammar": request.grammar, "reasoning_format": "none"}


def from_settings(settings: Settings) -> ServerComposer:
    """The composer that the settings describe.

    Raises:
        ConfigError: no address, no model, a named key that is not set, or an address that may not
            be used.
    """
    if not settings.server_url or not settings.server_model:
        missing = "url" if not settings.server_url else "model"
        raise ConfigError(
            f"The generator is a server, and [server] {missing} is empty.",
            "Fill it in; configs/ holds an example for each kind of server.",
        )
    variable = settings.server_key_variable
    key = os.environ.get(variable) if variable else None
    if variable and not key:
        raise ConfigError(
            f"The environment variable {variable}, which should hold the server's key, is empty.",
            "Set it, or empty [server] key_variable where the server wants no key.",
        )
    return ServerComposer(
        settings.server_url,
        settings.server_model,
        settings.server_dialect,  # type: ignore[arg-type]  # one of the four: Settings checks it
        key=key,
        allow_hosts=settings.allow_hosts,
        retries=settings.server_retries,
        time_limit=settings.time_limit,
        key_variable=variable,
    )
