"""Rows to values and back, and SQLite's errors to ours. Used by the store alone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrag.errors import LibraryError
from medrag.types import Chunk, Document, DocumentInfo, Meta, ModelIdentity, Page, Section, chunk_id

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

_META = "version, effective_date, review_date, status, language, warnings"
_FTS_COLUMNS = "title, section, text"


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """SQLite's errors as one line that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "full" in text or "disk I/O" in text:
            raise LibraryError(
                f"The disk that holds {folder} is full or failing ({text}); nothing was lost.",
                "Make room and run the command again.",
            ) from error
        if "locked" in text or "busy" in text:
            raise LibraryError(
                f"The library in {folder} is busy.", "Try again in a moment."
            ) from error
        raise LibraryError(
            f"The library in {folder} cannot be used ({text}).",
            "Check the folder's rights, or ingest into a new library.",
        ) from error
    except sqlite3.DatabaseError as error:
        raise LibraryError(
            f"The library in {folder} is damaged ({error}).",
            "Restore it from a backup, or ingest into a new library.",
        ) from error


def plain(identity: ModelIdentity) -> dict[str, Any]:
    return asdict(identity)


def marks(values: Sequence[object]) -> str:
    """As many question marks as values."""
    return ",".join("?" * len(values))


def read_infos(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, DocumentInfo]:
    query = f"""
        SELECT id, title, {_META},
            (SELECT count(*) FROM pages WHERE document_id = documents.id),
            (SELECT count(*) FROM chunks WHERE document_id = documents.id)
        FROM documents WHERE id IN ({marks(ids)})
    """
    places = _read_places(connection, ids)
    return {
        row[0]: DocumentInfo(
            id=row[0],
            path=places[row[0]][0][1] if row[0] in places else "",
            title=row[1],
            meta=_meta(row[2:8]),
            pages=row[8],
            chunks=row[9],
            collections=tuple(sorted({place[0] for place in places.get(row[0], [])})),
        )
        for row in connection.execute(query, ids)
    }


def _read_places(
    connection: sqlite3.Connection, ids: Sequence[str]
) -> dict[str, list[tuple[str, str]]]:
    query = f"""
        SELECT document_id, collection, path, locator
        FROM placements JOIN files ON files.id = file_id
        WHERE document_id IN ({marks(ids)}) ORDER BY path, locator
    """
    places: dict[str, list[tuple[str, str]]] = {}
    for document_id, collection, path, locator in connection.execute(query, ids):
        full = f"{path}#{locator}" if locator else path
        places.setdefault(document_id, []).append((collection, full))
    return places


def read_placements(connection: sqlite3.Connection, document_id: str) -> list[tuple[int, str]]:
    """Where a document lies: (file id, locator)."""
    query = "SELECT file_id, locator FROM placements WHERE document_id = ?"
    return connection.execute(query, [document_id]).fetchall()


def _meta(row: Sequence[Any]) -> Meta:
    version, effective, review, status, language, warnings = row
    return Meta(version, effective, review, status, language, tuple(json.loads(warnings)))


def read_document(connection: sqlite3.Connection, document_id: str) -> Document | None:
    query = f"SELECT title, text, {_META} FROM documents WHERE id = ?"
    row = connection.execute(query, [document_id]).fetchone()
    if row is None:
        return None
    pages = connection.execute(
        'SELECT number, label, start, "end" FROM pages WHERE document_id = ? ORDER BY number',
        [document_id],
    )
    sections = connection.execute(
        'SELECT title, level, start, "end" FROM sections WHERE document_id = ? ORDER BY ordinal',
        [document_id],
    )
    places = _read_places(connection, [document_id])
    return Document(
        id=document_id,
        path=places[document_id][0][1] if document_id in places else "",
        title=row[0],
        text=row[1],
        pages=tuple(Page(*values) for values in pages),
        sections=tuple(Section(*values) for values in sections),
        meta=_meta(row[2:]),
    )


def find_ids(connection: sqlite3.Connection, wanted: str) -> list[str]:
    if len(wanted) >= 6 and wanted.isalnum():
        prefix = "SELECT id FROM documents WHERE substr(id, 1, ?) = ?"
        found = connection.execute(prefix, [len(wanted), wanted.lower()]).fetchall()
        if found:
            return [row[0] for row in found]
    by_path = """
        SELECT DISTINCT document_id FROM placements JOIN files ON files.id = file_id
        WHERE path = ? OR path || '#' || locator = ?
    """
    return [row[0] for row in connection.execute(by_path, [wanted, wanted])]


