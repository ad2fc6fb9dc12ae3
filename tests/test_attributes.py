"""Whoever asks for the reason is not answered with the order."""

from __future__ import annotations

import pytest

from medrag.attributes import tells_what_is_asked
from tests.test_read import prompt_of, shown

RULE = "Femoral lines are removed within 72 hours."


@pytest.mark.parametrize(
    ("question", "line", "told"),
    [
        ("Why are femoral lines removed so soon?", RULE, False),
        ("Why are femoral lines removed?", f"{RULE} They get infected otherwise.", True),
        ("When are femoral lines removed?", RULE, True),
        ("who wrote the line policy", RULE, False),
        ("who wrote the line policy", "Line policy. Written by the vascular team.", True),
        ("phone number for the line team", "Ask the line team.", False),
        ("phone number for the line team", "Line team: extension 4410", True),
        ("What happens to staff who do not record it?", "It is recorded in the book.", False),
        ("prognosis of asthma in adults", "Severe: PEF 33% to 50% or pulse above 110.", False),
        ("prognosis of asthma in adults", "One in ten relapses within two weeks.", True),
        ("HIT enoxaparin alternative", "Enoxaparin 40 mg once daily.", False),
        ("enoxaparin alternative", "If it cannot be given, fondaparinux 2.5 mg.", True),
        ("prognosis of asthma in adults", "Moderate: PEF above half, no severe feature.", False),
        ("contraindications to thrombolysis", "Alteplase 0.9 mg/kg over an hour.", False),
        ("contraindications to thrombolysis", "Do not give it after a recent stroke.", True),
        ("which law covers the release of records", "Form R2 is needed for a release.", False),
        ("what does the scan cost", "The scan is booked by the ward.", False),
        ("what does the scan cost", "Patients from abroad pay 200 euros.", True),
        ("missed a dose of apixaban", "Apixaban 5 mg twice daily.", False),
        ("missed a dose of apixaban", "If one is forgotten, take it the same day.", True),
        # A mention is no question, and a lucky number no extension.
        ("NSAIDs contraindicated, what for pain", "Paracetamol 1 g.", True),
        ("dose of morphine to reduce side effects", "Morphine 2.5 mg.", True),
        ("mortality review: who attends", "The consultant attends.", True),
        ("what is the cost centre of the ward", "Ward 4 has code B.", True),
        ("alternative if no 20% glucose on the ward", "Glucose 10% 200 mL IV.", True),
        ("phone number for the line team", "Version 2024. Give 100 mg.", False),
        ("phone number of the line clinic", "Call the line clinic on 01632 960123.", True),
        ("Why are femoral lines removed?", "Femoral lines may stay 72 hours.", False),
        ("half-life of amiodarone", "Amiodarone 300 mg after the third shock.", False),
        ("side effects of rifampicin", "Rifampicin 600 mg once daily.", False),
        ("side effects of rifampicin", "It colours tears and urine and may harm the liver.", True),
    ],
)
def test_what_is_asked_is_told(question: str, line: str, told: bool) -> None:
    assert tells_what_is_asked(question, [line]) is told


def test_an_order_is_no_reason() -> None:
    reason = "A line that stays longer gets infected because the groin is moist."
    assert shown(prompt_of("Why are femoral lines removed?", RULE), {RULE: 0.9}) == []
    assert shown(prompt_of("When are femoral lines removed?", RULE), {RULE: 0.9}) == [RULE]
    both = prompt_of("Why are femoral lines removed?", f"{RULE} {reason}")
    assert reason in shown(both, {RULE: 0.9, reason: 0.9})
