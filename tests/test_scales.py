"""The step of a scale that a value falls into."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.scales import for_another_value, step_for

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


INR = (
    "INR: 3.1 to 4.9 | Bleeding: none | Action: omit one dose",
    "INR: 5.0 to 8.0 | Bleeding: none | Action: stop warfarin, vitamin K 1 to 2 mg PO",
    "INR: above 8.0 | Bleeding: none | Action: stop warfarin, vitamin K 5 mg PO",
    "INR: any | Bleeding: major | Action: vitamin K 5 mg IV and prothrombin complex",
)
KIDNEYS = (
    "Drug: Enoxaparin | CrCl 30 or more: 1 mg/kg twice daily | Notes: weigh the patient",
    "- eGFR 30 to 44 mL/min: at most 1 g a day",
    "- eGFR below 30 mL/min: stop",
    "- Weight under 50 kg: give 500 mg",
    "- Weight 50 kg and over: give 1 g",
)


@pytest.mark.parametrize(
    ("question", "lines", "left"),
    [
        ("INR 7.2 no bleeding", INR, {1, 3}), ("inr of 9", INR, {2, 3}), ("INR 4", INR, {0, 3}),
        ("her INR is 2.1 on warfarin", INR, {0, 1, 2, 3}),  # no row is for it
        ("what if the INR is too high", INR, {0, 1, 2, 3}),
        ("INR 4, then INR 9", INR, {0, 1, 2, 3}),
        ("metformin eGFR 38", KIDNEYS, {0, 1, 3, 4}), ("metformin eGFR 22", KIDNEYS, {0, 2, 3, 4}),
        ("enoxaparin CrCl 24", KIDNEYS, {0, 1, 2, 3, 4}),
        ("paracetamol 46kg", KIDNEYS, {0, 1, 2, 3}),
        ("paracetamol for a woman who weighs 71", KIDNEYS, {0, 1, 2, 4}),
    ],
)  # fmt: skip
def test_rows_for_another_value(question: str, lines: tuple[str, ...], left: set[int]) -> None:
    assert set(range(len(lines))) - for_another_value(question, lines) == left


@given(st.integers(31, 120))
def test_a_row_that_holds_the_value_stays(tenths: int) -> None:
    gone = for_another_value(f"INR {tenths / 10}, what now?", INR)
    place = 0 if tenths <= 49 else 1 if 50 <= tenths <= 80 else 2
    assert gone == {0, 1, 2} - {place}
