"""The audit log: whole after a crash, a full disk and several writers; group commit."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from medrag.errors import LibraryError
from medrag.server import audit_chain, audit_store
from medrag.server.audit import AuditLog
from medrag.server.audit_chain import Head, read_head, read_key, write_head
from medrag.server.audit_show import Reading
from medrag.server.audit_verify import verify

NOVEMBER = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 0, 0, 0, 5000, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def actions(folder: Path) -> list[str]:
    return [record["action"] for record in Reading(folder).records()]


def write(folder: Path, *names: str, now: datetime = NOVEMBER) -> None:
    with AuditLog.open(folder, clock=lambda: now) as log:
        for name in names:
            log.append({"action": name}).result(10)


def test_a_record_is_numbered_timed_and_on_the_disk_when_its_future_is_done(folder: Path) -> None:
    with AuditLog.open(folder, clock=lambda: NOVEMBER) as log:
        assert log.append({"action": "started", "version": "1"}).result(10) == 1
        assert log.append({"action": "stopped"}).result(10) == 2
        # Read by another, while the log is open.
        first, second = Reading(folder).records()
        assert log.head == (2, second["hash"])
    assert first["time"] == "2026-11-23T10:00:00.000Z"
    assert (first["action"], first["version"]) == ("started", "1")
    assert second["prev"] == first["hash"]
    assert sorted(os.listdir(folder)) >= ["audit-2026-11.jsonl", "audit.head", "audit.key"]


def test_nobody_else_may_read_key_or_records(folder: Path) -> None:
    write(folder, "started")
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ("audit.key", "audit.head", "audit-2026-11.jsonl"):
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_the_chain_runs_on_over_restarts_and_months(folder: Path) -> None:
    write(folder, "one", "two")
    write(folder, "three", now=DECEMBER)
    write(folder, "four", now=NOVEMBER)  # the clock was put back
    report = verify(folder)
    assert report.ok and report.records == 4
    assert report.files == ("audit-2026-11.jsonl", "audit-2026-12.jsonl")
    assert actions(folder) == ["one", "two", "three", "four"]


def test_a_record_that_json_cannot_hold_is_refused_at_once(folder: Path) -> None:
    with AuditLog.open(folder) as log:
        with pytest.raises(ValueError, match="hash"):
            log.append({"action": "asked", "hash": "0"})
        with pytest.raises(ValueError):
            log.append({"score": float("nan")})
        with pytest.raises(TypeError):
            log.append({"caller": object()})
        assert log.append({"action": "\ud800 lone \x1b[2J"}).result(10) == 1
    assert verify(folder).ok


def test_close_writes_what_waits_and_then_takes_nothing(folder: Path) -> None:
    log = AuditLog.open(folder)
    futures = [log.append({"action": "asked", "n": n}) for n in range(3000)]
    log.close()
    log.close()
    assert [future.result(0) for future in futures] == list(range(1, 3001))
    with pytest.raises(LibraryError, match="closed"):
        log.append({"action": "late"}).result(10)
    assert verify(folder).records == 3000


def test_a_waiter_that_leaves_does_not_take_its_record_along(folder: Path) -> None:
    async def leave(log: AuditLog) -> None:
        waiting = asyncio.wrap_future(log.append({"action": "asked"}))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    with AuditLog.open(folder) as log:
        asyncio.run(leave(log))
        assert log.append({"action": "ended"}).result(10) == 2
    assert actions(folder) == ["asked", "ended"]


def test_fifty_waiters_share_their_writes(folder: Path) -> None:
    async def many(log: AuditLog) -> list[int]:
        async def one(n: int) -> list[int]:
            record = {"action": "asked", "waiter": n, "question": "x" * 500}
            return [await asyncio.wrap_future(log.append(record)) for _ in range(10)]

        return [seq for seqs in await asyncio.gather(*map(one, range(50))) for seq in seqs]

    with AuditLog.open(folder) as log:
        numbers = asyncio.run(many(log))
    assert sorted(numbers) == list(range(1, 501))
    assert verify(folder).records == 500


def test_two_open_logs_take_turns(folder: Path) -> None:
    with AuditLog.open(folder) as one, AuditLog.open(folder) as two:

        def work(log: AuditLog, name: str) -> None:
            for n in range(40):
                log.append({"action": name, "n": n}).result(30)

        threads = [
            threading.Thread(target=work, args=args) for args in ((one, "one"), (two, "two"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert verify(folder).ok
    assert actions(folder).count("one") == actions(folder).count("two") == 40


WRITER = """
import sys
from pathlib import Path
from medrag.server import audit_chain, audit_store
from medrag.server.audit import AuditLog
log = AuditLog.open(Path(sys.argv[1]))
for n in range(10**9):
    future = log.append({"action": "asked", "n": n, "filling": "x" * 3000})
    if n % 7 == 0:
        print(future.result(), flush=True)
