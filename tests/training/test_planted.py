"""Planted sentences: faithful ones say the same, altered ones do not, and documents stay apart."""

import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.pairs import NEUTRAL, REFUTED, SUPPORTED, Pair, Part, part
from training.planted import (
    FAITHFUL,
    NAMED,
    WEIGHTS,
    altered,
    exchanged,
    faithful,
    is_untrue,
    pairs,
    planted,
    same,
    swapped,
    turned,
)
from training.planted import text as planted_text
from training.planted.changes import alter
from training.planted.changes import faithful as order_faithful
from training.planted.forms import Amount, another, read, spelled, stands, write
from training.planted.orders import order
from training.planted.text import Run, document_of, runs

TEXT = (
    "Asthma is a chronic disease of the airways that affects about 8 percent of adults. "
    "If symptoms are severe, treatment in hospital is needed within 24 hours. "
    "Oral corticosteroids are usually given for 5 to 7 days. "
    "Common triggers include pollen, dust, smoke, and exercise. "
    "However, some children do not respond to ibuprofen 400 mg taken twice daily. "
    "Bronchial thermoplasty (BT) may reduce attacks in the left lung. "
    "Smoking increases the risk of attacks, and symptoms are more common in boys than in girls. "
    "Inhaled steroids are effective in women before pregnancy.\n"
    "Many attacks are associated with viral infection of the upper airways. "
    "At least 20 genes have been linked to the disease in families. "
    "The diagnosis is made by spirometry, which is a simple test of breathing."
)
OTHER = TEXT.replace("Asthma", "Bronchiectasis").replace("triggers", "causes of attacks")
PARTS: tuple[Part, ...] = ("train", "dev", "test")
PASSAGES = [("a", TEXT), ("b", OTHER)]


@pytest.fixture(scope="module")
def made() -> list[Pair]:
    return list(planted(PASSAGES, 7, limit=700))


def run_of(*sentences: str) -> Run:
    return Run("d", sentences, tuple(range(len(sentences))))


def test_the_same_seed_gives_the_same_pairs(made: list[Pair]) -> None:
    assert list(planted(PASSAGES, 7, limit=200)) == made[:200]
    assert list(planted(PASSAGES, 8, limit=200)) != made[:200]


def test_half_is_faithful_and_every_kind_is_there(made: list[Pair]) -> None:
    kinds = Counter(pair.kind for pair in made)
    assert sum(n for kind, n in kinds.items() if kind.startswith("faithful:")) == 350
    assert all(kinds[kind] >= 10 for kind in NAMED)
    assert set(kinds) <= set(WEIGHTS) and {"faithful:reworded", *NAMED} <= set(kinds)
    assert not [p for p in planted(PASSAGES, 1, 0.0, limit=60) if p.label == SUPPORTED]


def test_pairs_are_well_formed(made: list[Pair]) -> None:
    for pair in made:
        assert pair.task == "claim" and pair.source == "planted" and pair.group in ("a", "b")
        assert (pair.label == SUPPORTED) == (pair.kind in FAITHFUL)
        assert pair.first.strip() == pair.first and "{" not in pair.first + pair.second
        assert len(pair.second.split()) <= 240


def test_a_verbatim_claim_is_a_sentence_of_its_evidence(made: list[Pair]) -> None:
    claims = [pair for pair in made if pair.kind == "faithful:verbatim"]
    assert claims and all(pair.first in pair.second for pair in claims)


def test_an_altered_claim_never_stands_in_its_evidence(made: list[Pair]) -> None:
    for pair in made:
        if pair.label != SUPPORTED:
            assert pair.first.rstrip(".").lower() not in pair.second.lower(), pair


def test_the_value_put_in_is_not_in_the_evidence(made: list[Pair]) -> None:
    for pair in made:
        if pair.kind == "dose":
            had = set(re.findall(r"[a-z0-9.,%-]+", pair.second.lower().replace(",", "")))
            new = set(re.findall(r"[a-z0-9.,%-]+", pair.first.lower().replace(",", ""))) - had
            assert new, pair


