"""A language model of 380 KB with random weights, for tests: real file, real engine, noise.

The shape is MedPsy's in small (architecture qwen3, tied embeddings), the vocabulary bytes and a
few common pairs, the chat template ChatML that opens ``<think>`` as the real one does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np

BLOCKS, WIDTH, INNER, HEADS, KV_HEADS, HEAD = 2, 64, 128, 2, 1, 32
TEMPLATE = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content"
    " + '<|im_end|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}"
    "{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}"
)
PLAIN_TEMPLATE = TEMPLATE.replace("<think>\\n", "")
_PAIRS = (
    "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve"
    " co me de hi ri ro ic ne ea ra ce"
).split()
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4


def write_tiny_model(
    path: Path,
    *,
    seed: int = 0,
    template: str | None = TEMPLATE,
    context: int = 32768,
    architecture: str = "qwen3",
    broken: bool = False,
) -> Path:
    """Write the model to ``path``; ``broken`` fills it with NaN weights."""
    rng = np.random.default_rng(seed)
    tokens, types, merges = _vocabulary()
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_name("tiny random model")
    writer.add_block_count(BLOCKS)
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_freq_base(5e6)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)
    for name, shape in _tensors(len(tokens)):
        weights: Any = np.ones(shape) if len(shape) == 1 else rng.normal(0, 0.08, shape)
        writer.add_tensor(name, np.full(shape, np.nan, np.float32) if broken
                          else weights.astype(np.float32))  # fmt: skip
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[str], list[int], list[str]]:
    tokens = [_symbol(byte) for byte in range(256)]
    merges = [f"{one} {other}" for one, other in _PAIRS]
    merges += [f"{_symbol(32)} {letter}" for letter in "abcdefghijklmnoprstuw"]
    tokens += [merge.replace(" ", "") for merge in merges]
    types = [NORMAL] * len(tokens)
    tokens += ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    types += [CONTROL, CONTROL, CONTROL, USER_DEFINED, USER_DEFINED]
    return tokens, types, merges


def _symbol(byte: int) -> str:
    """The character by which byte-level BPE (GPT-2) writes a byte."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    if byte in shown:
        return chr(byte)
    return chr(256 + [b for b in range(256) if b not in shown].index(byte))


def _tensors(vocabulary: int) -> list[tuple[str, tuple[int, ...]]]:
    named: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd", (vocabulary, WIDTH)),
        ("output_norm", (WIDTH,)),
    ]
    for block in range(BLOCKS):
        inside: list[tuple[str, tuple[int, ...]]] = [
            ("attn_norm", (WIDTH,)),
            ("attn_q", (HEADS * HEAD, WIDTH)),
            ("attn_k", (KV_HEADS * HEAD, WIDTH)),
            ("attn_v", (KV_HEADS * HEAD, WIDTH)),
            ("attn_q_norm", (HEAD,)),
            ("attn_k_norm", (HEAD,)),
            ("attn_output", (WIDTH, HEADS * HEAD)),
            ("ffn_norm", (WIDTH,)),
            ("ffn_gate", (INNER, WIDTH)),
            ("ffn_up", (INNER, WIDTH)),
            ("ffn_down", (WIDTH, INNER)),
        ]
        named += [(f"blk.{block}.{name}", shape) for name, shape in inside]
    return [(f"{name}.weight", shape) for name, shape in named]
