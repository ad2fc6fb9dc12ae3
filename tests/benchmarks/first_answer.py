"""How long until a person can read a verbatim answer after a cold `medrag ask`, whoever composes.

MEDRAG_BENCH_LIBRARY names a library (README, "Figures"), MEDRAG_BENCH_MODELS model files (random
ones will do). The clock runs from the start of the process until the first sentence of the answer
has come out of a terminal; the process is ended then.
"""

from __future__ import annotations

import os
import pty
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 7
QUESTION = "What are the treatments for Glaucoma?"
SIGN = b"(supported)"


def seconds(command: list[str]) -> float:
    """From the start until the first checked sentence stands on the terminal."""
    reading, writing = pty.openpty()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.DEVNULL,
        env=os.environ | {"COLUMNS": "100", "TERM": "xterm"},
    )  # fmt: skip
    os.close(writing)
    seen = b""
    while SIGN not in seen:
        part = os.read(reading, 4096)
        if not part:
            raise SystemExit("it ended without an answer")
        seen += part
    taken = time.perf_counter() - started
    process.kill()
    process.wait()
    os.close(reading)
    return taken


def main() -> None:
    library = os.environ.get("MEDRAG_BENCH_LIBRARY")
    if not library:
        print("skipped: MEDRAG_BENCH_LIBRARY names no library")
        return
    models = [path for path in os.environ.get("MEDRAG_BENCH_MODELS", "").split(":") if path]
    for generator in ("extractive", "auto", *models):
        ask = [sys.executable, "-m", "medrag", "--library", library, "ask", QUESTION]
        ask += ["--generator", generator]
        seconds(ask)
        times = [seconds(ask) for _ in range(RUNS)]
        print(f"  {Path(generator).name}: {statistics.median(times):.2f} s"
              f" ({min(times):.2f} to {max(times):.2f})")  # fmt: skip


if __name__ == "__main__":
    main()
