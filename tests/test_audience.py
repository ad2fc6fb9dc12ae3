"""What a document says of whom it is for holds for every dose in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medrag import Engine
from medrag.ages import patient_of
from medrag.audience import audience_of, included, is_outside, speaks_of

CHILDREN = "This guideline applies to children from 3 months to 6 years."
ADULTS = "This protocol is for adults only. It must not be used in pregnancy."


@pytest.mark.parametrize(
    "opening",
    [
        CHILDREN,
        ADULTS,
        "For children from 1 month to 18 years.",
        "Scope: adults (16 years and over) with suspected sepsis.",
        "These doses are not for neonates.",
        "The formulary lists drugs for adults.",
        "Not for use in: children",
        "Not for use in under 18s.",
        "Adults only.",
        "Do not use this guideline in children.",
    ],
)
def test_a_document_says_whom_it_is_for(opening: str) -> None:
    text = f"Croup\n\n{opening}\n\nGive dexamethasone 0.15 mg/kg."
    assert audience_of(text) == opening


def test_the_line_under_a_heading_of_scope() -> None:
    assert audience_of("# Sepsis\n\n## Scope\n\nAdults in the ward.\n") == "Adults in the ward."
    assert audience_of("Scope: all wards\nAdults: 5 mg daily.") == ""


@pytest.mark.parametrize(
    "text",
    [
        "For children with asthma give salbutamol 2.5 mg by nebuliser and look again after 15 "
        "minutes, then every 20 minutes for the first hour.",
        "This policy applies to all staff.",
        "The guideline was written by Dr Child.",
        "Drug: X | Patients: adults | Dose: 5 mg",
        "Is this guideline for adults?",
        "Adults: 5 mg.",
        "",
    ],
)
def test_other_lines_say_nothing_of_the_document(text: str) -> None:
    assert audience_of(text) == ""


@pytest.mark.parametrize(
    ("question", "audience", "outside"),
    [
        ("dose for a newborn", CHILDREN, True),
        ("dose for a baby of 2 months", CHILDREN, True),
        ("dose for a 4 year old", CHILDREN, False),
        ("dose for a 9 year old child", CHILDREN, True),
        ("dose for an adult", CHILDREN, True),
        ("dose for a child", CHILDREN, False),
        ("dose", CHILDREN, False),
        ("dose for a child", ADULTS, True),
        ("dose in pregnancy", ADULTS, True),
        ("dose in adults", ADULTS, False),
        ("dose for an 80 year old", ADULTS, False),
        ("dose for a newborn", "These doses are not for neonates.", True),
        ("dose for a child", "These doses are not for children under 1 month.", False),
        ("dose for a 2 week old baby", "These doses are not for children under 1 month.", True),
        ("dose for an adult", "It does not cover wheeze in infants under 2 years.", False),
        ("dose for a 1 year old", "It does not cover wheeze in infants under 2 years.", True),
        ("dose for a 17 year old", "It must not be used for patients under 18 years.", True),
        ("dose for a 10 year old", "Not for use in under 18s.", True),
        ("dose for an adult", "It must not be used for patients under 18 years.", False),
        ("dose for a 30 year old", "Not for patients under 18.", False),
        ("dose for a child", "", False),
    ],
)
def test_whom_a_document_is_not_for(question: str, audience: str, *, outside: bool) -> None:
    assert is_outside(patient_of(question), audience) is outside


def test_a_line_may_speak_of_others_than_its_document() -> None:
    adults = "This formulary is for adults."
    child = patient_of("codeine for a child of 4 years")
    assert speaks_of(child, adults, "Codeine must not be given to children under 12 years.")
    assert not speaks_of(child, adults, "Codeine 30 mg every 4 hours.")
    newborn = patient_of("paracetamol for a newborn")
    assert not speaks_of(newborn, CHILDREN, "Children: 15 mg/kg.")
    assert speaks_of(newborn, CHILDREN, "Neonates: 10 mg/kg.")


def test_what_is_included_leaves_out_what_is_not() -> None:
    assert "children" not in included("This applies to adults and not to children.")


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "croup.md").write_text(
        f"# Croup\n\n{CHILDREN}\n\n## Treatment\n\nGive dexamethasone 0.15 mg/kg by mouth once.\n\n"
        "Newborns with stridor need ENT review; do not give dexamethasone to a newborn.\n"
    )
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(tmp_path / "docs")
        yield engine


def test_a_dose_is_shown_to_whom_its_document_is_for(ward: Engine) -> None:
    answer = ward.ask("dexamethasone dose for croup in a 4 year old")
    assert "0.15 mg/kg" in answer.text
    bare = ward.ask("dexamethasone dose for croup")
    assert "0.15 mg/kg" in bare.text
    assert any("[1] children" in warning for warning in bare.warnings)


@pytest.mark.parametrize("whom", ["newborn", "9 year old child", "adult"])
def test_and_to_nobody_else(ward: Engine, whom: str) -> None:
    answer = ward.ask(f"dexamethasone dose for croup in a {whom}")
    assert "0.15 mg/kg" not in answer.text


def test_a_line_may_speak_of_others_than_its_section(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "fits.md").write_text(
        "# Convulsions\n\n## Children above 1 month\n\nGive phenobarbital 15 mg/kg IV.\n\n"
        "In the newborn give phenobarbital 20 mg/kg IV.\n"
    )
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(tmp_path / "docs")
        answer = engine.ask("phenobarbital dose for a newborn with convulsions")
        assert "20 mg/kg" in answer.text and "15 mg/kg" not in answer.text
