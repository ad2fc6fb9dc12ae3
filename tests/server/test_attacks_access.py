"""Attacks on who may: keys that are none, and roles that are too low."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from medrag.server.key_file import read_keys, write_keys
from medrag.server.keys import KeyStore
from tests.server.attack_helpers import (
    LINUX,
    METFORMIN,
    SECRETS,
    answers,
    call_tool,
    chat,
    done,
    head,
    order,
    own_server,
    read_one,
    refused,
    say,
    send,
)
from tests.server.attack_helpers import connect as connected
from tests.server.conftest import Running

pytestmark = LINUX

ID = "a" * 64
# Wrong keys are counted by address: tests beside these must not find theirs used up.
ELSEWHERE = [f"127.0.1.{number}" for number in range(1, 9)]
DOORS = [
    ("GET", "/v1/me"),
    ("GET", "/v1/collections"),
    ("POST", "/v1/ask"),
    ("POST", "/v1/search"),
    ("POST", "/v1/verify"),
    ("GET", "/v1/documents"),
    ("POST", "/v1/documents"),
    ("GET", f"/v1/documents/{ID}"),
    ("GET", f"/v1/documents/{ID}/text"),
    ("DELETE", f"/v1/documents/{ID}"),
    ("GET", f"/v1/uploads/{ID[:32]}"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/medrag"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("DELETE", "/mcp"),
    ("GET", "/cds-services"),
    ("POST", "/cds-services/medrag-guidelines"),
    ("POST", "/cds-services/medrag-guidelines/feedback"),
    ("GET", "/metrics"),
]


@pytest.fixture(autouse=True)
def still_answers(server: Running) -> Iterator[None]:
    yield
    answers(server)


def test_without_a_key_no_door_opens(server: Running) -> None:
    with server.client(None) as nobody:
        for method, path in DOORS:
            reply = nobody.request(method, path, json={"question": METFORMIN, "query": "x"})
            assert reply.status_code == 401, path
            assert reply.headers["www-authenticate"] == "Bearer"
            assert "metformin" not in reply.text.lower()


def test_every_door_there_is_was_tried(server: Running) -> None:
    """The list above holds all that the server itself says it has."""
    with server.client(None) as nobody:
        paths = nobody.get("/openapi.json").json()["paths"]
    named = {"{document_id}": ID, "{upload_id}": ID[:32], "{model}": "medrag"}
    there = set()
    for path, methods in paths.items():
        for placeholder, value in named.items():
            path = path.replace(placeholder, value)
        there |= {(method.upper(), path) for method in methods}
    assert there - set(DOORS) <= {("GET", "/healthz"), ("GET", "/readyz")}


def test_a_key_that_is_none_opens_nothing(server: Running) -> None:
    key = server.keys["reader"]
    lines = [
        "Authorization: Bearer wrong",
        f"Authorization: Bearer {key[:-1]}",
        f"Authorization: Bearer {key}x",
        f"Authorization: Bearer {key.upper()}",
        f"Authorization: Bearer {key}, Bearer {key}",
        f"Authorization: Basic {key}",
        f"Authorization: {key}",
        "Authorization: Bearer",
        f"Authorization: Bearer {key}\u00a0\u00ff",
        f"Authorization: Bearer {key}\r\nAuthorization: Bearer {key}",
        f"Cookie: key={key}; Authorization={key}",
        f"X-Api-Key: {key}",
        f"Proxy-Authorization: Bearer {key}",
    ]
    for line in lines:
        told = refused(say(server, head(server, "GET /v1/me", line), ELSEWHERE[0]), 401)
        assert key[3:] not in told
    for name in ("key", "api_key", "access_token", "Authorization"):
        refused(say(server, head(server, f"GET /v1/me?{name}={key}"), ELSEWHERE[0]), 401)


def test_a_right_id_with_a_wrong_secret_looks_like_an_unknown_id(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answer, and the same work: what time it takes tells nothing."""
    known, unknown = server.keys["reader"][3:11], "00000000"
    replies = [
        say(server, head(server, "GET /v1/me", key=f"mr_{key_id}_{'A' * 43}"), ELSEWHERE[1])
        for key_id in (known, unknown)
    ]
    assert [reply.status for reply in replies] == [401, 401]
    assert replies[0].body == replies[1].body
    assert set(replies[0].headers) == set(replies[1].headers)
    compared: list[str] = []

    def spy(mine: str, stored: str) -> bool:
        compared.append(stored)
        return mine == stored

    monkeypatch.setattr(hmac, "compare_digest", spy)
    store = KeyStore(server.library)
    assert store.find(f"mr_{known}_{'A' * 43}") is None
    assert store.find(f"mr_{unknown}_{'A' * 43}") is None
    assert len(compared) == 2 and len(compared[0]) == len(compared[1]) == 64


def test_a_revoked_key_is_refused_from_the_next_request_on(server: Running) -> None:
    store = KeyStore(server.library)
    record, key = store.add("leaver", "admin", None)
    with connected(server, ELSEWHERE[2]) as kept:  # on a connection that was let in before
        kept.sendall(head(server, "GET /v1/me", key=key))
        assert read_one(kept).status == 200
        store.revoke(record.id)
        kept.sendall(head(server, "GET /v1/me", key=key))
        assert "revoked" in refused(read_one(kept), 401)


