"""Files in, changed, renamed, gone: the library follows, and keeps nothing it should not."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from medrag import Engine
from medrag.library import Library, VectorCache

OLD = "Amoxicillin for otitis media: give 500 mg three times a day for 5 days."
NEW = "Amoxicillin for otitis media: give 250 mg three times a day for 7 days."
OTHER = "Paracetamol for fever: give 1 g every 6 hours, at most 4 g in 24 hours."
SECRET = "Quokkamycin is given once."


def texts(engine: Engine, question: str) -> str:
    return " ".join(passage.chunk.text for passage in engine.search(question, 20))


def everything_in(library: Path) -> bytes:
    """All bytes of all files of a library, SQLite's and FAISS's."""
    return b"".join(file.read_bytes() for file in sorted(library.iterdir()) if file.is_file())


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def test_a_second_ingest_changes_nothing(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OLD)
    with Engine.open(library) as engine:
        assert [item.path for item in engine.ingest(folder).added] == [str(folder / "a.txt")]
        generation = engine.library.generation
        again = engine.ingest(folder)
        assert not again.added and not again.updated and not again.removed
        assert [item.path for item in again.unchanged] == [str(folder / "a.txt")]
        assert engine.library.generation == generation


def test_a_changed_file_replaces_what_it_said(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OLD)
    with Engine.open(library) as engine:
        engine.ingest(folder)
        (folder / "a.txt").write_text(NEW)
        report = engine.ingest(folder)
        assert [item.path for item in report.updated] == [str(folder / "a.txt")]
        found = texts(engine, "amoxicillin otitis media")
        assert "250 mg" in found and "500 mg" not in found
        assert engine.library.counts()[0] == 1


def test_a_file_that_is_gone_is_gone_everywhere(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OTHER)
    (folder / "secret.txt").write_text(SECRET)
    with Engine.open(library) as engine:
        engine.ingest(folder)
        secret_row = next(
            row for row, text in engine.library.connection.execute("SELECT id, text FROM chunks")
            if text == SECRET
        )  # fmt: skip
        assert "Quokkamycin" in texts(engine, "quokkamycin")
        (folder / "secret.txt").unlink()
        report = engine.ingest(folder)
        assert [item.path for item in report.removed] == [str(folder / "secret.txt")]
        assert "Quokkamycin" not in texts(engine, "quokkamycin is given once")
    connection = sqlite3.connect(library / "library.sqlite")
    tables = [r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    for table in tables:
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            assert not any("quokka" in str(value).lower() for value in row), table
    connection.close()
    with Library.open(library) as opened:
        held = VectorCache(opened).load()
        assert held is not None
        assert secret_row not in held.rows
    assert b"uokka" not in everything_in(library).lower()


def test_keep_missing_keeps_them(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OLD)
    (folder / "b.txt").write_text(OTHER)
    with Engine.open(library) as engine:
        engine.ingest(folder)
        (folder / "a.txt").unlink()
        assert not engine.ingest(folder, keep_missing=True).removed
        assert "500 mg" in texts(engine, "amoxicillin")


def test_a_renamed_file_keeps_its_document(folder: Path, library: Path) -> None:
    (folder / "a.md").write_text(f"# Old doses\n\n{OLD}")
    with Engine.open(library) as engine:
        first = engine.ingest(folder).added[0]
        (folder / "a.md").rename(folder / "b.md")
        report = engine.ingest(folder)
        assert [item.id for item in report.added] == [first.id]
        assert [item.path for item in report.removed] == [str(folder / "a.md")]
        assert [info.path for info in engine.documents()] == [str(folder / "b.md")]


def test_a_file_without_a_title_takes_its_new_name_as_one(folder: Path, library: Path) -> None:
    (folder / "first-draft.txt").write_text(OLD)
    with Engine.open(library) as engine:
        engine.ingest(folder)
        (folder / "first-draft.txt").rename(folder / "amoxicillin-doses.txt")
        engine.ingest(folder)
        assert [info.title for info in engine.documents()] == ["amoxicillin doses"]


def test_equal_files_are_one_document_until_both_are_gone(folder: Path, library: Path) -> None:
    for name in ("a.md", "b.md", "c.md"):
        text = OLD if name != "c.md" else OTHER
        (folder / name).write_text(f"# {text[:11]}\n\n{text}")
    with Engine.open(library) as engine:
        engine.ingest(folder)
        assert engine.library.counts()[0] == 2
        (folder / "a.md").unlink()
        engine.ingest(folder)
        assert "500 mg" in texts(engine, "amoxicillin")
        (folder / "b.md").unlink()
        engine.ingest(folder)
        assert "500 mg" not in texts(engine, "amoxicillin")


def test_other_folders_are_left_alone(tmp_path: Path, library: Path) -> None:
    for name, text in (("one", OLD), ("two", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(text)
    with Engine.open(library) as engine:
        engine.ingest(tmp_path / "one")
        assert not engine.ingest(tmp_path / "two").removed
        assert engine.library.counts()[0] == 2


def test_records_of_a_file_are_documents(folder: Path, library: Path) -> None:
    lines = [
        '{"_id": "r1", "title": "Otitis", "text": "' + OLD + '"}',
        '{"_id": "r2", "title": "Fever", "text": "' + OTHER + '"}',
    ]
    path = folder / "corpus.jsonl"
    path.write_text("\n".join(lines))
    with Engine.open(library) as engine:
        assert [item.path for item in engine.ingest(folder).added] == [f"{path}#r1", f"{path}#r2"]
        path.write_text(lines[1] + "\n" + lines[0].replace("500 mg", "750 mg"))
        report = engine.ingest(folder)
        assert [item.path for item in report.updated] == [f"{path}#r1"]
        assert [item.path for item in report.unchanged] == [f"{path}#r2"]
        path.write_text(lines[1])
        assert [item.path for item in engine.ingest(folder).removed] == [f"{path}#r1"]


def test_a_damaged_file_is_named_and_the_rest_goes_on(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OLD)
    (folder / "b.pdf").write_bytes(b"%PDF-1.7 this is cut off")
    with Engine.open(library) as engine:
        report = engine.ingest(folder)
        assert [item.path for item in report.added] == [str(folder / "a.txt")]
        (failure,) = report.failed
        assert failure.path == str(folder / "b.pdf")
        assert failure.error and failure.remedy


def test_a_file_that_became_unreadable_is_said_to_be_still_in_the_library(
    folder: Path, library: Path
) -> None:
    path = folder / "a.txt"
    path.write_text(OLD)
    with Engine.open(library) as engine:
        engine.ingest(folder)
        path.write_bytes(b"")
        (failure,) = engine.ingest(folder).failed
        assert "Until then the library holds what was read from it before." in failure.remedy
        assert "500 mg" in texts(engine, "amoxicillin")


def test_collections_do_not_see_each_other(tmp_path: Path, library: Path) -> None:
    for name, text in (("one", OLD), ("two", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(text)
    with Engine.open(library) as engine:
        engine.ingest(tmp_path / "one", collection="ward")
        engine.ingest(tmp_path / "two", collection="pharmacy")
        found = engine.search("amoxicillin paracetamol", 20, collection="ward")
        assert [passage.chunk.text for passage in found] == [OLD]
        assert engine.search("amoxicillin", 20, collection="nobody") == []


def test_a_removed_document_is_erased(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OTHER)
    (folder / "secret.txt").write_text(SECRET)
    with Engine.open(library) as engine:
        engine.ingest(folder)
        engine.remove(str(folder / "secret.txt"))
        assert "Quokkamycin" not in texts(engine, "quokkamycin")
    assert b"uokka" not in everything_in(library).lower()


def test_readers_go_on_while_one_writes(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OLD)
    # Without the guard, which would refuse to start the other process.
    with Engine.open(library, offline=False) as engine:
        engine.ingest(folder)
        with Library.open(library, write=True) as writer, writer.transaction():
            writer.drop_documents([engine.documents()[0].id])
            # Not committed: another reader still sees the whole of it.
            code = (
                f"from medrag import Engine\nwith Engine.open({str(library)!r}) as e:\n"
                "    print(e.search('amoxicillin', 1)[0].chunk.text)"
            )
            seen = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            assert seen.stdout.strip() == OLD


def test_an_open_reader_follows_a_writer(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OLD)
    with Engine.open(library) as reader, Engine.open(library) as writer:
        writer.ingest(folder)
        assert "500 mg" in texts(reader, "amoxicillin")
        (folder / "a.txt").write_text(NEW)
        (folder / "b.txt").write_text(OTHER)
        writer.ingest(folder)
        found = texts(reader, "amoxicillin paracetamol")
        assert "250 mg" in found and "4 g in 24 hours" in found and "500 mg" not in found


def test_two_writers_at_once_are_refused(folder: Path, library: Path) -> None:
    (folder / "a.txt").write_text(OLD)
    with Library.open(library, write=True):
        code = f"from medrag import Engine\nEngine.open({str(library)!r}).ingest({str(folder)!r})"
        other = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
    assert "Another process is writing" in other.stderr


def test_a_file_of_records_is_removed_whole_by_a_relative_path(
    folder: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f'{{"_id": "r{i}", "text": "Drug {i}: {i} mg daily."}}' for i in range(3)]
    (folder / "corpus.jsonl").write_text("\n".join(rows))
    (folder / "a.txt").write_text(OTHER)
    monkeypatch.chdir(folder)
    with Engine.open(library) as engine:
        engine.ingest(".")
        assert len(engine.remove("corpus.jsonl")) == 3
        assert [Path(info.path).name for info in engine.documents()] == ["a.txt"]


def test_fields_of_a_record_that_were_not_read_are_named(folder: Path, library: Path) -> None:
    record = '{"name": "Jsonomycin", "max_dose": "3 g a day", "content": "An antibiotic."}'
    (folder / "a.jsonl").write_text(record)
    with Engine.open(library) as engine:
        (item,) = engine.ingest(folder).added
    assert item.warnings == ("Only the field 'content' was read, not: max_dose.",)


def test_an_unknown_collection_is_refused(folder: Path, library: Path) -> None:
    from medrag.errors import UsageError

    (folder / "a.txt").write_text(OTHER)
    with Engine.open(library) as engine:
        engine.ingest(folder, collection="ward")
        with pytest.raises(UsageError, match="ward"):
            engine.ask("fever", collection="wart")
