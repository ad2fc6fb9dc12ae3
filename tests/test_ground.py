"""Which passages an answer may stand on: the newest version, told by date where nothing says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrag import Engine
from medrag.ground import build_prompt
from medrag.standing import is_superseded
from medrag.types import Chunk, DocumentInfo, Meta, Passage, QuestionTerms


def make(folder: Path, name: str, version: str, date: str, dose: str, status: str = "") -> None:
    (folder / name).write_text(
        f"# Gout: starting allopurinol\n\nVersion: {version}\nEffective date: {date}\n{status}\n\n"
        f"## Dose\n\nStart allopurinol at {dose} once daily.\n"
    )


def test_the_newer_of_two_versions_answers(folder: Path, tmp_path: Path) -> None:
    make(folder, "a.md", "1.0", "2019-01-01", "300 mg")
    make(folder, "b.md", "2.0", "2024-01-01", "100 mg", "Status: Current (supersedes version 1.0)")
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(folder)
        answer = engine.ask("At what dose is allopurinol started in gout?")
    assert "100 mg" in answer.text and "300 mg" not in answer.text
    assert any("older version of 2019-01-01" in warning for warning in answer.warnings)
    assert not any("SUPERSEDED" in warning for warning in answer.warnings)


@pytest.mark.parametrize(
    ("status", "gone"),
    [
        ("Superseded by version 2.0", True),
        ("Withdrawn", True),
        ("Archived - do not use", True),
        ("Current (supersedes version 1.0)", False),
        ("Current", False),
        (None, False),
    ],
)
def test_what_a_status_means(status: str | None, gone: bool) -> None:
    assert is_superseded(DocumentInfo("i", "p", "t", Meta(status=status), 0, 1)) is gone


def test_documents_in_force_are_numbered_first_in_their_own_order() -> None:
    def passage(name: str, status: str | None) -> Passage:
        document = DocumentInfo(name * 64, f"{name}.md", f"Title {name}", Meta(status=status), 1, 1)
        return Passage(Chunk(f"{name}:0", document.id, 0, 0, 5, "text."), document, (), None, 0.5)

    found = [
        passage("a", "Superseded by version 2"), passage("b", None), passage("c", "Withdrawn"),
        passage("d", "Current"),
    ]  # fmt: skip
    prompt = build_prompt("gout", found, QuestionTerms({}), 8)
    names = [(s.marker, s.passage.document.path) for s in prompt.sources]
    assert names == [(1, "b.md"), (2, "d.md"), (3, "a.md"), (4, "c.md")]


def test_a_documents_own_reference_numbers_cite_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "a.md").write_text(
        "# Heparomycin\n\nGive heparomycin 5 mg to adults [2]. Stop it later.\n"
    )
    (folder / "b.md").write_text("# Heparomycin history\n\nHeparomycin was found in 1950.\n")
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(folder)
        answer = engine.ask("What is the dose of heparomycin in adults?")
    for claim in answer.claims:
        if "5 mg" in claim.text:
            (source,) = answer.sources_of(claim)
            assert source.passage.document.path.endswith("a.md")
            return
    pytest.fail("the dose was not answered")


def test_a_quote_names_its_own_page(engine: Engine) -> None:
    answer = engine.ask("How soon must antibiotics be given in sepsis?")
    for claim in answer.claims:
        evidence = claim.verdict.evidence
        assert evidence is not None and evidence.pages == ("1",)
