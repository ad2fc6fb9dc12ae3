"""Attacks by other people's web pages, and by who pretends to be a reverse proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medrag.server.keys import KeyStore
from tests.server.attack_helpers import (
    LINUX,
    METFORMIN,
    STOP,
    Reply,
    answers,
    head,
    own_server,
    part,
    refused,
    say,
    send,
)
from tests.server.conftest import Running, Starter

pytestmark = LINUX

PAGE = "https://intranet.example"
EVIL = "https://evil.example"
PROXY = "127.0.0.2"
TOML = f"""
[serve]
cors_origins = ["{PAGE}"]
[proxy]
addresses = ["{PROXY}"]
user_header = "X-Remote-User"
collections = ["default"]
"""
ASK = b'{"question": "At what eGFR should metformin be stopped?"}'
KIND = "Content-Type: application/json"
LENGTH = f"Content-Length: {len(ASK)}"


@pytest.fixture(scope="module")
def house(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with an intranet page, a widget's key and a reverse proxy at 127.0.0.2."""
    with own_server(samples, tmp_path_factory.mktemp("house"), TOML) as running:
        store = KeyStore(running.library)
        for name, role in (("widget", "reader"), ("desk", "curator")):
            running.keys[name] = store.add(name, role, ["default"], origins=[PAGE])[1]
        yield running


