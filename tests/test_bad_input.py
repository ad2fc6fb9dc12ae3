"""Whatever lies in the folder or the library: one clear line, nothing lost, the right code."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from medrag import Engine
from medrag.errors import LibraryError, ReadError
from medrag.library import Library
from medrag.types import ModelIdentity
from tests.test_cli import only_object, run

GOOD = "Paracetamol for fever: give 1 g every 6 hours."


@pytest.fixture
def kept(tmp_path: Path, folder: Path) -> Path:
    """A library that already holds one document; no bad input may cost it."""
    (folder / "good.txt").write_text(GOOD)
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(folder)
    return tmp_path / "library"


def holds_good(library: Path) -> bool:
    with Engine.open(library) as engine:
        return engine.search("paracetamol fever", 1)[0].chunk.text == GOOD


def encrypted_pdf() -> bytes:
    from io import BytesIO

    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret", algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def zipped() -> bytes:
    from io import BytesIO
    from zipfile import ZipFile

    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("notes.txt", "not a Word document")
    return out.getvalue()


BAD = {
    "encrypted.pdf": (encrypted_pdf, "password"),
    "truncated.pdf": (lambda: b"%PDF-1.7\n1 0 obj\n<< /Type /Cat", "damaged"),
    "zipped.docx": (zipped, "Word"),
    "empty.txt": (lambda: b"", "0 bytes"),
    "empty.pdf": (lambda: b"", "0 bytes"),
    "binary.txt": (lambda: bytes(range(256)) * 50, "text"),
    "broken.jsonl": (lambda: b'{"text": "fine"}\n{"text": ', "2"),
    "deep.json": (lambda: b"[" * 100_000, "nest"),
    "picture.png": (lambda: b"\x89PNG\r\n", "not read"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_and_nothing_is_lost(kept: Path, folder: Path, name: str) -> None:
    make, says = BAD[name]
    (folder / name).write_bytes(make())
    done = run("--library", kept, "ingest", folder, "--json")
    assert done.returncode == 0, done.stderr
    (failure,) = only_object(done)["failed"]
    assert failure["path"] == str(folder / name)
    assert says.lower() in failure["error"].lower(), failure
    assert failure["remedy"] and "\n" not in failure["error"]
    assert "Traceback" not in done.stderr
    assert holds_good(kept)


def test_a_bad_file_that_was_named_fails_the_command(kept: Path, folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7")
    assert run("--library", kept, "ingest", folder / "bad.pdf").returncode == 1
    assert holds_good(kept)


def mixed(folder: Path) -> None:
    for number in range(6):
        (folder / f"bad{number}.txt").write_bytes(bytes(range(256)))
        (folder / f"good{number}.txt").write_text(f"{GOOD} Note {number}.")


def test_the_same_run_again_ends_alike(tmp_path: Path, folder: Path) -> None:
    """What a folder holds and cannot be read is named, and no failure, each time."""
    mixed(folder)
    for _ in range(2):
        done = run("--library", tmp_path / "library", "ingest", folder)
        assert "6 failed" in done.stderr
        assert done.returncode == 0


def test_a_reader_of_the_report_who_leaves_makes_no_failure(tmp_path: Path, folder: Path) -> None:
    """``2>&1 | head -1``: the ingest was done, whoever read on."""
    mixed(folder)
    for _ in range(2):
        command = [sys.executable, "-m", "medrag", "--library", str(tmp_path / "library"), "ingest"]
        with subprocess.Popen([*command, str(folder)], stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            process.stderr.close()
            assert process.wait(60) == 0


def test_a_file_that_was_named_by_another_way_fails_the_command_too(
    kept: Path, folder: Path
) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7")
    (folder / "sub").mkdir()
    again = folder / "sub" / ".." / "bad.pdf"
    assert run("--library", kept, "ingest", folder / "good.txt", again).returncode == 1


def test_a_folder_in_which_nothing_can_be_read_fails_each_time(kept: Path, folder: Path) -> None:
    (folder / "good.txt").unlink()
    (folder / "bad.txt").write_bytes(bytes(range(256)))
    assert run("--library", kept, "ingest", folder).returncode == 1  # and takes good.txt out
    assert run("--library", kept, "ingest", folder).returncode == 1


def test_a_missing_folder(kept: Path, tmp_path: Path) -> None:
    done = run("--library", kept, "ingest", tmp_path / "nowhere")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "nowhere" in done.stderr
    assert holds_good(kept)


def test_an_empty_folder(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = run("--library", kept, "ingest", tmp_path / "nothing")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "No documents" in done.stderr
    assert holds_good(kept)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX rights")
def test_an_unreadable_file(kept: Path, folder: Path) -> None:
    path = folder / "locked.txt"
    path.write_text("x")
    if os.geteuid() == 0:
        # Root reads everything; a file that vanishes between look and read fails alike.
        path.unlink()
        path.symlink_to(folder / "gone.txt")
    else:
        path.chmod(0)
    with Engine.open(kept) as engine:
        (failure,) = engine.ingest(folder).failed
    assert failure.path == str(path) and failure.remedy
    assert holds_good(kept)


def test_a_large_text_is_refused_without_being_loaded(kept: Path, folder: Path) -> None:
    path = folder / "large.txt"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    done = run("--library", kept, "ingest", folder, "--json")
    (failure,) = only_object(done)["failed"]
    assert "larger than 64 MB" in failure["error"]
    assert holds_good(kept)


def test_names_with_newlines_and_bytes_that_are_no_text(kept: Path, folder: Path) -> None:
    (folder / "new\nline.txt").write_text("Ibuprofen 400 mg every 8 hours.")
    raw = os.path.join(os.fsencode(folder), b"caf\xe9.txt")
    with open(raw, "w") as file:
        file.write("Codeine 30 mg every 6 hours.")
    done = run("--library", kept, "ingest", folder, "--json")
    assert done.returncode == 0, done.stderr
    paths = {item["path"] for item in only_object(done)["added"]}
    assert {Path(path).name for path in paths} == {"new\nline.txt", "caf\\xe9.txt"}
    again = only_object(run("--library", kept, "ingest", folder, "--json"))
    assert not again["added"] and not again["removed"]
    shown = run("--library", kept, "ask", "What is the dose of codeine?")
    assert "30 mg every 6 hours" in shown.stdout


def test_a_loop_of_links(kept: Path, folder: Path) -> None:
    (folder / "loop").symlink_to(folder)
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to(folder)
    done = run("--library", kept, "ingest", folder, "--json")
    assert done.returncode == 0
    assert not only_object(done)["added"]


def test_a_library_of_another_model(kept: Path, folder: Path) -> None:
    with Library.open(kept, write=True) as library, library.transaction():
        other = ModelIdentity("bge-small", "1" * 64, 384)
        from dataclasses import asdict

        library._set("model", json.dumps(asdict(other)))
    for command in (["ask", "fever"], ["ingest", folder / "new.txt"]):
        (folder / "new.txt").write_text("New.")
        done = run("--library", kept, *command)
        assert done.returncode == 1
        assert "bge-small" in done.stderr and done.stderr.count("\n") == 1


def test_a_library_from_a_newer_medrag(kept: Path) -> None:
    connection = sqlite3.connect(kept / "library.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for command in (["ask", "fever"], ["ingest", kept.parent], ["documents", "list"]):
        done = run("--library", kept, *command)
        assert done.returncode == 1
        assert "newer medrag" in done.stderr and done.stderr.count("\n") == 1


def test_a_damaged_library(kept: Path) -> None:
    (kept / "library.sqlite").write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    done = run("--library", kept, "ask", "fever")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def test_a_library_that_is_a_file(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "file").write_text("x")
    (folder / "a.txt").write_text(GOOD)
    done = run("--library", tmp_path / "file", "ingest", folder)
    assert done.returncode == 1 and done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_a_library_whose_name_is_no_text_is_refused_before_anything_is_written(
    tmp_path: Path, folder: Path
) -> None:
    place = tmp_path / os.fsdecode(b"a\xff")
    with pytest.raises(LibraryError, match="no text"), Engine.open(place) as engine:
        engine.ingest(folder)
    assert not place.exists()


def test_a_full_disk_loses_nothing(kept: Path, folder: Path) -> None:
    (folder / "more.txt").write_text("\n\n".join(f"Drug {i}: {i} mg daily." for i in range(2000)))
    # The database may not grow: SQLite then fails as it does on a full disk.
    with Library.open(kept, write=True) as library:
        pages = library.connection.execute("PRAGMA page_count").fetchone()[0]
        library.connection.execute(f"PRAGMA max_page_count = {pages}")
        from medrag.ingest import Ingest

        with Engine.open(kept) as engine:
            run_ = Ingest(library, engine._bulk_embedder, engine.settings, "default")
            with pytest.raises(LibraryError, match="full"):
                run_.run([folder])
    assert holds_good(kept)
    with Engine.open(kept) as engine:
        assert [Path(item.path).name for item in engine.ingest(folder).added] == ["more.txt"]
        assert not engine.library.check()


def test_reading_errors_are_of_one_tree(folder: Path) -> None:
    with Engine.open(folder / "library") as engine, pytest.raises(ReadError):
        engine.ingest(folder / "nowhere")
