"""A cold `medrag ask` over a large library beside `import sentence_transformers`, in turn.

The library is named by MEDRAG_BENCH_LIBRARY (README, "Figures", says how to make MedQuAD's).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

RUNS = 7
QUESTION = "What are the treatments for Glaucoma?"


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    library = os.environ.get("MEDRAG_BENCH_LIBRARY")
    if not library:
        print("skipped: MEDRAG_BENCH_LIBRARY names no library")
        return
    ask = [sys.executable, "-m", "medrag", "--library", library, "ask", QUESTION]
    bare = [sys.executable, "-c", "import sentence_transformers"]
    show_help = [sys.executable, "-m", "medrag", "--help"]
    for command in (ask, bare, show_help):
        seconds(command)
    pairs = [(seconds(ask), seconds(bare), seconds(show_help)) for _ in range(RUNS)]
    ratios = [one / other for one, other, _ in pairs]
    asked, imported, helped = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"medrag ask {asked:.2f} s, import sentence_transformers {imported:.2f} s (medians of"
          f" {RUNS}); ratio {statistics.median(ratios):.3f}"
          f" (from {min(ratios):.3f} to {max(ratios):.3f}); --help {helped:.3f} s")  # fmt: skip


if __name__ == "__main__":
    main()
