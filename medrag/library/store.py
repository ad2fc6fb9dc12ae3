"""The library's file: what is in it, and how a document goes in or out in one transaction.

Invariants: a chunk, its vector and its full-text entry are written and deleted together with
their document; ``documents.text[start:end] == chunks.text``; a document that lies in no file is
gone; every change raises the generation number by one, by which the FAISS cache is held against
the truth. Deleted text is overwritten (secure_delete), not only unlinked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from medrag.errors import LibraryError
from medrag.library import rows
from medrag.library.opening import (
    BUSY_SECONDS,
    DATABASE,
    check_version,
    connect,
    ensure_identity,
    take_lock,
)
from medrag.library.reading import Reading, State
from medrag.library.schema import migrate
from medrag.library.scope import Scope
from medrag.types import Chunk, Document, ModelIdentity

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

__all__ = ["DATABASE", "Library", "State"]

_changes = count(1)


class Library(Reading):
    """A library folder. Open one object a thread; any number of processes may read.

    Raises:
        LibraryError: there is none, it is damaged, newer than this medrag, or being written.
    """

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

    # Writing

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
