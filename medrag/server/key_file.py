"""The file of the server's keys: what is stored of each, how it is read and replaced."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from medrag.errors import LibraryError
from medrag.server.access import ROLES, Caller, Role

FILE_NAME = "keys.json"
KEY_ID = re.compile(r"[0-9a-f]{8}")
Stamp = tuple[int, ...]
_VERSION = 1
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored of a key: everything but the key.

    ``collections`` is None for all. ``created`` and ``revoked`` are ISO times in UTC, ``expires``
    the last day on which it works (UTC); empty where there is none.

    The hash is one round of SHA-256 over the whole key. Slow hashes protect secrets that people
    think of; 32 random bytes cannot be guessed however fast a guess is checked.
    """

    id: str
    name: str
    role: Role
    collections: tuple[str, ...] | None
    origins: tuple[str, ...]
    sha256: str
    created: str
    expires: str = ""
    revoked: str = ""

    def state(self) -> str:
        """``active``, ``expired`` or ``revoked``."""
        if self.revoked:
            return "revoked"
        today = datetime.now(UTC).date()
        return "expired" if self.expires and date.fromisoformat(self.expires) < today else "active"

    def caller(self) -> Caller:
        """Whoever holds the key."""
        seen = None if self.collections is None else frozenset(self.collections)
        return Caller(self.id, self.name, self.role, seen, "key", self.origins)


def stamp_of(stat: os.stat_result) -> Stamp:
    """What is another number once the file was changed or replaced."""
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


def read_keys(path: Path) -> tuple[dict[str, KeyRecord], Stamp]:
    """The records by id, and the stamp of the file they were read from.

    Raises:
        LibraryError: the file is not what was written here.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        stamp = stamp_of(os.fstat(file.fileno()))
        data = file.read()
    try:
        tree = json.loads(data)
        if tree["version"] != _VERSION:
            raise ValueError(tree["version"])
        records = [_record(entry) for entry in tree["keys"]]
        by_id = {record.id: record for record in records}
        if len(by_id) != len(records):
            raise ValueError("an id stands twice")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LibraryError(
            f"{path} is damaged: no key can be checked, and nobody is let in.",
            "Put a good copy back, or delete it, make the keys again and restart the server.",
        ) from error
    return by_id, stamp


def _record(entry: dict[str, Any]) -> KeyRecord:
    """A stored record; any fault is a ValueError, TypeError or KeyError."""
    if set(entry) != {field.name for field in fields(KeyRecord)}:
        raise ValueError("fields")
    seen, texts = entry["collections"], {**entry, "collections": "", "origins": ""}
    lists = [entry["origins"], [] if seen is None else seen]
    if not all(isinstance(part, list) for part in lists):
        raise TypeError("lists")
    if not all(isinstance(text, str) for text in [*texts.values(), *lists[0], *lists[1]]):
        raise TypeError("texts")
    if entry["role"] not in ROLES or not KEY_ID.fullmatch(entry["id"]):
        raise ValueError("role or id")
    if not _HASH.fullmatch(entry["sha256"]):
        raise ValueError("hash")
    if entry["expires"]:
        date.fromisoformat(entry["expires"])
    own = None if seen is None else tuple(seen)
    return KeyRecord(**{**entry, "collections": own, "origins": tuple(entry["origins"])})


def write_keys(path: Path, records: Iterable[KeyRecord]) -> None:
    """Replace the file in one step: a reader, or a crash, sees the old one or the new one."""
    tree = {"version": _VERSION, "keys": [asdict(record) for record in records]}
    handle, name = tempfile.mkstemp(prefix=".keys-", dir=path.parent)  # 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(tree, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        _keep_owner(path, name)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _keep_owner(path: Path, made: str) -> None:
    """Who makes a key as root must not take the file away from the user that the server runs as."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        owned = os.stat(path if path.exists() else path.parent)
        os.chown(made, owned.st_uid, owned.st_gid)
