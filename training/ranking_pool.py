"""Passages as the product cuts and shows them, and what both ways of searching find near a
question, to choose hard negatives from.

The two arms stand in for the product's: full-text search over the same words, and the product's
embedder over the beginning of each record, which finds much the same in a tenth of the time.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from medrag.chunking import chunk_document
from medrag.library.lexical import query_terms
from medrag.library.schema import TOKENIZER
from medrag.models.catalog import find_embedding_model
from medrag.models.embedder import OnnxEmbedder
from medrag.models.export import export_onnx
from medrag.readers.records import read
from medrag.rerank import shown
from medrag.text import content_words, sentences
from medrag.types import Document

if TYPE_CHECKING:
    from medrag.protocols import Embedder, FloatArray

_SNIPPET = (50, 400)  # characters of a sentence that can stand alone
_EMBEDDED = 300  # characters of a record that its vector is made of
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Cut:
    """A chunk of the record ``name`` of a corpus."""

    name: str
    title: str
    section: str | None
    text: str

    def shown(self, question: str, *, titled: bool = True) -> str:
        """As the reranker reads it; without its title and section, where the question is made of
        them."""
        head = (self.title, self.section) if titled else ("", None)
        return shown(question, *head, self.text)


class Pool:
    """The records of a corpus, found by both arms. For one thread."""

    def __init__(self, documents: Mapping[str, Document], embedder: Embedder, cache: Path) -> None:
        self._documents = documents
        self._names = list(documents)
        self._embedder = embedder
        self._cuts: dict[str, tuple[Cut, ...]] = {}
        self._vectors = _vectors(list(documents.values()), embedder, cache)
        self._index = _index(documents.values())

    def of(self, name: str) -> tuple[Cut, ...]:
        """The chunks of a record, in order; none where it has no text."""
        if name not in self._cuts and name in self._documents:
            document = self._documents[name]
            self._cuts[name] = tuple(
                Cut(name, document.title, section, chunk.text)
                for chunk, section in chunk_document(document)
            )
        return self._cuts.get(name, ())

    def near(self, question: str, depth: int = 30) -> list[str]:
        """The best ``depth`` records of each arm, best first, the arms in turn, each once."""
        both = zip_longest(self._lexical(question, depth), self._dense(question, depth))
        rows = dict.fromkeys(row for row in chain(*both) if row is not None)
        return [self._names[row] for row in rows]

    def random(self, chance: random.Random) -> str:
        """Any record."""
        return chance.choice(self._names)

    def _lexical(self, question: str, depth: int) -> list[int]:
        wanted = " OR ".join(f'"{word}"' for word in query_terms(question))
        query = "SELECT rowid FROM records WHERE records MATCH ? ORDER BY rank LIMIT ?"
        return [row[0] for row in self._index.execute(query, [wanted, depth])] if wanted else []

    def _dense(self, question: str, depth: int) -> list[int]:
        import numpy as np

        scores = self._vectors @ self._embedder.embed([question])[0]
        best = np.argsort(-scores, kind="stable")[:depth]
        return [int(row) for row in best]


def open_pool(corpus: Path, names: Collection[str], cache: Path) -> Pool:
    """The records ``names`` of a corpus; their vectors are kept in the folder ``cache``."""
    found = {}
    for document in read(corpus.name, corpus.read_bytes()):
        name = document.path.partition("#")[2]
        if name in names:
            found[name] = document
    model = find_embedding_model("all-MiniLM-L6-v2")
    if not model.onnx.is_file():
        export_onnx(model)
    return Pool(found, OnnxEmbedder(model, 1), cache)


def _vectors(documents: Sequence[Document], embedder: Embedder, cache: Path) -> FloatArray:
    import numpy as np

    texts = [f"{document.title}\n{document.text[:_EMBEDDED]}" for document in documents]
    digest = hashlib.sha256("\0".join([embedder.identity.sha256, *texts]).encode()).hexdigest()
    kept = cache / f"vectors-{digest[:16]}.npy"
    if kept.is_file():
        loaded: FloatArray = np.load(kept)
        return loaded
    cache.mkdir(parents=True, exist_ok=True)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = np.zeros((len(texts), embedder.identity.dimension), np.float32)
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        vectors[rows] = embedder.embed([texts[row] for row in rows])
    np.save(kept, vectors)
    return vectors


def _index(documents: Collection[Document]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        f"CREATE VIRTUAL TABLE records USING fts5 (title, text, tokenize = '{TOKENIZER}')"
    )
    connection.executemany(
        "INSERT INTO records (rowid, title, text) VALUES (?, ?, ?)",
        ((row, document.title, document.text) for row, document in enumerate(documents)),
    )
    return connection


def fullest(question: str, cuts: Sequence[Cut]) -> Cut:
    """The chunk with the most different words of the question; of equals, the first."""
    wanted = set(content_words(question))
    return max(cuts, key=lambda cut: len(wanted.intersection(content_words(cut.text))))


def either(question: str, cuts: Sequence[Cut], chance: random.Random) -> Cut:
    """The first chunk, which says what a text is about, or the fullest."""
    return cuts[0] if chance.random() < 0.4 else fullest(question, cuts)


def snippet(question: str, cuts: Sequence[Cut], subject: Collection[str] = ()) -> str | None:
    """The sentence with the most of the question's words that can stand without its title: of
    those that name the ``subject`` (stems), where one is given."""
    wanted = set(content_words(question))
    best: tuple[int, str] | None = None
    for cut in cuts:
        for start, end in sentences(cut.text):
            sentence = cut.text[start:end].strip()
            if not _SNIPPET[0] <= len(sentence) <= _SNIPPET[1] or sentence.endswith("?"):
                continue
            held = set(content_words(sentence))
            count = len(wanted & held)
            if held.issuperset(subject) and (best is None or count > best[0]):
                best = (count, sentence)
    return best[1] if best else None