@pytest.fixture(scope="module")
def local(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server without keys: whoever sits at this machine may do all."""
    with own_server(samples, tmp_path_factory.mktemp("local"), keyless=True) as running:
        yield running


@pytest.fixture(autouse=True)
def still_answers(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "house" in request.fixturenames:
        answers(request.getfixturevalue("house"))
    if "local" in request.fixturenames:
        answers(request.getfixturevalue("local"), None)


def asked(server: Running, *lines: str, source: str = "", key: str = "") -> Reply:
    return say(server, head(server, "POST /v1/ask", KIND, LENGTH, *lines, key=key) + ASK, source)


# The trusted header

LIES = {
    "a header": ["X-Remote-User: chief"],
    "another case": ["x-REMOTE-user: chief"],
    "from the proxy, it says": ["X-Remote-User: chief", f"X-Forwarded-For: {PROXY}"],
    "through the proxy, it says": [
        "X-Remote-User: chief",
        f"Forwarded: for={PROXY};by={PROXY}",
        f"X-Real-IP: {PROXY}",
        f"Via: 1.1 {PROXY}",
        f"X-Client-IP: {PROXY}",
        f"True-Client-IP: {PROXY}",
    ],
}


@pytest.mark.parametrize("lines", LIES.values(), ids=LIES)
def test_only_the_proxy_signs_people_on(house: Running, lines: list[str]) -> None:
    assert "not a named proxy" in refused(asked(house, *lines), 401)
    refused(asked(house, *lines, source="127.0.0.3"), 401)


FROM_PROXY = {
    "two people": ["X-Remote-User: anna", "X-Remote-User: chief"],
    "two in one": ["X-Remote-User: anna, chief"],
    "nobody": ["X-Remote-User:"],
    "nobody, with a look-alike": ["X_Remote_User: chief", "X-Remote_User: chief"],
    "another header": ["X-Forwarded-User: chief", "Remote-User: chief", "REMOTE_USER: chief"],
    "a line end": ["X-Remote-User: anna%0d%0aX-Role: admin"],
    "no name": ["X-Remote-User: <script>alert(1)</script>"],
    "far too long": ["X-Remote-User: " + "a" * 129],
    "no ASCII": ["X-Remote-User: \u00e4nna"],
    "a wrong key as well": ["X-Remote-User: anna", "Authorization: Bearer mr_x"],
}


@pytest.mark.parametrize("lines", FROM_PROXY.values(), ids=FROM_PROXY)
def test_a_proxy_that_was_fooled_signs_nobody_on(house: Running, lines: list[str]) -> None:
    refused(asked(house, *lines, source=PROXY), 401)


def test_a_person_from_the_proxy_has_the_proxys_rights(house: Running) -> None:
    """Also where the browser sends a role, collections or the name of a key of its own."""
    lines = ["X-Remote-User: chief", "X-Role: admin", "X-Collections: *", "X-Remote-Group: admin"]
    me = say(house, head(house, "GET /v1/me", *lines), PROXY).json()
    assert (me["role"], me["collections"], me["kind"]) == ("reader", ["default"], "proxy")
    refused(say(house, head(house, "GET /metrics", *lines), PROXY), 403)
    both = say(house, head(house, "GET /v1/me", *lines, key="reader"), PROXY).json()
    assert (both["name"], both["kind"]) == ("ward", "key"), "a key says who it is, and no other"


def test_another_site_cannot_use_who_is_signed_on_by_the_proxy(house: Running) -> None:
    user = "X-Remote-User: anna"
    for line in (f"Origin: {EVIL}", "Origin: null", "Sec-Fetch-Site: cross-site"):
        refused(asked(house, user, line, source=PROXY), 403)
    assert STOP.encode() in asked(house, user, source=PROXY).body


# Other pages' scripts


STRANGERS = [EVIL, "null", f"{PAGE}.evil.example", "http://intranet.example", f"{PAGE}:8443"]


@pytest.mark.parametrize("origin", [*STRANGERS, f"{EVIL}#{PAGE}", "*"])
def test_a_page_that_was_not_named_reads_nothing(house: Running, origin: str) -> None:
    line = f"Origin: {origin}"
    asks = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization")
    before = say(house, head(house, "OPTIONS /v1/ask", line, *asks))
    assert before.status == 400
    replies = [before, asked(house, line, key="reader"), asked(house, line)]
    replies.append(say(house, head(house, "GET /v1/documents", line, key="reader")))
    for reply in replies:
        assert "access-control-allow-origin" not in reply.headers
        assert "access-control-allow-credentials" not in reply.headers


def test_a_page_that_was_named_reads_by_key_alone(house: Running) -> None:
    """No cookie, no password of the browser: only a key that the page itself sends."""
    line = f"Origin: {PAGE}"
    reply = asked(house, line, key="reader")
    assert reply.status == 200 and reply.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in reply.headers
    assert "set-cookie" not in reply.headers
    refused(asked(house, line), 401)
    ask_for = ("Access-Control-Request-Method: PUT",)
    assert say(house, head(house, "OPTIONS /v1/ask", line, *ask_for)).status == 400


@pytest.mark.parametrize(
    "lines",
    [
        [f"Origin: {EVIL}"],
        ["Origin: null"],
        [],
        [f"Origin: {PAGE}", f"Origin: {EVIL}"],
        [f"Origin: {PAGE}.evil.example"],
        ["Origin: http://intranet.example"],
        [f"Referer: {PAGE}/page"],
        ["Sec-Fetch-Site: same-origin"],
        [f"X-Origin: {PAGE}"],
    ],
    ids=range(9),
)
def test_a_widgets_key_works_on_its_page_alone(house: Running, lines: list[str]) -> None:
    for key in ("widget", "desk"):
        assert "other pages" in refused(asked(house, *lines, key=key), 403)
    assert asked(house, f"Origin: {PAGE}", key="widget").status == 200


def test_a_widgets_key_changes_nothing(house: Running) -> None:
    with house.client("widget", headers={"Origin": PAGE}) as widget:
        documents = widget.get("/v1/documents").json()["documents"]
        refused(send(widget, {"x.md": b"# x\n"}), 403)
        refused(widget.delete(f"/v1/documents/{documents[0]['id']}"), 403)
        refused(widget.post("/v1/search", json={"query": "x", "collections": ["closed"]}), 403)
        assert widget.get("/v1/documents").json()["documents"] == documents


# A server of one machine, and the browser on it

FOREIGN = {
    "from another site": ["Sec-Fetch-Site: cross-site", f"Origin: {EVIL}"],
    "from another port": ["Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:1"],
    "from a neighbour's name": ["Sec-Fetch-Site: same-site"],
    "by an old browser": [f"Origin: {EVIL}"],
    "out of a frame": ["Origin: null"],
    "with a forged site as well": [f"Origin: {EVIL}", "Sec-Fetch-Site: same-origin"],
    "with an own origin as well": ["Origin: {own}", f"Origin: {EVIL}"],
}
FORMS = {
    "text": ("/v1/ask", "Content-Type: text/plain", ASK),
    "a form": ("/v1/ask", "Content-Type: application/x-www-form-urlencoded", ASK),
    "JSON": ("/v1/ask", KIND, ASK),
    "files": (
        "/v1/documents",
        "Content-Type: multipart/form-data; boundary=b",
        part("evil.md", b"# Evil\n") + b"--b--\r\n",
    ),
    "a tool": ("/mcp", KIND, b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'),
    "a chat": ("/v1/chat/completions", "Content-Type: text/plain", b"{}"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("lines", FOREIGN.values(), ids=FOREIGN)
def test_another_site_cannot_use_who_sits_here(
    local: Running, lines: list[str], form: tuple[str, str, bytes]
) -> None:
    path, kind, body = form
    lines = [line.format(own=local.address) for line in lines]
    request = head(local, f"POST {path}", kind, f"Content-Length: {len(body)}", *lines)
    reply = say(local, request + body)
    assert reply.status == 403 and "access-control-allow-origin" not in reply.headers
    with local.client(None) as me:
        assert not any("evil" in one["path"] for one in me.get("/v1/documents").json()["documents"])
        wanted = me.get("/v1/documents").json()["documents"][0]["id"]
    removal = head(local, f"DELETE /v1/documents/{wanted}", *lines)
    assert say(local, removal).status == 403


def test_whoever_comes_through_a_proxy_does_not_sit_here(local: Running) -> None:
    """A proxy that somebody puts in front of a server without keys opens it to nobody."""
    for line in ("X-Forwarded-For: 10.0.0.9", "Forwarded: for=x", "Via: 1.1 x", "X-Real-IP: x",
                 "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: localhost"):  # fmt: skip
        refused(asked(local, line), 401)
    for source in ("127.0.0.2", "127.9.9.9"):
        assert asked(local, source=source).status == 200, "all of it is this machine"


def test_a_name_of_somebody_else_is_not_this_machine(local: Running) -> None:
    for host in ("evil.example", "rebind.evil.example:8642", "localhost.evil.example"):
        reply = say(local, head(local, "GET /v1/documents", "Connection: close", host=host))
        assert reply.status == 421 and METFORMIN.encode() not in reply.body


# What cannot be set


@pytest.mark.parametrize(
    ("toml", "keys", "word"),
    [
        ('[serve]\nhost = "0.0.0.0"', False, "there is no key"),
        ('[serve]\ncors_origins = ["*"]', True, "cors_origins"),
        ('[proxy]\naddresses = ["127.0.0.2"]', True, "nobody could see anything"),
    ],
)
def test_what_would_open_the_door_is_refused_at_the_start(
    starter: Starter, toml: str, keys: bool, word: str
) -> None:
    with pytest.raises(AssertionError, match=word.replace("*", r"\*")):
        starter(toml, keys=keys)
