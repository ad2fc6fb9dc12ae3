"""The MCP door with the official client: over stdio and over HTTP, of both generations."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from medrag import Engine
from medrag.errors import Busy
from medrag.forms import answer_form
from medrag.server.mcp_sessions import PER_CALLER, Sessions
from tests.server.conftest import Running, Starter, clean_environment

METFORMIN = "At what eGFR should metformin be stopped?"
STOP = "Stop metformin when eGFR is below 30 mL/min/1.73 m2."
Way = Callable[[], AbstractAsyncContextManager[Client]]


def command(library: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "medrag", "mcp", "--library", str(library), *more]


def over_stdio(library: Path, *more: str) -> AbstractAsyncContextManager[Client]:
    program, *arguments = command(library, *more)
    return Client(
        StdioServerParameters(command=program, args=arguments, env=clean_environment()),
        mode="legacy",
    )


@asynccontextmanager
async def over_http(server: Running, who: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {server.keys[who]}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False) as http:
        transport = streamable_http_client(f"{server.address}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


@pytest.fixture(scope="module")
def library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the samples: asking writes to the audit log that lies in it."""
    copy = tmp_path_factory.mktemp("mcp") / "library"
    shutil.copytree(samples, copy)
    return copy


@pytest.fixture(params=["stdio", "http 2026", "http 2025"])
def way(request: pytest.FixtureRequest) -> Way:
    if request.param == "stdio":
        library = request.getfixturevalue("library")
        return lambda: over_stdio(library)
    server = request.getfixturevalue("server")
    mode = "auto" if request.param == "http 2026" else "legacy"
    return lambda: over_http(server, "reader", mode)


