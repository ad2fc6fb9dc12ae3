"""The sample documents are what their sources render, and are marked as samples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from medrag.readers import read

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("guidelines", "formulary", "protocols", "notes")
FILES = sorted(path for name in FOLDERS for path in (ROOT / "corpora" / name).iterdir())


def test_rendering_anew_gives_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "corpora" / "build_samples.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    rendered = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(rendered) >= 8
    for path in rendered:
        shipped = ROOT / "corpora" / path.relative_to(tmp_path)
        assert shipped.read_bytes() == path.read_bytes(), shipped.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_says_that_it_is_a_sample(path: Path) -> None:
    (document,) = read(str(path), path.read_bytes())
    assert "not for clinical use" in document.text[:1500].lower()
    for page in document.pages:
        assert document.text[page.start : page.end].strip()
