"""kill -9 of the server while it takes uploads and answers questions, 20 times.

After each kill the audit's chain must verify and the library must be sound; at the end everything
whose upload was accepted (202) must be in the library, once, and the audit must hold a question
for every answer that a client got.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx2

from medrag import Engine
from tests.benchmarks.http_client import start

KILLS = int(os.environ.get("MEDRAG_BENCH_KILLS", "20"))
CORPORA = Path(__file__).resolve().parents[2] / "corpora"
QUESTIONS = [
    "At what eGFR should metformin be stopped?",
    "What is the dose of apixaban when creatinine clearance is 15 to 29 mL/min?",
    "What is the dose of rivaroxaban for atrial fibrillation?",
]
LINE = "Protocol {name}: give {dose} mg of wardol every {hours} hours to adults on ward {name}."


class Clients:
    """Threads that upload and ask until the server is gone."""

    def __init__(self, address: str, accepted: dict[str, str], answers: list[str]) -> None:
        self._address = address
        self._accepted = accepted
        self._answers = answers
        self._threads = [threading.Thread(target=self._upload, args=(n,)) for n in range(2)]
        self._threads += [threading.Thread(target=self._ask, args=(n,)) for n in range(4)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _upload(self, number: int) -> None:
        dice = random.Random(time.time_ns() + number)
        with self._client() as client:
            while True:
                # Some names come again with other contents: a new version replaces the old.
                name = f"protocol-{dice.randrange(30)}-{number}.md"
                dose = dice.randrange(1, 10**6)
                filler = "\n\n".join(f"Note {n} of the ward." for n in range(dice.randrange(400)))
                text = LINE.format(name=name, dose=dose, hours=dice.randrange(2, 24))
                files = {"files": (name, f"# {name}\n\n{text}\n\n{filler}\n".encode())}
                try:
                    reply = client.post("/v1/documents", data={"collection": "ward"}, files=files)
                except httpx2.HTTPError:
                    # Nobody knows whether this one was taken: both are right.
                    self._accepted.pop(name, None)
                    return
                if reply.status_code == 202:
                    self._accepted[name] = text
                elif reply.status_code != 429:
                    raise SystemExit(f"an upload was answered {reply.status_code}: {reply.text}")
                time.sleep(0.1)

    def _ask(self, number: int) -> None:
        dice = random.Random(number)
        with self._client() as client:
            while True:
                question = dice.choice(QUESTIONS)
                try:
                    reply = client.post("/v1/ask", json={"question": question})
                except httpx2.HTTPError:
                    return
                if reply.status_code != 200:
                    raise SystemExit(f"a question was answered {reply.status_code}: {reply.text}")
                self._answers.append(reply.json()["fingerprint"])

    def _client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self._address, timeout=60, trust_env=False)


def medrag(library: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "medrag", *words, "--library", str(library)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="medrag-kill-"))
    library = folder / "library"
    accepted: dict[str, str] = {}
    answers: list[str] = []
    faults: list[str] = []
    try:
        with Engine.open(library) as engine:
            engine.ingest([CORPORA / "guidelines", CORPORA / "formulary"])
        dice = random.Random(9)
        for kill in range(KILLS):
            process, port = start(library)
            clients = Clients(f"http://127.0.0.1:{port}", accepted, answers)
            clients.start()
            time.sleep(dice.uniform(0.5, 6.0))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            clients.join()
            faults += [f"kill {kill}: {fault}" for fault in examined(library)]
        process, port = start(library)
        faults += settled(port, accepted)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        faults += [f"at the end: {fault}" for fault in examined(library)]
        faults += recorded(library, answers)
        print(
            f"{KILLS} kills, {len(accepted)} uploads accepted and known, {len(answers)} answers;"
            f" faults: {len(faults)}"
        )
        for fault in faults:
            print(fault)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def examined(library: Path) -> list[str]:
    """What the audit and the doctor find, straight after the kill."""
    faults = []
    audit = medrag(library, "audit", "verify")
    if audit.returncode:
        faults.append(f"audit verify: {audit.stderr.strip() or audit.stdout.strip()}")
    doctor = medrag(library, "doctor", "--json")
    if doctor.returncode:
        faults.append(f"doctor: {doctor.stdout.strip()[:500]}")
    return faults


def settled(port: int, accepted: dict[str, str]) -> list[str]:
    """Every accepted upload can be found, in its last version alone, when the rest is taken in."""

    async def wait() -> list[str]:
        faults: list[str] = []
        address = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=address, timeout=60, trust_env=False) as client:
            for _ in range(600):
                listed = (await client.get("/v1/documents", params={"collection": "ward"})).json()
                ids = {Path(row["path"]).name: row["id"] for row in listed["documents"]}
                faults = []
                for name, text in accepted.items():
                    if name not in ids:
                        faults.append(f"{name} was accepted and is not in the library")
                        continue
                    shown = await client.get(f"/v1/documents/{ids[name]}/text")
                    if text not in json.dumps(shown.json(), ensure_ascii=False):
                        faults.append(f"{name} stands in another version than the accepted one")
                if not faults:
                    break
                await asyncio.sleep(0.5)
            names = [Path(row["path"]).name for row in listed["documents"]]
            if len(names) != len(set(names)):
                faults.append("a document is there twice")
        return faults

    return asyncio.run(wait())


def recorded(library: Path, answers: list[str]) -> list[str]:
    """Every answer that a client got is on record."""
    lines = [
        json.loads(line)
        for path in sorted((library / "audit").glob("audit-*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    known = [line for line in lines if line.get("action") == "answered"]
    if len(known) < len(answers):
        return [f"{len(answers)} answers were given and {len(known)} are on record"]
    return []


if __name__ == "__main__":
    main()
