"""Which judge the settings name, and a cross-encoder of one's own in its place."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from medrag.config import Settings
from medrag.errors import ConfigError, ModelError
from medrag.judges import learned_judge, make_judge
from medrag.models.nli_encoder import CrossEncoderPairs
from medrag.models.pair_encoder import find_pair_encoder
from medrag.protocols import Embedder
from medrag.verify import RuleJudge
from medrag.verify.combiner import load_combiner
from medrag.verify.learned import LearnedJudge


def no_embedder() -> Embedder:
    raise AssertionError("no embedder is needed")


def folder_of(path: Path, *labels: str) -> Path:
    names = {str(i): label for i, label in enumerate(labels)}
    (path / "config.json").write_text(json.dumps({"id2label": names}))
    return path


def test_the_rules_are_the_default() -> None:
    embedder: Any = SimpleNamespace(identity=SimpleNamespace(name="tiny"))
    assert isinstance(make_judge(Settings(), lambda: embedder), RuleJudge)


def test_an_unknown_judge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no judge"):
        make_judge(Settings(judge=str(tmp_path / "none")), no_embedder)


def test_a_cross_encoder_must_know_three_labels(tmp_path: Path) -> None:
    for labels in (("LABEL_0", "LABEL_1", "LABEL_2"), ("entailment", "not_entailment"), ()):
        with pytest.raises(ModelError, match="three labels"):
            make_judge(Settings(judge=str(folder_of(tmp_path, *labels))), no_embedder)


def test_a_cross_encoders_labels_are_mapped_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    class CrossEncoder:
        def __init__(self, folder: str, **_: object) -> None:
            assert folder == str(tmp_path)

        def predict(self, pairs: Sequence[tuple[str, str]], **_: object) -> Any:
            asked.extend(pairs)
            return np.array([[0.0, 5.0, 1.0]] * len(pairs))

    monkeypatch.setitem(
        sys.modules, "sentence_transformers", SimpleNamespace(CrossEncoder=CrossEncoder)
    )
    folder = folder_of(tmp_path, "CONTRADICTION", "Entailment", "neutral")
    logits = CrossEncoderPairs(folder).claims([("the claim", "the evidence")])
    assert logits.tolist() == [[5.0, 1.0, 0.0]]
    assert asked == [("the evidence", "the claim")]
    judge = make_judge(Settings(judge=str(folder)), no_embedder)
    assert isinstance(judge, LearnedJudge) and judge.name == tmp_path.name
    [verdict] = judge.judge([("Gout gets better on zelvarin.", "Zelvarin helps with gout.")])
    assert verdict.label == "supported"
    assert CrossEncoderPairs(folder).claims([]).shape == (0, 3)


def test_the_shipped_judge_wants_its_combiner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    monkeypatch.setattr("medrag.models.pair_encoder.find_pair_encoder", lambda name: tmp_path)
    with pytest.raises(ModelError, match=r"lacks its combiner\.json"):
        make_judge(Settings(judge="medrag-judge"), no_embedder)


@pytest.mark.parametrize(
    "limits", [{"supported": -5}, {"agreed": 0.0}, {"partial": 0}, {"refuted": 50.0}]
)
def test_limits_that_are_no_probabilities_are_damage(
    tmp_path: Path, limits: dict[str, float]
) -> None:
    shipped = find_pair_encoder("medrag-judge") / "combiner.json"
    tree = json.loads(shipped.read_text("utf-8"))
    tree["limits"] |= limits
    (tmp_path / "combiner.json").write_text(json.dumps(tree), "utf-8")
    with pytest.raises(ModelError, match="damaged"):
        load_combiner(tmp_path)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Treat hypokalaemia with insulin and glucose.",
         "Treat hyperkalaemia with insulin and glucose."),
        ("Systolic pressure should be above 90 mmHg.",
         "Diastolic pressure should be above 90 mmHg."),
        ("Morning doses are skipped on fasting days.",
         "Evening doses are skipped on fasting days."),
    ],
)  # fmt: skip
def test_the_model_does_not_overrule_an_opposite_in_nearly_the_same_words(
    claim: str, evidence: str
) -> None:
    judge = learned_judge(Settings(judge="medrag-judge"))
    wrong, right = judge.judge([(claim, evidence), (evidence, evidence)])
    assert wrong.label in {"unsupported", "contradicted"}
    assert wrong.score <= 0.05
    assert right.label == "supported"
