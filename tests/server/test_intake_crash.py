"""Whenever the power goes or the disk is full: library and uploads agree."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from medrag import Engine
from medrag.errors import LibraryError
from medrag.library import Library
from medrag.server import intake_job
from medrag.server.intake_job import Item, Job, load, part_of, save
from medrag.server.intake_work import Work
from tests.server.intake_helpers import (
    ANNA,
    agree,
    ended,
    made,
    sheet,
    upload,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


class Crash(BaseException):
    """As if the process had been killed here."""


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "library").mkdir()
    with Engine.open(tmp_path / "library", offline=False) as opened:
        yield opened


@pytest.mark.parametrize("how", ["killed", "killed and given up", "full disk"])
def test_a_job_broken_off_at_any_step_is_brought_to_its_end(
    empty: Engine, tmp_path: Path, how: str
) -> None:
    """Old versions and new names, readable and broken files; each step on the disk or in the
    library in turn is the one before which the process is killed, or that the disk refuses.
    Then it is taken up again, as it was or with all its files given up."""
    work = Work(empty, lambda progress: None, lambda act: act())
    for step in range(200):
        name = f"c{step}"
        home, folder = empty.folder / "uploads" / name, tmp_path / name
        folder.mkdir()
        home.mkdir(parents=True)
        old = {"good.md": sheet(f"Old of {name}."), "bad.json": b'{"text": "Old %d."}' % step}
        for file, data in old.items():
            (home / file).write_bytes(data)
        empty.ingest(home, collection=name)
        sent = {
            "good.md": sheet(f"New of {name}."),
            "bad.json": b'{"text": ',
            "fresh.md": sheet(f"Fresh of {name}."),
            "fresh.json": b"[",
        }
        for number, data in enumerate(sent.values()):
            part_of(folder, number).write_bytes(data)
        items = tuple(Item(file, number) for number, file in enumerate(sent))
        save(folder, Job(name, name, ANNA, items, 0.0))

        error = LibraryError("The disk is full.") if how == "full disk" else Crash()
        came_to_it = _fails_at(step, error, partial(work.take_in, folder))
        again = load(folder)
        assert again is not None and again.caller == ANNA
        if how == "killed and given up" and came_to_it:
            save(folder, again.give_up("No more.", "Enough."))
        report = work.take_in(folder)["report"]

        on_disk = {path.name: path.read_bytes() for path in home.iterdir()}
        assert on_disk.pop("bad.json") == old["bad.json"] and "fresh.json" not in on_disk, step
        whole = {"good.md": sent["good.md"], "fresh.md": sent["fresh.md"]}
        if how == "killed" or not came_to_it:
            assert on_disk == whole, step
        else:  # each for itself, as the step came before or after it was stored
            assert on_disk.get("good.md") in (old["good.md"], sent["good.md"]), step
            assert on_disk.get("fresh.md") in (None, sent["fresh.md"]), step
        assert {"bad.json", "fresh.json"} <= {item["path"] for item in report["failed"]}
        assert [path.name for path in folder.iterdir()] == ["job.json"], step
        with Library.open(empty.folder) as library:
            assert library.check() == []
            held = {Path(path).name: sha for path, (_, sha) in library.files(name).items()}
        assert held == {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in home.iterdir()
        }, step
        if not came_to_it:
            break
    assert 5 < step < 199


def _fails_at(step: int, error: BaseException, act: Any) -> bool:
    """Carry it out; one step of those below fails. Whether it came to that."""
    count = 0
    steps = [(Library, name) for name in ("put_file", "put_document", "remove_files", "tidy")]
    if isinstance(error, Crash):
        steps += [(Path, name) for name in ("replace", "unlink", "touch")]
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in steps:
            real = getattr(owner, name)

            def stepped(*given: Any, real: Any = real, **more: Any) -> Any:
                nonlocal count
                count += 1
                if count == step + 1:
                    raise error
                return real(*given, **more)

            patch.setattr(owner, name, stepped)
        with suppress(Crash, LibraryError):
            act()
    return count > step


SERVER = """
import asyncio, random, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from tests.server.intake_helpers import upload
from medrag.config import Settings
from medrag.errors import MedragError
from medrag.server.access import LOCAL
from medrag.server.intake import Intake
from medrag.server.settings import ServeSettings

