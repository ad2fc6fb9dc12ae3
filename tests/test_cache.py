"""FAISS is a cache: missing, torn, stale or foreign, the answers stay the same."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag.library import Library, VectorCache, Views
from medrag.types import Chunk, Document, ModelIdentity, chunk_id

DIMENSION = 8


class TakenBack(Exception):
    pass


def vector(seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    return values / np.linalg.norm(values)


def put(library: Library, name: str, seeds: Sequence[int]) -> str:
    text = "".join(f"{seed:08d}" for seed in seeds)
    document_id = f"{name:0>64}"
    chunks = [
        (
            Chunk(chunk_id(document_id, 8 * i, 8 * i + 8), document_id, i, 8 * i, 8 * i + 8,
                  text[8 * i : 8 * i + 8]),
            None,
        )
        for i in range(len(seeds))
    ]  # fmt: skip
    vectors = np.array([vector(seed) for seed in seeds], np.float32).reshape(-1, DIMENSION)
    file_id = library.put_file("default", name, "x")
    document = Document(document_id, name, name, text)
    library.put_document(file_id, "", document, chunks, vectors, "1")
    return document_id


@pytest.fixture
def library(tmp_path: Path) -> Library:
    opened = Library.open(tmp_path / "library", write=True)
    opened.require_model(ModelIdentity("tiny", "0" * 64, DIMENSION))
    return opened


def search(library: Library, views: Views, seed: int, k: int) -> list[int]:
    """The texts (as numbers) of the chunks nearest to a vector."""
    with library.snapshot():
        view = views.of(library)
        within = view.selection(library, None)
        scores = view.cosines(vector(seed)[None], within)[0]
        rows = view.rows[within.at][np.argsort(-scores, kind="stable")[:k]]
        chunks = library.chunks(rows.tolist())
        return [int(chunks[row][0].text) for row in rows.tolist()]


def nearest(library: Library, seed: int) -> str:
    return f"{search(library, Views(), seed, 1)[0]:08d}"


def cache_file(library: Library) -> Path:
    (path,) = library.folder.glob("vectors-*")
    return path


def test_a_cache_that_is_behind_is_completed_from_the_library(library: Library) -> None:
    put(library, "a", [1, 2, 3])
    VectorCache(library).rebuild()
    put(library, "b", [4])
    assert VectorCache(library).state().behind == 1
    assert nearest(library, 4) == "00000004"
    assert nearest(library, 2) == "00000002"


def test_what_was_removed_is_not_found_in_an_old_cache(library: Library) -> None:
    gone = put(library, "a", [1, 2, 3])
    put(library, "b", [4])
    VectorCache(library).rebuild()
    library.remove_documents([gone])
    assert VectorCache(library).state().dead == 3
    assert nearest(library, 2) == "00000004"


@pytest.mark.parametrize("damage", ["torn", "missing", "garbage"])
def test_a_damaged_cache_is_no_loss(library: Library, damage: str) -> None:
    put(library, "a", [1, 2, 3])
    VectorCache(library).rebuild()
    path = cache_file(library)
    if damage == "torn":
        path.write_bytes(path.read_bytes()[:50])
    elif damage == "garbage":
        path.write_bytes(b"garbage")
    else:
        path.unlink()
    assert nearest(library, 3) == "00000003"
    VectorCache(library).rebuild()
    assert VectorCache(library).state(deep=True).status == "current"


def test_doctor_sees_vectors_that_differ(library: Library) -> None:
    put(library, "a", [1, 2, 3])
    VectorCache(library).rebuild()
    path = cache_file(library)
    data = bytearray(path.read_bytes())
    place = bytes(data).find(vector(2).tobytes())
    data[place] ^= 0xFF
    path.write_bytes(bytes(data))
    assert VectorCache(library).state(deep=True).problem is not None


def test_a_cache_of_another_library_is_not_read(library: Library, tmp_path: Path) -> None:
    put(library, "a", [1])
    VectorCache(library).rebuild()
    other = Library.open(tmp_path / "other", write=True)
    other.require_model(ModelIdentity("tiny", "0" * 64, DIMENSION))
    put(other, "b", [9])
    cache_file(library).rename(other.folder / cache_file(library).name)
    assert nearest(other, 1) == "00000009"


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_history_answers_as_exact_search_does(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("history")
    with Library.open(folder, write=True) as library:
        library.require_model(ModelIdentity("tiny", "0" * 64, DIMENSION))
        views = Views()
        alive: dict[str, list[int]] = {}
        names: dict[str, str] = {}
        steps = st.sampled_from(["put", "put", "remove", "rebuild", "taken back", "fresh"])
        for step, action in enumerate(data.draw(st.lists(steps, min_size=1, max_size=12))):
            if action == "put":
                name = data.draw(st.sampled_from("abcde"))
                seeds = data.draw(st.lists(st.just(100 * step), min_size=1, max_size=3))
                seeds = [seed + i for i, seed in enumerate(seeds)]
                names[name] = put(library, name, seeds)
                alive[name] = seeds
            elif action == "remove" and alive:
                name = data.draw(st.sampled_from(sorted(alive)))
                library.remove_documents([names[name]])
                del alive[name]
            elif action == "rebuild":
                VectorCache(library).rebuild()
            elif action == "taken back":
                with contextlib.suppress(TakenBack), library.transaction():
                    library.drop_documents(list(names.values()))
                    assert search(library, views, 7, 3) == []
                    raise TakenBack
            else:
                views = Views()
            every = sorted(seed for seeds in alive.values() for seed in seeds)
            asked = vector(7)
            exact = sorted(every, key=lambda seed: -float(vector(seed) @ asked))[:3]
            assert search(library, views, 7, 3) == exact
