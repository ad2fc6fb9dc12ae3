"""Comma-separated values: every row with the names of its columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from medrag.errors import ReadError
from medrag.readers.common import Builder, digest
from medrag.readers.plain import decode
from medrag.readers.tables import Cell, render
from medrag.types import Document, Meta


def read(path: str, data: bytes) -> Iterator[Document]:
    """The file as one document, a line a row."""
    builder = Builder()
    text = decode(data, builder.warnings)
    sample = text[:4096].split("\n")[0]
    delimiter = max(",;\t", key=sample.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ReadError(f"The CSV cannot be parsed: {error}.", "Export it again.") from error
    cells = [[Cell(value.strip()) for value in row] for row in rows]
    for line in render(cells, _headers(rows)):
        builder.row(line)
    yield builder.document(path, digest(data), (), Meta())


def _headers(rows: list[list[str]]) -> int | None:
    first = [value for value in rows[0] if value.strip()] if rows else []
    numeric = any(value.strip()[:1].isdigit() for value in first)
    return 1 if len(first) > 1 and not numeric and len(rows) > 1 else None
