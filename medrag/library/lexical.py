"""The lexical arm: BM25 over FTS5. Any text is a safe query."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from medrag.library.store import Library
from medrag.text import STOPWORDS, words

if TYPE_CHECKING:
    from collections.abc import Collection

_MAX_TERMS = 64
# How much a hit in the title and in the section heading weighs beside one in the text.
_WEIGHTS = "1.0, 1.0, 1.0"


def query_terms(question: str) -> list[str]:
    """The distinct words of a question that are looked for, at most 64, function words left out
    unless there is nothing else."""
    every = list(dict.fromkeys(words(question)))
    return ([word for word in every if word not in STOPWORDS] or every)[:_MAX_TERMS]


def match_expression(terms: Sequence[str]) -> str:
    """An FTS5 query for any of these words. Each is quoted, so that none is an operator."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)


def search(
    library: Library, question: str, k: int, allowed: Collection[int] | None = None
) -> list[tuple[int, float]]:
    """The k best chunks by BM25 as (row number, score), scores positive, best first."""
    terms = query_terms(question)
    if not terms:
        return []
    query = (
        f"SELECT rowid, -bm25(chunks_fts, {_WEIGHTS}) AS score FROM chunks_fts"
        " WHERE chunks_fts MATCH ? ORDER BY score DESC, rowid"
    )
    try:
        cursor = library.connection.execute(query, [match_expression(terms)])
    except sqlite3.OperationalError:
        # A word that the tokenizer of FTS5 sees nothing in, such as an emoji alone.
        return []
    found: list[tuple[int, float]] = []
    for row, score in cursor:
        if allowed is None or row in allowed:
            found.append((row, float(score)))
            if len(found) == k:
                break
    return found


def document_frequencies(library: Library, terms: Sequence[str]) -> dict[str, int]:
    """In how many chunks each word stands (in any of its forms)."""
    query = "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH ?"
    return {
        term: int(library.connection.execute(query, [match_expression([term])]).fetchone()[0])
        for term in terms
    }
