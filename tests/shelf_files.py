"""Small models that stand for the published ones, and the shelf they are put on."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from medrag.models import download, language
from medrag.models.language import CATALOG, LanguageModel
from medrag.models.shelf import shelf
from tests.tiny_gguf import write_tiny_model

# The name of a row of the catalog -> the seed of the tiny model that stands for it.
STAND_INS = {"medpsy-4b": 1, "medpsy-4b-q8_0": 2, "medpsy-1.7b": 3, "qwen3-4b-thinking": 4}


@cache
def tiny_bytes(seed: int) -> bytes:
    """A tiny model as bytes; made once a seed."""
    with tempfile.TemporaryDirectory() as folder:
        return write_tiny_model(Path(folder) / "tiny.gguf", seed=seed).read_bytes()


def catalog_of_stand_ins() -> tuple[LanguageModel, ...]:
    """The catalog, with the size and hash of the stand-ins in it."""
    rows = []
    for one in CATALOG:
        if one.name in STAND_INS:
            data = tiny_bytes(STAND_INS[one.name])
            digest = hashlib.sha256(data).hexdigest()
            one = replace(one, bytes=len(data), sha256=digest)
        rows.append(one)
    return tuple(rows)


def write_stand_ins(folder: Path) -> dict[str, Path]:
    """A file for each stand-in, and one that no catalog knows under "strange"."""
    files = {}
    for name, seed in {**STAND_INS, "strange": 99}.items():
        files[name] = folder / f"{name}.in.gguf"
        files[name].write_bytes(tiny_bytes(seed))
    return files


def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Files that the catalog takes for the published ones, and an empty home."""
    monkeypatch.setenv("MEDRAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(language, "CATALOG", catalog_of_stand_ins())
    monkeypatch.setattr(download, "BACKOFF_SECONDS", 0.001)
    return write_stand_ins(tmp_path)


def row(name: str) -> LanguageModel:
    """The catalog's row of that name."""
    found = language.by_name(name)
    assert found is not None
    return found


def lying() -> set[str]:
    """What lies on the shelf, but for its own two files."""
    if not shelf().exists():
        return set()
    return {path.name for path in shelf().iterdir()} - {".lock", "index.json"}
