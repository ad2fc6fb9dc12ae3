"""The trained network to what the package carries: one ONNX file in 8 bits, and its tokenizer."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor

from training.model import PairModel

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def export(state: Path, base: Path, out: Path, *, quantised: bool = True) -> None:
    """Write ``model.onnx`` and ``tokenizer.json`` into ``out``.

    The graph is fused first; then the weights of each output channel get a scale of their own
    (8 bits), and activations are scaled as they come. With ``quantised=False`` in float32.
    """
    model = PairModel(base)
    model.load_state_dict(torch.load(state, weights_only=True))
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(base / "tokenizer.json", out / "tokenizer.json")
    if quantised:
        words = model.encoder.embeddings.word_embeddings
        model.encoder.embeddings.word_embeddings = _WordsIn8Bits(words.weight)
    with tempfile.TemporaryDirectory() as folder:
        traced, fused = Path(folder) / "traced.onnx", Path(folder) / "fused.onnx"
        _trace(model.eval(), traced)
        _fuse(traced, fused, model)
        if quantised:
            _quantise(fused, out / "model.onnx")
        else:
            shutil.copyfile(fused, out / "model.onnx")


class _WordsIn8Bits(torch.nn.Module):  # type: ignore[misc]
    """Word vectors in 8 bits, each with a scale of its own: one scale for all 30,000 would lose
    what the short ones say."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = weight.detach().abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("scale", scale)
        self.register_buffer("values", (weight.detach() / scale).round().to(torch.int8))

    def forward(self, ids: Tensor) -> Tensor:
        vectors: Tensor = self.values[ids].float() * self.scale[ids]
        return vectors


def _trace(model: PairModel, path: Path) -> None:
    ids = torch.randint(1000, 2000, (2, 24))
    roles = torch.zeros_like(ids)
    roles[:, 8:] = 1
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (ids, torch.ones_like(ids), roles), str(path), input_names=list(_INPUTS),
            output_names=["claim", "relevance"], opset_version=17, dynamo=False,
            dynamic_axes=dict.fromkeys(_INPUTS, axes)
            | {"claim": {0: "batch"}, "relevance": {0: "batch"}},
        )  # fmt: skip


def _fuse(traced: Path, fused: Path, model: PairModel) -> None:
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    config = model.encoder.config
    options = FusionOptions("bert")
    # Fused with the sum before it, a layer norm takes four times as long on a processor.
    options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
    graph = optimizer.optimize_model(
        str(traced), model_type="bert", num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size, opt_level=1, use_gpu=False,
        optimization_options=options,
    )  # fmt: skip
    graph.save_model_to_file(str(fused))


def _quantise(fused: Path, path: Path) -> None:
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The fused operators are not of the standard, so that shapes are not inferred through them.
    quantize_dynamic(
        str(fused), str(path), per_channel=True, weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Attention", "Gemm"],
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )  # fmt: skip
