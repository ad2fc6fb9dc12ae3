"""The dose of the right drug for another disease is the wrong dose."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrag import Engine
from medrag.indications import (
    asked_for,
    for_other_conditions,
    indication_of,
    is_for_another_condition,
    is_for_condition,
)


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("apixaban dose for DVT", {"thrombosis"}),
        ("apixaban DVT dose", {"thrombosis"}),
        ("dose of amoxicillin for community acquired pneumonia", {"lung"}),
        ("salbutamol dose for children with asthma", {"asthma"}),
        ("How much hydrocortisone is given in septic shock?", {"shock", "sepsis"}),
        ("is paracetamol given in the evening", set()),
        ("gentamicin dose in renal impairment", set()),
        ("paracetamol dose for a 70 kg man", set()),
        ("enoxaparin dose for a patient weighing 100 kg", set()),
        ("metoprolol dose with food in the evening", set()),
        ("apixaban dose if CrCl 20, eGFR 25, INR 6, on ICU", set()),
        ("ramipril dose after a stroke", set()),
        ("dose for 3 days", set()),
        ("what is the dose of apixaban", set()),
    ],
)
def test_asked_for(question: str, what: set[str]) -> None:
    assert asked_for(question) == what


@pytest.mark.parametrize(
    ("question", "left_out"),
    [
        ("amoxicillin dose for urinary tract infection", [True, False, False]),
        ("amoxicillin dose for a chest infection", [False, True, False]),
        ("amoxicillin dose in pneumonia", [False, True, False]),
        ("amoxicillin dose after vomiting", [False, False, False]),
        ("amoxicillin dose for meningitis", [True, True, False]),
        ("amoxicillin dose", [False, False, False]),
    ],
)
def test_rows_for_other_conditions(question: str, left_out: list[bool]) -> None:
    rows = [
        ("Drug: Amoxicillin | Indication: Lower respiratory tract infection | Dose: 1 g", ""),
        ("Drug: Amoxicillin | Infection (adults): Cystitis | Dose: 500 mg", ""),
        ("Drug: Amoxicillin | Indication: as advised | Dose: 500 mg", ""),
    ]
    assert for_other_conditions(question, rows) == left_out


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("enoxaparin dose for DVT prophylaxis", "Prophylaxis of VTE", "Treatment of DVT or PE"),
        ("enoxaparin dose for VTE prophylaxis", "Thromboprophylaxis", "Treatment of DVT or PE"),
        ("dalteparin dose to prevent DVT", "Prophylaxis of DVT", "Treatment of DVT"),
        ("enoxaparin dose for DVT", "Treatment of DVT", "Prophylaxis of DVT"),
        ("prednisolone dose for COPD exacerbation", "Exacerbation of COPD", "Acute asthma"),
        ("aciclovir dose for herpes zoster", "Herpes zoster", "Herpes simplex"),
        ("amiodarone dose for AF", "Atrial fibrillation", "Ventricular fibrillation"),
        ("apixaban dose for dvt", "Deep vein thrombosis", "Stroke prevention in AF"),
        ("rivaroxaban dose for PE", "Pulmonary embolism", "Stroke prevention in AF"),
        ("goserelin dose for prostate cancer", "Prostate cancer", "Breast cancer"),
        ("amoxicillin dose for adults with pneumonia", "Pneumonia", "Lyme disease"),
        ("apixaban dose in DVT", "Deep vein thrombosis", "Stroke prevention in AF"),
    ],
)
def test_of_two_rows_the_right_one_stays(question: str, right: str, wrong: str) -> None:
    rows = [(f"Drug: X | Indications and dose: {what} | Dose: 1 mg", "") for what in (right, wrong)]
    assert for_other_conditions(question, rows) == [False, True]


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("lorazepam dose for seizures", "Status epilepticus"),
        ("adrenaline dose for allergic reaction", "Anaphylaxis"),
        ("noradrenaline dose for sepsis", "Septic shock"),
        ("magnesium sulfate dose for pre-eclampsia", "Preeclampsia"),
        ("salbutamol dose for wheeze", "Acute asthma"),
        ("fluconazole dose for thrush", "Vaginal candidiasis"),
        ("aspirin dose for heart attack", "Myocardial infarction"),
        ("ramipril dose for high blood pressure", "Hypertension"),
        ("amoxicillin dose for chest infection", "Pneumonia"),
    ],
)
def test_other_words_for_the_same_stay(question: str, row: str) -> None:
    assert for_other_conditions(question, [(f"Drug: X | Indication: {row} | Dose: 1", "")]) == [
        False
    ]


def test_indication_of() -> None:
    assert indication_of("Drug: A | Indication: Gout | Dose: 1 g") == "Gout"
    assert indication_of("Drug: A | Dose: 1 g") == ""
    assert indication_of("Gout is treated with A.") == ""


FORMULARY = """# Formulary

