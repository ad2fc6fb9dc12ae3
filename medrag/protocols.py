"""The protocols of medrag's replaceable parts: whatever has these methods will do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from medrag.types import Document, Draft, ModelIdentity, Piece, Prompt, Request, Verdict

    FloatArray = npt.NDArray[np.float32]
    IntArray = npt.NDArray[np.int64]


class Embedder(Protocol):
    """Turns text into unit vectors."""

    @property
    def identity(self) -> ModelIdentity: ...

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of shape ``(len(texts), dimension)``, float32, each of length 1."""
        ...


class Generator(Protocol):
    """Writes a draft from a prompt."""

    @property
    def name(self) -> str: ...

    def generate(self, prompt: Prompt) -> Draft: ...


class Composer(Protocol):
    """A language model that writes what it is asked to, piece by piece."""

    @property
    def name(self) -> str: ...

    @property
    def verified(self) -> bool:
        """Whether the weights are known to be the published ones (sha256)."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it can begin at once, without being loaded first."""
        ...

    def turn(self) -> AbstractContextManager[Iterator[Piece]]:
        """The model, for several requests in a row: nobody else's come between until the block is
        left. It is this caller's turn when the iterator ends; until then it tells of the waiting.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The length of each text in tokens of this model."""
        ...

    def stream(self, request: Request) -> Iterator[Piece | Draft]:
        """The pieces as they come, and the whole as the last value, a Draft.

        Closing the iterator cancels the work, also while the prompt is being read.

        Raises:
            ModelError: the model cannot be loaded or died; the request was too long for it.
        """
        ...


class Judge(Protocol):
    """Says what evidence has to say of a claim."""

    @property
    def name(self) -> str: ...

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """One verdict for each ``(claim, evidence)``, in order."""
        ...


class VectorIndex(Protocol):
    """Nearest neighbours by inner product."""

    def search(self, vectors: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
        """Scores and ids, both of shape ``(len(vectors), k)``; id -1 where there are fewer."""
        ...


class Reader(Protocol):
    """Turns the bytes of one file into its documents (most formats hold exactly one)."""

    def __call__(self, path: str, data: bytes) -> Iterator[Document]: ...
