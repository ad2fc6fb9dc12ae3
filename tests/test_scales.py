"""The step of a scale that a value falls into."""

from __future__ import annotations

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


def test_without_a_number_or_with_two_meanings_there_is_none() -> None:
    assert step_for("insulin rate", STEPS) is None
    assert step_for("insulin rate for 5 or 14", STEPS) is None
    assert step_for("rate for 14", ("Give 10 to 20 units.", "Call a doctor: now.")) is None


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=4))
def test_any_text_is_read(question: str, steps: list[str]) -> None:
    place = step_for(question, steps)
    assert place is None or 0 <= place < len(steps)