"""


def test_killed_at_any_moment_it_goes_on_and_nothing_promised_is_lost(folder: Path) -> None:
    promised = 0
    for round_ in range(5):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout is not None
            promised = max(promised, int(writer.stdout.readline()))
        time.sleep(0.02 * round_)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        for writer in writers:
            told = writer.communicate()[0].split("\n")[:-1]
            promised = max([promised, *map(int, told)])
        report = verify(folder)
        assert report.ok, report.findings
        assert report.seq >= promised > 0
    write(folder, "after", now=datetime.now(UTC))
    assert verify(folder).ok and actions(folder)[-1] == "after"


def test_an_unfinished_line_is_a_note_then_set_aside_and_recorded(folder: Path) -> None:
    write(folder, "one", "two")
    path = folder / "audit-2026-11.jsonl"
    torn = b'{"seq":3,"time":"2026-11-23T10:00:00.000Z","acti'
    path.write_bytes(path.read_bytes() + torn)
    report = verify(folder)
    assert report.ok and "unfinished" in report.notes[0]
    write(folder, "four")
    assert actions(folder) == ["one", "two", "recovered", "four"]
    assert (folder / "torn-3").read_bytes() == torn
    recovered = list(Reading(folder).records())[2]
    assert recovered["torn_bytes"] == len(torn) and recovered["torn_file"] == "torn-3"
    report = verify(folder)
    assert report.ok and "crash" in report.notes[0]


def test_an_unfinished_line_of_a_killed_process_is_mended_by_one_that_runs(folder: Path) -> None:
    with AuditLog.open(folder, clock=lambda: NOVEMBER) as log:
        log.append({"action": "one"}).result(10)
        path = folder / "audit-2026-11.jsonl"
        path.write_bytes(path.read_bytes() + b'{"seq":2,"ti')
        assert log.append({"action": "three"}).result(10) == 3
    assert actions(folder) == ["one", "recovered", "three"]
    assert verify(folder).ok


def test_whole_records_behind_the_head_are_kept(folder: Path) -> None:
    write(folder, "one")
    key = read_key(folder)
    assert key is not None
    head = read_head(folder, key)
    assert head is not None
    write(folder, "two", "three")
    write_head(folder, key, head)  # a crash between the log and its head
    assert verify(folder).ok
    write(folder, "four")
    assert actions(folder) == ["one", "two", "three", "four"]
    assert verify(folder).ok


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """A disk that is full: no file of this process can grow beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_fails_the_record_and_later_ones_go_on(folder: Path) -> None:
    with AuditLog.open(folder, clock=lambda: NOVEMBER) as log:
        log.append({"action": "one"}).result(10)
        path = folder / "audit-2026-11.jsonl"
        before = path.read_bytes()
        with files_no_longer_than(len(before) + 100):  # the next line fits only in part
            with pytest.raises(LibraryError, match=r"cannot be written.*Make room"):
                log.append({"action": "two", "filling": "x" * 500}).result(10)
            assert path.read_bytes() == before
        assert log.append({"action": "three"}).result(10) == 2
    assert actions(folder) == ["one", "three"]
    report = verify(folder)
    assert report.ok and not report.notes


