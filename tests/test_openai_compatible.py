"""Language models on other servers: a real one (llama-cpp-python's), and one that misbehaves."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from medrag import Engine, offline
from medrag.config import Settings, load_settings
from medrag.errors import ConfigError, ModelError, NetworkBlocked
from medrag.events import Done, Verbatim, Working
from medrag.generators import server_link
from medrag.generators.openai_compatible import ServerComposer, from_settings
from medrag.types import Draft, Message, Piece, Request
from tests.tiny_gguf import PLAIN_TEMPLATE, write_tiny_model

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
GRAMMAR = 'root ::= "Yes [1]." | "No [2]."'
ASKED = Request((Message("user", "Is Mrs Miller allergic to penicillin?"),), answer_tokens=24)


def ask(composer: ServerComposer, request: Request = ASKED) -> tuple[list[Piece], Draft]:
    *pieces, draft = composer.stream(request)
    assert isinstance(draft, Draft)
    return [piece for piece in pieces if isinstance(piece, Piece) and piece.text], draft


# --- a real server -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for needed in ("fastapi", "uvicorn", "sse_starlette", "starlette_context", "pydantic_settings"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"the server of llama-cpp-python needs {needed}")
    model = write_tiny_model(tmp_path_factory.mktemp("m") / "tiny.gguf", template=PLAIN_TEMPLATE)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--port", str(port)]
    command += "--host 127.0.0.1 --n_ctx 2048 --n_threads 1 --n_threads_batch 1".split()
    command += "--interrupt_requests False".split()  # else any request ends the one before it
    process = subprocess.Popen(
        [*command, "--verbose", "False"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_WAIT_POLICY": "passive"},
    )
    try:
        until = time.monotonic() + 60
        while True:
            assert process.poll() is None, "the server did not start"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert time.monotonic() < until, "the server did not answer"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)


def test_the_real_server_writes_in_pieces(real: str) -> None:
    composer = ServerComposer(real, "tiny", "llama.cpp")
    pieces, draft = ask(composer)
    assert composer.name == "server:tiny"
    assert composer.verified is False
    assert len(pieces) > 1
    assert "".join(piece.text for piece in pieces).strip() == draft.text
    assert {piece.phase for piece in pieces} == {"write"}
    assert draft.finish_reason in ("stop", "length")
    assert draft.usage.answer_tokens > 1
    assert draft.usage.phases["read"] > 0


def test_the_real_server_repeats_itself_for_the_same_seed(real: str) -> None:
    composer = ServerComposer(real, "tiny", "llama.cpp")
    assert ask(composer)[1].text == ask(composer)[1].text
    other = replace(ASKED, seed=7, temperature=1.5)
    assert ask(composer, other)[1].text != ask(composer)[1].text


@pytest.mark.parametrize("thinking", [0, 16])
def test_the_real_server_obeys_the_grammar(real: str, thinking: int) -> None:
    composer = ServerComposer(real, "tiny", "llama.cpp")
    request = replace(ASKED, grammar=GRAMMAR, thinking_tokens=thinking)
    pieces, draft = ask(composer, request)
    assert draft.text in ("Yes [1].", "No [2].")
    assert draft.finish_reason == "stop"
    assert "".join(p.text for p in pieces if p.phase == "write") == draft.text
    thought = "".join(p.text for p in pieces if p.phase == "think")
    assert thought.strip() == draft.thinking
    assert bool(draft.thinking) == bool(thinking)
    assert 0 <= draft.usage.thinking_tokens <= thinking


def test_the_real_server_stops_when_nobody_listens(real: str) -> None:
    composer = ServerComposer(real, "tiny", "llama.cpp")
    long = replace(ASKED, answer_tokens=1500, grammar="root ::= [a-z]{1600}")
    started = time.monotonic()
    assert len(ask(composer, long)[1].text) == 1600
    alone = time.monotonic() - started
    stream = composer.stream(long)
    for piece in stream:
        if isinstance(piece, Piece) and piece.text:
            break
    started = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert ask(composer, replace(ASKED, grammar=GRAMMAR))[1].text in ("Yes [1].", "No [2].")
    # The server does one thing at a time: had it gone on writing, this would have had to wait.
    assert time.monotonic() - started < 0.6 * alone


def test_a_prompt_too_long_for_the_real_server_is_said(real: str) -> None:
    composer = ServerComposer(real, "tiny", "llama.cpp")
    with pytest.raises(ModelError, match="context") as caught:
        ask(composer, replace(ASKED, messages=(Message("user", "Mrs Miller " * 900),)))
    assert "Miller" not in str(caught.value)
    assert ask(composer, replace(ASKED, grammar=GRAMMAR))[1].text


def test_tokens_are_counted_as_the_model_counts(real: str, tmp_path: Path) -> None:
    from llama_cpp import Llama

    model = Llama(str(write_tiny_model(tmp_path / "t.gguf")), vocab_only=True, verbose=False)
    texts = ["", "the other one", "naïve – 5 µg/kg", "<think>a</think>"]
    expected = [len(model.tokenize(text.encode(), False, True)) for text in texts]
    model.close()
    assert ServerComposer(real, "tiny", "llama.cpp").count_tokens(texts) == expected


# --- a server that misbehaves ------------------------------------------------------------------


class Loopback:
    """A server whose every answer is a function of the test's own."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Callable[[BaseHTTPRequestHandler], None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.paths.append(self.path)
                outer.headers.append(dict(self.headers))
                outer.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                answer = outer.answers[min(len(outer.seen), len(outer.answers)) - 1]
                with suppress(OSError):
                    answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def composer(self, dialect: Any = "openai", **more: Any) -> ServerComposer:
        return ServerComposer(self.url, "m", dialect, **({"time_limit": 20.0} | more))


