"""The measures agree with values worked out by hand, and the evaluations with what they measure."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag import Engine
from medrag.evaluate.answerability import evaluate_answerability
from medrag.evaluate.claims import evaluate_claims
from medrag.evaluate.measures import (
    auroc,
    balanced_accuracy,
    macro_f1,
    ndcg,
    percentile,
    recall,
    reciprocal_rank,
)
from medrag.evaluate.retrieval import evaluate_retrieval

DRUGS = ("amoxicillin", "warfarin", "salbutamol", "metformin", "gentamicin", "codeine")


def test_ndcg_by_hand() -> None:
    relevant = {"a": 1.0, "b": 1.0}
    assert ndcg(["a", "b"], relevant) == 1.0
    expected = (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    assert ndcg(["x", "a"], relevant) == pytest.approx(expected)
    assert ndcg(["x"] * 10 + ["a"], relevant) == 0.0


def test_recall_and_reciprocal_rank_by_hand() -> None:
    relevant = {"a": 1.0, "b": 1.0}
    assert recall(["x", "a", "b"], relevant, 2) == 0.5
    assert reciprocal_rank(["x", "a"], relevant) == 0.5
    assert reciprocal_rank(["x"], relevant) == 0.0


def test_auroc_by_hand() -> None:
    assert auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert auroc([1, 1], [True, False]) == 0.5
    assert math.isnan(auroc([1, 2], [True, True]))


def test_f1_and_accuracy_by_hand() -> None:
    assert macro_f1(["a", "a", "b"], ["a", "b", "b"]) == pytest.approx(2 / 3)
    assert balanced_accuracy([True, True, False], [True, False, False]) == 0.75
    assert percentile([1, 2, 3, 4], 0.5) == 2


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40))
def test_auroc_turns_round_with_the_scores(pairs: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in pairs], [label for _, label in pairs]
    area = auroc(scores, labels)
    if not math.isnan(area):
        assert 0 <= area <= 1
        assert auroc([-score for score in scores], labels) == pytest.approx(1 - area)


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    folder.mkdir()
    corpus = [
        {"_id": f"d{i}", "title": drug.title(), "text": f"{drug.title()} is given once a day."}
        for i, drug in enumerate(DRUGS)
    ]
    queries = [
        {"_id": f"q{i}", "text": f"How often is {drug} given?", "split": "test" if i else "train"}
        for i, drug in enumerate(DRUGS)
    ]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    judged = "".join(f"q{i}\td{i}\t1\n" for i in range(len(DRUGS)))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    return folder


def test_retrieval_on_a_set_that_is_easy(beir: Path, tmp_path: Path) -> None:
    from medrag.config import Settings

    report = evaluate_retrieval(beir, "test", tmp_path / "library", Settings(rerank=True))
    assert report["queries"] == len(DRUGS) - 1
    assert report["ndcg@10"] == report["mrr@10"] == 1.0
    assert set(report["arms"]) == {"lexical", "dense", "hybrid", "reranked"}
    assert report["ndcg@10"] == report["arms"]["reranked"]["ndcg@10"]
    without = evaluate_retrieval(beir, "test", tmp_path / "library", Settings(rerank=False))
    assert set(without["arms"]) == {"lexical", "dense", "hybrid"}


def test_questions_of_a_set_are_not_ingested(beir: Path, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "library") as engine:
        report = engine.ingest(beir)
        assert len(report.added) == len(DRUGS) and not report.failed


def test_removed_documents_are_removed_for_their_question_only(beir: Path, tmp_path: Path) -> None:
    rows = [
        {"id": 1, "text": "Is warfarin given once a day?", "answerable": True, "remove_docs": []},
        {"id": 2, "text": "Is warfarin given once a day?", "answerable": False,
         "remove_docs": ["d1"]},
        {"id": 3, "text": "Is warfarin given once a day?", "answerable": True, "remove_docs": []},
    ]  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(beir)
        report = evaluate_answerability(file, engine)
        assert report["auroc"] == 1.0
        assert report["abstained_unanswerable"] == 1.0
        assert engine.search("warfarin", 1)[0].document.title == "Warfarin"


def test_claims_against_gold_labels(tmp_path: Path) -> None:
    evidence = "Give amoxicillin 500 mg three times a day."
    rows = [
        {"id": 1, "claim": evidence, "evidence": evidence, "label": "supported", "split": "test"},
        {"id": 2, "claim": evidence.replace("500", "250"), "evidence": evidence,
         "label": "refuted", "split": "test"},
        {"id": 3, "claim": "The sky is green.", "evidence": evidence, "label": "neutral",
         "split": "test"},
        {"id": 4, "claim": "x", "evidence": "x", "label": "supported", "split": "train"},
    ]  # fmt: skip
    file = tmp_path / "claims.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    with Engine.open(tmp_path / "library") as engine:
        report = evaluate_claims(file, "test", engine)
    assert report["rows"] == 3
    assert report["confusion"]["supported"] == {"supported": 1, "neutral": 0, "refuted": 0}
    assert report["confusion"]["refuted"]["supported"] == 0
    assert report["auroc_supported"] == 1.0
