"""States of the model: read back from the 8-bit file that medrag ships, so that training can go on
from it, and averaged over runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from training.model import PairModel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_PARTS = ("query", "key", "value")
_DENSE = ("attention.output.dense", "intermediate.dense", "output.dense")
_HEADS = ("claim", "relevance")


def resume(folder: Path, base: Path, out: Path) -> Path:
    """Write the weights of ``folder/model.onnx``, scaled back to float32, to ``out`` as a state of
    ``PairModel``, and return it. Word vectors are those of ``base``: training never moves them.

    Raises:
        KeyError: the graph is not one in 8 bits that ``training.export`` wrote.
    """
    model = PairModel(base)
    state = model.state_dict()
    found = dict(_weights(folder / "model.onnx", model.encoder.config.num_hidden_layers))
    lacking = [name for name in state if name not in found and "word_embeddings" not in name]
    other = [n for n, tensor in found.items() if n not in state or state[n].shape != tensor.shape]
    if lacking or other:
        raise KeyError(f"{folder.name} has no {(lacking or other)[0]} as it is trained here")
    torch.save(state | found, out)
    return out


def average(states: Sequence[tuple[Path, float]], out: Path) -> None:
    """Write the weighted mean of several states of ``PairModel``, stages of one training.

    It does a little worse on texts like the last run's than that run alone, and better on others
    (Wortsman et al. 2022, "Model soups").
    """
    total = sum(weight for _, weight in states)
    mean: dict[str, Tensor] = {}
    for path, weight in states:
        for name, tensor in torch.load(path, weights_only=True).items():
            mean[name] = mean.get(name, 0.0) + tensor * (weight / total)
    torch.save(mean, out)


def _weights(path: Path, layers: int) -> list[tuple[str, Tensor]]:
    import onnx

    graph = onnx.load(str(path)).graph
    held = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    plain = {
        name: torch.from_numpy(held[name].copy())
        for name in held
        if name.startswith("encoder.") and "word_embeddings" not in name
    }
    out = list(plain.items())
    for layer, names in enumerate(_matrices(graph, layers)):
        at = f"encoder.encoder.layer.{layer}"
        whole = _scaled(held, f"Attention_{layer}_qkv_weight")
        bias = torch.from_numpy(held[f"Attention_{layer}_qkv_bias"].copy())
        for part, weight, shift in zip(_PARTS, whole.chunk(3), bias.chunk(3), strict=True):
            out.append((f"{at}.attention.self.{part}.weight", weight.clone()))
            out.append((f"{at}.attention.self.{part}.bias", shift.clone()))
        for dense, matrix in zip(_DENSE, names, strict=True):
            out.append((f"{at}.{dense}.weight", _scaled(held, matrix)))
    for head in _HEADS:
        for layer_name in ("inner", "outer"):
            at = f"{head}.{layer_name}"
            out.append((f"{at}.weight", _scaled(held, f"{at}.weight_Transposed")))
            out.append((f"{at}.bias", torch.from_numpy(held[f"{at}.bias"].copy())))
    return out


def _matrices(graph: object, layers: int) -> list[list[str]]:
    """The names of each layer's dense matrices, in the order in which they are multiplied: the
    exporter only numbers them."""
    found = [
        node.input[1].removesuffix("_quantized")
        for node in graph.node  # type: ignore[attr-defined]
        if node.op_type == "MatMulInteger" and node.input[1].startswith("onnx::MatMul")
    ]
    return [found[start : start + len(_DENSE)] for start in range(0, layers * len(_DENSE), 3)]


def _scaled(held: dict[str, npt.NDArray[np.generic]], name: str) -> Tensor:
    """A matrix of (inputs, outputs) in 8 bits, as torch keeps it: (outputs, inputs) in floats."""
    values = torch.from_numpy(held[f"{name}_quantized"].copy()).float()
    zero = torch.from_numpy(held[f"{name}_zero_point"].copy()).float()
    scale = torch.from_numpy(held[f"{name}_scale"].copy())
    return ((values - zero) * scale).T.contiguous()
