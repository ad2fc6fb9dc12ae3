"""The fit of the combiner: it learns what tells the labels apart, and keeps its stated target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag.verify.features import NAMES
from training.combine import (
    SHOWN_REFUTED,
    Table,
    combine,
    figures,
    fit,
    limits_of,
    log_loss,
    out_of_fold,
    probabilities,
    temperature_of,
)

PLACE = {name: i for i, name in enumerate(NAMES)}


def table(rows: int = 600, noise: float = 0.5, seed: int = 1) -> Table:
    """Rows whose log odds say the label, with noise; forbidden are some of the refuted."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, 3, rows)
    x = chance.normal(size=(rows, len(NAMES)))
    for label, name in enumerate(("most_supported", "least_neutral", "most_refuted")):
        x[:, PLACE[name]] = 2.0 * (labels == label) + noise * chance.normal(size=rows)
    return Table(
        x,
        labels.astype(np.int64),
        tuple("small" if i % 6 == 0 else "large" for i in range(rows)),
        tuple(str(i // 2) for i in range(rows)),
        (labels == 2) & (chance.random(rows) < 0.3),
    )


def test_it_learns_what_tells_the_labels_apart() -> None:
    combiner, report = combine(table(), NAMES)
    assert report["folds"]["large"]["macro_f1"] > 0.9
    weights = dict(zip(combiner.features, combiner.weights[0], strict=True))
    assert weights["most_supported"] == max(weights.values())
    assert abs(weights["order"]) < 0.3


def test_each_source_counts_the_same() -> None:
    rows = table()
    small = np.array([source == "small" for source in rows.sources])
    assert rows.weights[small].sum() == pytest.approx(rows.weights[~small].sum())
    assert rows.weights.mean() == pytest.approx(1)


def test_rows_of_one_document_are_never_parted() -> None:
    rows = table()
    folds = dict(zip(rows.groups, rows.folds.tolist(), strict=True))
    assert all(folds[group] == fold for group, fold in zip(rows.groups, rows.folds, strict=True))
    assert set(rows.folds.tolist()) == {0, 1, 2, 3, 4}


def test_a_row_does_not_know_its_own_label() -> None:
    rows = table(noise=30.0)
    shares = out_of_fold(rows, NAMES, 0.001)
    assert (shares.argmax(axis=1) == rows.labels).mean() < 0.45


def test_at_the_threshold_the_target_holds() -> None:
    rows = table(noise=1.5)
    shares = out_of_fold(rows, NAMES, 0.003)
    limits = limits_of(shares, rows)
    shown = (shares[:, 0] >= limits.supported) & ~rows.forbidden
    refuted = rows.labels == 2
    weights = rows.weights
    assert (weights * shown)[refuted].sum() / weights[refuted].sum() <= SHOWN_REFUTED
    assert 0 < limits.partial <= limits.supported <= 1
    # What the rules forbid anyway need not be kept out by the threshold.
    free = replace(rows, forbidden=refuted)
    assert limits_of(shares, free).supported <= limits.supported


def test_the_temperature_mends_what_is_too_sure() -> None:
    rows = table(noise=1.5)
    shares = out_of_fold(rows, NAMES, 0.003)
    sharp = np.power(shares, 2.5)
    sharp /= sharp.sum(axis=1, keepdims=True)
    found = temperature_of(sharp, rows.labels, rows.weights)
    assert 1.8 < found <= 3
    mended = np.power(sharp, 1 / found)
    mended /= mended.sum(axis=1, keepdims=True)
    assert log_loss(mended, rows.labels, rows.weights) < log_loss(sharp, rows.labels, rows.weights)


def test_figures_are_those_of_the_product() -> None:
    rows = table()
    combiner, _ = combine(rows)
    shares = probabilities(combiner, rows.x)
    assert shares.sum(axis=1) == pytest.approx(1)
    found = figures(shares, rows, combiner.limits)
    assert found["small"]["rows"] == 100
    assert 0 <= found["large"]["ece"] <= 1
    assert found["large"]["shown"]["refuted"] <= 0.05


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2), st.integers(1, 40))
def test_any_labels_can_be_fitted(label: int, rows: int) -> None:
    whole = table(rows)
    made = fit(whole.x, np.full(rows, label), whole.weights, NAMES, 0.01)
    assert probabilities(made, whole.x).argmax(axis=1).tolist() == [label] * rows
