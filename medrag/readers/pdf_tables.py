"""Tables of a PDF page: from lines of cells to rows that can be read on their own."""

from __future__ import annotations

from collections.abc import Container, Iterator
from itertools import pairwise
from statistics import median

from medrag.readers.hyphens import join_lines
from medrag.readers.pdf_lines import Line, Segment
from medrag.readers.tables import Cell, looks_like_header, render

Rules = list[tuple[float, float, float]]


def find_table(lines: list[Line], i: int) -> int:
    """How many lines from ``lines[i]`` on are one table; 0 where none begins there."""
    if len(lines[i].cells) < 2:
        return 0
    end, full, last = i + 1, 1, i
    while end < len(lines) and _belongs(lines[last], lines[end], lines[i:end]):
        if len(lines[end].cells) > 1:
            full, last = full + 1, end
        end += 1
    # Words under the last full row belong to it only where they stand close below it.
    while end - 1 > last and not _close(lines[end - 2], lines[end - 1]):
        end -= 1
    return end - i if full >= 2 else 0


def _belongs(last: Line, line: Line, table: list[Line]) -> bool:
    if line.y >= table[-1].y or table[-1].y - line.y > 5 * max(line.size, 6):
        return False
    starts = [cell.x0 for row in table for cell in row.cells]
    tolerance = max(4.0, 0.6 * line.size)
    aligned = [c for c in line.cells if any(abs(c.x0 - x) < tolerance for x in starts)]
    if len(line.cells) > 1:
        return bool(aligned) or _beneath(last, line)
    # A single cell carries on a row: it stands under one of its columns, within its width.
    cell = line.cells[0]
    first = min(starts)
    over = [[c for c in row.cells if min(c.x1, cell.x1) > max(c.x0, cell.x0)] for row in table]
    under_one = any(over) and all(len(cells) <= 1 for cells in over)
    if not (aligned or under_one) or not _close(table[-1], line):
        return False
    if cell.x0 > first + tolerance:
        return True
    return len(last.cells) > 1 and cell.x1 < min((c.x0 for c in last.cells[1:]), default=0.0)


def _beneath(above: Line, below: Line) -> bool:
    """Whether each cell stands under its like: a list in a cell indents what it wraps."""
    if len(above.cells) != len(below.cells):
        return False
    pairs = zip(above.cells, below.cells, strict=True)
    return all(min(a.x1, b.x1) - max(a.x0, b.x0) > 0.5 * (b.x1 - b.x0) for a, b in pairs)


def parallel(lines: list[Line]) -> list[Line]:
    """The lines of texts that stand side by side, one text after the other; empty where the
    lines are a table after all. Two lists in two boxes look like a table, and are none."""
    # A pictogram before a box's title (a plus in a circle) is no cell of its own.
    lines = [
        Line(
            [c for c in line.cells if len(c.text) > 1 or c.text.isalnum()] or line.cells,
            line.column,
        )
        for line in lines
    ]
    full = [line for line in lines if len(line.cells) > 1]
    if any(len(line.cells) != 2 for line in full) or len(full) < 3:
        return []
    edge = min(line.cells[1].x0 for line in full)
    sides = [
        [c for line in lines for c in line.cells if (c.x0 >= edge - 1) == right]
        for right in (False, True)
    ]
    for side in sides:
        wrapped = sum(c.text[0].islower() or not c.text[0].isalnum() for c in side)
        if median(len(c.text) for c in side) < 20 or wrapped < 0.3 * len(side):
            return []
    out = []
    for side in sides:
        box = (min(c.x0 for c in side), max(c.x1 for c in side))
        out += [Line([cell], box) for cell in side]
    return out


def _close(above: Line, below: Line) -> bool:
    return 0 < above.y - below.y <= 2.2 * max(below.size, above.size)


