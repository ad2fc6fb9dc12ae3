"""Reads the header of a GGUF file: what the model is, what it needs, whether it is whole.

llama.cpp fails on a bad file without a reason, or takes the process with it; this says why first.
Every count in the file is somebody else's claim: each is held against the size of the file and a
bound before anything is read by it, and token lists are walked over, never kept.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from medrag.errors import ModelError
from medrag.models.gguf_format import (
    COPY_AGAIN,
    FILE_TYPES,
    SCALARS,
    TENSOR_TYPES,
    BoundedReader,
)

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
# Real files have about 40 keys, 400 tensors and 800,000 strings (tokens and merges).
_MOST_KEYS = 4096
_MOST_TENSORS = 65_536
_MOST_STRINGS = 2_000_000
_LONGEST_NAME = 1024
_LONGEST_TEXT = 4096
_LONGEST_TEMPLATE = 1 << 20
_LARGEST_NUMBER = 1 << 31
_LARGEST_TENSOR = 1 << 44
_KEPT_ARRAY = 1024
_TEMPLATE = "tokenizer.chat_template"

_Value = int | float | str


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says of itself. Numbers that it does not give are 0.

    Lengths are in tokens or vector components; ``data_bytes`` is what the tensors need from where
    their data begins to the end of the file.
    """

    version: int
    architecture: str
    name: str
    context_length: int
    block_count: int
    embedding_length: int
    head_count_kv: int
    key_length: int
    value_length: int
    vocabulary: int
    file_type: str
    chat_template: str | None
    tensors: int
    data_bytes: int

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes that a token takes in a KV cache of 16-bit floats."""
        return 2 * self.block_count * self.head_count_kv * (self.key_length + self.value_length)


UNREADABLE = GgufHeader(0, "", "", 0, 0, 0, 0, 0, 0, 0, "unknown", None, 0, 0)
"""Stands for the header of a file whose header cannot be read."""


def read_header(path: Path) -> GgufHeader:
    """The header of a GGUF file. Reads nothing of the weights.

    Raises:
        ModelError: the file is missing, empty, no GGUF, of a version or byte order that is not
            supported, one part of several, damaged, or shorter than its tensors need. An
            architecture that nobody knows is no error.
    """
    try:
        # A look before opening: a named pipe would wait for ever.
        if not path.is_file():
            kind = "is not a file" if path.exists() else "does not exist"
            raise ModelError(f"{path} {kind}.", "Name a .gguf file.")
        with path.open("rb", buffering=1 << 16) as file:
            return _Header(BoundedReader(file, path.name)).read()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}).", "Check it.") from error


class _Header:
    def __init__(self, reader: BoundedReader) -> None:
        self._in = reader
        self._strings = 0
        self._values: dict[str, _Value] = {}
        self._lengths: dict[str, int] = {}

    def read(self) -> GgufHeader:
        version = self._opening()
        tensors = self._in.number("Q")
        keys = self._in.number("Q")
        if tensors > _MOST_TENSORS or keys > _MOST_KEYS:
            raise self._in.damaged(f"it claims {tensors} tensors and {keys} keys")
        for _ in range(keys):
            self._pair()
        if "general.architecture" not in self._values:
            raise self._in.damaged("it names no architecture")
        if self._count("split.count") > 1:
            raise ModelError(
                f"{self._in.name} is one part of a model that is split over several files.",
                "Join them with llama-gguf-split --merge, and add the joined file.",
            )
        return self._facts(version, tensors, self._data_bytes(tensors))

    def _opening(self) -> int:
        if self._in.size == 0:
            raise ModelError(f"{self._in.name} is empty.", COPY_AGAIN)
        start = self._in.peek(64)
        if start[:4] != _MAGIC:
            raise ModelError(f"{self._in.name} is not a GGUF file{_guess(start)}.", COPY_AGAIN)
        self._in.skip(len(_MAGIC))
        version = self._in.number("I")
        if version not in _VERSIONS:
            # The version is small, so a value with its bytes the other way round is told by it.
            turned = version & 0xFFFF == 0 and version != 0
            what = "is big-endian" if turned else f"is GGUF version {version}"
            raise ModelError(
                f"{self._in.name} {what}, which is not supported.",
                "Get the model as little-endian GGUF version 2 or 3.",
            )
        return version

    # Keys and values

    def _pair(self) -> None:
        key = self._in.text(_LONGEST_NAME, "the name of a key")
        if key in self._values or key in self._lengths:
            raise self._in.damaged("a key stands in it twice")
        kind = self._in.number("I")
        if kind == _ARRAY:
            self._array(key)
        elif kind == _STRING:
            self._string(key)
        elif kind in SCALARS:
            self._values[key] = self._in.scalar(SCALARS[kind])
        else:
            raise self._in.damaged(f"a value is of unknown type {kind}")

    def _string(self, key: str) -> None:
        longest = _LONGEST_TEMPLATE if key == _TEMPLATE else _LONGEST_TEXT
        length = self._in.number("Q")
        if length <= longest:
            self._values[key] = self._in.take(length).decode("utf-8", "replace")
        else:
            self._in.skip(length)
            self._lengths[key] = length

    def _array(self, key: str) -> None:
        kind = self._in.number("I")
        count = self._in.number("Q")
        self._lengths[key] = count
        if kind == _STRING:
            self._skip_strings(count)
        elif kind not in SCALARS:
            raise self._in.damaged(f"an array is of unknown type {kind}")
        elif count <= _KEPT_ARRAY and SCALARS[kind] not in "fd":
            # A number given layer by layer: the largest is what memory has to hold.
            self._values[key] = max(
                (self._in.scalar(SCALARS[kind]) for _ in range(count)), default=0
            )
        else:
            self._in.skip(count * struct.calcsize(SCALARS[kind]))

    def _skip_strings(self, count: int) -> None:
        self._strings += count
        if self._strings > _MOST_STRINGS:
            raise self._in.damaged(f"it claims {self._strings} strings")
        self._in.skip_strings(count)

    # Tensors

    def _data_bytes(self, tensors: int) -> int:
        alignment = self._count("general.alignment") or 32
        if alignment & (alignment - 1) or alignment > 1 << 20:
            raise self._in.damaged(f"its alignment is {alignment}")
        need = max((self._tensor(alignment) for _ in range(tensors)), default=0)
        start = -(-self._in.at // alignment) * alignment
        if tensors and start + need > self._in.size:
            raise self._in.short(start + need)
        return need

    def _tensor(self, alignment: int) -> int:
        """Where the data of the next tensor ends, counted from where all data begins."""
        self._in.text(_LONGEST_NAME, "the name of a tensor")
        dimensions = self._in.number("I")
        if not 1 <= dimensions <= 4:
            raise self._in.damaged(f"a tensor has {dimensions} dimensions")
        shape = [self._in.number("Q") for _ in range(dimensions)]
        kind = self._in.number("I")
        offset = self._in.number("Q")
        if offset % alignment:
            raise self._in.damaged("a tensor does not lie where it may")
        elements = 1
        for length in shape:
            elements *= length
            if not 0 < elements <= _LARGEST_TENSOR:
                raise self._in.damaged("a tensor is of impossible size")
        # A type that is newer than this table: its place is known, its size is not.
        block, size = TENSOR_TYPES.get(kind, (1, 0))
        if shape[0] % block:
            raise self._in.damaged("a tensor does not divide into its blocks")
        return offset + elements // block * size

    # What it all says

    def _facts(self, version: int, tensors: int, data_bytes: int) -> GgufHeader:
        architecture = str(self._values["general.architecture"])

        def own(key: str) -> int:
            return self._count(f"{architecture}.{key}")

        heads = own("attention.head_count")
        width = own("embedding_length")
        each = width // heads if heads else 0
        template = self._values.get(_TEMPLATE)
        file_type = self._values.get("general.file_type")
        return GgufHeader(
            version=version,
            architecture=architecture,
            name=str(self._values.get("general.name", "")),
            context_length=own("context_length"),
            block_count=own("block_count"),
            embedding_length=width,
            head_count_kv=own("attention.head_count_kv") or heads,
            key_length=own("attention.key_length") or each,
            value_length=own("attention.value_length") or each,
            vocabulary=self._lengths.get("tokenizer.ggml.tokens", own("vocab_size")),
            file_type=_file_type(file_type),
            chat_template=template if isinstance(template, str) else None,
            tensors=tensors,
            data_bytes=data_bytes,
        )

    def _count(self, key: str) -> int:
        value = self._values.get(key, 0)
        if not isinstance(value, int) or not 0 <= value <= _LARGEST_NUMBER:
            raise self._in.damaged(f"one of its numbers is no count ({key[:60]})")
        return int(value)


def _file_type(value: _Value | None) -> str:
    if not isinstance(value, int):
        return "unknown"
    return FILE_TYPES.get(value, f"type {value}")


def _guess(start: bytes) -> str:
    if start.startswith(b"version https://git-lfs"):
        return ", but a Git LFS pointer to one"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return ", but a web page"
    return ""
