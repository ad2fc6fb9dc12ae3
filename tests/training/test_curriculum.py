"""Which pairs a run takes, and that training can go on from what is shipped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medrag.models.catalog import find_embedding_model
from medrag.models.pair_encoder import SHIPPED, PairEncoder, find_pair_encoder
from medrag.models.pair_input import PairTokenizer
from training import curriculum
from training.__main__ import main
from training.curriculum import ALL, Run, items_of
from training.pairs import Pair
from training.resume import average, resume

BASE = "all-MiniLM-L6-v2"


class Words:
    """A tokenizer that knows each text as one token, its number."""

    def pair(self, first: str, second: str, limit: int) -> tuple[list[int], list[int]]:
        return [int(first), int(second), limit], [0, 1, 1]


def made(name: str, count: int, start: int) -> list[Pair]:
    """Groups of two."""
    return [Pair("claim", str(start + i), "0", 0, name, "kind", f"g{i // 2}") for i in range(count)]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> tuple[Run, ...]:
    found = (
        Run("one", 1e-4, 1e-4, 0.1, ({"a": 4, "b": ALL}, {"a": 4})),
        Run("two", 1e-4, 1e-4, 0.1, ({"a": 8},)),
    )
    monkeypatch.setattr(curriculum, "RUNS", found)
    return found


def taken(run: Run, seed: int = 5) -> list[list[int]]:
    tokenizer: Any = Words()
    pairs = {"a": made("a", 12, 100), "b": made("b", 4, 200)}
    return [[int(item.ids[0]) for item in stage] for stage in items_of(run, pairs, tokenizer, seed)]


def test_nothing_is_taken_again_before_all_of_it_was(runs: tuple[Run, ...]) -> None:
    first, second = taken(runs[0])
    (third,) = taken(runs[1])
    assert first[4:] == [200, 201, 202, 203]
    every = [*first[:4], *second, *third]
    assert len(every) == 16
    counts = Counter(every)
    assert set(counts) == set(range(100, 112))
    assert Counter(every[:12]) == Counter(range(100, 112))
    for place in range(0, 16, 2):  # those of one group together
        assert every[place] + 1 == every[place + 1]


def test_the_seed_says_which(runs: tuple[Run, ...]) -> None:
    assert taken(runs[1]) == taken(runs[1])
    assert any(taken(runs[1], seed) != taken(runs[1]) for seed in range(6, 10))


def test_a_maker_without_pairs_is_named(runs: tuple[Run, ...]) -> None:
    tokenizer: Any = Words()
    with pytest.raises(ValueError, match="no pairs of a"):
        items_of(runs[0], {"a": [], "b": made("b", 2, 0)}, tokenizer, 5)


@pytest.mark.parametrize(
    "arguments", [["--runs", "meanin"], ["--runs", "last"], ["--runs", "meaning", "last"]]
)
def test_runs_that_cannot_be_are_refused(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "--data", str(tmp_path), "--work", str(tmp_path / "work"), *arguments])
    assert not (tmp_path / "work").exists()


def test_training_goes_on_from_what_is_shipped(tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer

    from training.model import PairModel

    base = find_embedding_model(BASE).folder
    folder = find_pair_encoder(SHIPPED)
    model = PairModel(base)
    model.load_state_dict(torch.load(resume(folder, base, tmp_path / "state.pt")))
    model.eval()
    texts = [
        ("Warfarin is safe in pregnancy.", "Warfarin crosses the placenta and must be avoided."),
        ("Metformin is stopped below 30.", "Stop metformin when the eGFR is below 30 mL/min."),
        ("Zinc shortens colds.", "In 600 adults zinc and placebo did not differ."),
        ("Rest helps.", "The ward opens at eight."),
    ]
    tokenizer = PairTokenizer(Tokenizer.from_file(str(base / "tokenizer.json")))
    own = []
    with torch.no_grad():
        for first, second in texts:
            ids, roles = tokenizer.pair(first, second)
            row = torch.tensor([ids])
            claim, about = model(row, torch.ones_like(row), torch.tensor([roles]))
            own.append(np.concatenate([claim[0].numpy(), about[0].numpy()]))
    # In 8 bits activations are rounded too; the weights are the same.
    shipped = PairEncoder(folder).claims(texts)
    assert np.abs(np.array(own) - shipped).mean() < 0.3
    assert np.corrcoef(np.array(own).ravel(), shipped.ravel())[0, 1] > 0.98


def test_states_are_averaged_by_weight(tmp_path: Path) -> None:
    import torch

    for name, values in (("a", [1.0, 2.0]), ("b", [5.0, 6.0])):
        torch.save({"w": torch.tensor(values)}, tmp_path / name)
    average([(tmp_path / "a", 3.0), (tmp_path / "b", 1.0)], tmp_path / "mean")
    assert torch.load(tmp_path / "mean")["w"].tolist() == [2.0, 3.0]


def test_a_file_that_is_not_such_a_model_is_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import helper

    graph = helper.make_graph([], "empty", [], [])
    onnx.save(helper.make_model(graph), str(tmp_path / "model.onnx"))
    with pytest.raises((KeyError, ValueError)):
        resume(tmp_path, find_embedding_model(BASE).folder, tmp_path / "state.pt")
    assert not (tmp_path / "state.pt").exists()
