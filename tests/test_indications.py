"""The dose of the right drug for another disease is the wrong dose."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrag import Engine
from medrag.indications import asked_for, indication_of


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("apixaban dose for DVT", "DVT deep vein thrombosis"),
        ("dose of amoxicillin for community acquired pneumonia", "community acquired pneumonia"),
        ("salbutamol dose for children with asthma", "asthma"),
        ("gentamicin dose in renal impairment", ""),
        ("paracetamol dose for a 70 kg man", ""),
        ("dose for 3 days", ""),
        ("what is the dose of apixaban", ""),
    ],
)
def test_asked_for(question: str, what: str) -> None:
    assert asked_for(question) == what


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
