"""Which human-labelled pairs may train, and what the makers of variants leave as it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from training import human
from training.human.rewording import declared, holds_answer, trial_claim
from training.pairs import NEUTRAL, SUPPORTED

ABSTRACT = ["Mice were fed fish oil.", "Fish oil lowered blood pressure.", "Weight did not change."]


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _scifact(number: int, document: str, split: str = "train") -> dict[str, Any]:
    return {
        "id": f"sf-{number}-{document}",
        "claim": f"Claim {number}: fish oil lowers blood pressure.",
        "evidence": ABSTRACT[1],
        "label": "supported",
        "split": split,
        "doc_id": document,
        "abstract_sentences": ABSTRACT,
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small folder in the form of the public sets."""
    human._tested.cache_clear()
    human._held_rows.cache_clear()
    rows = [_scifact(n, f"d{n}") for n in range(60)]
    rows += [_scifact(100, "tested", "dev"), _scifact(101, "tested")]
    _write(tmp_path / "claims/scifact_claims.jsonl", rows)
    for name in ("evidence_inference", "clinifact", "wice", "healthver", "attributionbench"):
        _write(tmp_path / f"claims/{name}.jsonl", [])
    _write(tmp_path / "retrieval/covidqa/queries.jsonl", [])
    _write(tmp_path / "retrieval/covidqa/corpus.jsonl", [])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("healthver", "train"),
        ("healthver", "dev"),
        ("attributionbench", "dev"),
        ("bioasq", "train"),
        ("kqa_nli", "test"),
        ("scifact_claims", "dev"),
        ("evidence_inference", "test"),
        ("clinifact", "test"),
        ("wice", "test"),
        ("covidqa", "test"),
    ],
)
def test_what_may_not_train_is_refused(tmp_path: Path, name: str, split: str) -> None:
    with pytest.raises(human.MayNotTrain, match=f"{name} {split}"):
        human.rows(tmp_path, name, split)


@pytest.mark.parametrize("name", ["scifact_claims", "healthver", "kqa_nli", "attributionbench"])
def test_no_test_split_is_looked_at_during_development(tmp_path: Path, name: str) -> None:
    split = "dev" if name == "scifact_claims" else "test"
    with pytest.raises(human.MayNotTrain):
        human.development_rows(tmp_path, name, split)


def test_held_out_claims_and_tested_abstracts_never_train(data: Path) -> None:
    trained = list(human.pairs(data, 1))
    held = list(human.held_out(data))
    assert held and trained
    assert not {pair.first for pair in trained} & {pair.first for pair in held}
    forbidden = human.forbidden_documents(data)
    assert "tested" in forbidden
    assert {pair.group for pair in held} <= forbidden
    # The published train split of the claims may name an abstract that a test claim names too.
    others = [pair for pair in trained if pair.source != "scifact_claims"]
    assert not {pair.group for pair in others} & forbidden
    assert "tested" not in {pair.group for pair in human.dev(data)}


def test_a_fifth_of_wice_never_trains(data: Path) -> None:
    rows = [
        {"id": f"w{n}", "group": f"g{n // 2}", "claim": f"Fish oil lowers pressure in group {n}.",
         "evidence": " ".join(ABSTRACT), "label": "supported", "split": "dev"}
        for n in range(400)
    ]  # fmt: skip
    _write(data / "claims/wice.jsonl", rows)
    trained = {pair.group for pair in human.pairs(data, 1) if pair.source == "wice"}
    held = {pair.group for pair in human.dev(data) if pair.source == "wice"}
    assert not trained & held
    assert len(trained | held) == 200
    assert 25 < len(held) < 55


def test_long_evidence_trains_as_the_judge_reads_it(data: Path) -> None:
    filler = [f"Visit {n} took place in the clinic and nothing was changed." for n in range(60)]
    said = "Fish oil lowered the blood pressure of 412 sailors."
    row = {"id": "c1", "pmid": "p1", "claim": "Fish oil lowers the blood pressure of sailors.",
           "evidence": " ".join([*filler[:40], said, *filler[40:]]), "label": "supported",
           "split": "train"}  # fmt: skip
    _write(data / "claims/clinifact.jsonl", [row])
    (whole, *_) = [pair for pair in human.pairs(data, 1) if pair.source == "clinifact"]
    assert said in whole.second
    assert len(whole.second) <= 900


