"""Which pairs a run takes, and that training can go on from what is shipped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from medrag.models.catalog import find_embedding_model
from medrag.models.pair_encoder import SHIPPED, PairEncoder, find_pair_encoder
from medrag.models.pair_input import PairTokenizer
from training import curriculum
from training.__main__ import main
from training.batches import Item, keep, kept
from training.curriculum import ALL, Run, items_of
from training.resume import average, resume

BASE = "all-MiniLM-L6-v2"


def made(count: int, start: int) -> list[Item]:
    """Groups of two; the first token tells which one it is."""
    roles = np.zeros(1, np.uint8)
    return [Item("claim", np.array([start + i], np.uint16), roles, 0, i // 2) for i in range(count)]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> tuple[Run, ...]:
    found = (
        Run("one", 1e-4, 1e-4, 0.1, ({"a": 4, "b": ALL}, {"a": 4})),
        Run("two", 1e-4, 1e-4, 0.1, ({"a": 8},)),
    )
    monkeypatch.setattr(curriculum, "RUNS", found)
    return found


def taken(run: Run, seed: int = 5) -> list[list[int]]:
    items = {"a": made(12, 100), "b": made(4, 200)}
    return [[int(item.ids[0]) for item in stage] for stage in items_of(run, items, seed)]


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


def test_groups_of_two_makers_stay_apart(runs: tuple[Run, ...]) -> None:
    first, _ = items_of(runs[0], {"a": made(12, 100), "b": made(4, 200)}, 5)
    of_a = {item.group for item in first if item.ids[0] < 200}
    of_b = {item.group for item in first if item.ids[0] >= 200}
    assert (len(of_a), len(of_b)) == (2, 2)
    assert not of_a & of_b


def test_a_maker_without_pairs_is_named(runs: tuple[Run, ...]) -> None:
    with pytest.raises(ValueError, match="no pairs of a"):
        items_of(runs[0], {"a": [], "b": made(2, 0)}, 5)


def test_items_are_kept_as_they_are(tmp_path: Path) -> None:
    items = [
        Item("claim", np.array([101, 7, 102], np.uint16), np.array([0, 2, 0], np.uint8), 2, 4, 0.5),
        Item("words", np.array([101, 30000], np.uint16), np.array([0, 1], np.uint8), 0, 5),
        Item("question", np.array([9], np.uint16), np.array([6], np.uint8), 1, 6),
    ]
    keep(items, tmp_path / "items.npz")
    found = kept(tmp_path / "items.npz")
    assert [str(item) for item in found] == [str(item) for item in items]
    keep([], tmp_path / "none.npz")
    assert kept(tmp_path / "none.npz") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "--runs", "meanin"],
        ["fit", "--runs", "last"],
        ["fit", "--runs", "meaning", "last"],
        ["fit", "--runs", "easy", "last", "end"],
        ["fit", "--runs", "end"],
        ["fitt"],
        ["pairs", "--data", ".", "--only", "nosuch"],
        ["measure"],
        ["fit", "--watch"],
        ["pairs"],
    ],
)
def test_runs_that_cannot_be_are_refused(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*arguments, "--work", str(tmp_path / "work")])
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
