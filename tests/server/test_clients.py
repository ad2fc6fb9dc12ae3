"""Other people's clients against the real server, with nothing changed but the address.

What each door says is tested beside it (test_openai_api.py, test_mcp.py); here it is how the
clients themselves take it: without keys, many at once, leaving, trying again, and told of errors.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import openai
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.server.asking_helpers import METFORMIN, STOP, at_rest, figure, writing
from tests.server.conftest import Running, Starter, start
from tests.tiny_home import make_home

MESSAGES: Any = [{"role": "user", "content": METFORMIN}]


@pytest.fixture(scope="module")
def keyless(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server on this machine for which no keys were made, with its tiny language model."""
    folder = tmp_path_factory.mktemp("clients")
    library = folder / "library"
    shutil.copytree(samples, library)
    config = folder / "medrag.toml"
    config.write_text(writing("[serve]\nanswer_seconds = 1"), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDRAG_HOME", str(make_home(folder)))
        running = start(library, config)
    yield running
    assert running.stop() == 0


def one(server: Running, key: str = "anything", **options: Any) -> openai.OpenAI:
    http = httpx2.Client(trust_env=False)
    return openai.OpenAI(base_url=f"{server.address}/v1", api_key=key, http_client=http, **options)


def several(server: Running, key: str = "anything", **options: Any) -> openai.AsyncOpenAI:
    http = httpx2.AsyncClient(trust_env=False)
    return openai.AsyncOpenAI(
        base_url=f"{server.address}/v1", api_key=key, http_client=http, **options
    )


@asynccontextmanager
async def agent(server: Running, key: str | None) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False) as http:
        transport = streamable_http_client(f"{server.address}/mcp", http_client=http)
        async with Client(transport) as client:
            yield client


# The openai client


def test_without_keys_any_key_will_do(keyless: Running) -> None:
    models = [model.id for model in one(keyless).models.list()]
    assert models == ["medrag", "medrag/default"]


def test_what_takes_too_long_ends_a_stream_with_an_error(keyless: Running) -> None:
    client = one(keyless, max_retries=0)
    began = time.monotonic()
    with pytest.raises(openai.APIError, match="longer than 1 second"):
        for _ in client.chat.completions.create(model="medrag", messages=MESSAGES, stream=True):
            pass
    with pytest.raises(openai.InternalServerError) as error:
        client.chat.completions.create(model="medrag", messages=MESSAGES)
    assert error.value.status_code == 503 and "longer than 1 second" in error.value.message
    assert time.monotonic() - began < 20
    with keyless.client(None) as http:
        at_rest(http)


def test_an_async_client_that_leaves_its_stream_gives_the_model_back(keyless: Running) -> None:
    async def ask_and_leave() -> None:
        async with several(keyless) as client:
            stream = await client.chat.completions.create(
                model="medrag", messages=MESSAGES, stream=True
            )
            async for _ in stream:
                break
            await stream.close()
            task = asyncio.create_task(
                client.chat.completions.create(model="medrag", messages=MESSAGES)
            )
            await asyncio.sleep(0.5)
            task.cancel()

    asyncio.run(ask_and_leave())
    with keyless.client(None) as http:
        at_rest(http)


@pytest.mark.slow
def test_many_at_once_have_the_same_answer(server: Running) -> None:
    async def ask(client: openai.AsyncOpenAI, stream: bool) -> str:
        if not stream:
            whole = await client.chat.completions.create(model="medrag", messages=MESSAGES)
            return str(whole.choices[0].message.content)
        chunks = await client.chat.completions.create(
            model="medrag", messages=MESSAGES, stream=True
        )
        return "".join([c.choices[0].delta.content or "" async for c in chunks])

    async def all_of_them() -> list[str]:
        async with several(server, server.keys["reader"]) as client:
            return await asyncio.gather(*(ask(client, turn % 2 == 0) for turn in range(24)))

    answers = asyncio.run(all_of_them())
    assert len(set(answers)) == 1 and STOP in answers[0]


