"""The form of the audit log: lines that name the line before them, and a head that names the last.

A record is one line of JSON: ``seq`` (from 1), ``time``, what happened, ``prev`` (the hash of the
record before) and, at its end, ``hash``: an HMAC-SHA256 over the file's name and the bytes of the
line before it. No form of a line but the one that was written has that hash, so a changed byte, a
line moved to another file and a file under another name are all found.

The key lies beside the log, in a file that only its owner can read. It keeps out whoever can
change the log but not read the key: through a share, a backup, a careless group right. It does
not keep out whoever can read it, the administrator and the server's own account: these could write
the chain anew. Against them, and against putting back an old copy of log and head together, the
head is noted somewhere else (``medrag audit head``) and compared (``verify --expect``).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medrag.errors import LibraryError

EXACTLY: int = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
"""How the log's files are opened for writing: bytes as they are, and never through a link."""
GENESIS = "0" * 64
KEY_FILE = "audit.key"
HEAD_FILE = "audit.head"
OWN_FIELDS = frozenset({"seq", "time", "prev", "hash"})

_FILE = re.compile(r"audit-[0-9]{4}-[0-9]{2}\.jsonl")
_HASH = re.compile(rb'(.*),"hash":"([0-9a-f]{64})"\}\n', re.DOTALL)
_KEY_BYTES = 32


class AlteredLog(LibraryError):
    """The log is not what was written: something was changed, cut off or taken away."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            "Run medrag audit verify. To go on, move the audit folder away and keep it;"
            " a new log then begins.",
        )


@dataclass(frozen=True, slots=True)
class Head:
    """The last record: its number and hash, and where it stands (bytes from ``start`` to ``end``
    of ``file``). Before the first record: 0, ``GENESIS``, no file."""

    seq: int = 0
    hash: str = GENESIS
    file: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A line whose hash is right, as it was written."""

    seq: int
    prev: str
    hash: str
    record: Mapping[str, Any]


def event_json(event: Mapping[str, Any]) -> bytes:
    """What happened as JSON, keys in order, plain ASCII, without the outer braces.

    Raises:
        ValueError: it holds a name that the log gives itself, or a number that is none.
        TypeError: it holds something that JSON has no form for.
    """
    taken = OWN_FIELDS & event.keys()
    if taken:
        raise ValueError(f"an event cannot hold: {', '.join(sorted(taken))}")
    return _json(event)[1:-1]


def write_line(key: bytes, file: str, event: bytes, head: Head, time: str) -> tuple[bytes, Head]:
    """The line after ``head``, with its newline, and the head that it makes."""
    seq = head.seq + 1
    start = head.end if head.file == file else 0
    inner = b"," + event if event else b""
    body = b'{"seq":%d,"time":"%s"%s,"prev":"%s"' % (seq, time.encode(), inner, head.hash.encode())
    digest = _record_hash(key, file, body)
    line = body + b',"hash":"%s"}\n' % digest.encode()
    return line, Head(seq, digest, file, start, start + len(line))


def read_line(key: bytes, file: str, line: bytes) -> Entry | None:
    """The record of a line of ``file``; None if its hash is not the right one."""
    match = _HASH.fullmatch(line)
    if match is None:
        return None
    body, digest = match[1], match[2].decode()
    if not hmac.compare_digest(_record_hash(key, file, body), digest):
        return None
    record = json.loads(line)
    return Entry(record["seq"], record["prev"], digest, record)


def could_be_unfinished(tail: bytes, seq: int) -> bool:
    """Whether bytes without a newline can be what a crash leaves of record ``seq``: its beginning,
    or the zeros of a block that was never written."""
    begins = b'{"seq":%d,"time":"' % seq
    return tail[: len(begins)] == begins[: len(tail)] or not tail.strip(b"\0")


def read_head(folder: Path, key: bytes) -> Head | None:
    """The head, or None where its file is missing.

    Raises:
        AlteredLog: the file is not what was written with this key.
        LibraryError: the file cannot be read.
    """
    try:
        data = (folder / HEAD_FILE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(folder / HEAD_FILE, error) from error
    body, _, digest = data.rpartition(b"\n")
    if not hmac.compare_digest(_head_hash(key, body).encode(), digest):
        raise AlteredLog(f"{folder / HEAD_FILE} has been altered.")
    return Head(**json.loads(body))


def write_head(folder: Path, key: bytes, head: Head) -> None:
    """Replace the head's file at once, so that it is the old one or the new one.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    body = _json(asdict(head))
    replace_file(folder / HEAD_FILE, body + b"\n" + _head_hash(key, body).encode())


def read_key(folder: Path) -> bytes | None:
    """The key, or None where its file is missing.

    Raises:
        AlteredLog: the file is no key.
        LibraryError: the file cannot be read.
    """
    path = folder / KEY_FILE
    try:
        text = path.read_text("ascii")
        key = bytes.fromhex(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise AlteredLog(f"{path} is not a key of the audit log.")
    return key


def make_key(folder: Path) -> bytes:
    """A new key and a head before the first record; the key comes last, so that a log that has
    one has had a head.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    write_head(folder, key, Head())
    replace_file(folder / KEY_FILE, key.hex().encode())
    sync_folder(folder)
    return key


def log_files(folder: Path) -> list[str]:
    """The names of the log's files, oldest first.

    Raises:
        OSError: the folder is missing or cannot be read.
    """
    return sorted(name for name in os.listdir(folder) if _FILE.fullmatch(name))


def has_records(folder: Path) -> bool:
    """Whether a folder without a key was a log once: it holds records, or a head of some.

    Raises:
        OSError: the folder is missing or cannot be read.
    """
    if any((folder / name).stat().st_size for name in log_files(folder)):
        return True
    try:
        head = (folder / HEAD_FILE).read_bytes()
    except FileNotFoundError:
        return False
    # ``make_key`` writes such a head before the key: that is a crash in between.
    return not head.startswith(_json(asdict(Head())))


def file_of(now: datetime) -> str:
    """The file of a month (UTC)."""
    return f"audit-{now.astimezone(UTC):%Y-%m}.jsonl"


def stamp(now: datetime) -> str:
    """A time in UTC, ISO 8601 with milliseconds."""
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, wholly or not at all.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    fresh = path.with_name(f"{path.name}.new")
    # A new file each time, so that nothing is written through a link or a second name.
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | EXACTLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder last through a power cut, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unreadable(path: Path, error: OSError) -> LibraryError:
    """The error for a file of the log that cannot be read."""
    reason = error.strerror or type(error).__name__
    return LibraryError(f"{path} cannot be read: {reason}.", "Correct its rights.")


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _record_hash(key: bytes, file: str, body: bytes) -> str:
    return _mac(key, b"medrag audit record 1\0" + file.encode() + b"\0" + body)


def _head_hash(key: bytes, body: bytes) -> str:
    return _mac(key, b"medrag audit head 1\0" + body)


def _mac(key: bytes, data: bytes) -> str:
    return hmac.new(key, data, hashlib.sha256).hexdigest()
