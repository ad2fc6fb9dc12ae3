"""The keys of the server: made once, shown once, stored as a hash, revoked at once.

They lie in ``keys.json`` of the library folder. The file is read again whenever it changed, so a
key that is revoked on the command line is refused by a running server from the next request on.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from medrag.errors import LibraryError, NotFound, UsageError
from medrag.server.access import ROLES, Caller, Role
from medrag.server.key_file import (
    FILE_NAME,
    KEY_ID,
    KeyRecord,
    Stamp,
    read_keys,
    stamp_of,
    write_keys,
)

_LOCK_SECONDS = 10.0
_KEY = re.compile(r"mr_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_NO_HASH = "0" * 64
_DEFAULT_PORTS = {"http": 80, "https": 443}
Records = list[KeyRecord]


class KeyStore:
    """The keys of one library. Reading is safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._stamp: Stamp | None = None
        self._found = False
        self._records: dict[str, KeyRecord] = {}

    def add(
        self,
        name: str,
        role: Role,
        collections: Iterable[str] | None,
        *,
        origins: Iterable[str] = (),
        expires: date | None = None,
    ) -> tuple[KeyRecord, str]:
        """Make a key. Its text, ``mr_<id>_<43 characters>``, is returned here and never again.

        Raises:
            UsageError: the name is taken by an active key, or a value is wrong.
            LibraryError: the file is damaged or cannot be written.
        """
        _check(name, role, expires)
        seen = None if collections is None else _collections(collections)
        pages = tuple(dict.fromkeys(origin_of(origin) for origin in origins))
        with self._changing() as records:
            if any(r.name == name and r.state() == "active" for r in records):
                raise UsageError(
                    f"There is an active key '{name}'.", "Choose another name, or revoke it first."
                )
            taken = {r.id for r in records}
            key_id = next(i for i in iter(lambda: secrets.token_hex(4), "") if i not in taken)
            key = f"mr_{key_id}_{secrets.token_urlsafe(32)}"
            last = expires.isoformat() if expires else ""
            made = KeyRecord(key_id, name, role, seen, pages, _hash(key), _now(), last)
            records.append(made)
        return made, key

    def revoke(self, wanted: str) -> KeyRecord:
        """End a key, by its id or its name.

        Raises:
            NotFound: there is none, or it was revoked already.
            LibraryError: the file is damaged or cannot be written.
        """
        with self._changing() as records:
            left = [r for r in records if r.state() != "revoked" and wanted in (r.id, r.name)]
            if not left:
                raise NotFound(f"There is no key '{wanted}' to revoke.", "See: medrag keys list")
            # An expired key may have the name of an active one, which is then the one meant.
            chosen = min(left, key=lambda r: (r.id != wanted, r.state()))
            ended = replace(chosen, revoked=_now())
            records[records.index(chosen)] = ended
        return ended

    def find(self, key: str) -> Caller | None:
        """Who holds ``key``; None where it is malformed, unknown, expired or revoked.

        Raises:
            LibraryError: the file of keys is damaged, gone or unreadable: nobody may come in.
        """
        records = self._current()
        match = _KEY.fullmatch(key)
        if match is None:
            return None
        record = records.get(match[1])
        # An unknown id costs the same work, so that time does not tell which ids there are.
        same = hmac.compare_digest(_hash(key), record.sha256 if record else _NO_HASH)
        if record is None or not same or record.state() != "active":
            return None
        return record.caller()

    def list(self) -> Records:
        """All keys, in the order in which they were made.

        Raises:
            LibraryError: as for ``find``.
        """
        return [*self._current().values()]

    def any_made(self) -> bool:
        """Whether there is any key, were it revoked: revoking the last one opens no door."""
        # The lock's file is made with the first key and stays: deleting the keys opens no door.
        return bool(self._current()) or (self._path.parent / "keys.lock").exists()

    def any_active(self) -> bool:
        """Whether a key works today."""
        return any(record.state() == "active" for record in self._current().values())

    def __bool__(self) -> bool:
        return self.any_active()

    def _current(self) -> dict[str, KeyRecord]:
        try:
            stamp = stamp_of(os.stat(self._path))
            self._found = True  # also where it turns out to be damaged
            if stamp != self._stamp:
                self._records, self._stamp = read_keys(self._path)
        except FileNotFoundError as error:
            if self._found:
                # It was there a moment ago: a door that asked for a key does not open by that.
                raise LibraryError(
                    f"{self._path} is gone.", "Put it back, or make new keys."
                ) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise LibraryError(f"{self._path}: {reason}.", "Correct its rights.") from error
        return self._records

    @contextmanager
    def _changing(self) -> Iterator[Records]:
        """The records, to be changed in place; they are stored at the end, if nothing failed."""
        from filelock import FileLock, Timeout

        folder = self._path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / "keys.lock", timeout=_LOCK_SECONDS):
                records = self.list()
                yield records
                write_keys(self._path, records)
        except Timeout as error:
            raise LibraryError(
                f"Another process is changing the keys in {folder}.", "Try again."
            ) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise LibraryError(
                f"The keys in {folder} cannot be written ({reason}).", "Correct its rights."
            ) from error


def key_form(record: KeyRecord) -> dict[str, Any]:
    """A key as JSON, without its hash."""
    form = {**asdict(record), "state": record.state()}
    del form["sha256"]
    return form


def origin_of(text: str) -> str:
    """``scheme://host[:port]`` of a web page, as browsers send it.

    Raises:
        UsageError: it is no origin, or has a path.
    """
    try:
        # urlsplit would drop tabs and line ends in the middle.
        parts = urlsplit("" if re.search(r"\s", text) else text.lower().rstrip("/"))
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or not bare or not parts.hostname or "*" in parts.netloc:
        raise UsageError(f"'{text}' is no origin.", "Write it like https://intranet.example.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _check(name: str, role: str, expires: date | None) -> None:
    if not name or len(name) > 64 or not name.isprintable() or name != name.strip():
        raise UsageError(
            "A key needs a name of 1 to 64 printable characters.", "Name who or what will use it."
        )
    if KEY_ID.fullmatch(name):
        raise UsageError(f"'{name}' looks like the id of a key.", "Choose another name.")
    if role not in ROLES:
        raise UsageError(f"There is no role '{role}'.", f"Choose one of: {', '.join(ROLES)}.")
    if expires is not None and expires < datetime.now(UTC).date():
        raise UsageError(f"{expires} is over.", "Name the last day on which the key shall work.")


def _collections(names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(name.strip() for name in names))
    if not found or "" in found:
        raise UsageError("A key needs collections.", "Name some, or '*' for all.")
    if "*" in found:
        raise UsageError("'*' stands for all collections.", "Write it alone.")
    return found


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
