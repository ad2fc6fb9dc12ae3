"""A server from its start to its end, and what happens to its files meanwhile."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.server.asking_helpers import (
    METFORMIN,
    STOP,
    Asker,
    at_rest,
    ends,
    eventually,
    family,
    figure,
    records,
    writing,
)
from tests.server.conftest import Running, Starter, clean_environment
from tests.tiny_home import make_home

NEW = "# Snake bites\n\nGive zanthoxylum antivenom 4 vials for a bite of the Komodo dragon.\n"
ASKED = "How many vials of antivenom are given for a bite of the Komodo dragon?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the tiny language model."""
    return make_home(tmp_path_factory.mktemp("lifecycle"))


@pytest.fixture
def models(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same for servers of one test."""
    monkeypatch.setenv("MEDRAG_HOME", str(home))
    yield home


def thinks(event: dict[str, Any]) -> bool:
    """Whether the language model is at work, in its process."""
    return event["event"] == "working" and event["phase"] == "think"


def medrag(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A command line of its own process."""
    return subprocess.run(
        [sys.executable, "-m", "medrag", *words], capture_output=True, text=True, check=False,
        env=clean_environment(), timeout=60, **options,  # type: ignore[call-overload]
    )  # fmt: skip


def answer(server: Running, question: str, who: str | None = "admin", **more: object) -> str:
    """The text of an answer, or the error."""
    with server.client(who) as client:
        reply = client.post("/v1/ask", json={"question": question} | more).json()
    return str(reply.get("answer", reply.get("error")))


def in_a_line(text: str) -> bool:
    """Whether an error is told in one line, without a traceback."""
    return text.startswith("medrag: ") and text.count("\n") == 1 and "Traceback" not in text


# How it starts


def test_a_port_that_is_taken_is_said_in_a_line(server: Running) -> None:
    port = server.address.rpartition(":")[2]
    done = medrag("serve", "--library", str(server.library), "--port", port)
    assert done.returncode == 2
    assert in_a_line(done.stderr) and f"127.0.0.1:{port} cannot be listened on" in done.stderr
    with server.client(None) as client:
        assert client.get("/readyz").status_code == 200


def test_a_wrong_certificate_is_said_in_a_line(server: Running, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    _certificate(certificate)
    _certificate(tmp_path / "other.pem", key)
    config = tmp_path / "medrag.toml"
    config.write_text(f"[serve]\ntls_certificate = '{certificate}'\ntls_key = '{key}'\n")
    done = medrag("serve", "--library", str(server.library), "--port", "0", "--config", str(config))
    assert done.returncode == 2
    assert in_a_line(done.stderr) and "The certificate or its key cannot be read" in done.stderr


def _certificate(path: Path, key: Path | None = None) -> None:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(made, hashes.SHA256())
    )
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    if key is not None:
        form = serialization.PrivateFormat.PKCS8
        plain = serialization.NoEncryption()
        key.write_bytes(made.private_bytes(serialization.Encoding.PEM, form, plain))


def test_answers_do_not_wait_for_acknowledgements(server: Running) -> None:
    taken = []
    with server.client(None) as client:  # one connection
        for _ in range(25):
            began = time.perf_counter()
            assert client.get("/healthz").status_code == 200
            taken.append(time.perf_counter() - began)
    assert statistics.median(taken) < 0.035  # a delayed acknowledgement comes after 0.04


# How it ends


def test_what_runs_is_finished_when_it_stops(models: Path, starter: Starter) -> None:
    server = starter(writing("[serve]\nstop_seconds = 20", thinking=300))
    asker = Asker(server)
    asker.until(thinks)
    assert family(server)
    assert server.stop() == 0
    assert asker.ended(1)["event"] == "answer"
    assert Counter(one["action"] for one in records(server.library))["stopped"] == 1
    assert ends(server.library).popitem()[1] == Counter(answered=1)


def test_what_takes_longer_is_ended_and_told_so(models: Path, starter: Starter) -> None:
    server = starter(writing("[serve]\nstop_seconds = 1"))
    streams = Asker(server)
    streams.until(thinks)
    whole = Asker(server, "curator", stream=False)
    with server.client("admin") as client:
        waits = lambda: figure(client.get("/metrics").text, "medrag_waiting", queue="model")  # noqa: E731
        assert eventually(lambda: waits() == 1)
    children = family(server)
    half = _half_a_request(server)
    began = time.monotonic()
    assert server.stop() == 0
    assert 1 <= time.monotonic() - began < 8
    half.close()
    assert streams.ended(1) == {
        "event": "error", "error": "The server is stopping.", "remedy": "Ask again in a minute.",
    }  # fmt: skip
    assert whole.ended(1)["error"] == "The server is stopping." and whole.status == 503
    assert children and eventually(lambda: not any(child.is_running() for child in children))
    assert list(ends(server.library).values()) == [Counter(cancelled=1)] * 2
    assert list(records(server.library))[-1]["action"] == "stopped"
    assert "Traceback" not in server.log.read_text()


def _half_a_request(server: Running) -> socket.socket:
    host, _, port = server.address.removeprefix("http://").partition(":")
    half = socket.create_connection((host, int(port)))
    half.sendall(
        b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
        b"Authorization: Bearer " + server.keys["reader"].encode() + b"\r\n\r\n{"
    )
    return half


def test_a_second_signal_ends_it_at_once(models: Path, starter: Starter) -> None:
    server = starter(writing("[serve]\nstop_seconds = 60"))
    asker = Asker(server)
    asker.until(thinks)
    with server.client("curator") as client:
        sent = client.post("/v1/documents", files={"files": ("new.md", NEW.encode())})
        assert sent.status_code == 202
    children = family(server)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert not asker.over
    began = time.monotonic()
    assert server.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 5
    assert asker.ended(1)["error"] == "The server is stopping."
    assert eventually(lambda: not any(child.is_running() for child in children))
    assert "Traceback" not in server.log.read_text()


def test_no_process_outlives_a_server_that_is_killed(models: Path, starter: Starter) -> None:
    server = starter(writing())
    asker = Asker(server)
    asker.until(thinks)
    children = family(server)
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    gone, left = psutil.wait_procs(children, timeout=8)
    assert gone and not left
    done = medrag("audit", "verify", "--library", str(server.library))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [end.total() for end in ends(server.library).values()] == [0]  # asked, and then killed


# What happens to its files


def test_the_library_may_change_vanish_and_come_back(starter: Starter, folder: Path) -> None:
    server = starter()
    where = ("--library", str(server.library), "--json")
    assert "antivenom" not in answer(server, ASKED)
    (folder / "bites.md").write_text(NEW, "utf-8")
    added = json.loads(medrag("ingest", str(folder), *where).stdout)["added"]
    assert "4 vials" in answer(server, ASKED)
    assert medrag("documents", "remove", added[0]["id"], *where).returncode == 0
    assert "antivenom" not in answer(server, ASKED)
    with server.client("admin") as client:
        found = client.post("/v1/search", json={"query": ASKED, "k": 100}).json()["passages"]
        assert found and "antivenom" not in str(found)
        assert client.get(f"/v1/documents/{added[0]['id']}").status_code == 404
        assert STOP in answer(server, METFORMIN)
        for path in [*server.library.glob("library.sqlite*"), *server.library.glob("vectors*")]:
            path.unlink()
        gone = client.post("/v1/ask", json={"question": METFORMIN})
        assert gone.status_code == 503 and "\n" not in gone.json()["error"]
        assert client.get("/healthz").status_code == 200
        assert medrag("ingest", str(folder), *where).returncode == 0
        assert "4 vials" in answer(server, ASKED)
        assert STOP not in answer(server, METFORMIN)
        at_rest(client)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def test_a_model_that_is_gone_is_said_in_a_line_and_quotes_go_on(
    models: Path, starter: Starter
) -> None:
    server = starter(writing(thinking=100))
    asker = Asker(server)
    assert asker.ended()["event"] == "answer"
    (weights,) = models.rglob("tiny*.gguf")
    away = weights.with_suffix(".away")
    shutil.move(weights, away)
    try:
        gone = Asker(server, stream=False)
        told = gone.ended()
        assert gone.status == 503
        assert told["error"].startswith("The file of tiny is gone") and "\n" not in told["error"]
        assert STOP in answer(server, METFORMIN, generator="extractive")
    finally:
        shutil.move(away, weights)
    assert Asker(server).ended()["event"] == "answer"
    with server.client("admin") as client:
        at_rest(client)
    assert "Traceback" not in server.log.read_text()


def test_without_its_audit_nothing_is_answered_until_it_can_be_written(starter: Starter) -> None:
    server = starter()
    (log,) = (server.library / "audit").glob("*.jsonl")
    pid = server.process.pid
    with server.client("admin") as client:
        for _ in range(12):  # its file is then larger than any other that is written
            client.post("/v1/search", json={"query": "metformin " * 390})
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        full = log.stat().st_size
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (full + 100, before[1]))
        for path, body in (
            ("/v1/ask", {"question": METFORMIN}),
            ("/v1/ask", {"question": METFORMIN, "stream": True}),
            ("/v1/search", {"query": "metformin"}),
            ("/v1/verify", {"pairs": [{"claim": "x", "evidence": "x"}]}),
        ):
            reply = client.post(path, json=body)
            assert reply.status_code == 503, path
            assert "audit log cannot be written" in reply.json()["error"]
            assert "eGFR is below" not in reply.text and str(server.library) not in reply.text
        assert client.get("/healthz").status_code == 200
        assert log.stat().st_size == full
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        assert STOP in client.post("/v1/ask", json={"question": METFORMIN}).json()["answer"]
        at_rest(client)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()
    assert medrag("audit", "verify", "--library", str(server.library)).returncode == 0
    full = log.stat().st_size
    done = medrag(
        "serve", "--library", str(server.library), "--port", "0",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (full, full)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("medrag: The audit log in")
    assert log.stat().st_size == full