@given(
    st.fractions(min_value="1/10", max_value=5000, max_denominator=20),
    st.sampled_from(("kg", "g", "mg", "micrograms", "L", "mL", "weeks", "days", "hours", "years")),
)
def test_units_are_converted_exactly(value: Fraction, unit: str) -> None:
    size = {"kg": 10**9, "g": 10**6, "mg": 1000, "micrograms": 1, "L": 1000, "mL": 1,
            "weeks": 10080, "days": 1440, "hours": 60, "minutes": 1}  # fmt: skip
    size |= {"years": 12, "months": 1}
    for other in Amount(value, unit).same():
        assert other.value * size[other.unit] == value * size[unit]


@given(st.integers(1, 2_000_000), st.sampled_from((1, 2, 4, 5, 10, 100)))
def test_a_number_is_read_as_it_was_written(top: int, bottom: int) -> None:
    value = Fraction(top, bottom)
    assert read(write(value)) == value and read(write(value, "1,000")) == value


@given(st.fractions(min_value="1/4", max_value=900, max_denominator=8), st.integers(0, 999))
def test_another_value_is_far_away(value: Fraction, seed: int) -> None:
    new = another(value, Random(seed), cap=1000)
    assert new is None or (new <= Fraction(2, 3) * value or new >= Fraction(3, 2) * value)


def test_a_value_stands_by_itself_only() -> None:
    assert stands("give 5 mg.", "5") and stands("give 5.", "5") and stands("(5)", "5")
    for text in ("15 mg", "0.5 mg", "5.2 mg", "5,000", "50", "mg5"):
        assert not stands(text, "5"), text


@pytest.mark.parametrize(
    ("maker", "sentence", "claim"),
    [
        (altered.laterality, "It begins in the left lung of most people.",
         "It begins in the right lung of most people."),
        (altered.comparator, "It affects more than 20 people in each town.",
         "It affects less than 20 people in each town."),
        (turned.negation, "The disease is caused by a virus.",
         "The disease is not caused by a virus."),
        (turned.negation, "Aspirin should not be given to children.",
         "Aspirin should be given to children."),
        (turned.conclusion, "The drug is effective in most adults.",
         "The drug is ineffective in most adults."),
        (exchanged.roles, "The condition is more common in boys than in girls.",
         "The condition is more common in girls than in boys."),
        (exchanged.order, "The vaccine is given before surgery on the spleen.",
         "The vaccine is given after surgery on the spleen."),
        (exchanged.group, "It was seen in 30% of treated men and in 10% of untreated men.",
         "It was seen in 10% of treated men and in 30% of untreated men."),
    ],
)  # fmt: skip
def test_one_detail_is_changed(maker: altered.Maker, sentence: str, claim: str) -> None:
    change = maker(sentence, Random(1))
    assert change is not None and change.claim == claim


def test_what_would_not_change_the_meaning_is_left_alone() -> None:
    for sentence in (
        "Children under 5 years are at risk.", "A level above 200 mg was found in the blood.",
        "It lasts at least 3 days in most people.",
    ):  # fmt: skip
        assert altered.dose(sentence, Random(3)) is None, sentence
    assert altered.route("The oral cavity is often inflamed.", Random(1)) is None
    assert altered.laterality("You have the right to refuse the treatment.", Random(1)) is None
    assert swapped.population("People who have children are at risk.", Random(1)) is None


def test_a_claim_that_another_sentence_says_is_not_kept() -> None:
    change = altered.Change("Give 500 mg to adults.", ("500",))
    assert not is_untrue(change, "Give 250 mg to adults. Children take 500 mg.")
    assert is_untrue(change, "Give 250 mg to adults. Children take 1,500 mg.")
    assert not is_untrue(altered.Change("x", ("daily", "frequency:2")), "Take it b.d. with food.")


@pytest.mark.parametrize(
    ("maker", "sentence", "claim"),
    [
        (faithful.shortened, "However, the disease is rare in adults.",
         "The disease is rare in adults."),
        (faithful.reordered, "If fever persists, the child should be seen by a doctor.",
         "The child should be seen by a doctor if fever persists."),
        (same.converted, "It is given for 2 weeks in hospital.",
         "It is given for 14 days in hospital."),
        (same.numerals, "There are two types of this disease.",
         "There are 2 types of this disease."),
        (same.voice, "Strong antibiotics can damage the inner ear.",
         "The inner ear can be damaged by strong antibiotics."),
        (same.synonym, "High blood pressure is common in adults.",
         "Hypertension is common in adults."),
    ],
)  # fmt: skip
def test_a_faithful_claim_says_the_same(
    maker: faithful.Faithful, sentence: str, claim: str
) -> None:
    assert any(maker(run_of(sentence), 0, Random(s)) == (claim, 0, 0) for s in range(20))


