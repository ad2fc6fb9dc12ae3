"""What is given to some, in one row or in one case, and what "only" singles out."""

import time

import pytest

from medrag.verify import RuleJudge, problems_of

SCALE = (
    "Glucose 8.1 to 12.0 mmol/L: 2 units/hour\nGlucose 12.1 to 16.0 mmol/L: 4 units/hour\n"
    "Glucose 16.1 to 20.0 mmol/L: 6 units/hour"
)
INR = "INR 5.0 to 8.0: omit warfarin. INR 2.0 to 3.0: continue warfarin."
LIGHT = "In adults who weigh less than 50 kg the maximum dose is 2 g daily."
CLEARANCE = "Patients with a creatinine clearance below 30 mL/min should take 2.5 mg twice daily."
ASTHMA = "Patients with asthma, COPD or heart failure should receive 5 mg daily."
SMOKERS = "Smokers need 20 mg and non-smokers need 10 mg."
ONLY = "Only consultants may stop clozapine."
WEIGHT = "Give 500 mg unless the patient weighs over 50 kg."
LINES = "Ramipril: 5 mg once daily\nLosartan: 10 mg twice daily"
PLAIN_LINES = "Ramipril 5 mg once daily\nLosartan 10 mg twice daily"
CELLS = (
    "Drug: A | Dose: 5 mg | Frequency: once daily\nDrug: B | Dose: 10 mg | Frequency: twice daily"
)

NOT_SUPPORTED = [
    (LIGHT, "In adults the maximum dose is 2 g daily."),
    (CLEARANCE, "Patients should take 2.5 mg twice daily."),
    (CLEARANCE, "Take 2.5 mg twice daily."),
    ("Women who are breast-feeding may take ibuprofen.", "Women may take ibuprofen."),
    ("Pregnant women should take 5 mg of folic acid.", "Women should take 5 mg of folic acid."),
    ("Women who are not pregnant should take 5 mg.", "Women should take 5 mg."),
    ("Patients taking rifampicin should receive 10 mg.", "Patients should receive 10 mg."),
    ("Adults weighing over 100 kg need 2 g daily.", "Adults need 2 g daily."),
    ("Adults over 65 years should take 5 mg daily.", "Adults should take 5 mg daily."),
    ("Children under 5 years should receive 120 mg.", "Children should receive 120 mg."),
    ("Children aged 6 to 12 years: 250 mg daily.", "Children: 250 mg daily."),
    ("Patients allergic to penicillin should receive 20 mg.", "Patients should receive 20 mg."),
    ("Hypertensive patients should receive 20 mg.", "Patients should receive 20 mg."),
    ("Adults without risk factors may stop heparin.", "Adults may stop heparin."),
    ("Avoid ibuprofen in patients with cirrhosis.", "Avoid ibuprofen."),
    ("In severe renal impairment the dose is 250 mg.", "The dose is 250 mg."),
    ("The usual dose in children is 250 mg daily.", "The usual dose is 250 mg daily."),
    ("Methotrexate is contraindicated in pregnancy.", "Methotrexate is contraindicated."),
    (ASTHMA, "Patients should receive 5 mg daily."),
    ("Adults need 1 g. Adults with cirrhosis need 500 mg.", "Adults need 500 mg."),
    (LINES, "Ramipril 10 mg twice daily."),
    (LINES, "Losartan 5 mg once daily."),
    (LINES, "Ramipril 5 mg twice daily."),
    (PLAIN_LINES, "Ramipril 10 mg twice daily."),
    (CELLS, "A is given at 10 mg twice daily."),
    (CELLS, "Give drug A 10 mg twice daily."),
    (CELLS, "A 5 mg twice daily."),
    ("Hepatitis A vaccine: 1 mL. Hepatitis B vaccine: 2 mL.", "Hepatitis A vaccine: 2 mL."),
    ("In Child-Pugh class B give 5 mg.", "In Child-Pugh class A give 5 mg."),
    (SMOKERS, "Non-smokers need 20 mg."),
    (ONLY, "Consultants may only stop clozapine."),
    (ONLY, "Consultants may stop only clozapine."),
    ("Only consultants may stop it.", "Consultants may only stop it."),
    ("Consultants may only stop clozapine.", ONLY),
    (SCALE, "At a glucose of 14 mmol/L give 2 units/hour."),
    (SCALE, "At a glucose of 14 give 2 units/hour."),
    (SCALE, "At a glucose of 18 give 4 units/hour."),
    (SCALE, "At a glucose of 12.05 mmol/L give 2 units/hour."),
    (SCALE, "At a urine glucose of 14 mmol/L give 4 units/hour."),
    ("Target glucose 6 to 10 mmol/L: check.", "At a glucose of 8 mmol/L check."),
    ("The age for surgery is 6 to 12 months.", "The age for surgery is 12 months."),
    (INR, "At an INR of 6 continue warfarin."),
    ("Unless potassium is below 3 mmol/L give 40 mmol.",
     "If potassium is 2.8 mmol/L give 40 mmol."),
    ("If potassium is below 3 mmol/L do not give insulin.",
     "If potassium is 2.8 mmol/L give insulin."),
    (WEIGHT, "Give 500 mg if the patient weighs over 50 kg."),
    (WEIGHT, "Give 500 mg if the patient weighs less than 50 kg."),
    (WEIGHT, "Give 500 mg unless the patient weighs 50 kg or less."),
]  # fmt: skip