def table_rows(lines: list[Line], rules: Rules, vocabulary: Container[str]) -> Iterator[str]:
    """The rows of a table, each with the names of its columns where they can be told."""
    starts = _starts(lines)
    rows = _logical(lines, starts, rules)
    texts = [[_join(cell, vocabulary) for cell in row] for row in rows]
    bold = [all(s.bold for cell in row for s in cell) for row in rows]
    for y in range(1, len(texts)):
        if not texts[y][0] and sum(map(bool, texts[y])) > 1:
            texts[y][0] = texts[y - 1][0]  # what the first column names holds until it names anew
    first_bold = bold[0] and not all(bold)
    steady = sum(sum(map(bool, row)) >= 2 for row in texts) >= 0.7 * len(texts)
    header = steady and looks_like_header(texts[0], texts[1:], first_bold)
    grid = [[Cell(text) for text in row] for row in texts]
    if not header and len(starts) == 2 and not steady:
        yield from (" | ".join(text for text in row if text) for row in texts)
        return
    yield from render(grid, int(header))


def _starts(lines: list[Line]) -> list[float]:
    """Where the columns begin: the left edges that several lines share."""
    clusters: list[list[float]] = []
    for x in sorted(cell.x0 for line in lines for cell in line.cells):
        if clusters and x - clusters[-1][-1] < 6:
            clusters[-1].append(x)
        else:
            clusters.append([x])
    least = 2 if len(lines) > 2 else 1
    starts = [c[0] for c in clusters if len(c) >= least] or [clusters[0][0]]
    kept = [starts[0]]
    for x in starts[1:]:
        # The hanging indent of a list inside a cell is an edge of its own, but no column: no
        # line has words at both edges.
        if x - kept[-1] < 25 and not any(_at(line, kept[-1]) and _at(line, x) for line in lines):
            continue
        kept.append(x)
    return kept


def _at(line: Line, x: float) -> bool:
    return any(abs(cell.x0 - x) < 6 for cell in line.cells)


def _logical(lines: list[Line], starts: list[float], rules: Rules) -> list[list[list[Segment]]]:
    """Rows as a person sees them: a cell of three lines is one cell."""
    gaps = [a.y - b.y for a, b in pairwise(lines)]
    tight = min((gap for gap in gaps if gap > 0), default=0.0)
    uniform = all(gap <= 1.25 * tight for gap in gaps)
    ruled = [_ruled(a, b, rules) for a, b in pairwise(lines)]
    use_rules = sum(ruled) >= 2 or (any(ruled) and len(lines) > 4 and not uniform)
    rows: list[list[list[Segment]]] = []
    for i, line in enumerate(lines):
        cells: list[list[Segment]] = [[] for _ in starts]
        for cell in line.cells:
            cells[_column(cell, starts)].append(cell)
        new = i == 0
        if not new and use_rules:
            new = ruled[i - 1]
        elif not new:
            named = bool(cells[0]) and not cells[0][0].text[:1].islower()
            many = sum(map(bool, cells)) > 1
            new = gaps[i - 1] > 1.25 * tight or (named and many) or (uniform and named)
        if new:
            rows.append(cells)
        else:
            for kept, more in zip(rows[-1], cells, strict=True):
                kept.extend(more)
    return rows


def _ruled(above: Line, below: Line, rules: Rules) -> bool:
    width = max(above.x1, below.x1) - min(above.x0, below.x0)
    low, high = below.y + 0.5 * below.size, above.y
    if high <= low:
        return False
    covered = sum({round(x0): x1 - x0 for y, x0, x1 in rules if low <= y <= high}.values())
    return covered >= 0.6 * width


def _column(cell: Segment, starts: list[float]) -> int:
    middle = min(cell.x0 + 6, (cell.x0 + cell.x1) / 2)
    left = max((i for i, x in enumerate(starts) if x <= middle), default=0)
    # A centred heading begins left of its column's edge: it belongs where most of it lies.
    right = left + 1
    if right < len(starts) and cell.x1 - starts[right] > 0.6 * (cell.x1 - cell.x0):
        return right
    return left


def _join(cell: list[Segment], vocabulary: Container[str]) -> str:
    out = ""
    for segment in cell:
        out = join_lines(out, segment.text, vocabulary)
    return out
