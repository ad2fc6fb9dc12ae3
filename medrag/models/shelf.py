"""The folder of the language models' files, and its index: name, file, hash as added."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrag.config import home

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Record:
    """A line of the index: a name, a file of the shelf, and its hash when it was added."""

    name: str
    file: str
    sha256: str

    @property
    def path(self) -> Path:
        return shelf() / self.file


def shelf() -> Path:
    """The folder of the language models' files."""
    return home() / "models" / "language"


def read_index() -> tuple[list[Record], list[str]]:
    """The lines of the index, and what is wrong with it."""
    path = shelf() / "index.json"
    try:
        rows = json.loads(path.read_text("utf-8"))["models"]
        records = [_record(row) for row in rows]
    except FileNotFoundError:
        return [], []
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return [], [f"{path} is damaged. Add the files of its folder again: medrag model add FILE"]
    good = {one.name: one for one in records if one is not None}
    problems = [f"{path} holds a line that is damaged."] if None in records else []
    return list(good.values()), problems


def write_index(records: list[Record]) -> None:
    """Write the index anew, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path = shelf() / "index.json"
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    rows = [{"name": one.name, "file": one.file, "sha256": one.sha256} for one in records]
    try:
        temporary.write_text(json.dumps({"models": rows}, indent=1), "utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_name(text: str) -> bool:
    """Whether a model may be called so: a-z, 0-9, dot, hyphen and underscore, at most 64."""
    return _NAME.fullmatch(text) is not None


def _record(row: Any) -> Record | None:
    if not isinstance(row, dict):
        return None
    name, file, digest = row.get("name"), row.get("file"), row.get("sha256")
    if not (isinstance(name, str) and isinstance(file, str) and isinstance(digest, str)):
        return None
    # Never a file outside the shelf, whatever is written there.
    plain = file.endswith(".gguf") and not set(file) & set("/\\:\0") and not file.startswith(".")
    if not (plain and is_name(name) and _DIGEST.fullmatch(digest)):
        return None
    return Record(name, file, digest)
