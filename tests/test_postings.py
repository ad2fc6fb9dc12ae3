"""BM25 in our own hands: over a whole library it is FTS5's, to the last digit that matters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medrag.library import Library, Views
from medrag.library.bounded import Bounded
from medrag.library.lexical import query_terms, terms_of
from medrag.types import Chunk, Document, ModelIdentity, chunk_id

WORDS = """
metformin eGFR stop stopping children child's the of 2.5 500 mg/kg co-trimoxazole dose doses
Sjögren beta-blocker 12-lead paracetamol amoxicillin anaphylaxis adrenaline 0.5 i.v. zzzunheardof
""".split()


def match_expression(words: list[str]) -> str:
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)


def by_fts5(library: Library, words: list[str]) -> dict[int, float]:
    query = "SELECT rowid, -bm25(chunks_fts) FROM chunks_fts WHERE chunks_fts MATCH ?"
    return dict(library.connection.execute(query, [match_expression(words)]).fetchall())


def by_us(library: Library, words: list[str]) -> dict[int, float]:
    view = Views().of(library)
    within = view.selection(library, None)
    scores = view.bm25(list(view.words(library, words).values()), within)
    return {int(row): float(s) for row, s in zip(view.rows, scores, strict=True) if s > 0}


def put(library: Library, name: str, texts: list[str], title: str = "") -> str:
    text = "".join(texts)
    document_id = f"{name:0>64}"
    chunks, start = [], 0
    for ordinal, part in enumerate(texts):
        end = start + len(part)
        made = Chunk(chunk_id(document_id, start, end), document_id, ordinal, start, end, part)
        chunks.append((made, "Doses" if ordinal % 2 else None))
        start = end
    vectors = np.eye(4, dtype=np.float32)[[i % 4 for i in range(len(texts))]]
    file_id = library.put_file("default", name, "x")
    document = Document(document_id, name, title, text)
    library.put_document(file_id, "", document, chunks, vectors, "1")
    return document_id


@pytest.fixture
def library(tmp_path: Path) -> Library:
    opened = Library.open(tmp_path / "library", write=True)
    opened.require_model(ModelIdentity("tiny", "0" * 64, 4))
    return opened


questions = st.lists(st.sampled_from(WORDS) | st.text(min_size=1, max_size=12), max_size=9)


@settings(deadline=None)
@given(questions)
@example(["2.5", "mg"])
@example(["dose", "doses"])
@example(["ÅNGSTRÖM", "\U0001f600", "١٢", "ﬁ", "ß"])
def test_scores_are_those_of_fts5(samples: Path, question: list[str]) -> None:
    words = query_terms(" ".join(question))
    with Library.open(samples) as library:
        wanted = by_fts5(library, words) if words else {}
        found = by_us(library, words)
    assert found.keys() == wanted.keys()
    assert all(found[row] == pytest.approx(wanted[row], abs=1e-9) for row in wanted)


words_of_texts = st.lists(
    st.sampled_from(["dose", "of", "2.5", "5", "mg", "a-b", "b"]), max_size=40
)


@settings(deadline=None)
@given(st.lists(words_of_texts, min_size=1, max_size=6), words_of_texts, st.data())
def test_any_library_and_any_change_of_it(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[list[str]],
    asked: list[str],
    data: st.DataObject,
) -> None:
    with Library.open(tmp_path_factory.mktemp("any") / "library", write=True) as library:
        library.require_model(ModelIdentity("tiny", "0" * 64, 4))
        ids = [
            put(library, str(i), [" ".join(text) + " ", "mg dose "], "2.5 mg")
            for i, text in enumerate(texts)
        ]
        words = query_terms(" ".join(asked)) or ["mg"]
        gone = data.draw(st.lists(st.sampled_from(ids), unique=True))
        with library.transaction():
            library.drop_documents(gone)
            assert by_us(library, words) == pytest.approx(by_fts5(library, words), abs=1e-9)
        assert by_us(library, words) == pytest.approx(by_fts5(library, words), abs=1e-9)


def test_long_chunks_count_their_length_in_full(library: Library) -> None:
    put(library, "long", ["fever " * 20_000, "fever once "])
    put(library, "short", ["fever of unknown origin ", "cough and fever " * 100])
    found = by_us(library, ["fever", "cough"])
    assert found == pytest.approx(by_fts5(library, ["fever", "cough"]), abs=1e-9)
    assert len(found) == 4


def test_a_number_is_looked_for_as_one(library: Library) -> None:
    put(library, "a", ["give 2.5 mg ", "give 5 mg in 2 doses ", "2.5 then 2.5 "])
    assert terms_of("2.5") == ("2", "5")
    first, _, third = Views().of(library).rows.tolist()
    assert by_us(library, ["2.5"]).keys() == {first, third}


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept: Bounded[str, str] = Bounded(6, len)
    kept.put("a", "xx")
    kept.put("b", "xxx")
    assert kept.get("a") == "xx"
    kept.put("c", "xx")
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == ("xx", None, "xx")
    kept.put("c", "x" * 50)  # larger than all room: kept alone
    assert (kept.get("a"), len(kept)) == (None, 1)
