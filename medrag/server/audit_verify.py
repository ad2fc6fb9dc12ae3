"""Walking the whole audit log: does every record stand where and as it was written?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from medrag.errors import LibraryError
from medrag.server.audit_chain import (
    GENESIS,
    HEAD_FILE,
    KEY_FILE,
    AlteredLog,
    Entry,
    could_be_unfinished,
    has_records,
    log_files,
    read_head,
    read_key,
    read_line,
    unreadable,
)

_MOST = 100  # findings that are told one by one
_TOLD = 5
_HEAD = "the head"
_UNFINISHED = "The last line is unfinished: a crash; the server will note it when it starts."


@dataclass(frozen=True, slots=True)
class Finding:
    """A change: in which file and line (from 1; 0 is the file itself), and what it is."""

    file: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a walk through the log found. ``seq`` and ``hash`` are of its last sound record."""

    records: int
    seq: int
    hash: str
    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    more: int = 0
    """Findings beyond those that are told."""

    @property
    def ok(self) -> bool:
        """Whether nothing was changed."""
        return not self.findings


def verify(folder: Path, *, expect: tuple[int, str] | None = None) -> Report:
    """Examine the log in a folder, also while a server writes to it. Nothing is changed.

    ``expect`` is a record's number and hash as noted elsewhere (``medrag audit head``): with it, a
    log that was replaced by an older copy of itself is found as well.

    Raises:
        LibraryError: there is no log, or it cannot be read.
    """
    walk = _Walk(folder)
    if expect is not None:
        walk.noted["--expect"] = expect
    try:
        key = read_key(folder)
        if key is None and not _is_log(folder) and expect is None:
            raise LibraryError(f"There is no audit log in {folder}.", "Name the right --library.")
        if key is None:
            walk.found(KEY_FILE, 0, "the key is missing; without it nothing can be checked")
            return walk.report()
    except AlteredLog:
        walk.found(KEY_FILE, 0, "this is not the key")
        return walk.report()
    except OSError as error:
        raise unreadable(folder, error) from error
    # The head before the lines: where a server writes meanwhile, they are then ahead of it.
    walk.read_head(key)
    try:
        walk.through(key)
    except OSError as error:
        raise unreadable(folder, error) from error
    walk.compare()
    return walk.report()


def _is_log(folder: Path) -> bool:
    try:
        return has_records(folder)
    except (FileNotFoundError, NotADirectoryError):
        return False


@dataclass(slots=True)
class _Walk:
    """The walk: what stood last, and what was found so far."""

    folder: Path
    noted: dict[str, tuple[int, str]] = field(default_factory=dict)  # by whom: seq, hash
    seq: int = 0
    hash: str = GENESIS
    records: int = 0
    skipped: bool = False
    files: tuple[str, ...] = ()
    place: tuple[str, int] = (HEAD_FILE, 0)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    crashes: list[int] = field(default_factory=list)
    more: int = 0

    def found(self, file: str, line: int, what: str) -> None:
        """A change."""
        if len(self.findings) < _MOST:
            self.findings.append(Finding(file, line, what))
        else:
            self.more += 1

    def read_head(self, key: bytes) -> None:
        """Note what the head names; a finding where it is missing or altered."""
        try:
            head = read_head(self.folder, key)
        except AlteredLog:
            self.found(HEAD_FILE, 0, "the head was altered")
            return
        if head is None:
            self.found(HEAD_FILE, 0, "the head is missing")
        else:
            self.noted[_HEAD] = (head.seq, head.hash)

    def through(self, key: bytes) -> None:
        """Read every line of every file."""
        self.files = tuple(log_files(self.folder))
        full = [name for name in self.files if (self.folder / name).stat().st_size]
        for name in self.files:
            if name not in full:
                self.notes.append(f"{name} is empty: a crash or a full disk; it says nothing.")
        for name in full:
            with (self.folder / name).open("rb") as file:
                for number, line in enumerate(file, start=1):
                    unfinished = name == full[-1] and not line.endswith(b"\n")
                    if unfinished and self._is_crash(line):
                        self.notes.append(_UNFINISHED)
                    else:
                        self._line(name, number, read_line(key, name, line))

    def _is_crash(self, tail: bytes) -> bool:
        """Whether an unfinished last line is one that nobody was promised."""
        if _HEAD not in self.noted or self.seq < self.noted[_HEAD][0] or self.skipped:
            return False
        return could_be_unfinished(tail, self.seq + 1)

    def _line(self, name: str, number: int, entry: Entry | None) -> None:
        if entry is None:
            self.found(name, number, "altered or put in: this line has not the right hash")
            self.skipped = True
            return
        what = self._out_of_place(entry)
        if what:
            self.found(name, number, what)
        for where, (seq, digest) in self.noted.items():
            if entry.seq == seq and entry.hash != digest:
                self.found(name, number, f"record {seq} is not the one that {where} names")
        if entry.record.get("action") == "recovered":
            self.crashes.append(entry.seq)
        self.seq, self.hash, self.place = entry.seq, entry.hash, (name, number)
        self.records += 1
        self.skipped = False

    def _out_of_place(self, entry: Entry) -> str:
        after = self.seq + 1
        # A line that was altered in its place counts as one record; one put in as none.
        if self.skipped and entry.seq in (after, after + 1):
            return ""
        if entry.seq > after:
            return f"record {after} is missing: record {entry.seq} stands here"
        if entry.seq < after:
            return f"record {entry.seq} stands here, where {after} belongs: put in, or moved"
        return "" if entry.prev == self.hash else "this record does not follow from the one before"

    def compare(self) -> None:
        """Whether the log goes as far as was noted."""
        for where, (seq, _) in self.noted.items():
            if self.seq < seq:
                self.found(*self.place, f"the log ends at record {self.seq}; {where} names {seq}")

    def report(self) -> Report:
        """What was found."""
        if self.crashes:
            numbers = ", ".join(str(seq) for seq in self.crashes[-_TOLD:])
            self.notes.append(f"{len(self.crashes)} crashes were noted, last in records {numbers}.")
        return Report(
            self.records,
            self.seq,
            self.hash,
            self.files,
            tuple(self.findings),
            tuple(self.notes),
            self.more,
        )
