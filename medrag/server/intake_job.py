"""An accepted upload on the disk: what is to become of its files, and how each takes its place.

A job is a folder: ``job.json`` and, for its file number n,

- ``n.new``: the file as it was sent, not yet in its place;
- ``n.old``: what lay in that place before, until it is known that the new one was read;
- ``n.none``: nothing lay there before.

``place``, ``put_back`` and ``keep`` may be broken off at any moment and called again: each looks
at what is there, and a name that is gone says that its step was taken.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from medrag.errors import LibraryError
from medrag.server.access import Caller

_FILE = "job.json"
INCOMING = ".incoming"
UPLOADS = "uploads"


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a job. With an ``error`` it is given up, and what lay in its place comes back.
    A file without a ``number`` was refused at the door."""

    name: str
    number: int = -1
    error: str = ""
    remedy: str = ""

    def given_up(self, error: str, remedy: str) -> Item:
        """The same, given up (unless it was before)."""
        return self if self.error else replace(self, error=error, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Job:
    """An accepted upload. ``begun`` counts how often its reading was begun; ``order`` is the time
    of its coming, by which jobs stand in line."""

    id: str
    collection: str
    caller: Caller
    items: tuple[Item, ...]
    order: float
    begun: int = 0

    @property
    def open(self) -> tuple[Item, ...]:
        """The files that are to be read."""
        return tuple(item for item in self.items if not item.error)

    def give_up(self, error: str, remedy: str, names: frozenset[str] | None = None) -> Job:
        """The job with these files given up (default: all)."""
        items = (
            item.given_up(error, remedy) if names is None or item.name in names else item
            for item in self.items
        )
        return replace(self, items=tuple(items))


def save(folder: Path, job: Job) -> None:
    """Write it; once this returns, a crash does not lose it.

    Raises:
        OSError: it cannot be written.
    """
    caller = job.caller
    form = asdict(job) | {
        "caller": asdict(caller)
        | {"collections": None if caller.collections is None else sorted(caller.collections)}
    }
    part = folder / f"{_FILE}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(form, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / _FILE)
    sync(folder)


def load(folder: Path) -> Job | None:
    """The job in a folder; None where there is none, so that the folder was never accepted."""
    try:
        form = json.loads((folder / _FILE).read_text("utf-8"))
        return _job(form)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _job(form: Mapping[str, Any]) -> Job:
    caller = form["caller"]
    seen = caller["collections"]
    return Job(
        **{
            **form,
            "items": tuple(Item(**item) for item in form["items"]),
            "caller": Caller(
                **{
                    **caller,
                    "collections": None if seen is None else frozenset(seen),
                    "origins": tuple(caller["origins"]),
                }
            ),
        }
    )


def place(job: Path, number: int, target: Path) -> None:
    """Put a file where it belongs, and what lay there aside.

    Raises:
        LibraryError: a folder lies there.
        OSError: the disk says no.
    """
    new, old, none = _names(job, number)
    if not new.exists():
        return  # it is in its place
    if not os.path.lexists(old):
        if is_folder(target):
            raise LibraryError("A folder of that name lies in its place.", "Remove the folder.")
        if os.path.lexists(target):
            target.replace(old)  # a link is moved itself, and never followed
        else:
            none.touch()
    new.replace(target)
    sync(target.parent)


def put_back(job: Path, number: int, target: Path) -> None:
    """Take a file away, and put what lay in its place before there again."""
    new, old, none = _names(job, number)
    if os.path.lexists(old):
        old.replace(target)
    elif none.exists() and not new.exists():
        target.unlink(missing_ok=True)
    new.unlink(missing_ok=True)
    none.unlink(missing_ok=True)


def keep(job: Path, number: int) -> None:
    """A file was read and stays: what lay in its place before is deleted."""
    for path in _names(job, number)[1:]:
        path.unlink(missing_ok=True)


def _names(job: Path, number: int) -> tuple[Path, Path, Path]:
    return job / f"{number}.new", job / f"{number}.old", job / f"{number}.none"


def part_of(job: Path, number: int) -> Path:
    """Where a file is written to while it comes in."""
    return _names(job, number)[0]


def is_regular(path: Path) -> bool:
    """Whether an ordinary file lies there; a link is none."""
    return _has(path, stat.S_ISREG)


def is_folder(path: Path) -> bool:
    """Whether a folder lies there; a link to one is none."""
    return _has(path, stat.S_ISDIR)


def _has(path: Path, kind: Any) -> bool:
    try:
        return bool(kind(path.lstat().st_mode))
    except (OSError, ValueError):
        return False


def made_folder(path: Path) -> Path:
    """``path``, made a folder where nothing is.

    Raises:
        LibraryError: something else lies there (a link is not followed), or it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(
            f"The folder {path.name} of the library's uploads cannot be made ({error.strerror}).",
            "Check the library folder's rights and room.",
        ) from error
    if not is_folder(path):
        raise LibraryError(
            f"The folder {path.name} of the library's uploads is not a folder of its own.",
            "Remove the link.",
        )
    return path


def sync(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system has a way for it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
