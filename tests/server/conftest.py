"""A real server in a process of its own, over a copy of the samples and one closed collection."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest

from medrag import Engine
from medrag.server.keys import KeyStore

CLOSED_TEXT = """# Staff fund

The zanthoxylum fund pays 4711 euros for each night shift. Metformin is stored in cupboard 12.
"""


def clean_environment() -> dict[str, str]:
    """This process's environment without proxies and without settings of medrag but its home, and
    without reranking: it is tested by itself, and each of some hundred servers would load its
    weights."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if "proxy" not in name.lower() and (name[:7] != "MEDRAG_" or name == "MEDRAG_HOME")
    }
    return {**kept, "PYTHONUNBUFFERED": "1", "MEDRAG_RERANK": "false"}


@dataclass
class Running:
    """A server that runs: its address, its process, its library and a key for each role."""

    address: str
    process: subprocess.Popen[str]
    library: Path
    keys: dict[str, str]
    log: Path

    def client(self, who: str | None = "reader", **options: Any) -> httpx2.Client:
        """A client that carries a key (None: none)."""
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who else {}
        headers.update(options.pop("headers", {}))
        return httpx2.Client(
            base_url=self.address, headers=headers, timeout=30, trust_env=False, **options
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(40)


def start(
    library: Path, config: Path | None = None, keys: dict[str, str] | None = None, *more: str
) -> Running:
    """Start ``medrag serve`` on a free port and wait until it listens."""
    command = [sys.executable, "-m", "medrag", "serve", "--library", str(library), "--json"]
    command += ["--port", "0", *more]
    if config is not None:
        command += ["--config", str(config)]
    log = library.parent / f"{library.name}.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=clean_environment()
        )
    out: IO[str] | None = process.stdout
    assert out is not None
    line = out.readline()
    if not line:
        process.wait(30)
        raise AssertionError(f"the server did not start: {log.read_text()}")
    said = json.loads(line)
    if "address" not in said:
        raise AssertionError(f"the server did not start: {said}")
    return Running(said["address"], process, library, keys or {}, log)


def make_library(samples: Path, folder: Path) -> tuple[Path, dict[str, str]]:
    """A copy of the samples with a closed collection beside them, and keys."""
    library = folder / "library"
    shutil.copytree(samples, library)
    secret = folder / "closed" / "staff-fund.md"
    secret.parent.mkdir(parents=True)
    secret.write_text(CLOSED_TEXT, "utf-8")
    with Engine.open(library) as engine:
        engine.ingest(secret.parent, collection="closed")
    store = KeyStore(library)
    keys = {
        "reader": store.add("ward", "reader", ["default"])[1],
        "curator": store.add("library", "curator", ["default"])[1],
        "admin": store.add("chief", "admin", None)[1],
        "closed": store.add("fund", "reader", ["closed"])[1],
    }
    return library, keys


Starter = Callable[..., Running]


@pytest.fixture(scope="session")
def server(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with keys; tests must leave its documents as they found them."""
    library, keys = make_library(samples, tmp_path_factory.mktemp("server"))
    running = start(library, None, keys)
    yield running
    running.stop()


@pytest.fixture
def starter(samples: Path, tmp_path: Path) -> Iterator[Starter]:
    """Starts servers of one test's own: ``starter(toml="[serve]...", keys=True)``."""
    started: list[Running] = []

    def begin(toml: str = "", keys: bool = True, folder: str = "own") -> Running:
        place = tmp_path / folder
        if (place / "library").is_dir():  # once more on the same library
            library, made = place / "library", started[-1].keys
        elif keys:
            library, made = make_library(samples, place)
        else:
            place.mkdir()
            library, made = place / "library", {}
            shutil.copytree(samples, library)
        config = None
        if toml:
            config = place / "medrag.toml"
            config.write_text(toml, "utf-8")
        started.append(start(library, config, made))
        return started[-1]

    yield begin
    for running in started:
        running.stop(signal.SIGKILL if running.process.poll() is None else signal.SIGTERM)
