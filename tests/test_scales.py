"""The step of a scale that a value falls into."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.scales import step_for

STEPS = (
    "Glucose below 4.0 mmol/L: stop the infusion.",
    "Glucose 4.0 to 8.0 mmol/L: 1 unit/hour.",
    "Glucose 8.1 to 12.0 mmol/L: 2 units/hour.",
    "Glucose 12.1-16.0 mmol/L: 4 units/hour.",
    "Glucose 16.1 mmol/L or more: 8 units/hour.",
)


@given(st.integers(0, 400))
def test_every_value_has_its_step(tenths: int) -> None:
    place = step_for(f"insulin rate for a glucose of {tenths / 10}", STEPS)
    limits = (40, 81, 121, 161)
    assert place == sum(tenths >= limit for limit in limits)


@pytest.mark.parametrize(
    "question",
    [
        "insulin rate", "insulin rate for 5 or 14", "rate for an 80 kg man", "type 1 diabetes rate",
        "rate in the first 2 hours", "rate after 10 units", "rate for a 70 year old",
    ],
)  # fmt: skip
def test_what_is_no_value_has_no_step(question: str) -> None:
    assert step_for(question, STEPS) is None


@pytest.mark.parametrize(
    ("step", "inside", "outside"),
    [
        ("INR \u2264 3.5: omit", 3.5, 3.6), ("INR 3 or less: wait", 3, 3.1),
        ("INR above 6.5: give", 6.6, 6.5), ("INR \u2265 6.5: give", 6.5, 6.4),
        ("INR not more than 4: go on", 4, 12), ("INR not below 2: go on", 2, 1.9),
        ("INR less than 2: raise", 1.9, 2),
    ],
)  # fmt: skip
def test_bounds(step: str, inside: float, outside: float) -> None:
    assert step_for(f"what for an INR of {inside}", [step]) == 0
    assert step_for(f"what for an INR of {outside}", [step]) is None


def test_a_value_in_another_unit_has_no_step() -> None:
    steps = ("Glucose 8.1 to 12 mmol/L: 2 units/hour.", "Glucose above 20 mmol/L: 6 units/hour.")
    assert step_for("insulin rate for a glucose of 10 mmol/L", steps) == 0
    assert step_for("insulin rate for a glucose of 10", steps) == 0
    assert step_for("insulin rate for a glucose of 250 mg/dL", steps) is None
    assert step_for("insulin rate for a glucose of 250mg/dl", steps) is None


def test_a_line_without_a_condition_is_no_step() -> None:
    assert step_for("rate for 14", ("Give 10 to 20 units.", "Call a doctor: now.")) is None


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("what rate for a glucose above 24", 2),
        ("glucose over 20 what rate", 2),
        ("glucose more than 14, which rate", None),  # 15 is in one step, 20 in another
        ("glucose 14 or above", None),
        ("glucose below 14", None),
        ("glucose between 13 and 15", 1),
        ("glucose between 11 and 15", None),
        ("glucose 16.0+", None),  # 16.0 is in one step, 17 in another
        ("glucose >= 16", None),
        ("glucose exceeds 16", 2),
        ("glucose 12 and under", None),  # 8 is in none
        ("glucose 16.1 and above", 2),
        ("glucose of 14, above all which rate", 1),
    ],
)
def test_a_bound_in_the_question_is_no_value(question: str, place: int | None) -> None:
    steps = (
        "Glucose 8.1 to 12.0: 2 units/hour",
        "Glucose 12.1 to 16.0: 4",
        "Glucose above 16.0: 6",
    )
    assert step_for(question, steps) == place
