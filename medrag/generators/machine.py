"""What was learnt of this machine: whether the fast buffers work, and how many threads are best.

It is only a memory, one small file in medrag's home: lost, everything is measured again.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

from medrag.config import home

_FILE = "worker.json"
_MOST_THREADS = 256


def recall(model: str) -> dict[str, Any]:
    """What is known: ``extra_buffers`` (bool), ``threads`` (int) of the model of that name."""
    known = _read().get(name())
    if not isinstance(known, dict):
        return {}
    threads = known.get("threads")
    found: dict[str, Any] = {}
    if isinstance(known.get("extra_buffers"), bool):
        found["extra_buffers"] = known["extra_buffers"]
    if isinstance(threads, dict) and threads.get(model) in range(1, _MOST_THREADS + 1):
        found["threads"] = threads[model]
    return found


def remember(model: str, *, extra_buffers: bool, threads: int) -> None:
    """Keep what the start of a model has shown."""
    memory = _read()
    known = memory.get(name())
    known = known if isinstance(known, dict) else {}
    measured = known.get("threads")
    measured = measured if isinstance(measured, dict) else {}
    memory[name()] = {
        "extra_buffers": extra_buffers,
        "threads": measured | {model: threads},
    }
    path = home() / _FILE
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):  # measured again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(memory, indent=1), "utf-8")
        temporary.replace(path)


def _read() -> dict[str, Any]:
    try:
        memory = json.loads((home() / _FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def name() -> str:
    """The processor, its number of cores, and the build that was measured on it."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    build = importlib.metadata.version("llama-cpp-python")
    return f"{name}; {os.cpu_count()} cores; llama-cpp-python {build}"