def read_chunks(
    connection: sqlite3.Connection, ids: Sequence[int]
) -> dict[int, tuple[Chunk, str | None]]:
    query = f"""
        SELECT id, document_id, ordinal, start, "end", section, text FROM chunks
        WHERE id IN ({marks(ids)})
    """
    return {
        row[0]: (
            Chunk(chunk_id(row[1], row[3], row[4]), row[1], row[2], row[3], row[4], row[6]),
            row[5],
        )
        for row in connection.execute(query, [int(i) for i in ids])
    }


def write_document(connection: sqlite3.Connection, document: Document, pipeline: str) -> None:
    meta = document.meta
    connection.execute(
        f"INSERT INTO documents (id, title, text, {_META}, pipeline)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            document.id,
            document.title,
            document.text,
            meta.version,
            meta.effective_date,
            meta.review_date,
            meta.status,
            meta.language,
            json.dumps(meta.warnings),
            pipeline,
        ],
    )
    connection.executemany(
        "INSERT INTO pages VALUES (?, ?, ?, ?, ?)",
        [(document.id, page.number, page.label, page.start, page.end) for page in document.pages],
    )
    connection.executemany(
        "INSERT INTO sections VALUES (?, ?, ?, ?, ?, ?)",
        [
            (document.id, ordinal, section.title, section.level, section.start, section.end)
            for ordinal, section in enumerate(document.sections)
        ],
    )


def write_chunks(
    connection: sqlite3.Connection,
    chunks: Sequence[tuple[Chunk, str | None]],
    vectors: FloatArray,
    generation: int,
) -> None:
    connection.executemany(
        'INSERT INTO chunks (document_id, ordinal, start, "end", section, text, generation, vector)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                chunk.document_id,
                chunk.ordinal,
                chunk.start,
                chunk.end,
                section,
                chunk.text,
                generation,
                vector.tobytes(),
            )
            for (chunk, section), vector in zip(chunks, vectors, strict=True)
        ],
    )
    if chunks:
        connection.execute(
            f"INSERT INTO chunks_fts (rowid, {_FTS_COLUMNS})"
            f" SELECT id, {_FTS_COLUMNS} FROM searchable WHERE document_id = ?",
            [chunks[0][0].document_id],
        )


def delete_documents(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Delete documents with all that hangs on them; the full-text index wants the old text."""
    for document_id in ids:
        connection.execute(
            f"INSERT INTO chunks_fts (chunks_fts, rowid, {_FTS_COLUMNS})"
            f" SELECT 'delete', id, {_FTS_COLUMNS} FROM searchable WHERE document_id = ?",
            [document_id],
        )
        connection.execute("DELETE FROM documents WHERE id = ?", [document_id])


# Each names a count that must be zero.
_INVARIANTS = {
    "chunks whose text is not their document's": (
        "SELECT count(*) FROM chunks JOIN documents ON documents.id = document_id"
        ' WHERE substr(documents.text, start + 1, "end" - start) <> chunks.text'
    ),
    "chunks without a document": (
        "SELECT count(*) FROM chunks WHERE document_id NOT IN (SELECT id FROM documents)"
    ),
    "documents that lie in no file": (
        "SELECT count(*) FROM documents WHERE id NOT IN (SELECT document_id FROM placements)"
    ),
    "places without a document": (
        "SELECT count(*) FROM placements WHERE document_id NOT IN (SELECT id FROM documents)"
    ),
    "chunks missing from the full-text index": (
        "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT id FROM chunks_fts_docsize)"
    ),
    "full-text entries without a chunk": (
        "SELECT count(*) FROM chunks_fts_docsize WHERE id NOT IN (SELECT id FROM chunks)"
    ),
}


def disagreements(connection: sqlite3.Connection) -> list[str]:
    """What does not hold, one line each."""
    found = [
        f"The library holds {count} {what}."
        for what, query in _INVARIANTS.items()
        if (count := connection.execute(query).fetchone()[0])
    ]
    verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    if verdict != "ok":
        found.append(f"The library's file is damaged: {verdict}.")
    return found
