"""The doors to documents of a real server: upload, read, cite, remove, and every refusal."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.errors import UsageError
from medrag.server import document_schemas as schemas
from medrag.server.audit_show import Reading
from medrag.server.document_text import AROUND, LONGEST, text_pages
from medrag.server.doors import ErrorForm
from medrag.types import Document, Page
from tests.server.conftest import Running, make_library, start
from tests.server.intake_helpers import CORPORA, agree

LIMIT = 2_000_000


@pytest.fixture(scope="module")
def house(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of these tests' own, whose documents may change."""
    folder = tmp_path_factory.mktemp("documents")
    library, keys = make_library(samples, folder)
    config = folder / "medrag.toml"
    config.write_text(f"[serve]\nupload_bytes = {LIMIT}\n", "utf-8")
    running = start(library, config, keys)
    yield running
    running.stop()


@pytest.fixture
def curator(house: Running) -> Iterator[httpx2.Client]:
    with house.client("curator") as client:
        yield client


def send(client: httpx2.Client, files: dict[str, bytes], **fields: str) -> httpx2.Response:
    parts = [("files", (name, data)) for name, data in files.items()]
    return client.post("/v1/documents", data=fields, files=parts)


def done(client: httpx2.Client, sent: httpx2.Response) -> dict[str, Any]:
    """What came of an upload."""
    assert sent.status_code == 202, sent.text
    form = sent.json()
    assert sent.headers["location"] == f"/v1/uploads/{form['id']}"
    until = time.monotonic() + 60
    while form["state"] not in ("done", "failed"):
        assert time.monotonic() < until
        schemas.UploadOut.model_validate(form, strict=True)
        time.sleep(0.05)
        form = client.get(f"/v1/uploads/{form['id']}").json()
    schemas.UploadOut.model_validate(form, strict=True)
    return dict(form)


def refused(reply: httpx2.Response, status: int) -> str:
    """The reason of a refusal, which says what to do."""
    assert reply.status_code == status, reply.text
    form = ErrorForm.model_validate(reply.json(), strict=True)
    assert form.remedy
    return form.error


def test_a_document_goes_in_answers_is_cited_and_goes_out(
    house: Running, curator: httpx2.Client
) -> None:
    pdf = (CORPORA / "guidelines/acute-asthma.pdf").read_bytes() + b"\n% another edition\n"
    text = b"# Music therapy\n\nThe harpsichord is tuned at 415 Hz.\n\nThe gong is not tuned.\n"
    form = done(
        curator, send(curator, {"asthma 2.pdf": pdf, "music.md": text}, collection="default")
    )
    assert form["state"] == "done" and form["files"] == ["asthma 2.pdf", "music.md"]
    paged, plain = (item["id"] for item in form["report"]["added"])

    answer = curator.post("/v1/ask", json={"question": "At how many Hz is the harpsichord tuned?"})
    source = answer.json()["sources"][0]
    assert "415 Hz" in answer.json()["answer"] and source["document"]["id"] == plain
    where = {"start": source["start"], "end": source["end"]}
    cited = curator.get(f"/v1/documents/{plain}/text", params=where).json()
    schemas.DocumentText.model_validate(cited, strict=True)
    (page,) = cited["pages"]
    assert (
        page["text"][source["start"] - page["start"] : source["end"] - page["start"]]
        == source["text"]
    )
    assert (page["number"], page["label"], page["start"]) == (0, "", 0)

    listed = curator.get("/v1/documents", params={"collection": "default"}).json()
    schemas.Documents.model_validate(listed, strict=True)
    assert {paged, plain} <= {one["id"] for one in listed["documents"]}
    detail = curator.get(f"/v1/documents/{paged}").json()
    schemas.DocumentDetail.model_validate(detail, strict=True)
    assert [one["number"] for one in detail["page_list"]] == list(range(1, detail["pages"] + 1))
    second = detail["page_list"][1]
    shown = curator.get(f"/v1/documents/{paged}/text", params={"start": second["start"]}).json()
    assert [one["number"] for one in shown["pages"]] == [2]
    first = curator.get(f"/v1/documents/{paged}/text").json()
    assert [one["label"] for one in first["pages"]] == [detail["page_list"][0]["label"]]

    for one in (paged, plain):
        gone = curator.delete(f"/v1/documents/{one}")
        schemas.Removed.model_validate(gone.json(), strict=True)
        assert [each["id"] for each in gone.json()["removed"]] == [one]
        refused(curator.get(f"/v1/documents/{one}"), 404)
        refused(curator.delete(f"/v1/documents/{one}"), 404)
    found = curator.post("/v1/search", json={"query": "harpsichord tuned"}).json()["passages"]
    assert not any("harpsichord" in passage["text"] for passage in found)
    assert agree(house.library)["default"] == []
    if sys.platform == "linux":  # reading and embedding were done elsewhere
        assert "libtorch" not in Path(f"/proc/{house.process.pid}/maps").read_text()


