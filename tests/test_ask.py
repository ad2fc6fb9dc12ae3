"""Questions on the sample documents: the right page, the right number, honest silence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from medrag import Engine

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = json.loads((ROOT / "tests" / "corpora_questions.json").read_text("utf-8"))
ANSWERABLE = [row for row in QUESTIONS if row["answerable"]]
UNANSWERABLE = [row for row in QUESTIONS if not row["answerable"]]

# What it does not manage yet. A question leaves these lists when it does; none is to come in.
KNOWN_SILENT = {
    "Which vasopressor is first line in septic shock and what MAP is the target?",
    "When should potassium be rechecked after treating hyperkalaemia?",
    "Can codeine be given to a child of 10 years?",
    "Which heparin is used for VTE prophylaxis when CrCl is below 15 mL/min?",
}
KNOWN_MISSED = {
    "Which features make asthma in an adult life-threatening?",
    # It asks for the superseded number, which the current version mentions as its change.
    "In version 1.0 of the metformin guideline (2019), below which eGFR was metformin stopped?",
}


def bare(text: str) -> str:
    """Letters and digits alone: tables are written out as 'Header: cell', Markdown loses marks."""
    return re.sub(r"[\W_]+", "", text.lower())


def holds(passage: object, row: dict[str, str]) -> bool:
    document = passage.document  # type: ignore[attr-defined]
    text = passage.chunk.text  # type: ignore[attr-defined]
    right_file = document.path.endswith("/corpora/" + row["path"])
    right_page = row["page"] is None or row["page"] in passage.page_labels  # type: ignore[attr-defined]
    return right_file and right_page and bare(row["quote"]) in bare(text)


def test_search_finds_the_quote_on_its_page(engine: Engine) -> None:
    ranks = []
    for row in ANSWERABLE:
        found = engine.search(row["question"], 5)
        ranks.append(next((n for n, p in enumerate(found, 1) if holds(p, row)), 99))
    missed = [r["question"] for r, rank in zip(ANSWERABLE, ranks, strict=True) if rank > 5]
    assert sum(rank == 1 for rank in ranks) >= 0.8 * len(ranks), ranks
    assert len(missed) <= 1, missed


def test_the_answer_holds_the_quote(engine: Engine) -> None:
    wrong = []
    for row in ANSWERABLE:
        answer = engine.ask(row["question"])
        if not answer.abstained and bare(row["quote"]) not in bare(answer.text):
            wrong.append((row["question"], answer.text))
    assert [question for question, _ in wrong if question not in KNOWN_MISSED] == [], wrong


def test_silence_where_the_samples_do_not_say(engine: Engine) -> None:
    answered = [
        row["question"] for row in UNANSWERABLE if not engine.ask(row["question"]).abstained
    ]
    assert answered == []


def test_it_is_not_silent_for_nothing(engine: Engine) -> None:
    silent = [row["question"] for row in ANSWERABLE if engine.ask(row["question"]).abstained]
    assert [question for question in silent if question not in KNOWN_SILENT] == []


def test_every_quote_stands_where_it_says(engine: Engine) -> None:
    for row in QUESTIONS:
        answer = engine.ask(row["question"])
        markers = {source.marker: source for source in answer.sources}
        for claim in answer.claims:
            assert answer.text[claim.claim.start : claim.claim.end] == claim.text
            assert claim.claim.markers and set(claim.claim.markers) <= markers.keys()
            evidence = claim.verdict.evidence
            assert evidence is not None
            passage = markers[evidence.marker].passage
            document = engine.library.document(passage.document.id)
            assert document is not None
            assert document.text[evidence.start : evidence.end] == evidence.quote
            assert claim.verdict.label == "supported"


def test_the_current_version_answers_and_the_old_one_is_named(engine: Engine) -> None:
    answer = engine.ask("At what eGFR should metformin be stopped?")
    assert "Stop metformin when eGFR is below 30 mL/min/1.73 m2." in answer.text
    source, *others = answer.sources
    assert source.passage.document.meta.version == "2.0"
    assert source.passage.page_labels == ("1",)
    # The formulary's row says it too; the superseded version says another limit.
    assert [one.passage.document.title for one in others] == ["Adult formulary"]
    assert any("older version of 2019-03-01" in warning for warning in answer.warnings)


def test_a_drug_that_is_nowhere_is_named(engine: Engine) -> None:
    answer = engine.ask("What is the dose of rivaroxaban for atrial fibrillation?")
    assert answer.abstained and not answer.claims
    assert answer.reason == "No document in the library mentions 'rivaroxaban'."
    assert answer.sources, "the nearest passages are offered"


def test_the_same_question_gets_the_same_answer(engine: Engine) -> None:
    first = engine.ask("How soon must antibiotics be given in sepsis?")
    second = engine.ask("How soon must antibiotics be given in sepsis?")
    assert (first.text, first.fingerprint) == (second.text, second.fingerprint)


def test_a_document_overdue_for_review_is_said_to_be(engine: Engine) -> None:
    answer = engine.ask("What is the dose of apixaban when creatinine clearance is 15 to 29?")
    assert "2.5 mg twice daily" in answer.text
    assert any("due for review on 2025-07-01" in warning for warning in answer.warnings)


def test_a_lone_superseded_guideline_answers_with_a_warning(tmp_path: Path) -> None:
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(ROOT / "corpora" / "guidelines" / "metformin-renal-v1.pdf")
        answer = engine.ask("At what eGFR should metformin be stopped?")
        assert "below 45" in answer.text
        assert any(warning.startswith("SUPERSEDED") for warning in answer.warnings)


@pytest.mark.parametrize(
    "question",
    ['"', "AND OR NOT", "NEAR(", "*", "title:metformin", "🩺", "a" * 10_000, "mg " * 3333, "'; --",
     "\\", "col:1 ^2", "(", "é́", "日本語", "\x00"],
)  # fmt: skip
def test_any_question_is_safe(engine: Engine, question: str) -> None:
    engine.search(question, 3)
    engine.ask(question)


def test_an_empty_search_finds_nothing_and_an_empty_question_is_refused(engine: Engine) -> None:
    from medrag.errors import UsageError

    assert engine.search("  ", 3) == []
    with pytest.raises(UsageError):
        engine.ask("  ")
