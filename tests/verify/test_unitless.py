"""Readings without a unit, as clinicians write them: the same number is the same reading."""

from __future__ import annotations

import pytest

from medrag.verify.compare import compare, quantity_problems
from medrag.verify.judge import RuleJudge

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


REFUSED = [
    # Another number, bound or sense.
    ("Metformin is stopped when the eGFR is below 45.", EGFR),
    ("Metformin is stopped when the eGFR is above 30.", EGFR),
    ("Metformin is stopped above an eGFR of 30.", EGFR),
    ("Metformin is stopped when the eGFR is 30 or below.", EGFR),
    ("Metformin is stopped at or below an eGFR of 30.", EGFR),
    ("Metformin is stopped after 30 days of low eGFR.", EGFR),
    ("Stop if potassium is above 3 times normal.", "Stop if potassium is above 3 mmol/L."),
    ("Potassium was measured in 30 patients.", "Potassium was 30 mmol/L."),
    ("Treat when potassium falls by 2.", "Treat when potassium is 2 mmol/L."),
    ("Measure potassium in ward 4.", "Measure potassium in the ward if it is 4 mmol/L."),
    # The number of another reading.
    ("Treat glucose below 5.", "Treat glucose below 90 mg/dL and potassium below 5 mmol/L."),
    ("Treat glucose below 4.", "Treat potassium above 5.5 mmol/L, pressure below 4 mmHg."),
    ("The limit is a pulse below 60.", "The limit is a diastolic pressure below 60 mmHg."),
    ("Treat potassium above 6.5.", "Treat calcium above 6.5 mmol/L."),
    (
        "Treat potassium above 6.5.",
        "Treat potassium above 5.5 mEq/L and calcium above 6.5 mmol/L.",
    ),
    (
        "Transfuse when haemoglobin is below 8.",
        "Transfuse when haemoglobin is below 70 g/L or potassium is below 8 mmol/L.",
    ),
    # Doses and rates need their unit.
    ("Give 500 at night.", "Give 500 mg at night."),
    ("Give digoxin 250 if potassium is normal.", "Give digoxin 250 micrograms."),
    ("Heparin sodium is infused at 18.", "Heparin sodium is infused at 18 units/kg/hour."),
    ("Check glucose and start insulin at 6.", "Check glucose, start insulin at 6 units/hour."),
    ("Give phenytoin sodium 20 as a loading dose.", "Give phenytoin sodium 20 mg/kg."),
    ("Give potassium chloride 40 by infusion.", "Give potassium chloride 40 mmol by infusion."),
    ("Give potassium 40.", "Give potassium 40 mmol."),
    ("For a raised temperature give paracetamol 15.", "Give paracetamol 15 mg/kg."),
]


@pytest.mark.parametrize(("claim", "evidence"), REFUSED)
def test_nothing_else_may(claim: str, evidence: str) -> None:
    assert compare(claim, evidence)


@pytest.mark.parametrize(("claim", "evidence"), REFUSED)
def test_what_may_not_is_not_called_supported(claim: str, evidence: str) -> None:
    (verdict,) = RuleJudge().judge([(claim, evidence)])
    assert verdict.label != "supported"