@pytest.fixture
def rude() -> Iterator[Loopback]:
    made = Loopback()
    yield made
    made.server.shutdown()
    made.server.server_close()


def sends(*parts: bytes, kind: str = "text/event-stream", status: int = 200, **headers: str) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part)
            handler.wfile.flush()
            time.sleep(0.005)

    return answer


def event(finish: str | None = None, **delta: object) -> bytes:
    tree = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return f"data: {json.dumps(tree, ensure_ascii=False)}\n\n".encode()


DONE = b"data: [DONE]\n\n"
FINE = sends(event(content="Yes "), event(content="[1]."), event("stop"), DONE)


def resets(*parts: bytes) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if parts:
            sends(*parts)(handler)
        linger = bytes([1, 0, 0, 0, 0, 0, 0, 0])  # closing sends a reset
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.rfile.close()
        handler.wfile.close()
        handler.connection.close()

    return answer


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_link, "_LONGEST_WAIT", 0.05)


@pytest.mark.parametrize("first", [sends(status=503), sends(status=429), resets()])
def test_a_server_that_is_busy_at_first_is_asked_again(
    rude: Loopback, hurry: None, first: Any
) -> None:
    rude.answers = [first, FINE]
    assert ask(rude.composer())[1].text == "Yes [1]."
    assert len(rude.seen) == 2
    assert rude.seen[0] == rude.seen[1]


def test_the_pause_that_a_server_asks_for_is_kept(rude: Loopback) -> None:
    rude.answers = [sends(status=503, Retry_After="1"), FINE]
    started = time.monotonic()
    assert ask(rude.composer())[1].text == "Yes [1]."
    assert 1.0 <= time.monotonic() - started < 5


def test_a_server_that_stays_busy_is_given_up(rude: Loopback, hurry: None) -> None:
    rude.answers = [sends(status=503)]
    with pytest.raises(ModelError, match=r"503.*busy"):
        ask(rude.composer(retries=1))
    assert len(rude.seen) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (resets(event(content="Yes ")), "broke off"),
        (sends(event(content="Yes ")), "broke off"),
        (sends(event(content="Yes "), DONE), "broke off"),
        (sends(), "broke off.*context"),
        (sends(b"<html>Miller</html>", kind="text/html"), "end in /v1"),
        (sends(b"{}", kind="application/json"), "event stream"),
        (sends(event(content="Y"), b"data: {Miller\n\n"), "not JSON"),
        (sends(b"data: " + b"Miller" * 200_000), "without end"),
        (sends(b'data: {"error": {"message": "Miller", "type": "oom"}}\n\n'), "failed .oom"),
        (sends(b'{"error": {"code": "Mrs Miller"}}', status=401), "key into MY_KEY"),
        (sends(status=403), "key into MY_KEY"),
        (sends(status=404), "model"),
        (sends(status=307, Location="http://203.0.113.9/"), "Redirects"),
        (sends(b'{"error": {"code": "bad_field", "message": "Miller"}}', status=400), "bad_field"),
        (sends(b'{"message": "maximum context length, Miller"}', status=400), "evidence_tokens"),
        (sends(b"Miller", status=500), "500"),
    ],
)
def test_each_failure_says_what_to_do_and_nothing_of_the_prompt(
    rude: Loopback, answer: Any, says: str
) -> None:
    rude.answers = [answer]
    with pytest.raises(ModelError, match=says) as caught:
        ask(rude.composer(key_variable="MY_KEY"))
    assert caught.value.remedy
    assert "Miller" not in str(caught.value)
    assert len(rude.seen) == 1


