"""Uploads and removals: whole or not at all, whatever is sent."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import psutil
import pytest

from medrag import Engine
from medrag.errors import Busy, Forbidden, LibraryError, NotFound, UsageError
from medrag.library import Library
from medrag.server import intake_removing
from medrag.server.access import LOCAL, Caller
from medrag.server.intake_worker import BEING_WRITTEN
from tests.server.intake_helpers import (
    ANNA,
    CORPORA,
    agree,
    ended,
    found,
    made,
    sheet,
    upload,
    uploaded,
)

BERT = Caller(id="bert", name="bert", role="curator", collections=frozenset({"clinic"}))
EVE = Caller(id="eve", name="eve", role="reader", collections=frozenset({"ward"}))


def test_what_is_uploaded_answers_and_a_torn_file_fails_alone(tmp_path: Path) -> None:
    library = tmp_path / "library"
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (210 << 20))
    files = {
        name.rpartition("/")[2]: (CORPORA / name).read_bytes()
        for name in (
            "guidelines/metformin-renal-v2.pdf",
            "formulary/adult-formulary.docx",
            "protocols/falls.md",
        )
    }
    files |= {
        "torn.pdf": (CORPORA / "guidelines/acute-asthma.pdf").read_bytes()[:5000],
        "bomb.docx": bomb.getvalue(),
        "letter.doc": b"x",
        "falls.MD": b"the same name where capitals do not count",
    }

    async def run() -> Any:
        intake = made(library)
        first = await upload(intake, files)
        assert first.state == "waiting"
        done = await ended(intake, first.id)
        await intake.close(5)
        return done

    done = asyncio.run(run())
    assert (done.state, done.error, done.files_done) == ("done", "", 7)
    assert {Path(item.path).name for item in done.report.added} == {*list(files)[:3]}
    failed = {failure.path: f"{failure.error} {failure.remedy}" for failure in done.report.failed}
    assert set(failed) == {"torn.pdf", "bomb.docx", "letter.doc", "falls.MD"}
    assert "damaged" in failed["torn.pdf"] and "decompression bomb" in failed["bomb.docx"]
    assert ".docx" in failed["letter.doc"] and "Rename" in failed["falls.MD"]
    assert agree(library) == {"ward": sorted(list(files)[:3])}
    with Engine.open(library) as engine:
        answer = engine.ask("At what eGFR should metformin be stopped?", collection=["ward"])
    assert "below 30 mL/min/1.73 m2" in answer.text
    assert answer.sources[0].passage.document.path == str(
        library / "uploads/ward/metformin-renal-v2.pdf"
    )


def test_a_new_version_takes_the_place_of_the_old_and_a_broken_one_does_not(tmp_path: Path) -> None:
    library = tmp_path / "library"

    async def run() -> list[Any]:
        intake = made(library)
        told: list[str] = []

        async def heard(caller: Caller, done: Any) -> None:
            assert intake.get(LOCAL, done.id).state != "done"  # told before it is called so
            told.append(f"{caller.id} {done.id}")

        intake.on_uploaded = heard
        one = await uploaded(
            intake, {"dose.json": b'{"text": "The zolmitrine dose is 5 mg."}'}, caller=ANNA
        )
        two = await uploaded(
            intake, {"dose.json": b'{"text": "The zolmitrine dose is 9 mg."}'}, caller=ANNA
        )
        three = await uploaded(intake, {"dose.json": b'{"text": "The zolmitrine'}, caller=ANNA)
        assert told == [f"anna {each.id}" for each in (one, two, three)]
        await intake.close(5)
        return [one, two, three]

    one, two, three = asyncio.run(run())
    assert [len(one.report.added), len(two.report.updated)] == [1, 1]
    assert (three.state, three.report.failed[0].path) == ("failed", "dose.json")
    text = found(library, "zolmitrine dose")
    assert "9 mg" in text and "5 mg" not in text
    assert agree(library) == {"ward": ["dose.json"]}
    assert b"9 mg" in (library / "uploads/ward/dose.json").read_bytes()


def test_many_at_once_are_read_one_after_the_other(tmp_path: Path) -> None:
    library = tmp_path / "library"

    async def run() -> None:
        intake = made(library)
        sent = [
            await upload(intake, {f"s{n}.md": sheet(f"Ward {n} opens at {n} o'clock.")})
            for n in range(3)
        ]
        running = set()
        while not all(intake.get(LOCAL, one.id).ended for one in sent):
            busy = [
                one.id for one in sent if intake.get(LOCAL, one.id).state not in ("waiting", "done")
            ]
            assert len(busy) <= 1
            running.update(busy)
            await asyncio.sleep(0.005)
        assert [intake.get(LOCAL, one.id).state for one in sent] == ["done"] * 3
        await intake.close(5)

    asyncio.run(run())
    assert agree(library) == {"ward": ["s0.md", "s1.md", "s2.md"]}


def test_another_writer_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "library"
    monkeypatch.setattr(intake_removing, "REMOVAL_WAITS", 1.5)

    async def run() -> None:
        intake = made(library)
        first = await uploaded(intake, {"a.md": sheet("The kettle is blue.")})
        with Library.open(library, write=True):
            with pytest.raises(LibraryError, match=f"^{BEING_WRITTEN}"):
                Library.open(library, write=True)
            with pytest.raises(Busy):
                await intake.remove(LOCAL, first.report.added[0].id)
            assert (library / "uploads/ward/a.md").is_file()
            sent = await upload(intake, {"b.md": sheet("The lamp is green.")})
            await asyncio.sleep(1.5)
            assert intake.get(LOCAL, sent.id).state == "waiting"
        assert (await ended(intake, sent.id)).state == "done"
        await intake.close(5)

    asyncio.run(run())
    assert agree(library) == {"ward": ["a.md", "b.md"]}


def test_what_takes_too_long_is_given_up(tmp_path: Path) -> None:
    library = tmp_path / "library"
    slow = sheet(
        "\n\n".join(f"Bed {n} of the ward is washed at {n} o'clock." for n in range(60_000))
    )

    async def run() -> Any:
        before = made(library)
        await uploaded(before, {"long.md": sheet("The vase is old.")})
        await before.close(5)
        intake = made(library, upload_seconds=2.0)
        done = await uploaded(intake, {"long.md": slow, "next.md": sheet("The vase is new.")})
        await intake.close(5)
        return done

    done = asyncio.run(run())
    assert done.state == "failed"
    assert {f.path: f.error for f in done.report.failed} == {
        "long.md": "Reading took longer than 2 seconds.",
        "next.md": "It was not read, because 'long.md' took too long.",
    }
    assert agree(library) == {"ward": ["long.md"]}
    assert "The vase is old." in found(library, "vase")


def test_a_file_that_ends_the_reader_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    library = tmp_path / "library"
    slow = sheet(
        "\n\n".join(f"Bed {n} of the ward is washed at {n} o'clock." for n in range(20_000))
    )

    async def run() -> Any:
        intake = made(library)
        sent = await upload(intake, {"a.md": slow, "b.md": sheet("The zither is loud.")})
        killed = None
        while not intake.get(LOCAL, sent.id).ended:
            for child in psutil.Process().children():
                if killed is None and "medrag.server.intake_worker" in child.cmdline():
                    await asyncio.sleep(0.8)
                    child.kill()
                    killed = child.pid
            await asyncio.sleep(0.02)
        assert killed is not None
        await intake.close(5)
        return intake.get(LOCAL, sent.id)

    done = asyncio.run(run())
    assert done.state == "done"
    assert [Path(item.path).name for item in done.report.added] == ["b.md"]
    assert [failure.path for failure in done.report.failed] == ["a.md"]
    assert agree(library) == {"ward": ["b.md"]}


def test_a_link_in_the_uploads_is_never_followed(tmp_path: Path) -> None:
    library, secret = tmp_path / "library", tmp_path / "secret.md"
    secret.write_bytes(sheet("The safe opens with 4711."))
    outside = tmp_path / "outside"
    outside.mkdir()
    home = library / "uploads/ward"
    home.mkdir(parents=True)
    (home / "note.md").symlink_to(secret)
    (library / "uploads/clinic").symlink_to(outside)

    async def run() -> None:
        intake = made(library)
        done = await uploaded(intake, {"note.md": sheet("The safe is grey.")})
        assert done.state == "done"
        with pytest.raises(LibraryError):
            await upload(intake, {"x.md": sheet("x")}, "clinic")
        await intake.close(5)

    asyncio.run(run())
    assert b"4711" in secret.read_bytes() and not (home / "note.md").is_symlink()
    assert "4711" not in found(library, "safe opens") and not list(outside.iterdir())


# Out


def test_what_is_removed_is_found_no_more_and_its_file_is_gone(tmp_path: Path) -> None:
    library = tmp_path / "library"
    both = sheet("The harpsichord stands in room 12.")

    async def run() -> None:
        intake = made(library)
        told: list[str] = []

        async def heard(caller: Caller, infos: Any) -> None:
            told.extend(info.id for info in infos)

        intake.on_removed = heard
        done = await uploaded(intake, {"a.md": both, "same.md": both}, "ward")
        await uploaded(intake, {"b.md": both}, "clinic")
        wanted = done.report.added[0].id
        with pytest.raises(Forbidden):
            await intake.remove(EVE, wanted)
        with pytest.raises(Forbidden):
            await intake.remove(ANNA, wanted, "clinic")
        with pytest.raises(NotFound):
            await intake.remove(ANNA, "0" * 64)
        gone = await intake.remove(ANNA, wanted)
        assert [info.collections for info in gone.documents] == [("ward",)]
        assert agree(library) == {"ward": [], "clinic": ["b.md"]}
        assert found(library, "harpsichord", "ward") == ""
        assert "room 12" in found(library, "harpsichord", "clinic")
        with pytest.raises(NotFound):
            await intake.remove(ANNA, wanted)
        assert (await intake.remove(LOCAL, wanted)).note == ""
        assert told == [wanted, wanted]
        await intake.close(5)

    asyncio.run(run())
    assert agree(library) == {"ward": [], "clinic": []}
    assert b"harpsichord" not in (library / "library.sqlite").read_bytes()


def test_a_file_of_a_folder_stays_and_so_does_one_with_other_records(
    tmp_path: Path, folder: Path
) -> None:
    library = tmp_path / "library"
    (folder / "own.md").write_bytes(sheet("The gong is struck at noon."))
    with Engine.open(library) as engine:
        own = engine.ingest(folder, collection="ward").added[0].id

    async def run() -> None:
        intake = made(library)
        lines = [json.dumps({"id": n, "text": f"The bell rings {n} times."}) for n in range(2)]
        done = await uploaded(intake, {"bells.jsonl": "\n".join(lines).encode()})
        gone = await intake.remove(ANNA, own)
        assert "own.md" in gone.note and (folder / "own.md").is_file()
        assert str(folder) not in gone.note
        first = await intake.remove(ANNA, done.report.added[0].id)
        assert "bells.jsonl, whose file stays" in first.note
        assert agree(library) == {"ward": ["bells.jsonl"]}
        await intake.remove(ANNA, done.report.added[1].id)
        await intake.close(5)

    asyncio.run(run())
    assert agree(library) == {"ward": []}


# Who


def test_roles_and_collections_are_held_and_uploads_are_their_senders(tmp_path: Path) -> None:
    async def run() -> None:
        intake = made(tmp_path / "library")
        with pytest.raises(Forbidden):
            async with intake.delivery(EVE):
                pass
        with pytest.raises(Forbidden):
            await upload(intake, {"a.md": sheet("x")}, "clinic", ANNA)
        with pytest.raises(UsageError, match="no file"):
            await upload(intake, [], "ward", ANNA)
        with pytest.raises(UsageError, match=r"\.exe are not read"):
            await upload(intake, {"a.exe": b"x"}, "ward", ANNA)
        done = await uploaded(intake, {"a.md": sheet("The quilt is red.")}, "ward", ANNA)
        assert intake.get(ANNA, done.id) == intake.get(LOCAL, done.id) == done
        for caller, wanted in ((BERT, done.id), (ANNA, "f" * 32)):
            with pytest.raises(NotFound):
                intake.get(caller, wanted)
        await intake.close(5)
        with pytest.raises(Busy):
            await upload(intake, {"b.md": sheet("x")})

    asyncio.run(run())
    assert agree(tmp_path / "library") == {"ward": ["a.md"]}


def test_a_second_server_takes_no_uploads_for_the_same_library(tmp_path: Path) -> None:
    async def run() -> None:
        one, other = made(tmp_path), made(tmp_path)
        await uploaded(one, {"a.md": sheet("The quilt is red.")})
        with pytest.raises(LibraryError, match="another one does"):
            await upload(other, {"b.md": sheet("x")})
        await one.close(5)
        assert (await uploaded(other, {"b.md": sheet("The quilt is blue.")})).state == "done"
        await other.close(5)

    asyncio.run(run())


def test_a_library_that_was_moved_or_copied_knows_its_uploads(tmp_path: Path) -> None:
    async def run(library: Path, files: dict[str, bytes], wanted: str = "") -> str:
        intake = made(library)
        done = await uploaded(intake, files)
        assert done.report is not None
        if wanted:
            assert (await intake.remove(LOCAL, wanted)).note == ""
        await intake.close(5)
        return (done.report.added + done.report.updated)[0].id

    first, second, third = tmp_path / "first", tmp_path / "second", tmp_path / "third"
    old = {"a.md": sheet("The oboe costs 5 euros."), "b.md": sheet("The viola costs 7 euros.")}
    asyncio.run(run(first, old))
    viola = hashlib.sha256(old["b.md"]).hexdigest()
    shutil.copytree(first, second)
    asyncio.run(run(second, {"a.md": sheet("The oboe costs 6 euros.")}))
    assert "5 euros" not in found(second, "oboe costs") and "5 euros" in found(first, "oboe costs")
    shutil.rmtree(first)
    second.rename(third)
    asyncio.run(run(third, {"c.md": sheet("The flute costs 8 euros.")}, viola))
    assert not (third / "uploads/ward/b.md").exists()
    assert "7 euros" not in found(third, "viola costs") and "6 euros" in found(third, "oboe costs")
