"""A dose for other ages than the one that was asked about is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag import Engine
from medrag.ages import age_asked, ages_of, is_for_other_ages


@pytest.mark.parametrize(
    ("question", "line", "others"),
    [
        ("dose for a 4 year old", "Child 6 to 12 years: 250 mg", True),
        ("dose for a 6 year old", "Child 6 to 12 years: 250 mg", False),
        ("dose for a 12-year-old", "Child 6 to 12 years: 250 mg", False),
        ("dose for a 13 year old", "Child 6 to 12 years: 250 mg", True),
        ("dose for a 6 month old", "Age: 1 to 5 years | Dose: 5 mL", True),
        ("dose for a 6 month old", "Age: 3 months or over | Dose: 5 mL", False),
        ("dose in newborns", "Age: 1 month to 15 years | Dose: 15 mg/kg", True),
        ("dose in newborns", "Neonates: 10 mg/kg; child 1 month to 15 years: 15 mg/kg", False),
        ("dose for a boy of 4", "Children under 5 years: 120 mg", False),
        ("dose for a girl of 5 years", "Children under 5 years: 120 mg", True),
        ("dose for a man aged 45", "Adults 500 mg; children 6 to 12 years 250 mg", False),
        ("dose for a man aged 45", "Children aged 6-12 years 250 mg", True),
        ("dose for a 45yo", "People over 65 years: 5 mg", True),
        ("dose for a child", "Children aged 6-12 years 250 mg", False),
        ("dose for a 4 year old", "Give the children for 5 to 7 days", False),
        ("dose for a 4 year old", "Review patients after 6 to 12 months", False),
        ("dose for a 4 year old and a 7 year old", "Child 6 to 12 years: 250 mg", False),
    ],
)
def test_is_for_other_ages(question: str, line: str, others: bool) -> None:
    assert is_for_other_ages(age_asked(question), line) is others


@given(st.integers(0, 17), st.integers(0, 17), st.integers(0, 17))
def test_a_range_holds_the_years_it_names(first: int, last: int, age: int) -> None:
    first, last = sorted((first, last))
    line = f"Child {first} to {last} years: 250 mg"
    asked = age_asked(f"dose for a {age} year old")
    assert is_for_other_ages(asked, line) is not (first <= age <= last)


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    assert all(first <= last for first, last in ages_of(text))
    age_asked(text)


def test_the_row_of_the_age_is_shown(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "syrup.md").write_text(
        "# Paracetamol for children\n\n| Age | Dose of paracetamol |\n|---|---|\n"
        "| 3 to 5 months | 60 mg |\n| 6 to 23 months | 120 mg |\n| 2 to 3 years | 180 mg |\n"
        "| 4 to 5 years | 240 mg |\n"
    )
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(tmp_path / "docs")
        answer = engine.ask("What is the dose of paracetamol for a 4 year old child?")
        assert "240 mg" in answer.text and "180 mg" not in answer.text, answer.text
        answer = engine.ask("What is the dose of paracetamol for a 10 month old?")
        assert "120 mg" in answer.text and "60 mg" not in answer.text, answer.text