def called(way: Way, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """The results of calling tools, one after the other on one connection."""

    async def all_of_them() -> list[Any]:
        async with way() as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(all_of_them())


def text_of(result: Any) -> str:
    (content,) = result.content
    assert isinstance(content.text, str)
    return content.text


def test_an_agent_is_told_what_it_may_do_with_an_answer(way: Way) -> None:
    async def look() -> tuple[dict[str, Any], str | None]:
        async with way() as client:
            tools = (await client.list_tools()).tools
            return {tool.name: tool for tool in tools}, client.instructions

    tools, instructions = asyncio.run(look())
    assert set(tools) == {"ask", "search", "verify", "collections"}
    assert "abstained" in tools["ask"].description
    assert "never to be passed on" in tools["ask"].description
    for told in (tools["ask"].description, tools["search"].description, instructions):
        assert "data" in told and "instructions" in told
    k = tools["search"].input_schema["properties"]["k"]
    assert (k["minimum"], k["maximum"], k["default"]) == (1, 50, 8)
    assert all(tool.annotations.read_only_hint for tool in tools.values())


def test_search_finds_the_page(way: Way) -> None:
    (found,) = called(way, ("search", {"query": METFORMIN, "k": 3}))
    first = found.structured_content["passages"][0]
    assert first["document"]["path"].endswith("metformin-renal-v2.pdf")
    assert first["pages"] == ["1"]
    assert STOP in " ".join(first["text"].split())
    assert len(found.structured_content["passages"]) == 3
    assert "page 1" in text_of(found) and STOP in text_of(found)


def test_ask_gives_the_cited_sentence_as_the_command_line_does(way: Way, samples: Path) -> None:
    (told,) = called(way, ("ask", {"question": METFORMIN, "collections": ["default"]}))
    assert not told.is_error
    form = told.structured_content
    claim = form["claims"][0]
    assert claim["text"] == f"{STOP} [1]"
    assert claim["verdict"] == "supported"
    assert claim["evidence"]["quote"] == STOP
    assert claim["evidence"]["pages"] == ["1"]
    assert f"{STOP} [1] (supported)" in text_of(told)
    assert "Warning: An older version" in text_of(told)
    with Engine.open(samples, rerank=False) as engine:  # as these servers do
        expected = json.loads(json.dumps(answer_form(engine.ask(METFORMIN))))
    for source in expected["sources"]:  # where files lie is for admins alone
        source["document"]["path"] = Path(source["document"]["path"]).name
    # The library is a copy in another place, and it took another time.
    for own in ("usage", "fingerprint"):
        del expected[own], form[own]
    assert form == expected


def test_an_abstention_is_one_in_words_as_well(way: Way) -> None:
    (told,) = called(way, ("ask", {"question": "Who won the football world cup in 1998?"}))
    assert not told.is_error
    assert told.structured_content["abstained"] is True
    assert told.structured_content["claims"] == []
    assert text_of(told).startswith("NO ANSWER. Tell the person")


def test_a_changed_dose_is_contradicted(way: Way) -> None:
    pairs = [
        {"id": "same", "claim": "Give 500 mg twice daily.", "evidence": "Give 500 mg twice daily."},
        {"claim": "Give 500 mg twice daily.", "evidence": "Give 50 mg twice daily."},
    ]
    (told,) = called(way, ("verify", {"pairs": pairs}))
    same, changed = told.structured_content["verdicts"]
    assert (same["id"], same["verdict"]) == ("same", "supported")
    assert changed["id"] == 1
    assert changed["verdict"] == "contradicted"
    assert "500 mg" in changed["problems"][0]
    assert text_of(told).splitlines()[1].startswith("1: contradicted; ")


BAD = {
    "no passages": ("search", {"query": "metformin", "k": 0}, "k: "),
    "too many passages": ("search", {"query": "metformin", "k": 51}, "k: "),
    "k in words": ("search", {"query": "metformin", "k": "8"}, "k: "),
    "empty question": ("ask", {"question": " \n "}, "question: is empty"),
    "no question": ("ask", {}, "question: "),
    "100 kB": ("ask", {"question": "metformin " * 10_000}, "question: "),
    "unknown argument": ("ask", {"question": METFORMIN, "role": "admin"}, "role: "),
    "unknown collection": (
        "ask",
        {"question": METFORMIN, "collections": ["defualt"]},
        "There is no collection 'defualt' that you may see. Known: default.",
    ),
    "unknown generator": ("ask", {"question": METFORMIN, "generator": "gpt"}, "generator"),
    "no pairs": ("verify", {"pairs": []}, "pairs: "),
    "unknown tool": ("remove", {"id": "x"}, "There is no tool of that name."),
}


def test_what_is_wrong_is_said_in_a_line_and_the_next_call_works(way: Way) -> None:
    calls = [(name, arguments) for name, arguments, _ in BAD.values()]
    *wrong, right = called(way, *calls, ("search", {"query": METFORMIN}))
    for result, (case, (_, arguments, words)) in zip(wrong, BAD.items(), strict=True):
        assert result.is_error, case
        said = text_of(result)
        assert words in said, case
        assert "\n" not in said and "Traceback" not in said and len(said) < 400, case
        assert str(arguments.get("question") or "metformin") not in said, case
    assert right.structured_content["passages"]


# --- who may -----------------------------------------------------------------------------------


def test_a_closed_collection_stays_closed(server: Running) -> None:
    def as_(who: str) -> list[Any]:
        return called(
            lambda: over_http(server, who),
            ("collections", {}),
            ("search", {"query": "zanthoxylum fund night shift euros"}),
            ("ask", {"question": "What does the zanthoxylum fund pay?", "collections": ["closed"]}),
        )

    names, found, refused = as_("reader")
    assert [one["name"] for one in names.structured_content["collections"]] == ["default"]
    assert found.structured_content["passages"]
    assert "zanthoxylum" not in json.dumps(found.structured_content["passages"])
    assert refused.is_error
    assert text_of(refused) == ("There is no collection 'closed' that you may see. Known: default.")
    names, found, told = as_("closed")
    assert [one["name"] for one in names.structured_content["collections"]] == ["closed"]
    assert "4711 euros" in told.structured_content["claims"][0]["text"]


def test_stdio_can_be_held_to_some_collections(library: Path) -> None:
    nothing, refused = called(
        lambda: over_stdio(library, "--collections", "none-of-these"),
        ("search", {"query": METFORMIN}),
        ("ask", {"question": METFORMIN, "collections": ["default"]}),
    )
    assert nothing.structured_content["passages"] == []
    assert refused.is_error
    assert "There is no collection 'default'" in text_of(refused)


def initialize(number: int = 1) -> dict[str, Any]:
    about = {"name": "test", "version": "1"}
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about}
    return {"jsonrpc": "2.0", "id": number, "method": "initialize", "params": params}


LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
BOTH = {"Accept": "application/json, text/event-stream"}


def test_a_session_answers_only_to_the_key_that_opened_it(server: Running) -> None:
    with server.client("reader", headers=BOTH) as mine, server.client("admin", headers=BOTH) as his:
        opened = mine.post("/mcp", json=initialize())
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert mine.post("/mcp", json=ready, headers=session).status_code == 202
        assert mine.post("/mcp", json=LIST, headers=session).status_code == 200
        assert his.post("/mcp", json=LIST, headers=session).status_code == 404
        assert his.delete("/mcp", headers=session).status_code == 404
        assert mine.post("/mcp", json=LIST, headers=session).status_code == 200
        assert mine.delete("/mcp", headers=session).status_code == 200
        assert mine.post("/mcp", json=LIST, headers=session).status_code == 404


def test_nobody_can_shut_out_others_with_sessions(server: Running) -> None:
    def opened(client: Any) -> dict[str, str]:
        return {"Mcp-Session-Id": client.post("/mcp", json=initialize()).headers["mcp-session-id"]}

    def lists(client: Any, session: dict[str, str]) -> int:
        return int(client.post("/mcp", json=LIST, headers=session).status_code)

    with server.client("reader", headers=BOTH) as mine, server.client("admin", headers=BOTH) as his:
        other = opened(his)
        first, second = opened(mine), opened(mine)
        assert lists(mine, first) == 200  # so that the second is now the oldest
        rest = [opened(mine) for _ in range(PER_CALLER - 1)]
        assert [lists(mine, session) for session in (second, first, rest[-1])] == [404, 200, 200]
        assert lists(his, other) == 200
        for session in (first, *rest):
            assert mine.delete("/mcp", headers=session).status_code == 200
        assert his.delete("/mcp", headers=other).status_code == 200


def test_where_all_are_taken_the_one_with_the_most_gives_one_up() -> None:
    sessions = Sessions(per_caller=3, altogether=4)
    for each in ("a1", "a2", "a3", "b1"):
        assert sessions.opened(each[0], each) == []
    sessions.used("b", "a1")  # somebody else's
    assert sessions.opened("c", "c1") == [("a", "a1")]
    sessions.closed("b", "a2")
    assert sessions.opened("a", "a4") == [("a", "a2")]
    with sessions.opening("a"), sessions.opening("a"), sessions.opening("a"):
        with pytest.raises(Busy), sessions.opening("a"):
            pass
        with sessions.opening("b"):
            pass
    with sessions.opening("a"):
        pass


def test_without_a_key_there_is_nothing(server: Running) -> None:
    with server.client(None, headers=BOTH) as nobody:
        for request in (initialize(), LIST):
            refused = nobody.post("/mcp", json=request)
            assert refused.status_code == 401
            assert set(refused.json()) == {"error", "remedy"}
        assert nobody.get("/mcp").status_code == 401


def test_no_stream_is_held_open_between_calls(server: Running) -> None:
    with server.client("reader", headers=BOTH) as client:
        assert client.get("/mcp").status_code == 405


# --- steps and cancellation --------------------------------------------------------------------


