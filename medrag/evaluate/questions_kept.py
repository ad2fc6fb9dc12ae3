"""Replies kept in a file as they come, so that a run of hours goes on where it was interrupted.

One JSON object a line. It names the question by dataset, id and a digest of its words, and does
not hold the words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from medrag.claims_file import read_objects
from medrag.errors import ReadError, UsageError
from medrag.evaluate.questions_file import MultipleChoice
from medrag.evaluate.questions_report import Reply

_ANOTHER = "Name another file, or remove it."


@dataclass(slots=True)
class Kept:
    """The replies of one run; without a file, of this process only."""

    run: str
    _replies: dict[str, Reply] = field(default_factory=dict)
    _file: TextIO | None = None

    def find(self, question: MultipleChoice, arm: str, seed: int) -> Reply | None:
        """The reply to this question in these words, where there is one already."""
        return self._replies.get(_key(question, arm, seed))

    def add(self, question: MultipleChoice, reply: Reply) -> None:
        """Keep a reply; it is on its way to the disk when this returns."""
        if self._file is None:
            return
        key = _key(question, reply.arm, reply.seed)
        self._file.write(json.dumps({"run": self.run, "key": key, **asdict(reply)}) + "\n")
        self._file.flush()


@contextmanager
def keeping(path: Path | None, run: str) -> Iterator[Kept]:
    """The replies of the run with this fingerprint, read from ``path`` and added to it.

    Raises:
        UsageError: the file holds replies of another run or something else, or cannot be written.
    """
    if path is None:
        yield Kept(run)
        return
    try:
        known = _read(path, run) if path.exists() else {}
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "not writable"
        raise UsageError(f"{path} cannot be written ({reason}).", "Name another file.") from error
    with file:
        yield Kept(run, known, file)


def _read(path: Path, run: str) -> dict[str, Reply]:
    _drop_torn_line(path)
    known = {}
    try:
        for _, row in read_objects(path):
            named, key = row.pop("run"), row.pop("key")
            if named != run:
                raise UsageError(
                    f"{path} holds replies of another model, library or other settings.", _ANOTHER
                )
            known[str(key)] = Reply(**row)
    except (ReadError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no file of replies.", _ANOTHER) from error
    return known


def _drop_torn_line(path: Path) -> None:
    """A line without its end was being written when the run was stopped; nothing else is cut."""
    with path.open("r+b") as file:
        data = file.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data) and data.startswith(b'{"run": '):
            file.truncate(whole)


def _key(question: MultipleChoice, arm: str, seed: int) -> str:
    content = json.dumps([question.question, question.options, question.answer])
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return json.dumps([question.dataset, question.id, digest, arm, seed])
