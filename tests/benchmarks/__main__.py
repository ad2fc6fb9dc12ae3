"""`make bench`: the slow measurements; or some: python -m tests.benchmarks NAME ..."""

from __future__ import annotations

import importlib
import sys

NAMES = (
    "kill",
    "ingest_speed",
    "cold_start",
    "guidelines",
    "thousand",
    "decode_speed",
    "first_answer",
    "load",
    "serve_kill",
)


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        print(f"--- {name}", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()


main()
