"""What the tests of attacks share: bytes as no client would send them, and the proof that the
server still answers."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.server.conftest import Running, make_library, start

METFORMIN = "At what eGFR should metformin be stopped?"
STOP = "Stop metformin when eGFR is below 30 mL/min/1.73 m2."
SECRETS = ("4711 euros", "zanthoxylum", "staff-fund", "Staff fund", "cupboard")
"""Words that stand in the closed collection alone."""
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="Needs /proc, and all of 127.0.0.0/8 as own addresses."
)
ANSWER = re.compile(rb"HTTP/1\.1 \d{3} ")
"""How an answer begins."""
FORM = {"content-type": "multipart/form-data; boundary=b"}


@contextmanager
def own_server(
    samples: Path, folder: Path, toml: str = "", *, keyless: bool = False
) -> Iterator[Running]:
    """A server with a library of its own, and keys or none, for the tests of one module."""
    if keyless:
        library, keys = folder / "library", {}
        shutil.copytree(samples, library)
    else:
        library, keys = make_library(samples, folder)
    config = folder / "medrag.toml"
    config.write_text(toml, "utf-8")
    running = start(library, config, keys)
    try:
        yield running
    finally:
        running.stop()


def answers(server: Running, who: str | None = "reader") -> None:
    """Assert that the server answers a proper question properly."""
    with server.client(who) as client:
        reply = client.post("/v1/ask", json={"question": METFORMIN})
    assert reply.status_code == 200, reply.text
    assert STOP in reply.json()["answer"]


def place_of(server: Running) -> tuple[str, int]:
    """Host and port."""
    host, _, port = server.address.partition("://")[2].rpartition(":")
    return host, int(port)


def connect(server: Running, source: str = "", buffer: int = 0) -> socket.socket:
    """A bare connection; ``source`` is the address that it comes from, ``buffer`` the bytes of an
    answer that the client's system takes in before anybody reads them."""
    raw = socket.socket()
    if buffer:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    raw.bind((source, 0))
    raw.settimeout(10)
    host, port = place_of(server)
    raw.connect((host.replace("0.0.0.0", "127.0.0.1"), port))
    return raw


def head(server: Running, line: str, *headers: str, key: str = "", host: str = "") -> bytes:
    """The head of a request, written out: ``GET /`` and headers, with Host and a key."""
    at, port = place_of(server)
    lines = [f"{line} HTTP/1.1", f"Host: {host or f'{at}:{port}'}", *headers]
    if key:
        lines.append(f"Authorization: Bearer {server.keys.get(key, key)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def to_the_end(raw: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    data = b""
    try:
        while part := raw.recv(65536):
            data += part
    except ConnectionError:
        pass
    return data


class Reply:
    """The first answer on a connection, and how many there are."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.count = len(ANSWER.findall(data))
        top, _, self.body = data.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        pairs = (line.partition(":") for line in lines)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.hung_up = False

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    def __repr__(self) -> str:
        return repr(self.data[:500])


def say(
    server: Running, data: bytes | Iterable[bytes], source: str = "", seconds: float = 10
) -> Reply:
    """Send bytes, in pieces if they are several, and read one answer, or to the end."""
    with connect(server, source) as raw:
        try:
            for piece in [data] if isinstance(data, bytes) else data:
                raw.sendall(piece)
        except ConnectionError:
            pass  # hung up on while it was still sending: there may be an answer nevertheless
        raw.settimeout(seconds)
        return read_one(raw)


def read_one(raw: socket.socket) -> Reply:
    """The next answer on a connection, whole; what else comes with it is kept."""
    data = b""
    try:
        while part := raw.recv(65536):
            data += part
            top, _, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"\ncontent-length: (\d+)", top.lower())
            if length and len(body) >= int(length[1]):
                return Reply(data)
    except ConnectionError:
        pass
    reply = Reply(data)
    reply.hung_up = True
    return reply


def refused(reply: httpx2.Response | Reply, status: int) -> str:
    """Assert a refusal in the server's own words; they are returned."""
    assert reply.status_code == status if isinstance(reply, httpx2.Response) else True, reply.text
    assert reply.status == status if isinstance(reply, Reply) else True, reply
    told = reply.json()
    assert set(told) == {"error", "remedy"} and told["error"] and "\n" not in told["error"]
    assert not any(word in str(told) for word in ("Traceback", "site-packages", 'File "'))
    return str(told["error"])


def part(name: str, data: bytes, field: str = "files") -> bytes:
    """One file of a form with the boundary ``b``; the name is sent as it is."""
    line = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="'
    return line.encode() + name.encode("utf-8", "surrogatepass") + b'"\r\n\r\n' + data + b"\r\n"


def send(
    client: httpx2.Client, files: Mapping[str, bytes], collection: str = ""
) -> httpx2.Response:
    """Upload files under names that no client would send."""
    body = b"".join(part(name, data) for name, data in files.items())
    if collection:
        field = '--b\r\nContent-Disposition: form-data; name="collection"\r\n\r\n'
        body = field.encode() + collection.encode() + b"\r\n" + body
    return client.post("/v1/documents", content=body + b"--b--\r\n", headers=FORM)


def done(client: httpx2.Client, sent: httpx2.Response) -> dict[str, Any]:
    """What came of an upload, when nothing more comes."""
    assert sent.status_code == 202, sent.text
    form: dict[str, Any] = sent.json()
    until = time.monotonic() + 60
    while form["state"] not in ("done", "failed"):
        assert time.monotonic() < until, form
        time.sleep(0.05)
        form = client.get(f"/v1/uploads/{form['id']}").json()
    return form


def call_tool(client: httpx2.Client, name: str, **arguments: Any) -> Any:
    """The result of a tool of the MCP door."""
    params = {"name": name, "arguments": arguments}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {"Accept": "application/json, text/event-stream"}
    opening = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "attacker", "version": "1"},
    }
    begin = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": opening}
    opened = client.post("/mcp", json=begin, headers=headers)
    assert opened.status_code == 200, opened.text
    headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
    client.post(
        "/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=headers
    )
    reply = client.post("/mcp", json=call, headers=headers)
    client.delete("/mcp", headers=headers)
    data = next(line for line in reply.text.splitlines() if line.startswith("data: {"))
    return json.loads(data[6:])["result"]


def order(drug: str) -> dict[str, Any]:
    """An order of a drug, for the CDS Hooks door."""
    resource = {
        "resourceType": "MedicationRequest",
        "id": "1",
        "medicationCodeableConcept": {"text": drug},
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource}]}
    return {"hook": "order-select", "hookInstance": "x", "context": {"draftOrders": bundle}}


def chat(question: str, model: str = "medrag", **more: Any) -> dict[str, Any]:
    """A request to the OpenAI door."""
    return {"model": model, "messages": [{"role": "user", "content": question}], **more}


def memory(server: Running) -> int:
    """Bytes that the server holds now."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text("utf-8").split()[1]
    return int(pages) * 4096
