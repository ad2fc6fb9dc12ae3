"""The fit of abstention: what speaks for an answer never counts against it, and questions whose
answers were taken out are asked beside those whose answers are there."""

from __future__ import annotations

import random

import numpy as np
import pytest

pytest.importorskip("scipy")

from training.answerable import _invented, fit


def test_the_signs_hold_whatever_the_rows_say() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(size=(400, 4))
    against = (x[:, 0] + x[:, 3] < x[:, 2]).astype(np.float64)  # all of it turned round
    theta = fit(x, against, np.ones(400))
    assert theta[0] >= 0 and theta[1] >= 0 and theta[2] <= 0 and theta[3] >= 0


def test_what_tells_is_learnt_and_what_counts_more_weighs_more() -> None:
    rng = np.random.default_rng(4)
    x = np.column_stack([rng.uniform(size=(600, 2)), np.zeros(600), rng.normal(size=600) * 3])
    answered = (x[:, 3] > 1).astype(np.float64)
    theta = fit(x, answered, np.ones(600))
    said = np.column_stack([x, np.ones(600)]) @ theta > 0
    assert (said == (answered > 0.5)).mean() > 0.97
    # Rows that say the opposite, and count a hundredfold, decide.
    weights = np.where(np.arange(600) < 60, 100.0, 0.01)
    turned = np.where(np.arange(600) < 60, 1.0 - answered, answered)
    assert fit(x, turned, weights)[3] < 0.1 * theta[3]


def test_invented_drugs_are_never_answerable() -> None:
    rows = list(_invented(random.Random(1)))
    assert len({row["text"] for row in rows}) > 150
    assert not any(row["answerable"] for row in rows)
