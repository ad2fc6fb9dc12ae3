"""Attacks on what is written down and on what goes over the wire: log, audit, TLS."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from medrag.server.keys import KeyStore
from tests.server.attack_helpers import LINUX, METFORMIN, answers, connect, head, own_server, say
from tests.server.conftest import Running, clean_environment

pytestmark = LINUX

WORD = "Quetzalcoatl"
FORGED = "2026-01-01 00:00:00,000 ERROR medrag.server: all is lost"
KIND = "Content-Type: application/json"


@pytest.fixture(scope="module")
def watched(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose log and audit are looked at; its audit leaves questions out."""
    toml = '[audit]\nquestions = "none"\n[proxy]\naddresses = ["127.0.0.2"]\ncollections = ["*"]\n'
    with own_server(samples, tmp_path_factory.mktemp("watched"), toml) as running:
        yield running


def audit_of(server: Running) -> list[dict[str, Any]]:
    lines = []
    for path in sorted((server.library / "audit").glob("audit-*.jsonl")):
        lines += path.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def command(server: Running, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "medrag", *words, "--library", str(server.library)],
        capture_output=True, text=True, check=False, env=clean_environment(),
    )  # fmt: skip


def test_nothing_that_is_sent_gets_into_the_log(watched: Running) -> None:
    """Line ends in paths, headers, names, bodies; questions; keys, right and wrong."""
    lines = quote(f"\r\n{FORGED}\r\n{WORD}")
    key = watched.keys["reader"]
    requests = [
        head(watched, f"GET /{lines}", key="reader"),
        head(watched, f"GET /v1/documents/{lines}", key="reader"),
        head(watched, f"GET /v1/me?{lines}"),
        head(watched, f"GET /v1/{WORD}", f"User-Agent: {WORD}", f"Referer: {WORD}"),
        head(watched, "GET /v1/me", key=f"mr_{WORD}"),
        head(watched, "GET /v1/me", f"X-Remote-User: {WORD}"),
        f"GET /{WORD} HTTP/1.1\r\nX: \x00{WORD}\r\n\r\n".encode(),
        f"{WORD} / HTTP/1.1\r\n\r\n".encode(),
    ]
    for request in requests:
        say(watched, request)
    say(watched, head(watched, "GET /v1/me", f"X-Remote-User: {WORD}%0a"), "127.0.0.2")
    question = f"Is Mrs {WORD} allergic to penicillin?\n{FORGED}"
    with watched.client("reader") as reader:
        for path, body in (
            ("/v1/ask", {"question": question, "history": [{"question": question}]}),
            ("/v1/ask", {"question": question, "stream": True}),
            ("/v1/ask", {"question": question, "generator": WORD}),
            ("/v1/search", {"query": question, "collections": [f"{WORD}\n{FORGED}"]}),
            ("/v1/verify", {"pairs": [{"claim": question, "evidence": question}]}),
            ("/v1/chat/completions", {"model": WORD, "messages": []}),
            ("/v1/search", {"query": question, WORD: WORD}),
            ("/mcp", {"jsonrpc": "2.0", "id": 1, "method": WORD}),
        ):
            reader.post(path, json=body)
    answers(watched)
    log = watched.log.read_text("utf-8")
    audit = json.dumps(audit_of(watched))
    for text in (log, audit):
        assert WORD.lower() not in text.lower() and "all is lost" not in text
        assert "penicillin" not in text and key not in text and key[12:] not in text
    for line in log.splitlines():
        assert line[:2] == "20" or line.startswith("medrag serves at"), line


def test_a_name_cannot_forge_a_line(watched: Running) -> None:
    store = KeyStore(watched.library)
    for name in (f"x\n{FORGED}", "x\x1b[2J", "x\u202ey", " x", ""):
        added = command(watched, "keys", "add", name, "--role", "reader", "--collections", "*")
        assert added.returncode == 2 and added.stdout == ""
    assert all("\n" not in record.name for record in store.list())
    answers(watched)


def test_refusals_are_on_record_without_what_was_sent(watched: Running) -> None:
    say(watched, head(watched, f"GET /v1/documents/{WORD}?{WORD}", key=f"mr_{WORD}"))
    say(watched, head(watched, f"DELETE /v1/documents/{WORD}"))
    answers(watched)
    refused = [record for record in audit_of(watched) if record["action"] == "refused"]
    assert refused and {record["peer"] for record in refused} >= {"127.0.0.1"}
    assert {record["what"] for record in refused} >= {"DELETE /v1/documents/*"}
    assert WORD not in json.dumps(refused)