| Drug | Indication | Dose |
|---|---|---|
| Apixaban | Stroke prevention in atrial fibrillation | 5 mg twice daily |
| Apixaban | Treatment of deep vein thrombosis | 10 mg twice daily for 7 days |
| Ramipril | Hypertension | 2.5 mg once daily |
| Colchicine | Gout | 500 micrograms twice daily |
"""


@pytest.fixture
def formulary(tmp_path: Path) -> Engine:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "formulary.md").write_text(FORMULARY)
    engine = Engine.open(tmp_path / "library")
    engine.ingest(tmp_path / "docs")
    return engine


def test_the_row_of_the_indication_is_shown(formulary: Engine) -> None:
    with formulary:
        answer = formulary.ask("What is the dose of apixaban for DVT?")
        assert "10 mg twice daily" in answer.text and "Stroke" not in answer.text
        answer = formulary.ask("What is the dose of apixaban in AF?")
        assert "5 mg twice daily" in answer.text and "thrombosis" not in answer.text
        answer = formulary.ask("What is the dose of apixaban?")
        assert "5 mg twice daily" in answer.text and "10 mg twice daily" in answer.text


def test_another_indication_alone_is_silence(formulary: Engine) -> None:
    with formulary:
        for question in (
            "What is the dose of colchicine for deep vein thrombosis?",
            "What is the dose of ramipril for gout?",
        ):
            answer = formulary.ask(question)
            assert answer.abstained, answer.text


def test_the_samples_dose_for_atrial_fibrillation_is_not_one_for_dvt(samples: Path) -> None:
    with Engine.open(samples) as engine:
        assert engine.ask("apixaban dose for DVT").abstained
        assert "5 mg" in engine.ask("apixaban dose in atrial fibrillation").text
        assert "1.25 to 2.5 mg" in engine.ask("ramipril dose for high blood pressure").text


@pytest.mark.parametrize(
    ("question", "line", "headings", "other"),
    [
        ("dexamethasone dose for croup", "Give dexamethasone 10 mg IV.", ["Meningitis"], True),
        ("dexamethasone dose for croup", "Give dexamethasone 0.15 mg/kg.", ["Croup"], False),
        ("dexamethasone dose", "Give dexamethasone 10 mg IV.", ["Meningitis"], False),
        ("amoxicillin dose for pneumonia", "In cystitis give amoxicillin 500 mg.", [], True),
        ("amoxicillin dose for pneumonia", "Amoxicillin 500 mg for cystitis.", [], True),
        ("amoxicillin dose for pneumonia", "500 mg.", ["Urinary tract infection"], True),
        ("enoxaparin treatment of VTE", "Enoxaparin 40 mg.", ["Prevention of VTE"], True),
        ("enoxaparin treatment of VTE", "Enoxaparin 1.5 mg/kg.", ["Treatment of DVT"], False),
        ("enoxaparin prophylaxis of VTE", "Enoxaparin 1.5 mg/kg.", ["Treatment of DVT"], True),
        ("colchicine for acute gout", "Colchicine, prevention of gout: 500 mg", [], True),
        ("furosemide dose for oedema", "Furosemide 40 mg IV.", ["Acute heart failure"], False),
        ("morphine dose for pain", "Morphine 5 mg.", ["Surgical wards"], False),
        ("aspirin for a fever", "Aspirin 300 mg.", ["Pain"], False),
        ("adrenaline IV anaphylaxis", "Cardiac arrest: adrenaline 1 mg.", ["Anaphylaxis"], True),
    ],
)
def test_a_line_for_another_condition(
    question: str, line: str, headings: list[str], *, other: bool
) -> None:
    assert is_for_another_condition(question, line, headings) is other


def test_a_long_term_dose_is_not_for_an_emergency() -> None:
    rows = [
        ("Drug: X | Indication: Epilepsy, maintenance | Dose: 250 mg", ""),
        ("Drug: X | Indication: Status epilepticus | Dose: 60 mg/kg", ""),
    ]
    assert for_other_conditions("X dose in status epilepticus", rows) == [True, False]
    assert for_other_conditions("X dose for epilepsy", rows)[0] is False


def test_the_condition_somebody_has_counts_where_none_is_asked_for() -> None:
    assert is_for_condition("adrenaline for a child with anaphylaxis", ["3. Anaphylaxis"])
    assert not is_for_condition("adrenaline for a child with anaphylaxis", ["Cardiac arrest"])


@pytest.mark.parametrize(("asked", "other"), [("septic shock", True), ("adrenal crisis", False)])
def test_two_parts_that_make_a_condition_tell_for_what_it_is(asked: str, other: bool) -> None:
    line = "- Hydrocortisone, adrenal crisis: 100 mg IV at once."
    question = f"How much hydrocortisone is given in {asked}?"
    assert is_for_another_condition(question, line, ["Endocrine emergencies"]) is other
