"""A GGUF header says what the model is; whatever else a file holds is told as what it is."""

from __future__ import annotations

import os
import struct
import tempfile
import time
from functools import cache
from pathlib import Path

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag.errors import ModelError
from medrag.models.gguf import read_header
from medrag.models.gguf_format import FILE_TYPES, TENSOR_TYPES
from tests.tiny_gguf import PLAIN_TEMPLATE, TEMPLATE, write_tiny_model

SLOW_SECONDS = 2.0


@cache
def tiny() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_tiny_model(Path(folder) / "tiny.gguf").read_bytes()


@cache
def header_length() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.gguf"
        path.write_bytes(tiny())
        return int(gguf.GGUFReader(path).data_offset)


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    return path


def test_the_header_is_what_was_written(tmp_path: Path) -> None:
    header = read_header(write_tiny_model(tmp_path / "a.gguf", context=4096))
    assert (header.version, header.architecture, header.name) == (3, "qwen3", "tiny random model")
    assert (header.context_length, header.block_count, header.embedding_length) == (4096, 2, 64)
    assert (header.head_count_kv, header.key_length, header.value_length) == (1, 32, 32)
    assert header.vocabulary == 256 + 42 + 21 + 5
    assert header.chat_template == TEMPLATE
    assert header.tensors == 2 + 2 * 11
    assert header.kv_bytes_per_token == 2 * 2 * 1 * 64


def test_what_the_reference_reader_says_is_said(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "a.gguf", architecture="llama", template=PLAIN_TEMPLATE)
    reference = gguf.GGUFReader(path)
    header = read_header(path)
    last = max(int(t.data_offset) + int(t.n_bytes) for t in reference.tensors)
    assert header.data_bytes == last - reference.data_offset
    assert header.tensors == len(reference.tensors)
    assert header.chat_template == reference.get_field("tokenizer.chat_template").contents()
    assert header.architecture == "llama"


def test_types_are_those_of_the_reference() -> None:
    sizes = {int(kind): size for kind, size in gguf.GGML_QUANT_SIZES.items()}
    assert {kind: sizes[kind] for kind in TENSOR_TYPES} == TENSOR_TYPES
    for kind, name in FILE_TYPES.items():
        assert gguf.LlamaFileType(kind).name.partition("_")[2].startswith(name)


def test_the_cache_of_medpsy_costs_what_was_measured(tmp_path: Path) -> None:
    """36 blocks, 8 KV heads of 128 and 128: 147,456 bytes a token."""
    writer = gguf.GGUFWriter(str(tmp_path / "shape.gguf"), "qwen3")
    writer.add_block_count(36)
    writer.add_head_count(32)
    writer.add_head_count_kv(8)
    writer.add_embedding_length(2560)
    writer.add_key_length(128)
    writer.add_value_length(128)
    writer.add_file_type(15)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    header = read_header(tmp_path / "shape.gguf")
    assert header.kv_bytes_per_token == 147_456
    assert header.file_type == "Q4_K_M"


