"""How a library's file is opened, locked and checked. Used by the store alone."""

from __future__ import annotations

import os
import sqlite3
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from medrag.errors import LibraryError
from medrag.library.schema import SCHEMA_VERSION, VOCABULARY

if TYPE_CHECKING:
    from filelock import BaseFileLock

DATABASE = "library.sqlite"
BUSY_SECONDS = 30.0


def file_identity(folder: Path) -> tuple[int, int] | None:
    """Which file a library is now (device, inode): another one after it was made anew."""
    try:
        found = os.stat(folder / DATABASE)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def take_lock(folder: Path) -> BaseFileLock:
    """The right to write; given back with ``release``.

    Raises:
        LibraryError: another process writes, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "writer.lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise LibraryError(
            f"Another process is writing to the library in {folder}.", "Try again when it is done."
        ) from error
    except OSError as error:
        raise LibraryError(
            f"The library folder {folder} cannot be written ({error.strerror}).",
            "Choose another with --library, or correct its rights.",
        ) from error
    return lock


def connect(path: Path, write: bool) -> sqlite3.Connection:
    """A connection for reading or writing; one thread at a time may use it."""
    # A reader opens read-write as well: in WAL mode it must be able to make the index of the log.
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(VOCABULARY)
    if write:
        connection.execute("PRAGMA journal_mode = WAL")
    else:
        connection.execute("PRAGMA query_only = ON")
    return connection


def check_version(connection: sqlite3.Connection, folder: Path, write: bool) -> None:
    """Raise unless this medrag knows the library's schema."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise LibraryError(
            f"The library in {folder} was written by a newer medrag (schema {version}; this one"
            f" knows {SCHEMA_VERSION}).",
            "Upgrade medrag.",
        )
    if version < SCHEMA_VERSION and not write:
        raise LibraryError(
            f"The library in {folder} is empty or was written by an older medrag.",
            "Bring it up to date with: medrag ingest FOLDER",
        )


def ensure_identity(connection: sqlite3.Connection) -> None:
    """Give a new library its name and its first generation."""
    connection.execute(
        "INSERT OR IGNORE INTO library (key, value) VALUES ('uuid', ?), ('generation', '0')",
        [uuid.uuid4().hex],
    )