def test_a_server_that_is_not_there_is_said() -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    composer = ServerComposer(url, "m", "openai", retries=0)
    with pytest.raises(ModelError, match="cannot be reached"):
        ask(composer)
    assert composer.count_tokens(["four", "naïve"]) == [2, 2]


def hangs(*parts: bytes) -> tuple[Any, threading.Event]:
    gone = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if parts:
            sends(*parts)(handler)
        with suppress(OSError):  # returns when the other side has closed
            handler.connection.recv(1)
        gone.set()

    return answer, gone


@pytest.mark.parametrize("parts", [(), (event(content="Yes "),)])
def test_a_server_that_never_answers_is_given_up(rude: Loopback, parts: tuple[bytes, ...]) -> None:
    answer, gone = hangs(*parts)
    rude.answers = [answer]
    started = time.monotonic()
    with pytest.raises(ModelError, match="in time"):
        ask(rude.composer(time_limit=0.6))
    assert time.monotonic() - started < 3
    assert gone.wait(3)


def test_silence_is_given_up_before_the_whole_time_is_over(
    rude: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_link, "SILENCE", 0.3)
    rude.answers = [hangs(event(content="Yes "))[0]]
    with pytest.raises(ModelError, match="in time"):
        ask(rude.composer())


def test_drops_of_bytes_do_not_outlast_the_whole_time(rude: Loopback) -> None:
    rude.answers = [sends(*[b": ping\n\n"] * 1000)]
    with pytest.raises(ModelError, match="in time"):
        ask(rude.composer(time_limit=0.5))


def test_closing_ends_the_request_while_the_prompt_is_read(rude: Loopback) -> None:
    answer, gone = hangs()
    rude.answers = [answer]
    stream = rude.composer().stream(ASKED)
    assert next(stream) == Piece("read")
    started = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 1
    assert gone.wait(3)
    assert not [t for t in threading.enumerate() if t.name == "medrag-server" and t.is_alive()]


def test_characters_and_tags_may_be_cut_anywhere(rude: Loopback) -> None:
    whole = event(content="<think>5 µg")[:-2] + b"\r\n\r\n" + event(content="/kg</thi")
    whole += event(content="nk>Stop – [1].") + event("stop") + DONE
    rude.answers = [sends(*[whole[i : i + 7] for i in range(0, len(whole), 7)])]
    pieces, draft = ask(rude.composer(), replace(ASKED, thinking_tokens=10))
    assert (draft.thinking, draft.text) == ("5 µg/kg", "Stop – [1].")
    assert "".join(p.text for p in pieces if p.phase == "write") == "Stop – [1]."


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_that_the_server_keeps_apart(rude: Loopback, field: str) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 5}
    last = {"choices": [], "usage": usage | {"prompt_tokens_details": {"cached_tokens": 4}}}
    rude.answers = [
        sends(
            event(role="assistant", content=None),
            event(**{field: "It "}),
            event(**{field: "says"}),
            event(content="Yes [1]."),
            event("stop"),
            f"data: {json.dumps(last)}\n\n".encode(),
            DONE,
        )
    ]
    pieces, draft = ask(rude.composer(), replace(ASKED, thinking_tokens=10))
    assert [(p.phase, p.text) for p in pieces] == [
        ("think", "It "),
        ("think", "says"),
        ("write", "Yes [1]."),
    ]
    assert (draft.thinking, draft.text, draft.finish_reason) == ("It says", "Yes [1].", "stop")
    used = draft.usage
    assert (used.prompt_tokens, used.cached_tokens) == (9, 4)
    assert (used.thinking_tokens, used.answer_tokens) == (2, 3)
    assert set(used.phases) == {"read", "think", "write"}


def test_a_thought_cut_short_is_no_answer(rude: Loopback) -> None:
    rude.answers = [sends(event(content="Perhaps Mrs Miller"), event("length"), DONE)]
    draft = ask(rude.composer(), replace(ASKED, thinking_tokens=10))[1]
    assert (draft.text, draft.finish_reason) == ("", "length")
    assert draft.thinking == "Perhaps Mrs Miller"


def test_the_last_word_without_done_is_whole_when_its_reason_came(rude: Loopback) -> None:
    rude.answers = [sends(event("stop", content="Yes [1]."))]
    assert ask(rude.composer())[1].text == "Yes [1]."


