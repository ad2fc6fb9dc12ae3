"""Attacks below HTTP: framing with two meanings, floods without an end, clients that wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server.attack_helpers import (
    ANSWER,
    LINUX,
    answers,
    connect,
    head,
    memory,
    own_server,
    refused,
    say,
    to_the_end,
)
from tests.server.conftest import Running

pytestmark = LINUX

TOML = """
[serve]
header_seconds = 1
body_seconds = 1
body_bytes = 50_000
[proxy]
addresses = ["127.0.0.2"]
collections = ["default"]
"""
PROXY = "127.0.0.2"
ASK = b'{"question": "At what eGFR should metformin be stopped?"}'
KIND = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def hasty(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that waits for no one for more than a second."""
    with own_server(samples, tmp_path_factory.mktemp("hasty"), TOML) as running:
        yield running


@pytest.fixture(autouse=True)
def still_answers(hasty: Running) -> Iterator[None]:
    yield
    assert hasty.process.poll() is None
    answers(hasty)


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


# Framing

HIDDEN = b"GET /v1/documents HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
TWO_WAYS = {
    "CL and TE": ("Content-Length: 5", CHUNKED),
    "TE and CL": (CHUNKED, "Content-Length: 5"),
    "two CL": ("Content-Length: 5", "Content-Length: 0"),
    "two CL that agree": ("Content-Length: 0", "Content-Length: 0"),
    "CL as a list": ("Content-Length: 5, 5",),
    "CL with a sign": ("Content-Length: +5",),
    "CL in hexadecimal": ("Content-Length: 0x5",),
    "CL below zero": ("Content-Length: -5",),
    "CL with a space": ("Content-Length : 5",),
    "two TE": (CHUNKED, "Transfer-Encoding: identity"),
    "TE that ends otherwise": ("Transfer-Encoding: chunked, identity",),
    "unknown TE": ("Transfer-Encoding: xchunked",),
    "TE with a tab": ("Transfer-Encoding:\x0bchunked",),
    "a folded line": ("X: a", " Transfer-Encoding: chunked"),
    "a bare CR": ("X: a\rContent-Length: 5",),
    "a NUL": ("X: a\x00b",),
    "an empty name": (": x",),
    "a change to HTTP/2 with a body": (
        "Connection: Upgrade",
        "Upgrade: h2c",
        "Content-Length: 90",
    ),
}


@pytest.mark.parametrize("headers", TWO_WAYS.values(), ids=TWO_WAYS)
def test_a_request_inside_a_request_is_never_answered(
    hasty: Running, headers: tuple[str, ...]
) -> None:
    inside = HIDDEN % hasty.keys["admin"].encode()
    first = head(hasty, "POST /v1/ask", KIND, *headers, key="reader")
    with connect(hasty) as raw:
        with suppress(ConnectionError):
            raw.sendall(first + b"0\r\n\r\n" + inside)
        data = to_the_end(raw)
    assert data.startswith(b"HTTP/1.1 400 ") and len(ANSWER.findall(data)) == 1
    assert b"metformin" not in data.lower()


@pytest.mark.parametrize(
    "line",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /v1/me HTTP/0.9\r\n\r\n",
        b"GET /v1/me HTTP/3.0\r\nHost: localhost\r\n\r\n",
        b"GET /v1/me\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/me HTTP/1.1\r\n\r\n",
        b"GET /v1/me HTTP/1.0\r\n\r\n",
        b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
        bytes(range(256)) * 8,
    ],
)
def test_what_is_no_request_for_this_server_is_400(hasty: Running, line: bytes) -> None:
    reply = say(hasty, line)
    assert reply.status == 400 and reply.count == 1


def test_requests_sent_at_once_are_answered_one_by_one_as_themselves(hasty: Running) -> None:
    with connect(hasty) as raw:
        keys = ("reader", "admin", "closed")
        raw.sendall(b"".join(head(hasty, "GET /v1/me", key=key) for key in keys))
        raw.sendall(head(hasty, "GET /v1/me", "Connection: close"))
        data = to_the_end(raw)
    assert data.count(b"HTTP/1.1 200") == 3 and data.count(b"HTTP/1.1 401") == 1
    where = [data.index(name) for name in (b'"ward"', b'"chief"', b'"fund"', b"needs a key")]
    assert where == sorted(where)


# Headers behind the body


