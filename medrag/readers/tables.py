"""Tables as lines: every row names its columns, so that a row can be read on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from medrag.readers.column_scales import begins_with_number, is_scale
from medrag.readers.common import one_line
from medrag.text import CELL_GAP

_HEADER_WORDS_WORDS = """
    age agent category class column comment comments component condition criteria criterion
    date definition description dose dosage drug duration finding frequency group indication
    indicator interval item level management meaning medication medicine name note notes
    number parameter population reason recommendation regimen result risk route sign step
    strength symptom target term test threshold time treatment type unit value weight
"""
_HEADER_WORDS = frozenset(_HEADER_WORDS_WORDS.split())
_BARS = re.compile(r"\s*\|\s*")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a grid. ``spread``: covered by a cell to its left; ``carried``: by one above."""

    text: str
    header: bool = False
    spread: bool = False
    carried: bool = False

    @property
    def said(self) -> str:
        """The text as it stands in a row: a bar of its own makes no column."""
        return _BARS.sub("|", self.text).strip("| ") or self.text.strip("| ")


def grid(rows: Sequence[Sequence[tuple[str, int, int, bool]]]) -> list[list[Cell]]:
    """Lay ``(text, colspan, rowspan, header)`` cells out, spans filled with what they cover."""
    out: list[list[Cell]] = []
    hanging: dict[int, tuple[int, Cell]] = {}
    for row in rows:
        line: list[Cell] = []
        for text, columns, down, header in row:
            _fill(line, hanging)
            for i in range(max(1, min(columns, 100))):
                cell = Cell(one_line(text), header, spread=i > 0)
                if down > 1:
                    carried = Cell(cell.text, header, spread=i > 0, carried=True)
                    hanging[len(line)] = (down - 1, carried)
                line.append(cell)
        _fill(line, hanging)
        out.append(line)
    return out


def _fill(line: list[Cell], hanging: dict[int, tuple[int, Cell]]) -> None:
    while len(line) in hanging:
        column = len(line)
        left, cell = hanging.pop(column)
        if left > 1:
            hanging[column] = (left - 1, cell)
        line.append(cell)


def render(rows: list[list[Cell]], header_rows: int | None = None) -> Iterator[str]:
    """One line for each row of the table's body. ``header_rows`` None: to be told from it."""
    rows = [row for row in rows if any(cell.text for cell in row)]
    if not rows:
        return
    count = _count_headers(rows) if header_rows is None else min(header_rows, len(rows))
    if count >= len(rows):
        yield from (CELL_GAP.join(_values(row)) for row in rows)
        return
    width = max(len(row) for row in rows)
    names = _names(rows[:count], width)
    key_value = count == 0 and width == 2
    group = ""
    for row in rows[count:]:
        values = _values(row)
        if width > 2 and len(values) == 1 and _spans(row, width):
            group = values[0]  # a row across the whole table names the rows under it
            continue_to = len(group) <= 80
            yield group
            group = group if continue_to else ""
            continue
        line = _key_value(row) if key_value else _line(row, names)
        yield f"{group}{CELL_GAP}{line}" if group else line


def looks_like_header(first: Sequence[str], body: Sequence[Sequence[str]], bold: bool) -> bool:
    """Whether ``first`` names the columns of ``body``, where the file does not say so."""
    filled = [text for text in first if text]
    if not body or len(filled) < 2 or len(set(filled)) < len(filled):
        return False
    if any(len(text) > 60 or text.endswith((".", ";")) for text in filled):
        return False
    if len(first) - len(filled) > 1:
        return False
    if any(begins_with_number(text) for text in filled):
        return is_scale(first, body, bold)
    if bold or len(first) > 2:
        return True
    known = [bool(_HEADER_WORDS & set(re.findall(r"[a-z]+", text.lower()))) for text in filled]
    return all(known)


def _count_headers(rows: list[list[Cell]]) -> int:
    count = 0
    for row in rows:
        own = [cell for cell in row if cell.text]
        # A row of one heading cell across the table is a group's name, not the columns' names.
        if not all(c.header for c in own) or len({c.text for c in own}) < 2:
            break
        count += 1
    if count == 0 and not any(cell.header for row in rows for cell in row):
        texts = [[cell.text for cell in row] for row in rows]
        count = int(looks_like_header(texts[0], texts[1:], bold=False))
    return count


def _names(rows: list[list[Cell]], width: int) -> list[str]:
    names = []
    for column in range(width):
        parts = [row[column].said for row in rows if column < len(row) and row[column].text]
        names.append(" / ".join(dict.fromkeys(parts)).rstrip(" :"))
    return names


def _values(row: list[Cell]) -> list[str]:
    return [cell.said for cell in row if cell.text and not cell.spread]


def _spans(row: list[Cell], width: int) -> bool:
    return len(row) >= width and all(cell.spread for cell in row[1:])


def _key_value(row: list[Cell]) -> str:
    values = _values(row)
    if len(values) == 2 and len(values[0]) <= 80:
        return f"{values[0].rstrip(' :')}: {values[1]}"
    return CELL_GAP.join(values)


def _line(row: list[Cell], names: list[str]) -> str:
    out = []
    for column, cell in enumerate(row):
        if not cell.text or cell.spread:
            continue
        name = names[column] if column < len(names) else ""
        out.append(f"{name}: {cell.said}" if name and name != cell.said else cell.said)
    return CELL_GAP.join(out)
