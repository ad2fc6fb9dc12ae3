"""The tables, as numbered migrations. Each runs in its own transaction (sqlite-utils)."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

# Equal to the number of migrations below; PRAGMA user_version holds it in every library.
SCHEMA_VERSION = 1

# How text and questions are cut into terms, the same in both.
TOKENIZER = "porter unicode61 remove_diacritics 2"
# Every place at which a term stands in the full-text index; belongs to a connection alone.
VOCABULARY = "CREATE VIRTUAL TABLE temp.instances USING fts5vocab (main, chunks_fts, instance)"

_FIRST = f"""
CREATE TABLE library (key TEXT PRIMARY KEY, value TEXT NOT NULL);

-- What was read. One row for equal bytes, wherever and however often they lie on the disk.
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    version TEXT, effective_date TEXT, review_date TEXT, status TEXT, language TEXT,
    warnings TEXT NOT NULL,
    pipeline TEXT NOT NULL
);

-- Where it lies. sha256 is empty until everything in the file has been stored.
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE (collection, path)
);
CREATE TABLE placements (
    file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    locator TEXT NOT NULL,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (file_id, locator)
) WITHOUT ROWID;
CREATE INDEX placements_by_document ON placements (document_id);

CREATE TABLE pages (
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, label TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    PRIMARY KEY (document_id, number)
) WITHOUT ROWID;
CREATE TABLE sections (
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, title TEXT NOT NULL, level INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    PRIMARY KEY (document_id, ordinal)
) WITHOUT ROWID;

-- AUTOINCREMENT, so that a number in an old FAISS file never comes to mean another chunk.
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    section TEXT, text TEXT NOT NULL,
    generation INTEGER NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (document_id, ordinal)
);
CREATE INDEX chunks_by_generation ON chunks (generation);

CREATE VIEW searchable AS
    SELECT chunks.id AS id, documents.title AS title, coalesce(chunks.section, '') AS section,
           chunks.text AS text, chunks.document_id AS document_id
    FROM chunks JOIN documents ON documents.id = chunks.document_id;
CREATE VIRTUAL TABLE chunks_fts USING fts5 (
    title, section, text, content = 'searchable', content_rowid = 'id',
    tokenize = '{TOKENIZER}'
);
"""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a library to the newest schema; what is there already is left as it is."""
    from sqlite_utils import Database, Migrations

    migrations = Migrations("medrag")

    @migrations()  # type: ignore[untyped-decorator]
    def m001_first(db: Database) -> None:
        for statement in _statements(_FIRST):
            db.execute(statement)
        db.execute("PRAGMA user_version = 1")

    migrations.apply(Database(connection, recursive_triggers=False))


def _statements(script: str) -> list[str]:
    """The statements of a script, so that they run inside a transaction (executescript commits)."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    return statements
