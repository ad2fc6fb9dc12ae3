"""Whole answers in figures: by hand on answers made up, and with the real engine on the samples."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medrag import Engine
from medrag.errors import ReadError, UsageError
from medrag.evaluate.answers import (
    AnswerRow,
    answers_report,
    evaluate_answers,
    read_answer_rows,
)
from medrag.forms import answer_form
from medrag.types import (
    Answer,
    CheckedClaim,
    Chunk,
    Claim,
    DocumentInfo,
    Label,
    Meta,
    Passage,
    Source,
    Usage,
    Verdict,
)

METFORMIN = "At what eGFR should metformin be stopped?"
RIVAROXABAN = "What is the dose of rivaroxaban?"


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


# The file


def test_both_forms_of_rows(tmp_path: Path) -> None:
    file = lines(
        tmp_path / "rows.jsonl",
        {"id": 1, "question": METFORMIN},
        {"id": "b", "text": RIVAROXABAN, "answerable": False, "remove_docs": ["d1"], "type": "x"},
        {"question": METFORMIN, "answerable": True},
    )
    assert read_answer_rows(file) == [
        AnswerRow("1", METFORMIN),
        AnswerRow("b", RIVAROXABAN, False, ("d1",)),
        AnswerRow("line 3", METFORMIN, True),
    ]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": "r7"}, "lacks a text 'question'"),
        ({"id": "r7", "question": " "}, "lacks a text 'question'"),
        ({"id": "r7", "question": "Mr Smith?", "answerable": "no"}, "neither true nor false"),
        ({"id": "r7", "question": "Mr Smith?", "remove_docs": "d1"}, "no list"),
    ],
)
def test_a_bad_row_is_named_and_its_text_is_not(
    tmp_path: Path, row: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_answer_rows(lines(tmp_path / "rows.jsonl", row))
    assert "r7" in str(caught.value) and says in str(caught.value)
    assert "Smith" not in str(caught.value) and caught.value.remedy


def test_an_empty_file_and_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no question"):
        read_answer_rows(lines(tmp_path / "rows.jsonl"))
    with pytest.raises(ReadError, match="cannot be read"):
        read_answer_rows(tmp_path / "none.jsonl")


# The arithmetic, on answers made up


def source(marker: int, text: str) -> Source:
    info = DocumentInfo("d", "d.md", "D", Meta(), 0, 1)
    return Source(marker, Passage(Chunk("d:0", "d", 0, 0, len(text), text), info, (), None, 1.0))


def claim(text: str, label: Label = "supported") -> CheckedClaim:
    return CheckedClaim(Claim(text, 0, len(text), (1,)), Verdict(label, 0.9))


def made(
    *claims: CheckedClaim,
    withheld: tuple[CheckedClaim, ...] = (),
    generator: str = "model",
    text: str = "Give tea. Give cocoa.",
    usage: Usage = Usage(),
) -> Answer:
    return Answer(
        "q", "", claims, (source(1, text),), not claims, None, generator, usage, (), "f", withheld
    )  # fmt: skip


def report(*answers: Answer, known: tuple[bool | None, ...] = ()) -> dict[str, Any]:
    truth = known or (None,) * len(answers)
    rows = [AnswerRow(str(n), "q", answerable) for n, answerable in enumerate(truth)]
    return answers_report(rows, answers)


def test_counts_by_what_is_known() -> None:
    some = claim("Give tea. [1]")
    figures = report(made(some), made(), made(some), made(), known=(True, True, False, None))
    assert (figures["questions"], figures["answered"], figures["abstained"]) == (4, 2, 2)
    assert figures["answerable"] == {"questions": 2, "answered": 1, "abstained": 1}
    assert figures["unanswerable"] == {"questions": 1, "answered": 1, "abstained": 0}
    assert report(made())["answerable"] is None


def test_shares_are_of_all_that_was_written() -> None:
    good, half, bad = claim("a [1]"), claim("b [1]", "partial"), claim("c [1]", "contradicted")
    figures = report(made(good, good, half, withheld=(bad,)), made(withheld=(bad,)))["claims"]
    assert figures == {
        "per_answer": 3.0, "shown": 3, "withheld": 2,
        "supported_share": 0.4, "partial_share": 0.2, "withheld_share": 0.4,
    }  # fmt: skip
    assert report(made())["claims"]["supported_share"] is None


def test_verbatim_is_word_for_word_in_the_source_that_is_cited() -> None:
    quoted, own = claim("Give tea. [1]"), claim("Tea is given. [1]")
    elsewhere = CheckedClaim(Claim("Give tea. [2]", 0, 13, (2,)), Verdict("supported", 0.9))
    assert report(made(quoted))["verbatim_only"] == 1
    assert report(made(quoted, own), made(own), made(elsewhere), made())["verbatim_only"] == 0
    figures = report(made(quoted, generator="extractive"), made(own))
    assert figures["generators"] == {"extractive": 1, "model": 1}


def test_tokens_are_of_what_a_model_wrote_and_seconds_of_all() -> None:
    some = claim("Give tea. [1]")
    wrote = Usage(600, 100, 40, 10.0, 200, {"read": 4.0, "think": 5.0})
    figures = report(
        made(some, usage=wrote),
        made(usage=Usage(400, 50, 20, 5.0, 0, {"read": 2.0})),
        made(some, usage=Usage(seconds=0.5)),
        made(usage=Usage(seconds=0.5)),
    )
    assert figures["composed"] == 2
    assert figures["tokens"] == {"prompt": 500.0, "cached": 100.0, "thinking": 75.0, "answer": 30.0}
    assert figures["seconds"] == {"mean": 4.0, "p50": 0.5, "p95": 10.0}
    assert figures["phases"] == {"read": 1.5, "think": 1.25}
    assert report(made())["tokens"]["answer"] is None


# The real engine, quoting


def test_the_extractive_generator_on_the_samples(engine: Engine, tmp_path: Path) -> None:
    rows = [AnswerRow("yes", METFORMIN, True), AnswerRow("no", RIVAROXABAN, False)]
    details = tmp_path / "details.jsonl"
    steps: list[tuple[int, int]] = []
    figures = evaluate_answers(
        rows,
        engine,
        generator="extractive",
        details=details,
        form=answer_form,
        step=lambda done, total: steps.append((done, total)),
    )
    assert figures["answerable"] == {"questions": 1, "answered": 1, "abstained": 0}
    assert figures["unanswerable"] == {"questions": 1, "answered": 0, "abstained": 1}
    assert figures["verbatim_only"] == 1 and figures["composed"] == 0
    assert figures["claims"]["shown"] >= 1 and 0 < figures["seconds"]["p50"] < 60
    assert steps == [(1, 2), (2, 2)] and len(figures["fingerprint"]) == 16
    first, second = map(json.loads, details.read_text().splitlines())
    assert first["id"] == "yes" and "below 30" in first["answer"] and first["answerable"] is True
    assert second["id"] == "no" and second["abstained"] is True


def test_documents_are_taken_out_for_their_question_only(tmp_path: Path, folder: Path) -> None:
    (folder / "fever.md").write_text("# Fever\n\nGive paracetamol 1 g every 6 hours.\n")
    (folder / "cough.md").write_text("# Cough\n\nGive honey at night for a dry cough.\n")
    question = "How much paracetamol is given for fever?"
    rows = [
        AnswerRow("1", question, True),
        AnswerRow("2", question, False, ("fever",)),
        AnswerRow("3", question, True),
    ]
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(folder)
        figures = evaluate_answers(rows, engine, generator="extractive")
        assert figures["answerable"] == {"questions": 2, "answered": 2, "abstained": 0}
        assert figures["unanswerable"] == {"questions": 1, "answered": 0, "abstained": 1}
        assert not engine.ask(question, generator="extractive").abstained
        with pytest.raises(ReadError, match="no document mumps, which row 9"):
            evaluate_answers([AnswerRow("9", question, False, ("mumps",))], engine)


def test_the_command_line(samples: Path, tmp_path: Path) -> None:
    file = lines(tmp_path / "rows.jsonl", {"id": 1, "question": METFORMIN})
    command = [sys.executable, "-m", "medrag", "--library", str(samples), "eval", "answers"]
    options = ["--generator", "extractive", "--json"]
    done = subprocess.run(
        [*command, str(file), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["answered"] == 1 and done.stderr == ""
    nowhere = ["--details", str(tmp_path / "no" / "x")]
    done = subprocess.run(
        [*command, str(file), *options, *nowhere], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "cannot be written" in done.stderr
