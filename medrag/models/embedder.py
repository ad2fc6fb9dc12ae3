"""Two roads over the same weights: torch for bulk at ingest, ONNX for a question.

Importing sentence-transformers takes seconds, so the question path must never do it; its ONNX
export answers a first query in half a second (cosine to the original 1.0000 in float32).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrag.errors import ModelError
from medrag.models.catalog import EmbeddingModel
from medrag.text import encodable
from medrag.types import ModelIdentity

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

_ONNX_BATCH = 16


def identity_of(model: EmbeddingModel) -> ModelIdentity:
    """What a library remembers of the model it was built with."""
    return ModelIdentity(model.name, model.sha256, model.dimension)


class OnnxEmbedder:
    """Embeds through onnxruntime and tokenizers. Loads on first use; threads may share it."""

    def __init__(self, model: EmbeddingModel, threads: int | None = None) -> None:
        if not model.onnx.is_file():
            raise ModelError(
                "The embedding model has not been exported for questions on this machine.",
                "Run: medrag model prepare",
            )
        self._model = model
        self._threads = threads or os.cpu_count() or 1
        self._session: Any = None
        self._tokenizer: Any = None

    @property
    def identity(self) -> ModelIdentity:
        return identity_of(self._model)

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, float32, shape (len(texts), dimension). Input is cut at 256 tokens."""
        import numpy as np

        self._load()
        out = np.zeros((len(texts), self._model.dimension), dtype=np.float32)
        encodings = self._tokenizer.encode_batch([encodable(text) for text in texts])
        # Batches of like length: padding is computed for nothing.
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for start in range(0, len(order), _ONNX_BATCH):
            rows = order[start : start + _ONNX_BATCH]
            longest = max(len(encodings[i].ids) for i in rows)
            ids = np.zeros((len(rows), longest), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, i in enumerate(rows):
                ids[row, : len(encodings[i].ids)] = encodings[i].ids
                mask[row, : len(encodings[i].ids)] = 1
            feeds = {"input_ids": ids, "attention_mask": mask}
            out[rows] = self._session.run(None, feeds)[0]
        return out

    def _load(self) -> None:
        if self._session is not None:
            return
        from concurrent.futures import ThreadPoolExecutor

        import onnxruntime as ort

        if hasattr(ort, "disable_telemetry_events"):
            ort.disable_telemetry_events()
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        # Spinning threads would take the other core from whoever else is on this machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            # The session needs no interpreter while it is made: the tokenizer is, meanwhile.
            with ThreadPoolExecutor(1) as beside:
                session = beside.submit(
                    ort.InferenceSession,
                    str(self._model.onnx), options, providers=["CPUExecutionProvider"],
                )  # fmt: skip
                from tokenizers import Tokenizer

                self._tokenizer = Tokenizer.from_file(str(self._model.folder / "tokenizer.json"))
                self._tokenizer.enable_truncation(self._model.max_tokens)
                self._tokenizer.no_padding()
                self._session = session.result()
        except Exception as error:  # onnxruntime and tokenizers raise bare Exceptions
            raise ModelError(
                "The exported embedding model cannot be loaded.", "Run: medrag model prepare"
            ) from error


class TorchEmbedder:
    """Embeds in bulk through sentence-transformers, in bfloat16 where this CPU computes in it."""

    def __init__(self, model: EmbeddingModel, batch_size: int = 32) -> None:
        self._model = model
        self._batch_size = batch_size
        self._encoder = load_sentence_transformer(model, bfloat16=cpu_has_bfloat16())

    @property
    def identity(self) -> ModelIdentity:
        return identity_of(self._model)

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, float32, shape (len(texts), dimension). Input is cut at 256 tokens."""
        import numpy as np

        if not texts:
            return np.zeros((0, self._model.dimension), dtype=np.float32)
        vectors = self._encoder.encode(
            [encodable(text) for text in texts],
            batch_size=self._batch_size,
            convert_to_numpy=False,
            convert_to_tensor=True,
            normalize_embeddings=False,
            show_progress_bar=False,
        )
        out = vectors.float().cpu().numpy()
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        result: FloatArray = (out / np.maximum(norms, 1e-12)).astype(np.float32)
        return result


def load_sentence_transformer(model: EmbeddingModel, *, bfloat16: bool) -> Any:
    """The model through sentence-transformers, from its folder alone."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    try:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        transformers_logging.set_verbosity_error()
        kwargs = {"dtype": torch.bfloat16} if bfloat16 else {}
        encoder = SentenceTransformer(
            str(model.folder), device="cpu", local_files_only=True, model_kwargs=kwargs
        )
    except ImportError as error:
        raise ModelError(
            "sentence-transformers is not installed.", "Run: pip install sentence-transformers"
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"The embedding model in {model.folder} cannot be loaded.", "Copy the folder again."
        ) from error
    encoder.max_seq_length = model.max_tokens
    return encoder


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware; elsewhere it is slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text("ascii", errors="replace")
    except OSError:
        return False
    return _has_flag(flags.split(), ("avx512_bf16", "amx_bf16", "bf16"))


def _has_flag(flags: Iterable[str], wanted: tuple[str, ...]) -> bool:
    return not set(wanted).isdisjoint(flags)
