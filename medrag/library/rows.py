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
from medrag.library.scope import Scope, within
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


def read_infos(
    connection: sqlite3.Connection, ids: Sequence[str], scope: Scope
) -> dict[str, DocumentInfo]:
    query = f"""
        SELECT id, title, {_META},
            (SELECT count(*) FROM pages WHERE document_id = documents.id),
            (SELECT count(*) FROM chunks WHERE document_id = documents.id)
        FROM documents WHERE id IN ({marks(ids)})
    """
    places = _read_places(connection, ids, scope)
    return {
        row[0]: DocumentInfo(
            id=row[0],
            path=places[row[0]][0][1],
            title=row[1],
            meta=_meta(row[2:8]),
            pages=row[8],
            chunks=row[9],
            collections=tuple(sorted({place[0] for place in places[row[0]]})),
        )
        for row in connection.execute(query, ids)
        if row[0] in places
    }


def _read_places(
    connection: sqlite3.Connection, ids: Sequence[str], scope: Scope
) -> dict[str, list[tuple[str, str]]]:
    """Where documents lie within the scope, by path: (collection, path)."""
    condition, names = within(scope)
    query = f"""
        SELECT document_id, collection, path, locator
        FROM placements JOIN files ON files.id = file_id
        WHERE document_id IN ({marks(ids)}) AND {condition} ORDER BY path, locator, collection
    """
    places: dict[str, list[tuple[str, str]]] = {}
    for document_id, collection, path, locator in connection.execute(query, [*ids, *names]):
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


def read_document(
    connection: sqlite3.Connection, document_id: str, scope: Scope
) -> Document | None:
    query = f"SELECT title, text, {_META} FROM documents WHERE id = ?"
    row = connection.execute(query, [document_id]).fetchone()
    places = _read_places(connection, [document_id], scope)
    if row is None or not places:
        return None
    pages = connection.execute(
        'SELECT number, label, start, "end" FROM pages WHERE document_id = ? ORDER BY number',
        [document_id],
    )
    sections = connection.execute(
        'SELECT title, level, start, "end" FROM sections WHERE document_id = ? ORDER BY ordinal',
        [document_id],
    )
    return Document(
        id=document_id,
        path=places[document_id][0][1],
        title=row[0],
        text=row[1],
        pages=tuple(Page(*values) for values in pages),
        sections=tuple(Section(*values) for values in sections),
        meta=_meta(row[2:]),
    )


def find_ids(connection: sqlite3.Connection, wanted: str, scope: Scope) -> list[str]:
    """Ids of the documents within the scope that begin with ``wanted``, else lie at that path."""
    condition, names = within(scope)
    if len(wanted) >= 6 and wanted.isalnum():
        prefix = f"""
            SELECT DISTINCT document_id FROM placements JOIN files ON files.id = file_id
            WHERE document_id >= ? AND document_id < ? || '~' AND {condition}
        """
        low = wanted.lower()
        found = connection.execute(prefix, [low, low, *names]).fetchall()
        if found:
            return [row[0] for row in found]
    by_path = f"""
        SELECT DISTINCT document_id FROM placements JOIN files ON files.id = file_id
        WHERE (path = ? OR path || '#' || locator = ?) AND {condition}
    """
    return [row[0] for row in connection.execute(by_path, [wanted, wanted, *names])]


def read_contents(connection: sqlite3.Connection, scope: Scope) -> list[tuple[str, str]]:
    """What lies within the scope: (document id, how it was read), sorted."""
    condition, names = within(scope)
    query = f"""
        SELECT id, pipeline FROM documents WHERE id IN (
            SELECT document_id FROM placements JOIN files ON files.id = file_id WHERE {condition}
        ) ORDER BY id
    """
    return connection.execute(query, names).fetchall()


def read_sizes(connection: sqlite3.Connection, scope: Scope) -> list[tuple[str, int, int]]:
    """The collections within the scope, by name: (name, documents, chunks)."""
    condition, names = within(scope)
    query = f"""
        WITH placed AS (
            SELECT DISTINCT collection, document_id
            FROM files LEFT JOIN placements ON files.id = file_id WHERE {condition}
        ), sizes AS (SELECT document_id, count(*) AS size FROM chunks GROUP BY document_id)
        SELECT collection, count(document_id), coalesce(sum(size), 0)
        FROM placed LEFT JOIN sizes USING (document_id) GROUP BY collection ORDER BY collection
    """
    return connection.execute(query, names).fetchall()


def read_rows(connection: sqlite3.Connection, scope: Scope) -> list[int]:
    """Row numbers of the chunks whose document lies within the scope, ascending."""
    condition, names = within(scope)
    query = f"""
        SELECT id FROM chunks WHERE document_id IN (
            SELECT document_id FROM placements JOIN files ON files.id = file_id WHERE {condition}
        )
    """
    return sorted(row[0] for row in connection.execute(query, names))


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


def delete_documents(connection: sqlite3.Connection, ids: Sequence[str]) -> bool:
    """Delete documents with all that hangs on them, and say whether there were any; the
    full-text index wants the old text."""
    count = 0
    for document_id in ids:
        connection.execute(
            f"INSERT INTO chunks_fts (chunks_fts, rowid, {_FTS_COLUMNS})"
            f" SELECT 'delete', id, {_FTS_COLUMNS} FROM searchable WHERE document_id = ?",
            [document_id],
        )
        count += connection.execute("DELETE FROM documents WHERE id = ?", [document_id]).rowcount
    return count > 0


def delete_placements(connection: sqlite3.Connection, ids: Sequence[str], scope: Scope) -> None:
    """Take documents out of the files within the scope; the documents themselves stay."""
    condition, names = within(scope)
    connection.executemany(
        "DELETE FROM placements WHERE document_id = ? AND file_id IN"
        f" (SELECT id FROM files WHERE {condition})",
        [(document_id, *names) for document_id in ids],
    )
