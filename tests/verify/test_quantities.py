"""Quantities mean what they say: exact conversion, comparators, and names that are no numbers."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag.verify import RuleJudge, compare, parse

SAME = [
    ("500 mg", "0.5 g"), ("500 mg", "500 milligrams"), ("1,000 mg", "1 g"), ("1 000 mg", "1000 mg"),
    ("125 micrograms", "0.125 mg"), ("100 mcg", "100 µg"), ("100 μg", "0.1 mg"),
    (".5 mg", "0.5 mg"),
    ("0,5 mg", "0.5 mg"), ("½ tablet", "1/2 tablet"), ("half a tablet", "1/2 tablet"),
    ("1½ tablets", "1.5 tablets"), ("three tablets", "3 tablets"), ("twenty-one days", "3 weeks"),
    ("1 litre", "1000 mL"), ("10 mg/dL", "100 mg/L"), ("1 g/L", "1 mg/mL"),
    ("250 mg/5 mL", "50 mg/mL"), ("5 mg/kg/day", "5 mg per kg per day"),
    ("2 g per day", "2 g in 24 hours"), ("every 6 hours", "four times a day"), ("q6h", "QDS"),
    ("6-hourly", "q.i.d."), ("twice daily", "BD"), ("BID", "every 12 hours"), ("TDS", "8-hourly"),
    ("three times a day", "TID"), ("once daily", "OD"), ("once weekly", "every 7 days"),
    ("every 4-6 hours", "every 4 to 6 hours"), ("every other day", "alternate days"),
    ("5-10 mg", "5 to 10 mg"), ("between 5 and 10 mg", "5–10 mg"), ("5 mg to 10 mg", "5-10 mg"),
    ("500 mg to 1 g", "0.5-1 g"), ("at least 3 days", "3 days or more"), ("≥ 3 days", ">=3 days"),
    ("less than 5 mg", "<5 mg"), ("below 5 mg", "under 5 mg"), ("up to 4 g", "at most 4 g"),
    ("maximum 4 g", "not exceeding 4 g"), ("no more than 4 g", "≤4 g"), ("4 g max", "max 4 g"),
    ("18 years or older", "18 years and over"), ("aged 18 and over", "≥18 years"),
    ("under 1 year", "under 12 months"), ("38 °C", "100.4 °F"), ("5 per cent", "5%"),
    ("1 million units", "1,000,000 IU"), ("37 ± 0.5 °C", "36.5 to 37.5 °C"),
    ("1 in 5", "2 in 10"), ("30 mL/min/1.73 m²", "30 mL/min/1.73m2"),
    ("2.5 x10^9/L", "2.5 × 10⁹/L"), ("1 June 2024", "2024-06-01"), ("June 1, 2024", "1 Jun 2024"),
    ("type II diabetes", "type 2 diabetes"), ("4 doses per day", "4 times a day"),
    ("60 bpm", "60 beats per minute"),
]  # fmt: skip
DIFFERENT = [
    ("500 mg", "500 mcg"), ("5 mg", "5 mL"), ("5 mg", "5 mg/kg"), ("5 mg/kg", "5 mg/m²"),
    ("5 mg/kg/day", "5 mg/kg/dose"), ("3 days", "at least 3 days"), ("<5 mg", "≤5 mg"),
    (">5 mg", "<5 mg"), ("5-10 mg", "5 mg"), ("5-10 mg", "5-15 mg"),
    ("twice daily", "every 8 hours"),
    ("2 puffs", "2 tablets"), ("10 mg/L", "10 mg/dL"), ("5 mmol/L", "5 mg/L"),
    ("3 days", "3 weeks"),
    ("type 1 diabetes", "type 2 diabetes"), ("T3", "T4"), ("vitamin B6", "vitamin B12"),
    ("2019", "2020"), ("1 June 2024", "June 2024"), ("120/80 mmHg", "140/90 mmHg"),
    ("38 °C", "38 °F"), ("4 mmHg", "4 kPa"), ("stage 3", "stage 4"), ("1 in 5", "1 in 50"),
    ("under 5 years", "over 5 years"), ("1.5 mg", "15 mg"), ("0.5 mg", "5 mg"),
    ("daily", "weekly"), ("once daily", "twice daily"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_quantities_are_equal_both_ways(one: str, other: str) -> None:
    assert parse(one), one
    assert compare(one, other) == []
    assert compare(other, one) == []


@pytest.mark.parametrize(("claim", "evidence"), DIFFERENT)
def test_other_quantities_are_a_problem(claim: str, evidence: str) -> None:
    assert compare(claim, evidence)


def test_names_are_identifiers_not_amounts() -> None:
    text = "type 2 diabetes, COVID-19, vitamin B12, HbA1c, T4, Grade 3, section 3.2 and Table 1"
    assert {quantity.kind for quantity in parse(text)} == {"identifier"}
    assert len(parse(text)) == 8


def test_references_and_list_labels_are_no_quantities() -> None:
    assert parse("3. Give oxygen [12, 13].") == ()


def test_a_list_shares_its_unit() -> None:
    assert [q.low for q in parse("5, 10 or 20 mg")] == [Fraction(n, 1000) for n in (5, 10, 20)]


def test_messages_are_for_a_clinician() -> None:
    (problem,) = compare("Give 850 mg.", "Give 500 mg.")
    assert problem.kind == "quantity_differs"
    assert problem.message == "The source gives 500 mg where the answer says 850 mg."
    (problem,) = compare("Give 850 mg.", "Give some.")
    assert (problem.kind, problem.message) == (
        "quantity_missing", "The source does not give 850 mg.",
    )  # fmt: skip


def test_a_number_that_belongs_to_another_is_a_difference() -> None:
    evidence = "Give adults 500 mg and children 250 mg."
    assert compare("Give children 250 mg.", evidence) == []
    assert compare("Give adults 250 mg and children 500 mg.", evidence)
    assert compare("Ibuprofen 500 mg.", "Amoxicillin 500 mg. Ibuprofen 400 mg.")


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 99999), st.sampled_from([("mg", "g"), ("mL", "L"), ("micrograms", "mg")]))
def test_conversion_by_a_thousand_is_equality(number: int, units: tuple[str, str]) -> None:
    small, large = units
    whole, rest = divmod(number, 1000)
    converted = f"{whole}.{rest:03d}"
    assert compare(f"Give {number} {small}.", f"Give {converted} {large}.") == []
    assert compare(f"Give {number + 1} {small}.", f"Give {converted} {large}.")


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 4000), st.integers(1, 4000))
def test_a_changed_number_is_always_caught(one: int, other: int) -> None:
    problems = compare(f"Take {one} mg twice daily.", f"Take {other} mg twice daily.")
    assert bool(problems) == (one != other)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        st.text("0123456789.,/-–<>≤± mgLkxµ°C%½every hours to and in 10^", max_size=120),
    )
)
def test_parsing_never_fails_and_spans_hold(text: str) -> None:
    for quantity in parse(text):
        assert text[quantity.start : quantity.end] == quantity.text
    assert not any(p.kind.startswith("quantity") for p in compare(text, text))


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        (
            "The dose of colchicine is .6 mg twice daily.",
            "The dose of colchicine is 6 mg twice daily.",
        ),
        ("Give .5 mg of digoxin.", "Give 5 mg of digoxin."),
        ("Give digoxin \u00b725 mg daily.", "Give digoxin 25 mg daily."),
        ("Give 5 mg of digoxin.", "Give .5 mg of digoxin."),
    ],
)
def test_a_leading_point_is_no_full_stop(claim: str, evidence: str) -> None:
    (verdict,) = RuleJudge().judge([(claim, evidence)])
    assert verdict.label != "supported"


def test_a_leading_point_is_read_as_with_a_nought() -> None:
    for claim in ("Give .5 mg of digoxin.", "Give \u00b75 mg of digoxin."):
        (verdict,) = RuleJudge().judge([(claim, "Give 0.5 mg of digoxin.")])
        assert verdict.label == "supported", claim
