"""FAISS over the library's vectors: a cache that may be missing, torn or behind, never wrong.

The file's name carries the library's identity and generation number. Vectors stored since then
are read from the library and searched beside it; numbers of deleted chunks are never given out
again (AUTOINCREMENT), so whatever an old file still finds is simply not there any more.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
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


class VectorCache:
    """Nearest neighbours over a library (``types.VectorIndex``), always as of its present state."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._index: Any = None
        self._generation = -1
        self._tail: tuple[int, IntArray, FloatArray] | None = None

    def search(
        self, vectors: FloatArray, k: int, allowed: Collection[int] | None = None
    ) -> tuple[FloatArray, IntArray]:
        """Cosines and chunk numbers, both (len(vectors), k), best first; -1 where there are fewer.

        Where ``allowed`` is given, no other chunk is looked at.
        """
        import numpy as np

        self._refresh()
        assert self._index is not None and self._tail is not None
        _, tail_ids, tail_vectors = self._tail
        dead = self._dead()
        wanted = min(k + dead, max(self._index.ntotal, 1))
        scores, ids = self._index.search(vectors, wanted, params=_selection(allowed))
        if len(tail_ids) and allowed is not None:
            kept = np.isin(tail_ids, np.array(list(allowed), dtype=np.int64))
            tail_ids, tail_vectors = tail_ids[kept], tail_vectors[kept]
        if len(tail_ids):
            scores = np.concatenate([scores, vectors @ tail_vectors.T], axis=1)
            ids = np.concatenate([ids, np.tile(tail_ids, (len(vectors), 1))], axis=1)
        if dead:
            alive = self._alive(ids)
            scores = np.where(alive, scores, -np.inf)
            ids = np.where(alive, ids, -1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, order, 1), np.take_along_axis(ids, order, 1)

    def rebuild(self) -> None:
        """Write the cache anew from the library, and delete every older one.

        Raises:
            LibraryError: it cannot be written. The library itself is untouched and whole.
        """
        generation = self._library.generation
        current = self._path(generation)
        if self._index is None or self._generation != generation or not current.is_file():
            self._index = self._build()
            self._generation = generation
            self._tail = None
            self._write(current)
        for old in self._files():
            if old != current:
                old.unlink(missing_ok=True)

    def state(self, *, deep: bool = False) -> CacheState:
        """Hold the cache against the library; ``deep`` compares every vector."""
        _, chunks = self._library.counts()
        files = [path for path in self._files() if self._generation_of(path) is not None]
        if not files:
            return CacheState("missing" if chunks else "empty", chunks, chunks, 0)
        index, generation = self._load()
        if index is None:
            return CacheState("damaged", chunks, chunks, 0)
        ids = {int(i) for i in _ids_of(index)}
        query = "SELECT id, generation FROM chunks"
        stored = dict(self._library.connection.execute(query).fetchall())
        behind = [i for i in stored if i not in ids]
        problem = None
        if any(stored[i] <= generation for i in behind):
            problem = "The vector cache lacks chunks that it should hold."
        if deep and problem is None:
            problem = self._compare(index, ids & stored.keys())
        current = generation == self._library.generation
        status = "current" if current and not behind else "behind"
        return CacheState(status, chunks, len(behind), len(ids - stored.keys()), problem)

    def _refresh(self) -> None:
        generation = self._library.generation
        if self._index is None:
            self._index, self._generation = self._load()
        if self._index is None:
            self._index, self._generation = self._build(), generation
        if self._tail is None or self._tail[0] != generation:
            ids, vectors = self._read("WHERE generation > ?", [self._generation])
            self._tail = (generation, ids, vectors)

    def _load(self) -> tuple[Any, int]:
        """The newest readable cache that is not ahead of the library (a restored backup is)."""
        import faiss

        newest = self._library.generation
        usable = [(g, p) for p in self._files() if (g := self._generation_of(p)) is not None]
        for generation, path in sorted(usable, reverse=True):
            if generation > newest:
                continue
            try:
                index = faiss.read_index(str(path))
            except (RuntimeError, OSError):  # torn, or taken away by a writer: both are no loss
                continue
            model = self._library.model
            if model is not None and index.d == model.dimension:
                return index, generation
        return None, -1

    def _build(self) -> Any:
        import faiss

        model = self._library.model
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(model.dimension if model else 1))
        ids, vectors = self._read("", [])
        if len(ids):
            index.add_with_ids(vectors, ids)
        return index

    def _read(self, where: str, parameters: list[int]) -> tuple[IntArray, FloatArray]:
        import numpy as np

        model = self._library.model
        dimension = model.dimension if model else 1
        cursor = self._library.connection.execute(
            f"SELECT id, vector FROM chunks {where} ORDER BY id", parameters
        )
        ids: list[int] = []
        blocks = []
        while batch := cursor.fetchmany(_READ_ROWS):
            ids.extend(row[0] for row in batch)
            joined = b"".join(row[1] for row in batch)
            blocks.append(np.frombuffer(joined, dtype=np.float32).reshape(-1, dimension))
        vectors = np.concatenate(blocks) if blocks else np.zeros((0, dimension), np.float32)
        return np.array(ids, dtype=np.int64), vectors

    def _write(self, path: Path) -> None:
        import faiss

        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            faiss.write_index(self._index, str(temporary))
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

    def _compare(self, index: Any, shared: set[int]) -> str | None:
        import numpy as np

        ids, vectors = self._read("", [])
        held = np.array([int(i) in shared for i in ids], dtype=bool)
        if not held.any():
            return None
        cached = index.reconstruct_batch(ids[held])
        if not np.array_equal(cached, vectors[held]):
            return "The vector cache holds other vectors than the library."
        return None

    def _dead(self) -> int:
        query = "SELECT count(*) FROM chunks WHERE generation <= ?"
        living = self._library.connection.execute(query, [self._generation]).fetchone()[0]
        return max(0, int(self._index.ntotal) - int(living))

    def _alive(self, ids: IntArray) -> Any:
        import numpy as np

        asked = sorted({int(i) for i in ids.ravel() if i >= 0})
        alive = np.array(list(self._library.chunks(asked)), dtype=np.int64)
        return np.isin(ids, alive)

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


def _selection(allowed: Collection[int] | None) -> Any:
    if allowed is None:
        return None
    import faiss
    import numpy as np

    chosen = np.array(sorted(allowed), dtype=np.int64)
    # faiss takes keyword arguments here that its signature does not show.
    return faiss.SearchParameters(sel=faiss.IDSelectorBatch(chosen))  # type: ignore[call-arg]


def _ids_of(index: Any) -> Any:
    import faiss

    return faiss.vector_to_array(index.id_map)
