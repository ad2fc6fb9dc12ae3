"""Attacks by what is uploaded: names, forms without an end, files that unpack, hang or point."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.server.attack_helpers import (
    FORM,
    answers,
    connect,
    done,
    head,
    own_server,
    part,
    read_one,
    refused,
    send,
)
from tests.server.conftest import Running

LIMIT = 2_000_000
SECONDS = 6
TOML = f"""
[serve]
upload_bytes = {LIMIT}
upload_seconds = {SECONDS}
body_seconds = 1
"""
GOOD = b"# Heron ward\n\nThe heron ward has eleven beds.\n"


@pytest.fixture(scope="module")
def dock(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that takes uploads of two megabytes and gives up on one after six seconds."""
    with own_server(samples, tmp_path_factory.mktemp("dock"), TOML) as running:
        yield running


@pytest.fixture
def curator(dock: Running) -> Iterator[httpx2.Client]:
    with dock.client("curator") as client:
        yield client


@pytest.fixture
def chief(dock: Running) -> Iterator[httpx2.Client]:
    with dock.client("admin") as client:
        yield client


@pytest.fixture(autouse=True)
def still_answers(dock: Running) -> Iterator[None]:
    yield
    answers(dock)


def files_of(dock: Running) -> set[str]:
    """All that lies in and beside the library, but what a server writes by itself."""
    own = ("audit", "library.sqlite", "vectors", "keys", "lock", "library.log", "running")
    every = (path for path in dock.library.parent.rglob("*") if not path.is_dir())
    return {str(path) for path in every if not any(word in path.name for word in own)}


# Names

NAMES = {
    "../../../escaped1.md": "escaped1.md",
    "..\\..\\escaped2.md": "escaped2.md",
    "/etc/escaped3.md": "escaped3.md",
    "C:\\Windows\\escaped4.md": "escaped4.md",
    "\\\\evil.example\\share\\escaped5.md": "escaped5.md",
    "....//....//escaped6.md": "escaped6.md",
    "../uploads/closed/escaped7.md": "escaped7.md",
    "~/.ssh/escaped8.md": "escaped8.md",
    "file:///etc/escaped9.md": "escaped9.md",
    "escaped10.md\u0000": "escaped10.md",
    "%2e%2e%2fescaped11.md": "%2e%2e%2fescaped11.md",
    ".incoming/escaped12.md": "escaped12.md",
    "con.md": "_con.md",
    "-rf.md": "-rf.md",
    "$(reboot).md": "(reboot).md",
    "escaped13.md:stream.md": "escaped13.md_stream.md",
    "esca\u202epedm.md": "escapedm.md",
    "a" * 3000 + ".md": "a" * 177 + ".md",
}


def test_names_lead_nowhere_else(dock: Running, curator: httpx2.Client) -> None:
    before = files_of(dock)
    files = {name: GOOD + f"It is ward {n}.\n".encode() for n, name in enumerate(NAMES)}
    form = done(curator, send(curator, files))
    home = dock.library / "uploads" / "default"
    assert form["state"] == "done" and form["files"] == list(NAMES.values()), str(form)
    assert files_of(dock) - before == {str(home / name) for name in NAMES.values()}
    first = form["report"]["added"][0]
    assert curator.delete(f"/v1/documents/{first['id']}").status_code == 200
    assert files_of(dock) - before == {str(home / name) for name in list(NAMES.values())[1:]}


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../", ".md", "/", "\\", "keys.json/..", "passwd", "x.exe", "x.md.exe",
     "x.sqlite", "\u202e", "\x00.md", "x.py", ".htaccess", "library.sqlite-wal", "x.html.lnk"],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused(dock: Running, curator: httpx2.Client, name: str) -> None:
    before = files_of(dock)
    refused(send(curator, {name: GOOD}), 422)
    assert files_of(dock) == before


@pytest.mark.parametrize(
    "name",
    ["..", ".", "../default", "../../x", "/etc", "a/b", "a\\b", ".incoming", "con", "nul.txt",
     "x.", "x ", "x\x00", "x\ny", "x" * 65, "\u202ex", "*", "?", "|", "$HOME/x", "~", "-",
     "__proto__\x7f"],
)  # fmt: skip
def test_a_collection_is_no_path(dock: Running, chief: httpx2.Client, name: str) -> None:
    before = files_of(dock)
    refused(send(chief, {"x.md": GOOD}, name), 422)
    assert files_of(dock) == before
    assert len(chief.get("/v1/collections").json()["collections"]) == 2


# Forms


def test_a_form_without_an_end_is_refused(dock: Running, curator: httpx2.Client) -> None:
    """10,000 parts: files, fields, and files without name or content, which are not even kept."""
    before = files_of(dock)
    field = b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n%b\r\n'
    forms = {
        "files": b"".join(part(f"{n}.md", b"x") for n in range(10_000)),
        "fields": b"".join(field % (n, b"x") for n in range(10_000)),
        "empty fields": b"".join(field % (n, b"") for n in range(10_000)),
        "nameless files": part("", b"") * 10_000,
        "a header": b"--b\r\nX: " + b"a" * 1_000_000,
        "headers": b"--b\r\n" + b"X: a\r\n" * 100_000,
    }
    for name, body in forms.items():
        began = time.monotonic()
        reply = curator.post("/v1/documents", content=body + b"--b--\r\n", headers=FORM)
        assert reply.status_code in (413, 422), name
        refused(reply, reply.status_code)
        assert time.monotonic() - began < 10, name
    assert files_of(dock) == before


