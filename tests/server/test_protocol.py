"""The head of a request: its time, its size, and framing with one meaning, by raw sockets."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from medrag.server import protocol
from medrag.server.protocol import HEAD_BYTES, ambiguous, protocol_class

SECONDS = 0.4


class Echo:
    """An application that counts the requests it was given."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.ended = threading.Event()

    async def __call__(self, scope, receive, send) -> None:
        self.paths.append(scope["path"])
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            if scope["path"] == "/slow":
                for _ in range(16):
                    await send({"type": "http.response.body", "body": b".", "more_body": True})
                    await asyncio.sleep(0.05)
            if scope["path"] == "/flood":
                for _ in range(2000):
                    body = b"x" * 65536
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                    await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b"read %d" % size})
        finally:
            self.ended.set()


@pytest.fixture(scope="module", params=["httptools", "h11"])
def running(request: pytest.FixtureRequest) -> Iterator[tuple[int, Echo]]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "h11":
            patch.setattr(protocol, "_on_httptools", protocol._on_h11)
        made = protocol_class(SECONDS, stall_seconds=1.0)
    assert request.param in made.__mro__[1].__name__.lower()
    echo = Echo()
    config = uvicorn.Config(
        echo, http=made, log_config=None, ws="none", lifespan="off", timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1], echo
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture
def server(running: tuple[int, Echo]) -> tuple[int, Echo]:
    running[1].paths.clear()
    running[1].ended.clear()
    return running


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def to_the_end(sock: socket.socket) -> bytes:
    data = b""
    try:
        while part := sock.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return data


def until(sock: socket.socket, text: bytes) -> bytes:
    data = b""
    while text not in data:
        part = sock.recv(65536)
        assert part, data
        data += part
    return data


GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"


def test_ordinary_requests_are_answered_one_after_the_other(server) -> None:
    port, echo = server
    with connect(port) as sock:
        for _ in range(3):
            sock.sendall(GET)
            assert until(sock, b"read 0\r\n0\r\n\r\n").startswith(b"HTTP/1.1 200")
            time.sleep(SECONDS / 5)
        sock.sendall(b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        until(sock, b"read 5")
        sock.sendall(
            b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
        )
        until(sock, b"read 2")
    assert echo.paths == ["/a", "/a", "/a", "/b", "/c"]


def test_pipelined_requests_are_all_answered(server) -> None:
    port, echo = server
    with connect(port) as sock:
        sock.sendall(GET * 3)
        data = b""
        while data.count(b"read 0") < 3:
            data += sock.recv(65536)
    assert echo.paths == ["/a"] * 3


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


def test_an_offer_to_change_the_protocol_is_passed_over(server) -> None:
    port, echo = server
    with connect(port) as sock:
        sock.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n" + OFFER + b"\r\n")
        assert until(sock, b"read 0").startswith(b"HTTP/1.1 200")
    assert echo.paths == ["/a"]


# h11 reads the body as any other.
@pytest.mark.parametrize("running", ["httptools"], indirect=True)
@pytest.mark.parametrize("framing", [b"Content-Length: 38", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("pause", [0, 0.1])
def test_a_body_behind_an_upgrade_is_no_second_request(server, framing, pause) -> None:
    port, echo = server
    with connect(port) as sock:
        sock.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n" + OFFER + b"\r\n")
        time.sleep(pause)
        with contextlib.suppress(OSError):
            sock.sendall(HIDDEN)
        data = to_the_end(sock)
    assert not data or data.startswith(b"HTTP/1.1 400 ")
    assert data.count(b"\r\n\r\n") <= 1 and echo.paths == []


@pytest.mark.parametrize("running", ["httptools"], indirect=True)
def test_nothing_follows_an_upgrade(server) -> None:
    port, echo = server
    with connect(port) as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n" + OFFER + b"\r\n")
        time.sleep(0.1)
        sock.sendall(HIDDEN)
        data = to_the_end(sock)
    assert data.count(b"HTTP/1.1 200") == 1 and b"connection: close" in data
    assert echo.paths == ["/slow"]


@pytest.mark.parametrize("start", [b"", b"G", b"GET /a HTTP/1.1\r\nHost: x\r\nA: b"])
def test_a_head_that_never_ends_is_hung_up_on(server, start: bytes) -> None:
    port, echo = server
    began = time.monotonic()
    with connect(port) as sock:
        sock.sendall(start)
        assert to_the_end(sock) == b""
    assert SECONDS * 0.8 < time.monotonic() - began < SECONDS + 1.5
    assert echo.paths == []


def drip(sock: socket.socket, text: bytes) -> float:
    """How long a head may be dripped, a byte at a time."""
    began = time.monotonic()
    sock.settimeout(0.05)
    for number in range(200):
        try:
            sock.sendall(text[number % len(text) :][:1])
            if sock.recv(100) == b"":
                break
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
    return time.monotonic() - began


def test_a_head_that_is_dripped_is_hung_up_on(server) -> None:
    port, echo = server
    with connect(port) as sock:
        sock.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\nCookie: ")
        assert drip(sock, b"a") < SECONDS + 1
    with connect(port) as sock:  # lines before a request: h11 refuses them at once
        assert drip(sock, b"\r\n") < SECONDS + 1
    assert echo.paths == []


def test_the_clock_runs_again_for_the_next_request(server) -> None:
    port, echo = server
    with connect(port) as sock:
        sock.sendall(GET)
        until(sock, b"read 0")
        time.sleep(SECONDS * 1.5)  # keep-alive: nothing has begun
        sock.sendall(GET)
        until(sock, b"read 0\r\n0\r\n\r\n")
        sock.sendall(b"GET /never HTTP/1.1\r\n")
        began = time.monotonic()
        assert to_the_end(sock) == b""
        assert time.monotonic() - began < SECONDS + 1
    with connect(port) as sock:
        sock.sendall(GET)
        until(sock, b"read 0")
        assert drip(sock, b"\r\n") < SECONDS + 1
    assert echo.paths == ["/a"] * 3


def test_the_clock_stops_while_a_request_is_answered(server) -> None:
    port, _ = server
    with connect(port) as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        until(sock, b"read 0")
    with connect(port) as sock:
        sock.sendall(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
        time.sleep(SECONDS * 2)  # slow bodies are another gate's
        sock.sendall(b"hi")
        until(sock, b"read 2")
    with connect(port) as sock:  # half of the next request does not end this one's answer
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /a HT")
        until(sock, b"read 0")
        assert b"200" not in to_the_end(sock)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * HEAD_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * (HEAD_BYTES // 5) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A" * 2 * HEAD_BYTES,
    ],
)
def test_large_heads_are_refused(server, head: bytes) -> None:
    port, echo = server
    with connect(port) as sock:
        for at in range(0, len(head), 8192):
            try:
                sock.sendall(head[at : at + 8192])
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(0.005)
        data = to_the_end(sock)
    assert data.startswith(b"HTTP/1.1 431 ") or data == b"", data[:60]
    assert echo.paths == []


def test_a_large_head_is_told_so(server) -> None:
    port, _ = server
    with connect(port) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * (HEAD_BYTES + 10) + b"\r\n\r\n")
        assert to_the_end(sock).startswith(b"HTTP/1.1 431 ")


def test_a_head_just_below_the_limit_is_taken(server) -> None:
    port, _ = server
    with connect(port) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * (HEAD_BYTES - 200) + b"\r\n\r\n")
        assert until(sock, b"read 0").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Content-Length: 5\r\nContent-Length: 0",
        b"Content-Length: +5",
        b"Content-Length: -5",
        b"Content-Length: 0x5",
        b"Content-Length : 5",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding:\x0bchunked",
        b"X: a\rContent-Length: 5",
        b"X: a\x00b",
        b": a",
    ],
)
def test_framing_that_can_be_read_in_two_ways_is_refused(server, headers: bytes) -> None:
    refused(*server, headers)


