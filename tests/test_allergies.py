"""A dose that says that it is not for the patient's allergy is no answer to what to give."""

from __future__ import annotations

import pytest

from medrag.allergies import allergies_told, is_forbidden

ROW = "Drug: Amoxicillin | Dose: 30 mg/kg | Notes: Not in penicillin allergy"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("antibiotic for a penicillin allergic child", {"penicillin"}),
        ("penicillin-allergic woman with a UTI", {"penicillin"}),
        ("He is allergic to penicillins, what now?", {"penicillin"}),
        ("known penicillin anaphylaxis", {"penicillin"}),
        ("no penicillin allergy, which antibiotic", set()),
        ("what if she has hay fever", set()),
    ],
)
def test_what_somebody_is_allergic_to(question: str, told: set[str]) -> None:
    assert allergies_told(question) == told


@pytest.mark.parametrize(
    ("question", "line", "forbidden"),
    [
        ("antibiotic for a penicillin allergic child", ROW, True),
        ("pneumonia, allergic to penicillin", "No penicillin allergy: co-amoxiclav 1.2 g IV", True),
        ("pneumonia, allergic to penicillin", "Give 1 g IV; avoid in penicillin allergy.", True),
        # What is for them, what is for others, and what forbids without a dose stays.
        ("antibiotic, penicillin allergy", "Severe penicillin allergy: aztreonam 2 g IV", False),
        ("antibiotic, penicillin allergy", "Non-severe penicillin allergy: meropenem 1 g", False),
        ("antibiotic, penicillin allergy", "Not in macrolide allergy. Give 500 mg.", False),
        ("antibiotic, penicillin allergy", "Do not give it in penicillin allergy.", False),
        ("antibiotic for a child", ROW, False),
        # Who asks for that very drug must read that it is forbidden.
        ("amoxicillin dose for a penicillin allergic child", ROW, False),
    ],
)
def test_what_is_forbidden_to_them_is_not_given(question: str, line: str, forbidden: bool) -> None:
    assert is_forbidden(question, line) is forbidden