def test_the_same_seed_gives_the_same_pairs(data: Path) -> None:
    assert list(human.pairs(data, 3)) == list(human.pairs(data, 3))


def test_a_wider_evidence_keeps_what_was_chosen_and_its_order(data: Path) -> None:
    wider = [pair for pair in human.pairs(data, 1) if pair.kind == "human-wider"]
    assert wider
    for pair in wider:
        assert ABSTRACT[1] in pair.second
        places = [" ".join(ABSTRACT).find(s) for s in ABSTRACT if s in pair.second]
        assert places == sorted(places)


def test_a_question_and_its_answer_become_one_sentence() -> None:
    question = "What is the main cause of HIV infection in children?"
    assert declared(question, "Mother-to-child transmission") == (
        "The main cause of HIV infection in children is mother-to-child transmission."
    )
    assert declared("What causes tuberculosis?", "Mycobacterium tuberculosis") == (
        "Mycobacterium tuberculosis causes tuberculosis."
    )
    assert declared("What does NAAT stand for?", "nucleic acid amplification test") == (
        "NAAT stands for nucleic acid amplification test."
    )


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What was the focus of the study?", "the seafood market"),
        ("What is the advantage of a recombinant DNA system?", "enables modification of vectors"),
        ("What is the aim of vaccination in children?", "in order to protect them"),
        ("How does the infected airway cell respond?", "It releases interferon."),
        ("What is the incubation period of COVID-19?", ""),
    ],
)
def test_no_sentence_is_made_where_it_could_not_stand_alone(question: str, answer: str) -> None:
    assert declared(question, answer) is None


def test_an_answer_is_found_only_as_whole_words() -> None:
    assert holds_answer("The clean area\nincludes the office.", "clean area includes")
    assert not holds_answer("The clean area", "he clean area")


def test_covidqa_gives_the_answer_and_a_silent_passage(data: Path) -> None:
    question = {
        "_id": "1",
        "text": "What is the main cause of HIV infection in children?",
        "split": "train",
        "metadata": {"document_id": "9", "answers": ["Mother-to-child transmission"]},
    }
    texts = [
        "Mother-to-child transmission is the main cause of HIV infection in children.",
        "Virus was grown in cell culture for three weeks.",
    ]
    passages = [{"text": text, "metadata": {"document_id": "9"}} for text in texts]
    _write(data / "retrieval/covidqa/queries.jsonl", [question])
    _write(data / "retrieval/covidqa/corpus.jsonl", passages)
    made = {p.second: p.label for p in human.pairs(data, 1) if p.source == "covidqa"}
    assert made == {texts[0]: SUPPORTED, texts[1]: NEUTRAL}


def test_a_trial_claim_keeps_its_direction_in_other_words() -> None:
    import random

    claim = "With aspirin, compared with placebo, Headache was significantly decreased."
    for seed in range(20):
        said = trial_claim(claim, random.Random(seed)).lower()
        assert "aspirin" in said and "placebo" in said and "headache" in said
        assert any(word in said for word in ("decreased", "lower", "reduced"))
        assert "increas" not in said and "higher" not in said


def test_a_trial_claim_whose_outcome_is_not_sure_stays() -> None:
    import random

    claim = "With A, compared with B, bleeding, and pain was significantly decreased."
    assert trial_claim(claim, random.Random(1)) == claim


def test_results_come_without_the_methods() -> None:
    abstract = (
        "BACKGROUND: Pain is common. METHODS: We gave aspirin to 40 men. "
        "RESULTS: Pain fell by half with aspirin. Sleep was unchanged. CONCLUSION: Aspirin helps."
    )
    short = human.results_of("Aspirin lowers pain", abstract, most=2)
    assert short == "RESULTS: Pain fell by half with aspirin. CONCLUSION: Aspirin helps."


def test_the_best_sentences_complete_each_other() -> None:
    text = "Weather was fine. He was born in Leeds in 1950. The train left late. He died in York."
    assert human.best_sentences("He was born in Leeds and died in York.", text, 2) == (
        "He was born in Leeds in 1950. He died in York."
    )
