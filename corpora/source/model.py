"""The small text format in which the sample documents are written.

A document body is plain text of blocks separated by blank lines:

* ``# Heading`` and ``## Sub-heading``;
* ``- item`` (one bullet; a run of bullets may sit in one block);
* ``@table NAME`` inserts a table from the document's ``tables``;
* ``@columns``, ``@column``, ``@single`` and ``@page`` steer the page layout;
* anything else is a paragraph, its lines joined by spaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MARK = "SAMPLE - NOT FOR CLINICAL USE"
HOSPITAL = "Northfield Hospital (fictional)"


@dataclass(frozen=True)
class Block:
    """One piece of a document: its kind and its text."""

    kind: str
    text: str


@dataclass(frozen=True)
class Table:
    """A table: a header row, the data rows and relative column widths."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Document:
    """A sample document, ready for a renderer."""

    path: str
    title: str
    version: str
    effective: str
    review: str
    status: str
    body: str
    front: str = ""
    tables: dict[str, Table] = field(default_factory=dict)
    landscape: bool = False

    def identity_lines(self) -> list[str]:
        """Return the version and date lines printed on the first page."""
        return [
            f"Version: {self.version}",
            f"Effective date: {self.effective}",
            f"Review date: {self.review}",
            f"Status: {self.status}",
        ]


def _prefixed(line: str) -> Block | None:
    """Return the block of a line that carries its own marker, if it does."""
    for prefix, kind in (("## ", "h2"), ("# ", "h1"), ("- ", "bullet")):
        if line.startswith(prefix):
            return Block(kind, line[len(prefix) :].strip())
    if line.startswith("@"):
        kind, _, text = line[1:].partition(" ")
        return Block(kind, text.strip())
    return None


def parse(text: str) -> Iterator[Block]:
    """Yield the blocks of a document body in order."""
    current: Block | None = None
    for raw in text.splitlines():
        line = raw.strip()
        marked = _prefixed(line)
        if marked or not line:
            if current:
                yield current
            current = marked
        elif current and current.kind in ("p", "bullet"):
            current = Block(current.kind, f"{current.text} {line}")
        else:
            if current:
                yield current
            current = Block("p", line)
    if current:
        yield current
