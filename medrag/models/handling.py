"""Large files handled with care: one worker at a time, room looked for first, hashed on the way."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from medrag.errors import ModelError, NetworkBlocked
from medrag.models import language
from medrag.models.catalog import file_sha256
from medrag.models.language import InstalledModel
from medrag.models.shelf import Record, read_index, shelf, write_index

Hook = Callable[[str, int, int], None]
"""Told of a step's name, the bytes done, and the bytes in all."""

_PIECE = 1 << 22
_SPARE_BYTES = 64_000_000


@contextmanager
def at_work() -> Iterator[Path]:
    """The shelf, for one worker alone, cleared of what interrupted copies left.

    Raises:
        ModelError: another is at work, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = shelf()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            for left in folder.glob("*.adding"):
                left.unlink(missing_ok=True)
            yield folder
    except Timeout as error:
        raise ModelError(
            "Another medrag is adding, pulling or removing a model.", "Wait until it is done."
        ) from error
    except NetworkBlocked:
        raise
    except OSError as error:
        raise ModelError(
            f"The models' folder cannot be written ({error.strerror}).",
            f"Make room in, or rights to, {folder}.",
        ) from error


def check_room(folder: Path, need: int) -> None:
    """Raises ModelError where the disk has no room for ``need`` more bytes."""
    free = shutil.disk_usage(folder).free
    if free < need + _SPARE_BYTES:
        raise ModelError(
            f"There is no room: {need / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB free.",
            f"Make room on the disk of {folder}.",
        )


def copy_file(source: Path, target: Path, progress: Hook | None) -> str:
    """Copy and hash in one reading; the hash, hex, is of the bytes that were written."""
    with source.open("rb") as file, target.open("wb") as out:
        digest = _through(file, "copying", progress, out.write)
        out.flush()
        os.fsync(out.fileno())
    return digest


def hash_file(path: Path, step: str, progress: Hook | None) -> str:
    """SHA-256 of the bytes as they lie there, hex, whatever was remembered of them."""
    with path.open("rb") as file:
        return _through(file, step, progress, lambda data: 0)


def _through(file: BinaryIO, step: str, progress: Hook | None, use: Callable[[bytes], int]) -> str:
    total = os.fstat(file.fileno()).st_size
    digest, done = hashlib.sha256(), 0
    while True:
        try:
            data = file.read(_PIECE)
        except OSError as error:
            raise ModelError(
                f"A file cannot be read to its end ({error.strerror}).", "Check its disk."
            ) from error
        if not data:
            return digest.hexdigest()
        digest.update(data)
        use(data)
        done += len(data)
        if progress is not None:
            progress(step, done, total)


def take_in(temporary: Path, record: Record) -> InstalledModel:
    """Give a file that was checked its name, then its line in the index."""
    temporary.replace(record.path)
    if file_sha256(record.path) != record.sha256:
        raise ModelError(
            f"{record.file} does not read as it was written.", "Check the disk of the models."
        )
    others = [one for one in read_index()[0] if record.name != one.name]
    write_index([*others, record])
    return language.checked(record)


def forget(path: Path) -> None:
    """Make the remembered hash of a file void. Bits that rot on a disk leave the time stamps, by
    which hashes are remembered, as they were."""
    with suppress(OSError):
        os.utime(path)