def test_an_expired_key_is_refused(server: Running) -> None:
    record, key = KeyStore(server.library).add(
        "locum", "admin", None, expires=datetime.now(UTC).date()
    )
    request = head(server, "GET /v1/me", key=key)
    assert say(server, request).status == 200
    path = server.library / "keys.json"
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    tree = json.loads(path.read_text("utf-8"))
    for entry in tree["keys"]:
        if entry["id"] == record.id:
            entry["expires"] = yesterday
    path.write_text(json.dumps(tree), "utf-8")
    refused(say(server, request, ELSEWHERE[3]), 401)


def test_a_stolen_file_of_keys_holds_no_key(server: Running) -> None:
    at = ELSEWHERE[4]
    stored, _ = read_keys(server.library / "keys.json")
    text = (server.library / "keys.json").read_text("utf-8")
    for key in server.keys.values():
        assert key not in text and key[12:] not in text
        record = stored[key[3:11]]
        assert record.sha256 == hashlib.sha256(key.encode()).hexdigest()
        refused(say(server, head(server, "GET /v1/me", key=record.sha256), at), 401)
        refused(say(server, head(server, "GET /v1/me", key=f"mr_{record.id}_{'-' * 43}"), at), 401)


def test_a_file_of_keys_that_is_spoilt_opens_nothing(samples: Path, tmp_path: Path) -> None:
    with own_server(samples, tmp_path) as running:
        path = running.library / "keys.json"
        good, _ = read_keys(path)
        for spoilt in (b"", b"{", b'{"version": 1, "keys": [{}]}', None):
            if spoilt is None:
                path.unlink()
            else:
                path.write_bytes(spoilt)
            for key in ("", "admin", "mr_00000000_" + "A" * 43):
                reply = say(running, head(running, "GET /v1/documents", key=key))
                assert reply.status in (401, 503), reply
                assert b"metformin" not in reply.body.lower()
                assert str(running.library).encode() not in reply.body
        write_keys(path, good.values())
        answers(running)
        for record in good.values():
            KeyStore(running.library).revoke(record.id)
        refused(say(running, head(running, "GET /v1/me")), 401)  # the last key opens no door
        refused(say(running, head(running, "GET /v1/me", key="admin")), 401)


def test_a_reader_changes_nothing(server: Running) -> None:
    with server.client("reader") as reader:
        before = reader.get("/v1/documents").json()
        wanted = before["documents"][0]["id"]
        refused(send(reader, {"x.md": b"# x\n"}), 403)
        refused(reader.delete(f"/v1/documents/{wanted}"), 403)
        refused(reader.delete(f"/v1/documents/{ID}"), 403)
        assert reader.get("/v1/documents").json() == before


def test_a_readers_upload_is_not_even_read(server: Running) -> None:
    """The refusal comes while the body is still to be sent."""
    headers = ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 90000000")
    with connected(server) as raw:
        raw.sendall(head(server, "POST /v1/documents", *headers, key="reader"))
        refused(read_one(raw), 403)


def test_figures_are_for_admins(server: Running) -> None:
    for who in ("reader", "curator"):
        with server.client(who) as client:
            assert "admin" in refused(client.get("/metrics"), 403)
    with server.client("admin") as chief:
        text = chief.get("/metrics").text
    assert "medrag_requests_total" in text
    assert not any(word in text for word in (*SECRETS, "closed", "default", "metformin", "mr_"))


def test_a_session_of_somebody_else_is_not_there(server: Running) -> None:
    headers = {"Accept": "application/json, text/event-stream"}
    opening = {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "x", "version": "1"},
        },
    }
    search = {"name": "search", "arguments": {"query": "zanthoxylum fund"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": search}
    with server.client("admin") as chief, server.client("reader") as thief:
        opened = chief.post("/mcp", json=opening, headers=headers)
        stolen = headers | {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        reply = thief.post("/mcp", json=call, headers=stolen)
        assert reply.status_code == 404 and "4711 euros" not in reply.text
        assert thief.delete("/mcp", headers=stolen).status_code == 404
        assert chief.delete("/mcp", headers=stolen).status_code == 200


def test_an_upload_of_somebody_else_is_not_there(server: Running) -> None:
    with server.client("admin") as chief, server.client("curator") as curator:
        sent = send(chief, {"x.exe": b"x", "y.md": b"# Yaks of the hills\n\nThe yak.\n"}, "yaks")
        upload = sent.json()["id"]
        told = refused(curator.get(f"/v1/uploads/{upload}"), 404)
        assert told == refused(curator.get(f"/v1/uploads/{'0' * 32}"), 404)
        while chief.get(f"/v1/uploads/{upload}").json()["state"] not in ("done", "failed"):
            pass
        done(chief, sent)
        yak = hashlib.sha256(b"# Yaks of the hills\n\nThe yak.\n").hexdigest()
        assert chief.delete(f"/v1/documents/{yak}").status_code == 200


def test_doors_for_programs_ask_for_the_same_keys(server: Running) -> None:
    """One key, one role: no door knows a way around."""
    with server.client("closed") as fund, server.client("reader") as ward:
        for client, sees in ((fund, True), (ward, False)):
            texts = [
                json.dumps(call_tool(client, "ask", question="What does the fund pay a shift?")),
                client.post("/v1/chat/completions", json=chat("What does the fund pay?")).text,
                client.post("/v1/search", json={"query": "night shift fund"}).text,
            ]
            assert [("4711 euros" in text) for text in texts] == [sees] * 3
            cards = client.post("/cds-services/medrag-guidelines", json=order("Zanthoxylum"))
            assert cards.status_code == 200
            assert not any(word in cards.text for word in SECRETS) or sees