TAMPERING = {
    "a verdict": lambda lines: [line.replace('"searched"', '"asked"') for line in lines],
    "a caller": lambda lines: [line.replace('"ward"', '"fund"') for line in lines],
    "a line less": lambda lines: lines[:2] + lines[3:],
    "a line more": lambda lines: [*lines[:3], lines[2], *lines[3:]],
    "the last line": lambda lines: lines[:-1],
    "two lines changed about": lambda lines: [lines[1], lines[0], *lines[2:]],
    "nothing left": lambda lines: [],
}


@pytest.mark.parametrize("change", TAMPERING.values(), ids=TAMPERING)
def test_a_change_to_the_audit_of_a_running_server_is_found(watched: Running, change: Any) -> None:
    with watched.client("reader") as reader:
        for _ in range(3):
            reader.post("/v1/search", json={"query": "metformin"})
    (path,) = (watched.library / "audit").glob("audit-*.jsonl")
    good = path.read_bytes()
    assert command(watched, "audit", "verify").returncode == 0
    try:
        lines = good.decode().splitlines()
        path.write_text("".join(line + "\n" for line in change(lines)), "utf-8")
        found = command(watched, "audit", "verify")
        assert found.returncode == 1 and "ALTERED" in found.stdout
        assert not any(word in found.stdout for word in ("Traceback", METFORMIN))
    finally:
        path.write_bytes(good)
    answers(watched)


# TLS


@pytest.fixture(scope="module")
def sealed(
    samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, Path]]:
    """A server with a certificate of its own making, and the certificate."""
    folder = tmp_path_factory.mktemp("sealed")
    certificate = self_made(folder)
    toml = (
        f'[serve]\nheader_seconds = 1\ntls_certificate = "{certificate}"\n'
        f'tls_key = "{folder / "key.pem"}"\n'
    )
    with own_server(samples, folder, toml) as running:
        yield running, certificate


def self_made(folder: Path) -> Path:
    """A certificate for 127.0.0.1, with its key beside it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "medrag test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, plain))
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "certificate.pem"


def test_over_tls_browsers_are_told_to_stay_there(sealed: tuple[Running, Path]) -> None:
    running, certificate = sealed
    context = ssl.create_default_context(cafile=str(certificate))
    with running.client("reader", verify=context) as client:
        reply = client.post("/v1/ask", json={"question": METFORMIN})
        assert "below 30" in reply.json()["answer"]
        for path in ("/", "/v1/me", "/nothing", "/healthz"):
            age = client.get(path).headers["strict-transport-security"]
            assert int(age.partition("max-age=")[2]) >= 31_536_000
    with running.client("reader") as stranger, pytest.raises(httpx2.ConnectError):
        stranger.get("/v1/me")  # who does not know the certificate does not go on


def test_plain_http_to_a_tls_port_gets_nothing(sealed: tuple[Running, Path]) -> None:
    running, certificate = sealed
    request = head(running, "GET /v1/documents", key="reader")
    for data in (request, b"\x00" * 2000, b"SSH-2.0-x\r\n"):
        reply = say(running, data, seconds=5)
        assert reply.status == 0 and b"metformin" not in reply.data.lower()
    context = ssl.create_default_context(cafile=str(certificate))
    with running.client("reader", verify=context) as client:
        assert client.get("/v1/me").status_code == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(sealed: tuple[Running, Path], version: ssl.TLSVersion) -> None:
    running, _ = sealed
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with connect(running) as raw, pytest.raises((ssl.SSLError, ConnectionError)) as error:
        context.wrap_socket(raw)
    assert not isinstance(error.value, socket.timeout)


def test_a_head_that_does_not_come_is_hung_up_on_over_tls_too(
    sealed: tuple[Running, Path],
) -> None:
    running, certificate = sealed
    context = ssl.create_default_context(cafile=str(certificate))
    with connect(running) as raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as safe:
        safe.sendall(b"GET / HTTP/1.1\r\n")
        safe.settimeout(5)
        assert safe.recv(100) == b""
