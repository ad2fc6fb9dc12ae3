"""What is removed is told of before and after, errors of ours end an upload, and no place of the
server is told."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.errors import LibraryError, NotFound
from medrag.library import Library
from medrag.offline import INTAKE_COMMAND
from medrag.server import intake_process
from medrag.server.access import LOCAL, Caller
from medrag.server.intake import Intake
from medrag.server.intake_told import without_places
from tests.server.intake_helpers import (
    ANNA,
    agree,
    ended,
    found,
    made,
    sheet,
    upload,
    uploaded,
)


def heard_of(intake: Intake) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """What the intake tells of removals, as it does: (when, caller, document, collections)."""
    told: list[tuple[str, str, str, tuple[str, ...]]] = []

    async def removing(caller: Caller, infos: Any) -> None:
        told.extend(("removing", caller.id, info.id, info.collections) for info in infos)

    async def removed(caller: Caller, infos: Any) -> None:
        told.extend(("removed", caller.id, info.id, info.collections) for info in infos)

    intake.on_removing, intake.on_removed = removing, removed
    return told


def test_a_removal_is_told_of_before_and_after_and_not_done_where_it_cannot_be(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        intake = made(tmp_path)
        told = heard_of(intake)
        done = await uploaded(intake, {"a.md": sheet("The spinet is red.")})
        await uploaded(intake, {"a.md": sheet("The spinet is red.")}, "clinic")
        spinet = done.report.added[0].id  # type: ignore[union-attr]
        working, intake.on_removing = intake.on_removing, full
        with pytest.raises(LibraryError, match="No room for records"):
            await intake.remove(LOCAL, spinet)
        assert "spinet" in found(tmp_path, "spinet", "ward") and told == []
        assert agree(tmp_path) == {"ward": ["a.md"], "clinic": ["a.md"]}
        intake.on_removing = working
        with pytest.raises(NotFound):
            await intake.remove(ANNA, "0" * 64)
        assert told == []
        await intake.remove(ANNA, spinet[:12])
        assert told == [(when, "anna", spinet, ("ward",)) for when in ("removing", "removed")]
        await intake.close(5)

    async def full(caller: Caller, infos: Any) -> None:
        raise LibraryError("No room for records.", "Make room.")

    asyncio.run(run())


@pytest.mark.parametrize("how", ["killed when done", "killed before", "too slow"])
def test_a_removal_that_is_broken_off_is_told_of_when_it_has_come_to_its_end(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        intake = made(tmp_path)
        told = heard_of(intake)
        done = await uploaded(intake, {"a.md": sheet("The spinet is red.")})
        spinet = done.report.added[0].id  # type: ignore[union-attr]
        real = Intake._send

        async def send(self: Intake, order: Any, *rest: Any) -> Any:
            if order["op"] == "remove" and how != "killed before":
                await real(self, order, *rest)
            if order["op"] == "remove":
                slow = how == "too slow"
                raise intake_process.ProcessSlow if slow else intake_process.ProcessDied
            return await real(self, order, *rest)

        monkeypatch.setattr(Intake, "_send", send)
        with pytest.raises(LibraryError, match="broken off"):
            await intake.remove(ANNA, spinet)
        await intake.close(30)
        gone = how != "killed before"
        whens = ["removing", "removed"] if gone else ["removing"]
        assert told == [(when, "anna", spinet, ("ward",)) for when in whens]
        assert agree(tmp_path) == {"ward": [] if gone else ["a.md"]}

    asyncio.run(run())


def test_a_removal_ended_while_it_waits_with_the_file_aside_is_brought_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process is killed while it waits for the lock a second time, the file already aside."""

    async def run() -> None:
        intake = made(tmp_path)
        told = heard_of(intake)
        done = await uploaded(intake, {"a.md": sheet("The spinet is red.")})
        spinet = done.report.added[0].id  # type: ignore[union-attr]

        async def send(self: Intake, order: Any, tell: Any, *rest: Any) -> Any:
            monkeypatch.undo()
            (tmp_path / "uploads/ward/a.md").replace(Path(order["aside"]) / "0")
            tell({"type": "waiting"})
            raise intake_process.ProcessSlow

        monkeypatch.setattr(Intake, "_send", send)
        with pytest.raises(LibraryError, match="broken off"):
            await intake.remove(ANNA, spinet)
        await intake.close(30)
        assert [when for when, *_ in told] == ["removing", "removed"]
        assert agree(tmp_path) == {"ward": []}

    asyncio.run(run())


def test_where_no_process_can_be_started_it_is_said_and_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*given: Any, **more: Any) -> Any:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    async def run() -> None:
        intake = made(tmp_path)
        done = await uploaded(intake, {"a.md": sheet("The spinet is red.")})
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "create_subprocess_exec", none)
            failed = await uploaded(intake, {"b.md": sheet("The lute is blue.")})
            assert failed.state == "failed" and "temporarily unavailable" in failed.error
            with pytest.raises(LibraryError, match="cannot be started"):
                await intake.remove(LOCAL, done.report.added[0].id)  # type: ignore[union-attr]
        assert (await uploaded(intake, {"c.md": sheet("The horn is old.")})).state == "done"
        await intake.close(5)

    asyncio.run(run())


