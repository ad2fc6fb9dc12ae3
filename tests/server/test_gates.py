"""The gates in front of every door, on a real server: size, time, host and headers."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from medrag.server import gates
from medrag.server.gates import CONTENT_POLICY, BodyLimit, HostCheck, SecurityHeaders
from medrag.server.settings import ServeSettings

BODY, UPLOAD = 10_000, 3_000_000


class Doors:
    """What came through the gates."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.gone = threading.Event()

    async def length(self, request: Request) -> Response:
        body = await request.body()
        self.read.append(len(body))
        return JSONResponse({"length": len(body)})

    async def page(self, request: Request) -> Response:
        return HTMLResponse("<p>hello", headers={"cache-control": "public"})

    async def stream(self, request: Request) -> Response:
        async def parts():
            try:
                for _ in range(1000):
                    yield b"tick\n"
                    await asyncio.sleep(0.05)
            finally:
                self.gone.set()

        return StreamingResponse(parts(), media_type="text/event-stream")

    def app(self, serve: ServeSettings, tls: bool = False) -> Starlette:
        paths = ["/v1/documents", "/v1/ask", "/v1/documents/x", "/mcp"]
        app = Starlette(
            routes=[
                *(Route(path, self.length, methods=["POST", "GET", "PUT"]) for path in paths),
                *(
                    Route(path, self.page)
                    for path in ("/", "/widget.js", "/static/page.css", "/static2", "/healthz")
                ),
                Route("/stream", self.stream),
            ]
        )
        app.add_middleware(
            BodyLimit,
            body_bytes=serve.body_bytes,
            upload_bytes=serve.upload_bytes,
            body_seconds=serve.body_seconds,
        )
        app.add_middleware(HostCheck, serve=serve)
        app.add_middleware(SecurityHeaders, tls=tls)
        return app


