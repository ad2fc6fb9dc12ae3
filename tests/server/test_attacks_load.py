"""Attacks by sheer number: guesses, floods of questions, clients that wait, leave or never read."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from medrag.server.keys import KeyStore
from tests.server.attack_helpers import (
    LINUX,
    METFORMIN,
    answers,
    connect,
    head,
    memory,
    own_server,
    read_one,
    refused,
    say,
    to_the_end,
)
from tests.server.conftest import Running

pytestmark = [LINUX, pytest.mark.slow]

ASK = b'{"question": "At what eGFR should metformin be stopped?"}'
SEARCH = b'{"query": "metformin", "k": 100}'
KIND = "Content-Type: application/json"
CROWDED = """
[serve]
header_seconds = 1
answers_at_once = 1
queue_per_caller = 5
queue = 20
"""
COUNTED = """
[serve]
host = "0.0.0.0"
requests_per_minute = 40
asks_per_minute = 5
"""


@pytest.fixture(scope="module")
def crowded(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that answers one question at a time."""
    with own_server(samples, tmp_path_factory.mktemp("crowded"), CROWDED) as running:
        yield running


@pytest.fixture(scope="module")
def counted(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that lets a key ask five times a minute."""
    with own_server(samples, tmp_path_factory.mktemp("counted"), COUNTED) as running:
        running.address = running.address.replace("0.0.0.0", "127.0.0.1")
        yield running


def fresh(server: Running, name: str, role: Any = "reader") -> str:
    """A key that nothing was counted for yet."""
    server.keys[name] = KeyStore(server.library).add(name, role, ["default"])[1]
    return name


# Counted


def test_too_many_questions_of_one_key_are_turned_away(counted: Running) -> None:
    with counted.client(fresh(counted, "greedy")) as greedy:
        replies = [greedy.post("/v1/ask", json={"question": METFORMIN}) for _ in range(8)]
        assert [reply.status_code for reply in replies] == [200] * 5 + [429] * 3
        assert 1 <= int(replies[-1].headers["retry-after"]) <= 60
        refused(replies[-1], 429)
        pairs = {"pairs": [{"claim": "x", "evidence": "x"}]}
        assert greedy.post("/v1/verify", json=pairs).status_code == 429, "a question as well"
        chat = {"model": "medrag", "messages": [{"role": "user", "content": METFORMIN}]}
        told = greedy.post("/v1/chat/completions", json=chat)
        assert told.status_code == 429 and told.headers["retry-after"]
        assert told.json()["error"]["code"] == "rate_limit_exceeded"
        assert greedy.post("/v1/search", json={"query": "x"}).status_code == 200
    answers(counted, fresh(counted, "another"))


def test_too_many_requests_of_one_key_are_turned_away(counted: Running) -> None:
    with counted.client(fresh(counted, "busy")) as busy:
        codes = [busy.get("/v1/me").status_code for _ in range(60)]
        assert codes[:40] == [200] * 40 and codes[-1] == 429
        for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Remote-User"):
            again = busy.get("/v1/me", headers={header: "10.9.8.7"})
            assert again.status_code == 429, "no header makes somebody another"
    answers(counted, fresh(counted, "a third"))


def test_who_guesses_keys_is_turned_away_and_nobody_else(counted: Running) -> None:
    """Whoever has a right key at the same address goes on: one who guesses locks nobody out."""
    name = fresh(counted, "patient")
    guesses = [f"mr_{number:08x}_{'A' * 43}" for number in range(30)]
    path, source = "GET /v1/me", "127.0.3.1"
    codes = [say(counted, head(counted, path, key=key), source).status for key in guesses]
    assert codes == [401] * 20 + [429] * 10
    lie = head(counted, path, "X-Forwarded-For: 10.9.8.7", key=guesses[0])
    reply = say(counted, lie, source)
    refused(reply, 429)
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    for other in (source, "127.0.3.2"):
        assert say(counted, head(counted, path, key=name), other).status == 200
    assert say(counted, head(counted, path, key=guesses[0]), "127.0.3.2").status == 401
    answers(counted, fresh(counted, "a fourth"))


def test_who_is_turned_away_without_a_key_does_not_fill_the_audit(counted: Running) -> None:
    folder = counted.library / "audit"

    def size() -> int:
        return sum(file.stat().st_size for file in folder.iterdir())

    before = size()
    request = head(counted, "GET /v1/documents")
    with connect(counted, "127.0.4.1") as raw:
        for _ in range(300):
            raw.sendall(request)
            assert read_one(raw).status == 401
    time.sleep(0.3)
    assert 0 < size() - before < 40_000, "60 of a minute are on record, not 300"
    answers(counted, fresh(counted, "a fifth"))


# Crowded


def test_a_flood_of_questions_of_one_key_does_not_starve_another(crowded: Running) -> None:
    """More than queue_per_caller are refused at once; whoever else asks is next but one."""
    flood = head(crowded, "POST /v1/ask", KIND, f"Content-Length: {len(ASK)}", key="admin") + ASK
    with ExitStack() as stack:
        held = [stack.enter_context(connect(crowded)) for _ in range(40)]
        for raw in held:
            raw.sendall(flood)
        answers(crowded)
        replies = [read_one(raw) for raw in held]
    codes = sorted({reply.status for reply in replies})
    assert codes == [200, 429]
    for reply in replies:
        if reply.status == 429:
            assert int(reply.headers["retry-after"]) >= 1


def test_many_long_pairs_to_verify_keep_nobody_waiting(crowded: Running) -> None:
    """As many as a body holds, of what takes the checks longest; the attacker then leaves."""
    # Needs sentences() in medrag/text.py to take linear time: initials ("A. A. A.") take quadratic.
    text = "A. " * 6_000
    pairs = [{"claim": f"{n} {text}", "evidence": f"{n + 50} {text}"} for n in range(24)]

    def verify() -> None:
        with crowded.client("admin") as chief, suppress(httpx2.TimeoutException):
            chief.post("/v1/verify", json={"pairs": pairs}, timeout=6)

    attacker = threading.Thread(target=verify)
    attacker.start()
    try:
        time.sleep(0.5)
        for _ in range(2):
            began = time.monotonic()
            answers(crowded)
            assert time.monotonic() - began < 6
    finally:
        attacker.join()


def test_hundreds_that_only_connect_keep_nobody_out(crowded: Running) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(crowded)) for _ in range(400)]
        answers(crowded)
        time.sleep(1.3)
        for raw in idle:
            assert to_the_end(raw) == b"", "hung up on after header_seconds"


def test_clients_that_never_read_keep_nobody_waiting(crowded: Running) -> None:
    """Each asks for a hundred large answers, and streams, and takes in none of it."""
    length = f"Content-Length: {len(SEARCH)}"
    search = head(crowded, "POST /v1/search", KIND, length, key="admin") + SEARCH
    body = ASK[:-1] + b', "stream": true}'
    length = f"Content-Length: {len(body)}"
    stream = head(crowded, "POST /v1/ask", KIND, length, key="admin") + body
    before = memory(crowded)
    with ExitStack() as stack:
        held = [stack.enter_context(connect(crowded, buffer=2048)) for _ in range(12)]
        for raw in held:
            raw.settimeout(0.05)
            with suppress(TimeoutError):
                raw.sendall(stream + search * 100)
        times = []
        for _ in range(5):
            began = time.monotonic()
            answers(crowded)
            times.append(time.monotonic() - began)
        assert sorted(times)[2] < 5
        # What was asked stays unasked as long as the answers before it are not taken.
        assert memory(crowded) - before < 100_000_000
        assert threads(crowded) < 100
        with suppress(TimeoutError):
            assert read_one(held[0]).status == 200
    time.sleep(0.2)


def threads(server: Running) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))


def test_clients_that_vanish_leave_no_work_behind(crowded: Running) -> None:
    body = ASK[:-1] + b', "stream": true}'
    request = head(crowded, "POST /v1/ask", KIND, f"Content-Length: {len(body)}", key="reader")

    def vanish() -> None:
        for _ in range(10):
            raw = connect(crowded)
            raw.sendall(request + body)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            raw.close()  # a reset, in the middle of the answer

    crowd = [threading.Thread(target=vanish) for _ in range(5)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    until = time.monotonic() + 15
    with crowded.client("admin") as chief:
        while True:
            figures = chief.get("/metrics").text
            if 'medrag_running{queue="verbatim"} 0.0' in figures:
                break
            assert time.monotonic() < until, figures
            time.sleep(0.1)
    assert 'medrag_waiting{queue="verbatim"} 0.0' in figures
    assert "medrag_engines_lent 0.0" in figures
