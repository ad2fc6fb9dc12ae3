"""The folder of what is on its way: whose it is, what was left in it, and what is accepted."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from medrag.errors import LibraryError, UsageError, one_line
from medrag.server.intake_delivery import Delivery, Sent
from medrag.server.intake_job import INCOMING, UPLOADS, Item, Job, load, made_folder, part_of, save
from medrag.server.intake_names import safe_name, same_name

if TYPE_CHECKING:
    from filelock import BaseFileLock

# There while a server has the folder; found at a start, it says that one ended badly.
_RUNNING = "running"


class Incoming:
    """The uploads folder of a library, which one server has at a time."""

    def __init__(self, library: Path) -> None:
        self._places = library / UPLOADS
        self._folder = self._places / INCOMING
        self._lock: BaseFileLock | None = None

    @property
    def mine(self) -> bool:
        """Whether this server has it."""
        return self._lock is not None

    @property
    def exists(self) -> bool:
        """Whether anything was ever uploaded."""
        return self._folder.is_dir()

    def take(self) -> tuple[list[tuple[Path, Job]], bool]:
        """Take the folder. Accepted jobs that were left in it come back in the order of their
        coming, with whether the server before ended badly; whatever else was left is deleted.

        Raises:
            LibraryError: another server has it, or it cannot be made.
        """
        from filelock import FileLock, Timeout

        made_folder(self._places)
        made_folder(self._folder)
        lock = FileLock(self._folder / "lock", timeout=0, thread_local=False)
        try:
            lock.acquire()
            left = (self._folder / _RUNNING).exists()
            (self._folder / _RUNNING).touch()
        except (Timeout, OSError) as error:
            lock.release()
            raise LibraryError(
                "This server cannot take uploads: another one does for this library, or its"
                " folder cannot be written.",
                "Stop the other server, or correct the folder's rights.",
            ) from error
        self._lock = lock
        jobs: list[tuple[Path, Job]] = []
        for folder in self._folder.iterdir():
            if folder.is_symlink() or not folder.is_dir():
                continue
            job = load(folder)
            if job is None:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                jobs.append((folder, job))
        return sorted(jobs, key=lambda pair: pair[1].order), left

    def release(self, *, whole: bool) -> None:
        """Give the folder back; ``whole`` says that nothing is left half done."""
        lock, self._lock = self._lock, None
        if lock is not None:
            if whole:
                (self._folder / _RUNNING).unlink(missing_ok=True)
            lock.release()

    def new(self) -> Path:
        """A folder of its own inside.

        Raises:
            LibraryError: it cannot be made.
        """
        return made_folder(self._folder / uuid.uuid4().hex)

    def accept(self, job: Job, delivery: Delivery) -> Job:
        """Write the job beside its files; once this returns, it is not lost any more.

        Raises:
            UsageError: on this disk the collection's name is another's.
            LibraryError: it cannot be written.
        """
        home = made_folder(self._places / job.collection)
        try:
            if job.collection not in os.listdir(self._places):
                raise UsageError(
                    "A collection differs from this name in capitals only.", "Choose another name."
                )
            there = os.listdir(home)
            job = replace(job, items=tuple(_spelled(home, there, item) for item in job.items))
            for number in {sent.number for sent in delivery.files}:
                if number not in {item.number for item in job.items}:
                    part_of(delivery.folder, number).unlink()
            save(delivery.folder, job)
            delivery.accepted()
        except OSError as error:
            raise unwritten(error) from error
        return job


def unwritten(error: OSError) -> LibraryError:
    """That an upload's own files cannot be written, in words."""
    return LibraryError(
        f"The upload cannot be written ({error.strerror}).", "Make room, and send it again."
    )


def items_of(files: Sequence[Sent]) -> tuple[Item, ...]:
    """The files with the names that they get, and why some are refused."""
    items: list[Item] = []
    taken: set[str] = set()
    for sent in files:
        try:
            name = safe_name(sent.name)
            if same_name(name) in taken:
                raise UsageError(
                    "The upload holds another file of this name.", "Rename one of them."
                )
            taken.add(same_name(name))
            items.append(Item(name, sent.number))
        except UsageError as error:
            items.append(Item(one_line(sent.name)[-100:], -1, error.message, error.remedy))
    return tuple(items)


def _spelled(home: Path, there: Sequence[str], item: Item) -> Item:
    """On a disk where capitals do not count, a file is replaced under the name that it has."""
    if item.error or item.name in there or not os.path.lexists(home / item.name):
        return item
    same = [name for name in there if same_name(name) == same_name(item.name)]
    return replace(item, name=same[0]) if same else item