# The standard lets a server join these to one length and one line; h11 does.
@pytest.mark.parametrize("running", ["httptools"], indirect=True)
@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 0\r\nContent-Length: 0",
        b"Content-Length: 0, 0",
        b"X: a\r\n folded: b",
    ],
)
def test_what_might_be_joined_is_refused_as_well(server, headers: bytes) -> None:
    refused(*server, headers)


def refused(port: int, echo: Echo, headers: bytes) -> None:
    with connect(port) as sock:
        sock.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n0\r\n\r\n" + HIDDEN)
        data = to_the_end(sock)
    assert data.startswith(b"HTTP/1.1 400 "), data
    assert data.count(b"\r\n\r\n") == 1
    assert echo.paths == []


def test_chunks_are_for_http_1_1(server) -> None:
    port, echo = server
    with connect(port) as sock:
        sock.sendall(b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN)
        assert to_the_end(sock).startswith(b"HTTP/1.1 400 ")
    assert echo.paths == []


def test_a_client_that_never_reads_is_hung_up_on(server) -> None:
    port, echo = server
    with connect(port) as sock:
        sock.sendall(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
        assert echo.ended.wait(8), "the application is not kept waiting for ever"
        assert len(to_the_end(sock)) < 2000 * 65536


NAMES = st.sampled_from([b"content-length", b"transfer-encoding", b"x"])
VALUES = st.sampled_from([b"0", b"5", b"chunked", b"Chunked ", b"identity", b"5, 5", b""])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.sampled_from(["1.0", "1.1"]))
def test_only_two_framings_are_clear(headers, version: str) -> None:
    framing = [(name, value.strip().lower()) for name, value in headers if name != b"x"]
    clear = (
        not framing
        or (len(framing) == 1 and framing[0][0] == b"content-length" and framing[0][1].isdigit())
        or (framing == [(b"transfer-encoding", b"chunked")] and version == "1.1")
    )
    assert ambiguous(headers, version) is not clear