# --- what is sent ------------------------------------------------------------------------------


def test_each_dialect_sends_the_grammar_as_its_server_takes_it(rude: Loopback) -> None:
    rude.answers = [FINE]
    request = replace(ASKED, grammar=GRAMMAR, seed=3)
    for dialect in ("llama.cpp", "vllm", "ollama", "openai"):
        ask(rude.composer(dialect), request)
    llama, vllm, ollama, other = rude.seen
    assert llama["grammar"] == GRAMMAR
    assert llama["top_k"] == 20
    assert llama["repeat_penalty"] == 1.0
    assert vllm["structured_outputs"] == {"grammar": GRAMMAR}
    assert ollama["reasoning_effort"] == "none"
    for body in (ollama, other):
        assert GRAMMAR not in json.dumps(body)
        assert "top_k" not in body
    for body in rude.seen:
        assert (body["max_tokens"], body["seed"], body["stream"]) == (24, 3, True)


def test_on_llama_cpp_a_thought_comes_before_the_grammar(rude: Loopback) -> None:
    # A server that calls all it writes a thought, as one does whose template opens <think>.
    thought = sends(event(reasoning_content="She is."), event("stop"), DONE)
    answer = sends(event(reasoning_content="Yes [1]."), event("stop"), DONE)
    rude.answers = [thought, answer]
    request = replace(ASKED, grammar=GRAMMAR, thinking_tokens=50)
    pieces, draft = ask(rude.composer("llama.cpp"), request)
    assert (draft.thinking, draft.text) == ("She is.", "Yes [1].")
    assert [p.phase for p in pieces] == ["think", "write"]
    first, second = rude.seen
    assert "grammar" not in first
    assert (first["max_tokens"], first["stop"]) == (50, ["</think>"])
    assert second["grammar"] == GRAMMAR
    assert second["max_tokens"] == 24
    assert second["chat_template_kwargs"] == {"enable_thinking": False}
    assert [m["role"] for m in second["messages"]] == ["user", "assistant", "user"]
    assert second["messages"][1]["content"] == "She is."
    assert all("thinking_budget_tokens" not in body for body in rude.seen)


