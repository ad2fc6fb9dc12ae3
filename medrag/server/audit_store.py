"""Appending to the audit log's files, so that a crash, a full disk or a second process leaves a
whole chain.

A batch is written under a lock between processes: first what others wrote is read, then the lines
go to the end of the month's file and to the disk, then the head is replaced. So the head is never
ahead of the log: where it is, something was cut off. What stands behind the head was promised to
nobody: whole records there are kept, an unfinished one is moved aside and the fact recorded.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from medrag.errors import LibraryError
from medrag.server.audit_chain import (
    EXACTLY,
    HEAD_FILE,
    KEY_FILE,
    AlteredLog,
    Head,
    event_json,
    file_of,
    has_records,
    log_files,
    make_key,
    read_head,
    read_key,
    read_line,
    replace_file,
    stamp,
    sync_folder,
    write_head,
    write_line,
)

Clock = Callable[[], datetime]
_LOCK_FILE = "audit.lock"
_LOCK_SECONDS = 20.0
_POLL_SECONDS = 0.002


class AuditStore:
    """The log in a folder, for one thread of this process. ``head`` is the last record known."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Open the log, or begin one, and mend what a crash left.

        Raises:
            AlteredLog: its end is not what was written.
            LibraryError: the folder cannot be written.
        """
        from filelock import FileLock

        self.folder = folder
        self._clock = clock
        with self._errors():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = FileLock(folder / _LOCK_FILE, mode=0o600, thread_local=False)
        with self._locked():
            self._key = self._own_key()
            self.head = self._own_head()
            known = self.head
            self._catch_up()
            if self.head != known:
                write_head(folder, self._key, self.head)

    def write(self, events: Sequence[bytes]) -> int:
        """Append events (from ``event_json``), all of them or none; the first one's number.

        Raises:
            AlteredLog: what was written before is no longer there.
            LibraryError: the disk is full or the folder cannot be written; nothing was appended.
        """
        with self._locked():
            self._catch_up()
            first = self.head.seq + 1
            self._append(events)
            return first

    def _own_key(self) -> bytes:
        key = read_key(self.folder)
        if key is not None:
            return key
        if has_records(self.folder):
            raise AlteredLog(f"{self.folder / KEY_FILE} is missing.")
        return make_key(self.folder)

    def _own_head(self) -> Head:
        head = read_head(self.folder, self._key)
        if head is None:
            raise AlteredLog(f"{self.folder / HEAD_FILE} is missing.")
        if head.seq == 0:
            return head
        try:
            with (self.folder / head.file).open("rb") as file:
                file.seek(head.start)
                line = file.read(head.end - head.start)
        except FileNotFoundError as error:
            raise AlteredLog(f"{self.folder / head.file} is missing.") from error
        entry = read_line(self._key, head.file, line)
        if entry is None or (entry.seq, entry.hash) != (head.seq, head.hash):
            raise AlteredLog(f"Record {head.seq} of the audit log was altered or cut off.")
        return head

    def _catch_up(self) -> None:
        """Take in what stands behind ``head``: other processes' records, or what a crash left."""
        names = [name for name in log_files(self.folder) if name >= self.head.file]
        if self.head.file and self.head.file not in names:
            raise AlteredLog(f"{self.folder / self.head.file} is missing.")
        for index, name in enumerate(names):
            at = self.head.end if name == self.head.file else 0
            size = (self.folder / name).stat().st_size
            if size < at:
                raise AlteredLog(f"{self.folder / name} was cut off.")
            if size > at and not self._read_on(name, at):
                if any((self.folder / later).stat().st_size for later in names[index + 1 :]):
                    raise AlteredLog(f"{self.folder / name} was altered.")
                self._set_aside(name)

    def _read_on(self, name: str, at: int) -> bool:
        """Follow the chain through a file; whether it goes to the file's end."""
        with (self.folder / name).open("rb") as file:
            file.seek(at)
            for line in file:
                entry = read_line(self._key, name, line)
                if entry is None or (entry.seq, entry.prev) != (self.head.seq + 1, self.head.hash):
                    return False
                end = at + len(line)
                self.head = Head(entry.seq, entry.hash, name, at, end)
                at = end
        return True

    def _set_aside(self, name: str) -> None:
        """Move what stands behind the last whole record of a file into one of its own."""
        at = self.head.end if name == self.head.file else 0
        with os.fdopen(os.open(self.folder / name, os.O_RDWR | EXACTLY), "r+b") as file:
            file.seek(at)
            torn = file.read()
            side = self._side_file()
            replace_file(side, torn)
            file.truncate(at)
            os.fsync(file.fileno())
        event = {
            "action": "recovered",
            "torn_bytes": len(torn),
            "torn_file": side.name,
            "torn_sha256": hashlib.sha256(torn).hexdigest(),
        }
        self._append([event_json(event)])

    def _side_file(self) -> Path:
        side = self.folder / f"torn-{self.head.seq + 1}"
        again = 1
        while os.path.lexists(side):
            again += 1
            side = self.folder / f"torn-{self.head.seq + 1}-{again}"
        return side

    def _append(self, events: Sequence[bytes]) -> None:
        now = self._clock()
        # A clock that was put back must not write before what is there.
        name = max(self.head.file, file_of(now))
        head, lines = self.head, []
        for event in events:
            line, head = write_line(self._key, name, event, head, stamp(now))
            lines.append(line)
        before = self.head.end if name == self.head.file else 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | EXACTLY
        descriptor = os.open(self.folder / name, flags, 0o600)
        try:
            _write_all(descriptor, b"".join(lines))
            os.fsync(descriptor)
            if before == 0:
                sync_folder(self.folder)
            write_head(self.folder, self._key, head)
        except OSError:
            # Nobody was promised these records. If cutting fails too, the next batch mends it.
            with suppress(OSError):
                os.ftruncate(descriptor, before)
                os.fsync(descriptor)
            raise
        finally:
            os.close(descriptor)
        self.head = head

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._errors(), self._lock.acquire(_LOCK_SECONDS, poll_interval=_POLL_SECONDS):
            yield

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from filelock import Timeout

        try:
            yield
        except Timeout as error:
            raise LibraryError(
                f"Another process holds the audit log in {self.folder}.",
                "Stop it, or wait; until then no question is answered.",
            ) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise LibraryError(
                f"The audit log in {self.folder} cannot be written: {reason}.",
                "Make room or correct its rights; until then no question is answered.",
            ) from error


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
