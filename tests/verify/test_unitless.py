"""Readings without a unit, as clinicians write them: the same number is the same reading."""

from __future__ import annotations

import pytest

from medrag.verify.compare import quantity_problems

EGFR = "Stop metformin when the eGFR falls below 30 mL/min/1.73 m2."


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Metformin is stopped when the eGFR is below 30.", EGFR),
        ("Metformin is stopped if eGFR < 30.", EGFR),
        ("Metformin is stopped below an eGFR of 30.", EGFR),
        ("Treat when potassium is above 6.5.", "Treat potassium above 6.5 mmol/L at once."),
        ("Cool when the temperature exceeds 39.", "Cool if the temperature exceeds 39 \u00b0C."),
        ("Offer surgery at a BMI of 40 or more.", "Offer surgery if BMI is 40 kg/m2 or more."),
    ],
)
def test_the_unit_of_a_reading_may_be_left_out(claim: str, evidence: str) -> None:
    assert not list(quantity_problems(claim, evidence))


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Metformin is stopped when the eGFR is below 45.", EGFR),
        ("Metformin is stopped when the eGFR is above 30.", EGFR),
        ("Metformin is stopped above an eGFR of 30.", EGFR),
        ("Metformin is stopped when the eGFR is 30 or below.", EGFR),
        ("Give 500 at night.", "Give 500 mg at night."),  # a dose needs its unit
        ("Give digoxin 250 if potassium is normal.", "Give digoxin 250 micrograms."),
        ("Treat potassium above 6.", "Treat after 6 hours; potassium above 6.5 mmol/L is urgent."),
        # Two readings in that unit: which one is meant cannot be told.
        (
            "Treat glucose below 4.",
            "Treat potassium above 5.5 mmol/L, and glucose below 4 mmol/L.",
        ),
        ("Metformin is stopped after 30 days of low eGFR.", EGFR),
    ],
)
def test_nothing_else_may(claim: str, evidence: str) -> None:
    assert list(quantity_problems(claim, evidence))
