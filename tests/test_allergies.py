"""A dose that is not for the patient's allergy is no answer to what to give."""

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
        ("antibiotic for a child allergic to penicillin with meningitis", {"penicillin"}),
        ("previous anaphylaxis to penicillin", {"penicillin"}),
        ("allergic reaction to penicillin", {"penicillin"}),
        ("allergies: penicillin. cellulitis", {"penicillin"}),
        ("pen allergic cellulitis", {"penicillin"}),
        ("allergic to both penicillin and cephalosporins", {"penicillin", "cephalosporin"}),
        ("penicillin or cephalosporin allergy", {"penicillin", "cephalosporin"}),
        ("patient allergic to flucloxacillin", {"flucloxacillin"}),
        ("no penicillin allergy, which antibiotic", set()),
        ("no history of penicillin allergy, antibiotic for meningitis", set()),
        ("denies penicillin allergy", set()),
        ("he isn't allergic to penicillin", set()),
        ("non penicillin allergic adult", set()),
        ("severe anaphylaxis, what now", set()),
        ("what if she has hay fever", set()),
    ],
)
def test_what_somebody_is_allergic_to(question: str, told: set[str]) -> None:
    assert allergies_told(question) == told


PHENOXY = "Do not use phenoxymethylpenicillin in penicillin allergy; give clarithromycin 250 mg."


@pytest.mark.parametrize(
    ("question", "line", "forbidden"),
    [
        ("antibiotic for a penicillin allergic child", ROW, True),
        ("antibiotic for a child allergic to penicillin", ROW, True),
        ("pneumonia, allergic to penicillin", "No penicillin allergy: ceftriaxone 2 g IV", True),
        ("pneumonia, allergic to penicillin", "Give 1 g IV; avoid in penicillin allergy.", True),
        ("penicillin allergy", "Give 500 mg to adults not allergic to penicillin.", True),
        ("penicillin allergy", "Tazocin 4.5 g. Not for patients allergic to penicillin.", True),
        ("penicillin allergy", "Drug: Cefalexin 1 g | Penicillin allergy: do not use", True),
        # What they are allergic to, and what is of its class, need not say so.
        ("allergic to flucloxacillin, cellulitis", "First line: flucloxacillin 500 mg", True),
        ("allergic to amoxicillin", "Co-amoxiclav 625 mg three times a day", True),
        (
            "allergic to penicillin, cellulitis",
            "Flucloxacillin 1 g, else doxycycline 100 mg",
            False,
        ),
        # What is for them, what is for others, and what forbids without a dose stays.
        ("antibiotic, penicillin allergy", "Severe penicillin allergy: aztreonam 2 g IV", False),
        ("antibiotic, penicillin allergy", "Non-severe penicillin allergy: meropenem 1 g", False),
        ("antibiotic, penicillin allergy", "Not in macrolide allergy. Give 500 mg.", False),
        ("antibiotic, penicillin allergy", "Do not give it in penicillin allergy.", False),
        ("tonsillitis in penicillin allergy", PHENOXY, False),
        ("penicillin allergy", "If not possible in penicillin allergy: vancomycin 1 g IV", False),
        ("penicillin allergy", "Without MRSA, penicillin allergy: clindamycin 300 mg", False),
        ("no history of penicillin allergy", ROW, False),
        ("antibiotic for a child", ROW, False),
        # Who asks for that very drug must read that it is forbidden.
        ("amoxicillin dose for a penicillin allergic child", ROW, False),
    ],
)
def test_what_is_forbidden_to_them_is_not_given(question: str, line: str, forbidden: bool) -> None:
    assert is_forbidden(question, line) is forbidden
