"""From findings to probabilities: a multinomial logistic regression kept in a small JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrag.errors import ModelError
from medrag.verify.features import NAMES

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

FILE = "combiner.json"
"""Its name, beside the weights it was fitted with."""
Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Probabilities (0..1) from which a claim is called supported, partly supported, or
    contradicted; ``agreed`` is that of supported where the rules say it too."""

    supported: float = 0.7
    partial: float = 0.4
    refuted: float = 0.6
    agreed: float = 0.7

    def __post_init__(self) -> None:
        limits = (self.supported, self.partial, self.refuted, self.agreed)
        if not all(0 < limit <= 1 for limit in limits):
            raise ValueError("a limit that is no probability")


@dataclass(frozen=True, slots=True)
class Combiner:
    """``softmax((weights @ ((x - mean) / scale) + bias) / temperature)``, in the order supported,
    neutral, refuted. ``encoder_sha256`` is of the ONNX file whose logits it was fitted on, ""
    where it goes with any."""

    features: tuple[str, ...]
    mean: Row
    scale: Row
    weights: tuple[Row, Row, Row]
    bias: Row
    temperature: float = 1.0
    limits: Limits = Limits()
    encoder_sha256: str = ""

    def __post_init__(self) -> None:
        wide = len(self.features)
        unknown = [name for name in self.features if name not in NAMES]
        rows = (self.mean, self.scale, *self.weights)
        if unknown or len(self.weights) != 3 or len(self.bias) != 3:
            raise ValueError("unknown features, or not three classes")
        if any(len(row) != wide for row in rows) or not all(value > 0 for value in self.scale):
            raise ValueError("rows of different lengths, or a scale that is not positive")
        if not self.temperature > 0:
            raise ValueError("the temperature is not positive")

    def probabilities(self, rows: Sequence[Mapping[str, float]]) -> FloatArray:
        """Shape (n, 3): supported, neutral, refuted, each row summing to 1."""
        import numpy as np

        x = np.array(
            [[row[name] for name in self.features] for row in rows], dtype=np.float64
        ).reshape(len(rows), len(self.features))
        x = (x - np.array(self.mean)) / np.array(self.scale)
        logits = (x @ np.array(self.weights).T + np.array(self.bias)) / self.temperature
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: FloatArray = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float64)
        return result

    def save(self, folder: Path) -> None:
        """Write it beside the weights."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def plain() -> Combiner:
    """For an encoder that no combiner was fitted with: its own probabilities, those of the
    extract that speaks most clearly, turned only where the rules found a contradiction."""
    names = ("most_supported", "least_neutral", "most_refuted", "contradicted")
    weights = ((1.0, 0.0, 0.0, -4.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 2.0))
    return Combiner(names, (0.0,) * 4, (1.0,) * 4, weights, (0.0, 0.0, 0.0))


def load_combiner(folder: Path, encoder_sha256: str = "") -> Combiner:
    """The combiner of a folder of weights, or ``plain()`` where it has none.

    Raises:
        ModelError: it is damaged, or was fitted with other weights than ``encoder_sha256``.
    """
    path = folder / FILE
    if not path.is_file():
        return plain()
    try:
        combiner = _read(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged.", "Install the model again.") from error
    fitted = combiner.encoder_sha256
    if encoder_sha256 and fitted and fitted != encoder_sha256:
        raise ModelError(
            f"{path} was fitted with other weights than the model.onnx beside it: one was changed.",
            'Install medrag again (or --no-rerank, and [verify] judge = "rules", do without).',
        )
    return combiner


def _read(tree: dict[str, Any]) -> Combiner:
    first, second, third = (tuple(map(float, row)) for row in tree["weights"])
    return Combiner(
        features=tuple(tree["features"]),
        mean=tuple(map(float, tree["mean"])),
        scale=tuple(map(float, tree["scale"])),
        weights=(first, second, third),
        bias=tuple(map(float, tree["bias"])),
        temperature=float(tree["temperature"]),
        limits=Limits(**{name: float(value) for name, value in tree["limits"].items()}),
        encoder_sha256=str(tree["encoder_sha256"]),
    )