def test_an_upload_that_is_too_large_or_breaks_off_leaves_nothing(
    dock: Running, curator: httpx2.Client
) -> None:
    before = files_of(dock)
    refused(send(curator, {"x.md": b"x" * LIMIT}), 413)
    lines = [f"Content-Type: {FORM['content-type']}", "Transfer-Encoding: chunked"]
    with connect(dock) as raw:
        raw.sendall(head(dock, "POST /v1/documents", *lines, key="curator"))
        piece = b"x" * 100_000
        start = part("x.md", b"")[:-2]
        raw.sendall(b"%x\r\n%b\r\n" % (len(start), start))
        for _ in range(22):
            raw.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        refused(read_one(raw), 413)
    for stop in (True, False):  # the client leaves; the client goes silent
        with connect(dock) as raw:
            raw.sendall(head(dock, "POST /v1/documents", *lines, key="curator"))
            raw.sendall(b"%x\r\n%b\r\n" % (len(start), start) + b"186a0\r\n" + piece)
            if not stop:
                refused(read_one(raw), 408)
    until = time.monotonic() + 10
    while files_of(dock) != before:
        assert time.monotonic() < until, files_of(dock) - before
        time.sleep(0.05)


# Files


def bomb() -> bytes:
    """A Word document of half one megabyte that unpacks to two hundred."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(200):
            member.write(b" " * (1 << 20))
    return packed.getvalue()


def endless() -> bytes:
    """A PDF of a page whose drawing calls another one a hundred times, and so on, eight deep."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R"
        b"/Resources<</XObject<</F 5 0 R>>>>>>",
        b"<</Length 5>>stream\n/F Do\nendstream",
    ]
    for number in range(5, 13):
        inner = b"/F Do " * 100 if number < 12 else b"q Q " * 100
        dictionary = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length %d" % len(inner)
        if number < 12:
            dictionary += b"/Resources<</XObject<</F %d 0 R>>>>" % (number + 1)
        objects.append(dictionary + b">>stream\n" + inner + b"\nendstream")
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return data + b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\n" % (
        size, table, size
    ) + b"startxref\n%d\n%%%%EOF" % len(data)  # fmt: skip


ENTITIES = b"".join(
    b'<!ENTITY e%d "%b">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"ha") for n in range(12)
)
OUTSIDE = b"""<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/passwd">
<!ENTITY y SYSTEM "http://evil.example/y">]><article><body><p>A &x; &y;</p></body></article>"""


def test_files_that_attack_their_reader_fail_alone(dock: Running, curator: httpx2.Client) -> None:
    files = {
        "a-bomb.docx": bomb(),
        "b-laughs.xml": b"<!DOCTYPE a [%b]><article><body><p>&e11;</p></body></article>" % ENTITIES,
        "c-outside.xml": OUTSIDE,
        "d-torn.pdf": endless()[:300],
        "e-nested.json": b"[" * 100_000,
        "f-wrong.pdf": b"MZ" + bytes(1000),
        "g-good.md": GOOD,
    }
    form = done(curator, send(curator, files))
    assert form["state"] == "done"
    (added,) = form["report"]["added"]
    assert added["path"].endswith("g-good.md")
    failed = {failure["path"]: failure["error"] for failure in form["report"]["failed"]}
    assert set(failed) == set(files) - {"g-good.md"}
    assert not any("root:" in reason for reason in failed.values())
    found = curator.post("/v1/search", json={"query": "heron ward beds", "k": 3}).text
    assert "eleven beds" in found and "root:x:" not in found
    assert curator.delete(f"/v1/documents/{added['id']}").status_code == 200


def test_a_file_that_never_ends_is_given_up_and_others_go_on(
    dock: Running, curator: httpx2.Client, chief: httpx2.Client
) -> None:
    began = time.monotonic()
    slow = send(curator, {"endless.pdf": endless()})
    next_one = send(chief, {"heron.md": GOOD + b"It is on floor 3.\n"})
    answers(dock)
    form = done(curator, slow)
    assert form["state"] == "failed" and time.monotonic() - began < SECONDS + 10
    (failure,) = form["report"]["failed"]
    assert f"{SECONDS} seconds" in failure["error"]
    (added,) = done(chief, next_one)["report"]["added"]
    assert chief.delete(f"/v1/documents/{added['id']}").status_code == 200
    assert not (dock.library / "uploads/default/endless.pdf").exists()


def test_a_planted_link_is_not_followed(
    dock: Running, chief: httpx2.Client, tmp_path: Path
) -> None:
    """By somebody who can write to the uploads, but not where the links point."""
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / "secret.md"
    secret.write_bytes(b"# Secret\n\nThe quagga code is 7391.\n")
    (dock.library / "uploads" / "linked").symlink_to(outside)
    refused(send(chief, {"new.md": GOOD}, "linked"), 503)
    home = dock.library / "uploads" / "default"
    home.mkdir(parents=True, exist_ok=True)
    (home / "note.md").symlink_to(secret)
    form = done(chief, send(chief, {"note.md": GOOD}, "default"))
    assert form["state"] == "done" and not (home / "note.md").is_symlink()
    assert b"quagga" in secret.read_bytes() and set(outside.iterdir()) == {secret}
    wanted = hashlib.sha256(GOOD).hexdigest()
    assert chief.delete(f"/v1/documents/{wanted}").status_code == 200
    assert b"quagga" in secret.read_bytes()
    assert "7391" not in chief.post("/v1/search", json={"query": "quagga code"}).text
    (dock.library / "uploads" / "linked").unlink()
