"""Real CrossEncoder folders, tiny and random, in the place of the shipped model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medrag.errors import ModelError
from medrag.models.catalog import find_embedding_model
from medrag.models.nli_encoder import CrossEncoderPairs
from medrag.models.ranking_encoder import RankingEncoder

PAIRS = [
    ("Stop metformin below 30.", "Metformin is stopped when eGFR is below 30."),
    ("Give apixaban.", "The ward opens at eight."),
]


def write(folder: Path, labels: list[str]) -> Path:
    """A one-layer network with these labels, and the tokenizer of the embedding model."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(1)
    config = BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        num_labels=len(labels), id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    source = find_embedding_model("all-MiniLM-L6-v2").folder
    AutoTokenizer.from_pretrained(source, local_files_only=True).save_pretrained(folder)
    return folder


def test_three_labels_come_in_our_order_whatever_theirs_is(tmp_path: Path) -> None:
    usual = write(tmp_path / "usual", ["entailment", "neutral", "contradiction"])
    other = write(tmp_path / "other", ["contradiction", "entailment", "neutral"])
    found = CrossEncoderPairs(usual).claims(PAIRS)
    assert found.shape == (2, 3)
    # The same network with other names: what it calls entailment is its second output.
    assert CrossEncoderPairs(other).claims(PAIRS) == pytest.approx(found[:, [1, 2, 0]], abs=1e-5)


def test_one_output_ranks_and_three_do_not(tmp_path: Path) -> None:
    one = RankingEncoder(write(tmp_path / "one", ["relevance"]))
    logits = one.relevance(PAIRS)
    assert logits.shape == (2,) and np.isfinite(logits).all() and logits[0] != logits[1]
    assert one.relevance(PAIRS[:1])[0] == pytest.approx(logits[0], abs=1e-5)
    three = RankingEncoder(write(tmp_path / "three", ["a", "b", "c"]))
    with pytest.raises(ModelError, match="more than one output"):
        three.relevance(PAIRS)


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        RankingEncoder(tmp_path).relevance(PAIRS)