SUPPORTED = [
    (LIGHT, "Adults under 50 kg: maximum dose 2 g daily."),
    (LIGHT, "The maximum dose is 2 g daily in adults weighing less than 50 kg."),
    (CLEARANCE, "With a creatinine clearance below 30 mL/min take 2.5 mg twice daily."),
    ("Metformin, which is taken with food, is started at 500 mg daily.",
     "Metformin is started at 500 mg daily."),
    ("Patients, who are usually old, should take 5 mg daily.", "Patients should take 5 mg daily."),
    ("Adults aged 18 years or older should take 5 mg daily.", "Adults should take 5 mg daily."),
    ("Give 5 mg to patients with caution.", "Give 5 mg to patients."),
    ("Diabetic patients should take 75 mg.", "Patients with diabetes should take 75 mg."),
    ("Adults who take warfarin should avoid ibuprofen.",
     "Avoid ibuprofen in adults on warfarin."),
    ("Men take 8 g of tinzaparin daily; people with asthma take 4.5 g daily.",
     "Men should take 8 g of tinzaparin daily."),
    ("Adults need 1 g. Adults with cirrhosis need 500 mg.", "Adults need 1 g."),
    ("Amoxicillin can be used in adults and children.", "Amoxicillin can be used."),
    ("It is contraindicated in pregnancy and lactation.", "It is contraindicated in lactation."),
    (ASTHMA, "Patients with COPD should receive 5 mg daily."),
    (LINES, "Losartan 10 mg twice daily."),
    (CELLS, "A is given at 5 mg once daily."),
    ("Hepatitis A and B vaccines are given at 0 months.",
     "Hepatitis B vaccine is given at 0 months."),
    (SMOKERS, "Non-smokers need 10 mg."),
    (ONLY, "Clozapine may only be stopped by consultants."),
    (ONLY, "Clozapine may be stopped only by consultants."),
    (SCALE, "At a glucose of 14 mmol/L give 4 units/hour."),
    (SCALE, "At a glucose of 14 give 4 units/hour."),
    (SCALE, "At a glucose of 12 mmol/L give 2 units/hour."),
    (INR, "At an INR of 6 omit warfarin."),
    ("If potassium is below 3 mmol/L give 40 mmol.", "If potassium is 2.8 mmol/L give 40 mmol."),
    (WEIGHT, "Give 500 mg if the patient weighs 50 kg or less."),
]  # fmt: skip


@pytest.mark.parametrize(("evidence", "claim"), NOT_SUPPORTED)
def test_what_is_said_of_some_is_not_supported_of_more(evidence: str, claim: str) -> None:
    assert RuleJudge().judge([(claim, evidence)])[0].label != "supported"


@pytest.mark.parametrize(("evidence", "claim"), SUPPORTED)
def test_the_same_said_otherwise_is_supported(evidence: str, claim: str) -> None:
    assert RuleJudge().judge([(claim, evidence)])[0].label == "supported", problems_of(
        claim, evidence
    )


def test_a_restriction_left_out_is_named_and_contradicts_nothing() -> None:
    verdict = RuleJudge().judge([("Patients should take 2.5 mg twice daily.", CLEARANCE)])[0]
    assert verdict.label == "partial"
    assert any("with a creatinine" in problem for problem in verdict.problems)


@pytest.mark.parametrize(
    "text",
    [
        "patients with ", "in patients with 5 mg or ", "at a glucose of 14 mmol/L give ",
        "Glucose 1 to 20 mmol/L: 5 mg ", "only patients may ", "hepatitis A, B, C and A, ",
        "unless the a a a a over ", "in renal in renal failure ",
    ],
)  # fmt: skip
def test_long_text_costs_little(text: str) -> None:
    start = time.process_time()
    many = text * 400
    RuleJudge().judge([(text * 20, many), (many, text), ("Patients should take 5 mg.", many)])
    assert time.process_time() - start < 4.0
