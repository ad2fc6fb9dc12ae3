"""A dose for other ages than the one that was asked about is not shown."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag import Engine
from medrag.ages import age_asked, ages_of, is_for_another, is_for_other_ages, patient_of


@pytest.mark.parametrize(
    ("question", "line", "others"),
    [
        ("dose for a 4 year old", "Child 6 to 12 years: 250 mg", True),
        ("6 year old", "Child 6 to 12 years: 250 mg", False),
        ("12-year-old", "Child 6 to 12 years: 250 mg", False),
        ("13 year old", "Child 6 to 12 years: 250 mg", True),
        ("6 month old", "Age: 1 to 5 years | Dose: 5 mL", True),
        ("6 month old", "Age: 3 months or over | Dose: 5 mL", False),
        ("newborns", "Age: 1 month to 15 years | Dose: 15 mg/kg", True),
        ("newborns", "Neonates: 10 mg/kg; child 1 month to 15 years: 15 mg/kg", False),
        ("boy of 4", "Children under 5 years: 120 mg", False),
        ("girl of 5 years", "Children under 5 years: 120 mg", True),
        ("man aged 45", "Adults 500 mg; children 6 to 12 years 250 mg", False),
        ("man aged 45", "Children aged 6-12 years 250 mg", True),
        ("45yo", "People aged over 65 years: 5 mg", True),
        ("4 year old", "Give the children for 5 to 7 days", False),
        ("4 year old", "Review patients after 6 to 12 months", False),
        ("1.5 year old", "Age: 1 to 2 years | 120 mg", False),
        ("1.5 year old", "Age: 4 to 5 years | 240 mg", True),
        ("baby of 3 months", "Dose: 0.1 mg/kg (100 micrograms/kg) from 6 months of age", True),
        ("baby of 7 months", "Dose: 0.1 mg/kg (100 micrograms/kg) from 6 months of age", False),
        ("baby of 3 months", "0.1 mg/kg (0.05 mg/kg under 6 months of age)", False),
        ("baby of 3 months", "0.1 mg/kg (100 micrograms/kg) from 6 months", True),
        ("baby of 7 months", "0.1 mg/kg (100 micrograms/kg) from 6 months", False),
        ("2 month old baby", "Ibuprofen 5 mg/kg (maximum 200 mg) from 3 months of age", True),
        ("baby of 4 months", "10 mg/kg (maximum 500 mg) once daily from 6 months", True),
        ("baby of 4 months", "10 mg/kg (100-150 mcg/kg in renal failure) from 6 months", True),
        ("45yo", "Azathioprine 2 mg/kg, seen again from 3 months after the start", False),
        ("baby of 4 kg", "Age: 1 to 2 months | 60 mg", False),
        ("child of 20 kg", "Child 4 to 6 years: 5 mL", False),
        ("aged 6/12", "Age: 3 to 11 months | 60 mg", False),
        ("aged 6/12", "Age: 6 years | 60 mg", True),
        ("woman of 30 weeks gestation", "Adults 18 to 64 years: 5", False),
        ("4 year old", "Age: 10 years | Dose: 500 mg", True),
        ("4 year old", "Age (years): 6-12 | Dose: 5 mg", True),
        ("8 year old", "Age (years): 6-12 | Dose: 5 mg", False),
        ("4 year old", "Age: >12 | Dose 5", True),
        ("4 year old", "- 6 to 12 years: 250 mg", True),
        ("4 year old", "Child 10 years: 500 mg", True),
        ("4 year old", "Age: 6 years to adult | 5 mg", True),
        ("30 year old", "Age: 6 years to adult | 5 mg", False),
        ("child 4 years", "Child 6 to 12 years: 250 mg", True),
        ("4 year child", "Child 6 to 12 years: 250 mg", True),
        ("4yr girl", "Child 6 to 12 years: 250 mg", True),
        ("4 y.o.", "Child 6 to 12 years: 250 mg", True),
        ("boy of four", "Child 6 to 12 years: 250 mg", True),
        ("teenager 15 years", "Child 6 to 12 years: 250 mg", True),
        ("baby 10 days old", "Neonates: 10 mg/kg; child 1 month to 15 years: 5", False),
        ("8 year old", "Child: 15 mg/kg; neonate 0 to 28 days: 10", False),
        ("16 year old", "Adults 500 mg; children under 12 years 250 mg", False),
        ("12 year old", "Child up to 12 years 250 mg", False),
        ("7 year old", "Children: 4 to 6 weeks of 62.5 mg daily", False),
        ("7 year old", "In children, 2 to 3 months of 10 mg/kg", False),
        ("45 year old", "In patients up to 12 months after an infarction: 75 mg", False),
        ("80 year old", "Adults 18 to 64 years: 10 mg", True),
        ("80 year old", "Adults under 65 years: 10", True),
        ("30 year old", "Adults over 65 years: 2.5 mg", True),
        ("4 year old", "Adults and children over 12 years: 1 g", True),
        ("7 day old", "Neonates 0 to 7 days: 50 mg/kg", False),
        ("20 day old", "Neonates 0 to 7 days: 50 mg/kg", True),
        ("3 months old", "child 1-3 months: 30 mg", False),
        ("4 year old", "Age: 6/12 to 2 years | 5 mg", True),
        ("1 year old", "Age: 6/12 to 2 years | 5 mg", False),
        ("dose for a child", "Children aged 6-12 years 250 mg", False),
        ("4 year old and a 7 year old", "Child 6 to 12 years: 250 mg", False),
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


AGES = st.tuples(st.integers(0, 90), st.sampled_from(["days", "weeks", "months", "years"]))
LINES = st.tuples(
    st.sampled_from(["Child", "Age:", "Adults", "Infants aged", "- ", "Age (years):", "people"]),
    AGES,
    st.sampled_from(["to", "-", "or over", "and under", "up to", ": 5 mg,", ";"]),
    AGES,
).map(
    lambda parts: f"{parts[0]} {parts[1][0]} {parts[1][1]} {parts[2]} {parts[3][0]} {parts[3][1]}"
)


@given(st.one_of(st.text(max_size=60), LINES), AGES)
def test_every_line_is_read_and_its_ages_are_ranges(line: str, asked: tuple[int, str]) -> None:
    assert all(first <= last for first, last in ages_of(line))
    age = age_asked(f"dose for somebody {asked[0]} {asked[1]} old")
    assert age is not None and age[0] < age[1]
    assert is_for_other_ages(None, line) is False
    if is_for_other_ages(age, line):
        assert all(age[1] <= first or last <= age[0] for first, last in ages_of(line))


@pytest.mark.parametrize("text", ["1" * 3000, "child " * 500, "1 to " * 700, "age " * 700])
def test_long_text_takes_no_time(text: str) -> None:
    started = time.perf_counter()
    age_asked(text)
    ages_of(text)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("question", "line", "others"),
    [
        ("4 year old", "Age 6-12 years: 250 mg", True),
        ("4 year old", "Age ≥12 years: 1 g daily", True),
        ("3 year old", "Age 1-4 years: 250 mg every 6 hours for 7 days", False),
        ("80 year old", "Age over 65 years: 5 mg daily for 6 months", False),
        (
            "75 year old",
            "Wet age-related macular degeneration: 2 mg every month for 3 months",
            False,
        ),
        ("co-amoxiclav 7 days child 4 years", "Child 1-5 years: 5 mL", False),
        ("co-amoxiclav 7 days child 4 years", "Child 6-12 years: 5 mL", True),
        ("prednisolone 3 days child with asthma", "Child 2-11 years: 30 mg", False),
        ("adult 7 days flucloxacillin dose", "Adults aged 18 years and over: 500 mg", False),
        ("patient 3 months after stent clopidogrel dose", "Adult 18-74 years: 75 mg", False),
        ("pregnant woman 30 weeks", "Adults 18 to 64 years: 5 mg", False),
        (
            "gentamicin dose for 28 week neonate",
            "Neonate up to 7 days: 5 mg/kg every 36 hours",
            False,
        ),
        ("gentamicin dose for 28 week neonate", "Child 1 month-11 years: 7 mg/kg", True),
        ("2 years 6 months old child", "Child 2-4 years: 180 mg", False),
        ("2 years 6 months old child", "Child 6-23 months: 120 mg", True),
        ("4 year old", "Patients aged 12 years of age and older: 10 mg", True),
        ("4 year old", "Pediatric patients 6 to 11 years of age: 5 mg", True),
        ("4 year old", "Children, 6-12 years: 250 mg", True),
        ("4 year old", "6-12 years 250 mg", True),
        ("4 year old", "6 to 12 years - 10 mL", True),
        ("6 year old", "Child 2 years to under 6 years: 5 mL", True),
        ("1 year old", "Age: 2 to <6 years | 5 mL", True),
        ("8 year old", "Age: 6 years+ | 5 mL", False),
        (
            "70 year old",
            "Apixaban | Dose: 5 mg twice daily; 2.5 mg twice daily if aged 80 years or over",
            False,
        ),
        (
            "70 year old",
            "Dabigatran 150 mg twice daily (110 mg twice daily if aged over 80 years).",
            False,
        ),
        (
            "45 year old",
            "Citalopram 20 mg once daily, maximum 20 mg in people aged over 65 years",
            False,
        ),
        (
            "45 year old",
            "Codeine | 30-60 mg every 4 hours | Cautions: not in children under 12 years",
            False,
        ),
        ("30 year old", "Gentamicin 5 mg/kg (neonates 4 mg/kg)", False),
        ("4 year old", "Child under 2 years 125 mg; 2-12 years 250 mg", False),
        ("4 year old", "Child 6 to 12 years: 250 mg every 6 hours; maximum 1 g daily", True),
        ("newborn", "Neonate 28-32 weeks corrected gestational age: 20 mg/kg", False),
        ("50 year old", "Duration in adults 4 to 6 weeks; give 2 g every 6 hours", False),
        ("17 year old", "Child 12-17 years: 500 mg", False),
        ("50 year old", "Child–Pugh class B: 25 mg", False),
        ("adult dose", "500 mg to 1 g every 4 to 6 hours; child 6-12 years 250 mg", False),
        ("adult dose", "Drug: X | Dose: 5 mg | Who: children", True),
        ("adult dose", "Children: 5 mg/kg; maximum 1 g", True),
        ("dose", "Children: 5 mg/kg", False),
        ("adults", "Do not give 5 mg to children.", True),
        ("7 year old", "Give 30 mg/kg, maximum 125 mg, to children under 5 years.", True),
        ("6 year old", "Give 20 mg for ages 2 to 5 years, 40 mg over 5 years.", False),
        ("4 year old", "Give 20 mg for ages 2 to 5 years, 40 mg over 5 years.", False),
        ("1 year old", "Children (2 to 15 years)", True),
        ("dose in adults", "Age: 2-5 yrs | Dose: 5 mL", True),
        ("dose for a child", "Age: 2-5 yrs | Dose: 5 mL", False),
        ("dose for a child", "Age: 18 years and over | Dose: 5 mL", True),
    ],
)
def test_is_for_another(question: str, line: str, others: bool) -> None:
    assert is_for_another(patient_of(question), line) is others


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


def test_a_list_for_other_ages_does_not_come_back_by_its_items(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "fever.md").write_text(
        "# Fever\n\n## Paracetamol in children\n\nChildren aged 6 to 12 years:\n\n"
        "- paracetamol 250 mg every 6 hours\n- at most 4 doses of paracetamol\n\n"
        "Children aged 1 to 5 years:\n\n- paracetamol 120 mg every 6 hours\n"
    )
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(tmp_path / "docs")
        answer = engine.ask("What is the dose of paracetamol for a 4 year old child?")
        assert "120 mg" in answer.text and "250 mg" not in answer.text, answer.text
        answer = engine.ask("What is the dose of paracetamol for a child of 9 years?")
        assert "250 mg" in answer.text and "120 mg" not in answer.text, answer.text


@pytest.mark.parametrize(
    ("question", "age"),
    [
        ("paracetamol dose 4 years", (4.0, 5.0)),
        ("dose of ibuprofen, 6 years?", (6.0, 7.0)),
        ("alendronate dose for 5 years", None),
        ("warfarin dose after 2 years", None),
        ("risk at 10 years", None),
    ],
)
def test_years_alone_are_an_age_where_a_dose_is_asked_for(
    question: str, age: tuple[float, float] | None
) -> None:
    assert age_asked(question) == age
    assert patient_of(question).groups == (frozenset({"children"}) if age else frozenset())


def test_from_birth() -> None:
    asked = patient_of("benzylpenicillin for a 10 day old")
    assert is_for_another(asked, "- birth to 7 days: 50 mg/kg every 12 hours")
    assert not is_for_another(asked, "- 8 to 28 days: 50 mg/kg every 8 hours")
    assert not is_for_another(asked, "- from birth to 28 days: 25 mg/kg")


def test_a_long_question_is_read_in_time() -> None:
    ended = "dose " * 2000 + "5 years" + "! " * 4000
    for text in ("dose " * 4000, "dose 5 years x " * 1400, ended):
        started = time.perf_counter()
        age_asked(text)
        assert time.perf_counter() - started < 1.0
