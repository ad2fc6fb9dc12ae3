"""Sentences made anew from the source's own words, that a judge by words would let through."""

from __future__ import annotations

import pytest

from medrag.verify.strict import objections

ROW = (
    "Drug: Apixaban | Dose: 5 mg | Frequency: Twice daily |"
    " Renal: CrCl 15 to 29: 2.5 mg twice daily"
)
WRONG = [
    ("If the patient is drowsy, give glucagon 1 mg IM; otherwise give 20 g of glucose by mouth.",
     "If the patient is drowsy, give 20 g of glucose by mouth. [1]"),
    ("If potassium is above 6.5 mmol/L, give calcium gluconate; otherwise repeat the potassium.",
     "If the potassium is above 6.5 mmol/L, repeat the potassium. [1]"),
    ("Some clinicians give paracetamol 2 g at once; this is dangerous.",
     "Give paracetamol 2 g at once. [1]"),
    ("Reduce the dose of warfarin by 25%.", "Reduce the dose of warfarin to 25%. [1]"),
    ("Increase the insulin rate to 10 mL/h.", "Increase the insulin rate by 10 mL/h. [1]"),
    ("Give amoxicillin 500 mg three times daily and clarithromycin 250 mg twice daily for"
     " pneumonia.",
     "Give amoxicillin 250 mg twice daily for pneumonia. [1]"),
    ("The limit for stopping metformin moved from an eGFR below 45 to an eGFR below 30.",
     "The limit for stopping metformin is an eGFR below 45. [1]"),
    ("Routine withdrawal of metformin before contrast scans was removed.",
     "Routine withdrawal of metformin before contrast scans is needed. [1]"),
    ("Paracetamol was previously avoided in pregnancy and is now recommended.",
     "Paracetamol is avoided in pregnancy. [1]"),
    ("The maximum single dose of paracetamol is 1 g.",
     "The maximum daily dose of paracetamol is 1 g. [1]"),
    ("Withhold enoxaparin before surgery and give tinzaparin after it.",
     "Withhold tinzaparin before surgery and give enoxaparin after it. [1]"),
    ("Withhold enoxaparin before surgery and give tinzaparin after surgery.",
     "Withhold tinzaparin before surgery. [1]"),
    ("Stop ramipril or reduce spironolactone if potassium is above 6 mmol/L.",
     "Stop spironolactone if potassium is above 6 mmol/L. [1]"),
    ("Enoxaparin does not raise the level of digoxin.",
     "Enoxaparin raises the level of digoxin. [1]"),
    ("Apixaban is preferred to warfarin.", "Warfarin is preferred to apixaban. [1]"),
    ("Switch from warfarin to enoxaparin on day 5.",
     "Switch from enoxaparin to warfarin on day 5. [1]"),
    ("The first choice is flucloxacillin; use vancomycin in penicillin allergy.",
     "Flucloxacillin is used in penicillin allergy. [1]"),
    ("Continue metformin if eGFR is above 60. Otherwise stop it on the day of the scan.",
     "Stop metformin on the day of the scan. [1]"),
    (ROW,
     "Apixaban 5 mg twice daily if CrCl is 15 to 29. [1]"),
    ("Avoid valproate in pregnancy.", "Valproate is safe in pregnancy. [1]"),
    ("Stop metformin when eGFR is below 30.", "Metformin. [1]"),
]  # fmt: skip
RIGHT = [
    ("Stop metformin when eGFR is below 30 mL/min/1.73 m2.",
     "Metformin should be stopped when eGFR is below 30 mL/min/1.73 m2. [1]"),
    ("The maximum dose is 1 g daily when eGFR is 30 to 44 mL/min/1.73 m2.",
     "The maximum dose of metformin is 1 g daily when eGFR is 30 to 44 mL/min/1.73 m2. [1]"),
    ("Do not use nitrofurantoin if eGFR is below 45.",
     "Nitrofurantoin should not be used in patients if eGFR is below 45. [1]"),
    (ROW,
     "Apixaban renal: 2.5 mg twice daily, CrCl 15 to 29. [1]"),
]  # fmt: skip


@pytest.mark.parametrize(("quote", "claim"), WRONG)
def test_what_the_source_does_not_say_meets_an_objection(quote: str, claim: str) -> None:
    assert list(objections(claim, quote, "Guideline > Treatment"))


@pytest.mark.parametrize(("quote", "claim"), RIGHT)
def test_what_one_clause_says_meets_none(quote: str, claim: str) -> None:
    assert list(objections(claim, quote, "Metformin and apixaban > Dose")) == []
