"""Writes the ONNX form of an embedding model, once a machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from medrag.errors import ModelError
from medrag.models.catalog import EmbeddingModel
from medrag.models.embedder import load_sentence_transformer

_AGREEMENT = 0.9999
_WEIGHTS = "weights-"
_SAMPLES = (
    "What is the maximum daily dose of metformin when the eGFR is 35?",
    "Give 15 L/min of oxygen through a reservoir mask.",
    "dose",
)


def prepare(model: EmbeddingModel, say: Callable[[str], None]) -> None:
    """Export it for questions (once a machine), and ``say`` in one line that this takes seconds.

    Raises:
        ModelError: as ``export_onnx``.
    """
    say("Preparing the embedding model (once on this machine, some 15 seconds).")
    export_onnx(model)


def export_onnx(model: EmbeddingModel) -> None:
    """Write ``model.onnx`` and check it against the original before it counts.

    The export holds pooling and normalisation as well, so that nothing is written twice.

    Raises:
        ModelError: the model cannot be exported, or the export does not agree with it.
    """
    encoder = load_sentence_transformer(model, bfloat16=False)
    target = model.onnx
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _trace(encoder, str(temporary))
        weights = weights_apart(temporary)
        temporary.replace(target)
        for other in set(target.parent.glob(f"{_WEIGHTS}*")) - {weights}:
            with suppress(OSError):  # of an earlier export, and mapped by a process that still runs
                other.unlink()
        _check(model, encoder)
    except OSError as error:
        raise ModelError(
            f"The exported model cannot be written ({error.strerror}).",
            f"Make room in, or rights to, {target.parent}.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def weights_apart(path: Path) -> Path:
    """Move the weights of an ONNX file into one beside it, from where they are mapped into memory:
    it loads in a third of the time. That one is named by its content, so that it never overwrites
    what another file needs."""
    import onnx

    model = onnx.load(path)
    digest = hashlib.sha256()
    for tensor in model.graph.initializer:
        digest.update(tensor.raw_data)
    weights = path.parent / f"{_WEIGHTS}{digest.hexdigest()[:16]}"
    with TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        onnx.save_model(model, str(made), save_as_external_data=True, location=weights.name)
        shutil.copymode(path, made.with_name(weights.name))  # onnx shuts others out
        made.with_name(weights.name).replace(weights)
        made.replace(path)
    return weights


def _trace(encoder: Any, path: str) -> None:
    import torch

    class WithPooling(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, modules: Any) -> None:
            super().__init__()
            self.stages = torch.nn.ModuleList(modules)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            for stage in self.stages:
                features = stage(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    example = encoder.preprocess(list(_SAMPLES))
    module = WithPooling(list(encoder)).eval()
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example["input_ids"], example["attention_mask"]),
            path,
            input_names=["input_ids", "attention_mask"],
            output_names=["sentence_embedding"],
            dynamic_axes={
                "input_ids": axes,
                "attention_mask": axes,
                "sentence_embedding": {0: "batch"},
            },
            opset_version=17,
            dynamo=False,
        )


def _check(model: EmbeddingModel, encoder: Any) -> None:
    from medrag.models.embedder import OnnxEmbedder

    exported = OnnxEmbedder(model).embed(_SAMPLES)
    original = encoder.encode(list(_SAMPLES), normalize_embeddings=True)
    if float((exported * original).sum(axis=1).min()) < _AGREEMENT:
        model.onnx.unlink(missing_ok=True)
        raise ModelError(
            "The exported embedding model does not agree with the original.",
            "Report it with the output of: medrag doctor --json",
        )