def test_a_condition_is_never_dropped() -> None:
    for sentence in (
        "It is safe (except in pregnancy) for most adults with the disease.",
        "It is safe (if taken with food) for most adults with the disease.",
    ):
        assert faithful.shortened(run_of(sentence), 0, Random(1)) is None


def test_a_sentence_does_not_lose_its_verb_with_its_examples() -> None:
    whole = "Some simple and cheap approaches, such as physical therapy, may help with pain."
    assert faithful.shortened(run_of(whole), 0, Random(1)) is None
    tail = "Symptoms of this disease are often quite mild, such as a slight fever or fatigue."
    assert faithful.shortened(run_of(tail), 0, Random(1)) == (
        "Symptoms of this disease are often quite mild.", 0, 0,
    )  # fmt: skip


def test_an_abbreviation_is_used_where_the_passage_defines_it() -> None:
    run = run_of("People with atrial fibrillation (AF) may have a stroke.", "AF is treated early.")
    assert faithful.abbreviation(run, 1, Random(1)) == (
        "Atrial fibrillation is treated early.", 0, 1,
    )  # fmt: skip
    assert faithful.abbreviation(run_of("AF is treated early."), 0, Random(1)) is None


@pytest.mark.parametrize("seed", range(60))
def test_a_planted_sentence_differs_in_its_one_fact(seed: int) -> None:
    rng = Random(seed)
    one = order(rng)
    for kind in ("dose", "unit", "frequency", "route", "laterality", "population", "drug"):
        change = alter(one, kind, rng)
        assert change is None or (change.claim != one.text() and change.absent), kind
    for kind in ("reworded", "part", "converted", "frequency", "numerals"):
        claim = order_faithful(one, kind, rng)
        assert claim is None or claim != one.text(), kind
    assert "{" not in one.text() and one.text().endswith(".") and ".." not in one.text()


def test_half_a_gram_is_no_altered_half_gram() -> None:
    half = Amount(Fraction(1, 2), "g")
    assert Amount(Fraction(500), "mg") in half.same()
    assert spelled(Amount(Fraction(500), "mg"), Random(1), plain=True) == "500 mg"


def test_debris_is_left_out() -> None:
    text = (
        "REFERENCES\nSmith J. Lancet 2003;4:1-9. https://x.org\nWhat causes it?\n"
        "The disease is caused by a virus [12, 13]. See www.x.org for more. "
        "It can be treated with common drugs."
    )
    kept = [s for run in runs("d", text) for s in run.sentences]
    assert kept == ["The disease is caused by a virus.", "It can be treated with common drugs."]


def test_passages_of_one_document_are_never_parted() -> None:
    rows = [{"_id": f"1-{i}", "metadata": {"doc": "x.xml"}} for i in range(3)]
    assert {document_of(row) for row in rows} == {"x.xml"}
    assert document_of({"_id": "9"}) == "9"
    assert document_of({"_id": "7_2", "metadata": {"document_id": "7"}}) == "7"


def test_documents_for_development_never_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planted_text, "forbidden_documents", lambda data: frozenset({"cited"}))
    for name in planted_text.SETS:
        folder = tmp_path / "retrieval" / name
        folder.mkdir(parents=True)
        ids = [f"{name}-{i}" for i in range(60)] + ["cited"] * (name == "scifact")
        lines = [json.dumps({"_id": i, "text": TEXT.replace("Asthma", i)}) for i in ids]
        (folder / "corpus.jsonl").write_text("\n".join(lines), "utf-8")
    groups = {p: {pair.group for pair in pairs(tmp_path, 1, p, 300)} for p in PARTS}
    assert all(groups.values()) and "cited" not in groups["train"] | groups["dev"]
    for name, ids in groups.items():
        assert {part(i) for i in ids} == {name}


def test_labels_tell_a_contradiction_from_what_is_not_said(made: list[Pair]) -> None:
    labels = {kind: {p.label for p in made if p.kind == kind} for kind in NAMED}
    assert labels["dose"] == {REFUTED} and labels["negation"] == {REFUTED}
    assert labels["added_detail"] == {NEUTRAL} and labels["neighbour"] == {NEUTRAL}
