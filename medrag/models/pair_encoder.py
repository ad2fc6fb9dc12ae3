"""The small model that reads two texts together: what a source says of a claim, and whether a
passage answers a question. One encoder with two heads, run by onnxruntime."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from medrag.errors import ModelError
from medrag.models.pair_input import MAX_TOKENS, PairTokenizer

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from medrag.protocols import FloatArray

SHIPPED = "medrag-judge"
_FILE = "model.onnx"
# Fused with the sum before it, a layer norm takes four times as long: a sixth of all.
_NOT_FUSED = ("SkipLayerNormFusion",)


def find_pair_encoder(name: str) -> Path:
    """The folder of a pair encoder: the shipped one by its name, any other by its path.

    Raises:
        ModelError: there is no such model here.
    """
    folder = (
        Path(__file__).parent / "weights" / SHIPPED if name == SHIPPED else Path(name).expanduser()
    )
    if not (folder / _FILE).is_file():
        raise ModelError(
            f"There is no pair encoder '{name}' ({_FILE} is missing).",
            "Install medrag again." if name == SHIPPED else "Name a folder that holds one.",
        )
    return folder


class PairEncoder:
    """Scores text pairs. Loads on first use; threads may share it."""

    max_tokens = MAX_TOKENS

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self.folder = folder
        self.at_once = threads or os.cpu_count() or 1
        self._loaded: tuple[Any, PairTokenizer] | None = None
        self._loading = Lock()
        self._pool: ThreadPoolExecutor | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name

    def claims(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """Logits (supported, neutral, refuted) of each (claim, evidence), and the logit that the
        evidence is about it: what ``relevance`` would say. Shape (n, 4)."""
        return self._run(pairs, ("claim", "relevance"), 4)

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """The logit that the passage answers, of each (question, passage), shape (n,)."""
        return self._run(pairs, ("relevance",), 1)[:, 0]

    def _run(
        self, pairs: Sequence[tuple[str, str]], heads: Sequence[str], width: int
    ) -> FloatArray:
        import numpy as np

        session, tokenizer = self._load()
        out = np.zeros((len(pairs), width), dtype=np.float32)

        def score(row: int) -> None:
            ids, roles = tokenizer.pair(*pairs[row])
            feeds = {
                "input_ids": np.array([ids], dtype=np.int64),
                "attention_mask": np.ones((1, len(ids)), dtype=np.int64),
                "token_type_ids": np.array([roles], dtype=np.int64),
            }
            out[row] = np.concatenate(session.run(list(heads), feeds), axis=None)

        # Pair by pair: in a batch the 8-bit scales, and so the scores, would depend on what else
        # is asked; nothing is computed for padding; and each core takes the next pair.
        if self.at_once == 1 or len(pairs) == 1:
            for row in range(len(pairs)):
                score(row)
        else:
            list(self._workers().map(score, range(len(pairs))))
        return out

    def _workers(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        with self._loading:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="pair-encoder")
            return self._pool

    def preload(self) -> None:
        """Load beside what the caller does next; what fails is said when it is used."""
        with suppress(ImportError):
            # Two imports only keep each other waiting. The session is made beside one: it needs no
            # interpreter.
            import onnxruntime  # noqa: F401

            # No daemon: a process that ended amid the loading would be aborted.
            Thread(target=self._try_to_load).start()

    def _try_to_load(self) -> None:
        with suppress(ModelError, ImportError):
            self._load()

    def _load(self) -> tuple[Any, PairTokenizer]:
        if self._loaded is None:
            with self._loading:
                self._loaded = self._loaded or self._opened()
        return self._loaded

    def _opened(self) -> tuple[Any, PairTokenizer]:
        import onnxruntime as ort

        if hasattr(ort, "disable_telemetry_events"):
            ort.disable_telemetry_events()
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = ort.InferenceSession(
                str(self.folder / _FILE), options, providers=["CPUExecutionProvider"],
                disabled_optimizers=_NOT_FUSED,
            )  # fmt: skip
            from tokenizers import Tokenizer

            pairs = PairTokenizer(Tokenizer.from_file(str(self.folder / "tokenizer.json")))
        except Exception as error:  # onnxruntime and tokenizers raise bare Exceptions
            raise ModelError(
                f"The pair encoder in {self.folder.name} cannot be loaded.", "Install medrag again."
            ) from error
        return session, pairs
