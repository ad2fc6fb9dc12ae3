"""What must hold in every library, and what does not."""

from __future__ import annotations

import sqlite3

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