@contextmanager
def serving(app: object) -> Iterator[int]:
    config = uvicorn.Config(app, port=0, log_config=None, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@pytest.fixture(scope="module")
def every() -> Iterator[tuple[int, Doors]]:
    doors = Doors()
    serve = ServeSettings(body_bytes=BODY, upload_bytes=UPLOAD, body_seconds=0.5)
    with pytest.MonkeyPatch.context() as patch, serving(doors.app(serve)) as port:
        patch.setattr(gates, "_DRAIN_SECONDS", 0.2)
        yield port, doors


@pytest.fixture
def doors(every: tuple[int, Doors]) -> Doors:
    every[1].read.clear()
    return every[1]


@pytest.fixture
def port(every: tuple[int, Doors]) -> int:
    return every[0]


def answer(sock: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, to the end of the body or the connection."""
    sock.settimeout(10)
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        assert part, data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    found = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
    while len(body) < int(found.get("content-length", 0)):
        part = sock.recv(65536)
        assert part
        body += part
    return int(lines[0].split()[1]), found, body


def closed(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def ask(port: int, method: str, path: str, body: bytes = b"", **extra: str):
    own = {name.replace("_", "-"): value for name, value in extra.items()}
    lines = {"Host": "localhost", "Content-Length": str(len(body)), **own}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with connect(port) as sock:
        sock.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        return answer(sock)


def test_what_is_within_the_limits_comes_through(port: int, doors: Doors) -> None:
    assert ask(port, "POST", "/v1/ask", b"x" * BODY)[0] == 200
    assert ask(port, "POST", "/v1/documents", b"x" * UPLOAD)[0] == 200
    assert ask(port, "GET", "/v1/ask")[0] == 200
    assert doors.read == [BODY, UPLOAD, 0]


@pytest.mark.parametrize(
    "method, path, size",
    [
        ("POST", "/v1/ask", BODY + 1),
        ("POST", "/mcp", UPLOAD),
        ("PUT", "/v1/documents", BODY + 1),
        ("POST", "/v1/documents/x", BODY + 1),
        ("GET", "/v1/documents", BODY + 1),
        ("POST", "/v1/documents", UPLOAD + 1),
    ],
)
def test_too_large_by_its_own_word_is_refused_unread(port, doors, method, path, size) -> None:
    with connect(port) as sock:
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
        sock.sendall(head.encode())
        status, headers, body = answer(sock)  # although nothing of the body was sent
        assert (status, headers["connection"]) == (413, "close")
        assert set(json.loads(body)) == {"error", "remedy"}
        assert closed(sock)
    assert doors.read == []


def test_a_client_that_sends_it_all_first_still_reads_why(port: int, doors: Doors) -> None:
    status, _, body = ask(port, "POST", "/v1/ask", b"x" * 2_000_000)
    assert status == 413 and "10,000 bytes" in json.loads(body)["error"]
    assert doors.read == []


def test_a_client_that_waits_for_permission_gets_none(port: int, doors: Doors) -> None:
    found = ask(port, "POST", "/v1/ask", Content_Length=str(10**9), Expect="100-continue")
    assert found[0] == 413, "not 100"
    assert ask(port, "POST", "/v1/ask", b"hi", Expect="100-continue")[0] == 100
    assert doors.read in ([], [2])


@pytest.mark.parametrize("length", ["1" * 19, "9" * 18])
def test_absurd_lengths(port: int, length: str) -> None:
    assert ask(port, "POST", "/v1/ask", Content_Length=length)[0] == 413


@pytest.mark.parametrize("path, most", [("/v1/ask", BODY), ("/v1/documents", UPLOAD)])
def test_a_body_without_a_length_is_counted(port: int, doors: Doors, path: str, most: int) -> None:
    piece = most // 4
    chunk = b"%x\r\n%s\r\n" % (piece, b"x" * piece)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(port) as sock:
        sock.sendall(head.encode() + chunk * 4 + b"0\r\n\r\n")
        assert answer(sock)[0] == 200
    with connect(port) as sock:
        sock.sendall(head.encode() + chunk * 4 + b"1\r\ny\r\n0\r\n\r\n")
        status, headers, _ = answer(sock)
        assert (status, headers["connection"]) == (413, "close")
    assert doors.read == [piece * 4]


def test_a_body_that_stops_coming_is_given_up(port: int, doors: Doors) -> None:
    began = time.monotonic()
    with connect(port) as sock:
        sock.sendall(b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhi")
        status, headers, body = answer(sock)
        assert (status, headers["connection"]) == (408, "close")
        assert set(json.loads(body)) == {"error", "remedy"}
        assert closed(sock)
    assert 0.4 < time.monotonic() - began < 3
    assert doors.read == []


def test_a_body_that_is_dripped_is_given_up_too(port: int, doors: Doors) -> None:
    began = time.monotonic()
    with connect(port) as sock:
        sock.sendall(b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        sock.settimeout(0.1)
        data = b""
        while not data and time.monotonic() - began < 5:
            sock.sendall(b"x")  # never a pause as long as the longest
            try:
                data = sock.recv(1000)
            except TimeoutError:
                continue
        assert data.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 3
    assert doors.read == []


def test_a_slow_but_steady_body_comes_through(port: int, doors: Doors) -> None:
    with connect(port) as sock:
        sock.sendall(b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(10):
            time.sleep(0.1)  # twice the longest pause in all
            sock.sendall(b"x" * 500)
        assert answer(sock)[0] == 200
    assert doors.read == [5000]


def test_a_long_answer_is_not_a_slow_body(port: int, doors: Doors) -> None:
    with connect(port) as sock:
        sock.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sock.settimeout(5)
        data, began = b"", time.monotonic()
        while time.monotonic() - began < 1.2:
            part = sock.recv(1000)
            assert part
            data += part
        assert data.count(b"tick") > 10
    assert doors.gone.wait(5), "the door hears that the client has left"


@pytest.mark.parametrize(
    "path, host, status",
    [
        ("/", "localhost", 200),
        ("/", "127.0.0.1:8642", 200),
        ("/", "evil.example", 421),
        ("/v1/ask", "evil.example:8642", 421),
        ("/healthz", "evil.example", 200),
        ("/", "", 400),
    ],
)
def test_only_names_of_this_server(port: int, path: str, host: str, status: int) -> None:
    if host:
        found, _, body = ask(port, "GET", path, Host=host)
        assert found == status
        assert b"evil" not in body
    else:
        with connect(port) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert answer(sock)[0] == status


def test_two_hosts_are_no_host(port: int) -> None:
    with connect(port) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert answer(sock)[0] == 400


def test_headers_of_every_answer(port: int) -> None:
    for path in ("/", "/v1/ask", "/nothing"):
        _, headers, _ = ask(port, "GET", path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers
    refused = ask(port, "GET", "/", Host="evil.example")[1]
    assert refused["x-content-type-options"] == "nosniff"


def test_what_the_page_may_load(port: int) -> None:
    headers = ask(port, "GET", "/")[1]
    assert (
        headers["content-security-policy"]
        == CONTENT_POLICY
        == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        )
    )
    assert "content-security-policy" not in ask(port, "GET", "/v1/ask")[1]


@pytest.mark.parametrize(
    "path, policy",
    [
        ("/widget.js", "cross-origin"),
        ("/static/page.css", "cross-origin"),
        ("/static2", "same-origin"),
    ],
)
def test_only_the_widget_may_be_loaded_elsewhere(port: int, path: str, policy: str) -> None:
    assert ask(port, "GET", path)[1]["cross-origin-resource-policy"] == policy


def test_answers_with_content_are_never_stored(port: int) -> None:
    for path in ("/v1/ask", "/mcp", "/v1/nothing"):
        assert ask(port, "GET", path)[1]["cache-control"] == "no-store"
    assert ask(port, "GET", "/")[1]["cache-control"] == "public"


def test_with_tls_browsers_are_told_to_come_that_way() -> None:
    with serving(Doors().app(ServeSettings(), tls=True)) as port:
        assert ask(port, "GET", "/")[1]["strict-transport-security"] == "max-age=31536000"
