"""Passages to learn words from: whole sentences, once each, and hidden words that do not show."""

from __future__ import annotations

import random

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from medrag.models.catalog import find_embedding_model
from training.batches import Item, collate
from training.model import PairModel
from training.natural.sources import Source
from training.reading import pairs_of, windows
from training.words import WordHead, word_loss

SENTENCES = st.lists(
    st.lists(
        st.sampled_from("fever dose renal of the tablet".split()), min_size=1, max_size=60
    ).map(lambda words: " ".join(words).capitalize() + "."),
    max_size=30,
)


@given(SENTENCES)
def test_windows_hold_every_sentence_once_in_order(every: list[str]) -> None:
    found = list(windows(tuple(every)))
    assert [sentence for window in found for sentence in window] == every
    for window in found:
        assert len(window) == 1 or sum(map(len, window)) <= 900


@given(SENTENCES, st.integers(0, 50))
def test_a_sentence_does_not_stand_in_what_is_around_it(every: list[str], seed: int) -> None:
    numbered = tuple(f"{i} {sentence}" for i, sentence in enumerate(every))
    source = Source("toy", "d1", "d1", "Fever", numbered)
    for pair in pairs_of(source, random.Random(seed)):
        assert pair.task == "words"
        held = pair.second.split(". ")
        if pair.first != "Fever":
            assert pair.first in numbered
            assert pair.first.rstrip(".") not in held


def test_a_passage_is_read_whole_beside_one_of_its_sentences_or_its_title() -> None:
    every = tuple(f"Sentence number {n} says something of its own here." for n in range(30))
    source = Source("toy", "d1", "d1", "Fever", every)
    pairs = [p for seed in range(20) for p in pairs_of(source, random.Random(seed))]
    assert {pair.first for pair in pairs} > {"Fever"}
    assert len(pairs) >= 20 * 2  # windows
    for seed in range(5):
        once = list(pairs_of(source, random.Random(seed)))
        read = " ".join(f"{pair.first} {pair.second}" for pair in once)
        assert all(sentence in read for sentence in every)


def test_words_are_learned_from_the_other_text() -> None:
    """What is hidden is found again after some steps on one pair, and chance is not."""
    torch.manual_seed(1)
    model = PairModel(find_embedding_model("all-MiniLM-L6-v2").folder, dropout=0.0).train(False)
    head = WordHead(model.encoder.config.hidden_size, model.encoder.config.vocab_size)
    said = list(range(2000, 2024))
    ids = np.array([101, *said, 102, *said, 102], np.uint16)
    roles = np.array([0] * 26 + [1] * 25, np.uint8)
    batch = collate([Item("words", ids, roles, 0, 0)] * 8)
    live = [*head.parameters(), *model.encoder.encoder.parameters()]
    optimizer = torch.optim.AdamW(live, 5e-4)
    before = word_loss(model, head, batch).item()
    for _ in range(25):
        optimizer.zero_grad()
        word_loss(model, head, batch).backward()
        optimizer.step()
    assert word_loss(model, head, batch).item() < before / 2
    assert before > 5
