"""The library's file: what is in it, and how a document goes in or out in one transaction.

Invariants: a chunk, its vector and its full-text entry are written and deleted together with
their document; ``documents.text[start:end] == chunks.text``; a document that lies in no file is
gone; every change raises the generation number by one, by which the FAISS cache is held against
the truth. Deleted text is overwritten (secure_delete), not only unlinked.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from medrag.errors import LibraryError
from medrag.library import rows
from medrag.library.opening import (
    BUSY_SECONDS,
    DATABASE,
    check_version,
    connect,
    ensure_identity,
    file_identity,
    take_lock,
)
from medrag.library.schema import migrate
from medrag.library.scope import Scope
from medrag.library.soundness import disagreements
from medrag.types import Chunk, Document, DocumentInfo, ModelIdentity

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from medrag.protocols import FloatArray

__all__ = ["DATABASE", "Library", "State"]

_BATCH = 500  # SQLite allows 999 parameters in its older builds
_changes = count(1)


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


class Library:
    """A library folder. Open one object a thread; any number of processes may read.

    Raises:
        LibraryError: there is none, it is damaged, newer than this medrag, or being written.
    """

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

    @classmethod
    def open(cls, folder: Path, *, write: bool = False) -> Library:
        """Open for reading (it must exist), or for writing (it is made; one writer at a time)."""
        path = folder / DATABASE
        if any("\ud800" <= ch <= "\udfff" for ch in str(folder)):
            # Half of what writes there takes names in UTF-8 alone.
            raise LibraryError(
                f"The library's folder has a name that is no text: {folder}.",
                "Name another with --library.",
            )
        if not write and not path.is_file():
            raise LibraryError(
                f"There is no library in {folder}.", "Make one with: medrag ingest FOLDER"
            )
        lock = take_lock(folder) if write else None
        connection = None
        try:
            with rows.translated(folder):
                connection = connect(path, write)
                check_version(connection, folder, write)
                if write:
                    migrate(connection)
                    ensure_identity(connection)
        except BaseException:
            if connection is not None:
                connection.close()
            if lock is not None:
                lock.release()
            raise
        return cls(folder, connection, lock)

    def close(self) -> None:
        """Close it. Closing twice is harmless."""
        self.connection.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

    def require_model(self, identity: ModelIdentity) -> None:
        """Raise unless the library was built with these weights; an empty one takes them on."""
        known = self.model
        if known is None:
            if self._lock is not None:
                with self.transaction():
                    self._set("model", json.dumps(rows.plain(identity)))
        elif (known.sha256, known.dimension) != (identity.sha256, identity.dimension):
            raise LibraryError(
                f"The library in {self.folder} was built with the embedding model '{known.name}'"
                f" ({known.sha256[:12]}), not '{identity.name}' ({identity.sha256[:12]}).",
                "Set [model] embedding to that model, or ingest into a new library.",
            )

    # Reading

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

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        with rows.translated(self.folder):
            self.connection.execute("BEGIN IMMEDIATE")
            # A generation number that is taken back is given out again: it says too little here.
            self._change = next(_changes)
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            finally:
                self._change = 0

    def put_file(self, collection: str, path: str, sha256: str) -> int:
        """Note a file, and which bytes it held ('' until all of it is stored). Its id."""
        with self.transaction():
            self.connection.execute(
                "INSERT INTO files (collection, path, sha256) VALUES (?, ?, ?)"
                " ON CONFLICT (collection, path) DO UPDATE SET sha256 = excluded.sha256",
                [collection, path, sha256],
            )
            query = "SELECT id FROM files WHERE collection = ? AND path = ?"
            return int(self.connection.execute(query, [collection, path]).fetchone()[0])

    def put_document(
        self,
        file_id: int,
        locator: str,
        document: Document,
        chunks: Sequence[tuple[Chunk, str | None]],
        vectors: FloatArray,
        pipeline: str,
    ) -> None:
        """Store a document with its chunks and vectors at a place, instead of what lay there."""
        with self.transaction():
            generation = self._raise_generation()
            elsewhere = rows.read_placements(self.connection, document.id)
            self._delete([document.id])
            rows.write_document(self.connection, document, pipeline)
            rows.write_chunks(self.connection, chunks, vectors, generation)
            for place in elsewhere:
                self._place(*place, document.id)
            self._place(file_id, locator, document.id)

    def place(self, file_id: int, locator: str, document_id: str) -> None:
        """Note that a stored document lies at this place too, instead of what lay there."""
        with self.transaction():
            self._raise_generation()
            self._place(file_id, locator, document_id)

    def remove_places(self, file_id: int, locators: Iterable[str]) -> None:
        """Take documents out of a file."""
        with self.transaction():
            self._raise_generation()
            self.connection.executemany(
                "DELETE FROM placements WHERE file_id = ? AND locator = ?",
                [(file_id, locator) for locator in locators],
            )
            self._drop_unplaced()

    def remove_files(self, file_ids: Sequence[int]) -> None:
        """Forget files, and every document that lies in no other file."""
        with self.transaction():
            self._raise_generation()
            self.connection.executemany("DELETE FROM files WHERE id = ?", [(i,) for i in file_ids])
            self._drop_unplaced()

    def remove_documents(self, ids: Sequence[str], scope: Scope = None) -> None:
        """Take documents out, wherever they lie within the scope. A file left empty is forgotten,
        and so is a document that lies nowhere else."""
        with self.transaction():
            self.drop_documents(ids, scope)

    def drop_documents(self, ids: Sequence[str], scope: Scope = None) -> None:
        """The same, inside a transaction that the caller holds."""
        self._raise_generation()
        if scope is None:
            self._delete(ids)
        else:
            rows.delete_placements(self.connection, ids, scope)
            self._drop_unplaced()
        self.connection.execute(
            "DELETE FROM files WHERE id NOT IN (SELECT file_id FROM placements)"
        )

    def tidy(self) -> None:
        """Merge the full-text index, so that no trace of removed text is left in it or the log.

        Raises:
            LibraryError: text was removed, and others read without a pause for half a minute.
        """
        # What was only added may stay in the log as long as somebody reads.
        wait = int(1000 * BUSY_SECONDS) if self._erased else 100
        with rows.translated(self.folder):
            self.connection.execute("INSERT INTO chunks_fts (chunks_fts) VALUES ('optimize')")
            self.connection.execute(f"PRAGMA busy_timeout = {wait}")
            busy = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self.connection.execute(f"PRAGMA busy_timeout = {int(1000 * BUSY_SECONDS)}")
        if busy and self._erased:
            raise LibraryError(
                "The change is stored and answers follow it, but removed text could not be erased"
                " from the disk yet, because another process is reading.",
                "Close it and run the command again.",
            )
        self._erased = False

    def _place(self, file_id: int, locator: str, document_id: str) -> None:
        self.connection.execute(
            "INSERT INTO placements (file_id, locator, document_id) VALUES (?, ?, ?)"
            " ON CONFLICT (file_id, locator) DO UPDATE SET document_id = excluded.document_id",
            [file_id, locator, document_id],
        )
        self._drop_unplaced()

    def _drop_unplaced(self) -> None:
        query = "SELECT id FROM documents WHERE id NOT IN (SELECT document_id FROM placements)"
        self._delete([row[0] for row in self.connection.execute(query)])

    def _delete(self, ids: Sequence[str]) -> None:
        self._erased |= rows.delete_documents(self.connection, ids)

    def _raise_generation(self) -> int:
        generation = self.generation + 1
        self._set("generation", str(generation))
        return generation

    def _set(self, key: str, value: str) -> None:
        self.connection.execute(
            "INSERT INTO library (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [key, value],
        )
