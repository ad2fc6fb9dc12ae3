"""A dose that is asked for is the dose that is shown, by the default settings: passages in the
order of the model that reads them, rows of formularies among notes that say the drug's name more
often."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medrag import Engine
from medrag.doses import asked_drugs, namers_of, row_gives_dose
from medrag.text import sentences

DOSES = {
    "paracetamol": "Dose: 1 g", "ibuprofen": "Dose: 400 mg", "codeine": "Dose: 30 to 60 mg",
    "morphine": "Dose: 5 to 10 mg", "amoxicillin": "Dose: 500 mg to 1 g",
    "flucloxacillin": "Dose: 500 mg to 1 g", "gentamicin": "Dose: 5 mg/kg",
    "enoxaparin": "Dose: 1.5 mg/kg", "apixaban": "Dose: 5 mg", "metformin": "Dose: 500 mg to 1 g",
    "furosemide": "Dose: 20 to 40 mg", "ramipril": "Dose: 1.25 to 2.5 mg",
    "bisoprolol": "Dose: 1.25 mg", "amlodipine": "Dose: 5 mg", "omeprazole": "Dose: 20 mg",
    "ondansetron": "Dose: 4 to 8 mg", "levetiracetam": "Dose: 250 mg to 1.5 g",
    "digoxin": "Dose: 62.5 to 250 micrograms",
}  # fmt: skip


@pytest.fixture(scope="module")
def asked(samples: Path) -> Iterator[Engine]:
    with Engine.open(samples) as engine:
        yield engine


@pytest.mark.parametrize("drug", DOSES)
def test_the_dose_is_in_the_answer(asked: Engine, drug: str) -> None:
    answer = asked.ask(f"What is the dose of {drug}?")
    assert not answer.abstained
    rows = [claim.text for claim in answer.claims if drug in claim.text.lower()]
    assert any(DOSES[drug] in row for row in rows), answer.text


@pytest.mark.parametrize("drug", ["rivaroxaban", "vericiguat", "tobramycin", "teicoplanin"])
def test_a_drug_that_is_in_no_document_has_no_dose(asked: Engine, drug: str) -> None:
    for question in (f"What is the dose of {drug}?", f"{drug} dose adults", f"{drug} max dose"):
        assert asked.ask(question).abstained, question


@pytest.mark.parametrize("question", ["dose dose dose", "What is the usual dosage?", "max dose?"])
def test_a_dose_of_nothing_is_none(asked: Engine, question: str) -> None:
    assert asked.ask(question).abstained


def test_a_word_without_end_is_not_told_back_whole(asked: Engine) -> None:
    answer = asked.ask(f"dose of {'zq' * 5_000}micin")
    assert answer.abstained and "zqzq" in (answer.reason or "")
    assert len(answer.reason or "") < 120


def test_levels_are_found_where_levels_are_asked_for(asked: Engine) -> None:
    answer = asked.ask("When should a gentamicin trough level be taken?")
    assert "18 to 24 hours after the first dose" in answer.text


def test_doses_in_running_text_are_shown_beside_the_rows(asked: Engine) -> None:
    """The samples give salbutamol in a table (hyperkalaemia) and in lists (asthma): whoever asks
    for neither must not be shown one alone."""
    answer = asked.ask("salbutamol dose")
    assert "20 mg by nebuliser" in " ".join(answer.text.split())
    assert "5 mg by oxygen-driven nebuliser" in " ".join(answer.text.split())
    assert "2.5 mg for children aged 2 to 5 years" in " ".join(answer.text.split())
    assert any(warning.startswith("Check whom") for warning in answer.warnings)


def test_a_scale_that_has_no_room_is_said_to_be_cut(asked: Engine) -> None:
    """Seven steps, six lines: the one that is meant may be the seventh."""
    answer = asked.ask("insulin rate for glucose 26")
    told = [warning for warning in answer.warnings if warning.startswith("Not all")]
    assert "above 24.0 mmol/L: 8 units/hour" in answer.text or told


def test_the_adult_dose_does_not_go_on_beside_a_childs_unsaid(asked: Engine) -> None:
    answer = asked.ask("lorazepam dose")
    (source,) = answer.sources
    assert source.passage.document.title == "Paediatric formulary"
    assert f"Check whom each line is for: [{source.marker}] children." in answer.warnings


WARD = {
    "heart.md": """# Heart

## Atrial fibrillation

Digoxin is given for rate control. Load with 500 micrograms by mouth, repeated after 12 hours. Then
give 125 micrograms once daily.
""",
    "anaphylaxis.md": """# Resuscitation and anaphylaxis

## 1. Cardiac arrest

Give adrenaline 1 mg IV every 3 to 5 minutes.

## 3. Anaphylaxis

Give adrenaline into the outer thigh:

| Age | Dose |
|---|---|
| Adults and children over 12 years | 500 micrograms IM |
| Children 6 to 12 years | 300 micrograms IM |
""",
    "formulary.md": """# Formulary

## 5. Rheumatology