def test_a_head_that_cannot_be_written_takes_its_records_back(folder: Path) -> None:
    with AuditLog.open(folder, clock=lambda: NOVEMBER) as log:
        log.append({"action": "one"}).result(10)
        in_the_way = folder / "audit.head.new"
        in_the_way.mkdir()
        with pytest.raises(LibraryError):
            log.append({"action": "two"}).result(10)
        assert actions(folder) == ["one"]
        in_the_way.rmdir()
        assert log.append({"action": "three"}).result(10) == 2
    assert verify(folder).ok


def test_a_log_that_was_cut_while_it_was_open_is_not_written_on(folder: Path) -> None:
    with AuditLog.open(folder, clock=lambda: NOVEMBER) as log:
        log.append({"action": "one"}).result(10)
        log.append({"action": "two"}).result(10)
        path = folder / "audit-2026-11.jsonl"
        path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
        with pytest.raises(LibraryError, match="cut off"):
            log.append({"action": "three"}).result(10)
        path.unlink()
        with pytest.raises(LibraryError, match="missing"):
            log.append({"action": "three"}).result(10)


@pytest.mark.parametrize("lost", ["audit.key", "audit.head", "audit-2026-11.jsonl"])
def test_a_log_without_one_of_its_files_is_not_opened(folder: Path, lost: str) -> None:
    write(folder, "one")
    (folder / lost).unlink()
    assert not verify(folder).ok
    with pytest.raises(LibraryError, match=f"{lost} is missing"):
        AuditLog.open(folder)


def test_a_log_whose_last_record_was_changed_is_not_opened(folder: Path) -> None:
    write(folder, "one", "two")
    path = folder / "audit-2026-11.jsonl"
    path.write_bytes(path.read_bytes().replace(b"two", b"owt"))
    with pytest.raises(LibraryError, match=r"Record 2.*audit verify"):
        AuditLog.open(folder)


def test_a_crash_while_the_log_is_made_leaves_nothing_in_the_way(folder: Path) -> None:
    folder.mkdir()
    write_head(folder, b"k" * 32, Head())
    with pytest.raises(LibraryError, match="no audit log"):
        verify(folder)
    write(folder, "one")
    assert verify(folder).records == 1


def test_a_folder_that_cannot_be_one_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match=r"cannot be written"):
        AuditLog.open(tmp_path / "file" / "audit")


def test_nothing_is_written_through_a_link(folder: Path, tmp_path: Path) -> None:
    write(folder, "one")
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (folder / "audit.head.new").symlink_to(precious)
    write(folder, "two")
    assert not (folder / "audit.head").is_symlink() and precious.read_bytes() == b"precious"
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    (folder / "audit-2026-12.jsonl").symlink_to(empty)
    with pytest.raises(LibraryError), AuditLog.open(folder, clock=lambda: DECEMBER) as log:
        log.append({"action": "three"}).result(10)
    assert empty.read_bytes() == b""
    (folder / "audit-2026-12.jsonl").unlink()
    with (folder / "audit-2026-11.jsonl").open("ab") as file:
        file.write(b'{"seq":3,"time":"')
    (folder / "torn-3").symlink_to(tmp_path / "elsewhere")
    write(folder, "three")
    assert not (tmp_path / "elsewhere").exists() and verify(folder).ok


def test_the_log_is_written_as_bytes_where_the_system_knows_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows a file that is not opened as binary gets another byte at the end of each line."""
    bit = 1 << 29
    seen: list[tuple[str, int]] = []
    real = os.open

    def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            seen.append((Path(path).name, flags & bit))
        return real(path, flags & ~bit, *more, **named)

    monkeypatch.setattr(audit_chain, "EXACTLY", audit_chain.EXACTLY | bit)
    monkeypatch.setattr(audit_store, "EXACTLY", audit_store.EXACTLY | bit)
    write(folder, "one")
    monkeypatch.setattr(os, "open", opened)
    write(folder, "two")
    own = [(name, flag) for name, flag in seen if name.endswith((".jsonl", ".new"))]
    assert {name for name, _ in own} == {"audit-2026-11.jsonl", "audit.head.new"}
    assert all(flag for _, flag in own)
