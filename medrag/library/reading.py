"""What a library's file holds, read. Within a snapshot everything is of one state."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from medrag.library import rows
from medrag.library.opening import file_identity
from medrag.library.scope import Scope
from medrag.library.soundness import disagreements
from medrag.types import Chunk, Document, DocumentInfo, ModelIdentity

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from medrag.protocols import FloatArray

_BATCH = 500  # SQLite allows 999 parameters in its older builds


class State(NamedTuple):
    """Which state of which library: equal states hold the same rows.

    ``change`` is 0, or the number of the transaction in which what is read is not stored yet
    (and may never be).
    """

    file: tuple[int, int] | None
    uuid: str
    generation: int
    change: int
    dimension: int


class Reading:
    """The reading half of a library, on one connection, for one thread."""

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, lock: BaseFileLock | None
    ) -> None:
        self.folder = folder
        self.connection = connection
        self._digests: tuple[int, dict[Scope, str]] = (-1, {})
        self._lock = lock
        self._file = file_identity(folder)
        self._change = 0
        self._erased = False

    # What it is

    def value(self, key: str) -> str | None:
        row = self.connection.execute("SELECT value FROM library WHERE key = ?", [key]).fetchone()
        return None if row is None else str(row[0])

    @property
    def uuid(self) -> str:
        return self.value("uuid") or ""

    @property
    def generation(self) -> int:
        return int(self.value("generation") or 0)

    @property
    def model(self) -> ModelIdentity | None:
        """The embedding model it was built with, or None while it is empty."""
        text = self.value("model")
        return None if text is None else ModelIdentity(**json.loads(text))

    def state(self) -> State:
        """What it is that is being read now."""
        values = dict(self.connection.execute("SELECT key, value FROM library").fetchall())
        dimension = json.loads(values["model"])["dimension"] if "model" in values else 1
        generation = int(values.get("generation", 0))
        return State(self._file, values.get("uuid", ""), generation, self._change, dimension)

    @property
    def is_gone(self) -> bool:
        """Whether its file was deleted or made anew since it was opened."""
        return file_identity(self.folder) != self._file

    def counts(self) -> tuple[int, int]:
        """Documents and chunks."""
        query = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks)"
        documents, chunks = self.connection.execute(query).fetchone()
        return documents, chunks

    @property
    def is_empty(self) -> bool:
        """Whether there is no document."""
        return self.connection.execute("SELECT 1 FROM documents LIMIT 1").fetchone() is None

    def infos(
        self, ids: Sequence[str] | None = None, scope: Scope = None
    ) -> dict[str, DocumentInfo]:
        """Documents without their text, by id: these, or all; of them those within the scope."""
        if ids is None:
            ids = [row[0] for row in self.connection.execute("SELECT id FROM documents")]
        found: dict[str, DocumentInfo] = {}
        for start in range(0, len(ids), _BATCH):
            found.update(rows.read_infos(self.connection, ids[start : start + _BATCH], scope))
        return found

    def document(self, document_id: str, scope: Scope = None) -> Document | None:
        """A stored document, whole; None if it is not there, or not within the scope."""
        return rows.read_document(self.connection, document_id, scope)

    def openings(self, ids: Sequence[str], length: int) -> dict[str, str]:
        """The first characters of documents, by id."""
        query = f"SELECT id, substr(text, 1, ?) FROM documents WHERE id IN ({rows.marks(ids)})"
        return dict(self.connection.execute(query, [length, *ids]))

    def before(self, document_id: str, start: int, length: int) -> str:
        """The characters of a document right before an offset, at most ``length``."""
        first = max(0, start - length)
        query = "SELECT substr(text, ?, ?) FROM documents WHERE id = ?"
        row = self.connection.execute(query, [first + 1, start - first, document_id]).fetchone()
        return str(row[0]) if row else ""

    def find(self, wanted: str, scope: Scope = None) -> list[DocumentInfo]:
        """Documents with that id (or its first 6 or more digits), or at that path."""
        ids = rows.find_ids(self.connection, wanted, scope)
        return list(self.infos(ids, scope).values())

    def files(self, collection: str) -> dict[str, tuple[int, str]]:
        """The known files of a collection: path -> (file id, sha256 of its bytes or '')."""
        query = "SELECT path, id, sha256 FROM files WHERE collection = ?"
        return {
            path: (file_id, sha)
            for path, file_id, sha in self.connection.execute(query, [collection])
        }

    def holds_file(self, path: str) -> bool:
        """Whether anything that is stored was read from that file."""
        query = "SELECT 1 FROM files WHERE path = ? LIMIT 1"
        return self.connection.execute(query, [path]).fetchone() is not None

    def placed(self, file_id: int) -> dict[str, str]:
        """What lies in a file: locator ('' for the file itself) -> document id."""
        query = "SELECT locator, document_id FROM placements WHERE file_id = ?"
        return dict(self.connection.execute(query, [file_id]).fetchall())

    def pipeline_of(self, document_id: str) -> str | None:
        """By which reading and chunking a stored document was made; None if it is not there."""
        query = "SELECT pipeline FROM documents WHERE id = ?"
        row = self.connection.execute(query, [document_id]).fetchone()
        return None if row is None else str(row[0])

    def chunks(self, ids: Sequence[int]) -> dict[int, tuple[Chunk, str | None]]:
        """Chunks with their section titles by row number; numbers that are gone are left out."""
        found: dict[int, tuple[Chunk, str | None]] = {}
        for start in range(0, len(ids), _BATCH):
            found.update(rows.read_chunks(self.connection, ids[start : start + _BATCH]))
        return found

    def page_labels(self, document_id: str, start: int, end: int) -> tuple[str, ...]:
        """Labels of the pages on which the characters start..end stand, in order."""
        query = (
            'SELECT label FROM pages WHERE document_id = ? AND start < ? AND "end" > ?'
            " ORDER BY number"
        )
        return tuple(row[0] for row in self.connection.execute(query, [document_id, end, start]))

    def check(self) -> list[str]:
        """What does not hold in this library, one line each; empty when all is well."""
        with rows.translated(self.folder):
            return disagreements(self.connection)

    def collections(self) -> list[str]:
        """The names of the collections, sorted."""
        query = "SELECT DISTINCT collection FROM files ORDER BY collection"
        return [row[0] for row in self.connection.execute(query)]

    def sizes(self, scope: Scope = None) -> list[tuple[str, int, int]]:
        """The collections within the scope, by name: (name, documents, chunks)."""
        return rows.read_sizes(self.connection, scope)

    def contents(self, scope: Scope = None) -> str:
        """A digest of what lies within the scope: of nothing else, and the same wherever the same
        documents were read in the same way."""
        generation = self.generation
        if self._digests[0] != generation:
            self._digests = (generation, {})
        known = self._digests[1]
        if scope not in known:
            listed = json.dumps(rows.read_contents(self.connection, scope))
            known[scope] = hashlib.sha256(listed.encode()).hexdigest()
        return known[scope]

    def rows_of(self, scope: Scope) -> list[int]:
        """Row numbers of the chunks whose document lies within a scope, ascending."""
        return rows.read_rows(self.connection, scope)

    def vectors_of(self, chunk_rows: Sequence[int]) -> FloatArray:
        """The stored vectors of chunks that are there, in the order asked for."""
        import numpy as np

        found: dict[int, bytes] = {}
        for start in range(0, len(chunk_rows), _BATCH):
            batch = chunk_rows[start : start + _BATCH]
            query = f"SELECT id, vector FROM chunks WHERE id IN ({rows.marks(batch)})"
            found.update(self.connection.execute(query, batch).fetchall())
        joined = b"".join(found[row] for row in chunk_rows)
        return np.frombuffer(joined, dtype=np.float32).reshape(
            len(chunk_rows), self.state().dimension
        )

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside sees the library as it stood at the first look."""
        if self.connection.in_transaction:
            yield
            return
        with rows.translated(self.folder):
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.execute("COMMIT")