def test_the_key_is_sent_and_the_proxy_of_the_environment_is_not_used(
    rude: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    rude.answers = [FINE]
    assert ask(rude.composer(key="secret"))[1].text == "Yes [1]."
    assert rude.headers[0]["Authorization"] == "Bearer secret"
    assert rude.paths == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    ("dialect", "path", "body", "asked"),
    [
        ("llama.cpp", "/tokenize", {"tokens": [1, 2, 3, 4, 5]}, "content"),
        ("openai", "/extras/tokenize/count", {"count": 5}, "input"),
        ("vllm", "/tokenize", {"count": 5, "max_model_len": 8, "tokens": [1]}, "prompt"),
    ],
)
def test_each_server_is_asked_for_tokens_in_its_own_way(
    rude: Loopback, dialect: str, path: str, body: dict[str, Any], asked: str
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        known = handler.path == path and asked in rude.seen[-1]
        status = 200 if known else 404
        sends(json.dumps(body).encode(), kind="application/json", status=status)(handler)

    rude.answers = [answer]
    composer = rude.composer(dialect)
    assert composer.count_tokens(["a", "b"]) == [5, 5]
    before = len(rude.seen)
    assert composer.count_tokens(["c", "", "d"]) == [5, 0, 5]
    assert len(rude.seen) == before + 2
    assert set(rude.paths[before:]) == {path}


def test_a_server_that_counts_nothing_is_asked_once(rude: Loopback) -> None:
    rude.answers = [sends(status=404)]
    composer = rude.composer()
    assert composer.count_tokens(["abcdefg"]) == [3]
    assert len(rude.seen) == 3
    assert composer.count_tokens(["abcdefg", "naïveté"]) == [3, 3]
    assert len(rude.seen) == 3


# --- where it may go ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://llm.hospital.example/v1", "allow_hosts"),
        ("http://127.0.0.1.evil.example/v1", "allow_hosts"),
        ("http://0.0.0.0:8080/v1", "allow_hosts"),
        ("http://2130706433/v1", "allow_hosts"),
        ("ftp://127.0.0.1/v1", "http"),
        ("127.0.0.1:8080/v1", "http"),
        ("http:///v1", "host"),
        ("http://user:secret@127.0.0.1/v1", "key_variable"),
        ("http://127.0.0.1@evil.example/v1", "key_variable"),
        ("http://127.0.0.1/v1?key=secret", "path"),
        ("http://127.0.0.1/v1#a", "path"),
        ("http://127.0.0.1:99999/v1", "URL"),
        ("http://127.0.0.1\\.evil.example/v1", "host"),
        ("http://127.0.0.1/v1\n", "path"),
    ],
)
def test_addresses_that_are_refused(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        ServerComposer(url, "m", "openai", allow_hosts=("other.example",))
    assert "secret" not in str(caught.value)


def test_hosts_that_are_named_are_allowed_and_the_guard_has_the_last_word(rude: Loopback) -> None:
    composer = ServerComposer(
        "https://LLM.Hospital.example/v1/", "m", "openai", allow_hosts=("llm.hospital.example",)
    )
    with offline.guarded(), pytest.raises(NetworkBlocked):
        ask(composer)
    with offline.guarded(), pytest.raises(NetworkBlocked):
        composer.count_tokens(["a"])
    rude.answers = [FINE]
    with offline.guarded():
        assert ask(rude.composer())[1].text == "Yes [1]."
    for here in ("http://localhost:1/v1", "http://[::1]:1/v1", "https://127.0.0.9/v1"):
        ServerComposer(here, "m", "openai")


def test_a_model_that_runs_in_a_cloud_is_refused() -> None:
    for name in ("gpt-oss:120b-cloud", "gemma4:cloud"):
        with pytest.raises(ConfigError, match="makers"):
            ServerComposer("http://127.0.0.1:11434/v1", name, "ollama")


def test_settings_make_a_composer_or_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Settings(server_url="http://127.0.0.1:1/v1", server_model="m")
    assert from_settings(full).name == "server:m"
    for wrong, says in (
        (replace(full, server_url=""), "url"),
        (replace(full, server_model=""), "model"),
        (replace(full, server_key_variable="MEDRAG_TEST_KEY"), "MEDRAG_TEST_KEY"),
        (replace(full, server_url="http://far.example/v1"), "far.example"),
    ):
        with pytest.raises(ConfigError, match=says):
            from_settings(wrong)
    monkeypatch.setenv("MEDRAG_TEST_KEY", "k")
    from_settings(replace(full, server_key_variable="MEDRAG_TEST_KEY"))
    monkeypatch.setenv("MEDRAG_TEST_KEY", "k\n")
    with pytest.raises(ConfigError, match="key"):
        from_settings(replace(full, server_key_variable="MEDRAG_TEST_KEY"))


@pytest.mark.parametrize("name", ["qvac", "vllm", "llama-server", "ollama"])
def test_the_shipped_profiles_make_a_composer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDRAG_SERVER_KEY", "k")
    settings = load_settings(CONFIGS / f"{name}.toml", {})
    assert settings.generator == "server"
    assert settings.offline
    assert from_settings(settings).name == "server:medpsy-4b"
    room = settings.evidence_tokens + settings.thinking_tokens + settings.answer_tokens
    assert room + 600 <= 8192  # what the files say to start the server with


def test_a_whole_question_over_the_server_streams_and_stands(real: str, samples: Path) -> None:
    flags: dict[str, Any] = {
        "server_url": real, "server_model": "tiny", "server_dialect": "llama.cpp",
        "mode": "quotes", "thinking_tokens": 0, "evidence_tokens": 250, "answer_tokens": 250,
    }  # fmt: skip
    with Engine.open(samples, **flags) as engine:
        events = list(engine.ask_stream("At what eGFR should metformin be stopped?",
                                        generator="server"))  # fmt: skip
        assert isinstance(events[0], Verbatim)
        assert sum(isinstance(e, Working) and e.piece.phase == "write" for e in events) > 5
        assert isinstance(events[-1], Done)
        answer = events[-1].answer
        assert answer.generator == "server:tiny"
        assert any(warning.startswith("UNVERIFIED MODEL") for warning in answer.warnings)
        for claim in answer.claims:
            evidence = claim.verdict.evidence
            assert evidence is not None
            assert claim.verdict.label == "supported"
            [source] = answer.sources_of(claim)
            text = engine.document(source.passage.document.id).text
            assert text[evidence.start : evidence.end] == evidence.quote


def test_a_server_that_is_gone_leaves_the_verbatim_answer(samples: Path) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    flags: dict[str, Any] = {"server_url": url, "server_model": "tiny", "server_retries": 0}
    with Engine.open(samples, **flags) as engine:
        question = "At what eGFR should metformin be stopped?"
        answer = engine.ask(question, generator="server")
        assert answer.text == engine.ask(question, generator="extractive").text
        assert answer.warnings[-1].startswith("Verbatim answer only.")
