"""Fits the combiner that weighs the encoder's findings and the rules': ``combiner.json``.

``python -m training.combine --data FOLDER --weights FOLDER`` reads the pairs that were held out of
training, lets encoder and rules look at them, and fits a multinomial logistic regression, each
source counting the same. Figures are of five folds, parted by document. HealthVer and
AttributionBench are measured with the result, and have no part in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from medrag.evaluate.measures import auroc, calibration_error, macro_f1
from medrag.models.catalog import file_sha256
from medrag.models.pair_encoder import PairEncoder
from medrag.verify.combiner import Combiner, Limits
from medrag.verify.features import ENCODER, LENGTHS, NAMES, RULES
from medrag.verify.learned import LearnedJudge, forbidden
from training.pairs import LABELS, REFUTED, SUPPORTED, Pair

Array: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = npt.NDArray[np.int64]

MEASURED = ("healthver", "attributionbench")
"""Sets whose licence allows measuring, not training."""
FOLDS = 5
SHOWN_REFUTED = 0.02
"""The stated target: of contradicted sentences at most this share is shown as supported."""
_PARTLY_REFUTED, _CALLED_REFUTED = 0.1, 0.05
_LEAST_AGREED = 0.3  # the encoder may object where the rules do not
_STRENGTHS = (0.01, 0.03, 0.1, 0.3)
CHOSEN = (*ENCODER[3:], "coverage", "missing", "contradicted", "rules_supported", *LENGTHS)
"""The features that are used: of three choices that with which the fit to the other sources does
about best on each, in log loss. All of them gain .005 more, by what only the sources share."""
GROUPS = {
    "first": ENCODER[:3], "most": ENCODER[3:6], "relevant": ENCODER[6:], "encoder": ENCODER,
    "rules": RULES, "lengths": LENGTHS,
}  # fmt: skip
"""Features that are left out together to see what they bring."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for fitting: features ``x`` (n, len(NAMES)), ``labels`` (n,) of 0 supported, 1 neutral,
    2 refuted, the ``source`` and ``group`` of each, and whether a rule forbids "supported"."""

    x: Array
    labels: Whole
    sources: tuple[str, ...]
    groups: tuple[str, ...]
    forbidden: npt.NDArray[np.bool_]

    @property
    def agreed(self) -> npt.NDArray[np.bool_]:
        """Whether the rules call a row supported."""
        column: npt.NDArray[np.bool_] = self.x[:, NAMES.index("rules_supported")] > 0.5
        return column

    def only(self, keep: Callable[[str], bool]) -> Table:
        """The rows of the sources to keep."""
        places = [i for i, source in enumerate(self.sources) if keep(source)]
        names = [(self.sources[i], self.groups[i]) for i in places]
        sources, groups = tuple(one for one, _ in names), tuple(other for _, other in names)
        return Table(
            self.x[places], self.labels[places], sources, groups, self.forbidden[places]
        )  # fmt: skip

    @property
    def weights(self) -> Array:
        """Each source counts the same; the mean is 1."""
        counts = {source: self.sources.count(source) for source in set(self.sources)}
        each = np.array([1.0 / counts[source] for source in self.sources])
        scaled: Array = each * len(each) / each.sum()
        return scaled

    @property
    def folds(self) -> Whole:
        """The fold of each row, by a hash of its group."""
        digests = [hashlib.sha256(group.encode()).digest() for group in self.groups]
        return np.array([int.from_bytes(digest[:4], "big") % FOLDS for digest in digests])


def table_of(pairs: Sequence[Pair], judge: LearnedJudge) -> Table:
    """What encoder and rules find on each pair; pairs that the rules decide alone are left out."""
    weighed = judge.weigh([(pair.first, pair.second) for pair in pairs])
    kept = [
        (one, pair) for one, pair in zip(weighed, pairs, strict=True) if one.case.found is not None
    ]
    x = np.array([[one.features[name] for name in NAMES] for one, _ in kept], dtype=np.float64)
    return Table(
        x.reshape(len(kept), len(NAMES)),
        np.array([pair.label for _, pair in kept], dtype=np.int64),
        tuple(pair.source for _, pair in kept),
        tuple(f"{pair.source}/{pair.group}" for _, pair in kept),
        np.array([forbidden(one.case) is not None for one, _ in kept], dtype=np.bool_),
    )


def fit(x: Array, labels: Whole, weights: Array, names: Sequence[str], strength: float) -> Combiner:
    """The regression of these rows, with an L2 penalty of ``strength`` on standardised weights."""
    from scipy.optimize import minimize  # type: ignore[import-untyped,unused-ignore]

    columns = [NAMES.index(name) for name in names]
    chosen = x[:, columns]
    mean, scale = chosen.mean(axis=0), chosen.std(axis=0)
    scale = np.where(scale > 1e-6, scale, 1.0)
    z = (chosen - mean) / scale
    wanted = np.eye(3)[labels]
    share = weights / weights.sum()

    def loss(flat: Array) -> tuple[float, Array]:
        theta = flat.reshape(3, len(columns) + 1)
        logits = z @ theta[:, :-1].T + theta[:, -1]
        logits = logits - logits.max(axis=1, keepdims=True)
        log_shares = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        off = (np.exp(log_shares) - wanted) * share[:, None]
        value = -(share[:, None] * wanted * log_shares).sum()
        value += 0.5 * strength * (theta[:, :-1] ** 2).sum()
        slope = np.concatenate([off.T @ z + strength * theta[:, :-1], off.sum(0)[:, None]], axis=1)
        return float(value), slope.ravel()

    found = minimize(
        loss, np.zeros(3 * (len(columns) + 1)), jac=True, method="L-BFGS-B",
        options={"maxiter": 500},
    )  # fmt: skip
    theta = found.x.reshape(3, len(columns) + 1)
    first, second, third = (tuple(round(float(v), 6) for v in row[:-1]) for row in theta)
    return Combiner(
        tuple(names),
        tuple(round(float(v), 6) for v in mean),
        tuple(round(float(v), 6) for v in scale),
        (first, second, third),
        tuple(round(float(v), 6) for v in theta[:, -1]),
    )


def out_of_fold(table: Table, names: Sequence[str], strength: float) -> Array:
    """P(supported, neutral, refuted) of every row, by the fit to the other folds, (n, 3)."""
    out = np.full((len(table.labels), 3), 1 / 3)
    weights, folds = table.weights, table.folds
    for fold in range(FOLDS):
        mine, others = folds == fold, folds != fold
        if mine.any() and others.any():
            made = fit(table.x[others], table.labels[others], weights[others], names, strength)
            out[mine] = probabilities(made, table.x[mine])
    return out


def out_of_source(table: Table, names: Sequence[str], strength: float) -> Array:
    """P(supported, neutral, refuted) of every row, by the fit to the other sources, (n, 3): how the
    combiner does on what is unlike all that it was fitted to."""
    out = np.full((len(table.labels), 3), 1 / 3)
    weights, sources = table.weights, np.array(table.sources)
    for source in sorted(set(table.sources)):
        mine = sources == source
        if not mine.all():
            made = fit(table.x[~mine], table.labels[~mine], weights[~mine], names, strength)
            out[mine] = probabilities(made, table.x[mine])
    return out


def probabilities(combiner: Combiner, x: Array) -> Array:
    """As ``Combiner.probabilities``, of rows of a table."""
    rows = [dict(zip(NAMES, row, strict=True)) for row in x.tolist()]
    return np.asarray(combiner.probabilities(rows), dtype=np.float64)


def log_loss(shares: Array, labels: Whole, weights: Array) -> float:
    """The weighted mean of minus the logarithm of the probability of what was so."""
    true = np.clip(shares[np.arange(len(labels)), labels], 1e-9, 1.0)
    return float(-(weights * np.log(true)).sum() / weights.sum())


def temperature_of(shares: Array, labels: Whole, weights: Array) -> float:
    """The temperature (0.5 to 3) that fits these probabilities best to what was so."""
    logits = np.log(np.clip(shares, 1e-12, None))

    def cost(temperature: float) -> float:
        powers = np.exp(logits / temperature)
        return log_loss(powers / powers.sum(axis=1, keepdims=True), labels, weights)

    return min((step / 50 for step in range(25, 151)), key=cost)


def limits_of(shares: Array, table: Table) -> Limits:
    """The thresholds by the stated targets, each the lowest that holds.

    Of refuted rows at most 2% are called supported (half of them where the rules agree, half where
    they do not) and 10% partly supported or better (what a rule forbids is neither), of supported
    rows at most 5% contradicted.
    """
    weights = table.weights
    refuted, supported = table.labels == REFUTED, table.labels == SUPPORTED
    free = np.where(table.forbidden, 0.0, shares[:, SUPPORTED])
    apart = np.where(table.agreed, 0.0, free)
    together = np.where(table.agreed, free, 0.0)
    high = _lowest(apart[refuted], weights[refuted], SHOWN_REFUTED / 2)
    agreed = _lowest(together[refuted], weights[refuted], SHOWN_REFUTED / 2)
    some = _lowest(free[refuted], weights[refuted], _PARTLY_REFUTED)
    against = _lowest(shares[supported, REFUTED], weights[supported], _CALLED_REFUTED)
    return Limits(high, min(some, high), max(0.4, against), max(_LEAST_AGREED, min(agreed, high)))


def _lowest(values: Array, weights: Array, share: float) -> float:
    """The lowest threshold, in hundredths, that at most ``share`` of the weight reaches."""
    total = weights.sum() or 1.0
    return next(
        step / 100
        for step in range(5, 101)
        if step == 100 or weights[values >= step / 100].sum() / total <= share
    )


def figures(shares: Array, table: Table, limits: Limits) -> dict[str, dict[str, Any]]:
    """By source: macro-F1 and AUROC, calibration errors, and the shares shown as supported."""
    out = {}
    for source in sorted(set(table.sources)):
        mine = np.array([each == source for each in table.sources])
        labels, found = table.labels[mine], shares[mine]
        gold = [LABELS[label] for label in labels]
        said = [LABELS[label] for label in found.argmax(axis=1)]
        is_supported = [label == SUPPORTED for label in labels.tolist()]
        right = [g == s for g, s in zip(gold, said, strict=True)]
        enough = np.where(table.agreed[mine], limits.agreed, limits.supported)
        shown = (found[:, SUPPORTED] >= enough) & ~table.forbidden[mine]
        out[source] = {
            "rows": len(gold),
            "macro_f1": round(macro_f1(gold, said), 4),
            "accuracy": round(sum(right) / len(right), 4),
            "auroc": round(auroc(found[:, SUPPORTED].tolist(), is_supported), 4),
            "ece": round(calibration_error(found.max(axis=1).tolist(), right), 4),
            "ece_supported": round(
                calibration_error(found[:, SUPPORTED].tolist(), is_supported), 4
            ),
            "shown": {
                label: round(float(shown[labels == i].mean()), 4)
                for i, label in enumerate(LABELS)
                if (labels == i).any()
            },
        }
    return out


def combine(table: Table, names: Sequence[str] = CHOSEN) -> tuple[Combiner, dict[str, Any]]:
    """The combiner of a table, and its figures.

    Strength, temperature and limits are chosen by what the fit to the other sources says of each
    source, not by folds: the texts that are judged are of none of these sources.
    """
    weights = table.weights
    tried = {strength: out_of_source(table, names, strength) for strength in _STRENGTHS}
    best = min(tried, key=lambda s: log_loss(tried[s], table.labels, weights))
    temperature = temperature_of(tried[best], table.labels, weights)
    unseen = tempered(tried[best], temperature)
    limits = limits_of(unseen, table)
    made = fit(table.x, table.labels, weights, names, best)
    folds = tempered(out_of_fold(table, names, best), temperature)
    report = {
        "strength": best,
        "log_loss": round(log_loss(unseen, table.labels, weights), 4),
        "temperature": temperature,
        "folds": figures(folds, table, limits),
        "unseen": figures(unseen, table, limits),
    }
    return replace(made, temperature=temperature, limits=limits), report


def tempered(shares: Array, temperature: float) -> Array:
    """Probabilities (n, 3) drawn together by a temperature above 1, apart by one below."""
    powers = np.power(np.clip(shares, 1e-12, None), 1 / temperature)
    scaled: Array = powers / powers.sum(axis=1, keepdims=True)
    return scaled


def without(table: Table) -> dict[str, dict[str, float]]:
    """What the folds lose when a group of features is left out."""
    out = {}
    for group, names in {
        "nothing": NAMES,
        **{group: [n for n in NAMES if n not in gone] for group, gone in GROUPS.items()},
        "all but the chosen": CHOSEN,
    }.items():
        _, report = combine(table, names)
        scores = [one["macro_f1"] for one in report["folds"].values()]
        out[f"without {group}"] = {
            "log_loss": report["log_loss"],
            "macro_f1": round(sum(scores) / len(scores), 4),
        }
    return out


def dev_pairs(data: Path, seed: int, most: int) -> Iterator[Pair]:
    """The pairs held out of training, at most so many of a source, and those to measure on."""
    from training import human, natural, planted, written

    counted: dict[str, int] = {}
    pairs = [*human.dev(data), *planted.pairs(data, seed, "dev", most)]
    pairs += written.pairs(data, seed, "dev")
    pairs += written.pairs(data, seed, "dev", written.ROLES)
    # One source, whatever the corpora: "said" and "turned" tell more of it than where it is from.
    made = natural.pairs(data, seed, most, "dev")
    pairs += [replace(pair, source="natural") for pair in made]
    random.Random(seed).shuffle(pairs)
    for pair in pairs:
        counted[pair.source] = counted.get(pair.source, 0) + 1
        if counted[pair.source] <= most:
            yield pair


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit the combiner, write it beside the weights, and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m training.combine", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of public sets")
    parser.add_argument("--weights", type=Path, required=True, help="holds model.onnx")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--most", type=int, default=2000, help="pairs of one source")
    parser.add_argument("--ablate", action="store_true", help="also what each group brings")
    parser.add_argument("--threads", type=int, default=None)
    chosen = parser.parse_args(arguments)
    judge = LearnedJudge(PairEncoder(chosen.weights, chosen.threads))
    table = table_of(list(dev_pairs(chosen.data, chosen.seed, chosen.most)), judge)
    mine = table.only(lambda source: source not in MEASURED)
    combiner, report = combine(mine)
    combiner = replace(combiner, encoder_sha256=file_sha256(chosen.weights / "model.onnx"))
    combiner.save(chosen.weights)
    others = table.only(lambda source: source in MEASURED)
    report["measured"] = figures(probabilities(combiner, others.x), others, combiner.limits)
    if chosen.ablate:
        report["ablation"] = without(mine)
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
