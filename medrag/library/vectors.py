"""FAISS over the library's vectors: a cache that may be missing, torn or behind, never wrong.

The file's name carries the library's identity and generation number. Numbers of deleted chunks
are never given out again (AUTOINCREMENT), so a chunk that a file holds either is the library's
or is gone; those that it lacks are read from the library (``view``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrag.errors import LibraryError
from medrag.library.store import Library

if TYPE_CHECKING:
    from medrag.protocols import FloatArray, IntArray

_SUFFIX = ".faiss"
_READ_ROWS = 4096


@dataclass(frozen=True, slots=True)
class CacheState:
    """How the cache stands to the library. ``behind`` counts chunks it does not hold yet,
    ``dead`` those it holds that are gone. ``problem`` names a disagreement."""

    status: str
    chunks: int
    behind: int
    dead: int
    problem: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Vectors by chunk number, the numbers ascending, as of a generation of the library."""

    generation: int
    rows: IntArray
    matrix: FloatArray
    owner: Any = field(default=None, repr=False)
    """Whose memory ``matrix`` is."""


class VectorCache:
    """The files of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def newest(self) -> int:
        """The generation of the newest file that is not ahead of the library; -1 without one."""
        return max((generation for generation, _ in self._usable()), default=-1)

    def load(self) -> Held | None:
        """The newest file that can be read and is not ahead of the library (a restored backup
        is behind); None without one."""
        for generation, path in sorted(self._usable(), reverse=True):
            index = _read_index(path)
            model = self._library.model
            if index is not None and model is not None and index.d == model.dimension:
                held = _held(index, generation)
                if held is not None:
                    return held
        return None

    def rebuild(self) -> None:
        """Write the cache anew from the library, and delete every older one.

        Raises:
            LibraryError: it cannot be written. The library itself is untouched and whole.
        """
        import faiss

        current = self._path(self._library.generation)
        rows, vectors = read_vectors(self._library)
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        if len(rows):
            index.add_with_ids(vectors, rows)
        _write(index, current)
        for old in self._files():
            if old != current:
                old.unlink(missing_ok=True)

    def state(self, *, deep: bool = False) -> CacheState:
        """Hold the cache against the library; ``deep`` compares every vector."""
        _, chunks = self._library.counts()
        files = [path for path in self._files() if self._generation_of(path) is not None]
        if not files:
            return CacheState("missing" if chunks else "empty", chunks, chunks, 0)
        held = self.load()
        if held is None:
            return CacheState("damaged", chunks, chunks, 0)
        ids = set(held.rows.tolist())
        query = "SELECT id, generation FROM chunks"
        stored = dict(self._library.connection.execute(query).fetchall())
        behind = [i for i in stored if i not in ids]
        problem = None
        if any(stored[i] <= held.generation for i in behind):
            problem = "The vector cache lacks chunks that it should hold."
        if deep and problem is None:
            problem = self._compare(held)
        current = held.generation == self._library.generation
        status = "current" if current and not behind else "behind"
        return CacheState(status, chunks, len(behind), len(ids - stored.keys()), problem)

    def _compare(self, held: Held) -> str | None:
        import numpy as np

        rows, vectors = read_vectors(self._library)
        _, here, there = np.intersect1d(rows, held.rows, assume_unique=True, return_indices=True)
        if not np.array_equal(vectors[here], held.matrix[there]):
            return "The vector cache holds other vectors than the library."
        return None

    def _usable(self) -> list[tuple[int, Path]]:
        now = self._library.generation
        found = [(self._generation_of(path), path) for path in self._files()]
        return [(made, path) for made, path in found if made is not None and made <= now]

    def _prefix(self) -> str:
        return f"vectors-{self._library.uuid[:8]}-"

    def _path(self, generation: int) -> Path:
        return self._library.folder / f"{self._prefix()}{generation}{_SUFFIX}"

    def _files(self) -> list[Path]:
        return list(self._library.folder.glob("vectors-*"))

    def _generation_of(self, path: Path) -> int | None:
        name = path.name
        if not name.startswith(self._prefix()) or not name.endswith(_SUFFIX):
            return None
        number = name[len(self._prefix()) : -len(_SUFFIX)]
        return int(number) if number.isdigit() else None


def read_vectors(library: Library, rows: IntArray | None = None) -> tuple[IntArray, FloatArray]:
    """Chunk numbers and vectors from the library itself: of these chunks, or of all."""
    import numpy as np

    dimension = library.state().dimension
    if rows is not None:
        return rows, library.vectors_of(rows.tolist()).reshape(len(rows), dimension)
    cursor = library.connection.execute("SELECT id, vector FROM chunks ORDER BY id")
    ids: list[int] = []
    blocks = []
    while batch := cursor.fetchmany(_READ_ROWS):
        ids.extend(row[0] for row in batch)
        joined = b"".join(row[1] for row in batch)
        blocks.append(np.frombuffer(joined, dtype=np.float32).reshape(-1, dimension))
    vectors = np.concatenate(blocks) if blocks else np.zeros((0, dimension), np.float32)
    return np.array(ids, dtype=np.int64), vectors


def _read_index(path: Path) -> Any:
    import faiss

    try:
        return faiss.read_index(str(path))
    except (RuntimeError, OSError):  # torn, or taken away by a writer: both are no loss
        return None


def _held(index: Any, generation: int) -> Held | None:
    """The vectors that lie in an index, not copied; None where it is not one of ours."""
    import faiss
    import numpy as np

    if not isinstance(index, faiss.IndexIDMap2):
        return None
    flat = faiss.downcast_index(index.index)
    if not isinstance(flat, faiss.IndexFlat):
        return None
    rows = faiss.vector_to_array(index.id_map)
    if len(rows) != flat.ntotal or np.any(np.diff(rows) <= 0):
        return None
    if not len(rows):
        return Held(generation, rows, np.zeros((0, flat.d), np.float32))
    memory = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d)
    return Held(generation, rows, memory.reshape(flat.ntotal, flat.d), index)


def _write(index: Any, path: Path) -> None:
    import faiss

    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        faiss.write_index(index, str(temporary))
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (RuntimeError, OSError) as error:
        raise LibraryError(
            f"The vector cache in {path.parent} could not be written; all documents are safe.",
            "Make room on the disk and run the command again.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
