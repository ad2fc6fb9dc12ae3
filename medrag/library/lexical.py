"""The words of a question, and the terms that the full-text index knows them by."""

from __future__ import annotations

import sqlite3
from functools import cache, lru_cache
from threading import Lock

from medrag.library.schema import TOKENIZER
from medrag.text import STOPWORDS, words

_MAX_WORDS = 64
_lock = Lock()


def query_terms(question: str) -> list[str]:
    """The distinct words of a question that are looked for, at most 64, function words left out
    unless there is nothing else."""
    every = list(dict.fromkeys(words(question)))
    return ([word for word in every if word not in STOPWORDS] or every)[:_MAX_WORDS]


def phrase_rows(connection: sqlite3.Connection, phrase: str) -> list[int]:
    """The numbers of the chunks in which the words of a phrase stand one behind the other."""
    quoted = '"' + " ".join(words(phrase)) + '"'
    query = "SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ?"
    return [row[0] for row in connection.execute(query, [quoted])]


@lru_cache(maxsize=16384)
def terms_of(word: str) -> tuple[str, ...]:
    """The terms that FTS5 makes of a word: one as a rule, two of "2.5", none of an emoji."""
    # Asked of FTS5 itself, by an index of this one word that is then taken back.
    with _lock:
        connection = _index()
        connection.execute("BEGIN")
        try:
            connection.execute("INSERT INTO words (word) VALUES (?)", [word])
            query = "SELECT term FROM terms ORDER BY offset"
            return tuple(row[0] for row in connection.execute(query))
        finally:
            connection.execute("ROLLBACK")


@cache
def _index() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute(f"CREATE VIRTUAL TABLE words USING fts5 (word, tokenize = '{TOKENIZER}')")
    connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (words, instance)")
    return connection
