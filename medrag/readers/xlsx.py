"""Workbooks: a page and a section for each sheet, every row with the names of its columns."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from medrag.errors import ReadError
from medrag.readers.common import Builder, digest, one_line
from medrag.readers.meta import find_meta
from medrag.readers.tables import Cell, looks_like_header, render
from medrag.types import Document

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_MAX_ROWS, _MAX_COLUMNS = 200_000, 500
_HEADER_WITHIN = 20


def read(path: str, data: bytes) -> Iterator[Document]:
    """The workbook as one document."""
    import warnings

    import openpyxl

    builder = Builder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        except Exception as error:  # openpyxl raises KeyError, ValueError, InvalidFileException ...
            raise ReadError(
                f"The workbook is damaged or is not one ({type(error).__name__}).",
                "Open it in Excel, save it again as .xlsx, and ingest that file.",
            ) from error
        for number, sheet in enumerate(book.worksheets, 1):
            _sheet(builder, number, sheet, data)
        properties = book.properties
        book.close()
    if not any(line for line in builder.parts):
        raise ReadError("The workbook holds no text.", "Check that it is the right file.")
    meta = find_meta(builder.head(), builder.warnings, properties.language)
    yield builder.document(path, digest(data), (properties.title,), meta)


def _sheet(builder: Builder, number: int, sheet: Any, data: bytes) -> None:
    builder.page(number, sheet.title)
    rows, bold = _rows(builder, sheet)
    if not any(any(row) for row in rows):
        builder.warn(f"Sheet {sheet.title} is empty.")
        return
    if sheet.sheet_state != "visible":
        builder.warn(f"Sheet {sheet.title} is hidden in the workbook; it was read all the same.")
    grid = [[Cell(text) for text in row] for row in rows]
    _merge(grid, sheet, data)
    builder.heading(sheet.title, 1)
    header = _header(rows, bold)
    if header is None:
        lines = render(grid, 0)
    else:
        for row in rows[:header]:
            builder.row(" | ".join(text for text in row if text))
        lines = render(grid[header:], 1)
    for line in lines:
        builder.row(line)


def _rows(builder: Builder, sheet: Any) -> tuple[list[list[str]], set[int]]:
    """The texts of a sheet's rows, empty cells at a row's end cut, and which rows are bold."""
    sheet.reset_dimensions()  # a file may claim a million columns, and hold three
    rows: list[list[str]] = []
    bold: set[int] = set()
    for i, row in enumerate(sheet.iter_rows()):
        if i >= _MAX_ROWS:
            builder.warn(f"Sheet {sheet.title} was read only to row {_MAX_ROWS}.")
            break
        cells = row[:_MAX_COLUMNS]
        texts = [_value(cell.value) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if i < _HEADER_WITHIN:
            filled = [c for c, text in zip(cells, texts, strict=False) if text]
            if filled and all(getattr(getattr(c, "font", None), "b", False) for c in filled):
                bold.add(i)
        rows.append(texts)
    return rows, bold


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    return one_line(str(value))


def _header(rows: list[list[str]], bold: set[int]) -> int | None:
    """The row that names the columns: the first that is nearly as full as rows get."""
    sizes = sorted(sum(map(bool, row)) for row in rows[:200] if any(row))
    usual = sizes[int(len(sizes) * 0.75)] if sizes else 0
    for i, row in enumerate(rows[:_HEADER_WITHIN]):
        full = sum(map(bool, row)) >= max(2, 0.8 * usual)
        body = [r for r in rows[i + 1 :] if any(r)]
        if full and looks_like_header(row, body, i in bold):
            return i
    return None


def _merge(grid: list[list[Cell]], sheet: Any, data: bytes) -> None:
    """Carry merged cells down: the reader that saves memory knows only their first cell."""
    path = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = _MERGED.findall(archive.read(path))
    except KeyError:
        return
    for left, top, right, bottom in found[:100_000]:
        column, last, first = _column(left), _column(right), int(top) - 1
        if first >= len(grid) or column >= len(grid[first]):
            continue
        text = grid[first][column].text
        for y in range(first, min(int(bottom), len(grid))):
            row = grid[y]
            if y > first and not any(cell.text for cell in row):
                continue
            row.extend(Cell("") for _ in range(len(row), min(last, _MAX_COLUMNS) + 1))
            for x in range(column, min(last, _MAX_COLUMNS) + 1):
                row[x] = Cell(text, spread=x > column, carried=y > first)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
