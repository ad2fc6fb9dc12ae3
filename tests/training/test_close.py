"""Sentences in nearly their words: still those of their passage, names and numbers as they were."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.natural.close import pairs_of, reworded
from training.natural.everyday import OPENINGS, table
from training.pairs import NEUTRAL, SUPPORTED

PASSAGE = (
    "Doctors usually give amoxicillin 500 mg three times a day for seven days in adults.",
    "People with kidney disease often need a smaller amount because the drug is removed slowly.",
    "A serious rash is rare (about 1 in 10,000) but patients should stop and ask for help.",
    "Children under 40 kg receive 45 mg per kg per day in two doses with food.",
)


def test_the_table_is_of_words_alone() -> None:
    found = table()
    assert len(found) > 400
    for word, others in found.items():
        assert word == word.strip() and word and others
        assert word not in others
        assert not re.search(r"\d|[=>;]", word + "".join(others))


@given(st.integers(0, 10_000))
def test_numbers_and_names_stay_and_labels_follow_the_sentence(seed: int) -> None:
    for pair in pairs_of(PASSAGE, "toy", "d1", random.Random(seed)):
        numbers = re.findall(r"\d[\d,]*", pair.first)
        assert set(numbers) <= set(re.findall(r"\d[\d,]*", " ".join(PASSAGE)))
        if pair.label == SUPPORTED:
            assert all(number in pair.second for number in numbers)
        else:
            assert pair.label == NEUTRAL
            assert pair.second != " ".join(PASSAGE)
            assert not set(numbers) & set(re.findall(r"\d[\d,]*", pair.second))


@given(st.integers(0, 10_000), st.integers(0, 5))
def test_no_more_words_are_exchanged_than_said(seed: int, most: int) -> None:
    said = "doctors often use the same treatment because patients need it"
    out = reworded(said, most, random.Random(seed))
    swapped = [w for w in said.split() if w not in out.split()]
    assert len(swapped) <= most
    assert most or out == said


def test_words_are_exchanged_and_pairs_are_made() -> None:
    said = "doctors often use the same treatment because patients need it"
    assert len({reworded(said, 2, random.Random(n)) for n in range(30)}) > 10
    made = [pair for n in range(60) for pair in pairs_of(PASSAGE, "toy", "d1", random.Random(n))]
    assert {pair.label for pair in made} == {SUPPORTED, NEUTRAL}
    whole = " ".join(PASSAGE)
    assert sum(pair.first not in whole for pair in made) > len(made) / 2


@pytest.mark.parametrize(
    "said",
    [
        "It has not yet been approved.", "Give at most 5 mg.", "It is injected under the skin.",
        "The lower leg swells.", "It was tolerated well.", "Wait 30 second.", "Try to rest.",
        "Most of them, over the counter, next to it.",
    ],
)  # fmt: skip
def test_a_word_of_several_meanings_is_not_exchanged(said: str) -> None:
    assert {reworded(said, 5, random.Random(n)) for n in range(40)} == {said}


def test_part_of_a_name_is_not_exchanged() -> None:
    said = "People of the Common Cold Study Group and low-risk patients"
    assert all("low-risk" in reworded(said, 5, random.Random(n)) for n in range(30))
    assert all("Common Cold Study Group" in reworded(said, 5, random.Random(n)) for n in range(30))


def test_openings_have_one_place() -> None:
    assert all(opening.count("{}") == 1 for opening in OPENINGS)
