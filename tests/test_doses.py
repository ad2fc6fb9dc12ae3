"""A dose that is asked for is the dose that is shown, by the default settings: passages in the
order of the model that reads them, rows of formularies among notes that say the drug's name more
often."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medrag import Engine

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