- Allopurinol: start with 100 mg once daily.
- Colchicine, acute gout: 500 micrograms two to four times daily.
- Colchicine, prevention of gout flares: 500 micrograms twice daily.
""",
    "blood.md": """# Bleeding after birth

Give in this order:

1. Oxytocin 5 units slowly IV.
2. Carboprost 250 micrograms IM every 15 minutes. Contraindicated in asthma.
""",
    "inr.md": """# High INR

| INR | Action |
|---|---|
| Above 8.0 | Stop warfarin and give vitamin K 2 mg IV |
| 5.0 to 8.0 | Stop warfarin; restart when the INR is below 5.0 |
""",
    "insulin.md": """# Insulin infusions

## Variable rate

| Glucose | Rate |
|---|---|
| 4.0 to 8.0 mmol/L | 1 unit/hour of insulin |
| 8.1 to 12.0 mmol/L | 2 units/hour of insulin |

## Fixed rate, ketoacidosis

Run insulin at 0.1 units/kg/hour, at most 15 units/hour.
""",
    "epilepsy.md": """# Epilepsy

| Drug | Indication | Dose |
|---|---|---|
| Levetiracetam | Epilepsy, maintenance | 250 mg twice daily |

## Status epilepticus

Give levetiracetam 60 mg/kg IV over 10 minutes.
""",
}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    place = tmp_path_factory.mktemp("ward")
    (place / "docs").mkdir()
    for name, text in WARD.items():
        (place / "docs" / name).write_text(text)
    with Engine.open(place / "library") as engine:
        engine.ingest(place / "docs")
        yield engine


@pytest.mark.parametrize(
    ("question", "shown", "not_shown"),
    [
        ("digoxin loading dose", "Load with 500 micrograms", "250 mg"),
        ("adrenaline dose for anaphylaxis in an adult", "500 micrograms IM", "1 mg IV"),
        ("adrenaline dose anaphylaxis 8 year old", "300 micrograms IM", "500 micrograms"),
        ("colchicine dose for acute gout", "two to four times daily", "prevention"),
        ("colchicine dose to prevent gout", "500 micrograms twice daily", "two to four times"),
        ("carboprost dose for bleeding after birth", "Contraindicated in asthma", "Oxytocin"),
        ("fixed rate insulin infusion dose", "0.1 units/kg/hour", "1 unit/hour"),
        ("levetiracetam dose in status epilepticus", "60 mg/kg", "250 mg"),
    ],
)
def test_a_dose_is_read_where_it_stands(
    ward: Engine, question: str, shown: str, not_shown: str
) -> None:
    answer = ward.ask(question)
    assert shown in answer.text and not_shown not in answer.text


def test_a_dose_that_names_no_drug_comes_with_the_sentence_that_does(ward: Engine) -> None:
    assert "Digoxin is given" in ward.ask("digoxin loading dose").text


def test_what_is_given_against_a_drug_is_no_dose_of_it(ward: Engine) -> None:
    assert ward.ask("warfarin dose").abstained
    assert "Stop warfarin" in ward.ask("warfarin dose with an INR above 8").text


def test_which_sentence_names_the_drug_of_a_dose() -> None:
    text = (
        "Digoxin slows the rate. Give 125 micrograms. Warfarin and aspirin thin the blood. 5 mg.\n"
        "Give levetiracetam:\n- 60 mg/kg\n- phenytoin 20 mg/kg. Then 100 mg.\n\n10 mg."
    )
    spans = sentences(text)
    said = [text[start:end] for start, end in spans]
    named = {said[place]: said[namer] for place, namer in namers_of(text, spans).items()}
    assert named == {
        "Give 125 micrograms.": "Digoxin slows the rate.",
        "- 60 mg/kg": "Give levetiracetam:",
        "Then 100 mg.": "- phenytoin 20 mg/kg.",
    }


def test_a_mineral_is_a_drug_where_its_dose_is_asked_for() -> None:
    assert asked_drugs("magnesium dose in adults") == {"magnesium": "magnesium"}
    assert asked_drugs("magnesium in the blood") == {}
    assert asked_drugs("insulin dose for a potassium of 7") == {"insulin": "insulin"}


def test_what_stands_under_a_drugs_name_need_not_be_a_dose() -> None:
    killed = "Organism: Klebsiella | Isolates: 412 | Ceftriaxone: 85"
    given = "Infection: Gonorrhoea | Ceftriaxone: 1 g IM once"
    assert not row_gives_dose("ceftriaxone dose", killed)
    assert row_gives_dose("ceftriaxone dose", given)
    assert row_gives_dose("ceftriaxone dose", "Age: newborn | Ceftriaxone: avoid")


def test_a_brand_that_is_no_one_substance_is_looked_for_by_its_name() -> None:
    asked = asked_drugs("Lopressor oral dose for hypertension")
    assert asked == {"lopressor": "lopressor"}
    assert row_gives_dose("Lopressor dose", "Drug: Metoprolol | Brand: Lopressor | Dose: 5 mg")