def test_the_client_waits_as_it_is_told_and_tries_again(starter: Starter) -> None:
    server = starter("[serve]\nqueue = 1\nqueue_per_caller = 1\nanswers_at_once = 1")
    refused = []

    async def ask(client: openai.AsyncOpenAI) -> str:
        whole = await client.chat.completions.create(model="medrag", messages=MESSAGES)
        return str(whole.choices[0].message.content)

    async def all_of_them() -> list[str]:
        async def seen(reply: httpx2.Response) -> None:
            if reply.status_code == 429:
                refused.append(float(reply.headers["retry-after"]))

        http = httpx2.AsyncClient(trust_env=False, event_hooks={"response": [seen]})
        async with openai.AsyncOpenAI(
            base_url=f"{server.address}/v1", api_key=server.keys["reader"],
            http_client=http, max_retries=10,
        ) as client:  # fmt: skip
            return await asyncio.gather(*(ask(client) for _ in range(2)))

    answers = asyncio.run(all_of_them())
    assert len(answers) == 2 and all(STOP in answer for answer in answers)
    assert refused and min(refused) >= 1


def test_what_there_is_not_is_not_found(server: Running) -> None:
    client = one(server, server.keys["reader"], max_retries=0)
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="medrag", input="metformin")
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="medrag", input=METFORMIN)


def test_what_is_too_large_is_told_so(server: Running) -> None:
    client = one(server, server.keys["reader"], max_retries=0)
    large: Any = [{"role": "system", "content": "x" * 1_100_000}, *MESSAGES]
    with pytest.raises(openai.APIStatusError) as error:
        client.chat.completions.create(model="medrag", messages=large)
    assert error.value.status_code == 413


# Behind it a model server


class _Model(BaseHTTPRequestHandler):
    """A language model on a server that quotes the sentence it was shown."""

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        if not self.path.endswith("/chat/completions"):
            self.rfile.read(size)
            self.send_error(404)
            return
        assert "eGFR" in json.dumps(json.loads(self.rfile.read(size))["messages"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        written = f"{STOP} mL/min/1.73 m2. [1]"
        for delta, finish in (({"content": written}, None), ({}, "stop")):
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            self.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def test_a_model_server_behind_it_answers_through_every_door(starter: Starter) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Model) as model:
        Thread(target=model.serve_forever, daemon=True).start()
        server = starter(
            f'[server]\nurl = "http://127.0.0.1:{model.server_port}/v1"\nmodel = "quoter"\n'
            "retries = 0\n"
            '[answer]\ngenerator = "server"\n[compose]\nthinking_tokens = 0\n'
        )
        client = one(server, server.keys["reader"])
        message = client.chat.completions.create(model="medrag", messages=MESSAGES).choices[0]
        form: Any = message.message.model_extra
        assert form["medrag"]["generator"] == "server:quoter"
        assert [claim["verdict"] for claim in form["medrag"]["claims"]] == ["supported"]

        async def ask() -> Any:
            async with agent(server, server.keys["reader"]) as mcp:
                return await mcp.call_tool("ask", {"question": METFORMIN})

        assert asyncio.run(ask()).structured_content["generator"] == "server:quoter"
        model.shutdown()
    gone = one(server, server.keys["reader"], max_retries=0)
    answer: Any = gone.chat.completions.create(model="medrag", messages=MESSAGES).choices[0]
    form = answer.message.model_extra["medrag"]
    assert form["generator"] == "extractive"
    assert any("cannot be reached" in told for told in form["warnings"])


# The MCP client


def test_an_agent_needs_no_key_where_there_are_none(keyless: Running) -> None:
    async def look() -> Any:
        async with agent(keyless, None) as mcp:
            return await mcp.call_tool("search", {"query": METFORMIN, "k": 1})

    (passage,) = asyncio.run(look()).structured_content["passages"]
    assert STOP in " ".join(passage["text"].split())


def test_an_agent_with_a_wrong_key_is_turned_away(server: Running) -> None:
    async def look() -> None:
        async with agent(server, "mr_wrong") as mcp:
            await mcp.list_tools()

    before = _refused(server)
    with pytest.raises(ExceptionGroup):
        asyncio.run(look())
    assert _refused(server) > before


def _refused(server: Running) -> float:
    with server.client("admin") as client:
        return figure(
            client.get("/metrics").text, "medrag_requests_total", door="mcp", status="401"
        )


def test_an_agent_may_call_many_tools_at_once(server: Running) -> None:
    async def call() -> list[Any]:
        async with agent(server, server.keys["reader"]) as mcp:
            calls = [
                mcp.call_tool(name, {field: METFORMIN})
                for name, field in (("ask", "question"), ("search", "query")) * 10
            ]
            return await asyncio.gather(*calls)

    found = asyncio.run(call())
    answers = [one.structured_content["answer"] for one in found[::2]]
    assert len(answers) == 10 and all(STOP in answer for answer in answers)
    assert all(one.structured_content["passages"] for one in found[1::2])