async def main():
    intake = Intake(Path(sys.argv[1]), Settings(), ServeSettings())
    await intake.recover()
    print("ready", flush=True)
    for turn in range(1000):
        name = f"s{random.randrange(4)}.md"
        words = " ".join(random.choice("bed pump lamp dose door".split()) for _ in range(300))
        text = f"# {name}\\n\\n{words} {turn}."
        sent = await upload(intake, {name: text.encode(), "bad.json": b"["})
        print(sent.id, flush=True)
        while not intake.get(LOCAL, sent.id).ended:
            await asyncio.sleep(0.01)
        report = intake.get(LOCAL, sent.id).report
        if report and report.added and random.random() < 0.5:
            try:
                await intake.remove(LOCAL, report.added[0].id)
            except MedragError as error:
                print(error, flush=True)

asyncio.run(main())
"""


def _server(library: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(library), str(ROOT)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def test_a_server_killed_again_and_again_leaves_library_and_uploads_agreeing(
    tmp_path: Path,
) -> None:
    library = tmp_path / "library"
    chance = random.Random(4)
    for _ in range(int(os.environ.get("INTAKE_KILLS", "3"))):
        process = _server(library)
        time.sleep(0.3 + chance.random() * 1.5)
        children = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, left = psutil.wait_procs(children, timeout=5)
        assert not left, "the reader outlives its server"

    async def run() -> list[Any]:
        intake = made(library)
        await intake.recover()
        async with asyncio.timeout(60):
            while intake._tasks:
                await asyncio.sleep(0.02)
        await intake.close(5)
        return list(intake._uploads.values())

    taken_up = asyncio.run(run())
    assert all(upload.state == "done" for upload in taken_up)
    assert set(agree(library)["ward"]) <= {"s0.md", "s1.md", "s2.md", "s3.md"}


def test_an_accepted_upload_outlives_its_server(tmp_path: Path) -> None:
    async def first() -> str:
        intake = made(tmp_path)
        sent = await upload(intake, {"a.md": sheet("The quilt is red.")}, "ward", ANNA)
        await intake.close(0)
        return sent.id

    sent = asyncio.run(first())
    assert not (tmp_path / "uploads/ward/a.md").exists()

    async def second() -> None:
        intake = made(tmp_path)
        await intake.recover()
        done = await ended(intake, sent)
        assert (done.state, done.caller_id) == ("done", "anna")
        await intake.close(5)

    asyncio.run(second())
    assert agree(tmp_path) == {"ward": ["a.md"]}


def test_what_ends_the_server_each_time_is_given_up(tmp_path: Path) -> None:
    async def run() -> None:
        intake = made(tmp_path)
        sent = await upload(intake, {"a.md": sheet("The quilt is red.")}, "ward", ANNA)
        await intake.close(0)
        folder = tmp_path / "uploads/.incoming" / sent.id
        job = load(folder)
        assert job is not None
        save(folder, Job(job.id, job.collection, job.caller, job.items, job.order, begun=5))
        again = made(tmp_path)
        await again.recover()
        done = await ended(again, sent.id)
        assert done.state == "failed" and "again and again" in done.report.failed[0].error
        await again.close(5)

    asyncio.run(run())
    assert agree(tmp_path) == {"ward": []}


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from medrag.errors import LibraryError\n"
        "from medrag.server.intake_delivery import Delivery\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "place = Path(sys.argv[1]); place.mkdir()\n"
        "try:\n    with Delivery(place) as delivery:\n        delivery.begin('a.md')\n"
        "        for _ in range(40): delivery.write(b'x' * 9000)\n        delivery.end()\n"
        "except LibraryError as error:\n    print(error, place.exists())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "in")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "The disk has no room for the upload. Make room, and try again. False\n"


def test_the_names_of_a_job_are_those_of_its_steps(tmp_path: Path) -> None:
    """A folder that lies where a file belongs is not replaced by it."""
    part_of(tmp_path, 0).write_bytes(b"x")
    (tmp_path / "there.md").mkdir()
    with pytest.raises(LibraryError):
        intake_job.place(tmp_path, 0, tmp_path / "there.md")
    intake_job.put_back(tmp_path, 0, tmp_path / "there.md")
    assert [path.name for path in tmp_path.iterdir()] == ["there.md"]
