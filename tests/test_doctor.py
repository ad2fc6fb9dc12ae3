"""The doctor looks at the weights that judge and order, as it does at those that embed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from medrag.config import load_settings
from medrag.doctor import examine
from medrag.engine import Engine
from medrag.errors import ModelError
from medrag.models.pair_encoder import SHIPPED, find_pair_encoder


@pytest.fixture
def altered(tmp_path: Path) -> Path:
    """The shipped weights with one bit turned."""
    folder = tmp_path / "weights"
    shutil.copytree(find_pair_encoder(SHIPPED), folder)
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)
    return folder


def test_what_is_shipped_is_whole(tmp_path: Path) -> None:
    settings = replace(load_settings(None), judge=SHIPPED)
    with Engine.open(tmp_path / "library", settings=settings) as engine:
        report = examine(engine)
    assert report["ok"], report["problems"]
    assert report["judge"]["sha256"] == report["reranker"]["sha256"]
    assert not any("judge" in note for note in report["degraded"])


def test_altered_weights_are_a_problem(tmp_path: Path, altered: Path) -> None:
    settings = replace(load_settings(None), judge=str(altered), rerank_model=str(altered))
    with Engine.open(tmp_path / "library", settings=settings) as engine:
        report = examine(engine)
        assert not report["ok"]
        assert sum("other weights" in problem for problem in report["problems"]) == 2
        with pytest.raises(ModelError, match="other weights"):
            engine.reranker.order("fever", [])


def test_what_is_switched_off_is_said(tmp_path: Path) -> None:
    settings = replace(load_settings(None), rerank=False)
    with Engine.open(tmp_path / "library", settings=settings) as engine:
        report = examine(engine)
    assert report["reranker"] == {"on": False}
    assert any("rerank" in note for note in report["degraded"])