class SlowModel(ThreadingHTTPServer):
    """A language model on a server that goes on writing until nobody listens."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Slow)
        self.began, self.left = Event(), Event()


class _Slow(BaseHTTPRequestHandler):
    server: SlowModel

    def do_GET(self) -> None:
        body = json.dumps({"object": "list", "data": [{"id": "slow", "object": "model"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/chat/completions"):  # it counts no tokens
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.server.began.set()
        piece = {"choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}
        try:
            while True:
                self.wfile.write(f"data: {json.dumps(piece)}\n\n".encode())
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            self.server.left.set()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def slow() -> Iterator[SlowModel]:
    with SlowModel() as model:
        Thread(target=model.serve_forever, daemon=True).start()
        yield model
        model.shutdown()


def slowly(model: SlowModel) -> str:
    url = f"http://127.0.0.1:{model.server_port}/v1"
    return (
        f'[server]\nurl = "{url}"\nmodel = "slow"\n[answer]\ngenerator = "server"\n'
        "[compose]\nanswer_tokens = 4000\n"
    )


WRITES = {"thinking", "writing"}


async def ask_and_leave(client: Client, model: SlowModel) -> list[str]:
    """Ask, cancel the call when the model writes, and make sure that the connection lives on."""
    steps: list[str] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        steps.append(message or "")

    async with anyio.create_task_group() as group:

        async def ask() -> None:
            await client.call_tool("ask", {"question": METFORMIN}, progress_callback=told)
            raise AssertionError("it was answered")

        group.start_soon(ask)
        with anyio.fail_after(30):
            while not (model.began.is_set() and WRITES & set(steps)):
                await anyio.sleep(0.02)
        group.cancel_scope.cancel()
    assert await anyio.to_thread.run_sync(model.left.wait, 10), "the model still writes"
    found = await client.call_tool("search", {"query": METFORMIN, "k": 1})
    assert found.structured_content["passages"]
    return steps


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_cancelling_a_call_ends_the_models_work(
    starter: Starter, slow: SlowModel, mode: str
) -> None:
    server = starter(toml=slowly(slow))

    async def there() -> list[str]:
        async with over_http(server, "reader", mode) as client:
            return await ask_and_leave(client, slow)

    steps = asyncio.run(there())
    assert any("a language model goes on" in step for step in steps)
    assert not any("metformin" in step.lower() for step in steps)


def test_cancelling_over_stdio_ends_the_models_work(
    library: Path, slow: SlowModel, tmp_path: Path
) -> None:
    config = tmp_path / "medrag.toml"
    config.write_text(slowly(slow), "utf-8")

    async def there() -> list[str]:
        async with over_stdio(library, "--config", str(config)) as client:
            return await ask_and_leave(client, slow)

    assert WRITES & set(asyncio.run(there()))


def test_a_client_of_2025_that_just_hangs_up_ends_the_models_work(
    starter: Starter, slow: SlowModel
) -> None:
    server = starter(toml=slowly(slow))
    with server.client("reader", headers=BOTH) as client:
        opened = client.post("/mcp", json=initialize())
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        client.post(
            "/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=session
        )
        params = {"name": "ask", "arguments": {"question": METFORMIN}}
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}
        with client.stream("POST", "/mcp", json=call, headers=session) as answer:
            assert answer.status_code == 200
            assert slow.began.wait(30)
    assert slow.left.wait(10), "the model still writes"


# --- the process behind stdio ------------------------------------------------------------------


def started(library: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(library),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )


def say(process: subprocess.Popen[str], message: dict[str, Any] | str) -> None:
    assert process.stdin is not None
    line = message if isinstance(message, str) else json.dumps(message)
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_standard_output_carries_the_protocol_alone(library: Path) -> None:
    process = started(library)
    say(process, initialize())
    assert hear(process)["result"]["serverInfo"]["name"] == "medrag"
    say(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    say(process, "this is no JSON, and Mrs Miller has a rash")
    params = {"name": "ask", "arguments": {"question": f"Mrs Miller asks: {METFORMIN}"}}
    say(process, {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params})
    answered = hear(process)
    assert answered["id"] == 7
    assert answered["result"]["structuredContent"]["question"].startswith("Mrs Miller asks")
    rest, errors = process.communicate(timeout=20)  # closes standard input
    assert process.returncode == 0
    assert rest == ""
    assert "Miller" not in errors and "Traceback" not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to hear")
def test_sigterm_ends_it_though_standard_input_is_open(library: Path) -> None:
    process = started(library)
    say(process, initialize())
    hear(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 128 + signal.SIGTERM
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_a_library_that_is_not_there_is_said_in_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path / "nothing"),
        capture_output=True,
        text=True,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("medrag: ") and done.stderr.count("\n") == 1


def test_what_is_asked_over_stdio_is_on_record(library: Path) -> None:
    called(lambda: over_stdio(library), ("search", {"query": METFORMIN}))
    written = "".join(
        path.read_text("utf-8") for path in sorted((library / "audit").rglob("*.jsonl"))
    )
    searched = [json.loads(line) for line in written.splitlines() if METFORMIN in line]
    assert searched
    assert '"mcp"' in json.dumps(searched[-1])
    assert "local" in json.dumps(searched[-1])