def test_lengths_that_are_left_out_follow_from_the_width(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(str(tmp_path / "shape.gguf"), "nobody-knows-it")
    writer.add_block_count(4)
    writer.add_head_count(8)
    writer.add_embedding_length(512)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    header = read_header(tmp_path / "shape.gguf")
    assert header.architecture == "nobody-knows-it"
    assert (header.head_count_kv, header.key_length, header.value_length) == (8, 64, 64)


def pairs(*values: bytes, tensors: int = 0, count: int | None = None) -> bytes:
    keys = len(values) if count is None else count
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + b"".join(values)


def key(name: str, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + value


def string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


ARCHITECTURE = key("general.architecture", 8, string("x"))
HUGE = struct.pack("<Q", 2**64 - 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04" + bytes(100), "is not a GGUF file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><title>404</title>", "web page"),
        (b"GGUF", "cut short"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "GGUF version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (pairs(), "names no architecture"),
        (pairs(count=2**63), "claims"),
        (pairs(ARCHITECTURE, tensors=2**60), "claims"),
        (pairs(ARCHITECTURE, ARCHITECTURE), "twice"),
        (pairs(HUGE + b"abc"), "name of a key"),
        (pairs(key("a", 8, HUGE)), "cut short"),
        (pairs(key("a", 9, struct.pack("<I", 8) + HUGE)), "strings"),
        (pairs(key("a", 9, struct.pack("<I", 4) + HUGE)), "cut short"),
        (pairs(key("a", 9, struct.pack("<IQ", 9, 1))), "array is of unknown type"),
        (pairs(key("a", 77, b"")), "unknown type 77"),
        (pairs(ARCHITECTURE, key("x.block_count", 5, struct.pack("<i", -1))), "no count"),
        (pairs(ARCHITECTURE, key("x.block_count", 8, string("many"))), "no count"),
        (pairs(ARCHITECTURE, key("general.alignment", 4, struct.pack("<I", 3))), "alignment"),
        (pairs(ARCHITECTURE, key("split.count", 2, struct.pack("<H", 3))), "split"),
        (pairs(ARCHITECTURE, string("t") + struct.pack("<I", 9), tensors=1, count=1),
         "9 dimensions"),
        (
            pairs(ARCHITECTURE, string("t") + struct.pack("<IQQIQ", 2, 2**40, 2**40, 0, 0),
                  tensors=1, count=1),
            "impossible size",
        ),
        (
            pairs(ARCHITECTURE, string("t") + struct.pack("<IQIQ", 1, 33, 2, 0), tensors=1,
                  count=1),
            "blocks",
        ),
        (
            pairs(ARCHITECTURE, string("t") + struct.pack("<IQIQ", 1, 32, 0, 2**62), tensors=1,
                  count=1),
            "cut short",
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_for_its_true_reason(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        read_header(written(tmp_path, data))
    assert "model.gguf" in caught.value.message
    assert caught.value.remedy


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        read_header(tmp_path / "nothing.gguf")
    with pytest.raises(ModelError, match="is not a file"):
        read_header(tmp_path)
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(ModelError, match="is not a file"):
        read_header(tmp_path / "pipe.gguf")


def test_a_file_that_lacks_its_last_byte_is_cut_short(tmp_path: Path) -> None:
    whole = tiny()
    path = written(tmp_path, whole)
    need = header_length() + read_header(path).data_bytes
    assert need <= len(whole)
    path.write_bytes(whole[:need])
    assert read_header(path).tensors == 24
    path.write_bytes(whole[: need - 1])
    with pytest.raises(ModelError, match=f"it has {need - 1} bytes and needs at least {need}"):
        read_header(path)


def reads_or_refuses(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), data)
        started = time.perf_counter()
        try:
            header = read_header(path)
        except ModelError as error:
            assert "\n" not in str(error)
        else:
            assert header.kv_bytes_per_token >= 0 and header.data_bytes <= len(data)
        assert time.perf_counter() - started < SLOW_SECONDS


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_no_flipped_byte_does_more_than_be_refused(data: st.DataObject) -> None:
    flipped = bytearray(tiny())
    for place in data.draw(st.lists(st.integers(0, header_length() - 1), min_size=1, max_size=4)):
        flipped[place] = data.draw(st.integers(0, 255))
    reads_or_refuses(bytes(flipped))


@settings(max_examples=80, deadline=None)
@given(st.integers(4, 8000), st.sampled_from([2**64 - 1, 2**63, 2**40, 2**32, 2**20, 0]))
def test_no_absurd_count_does_more_than_be_refused(place: int, count: int) -> None:
    changed = bytearray(tiny())
    place = min(place, header_length() - 8)
    changed[place : place + 8] = struct.pack("<Q", count)
    reads_or_refuses(bytes(changed))


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 10_000))
def test_no_file_that_ends_in_its_header_is_taken(length: int) -> None:
    cut = tiny()[: min(length, header_length() - 32)]
    with tempfile.TemporaryDirectory() as folder, pytest.raises(ModelError, match="short"):
        read_header(written(Path(folder), cut))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_after_the_magic_do_more_than_be_refused(tail: bytes) -> None:
    reads_or_refuses(b"GGUF" + tail)
    reads_or_refuses(pairs(tail, count=1))
