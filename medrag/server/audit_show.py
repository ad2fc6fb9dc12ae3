"""Reading the audit log for a person: who, when, what, in a line each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medrag.errors import LibraryError, UsageError
from medrag.server.audit_chain import log_files, stamp, unreadable
from medrag.server.audit_questions import SEALED

Record = dict[str, Any]
_KNOWN = frozenset(
    "seq time prev hash action request door caller name role kind fingerprint identities".split()
)


@dataclass(slots=True)
class Reading:
    """The records of a log, oldest first. They are shown, not checked: that is ``verify``."""

    folder: Path
    since: str = ""
    who: str | None = None
    decipher: Callable[[Mapping[str, Any]], Record] = dict
    broken: int = 0
    """Lines that were no record."""
    _callers: dict[str, tuple[str, str]] = field(default_factory=dict)

    def records(self) -> Iterator[Record]:
        """Those not before ``since`` (``moment``), and of ``who`` (a caller's id or name).

        An answer is given the caller of its question.

        Raises:
            LibraryError: there is no log, or it cannot be read.
        """
        for record in self._lines():
            caller = self._caller(record)
            if str(record.get("time", "")) < self.since:
                continue
            if self.who is not None and self.who not in caller:
                continue
            yield {**self.decipher(record), "caller": caller[0], "name": caller[1]}

    def _lines(self) -> Iterator[Record]:
        try:
            for name in log_files(self.folder):
                with (self.folder / name).open("rb") as file:
                    for line in file:
                        record = _parsed(line)
                        if record is None:
                            self.broken += 1
                        else:
                            yield record
        except (FileNotFoundError, NotADirectoryError) as error:
            raise LibraryError(
                f"There is no audit log in {self.folder}.", "Name the right --library."
            ) from error
        except OSError as error:
            raise unreadable(self.folder, error) from error

    def _caller(self, record: Record) -> tuple[str, str]:
        """Who it was: as the record says, or as the question that it belongs to said."""
        request = str(record.get("request", ""))
        if "caller" in record:
            caller = (str(record["caller"]), str(record.get("name", "")))
            if record.get("action") == "asked":
                self._callers[request] = caller
            return caller
        return self._callers.get(request, (str(record.get("peer", "")), ""))


def moment(text: str) -> str:
    """A date, or a date and a time (UTC where it does not say), as records have it.

    Raises:
        UsageError: it is neither.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is no date.", "Write it as 2026-11-23.") from error
    return stamp(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def summary(record: Mapping[str, Any]) -> str:
    """What a record says, in a line; also of one that was altered."""
    try:
        return _summary(record)
    except (AttributeError, TypeError):
        return "(not a record of this log: run medrag audit verify)"


def _summary(record: Mapping[str, Any]) -> str:
    action = record.get("action")
    if action in ("asked", "searched"):
        where = record.get("collections")
        scope = "" if where is None else f" in {', '.join(map(str, where))}"
        found = f" -> {len(record['chunks'])} passages" if "chunks" in record else ""
        return f"{record.get('door')}{scope}: {_question(record)}{found}"
    if action == "answered":
        return _answer(record)
    if action == "ended" and isinstance(record.get("shown"), Mapping):
        return f"{record.get('outcome')}; shown before: {_answer(record['shown'])}"
    rest = {key: value for key, value in record.items() if key not in _KNOWN and value is not None}
    return ", ".join(f"{key} {_brief(value)}" for key, value in rest.items())


def _parsed(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _question(record: Mapping[str, Any]) -> str:
    if "question" in record:
        return str(record["question"])
    return "(encrypted)" if "question" + SEALED in record else "(left out)"


def _answer(answer: Mapping[str, Any]) -> str:
    by = f"by {answer.get('generator')}, {answer.get('seconds')} s"
    withheld = len(answer.get("withheld") or ())
    aside = f", {withheld} withheld" if withheld else ""
    if answer.get("abstained"):
        return f"no answer ({answer.get('why')}){aside}; {by}"
    labels = Counter(str(claim.get("verdict")) for claim in answer.get("claims") or ())
    told = ", ".join(f"{count} {label}" for label, count in labels.items())
    return f"{told}{aside}; {len(answer.get('sources') or ())} sources; {by}"


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value[:3])) + (" ..." if len(value) > 3 else "") or "none"
    return str(value)