def test_an_error_of_ours_ends_the_upload_and_tells_its_kind_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(caller: Caller, done: Any) -> None:
        raise ZeroDivisionError("Mrs Miller")

    async def run() -> None:
        intake = made(tmp_path)
        intake.on_uploaded = broken
        failed = await uploaded(intake, {"a.md": sheet("The spinet is red.")})
        assert failed.state == "failed" and "ZeroDivisionError" in failed.error
        assert "Miller" not in failed.error + failed.remedy
        await intake.close(5)

    with caplog.at_level(logging.DEBUG, "medrag"):
        asyncio.run(run())
    assert "ZeroDivisionError" in caplog.text and "Miller" not in caplog.text


def test_an_upload_is_shown_to_those_alone_who_may_see_its_collection(tmp_path: Path) -> None:
    bound = Caller(id="chief", name="chief", role="admin", collections=frozenset({"clinic"}))
    moved = Caller(id="anna", name="anna", role="curator", collections=frozenset({"clinic"}))

    async def run() -> None:
        intake = made(tmp_path)
        done = await uploaded(intake, {"a.md": sheet("The spinet is red.")}, "ward", ANNA)
        assert intake.get(LOCAL, done.id) == intake.get(ANNA, done.id) == done
        for caller in (bound, moved):
            with pytest.raises(NotFound):
                intake.get(caller, done.id)
        await intake.close(5)

    asyncio.run(run())


def test_the_loop_never_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is being written to by others takes seconds for what is otherwise quick."""
    main, on_loop = threading.get_ident(), list[str]()

    def noting(name: str, real: Any) -> Any:
        def noted(*given: Any, **more: Any) -> Any:
            if threading.get_ident() == main:
                on_loop.append(name)
            return real(*given, **more)

        return noted

    async def run() -> None:
        intake = made(tmp_path)
        await upload(intake, {"a.md": sheet("The spinet is red.")}, "ward", ANNA)
        await intake.close(0)
        again = made(tmp_path)
        for owner, name in ((os, "fsync"), (os, "rmdir"), (os, "unlink"), (Path, "iterdir")):
            monkeypatch.setattr(owner, name, noting(name, getattr(owner, name)))
        await again.recover()
        (sent,) = again._uploads
        done = await ended(again, sent)
        async with again.delivery(LOCAL):
            pass
        await again.remove(LOCAL, done.report.added[0].id)  # type: ignore[union-attr]
        await again.close(5)

    asyncio.run(run())
    assert on_loop == []


# Places


def test_no_place_of_the_server_is_told(tmp_path: Path) -> None:
    library = tmp_path / "the library"

    async def run() -> None:
        intake = made(library)
        done = await uploaded(intake, {"a.md": sheet("The spinet is red.")})
        (library / "uploads/clinic").symlink_to(tmp_path)
        with pytest.raises(LibraryError) as link:
            await upload(intake, {"b.md": sheet("x")}, "clinic")
        with Library.open(library, write=True) as opened:
            opened.connection.execute("PRAGMA user_version = 99")
        with pytest.raises(LibraryError) as removal:
            await intake.remove(LOCAL, done.report.added[0].id)  # type: ignore[union-attr]
        failed = await uploaded(intake, {"c.md": sheet("x")})
        await intake.close(5)
        assert "newer medrag" in removal.value.message and "newer medrag" in failed.error
        words = [str(link.value), str(removal.value), failed.error, failed.remedy]
        assert not [each for each in words if str(tmp_path) in each or "/" in each]

    asyncio.run(run())
    children = psutil.Process().children()
    assert not [child for child in children if INTAKE_COMMAND[-1] in child.cmdline()]


NAMES = st.text(st.sampled_from("ab.-_é"), min_size=1, max_size=8).filter(
    lambda name: name.strip(".") != ""
)


@given(NAMES, st.lists(NAMES, max_size=3), NAMES, st.sampled_from(["'{}'", "in {}.", "({})", "{}"]))
def test_of_a_path_the_name_is_left(root: str, folders: list[str], name: str, around: str) -> None:
    library = Path("/srv/data of the ward") / root
    for start in (library, Path("/home/x")):
        path = "/".join([str(start), *folders, name])
        said = without_places("Read " + around.format(path) + " again.", library)
        assert said == "Read " + around.format(name) + " again."


@pytest.mark.parametrize("text", ["5 mg/kg/day", "1/2", "either/or", "a / b", "uploads/x.md"])
def test_what_is_no_place_stays(text: str) -> None:
    assert without_places(text, Path("/srv/library")) == text
    assert without_places("In /srv/library: no", Path("/srv/library")) == "In the library: no"