@pytest.mark.parametrize("at_once", [True, False])
def test_nobody_signs_on_by_what_follows_a_body(hasty: Running, at_once: bool) -> None:
    """A trailer looks like a header, and a proxy that cleans headers may let it through."""
    key = hasty.keys["admin"]
    for source, trailer in (
        (PROXY, "X-Remote-User: chief"),
        ("", f"Authorization: Bearer {key}"),
    ):
        first = head(hasty, "POST /v1/ask", KIND, CHUNKED) + chunk(ASK)
        pieces = [first, b"0\r\n" + trailer.encode() + b"\r\n\r\n"]
        refused(say(hasty, b"".join(pieces) if at_once else pieces, source), 401)
    signed = head(hasty, "POST /v1/ask", KIND, CHUNKED, "X-Remote-User: anna")
    reply = say(hasty, signed + chunk(ASK) + b"0\r\nX-Remote-User: chief\r\n\r\n", PROXY)
    assert reply.status == 200, "only the header counts"


FLOODS = {
    "a trailer without an end": (CHUNKED, b"0\r\nX: ", b"a" * 65536),
    "a trailer's name without an end": (CHUNKED, b"0\r\n", b"a" * 65536),
    "trailers without an end": (CHUNKED, b"0\r\n", b"a: b\r\n" * 10_000),
    "a chunk's size without an end": (CHUNKED, b"5;", b"a" * 65536),
    "chunks of one byte": (CHUNKED, b"", b"1\r\na\r\n" * 10_000),
    "a header without an end": ("X: a", None, b"a" * 65536),
    "headers without an end": ("X: a", None, b"a: b\r\n" * 10_000),
    "a longer body than was said": ("Content-Length: 9", b"", b"a" * 65536),
}


@pytest.mark.parametrize("key", ["", "reader"])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_is_hung_up_on_and_fills_no_memory(
    hasty: Running, flood: tuple[str, bytes | None, bytes], key: str
) -> None:
    header, start, unit = flood
    request = head(hasty, "POST /v1/ask", KIND, header, key=key)
    request = request[:-4] if start is None else request + start
    before, began, sent = memory(hasty), time.monotonic(), 0
    with connect(hasty) as raw, suppress(ConnectionError):
        raw.sendall(request)
        while time.monotonic() - began < 8:
            raw.sendall(unit)
            sent += len(unit)
    assert time.monotonic() - began < 5, "it was hung up on"
    assert memory(hasty) - before < 20_000_000, f"{sent:,} bytes were sent"


# Size


def test_a_body_that_is_too_large_is_refused(hasty: Running) -> None:
    for length in ("50001", "99999999999", "9" * 18):
        request = head(hasty, "POST /v1/ask", KIND, f"Content-Length: {length}", key="reader")
        refused(say(hasty, request), 413)
    first = head(hasty, "POST /v1/ask", KIND, CHUNKED, key="reader")
    refused(say(hasty, [first, *(chunk(b" " * 10_000) for _ in range(6))]), 413)


@pytest.mark.parametrize(
    "lines",
    [
        ["X: " + "a" * 40_000],
        [f"X-{number}: a" for number in range(10_000)],
        ["Cookie: a=" + "b" * 33_000],
        ["A" * 40_000 + ": x"],
    ],
    ids=["one long", "many", "a cookie", "a long name"],
)
def test_headers_that_are_too_large_are_refused(hasty: Running, lines: list[str]) -> None:
    reply = say(hasty, head(hasty, "GET /v1/me", *lines, key="reader"))
    assert reply.status == 431 or (reply.status == 0 and reply.hung_up)
    path = say(hasty, head(hasty, f"GET /{'a' * 40_000}"))
    assert path.status == 431 or path.hung_up


# Time


@pytest.mark.parametrize("kind", ["silence", "a line", "a drip", "empty lines"])
def test_a_head_that_does_not_come_is_hung_up_on(hasty: Running, kind: str) -> None:
    start = {"a line": b"GET / HTTP/1.1\r\n", "a drip": b"GET /"}.get(kind, b"")
    drip = {"a drip": b"a", "empty lines": b"\r\n"}.get(kind)
    began = time.monotonic()
    with connect(hasty) as raw:
        raw.sendall(start)
        if drip:
            with suppress(ConnectionError):
                while time.monotonic() - began < 5:
                    raw.sendall(drip)
                    time.sleep(0.1)
        assert b"200" not in to_the_end(raw)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("drip", [b"", b" "])
def test_a_body_that_does_not_come_is_given_up(hasty: Running, drip: bytes) -> None:
    began = time.monotonic()
    with connect(hasty) as raw:
        raw.sendall(head(hasty, "POST /v1/ask", KIND, "Content-Length: 4000", key="reader"))
        raw.settimeout(0.1)
        while time.monotonic() - began < 6:
            with suppress(ConnectionError):
                raw.sendall(drip)
            with suppress(TimeoutError):
                assert b" 408 " in raw.recv(4096)
                break
    assert time.monotonic() - began < 4
