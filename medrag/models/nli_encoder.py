"""Any natural-language-inference cross-encoder of sentence-transformers as the judge's encoder.

It is loaded only where the settings name its folder: importing torch takes seconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrag.errors import ModelError

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

_KNOWN = {
    "entailment": 0, "entailed": 0, "entails": 0, "supported": 0, "supports": 0, "support": 0,
    "neutral": 1, "nei": 1, "not_enough_info": 1, "not enough info": 1, "unsupported": 1,
    "contradiction": 2, "contradicted": 2, "refuted": 2, "refutes": 2, "refute": 2,
}  # fmt: skip
_BATCH = 16


class CrossEncoderPairs:
    """Logits of a CrossEncoder folder with three labels. Loads on first use.

    Evidence comes first and the claim second, as in the sets for natural-language inference.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._order = _label_order(folder)
        self._model: Any = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name

    def claims(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """Logits (supported, neutral, refuted) of each (claim, evidence), shape (n, 3).

        Raises:
            ModelError: the model cannot be loaded.
        """
        import numpy as np

        if not pairs:
            return np.zeros((0, 3), dtype=np.float32)
        if self._model is None:
            self._model = load_cross_encoder(self.folder)
        turned = [(evidence, claim) for claim, evidence in pairs]
        logits = np.asarray(
            self._model.predict(
                turned, batch_size=_BATCH, activation_fn=_unchanged, show_progress_bar=False
            ),
            dtype=np.float32,
        )
        result: FloatArray = logits[:, list(self._order)]
        return result


def _label_order(folder: Path) -> tuple[int, int, int]:
    """The columns of supported, neutral and refuted, by the names in ``id2label``."""
    try:
        names = json.loads((folder / "config.json").read_text("utf-8"))["id2label"]
        columns = {_KNOWN[str(name).lower().strip()]: int(i) for i, name in names.items()}
        order = (columns[0], columns[1], columns[2])
        if len(names) != 3:
            raise ValueError("not three labels")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"The model in {folder} has no three labels for supported, neutral and refuted.",
            "Name a CrossEncoder folder whose id2label says entailment, neutral, contradiction.",
        ) from error
    return order


def load_cross_encoder(folder: Path) -> Any:
    """A CrossEncoder of sentence-transformers, from its folder alone.

    Raises:
        ModelError: sentence-transformers is missing, or the folder holds no such model.
    """
    try:
        from sentence_transformers import CrossEncoder

        return CrossEncoder(str(folder), device="cpu", local_files_only=True)
    except ImportError as error:
        raise ModelError(
            "sentence-transformers is not installed.", "Run: pip install sentence-transformers"
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"The cross-encoder in {folder} cannot be loaded.", "Copy the folder again."
        ) from error


def _unchanged(logits: Any) -> Any:
    return logits
