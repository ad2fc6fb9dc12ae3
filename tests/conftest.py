"""One library of the sample documents for the whole run; models are exported once a machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is slow, not wrong.
settings.register_profile("medrag", deadline=None)
settings.load_profile("medrag")

ROOT = Path(__file__).resolve().parent.parent
# Beside the environment: the exported model survives from run to run and is not shared with, nor
# taken from, what the user of this machine has.
os.environ["MEDRAG_HOME"] = str(ROOT / ".venv" / "medrag-home")
for name in [name for name in os.environ if name.startswith("MEDRAG_") and name != "MEDRAG_HOME"]:
    del os.environ[name]

CORPORA = [ROOT / "corpora" / name for name in ("guidelines", "formulary", "protocols", "notes")]


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library folder that holds the sample documents. Tests must not write to it."""
    from medrag import Engine

    folder = tmp_path_factory.mktemp("samples") / "library"
    with Engine.open(folder) as engine:
        report = engine.ingest(CORPORA)
    assert not report.failed
    return folder


@pytest.fixture
def engine(samples: Path) -> Iterator[object]:
    """An engine on the sample library."""
    from medrag import Engine

    with Engine.open(samples) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for documents."""
    made = tmp_path / "documents"
    made.mkdir()
    return made
