"""Engines on one folder in several threads, while other processes change it under them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest

from medrag import Engine
from medrag.engine import Search
from medrag.errors import LibraryError, NotFound, UsageError
from medrag.library import Library, Views
from medrag.types import Passage
from tests.tiny_home import make_home

QUESTIONS = [
    "At what eGFR should metformin be stopped?",
    "What is the dose of amoxicillin in children?",
    "How is hyperkalaemia treated?",
    "What reverses warfarin?",
]


def note(folder: Path, number: int) -> None:
    folder.mkdir(exist_ok=True)
    text = f"# Note {number}\n\nQuokkamycin note number {number}.\n"
    (folder / f"{number:02}.md").write_text(text)


def numbers(engine: Engine) -> set[int]:
    """The notes that a search finds."""
    found = engine.search("quokkamycin note number", 50)
    return {int(passage.document.title.split()[-1]) for passage in found}


def another_process(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "medrag", *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_threads_find_what_one_finds(samples: Path) -> None:
    """Also when the first questions of all come at once, before anything is loaded."""
    with Engine.open(samples) as alone:
        wanted = [alone.search(question) for question in QUESTIONS]
        answers = [alone.ask(question).text for question in QUESTIONS]
    with Engine.open(samples) as root, ThreadPoolExecutor(8) as threads:
        start = Barrier(8)

        def work(number: int) -> tuple[list[list[Passage]], list[str]]:
            engine = root.sibling()
            start.wait()
            turned = QUESTIONS[number % 4 :] + QUESTIONS[: number % 4]
            found = {question: engine.search(question) for question in turned}
            said = {question: engine.ask(question).text for question in turned}
            engine.close()
            return [found[one] for one in QUESTIONS], [said[one] for one in QUESTIONS]

        for found, said in threads.map(work, range(8)):
            assert all(map(near, found, wanted))
            assert said == answers


def near(found: list[Passage], wanted: list[Passage]) -> bool:
    """The same passages in the same order, their scores to the fifth decimal."""
    same = [one.chunk for one in found] == [one.chunk for one in wanted]
    scores = [(one.score, one.similarity) for one in wanted]
    return same and [(one.score, one.similarity) for one in found] == [
        pytest.approx(pair, abs=1e-5) for pair in scores
    ]


def test_what_is_large_is_held_once(samples: Path) -> None:
    with Engine.open(samples) as one, one.sibling() as other:
        assert one.embedder is other.embedder
        assert one.library.connection is not other.library.connection
        views = [each._shared.views.of(each.library) for each in (one, other)]
        assert views[0] is views[1]


def test_closing_one_leaves_the_others(samples: Path) -> None:
    root = Engine.open(samples)
    other, third = root.sibling(), root.sibling()
    wanted = [p.chunk.id for p in root.search(QUESTIONS[0])]
    other.search(QUESTIONS[0])
    root.close()
    third.close()
    assert [p.chunk.id for p in other.search(QUESTIONS[0])] == wanted
    with other.sibling() as fourth:
        assert [p.chunk.id for p in fourth.search(QUESTIONS[0])] == wanted
    other.close()


def test_the_library_may_come_later_and_be_made_anew(tmp_path: Path) -> None:
    library = tmp_path / "library"
    with Engine.open(library, offline=False) as one, one.sibling() as other:
        with pytest.raises(LibraryError, match="no library"):
            other.search("quokkamycin")
        note(tmp_path / "first", 1)
        another_process("--library", library, "ingest", tmp_path / "first")
        assert numbers(one) == numbers(other) == {1}
        before = one.library.uuid
        shutil.rmtree(library)
        with pytest.raises(LibraryError, match="no library"):
            other.search("quokkamycin")
        note(tmp_path / "second", 2)
        another_process("--library", library, "ingest", tmp_path / "second")
        assert numbers(other) == numbers(one) == {2}
        assert one.library.uuid != before
        assert [info.title for info in other.documents()] == ["Note 2"]


def test_a_library_put_back_from_a_backup_is_read_as_it_is(tmp_path: Path) -> None:
    """The same library with the same number of a generation, and other documents."""
    library, kept = tmp_path / "library", tmp_path / "kept"
    note(tmp_path / "notes", 1)
    with Engine.open(library) as engine, engine.sibling() as reader:
        engine.ingest(tmp_path / "notes")
        engine._close_library()
        shutil.copytree(library, kept)
        note(tmp_path / "notes", 2)
        engine.ingest(tmp_path / "notes")
        assert numbers(reader) == {1, 2}
        generation = reader.library.generation
        engine._close_library()
        shutil.rmtree(library)
        shutil.copytree(kept, library)
        (tmp_path / "notes" / "02.md").unlink()
        note(tmp_path / "notes", 3)
        engine.ingest(tmp_path / "notes")
        assert reader.library.generation == generation
        assert numbers(reader) == {1, 3}


def test_what_another_process_does_is_seen_by_the_next_question(tmp_path: Path) -> None:
    library = tmp_path / "library"
    for number in (1, 2):
        note(tmp_path / "notes", number)
    with Engine.open(library, offline=False) as engine, engine.sibling() as reader:
        engine.ingest(tmp_path / "notes")
        assert numbers(reader) == {1, 2}
        note(tmp_path / "notes", 3)
        another_process("--library", library, "ingest", tmp_path / "notes")
        assert numbers(reader) == {1, 2, 3}
        another_process("--library", library, "documents", "remove", tmp_path / "notes" / "01.md")
        assert numbers(reader) == {2, 3}
        assert all("1" not in info.title for info in reader.documents())
        closed = tmp_path / "closed"
        shutil.move(tmp_path / "notes", closed)
        engine.ingest(closed, collection="closed")
        with Library.open(library, write=True) as writer:
            writer.remove_files([i for i, _ in writer.files("default").values()])
        assert reader.search("quokkamycin", collection=["default"]) == []
        assert reader.search("quokkamycin", collection=["closed"]) != []


def test_readers_never_see_half_of_a_change(tmp_path: Path) -> None:
    """Documents come one by one, in order: whatever is found is the first so many of them."""
    library, notes, count = tmp_path / "library", tmp_path / "notes", 8
    note(notes, 0)
    root = Engine.open(library, offline=False)
    root.ingest(notes)
    done = Event()

    def read(search: Callable[[Engine], set[int]]) -> list[set[int]]:
        seen = []
        with root.sibling() as engine:
            while True:
                last = done.is_set()
                seen.append(search(engine))
                if last:
                    return seen

    def batch(engine: Engine) -> set[int]:
        one, other = engine.search_many([Search("quokkamycin note", 50), Search("number", 50)])
        titles = [{p.document.title for p in found} for found in (one, other)]
        assert titles[0] == titles[1]
        return {int(title.split()[-1]) for title in titles[0]}

    def listed(engine: Engine) -> set[int]:
        return {int(info.title.split()[-1]) for info in engine.documents()}

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read, how) for how in (numbers, batch, listed)]
        try:
            for number in range(1, count):
                note(notes, number)
                if number == 4:
                    another_process("--library", library, "ingest", notes)
            with Engine.open(library) as writer:
                writer.ingest(notes)
        finally:
            done.set()
        for reader in readers:
            seen = reader.result()
            assert all(found == set(range(len(found))) for found in seen)
            assert [len(found) for found in seen] == sorted(len(found) for found in seen)
            assert len(seen[-1]) == count
    root.close()


def test_text_is_erased_though_others_never_stop_reading(tmp_path: Path) -> None:
    library, notes = tmp_path / "library", tmp_path / "notes"
    for number in range(6):
        note(notes, number)
    with Engine.open(library, offline=False) as root, ThreadPoolExecutor(2) as threads:
        root.ingest(notes)
        done = Event()

        def read() -> int:
            with root.sibling() as engine:
                while not done.is_set():
                    engine.search_many([Search(f"note {n}") for n in range(16)])
                return len(engine.search("quokkamycin"))

        readers = [threads.submit(read) for _ in range(2)]
        try:
            another_process("--library", library, "documents", "remove", notes / "03.md")
        finally:
            done.set()
        assert [reader.result() for reader in readers] == [5, 5]
    assert b"number 3" not in (library / "library.sqlite").read_bytes()


def test_a_view_is_made_once_and_knows_its_state(tmp_path: Path) -> None:
    note(tmp_path / "notes", 1)
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(tmp_path / "notes")
    views = Views()
    with Library.open(tmp_path / "library") as reader:
        with reader.snapshot():
            first = views.of(reader)
            with Library.open(tmp_path / "library", write=True) as writer:
                writer.remove_documents(list(writer.infos()))
                assert len(views.of(writer).rows) == 0
            assert views.of(reader) is first  # still inside the older snapshot
            assert len(first.rows) == 1
        assert len(views.of(reader).rows) == 0


def test_who_answers_is_known(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine.open(samples) as engine:
        named = engine.identities("extractive")
        assert named["embedding"] == engine.library.model.sha256  # type: ignore[union-attr]
        assert (named["generator"], named["generator_sha256"]) == ("extractive", "")
        assert named["judge"] == engine.judge.name
        with pytest.raises(UsageError):
            engine.identities("no such model")
    monkeypatch.setenv("MEDRAG_HOME", str(make_home(tmp_path)))
    with Engine.open(samples) as engine:
        tiny = engine.identities("tiny")
        assert tiny["generator"] == "tiny"
        weights = hashlib.sha256((tmp_path / "tiny.gguf").read_bytes()).hexdigest()
        assert tiny["generator_sha256"] == weights


def test_nothing_is_not_found_in_a_new_way(samples: Path) -> None:
    with Engine.open(samples) as engine, engine.sibling() as other:
        for each in (engine, other):
            with pytest.raises(NotFound, match="There is no document nowhere"):
                each.document("nowhere")