def test_the_form_is_the_same_as_the_command_lines(house: Running, curator: httpx2.Client) -> None:
    from medrag import Engine
    from medrag.forms import listed_document_form

    with Engine.open(house.library) as engine:
        forms = [listed_document_form(info) for info in engine.documents(["default"])]
    with house.client("admin") as admin:
        params = {"collection": "default"}
        assert admin.get("/v1/documents", params=params).json() == {"documents": forms}
    seen = curator.get("/v1/documents").json()["documents"]
    assert [one["path"] for one in seen] == [Path(form["path"]).name for form in forms]


def test_whoever_reads_a_document_or_removes_one_is_on_record(
    house: Running, curator: httpx2.Client
) -> None:
    form = done(curator, send(curator, {"gong.md": b"# Gong\n\nThe gong weighs 9 kg.\n"}))
    gong = form["report"]["added"][0]["id"]
    assert curator.get(f"/v1/documents/{gong[:12]}").is_success
    assert curator.get(f"/v1/documents/{gong}/text").is_success
    refused(curator.get(f"/v1/documents/{gong}/text", params={"end": 10**9}), 422)
    gone = curator.delete(f"/v1/documents/{gong}").json()["removed"]
    assert [one["path"] for one in gone] == ["gong.md"]
    records = [
        (record["action"], record["name"])
        for record in Reading(house.library / "audit").records()
        if gong in (record.get("document"), *record.get("documents", ()))
    ]
    assert records == [(action, "library") for action in ("read", "read", "removing", "removed")]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../escaped.md", "escaped.md"),
        ("..\\..\\escaped2.md", "escaped2.md"),
        ("/etc/escaped3.md", "escaped3.md"),
        ("nul.md", "_nul.md"),
        ("x" * 300 + ".md", "x" * 177 + ".md"),
    ],
)
def test_a_name_leads_nowhere_else(
    house: Running, curator: httpx2.Client, name: str, kept: str
) -> None:
    before = set(house.library.parent.rglob("*escaped*"))
    form = done(curator, send(curator, {name: f"# Note\n\nAbout {kept}.\n".encode()}))
    assert form["files"] == [kept]
    path = house.library / "uploads/default" / kept
    # Where the library lies is for admins alone.
    assert path.is_file() and form["report"]["added"][0]["path"] == kept
    with house.client("admin") as admin:
        whole = admin.get(f"/v1/uploads/{form['id']}").json()
    assert whole["report"]["added"][0]["path"] == str(path)
    assert curator.delete(f"/v1/documents/{form['report']['added'][0]['id']}").status_code == 200
    assert not path.exists() and set(house.library.parent.rglob("*escaped*")) == before
    assert not Path("/etc/escaped3.md").exists()


@pytest.mark.parametrize("name", [".md", "passwd", "x.exe", "\u202e", "a.md/..", "x.md\x00.exe"])
def test_a_name_that_cannot_be_is_refused(curator: httpx2.Client, name: str) -> None:
    assert refused(send(curator, {name: b"# x"}), 422)


def test_what_is_too_large_is_refused_before_and_while_it_comes(
    house: Running, curator: httpx2.Client
) -> None:
    assert "2,000,000" in refused(send(curator, {"a.md": b"x" * LIMIT}), 413)

    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.md"\r\n\r\n'
        for _ in range(30):
            yield b"x" * 100_000

    headers = {"content-type": "multipart/form-data; boundary=b"}
    with suppress(httpx2.WriteError):  # hung up on, while it was still sending
        refused(curator.post("/v1/documents", content=pieces(), headers=headers), 413)
    _until_nothing_is_on_its_way(house)


def _until_nothing_is_on_its_way(house: Running) -> None:
    until = time.monotonic() + 10
    while _on_its_way(house):
        assert time.monotonic() < until
        time.sleep(0.01)


def _on_its_way(house: Running) -> set[str]:
    incoming = house.library / "uploads/.incoming"
    return {path.name for path in incoming.iterdir()} - {"lock", "running"}


def test_a_client_that_leaves_leaves_nothing(house: Running) -> None:
    host, _, port = house.address.removeprefix("http://").partition(":")
    head = (
        f"POST /v1/documents HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 500000\r\n"
        f"Authorization: Bearer {house.keys['curator']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="a.md"\r\n\r\n'
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + b"x" * 200_000)
        until = time.monotonic() + 10
        while not _on_its_way(house):
            assert time.monotonic() < until
            time.sleep(0.01)
    _until_nothing_is_on_its_way(house)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--c\r\n\r\n--c--"),
        ("multipart/form-data; boundary=" + "b" * 400, b"x"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.md"\r\n\r\nx',
        ),
    ],
)
def test_a_form_that_is_none_is_refused(curator: httpx2.Client, kind: str, content: bytes) -> None:
    reply = curator.post("/v1/documents", content=content, headers={"content-type": kind})
    assert refused(reply, 422)


