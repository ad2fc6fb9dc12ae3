"""GGUF from near: the numbers by which it names types (as ggml and llama.cpp define them), and a
reader of bytes that believes no count."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from medrag.errors import ModelError

COPY_AGAIN = "Copy or pull the file again."
_LARGEST_HEADER = 256 << 20
_PIECE = 1 << 18
_LENGTH = struct.Struct("<Q")

# Value types that have a fixed size, as `struct` codes.
SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip

# Tensor types: (elements in a block, bytes of a block).
TENSOR_TYPES = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 40), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8),
    28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip

# What most of the weights of a file are stored as.
FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip


class BoundedReader:
    """Reads a file forward; nothing is read beyond its end, nor by a count before a bound.

    Its errors are ``ModelError``s that name the file by ``name``.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self.name = name
        self.size = os.fstat(file.fileno()).st_size
        self.at = 0

    def peek(self, count: int) -> bytes:
        """The next bytes, at most ``count``, which are read again afterwards."""
        data = self._file.read(count)
        self._file.seek(self.at)
        return data

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        self._room(count)
        data = self._file.read(count)
        if len(data) != count:  # the file became shorter meanwhile
            raise self.short(self.at + count)
        self.at += count
        return data

    def skip(self, count: int) -> None:
        """Go on ``count`` bytes."""
        self._room(count)
        self._file.seek(count, os.SEEK_CUR)
        self.at += count

    def skip_strings(self, count: int) -> None:
        """Go on ``count`` strings. Token lists are long, so they are walked a piece at a time."""
        while count:
            piece = self.peek(_PIECE)
            place, end = 0, len(piece) - 8
            while count and place <= end:
                behind = place + 8 + _LENGTH.unpack_from(piece, place)[0]
                if behind > len(piece):
                    break
                place, count = behind, count - 1
            if place:
                self.skip(place)
            else:  # a string that is longer than a piece, or the end of the file
                self.skip(self.number("Q"))
                count -= 1

    def scalar(self, code: str) -> int | float:
        """The next number, of a little-endian ``struct`` code."""
        value: int | float = struct.unpack(f"<{code}", self.take(struct.calcsize(code)))[0]
        return value

    def number(self, code: str) -> int:
        """The next integer, of a little-endian ``struct`` code."""
        return int(self.scalar(code))

    def text(self, longest: int, what: str) -> str:
        """The next string; ``what`` it is, for an error where it is longer than ``longest``."""
        length = self.number("Q")
        if length > longest:
            raise self.damaged(f"{what} is {length} bytes long")
        return self.take(length).decode("utf-8", "replace")

    def short(self, need: int) -> ModelError:
        """The error of a file that should have ``need`` bytes."""
        return ModelError(
            f"{self.name} is cut short: it has {self.size} bytes and needs at least {need}.",
            COPY_AGAIN,
        )

    def damaged(self, why: str) -> ModelError:
        """The error of a file that is long enough and still wrong."""
        return ModelError(f"{self.name} is damaged: {why}.", COPY_AGAIN)

    def _room(self, count: int) -> None:
        if self.at + count > self.size:
            raise self.short(self.at + count)
        if self.at + count > _LARGEST_HEADER:
            raise self.damaged("its header has no end")
