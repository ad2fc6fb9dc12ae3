"""The library's file: what is in it, and how a document goes in or out in one transaction.

Invariants: a chunk, its vector and its full-text entry are written and deleted together with
their document; ``documents.text[start:end] == chunks.text``; a document that lies in no file is
gone; every change raises the generation number by one, by which the FAISS cache is held against
the truth. Deleted text is overwritten (secure_delete), not only unlinked.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from medrag.errors import LibraryError
from medrag.library import rows
from medrag.library.schema import SCHEMA_VERSION, migrate
from medrag.types import Chunk, Document, DocumentInfo, ModelIdentity

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from medrag.protocols import FloatArray

DATABASE = "library.sqlite"
_BUSY_SECONDS = 30.0
_BATCH = 500  # SQLite allows 999 parameters in its older builds


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
        self._lock = lock

    @classmethod
    def open(cls, folder: Path, *, write: bool = False) -> Library:
        """Open for reading (it must exist), or for writing (it is made; one writer at a time)."""
        path = folder / DATABASE
        if not write and not path.is_file():
            raise LibraryError(
                f"There is no library in {folder}.", "Make one with: medrag ingest FOLDER"
            )
        lock = _take_lock(folder) if write else None
        connection = None
        try:
            with rows.translated(folder):
                connection = _connect(path, write)
                _check_version(connection, folder, write)
                if write:
                    migrate(connection)
                    _ensure_identity(connection)
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

    def infos(self, ids: Sequence[str] | None = None) -> dict[str, DocumentInfo]:
        """Documents without their text, by id: these, or all."""
        if ids is None:
            ids = [row[0] for row in self.connection.execute("SELECT id FROM documents")]
        found: dict[str, DocumentInfo] = {}
        for start in range(0, len(ids), _BATCH):
            found.update(rows.read_infos(self.connection, ids[start : start + _BATCH]))
        return found

    def document(self, document_id: str) -> Document | None:
        """A stored document, whole."""
        return rows.read_document(self.connection, document_id)

    def find(self, wanted: str) -> list[DocumentInfo]:
        """Documents with that id (or its first 6 or more digits), or at that path."""
        ids = rows.find_ids(self.connection, wanted)
        return list(self.infos(ids).values())

    def files(self, collection: str) -> dict[str, tuple[int, str]]:
        """The known files of a collection: path -> (file id, sha256 of its bytes or '')."""
        query = "SELECT path, id, sha256 FROM files WHERE collection = ?"
        return {
            path: (file_id, sha)
            for path, file_id, sha in self.connection.execute(query, [collection])
        }

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
            return rows.disagreements(self.connection)

    def collections(self) -> list[str]:
        """The names of the collections, sorted."""
        query = "SELECT DISTINCT collection FROM files ORDER BY collection"
        return [row[0] for row in self.connection.execute(query)]

    def rows_of(self, collection: str) -> frozenset[int]:
        """Row numbers of the chunks whose document lies in a collection."""
        query = (
            "SELECT chunks.id FROM chunks WHERE document_id IN (SELECT document_id"
            " FROM placements JOIN files ON files.id = file_id WHERE collection = ?)"
        )
        return frozenset(row[0] for row in self.connection.execute(query, [collection]))

    def vectors_of(self, chunk_rows: Sequence[int]) -> FloatArray:
        """The stored vectors of chunks that are there, in the order asked for."""
        import numpy as np

        found: dict[int, bytes] = {}
        for start in range(0, len(chunk_rows), _BATCH):
            batch = chunk_rows[start : start + _BATCH]
            query = f"SELECT id, vector FROM chunks WHERE id IN ({rows.marks(batch)})"
            found.update(self.connection.execute(query, batch).fetchall())
        joined = b"".join(found[row] for row in chunk_rows)
        return np.frombuffer(joined, dtype=np.float32).reshape(len(chunk_rows), -1)

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
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

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
            rows.delete_documents(self.connection, [document.id])
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

    def remove_documents(self, ids: Sequence[str]) -> None:
        """Take documents out, wherever they lie. A file left empty is forgotten."""
        with self.transaction():
            self.drop_documents(ids)

    def drop_documents(self, ids: Sequence[str]) -> None:
        """The same, inside a transaction that the caller holds."""
        self._raise_generation()
        rows.delete_documents(self.connection, ids)
        self.connection.execute(
            "DELETE FROM files WHERE id NOT IN (SELECT file_id FROM placements)"
        )

    def tidy(self) -> None:
        """Merge the full-text index, so that no trace of removed text is left in it or the log."""
        with rows.translated(self.folder):
            self.connection.execute("INSERT INTO chunks_fts (chunks_fts) VALUES ('optimize')")
            busy = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise LibraryError(
                "The change is stored and answers follow it, but removed text could not be erased"
                " from the disk yet, because another process is reading.",
                "Close it and run the command again.",
            )

    def _place(self, file_id: int, locator: str, document_id: str) -> None:
        self.connection.execute(
            "INSERT INTO placements (file_id, locator, document_id) VALUES (?, ?, ?)"
            " ON CONFLICT (file_id, locator) DO UPDATE SET document_id = excluded.document_id",
            [file_id, locator, document_id],
        )
        self._drop_unplaced()

    def _drop_unplaced(self) -> None:
        query = "SELECT id FROM documents WHERE id NOT IN (SELECT document_id FROM placements)"
        rows.delete_documents(self.connection, [row[0] for row in self.connection.execute(query)])

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


def _take_lock(folder: Path) -> BaseFileLock:
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "writer.lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise LibraryError(
            f"Another process is writing to the library in {folder}.", "Try again when it is done."
        ) from error
    except OSError as error:
        raise LibraryError(
            f"The library folder {folder} cannot be written ({error.strerror}).",
            "Choose another with --library, or correct its rights.",
        ) from error
    return lock


def _connect(path: Path, write: bool) -> sqlite3.Connection:
    # A reader opens read-write as well: in WAL mode it must be able to make the index of the log.
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    if write:
        connection.execute("PRAGMA journal_mode = WAL")
    else:
        connection.execute("PRAGMA query_only = ON")
    return connection


def _check_version(connection: sqlite3.Connection, folder: Path, write: bool) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise LibraryError(
            f"The library in {folder} was written by a newer medrag (schema {version}; this one"
            f" knows {SCHEMA_VERSION}).",
            "Upgrade medrag.",
        )
    if version < SCHEMA_VERSION and not write:
        raise LibraryError(
            f"The library in {folder} is empty or was written by an older medrag.",
            "Bring it up to date with: medrag ingest FOLDER",
        )


def _ensure_identity(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO library (key, value) VALUES ('uuid', ?), ('generation', '0')",
        [uuid.uuid4().hex],
    )