def test_who_may_not_is_refused(house: Running, curator: httpx2.Client) -> None:
    with (
        house.client("admin") as admin,
        house.client("closed") as closed,
        house.client(None) as nobody,
    ):
        (secret,) = closed.get("/v1/documents").json()["documents"]
        sent = send(admin, {"a.md": b"# A\n\nThe alpaca is brown.\n"}, collection="closed")
        upload = done(admin, sent)
        for client in (curator, closed):
            assert refused(client.get(f"/v1/uploads/{upload['id']}"), 404)
        for path in (f"/v1/documents/{secret['id']}", f"/v1/documents/{secret['id'][:8]}/text"):
            assert refused(curator.get(path), 404) == refused(
                curator.get(path.replace(secret["id"][:8], "0" * 8)), 404
            ).replace("0" * 8, secret["id"][:8])
        assert refused(curator.delete(f"/v1/documents/{secret['id']}"), 404)
        assert refused(curator.get("/v1/documents", params={"collection": "closed"}), 403)
        assert refused(send(curator, {"a.md": b"# x"}, collection="closed"), 403)
        assert refused(send(closed, {"a.md": b"# x"}, collection="closed"), 403)
        assert refused(closed.delete(f"/v1/documents/{secret['id']}"), 403)
        for method, path in (
            ("GET", "/v1/documents"),
            ("POST", "/v1/documents"),
            ("DELETE", f"/v1/documents/{secret['id']}"),
            ("GET", f"/v1/uploads/{upload['id']}"),
        ):
            assert refused(nobody.request(method, path), 401)
        assert secret["id"] in {
            one["id"] for one in closed.get("/v1/documents").json()["documents"]
        }
        alpaca = upload["report"]["added"][0]["id"]
        assert admin.delete(f"/v1/documents/{alpaca}", params={"collection": "closed"}).is_success


@pytest.mark.parametrize("wanted", ["x", "..", "%2e%2e", "ABCDEF", "0" * 65, "0123456g", "%00"])
def test_an_id_that_cannot_be_is_not_there(curator: httpx2.Client, wanted: str) -> None:
    for method in ("GET", "DELETE"):
        reply = curator.request(method, f"/v1/documents/{wanted}")
        assert reply.status_code in (404, 405), reply.text
    refused(curator.delete("/v1/documents/" + "a" * 8), 404)


def test_a_range_outside_is_refused_in_words(curator: httpx2.Client) -> None:
    listed = curator.get("/v1/documents").json()["documents"]
    place = f"/v1/documents/{listed[0]['id']}/text"
    for where in ({"start": 10, "end": 5}, {"end": 10**9}, {"start": 10**30}):
        assert "There are no characters" in refused(curator.get(place, params=where), 422)
    for where in ({"start": -1}, {"start": "x"}):
        refused(curator.get(place, params=where), 422)


# The text of a citation

LINES = st.lists(st.text(st.sampled_from("ab \U0001f48a"), max_size=40), max_size=30)


@given(LINES, st.data())
def test_the_pages_are_those_that_the_range_touches(lines: list[str], data: st.DataObject) -> None:
    pages, text = [], ""
    for number, line in enumerate(lines, start=1):
        pages.append(Page(number, f"p{number}", len(text), len(text) + len(line)))
        text += line + "\n"
    document = Document("0" * 64, "x.pdf", "x", text, tuple(pages))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last, shown = text_pages(document, start, end)
    assert (first, last) == (start, end) and shown
    for page in shown:
        assert text[page.start : page.end] == page.text
    touched = [
        page.number
        for page in pages
        if any(page.start <= at < page.end for at in range(start, end))
    ]
    if touched:  # a blank page between two of them comes along
        assert [page.number for page in shown if page.text] == touched


@given(st.lists(st.integers(0, 4000), max_size=8), st.data())
def test_without_pages_the_lines_around_are_shown_whole(
    sizes: list[int], data: st.DataObject
) -> None:
    text = "\n".join("x" * size for size in sizes)
    document = Document("0" * 64, "x.md", "x", text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 500)))
    _, _, (page,) = text_pages(document, start, end)
    assert text[page.start : page.end] == page.text and page.number == 0
    assert page.start <= max(0, start - AROUND) and min(len(text), end + AROUND) <= page.end
    assert page.end - page.start <= end - start + 4 * AROUND
    if page.start > max(0, start - 2 * AROUND):
        assert page.start == 0 or text[page.start - 1] == "\n"
    if page.end < min(len(text), end + 2 * AROUND):
        assert text[page.end] == "\n"


def test_too_much_at_once_is_refused() -> None:
    document = Document("0" * 64, "x.md", "x", "x" * (LONGEST + 2))
    with pytest.raises(UsageError, match="at most 100000"):
        text_pages(document, 0, LONGEST + 1)
    assert text_pages(document, 1, LONGEST)[2]
