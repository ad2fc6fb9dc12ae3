"""Cleaning, sentences, words: nothing lost, nothing split that belongs together."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.text import (
    clean,
    content_words,
    coverage,
    encodable,
    is_row,
    sentences,
    stem,
    words,
)

TEXTS = st.text(
    st.sampled_from("abcXYZ 0123456789.,;:!?()[]\n\t%/-'\"µ²é½\u00a0\u200b\ufb01\r\x00\u2028"),
    max_size=300,
)


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_a_dose_is_not_split_at_its_decimal_point_or_abbreviation() -> None:
    text = "Give 0.5 mg/kg i.v. over 5 min. Repeat once, e.g. after 15 min. Stop if BP falls."
    assert split(text) == [
        "Give 0.5 mg/kg i.v. over 5 min.",
        "Repeat once, e.g. after 15 min.",
        "Stop if BP falls.",
    ]


def test_a_line_is_a_block() -> None:
    assert split("Dose\n500 mg daily\n\nRoute: oral") == ["Dose", "500 mg daily", "Route: oral"]


def test_a_numbered_item_keeps_its_number() -> None:
    assert split("1. Check the potassium.\n2. Stop spironolactone.") == [
        "1. Check the potassium.",
        "2. Stop spironolactone.",
    ]


def test_units_end_a_sentence_when_a_new_one_begins() -> None:
    assert split("The dose is 5 mg. Give it at night.") == [
        "The dose is 5 mg.",
        "Give it at night.",
    ]


def test_cleaning_changes_no_number_and_no_unit() -> None:
    assert clean("eGFR\u00a0<\u200b30\u202fmL/min/1.73\u00a0m² (½ dose, 5\u00a0µg, \ufb01rst)") == (
        "eGFR <30 mL/min/1.73 m² (½ dose, 5 µg, first)"
    )


@given(TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(TEXTS)
def test_sentences_hold_every_character_that_is_not_space(text: str) -> None:
    spans = sentences(text)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))
    assert "".join("".join(text[s:e].split()) for s, e in spans) == "".join(text.split())


def test_words_fold_case_and_hyphens_but_keep_numbers() -> None:
    assert words("CURB-65: Beta-blockers 2.5 mg, 1,000 units") == [
        "curb", "65", "beta", "blockers", "2.5", "mg", "1,000", "units",
    ]  # fmt: skip


def test_stems_fold_endings_and_keep_medical_nouns_apart() -> None:
    assert stem("doses") == stem("dose")
    assert stem("treated") == stem("treat")
    assert stem("stopped") == stem("stopping") == stem("stop")
    assert stem("diagnoses") == stem("diagnosis")
    assert stem("acidosis") != stem("acidic")


def test_coverage_weighs_words() -> None:
    weights = {stem("rivaroxaban"): 3.0, stem("dose"): 1.0}
    assert coverage(weights, "The doses of apixaban") == 0.25
    assert coverage(weights, "") == 0.0
    assert coverage({}, "anything") == 0.0


def test_negation_is_a_content_word() -> None:
    assert "not" in content_words("Do not give metformin")


def test_a_unit_that_ends_in_a_capital_ends_its_sentence() -> None:
    text = "Give glucose if it is below 8 mmol/L. Give 20 mL of fluid per kg."
    assert [text[a:b] for a, b in sentences(text)] == [text[:37], text[38:]]
    assert len(sentences("It was shown by J. Smith in 1990.")) == 1


def test_half_a_character_becomes_a_question_mark_where_it_stood() -> None:
    assert encodable("5 \ud800 mg é") == "5 ? mg é"


@pytest.mark.parametrize(
    "text",
    [
        "Drug: Ramipril | Dose: 2.5 mg",
        "Drug: Ramipril | Advice: stop",
        "Amoxicillin | 500 mg | three times a day",
        "Sodium | 135-145 | 140",
        "Version: 2.0 | Owner: Dr Ali",
        "Children | Drug: Zinc",
        "Penicillin | Page 3 | 500 mg",
        "Diabetes | 130/80",
        "Colecalciferol | 2000 units",
    ],
)
def test_rows(text: str) -> None:
    assert is_row(text)


@pytest.mark.parametrize(
    "text",
    [
        "Home | Formulary | Contact",
        "Metformin | Trust guideline | Page 3 of 9",
        "Metformin | Version 2.1 | 3 of 9",
        "Trust guideline | v2 | May 2025 | Review 01/06/2027",
        "Trust guideline | 12 May 2025 | © 2024 The Trust",
        "Give 5 mg: at once.",
    ],
)
def test_words_between_bars_are_no_row(text: str) -> None:
    assert not is_row(text)
