"""Natural pairs: what was turned, exchanged or left out has the label that it claims to have."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import human, natural
from training.natural.claims import core, declarative_title, focused, shortened, worded
from training.natural.evidence import Neighbours, around, silent_run
from training.natural.families import asks
from training.natural.sources import Source, readable
from training.natural.turn import exchanged, reversals
from training.pairs import NEUTRAL, REFUTED, SUPPORTED, Pair
from training.sentences import coverage


@pytest.mark.parametrize(
    ("said", "opposite"),
    [
        ("Aspirin inhibits platelet function", "Aspirin promotes platelet function"),
        ("Aspirin reduces pain in adults", "Aspirin does not reduce pain in adults"),
        ("Statins did not reduce mortality", "Statins reduced mortality"),
        ("Mortality was higher in men than in women", "Mortality was higher in women than in men"),
        ("Mortality was higher in men than in women", "Mortality was lower in men than in women"),
        ("Smoking is associated with asthma", "Smoking is not associated with asthma"),
        ("Smoking is not associated with asthma", "Smoking is associated with asthma"),
        ("Surgery can cure the disease", "Surgery cannot cure the disease"),
        ("Children with rickets have weak bones", "Children with rickets do not have weak bones"),
        ("The drug is effective against malaria", "The drug is ineffective against malaria"),
    ],
)
def test_a_sentence_is_turned_round_in_correct_english(said: str, opposite: str) -> None:
    assert opposite in reversals(said)


@pytest.mark.parametrize(
    "said",
    [
        "Patients who were treated with aspirin",
        "Autosomal recessive inheritance has also been suggested",
        "Aspirin may or may not help",
        "Effects of aspirin on platelets",
    ],
)
def test_what_cannot_be_turned_safely_is_left(said: str) -> None:
    assert reversals(said) == []


@given(st.text(max_size=120))
def test_turning_never_fails_and_always_changes(text: str) -> None:
    assert text not in reversals(text)


def test_an_exchanged_name_is_of_the_same_kind_and_new() -> None:
    claim = "Aspirin is given to women with asthma"
    for seed in range(10):
        made = exchanged(claim, f"{claim} and epilepsy", random.Random(seed), [])
        assert made is not None and made != claim
        assert "epilepsy" not in made
        assert ("women" in made) != ("asthma" in made)


def test_a_claim_stands_alone() -> None:
    sentence = "Furthermore, these results show that TRPC3 inhibits cell growth in mice (P<0.01)."
    assert core(sentence) == "TRPC3 inhibits cell growth in mice (P<0.01)"
    assert core("This condition is inherited in an autosomal pattern.") is None
    assert core("We used mice of both sexes in all tests.") is None
    assert focused("This condition is inherited from one parent.", "Marfan syndrome") == (
        "Marfan syndrome is inherited from one parent"
    )


def test_a_title_counts_where_it_says_something() -> None:
    title = "PKD1 inhibits AMPK through phosphorylation of serine 491."
    assert declarative_title(title) == title.rstrip(".")
    assert declarative_title("Effects of alendronate on the risk of fracture") is None
    assert declarative_title("What is the role of insulin in growth?") is None


def test_shortening_leaves_out_and_adds_nothing() -> None:
    claim = "Low zinc (below 10) impairs healing of wounds, which suggests a role in repair"
    for seed in range(20):
        short = shortened(claim, random.Random(seed))
        assert set(short.split()) <= set(claim.replace("wounds,", "wounds").split()) | {"wounds,"}
        assert short.startswith("Low zinc impairs healing")


def test_a_denied_claim_keeps_its_place_when_shortened() -> None:
    claim = "The drug did not lower pressure in men"
    assert all("in men" in worded(claim, random.Random(seed)) for seed in range(30))


def test_what_was_asked_is_not_what_was_found() -> None:
    assert asks("The aim was to determine whether aspirin lowers pain.")
    assert not asks("Aspirin lowered pain by half.")


def test_lists_and_addresses_are_not_prose() -> None:
    assert readable("Aspirin lowers the risk of stroke.")
    assert not readable("See www.example.org for more on stroke.")
    assert not readable("12 34 (5.6) 78 90 11.")


@given(st.integers(1, 20), st.data(), st.integers(1, 12), st.integers())
def test_evidence_holds_the_sentence_it_needs(
    size: int, data: st.DataObject, count: int, seed: int
) -> None:
    needed = data.draw(st.integers(0, size - 1))
    run = around(size, needed, count, random.Random(seed))
    assert needed in run and len(run) == min(count, size)
    assert run.start >= 0 and run.stop <= size


SENTENCES = [
    "Drug {n}mab inhibits growth of {organ} tumours in mice.",
    "Blood samples were taken from the {organ} every week for analysis.",
    "Survival was higher in treated mice than in control mice with {organ} tumours.",
    "Treatment with {n}mab is associated with fever in women.",
]
ORGANS = ("liver", "kidney", "lung", "colon", "skin", "bladder", "stomach", "spleen")


def _sources() -> list[Source]:
    made = []
    for n in range(24):
        organ = ORGANS[n % len(ORGANS)]
        text = tuple(s.format(n="abcdefghijklmnopqrstuvwxyz"[n], organ=organ) for s in SENTENCES)
        made.append(Source("scifact", f"k{n}", f"k{n}", f"Trial of antibodies {n}", text))
    return made


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return list(natural.made(_sources(), 5))


def test_every_label_is_made_and_repeats_by_seed(pairs: list[Pair]) -> None:
    assert set(Counter(pair.label for pair in pairs)) == {SUPPORTED, NEUTRAL, REFUTED}
    assert list(natural.made(_sources(), 5)) == pairs
    assert list(natural.made(_sources(), 6)) != pairs


def test_a_turned_claim_is_refuted_by_the_original_text(pairs: list[Pair]) -> None:
    texts = {source.key: source.text for source in _sources()}
    turned = [pair for pair in pairs if pair.kind == "turned-claim"]
    assert turned
    for pair in turned:
        body = pair.second.split(". ", 1)[1] if pair.second.startswith("Trial of") else pair.second
        assert pair.label == REFUTED and body in texts[pair.group]
        assert pair.first.rstrip(".") not in pair.second


def test_denied_words_are_said_by_evidence_turned_alike(pairs: list[Pair]) -> None:
    texts = {source.key: source.text for source in _sources()}
    both = [pair for pair in pairs if pair.kind == "said-both"]
    assert both
    for pair in both:
        assert pair.label == SUPPORTED
        assert coverage(pair.first, pair.second) > coverage(pair.first, texts[pair.group]) - 1e-9
        assert pair.second not in texts[pair.group]


def test_silent_evidence_does_not_hold_the_claim() -> None:
    source = _sources()[0]
    claim = source.sentences[0]
    run = silent_run(claim, (0,), source, 2, random.Random(1))
    assert run is not None and 0 not in run
    neighbours = Neighbours(_sources())
    for other in neighbours.near(claim, source.group):
        assert other.group != source.group
        assert not neighbours.silent(claim, source)


def test_shares_are_kept(pairs: list[Pair]) -> None:
    chosen = natural.in_shares(pairs, 100, random.Random(1))
    count = Counter(pair.label for pair in chosen)
    assert len(chosen) <= 100
    assert count[SUPPORTED] > count[NEUTRAL] > count[REFUTED] > 0


def test_forbidden_and_unseen_documents_are_left_out(tmp_path: Path) -> None:
    human._tested.cache_clear()
    human._held_rows.cache_clear()
    row = {"claim": "x", "evidence": "y", "label": "neutral", "doc_id": "k0", "split": "dev"}
    files: dict[str, list[dict[str, Any]]] = {
        "claims/scifact_claims": [{"id": "sf-1-k0", **row}],
        "retrieval/scifact/corpus": [
            {"_id": source.key, "title": source.title, "text": source.text} for source in _sources()
        ],
        "retrieval/covidqa/corpus": [],
        "retrieval/medquad/corpus": [],
    }
    for name, rows in files.items():
        path = tmp_path / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    made = list(natural.pairs(tmp_path, 1, 60))
    from training.pairs import part

    assert made and "k0" not in {pair.group for pair in made}
    assert all(part(pair.group) == "train" for pair in made)
    assert not any("amab" in pair.first for pair in made)
