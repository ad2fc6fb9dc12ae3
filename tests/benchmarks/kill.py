"""Ingest killed (SIGKILL) at random moments: the library is whole each time, and gets finished."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from medrag import Engine

MEDRAG = [sys.executable, "-m", "medrag"]
KILLS = 30
DOCUMENTS = 150


def make_folder(folder: Path, version: int) -> None:
    """Documents of a few passages each; in another version a third of them say other numbers."""
    folder.mkdir(exist_ok=True)
    for i in range(DOCUMENTS):
        dose = i + (version if i % 3 == 0 else 0)
        lines = [f"Drug {i}, paragraph {p}: give {dose} mg every {p + 4} hours." for p in range(12)]
        (folder / f"{i}.txt").write_text("\n\n".join(lines))


def whole_run_seconds(folder: Path, library: Path) -> float:
    started = time.perf_counter()
    subprocess.run(
        [*MEDRAG, "--library", str(library), "ingest", str(folder)], check=True, capture_output=True
    )
    return time.perf_counter() - started


def check(library: Path) -> None:
    done = subprocess.run(
        [*MEDRAG, "--library", str(library), "doctor", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert report["ok"], report["problems"]


def main() -> None:
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as temporary:
        folder, library = Path(temporary) / "in", Path(temporary) / "library"
        make_folder(folder, 0)
        seconds = whole_run_seconds(folder, Path(temporary) / "reference")
        killed = runs = 0
        while killed < KILLS:
            runs += 1
            # Every run has something to do: changed doses, and a file that goes or comes back.
            make_folder(folder, runs)
            (folder / f"{rng.randrange(DOCUMENTS)}.txt").unlink()
            process = subprocess.Popen(
                [*MEDRAG, "--library", str(library), "ingest", str(folder)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(rng.uniform(0.2, seconds))
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                killed += 1
            process.wait()
            if (library / "library.sqlite").is_file():
                check(library)
        subprocess.run([*MEDRAG, "--library", str(library), "ingest", str(folder)], check=True)
        check(library)
        expected = {str(path): path.read_text() for path in folder.iterdir()}
        with Engine.open(library) as engine:
            paths = Counter(info.path for info in engine.documents())
            assert set(paths) == set(expected) and max(paths.values()) == 1
            for info in engine.documents():
                assert engine.document(info.id).text == expected[info.path].strip()
        print(f"{killed} of {runs} runs killed at work, from 0.2 to {seconds:.1f} s after start;")
        print(f"doctor found no disagreement; {len(paths)} documents, each once, each current.")
