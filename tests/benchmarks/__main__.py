"""`make bench`: the slow measurements; or some: python -m tests.benchmarks NAME ..."""

from __future__ import annotations

import importlib
import os
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
    "judge_speed",
    "planted",
    "answers_covered",
    "ward_questions",
    "calibration",
)

# What is kept for one measurement at the end is measured only when it is asked for by name: all
# of them together take the parts for development, unless the variable says otherwise.
FOR_DEVELOPMENT = {"MEDRAG_BENCH_PLANTED": "dev", "MEDRAG_BENCH_SPLIT": "dev"}


def main() -> None:
    named = sys.argv[1:]
    if not named:
        for variable, part in FOR_DEVELOPMENT.items():
            os.environ.setdefault(variable, part)
    for name in named or NAMES:
        print(f"--- {name}", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()


if __name__ == "__main__":
    main()
