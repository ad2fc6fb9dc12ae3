"""From the fragments of a PDF page to its lines, in the order in which a person reads them."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from statistics import median

from medrag.readers.common import one_line, superscript
from medrag.readers.pdf_glyphs import Drawn, Fragment

# In units of the font size: the gap that is a space, and the gap that parts two cells.
_SPACE, _CELL = 0.16, 1.0
# A column of running text holds at least so many characters a line; less is a table's column.
_COLUMN_CHARS = 22
_MIN_ROWS = 4
_LABEL = re.compile(
    r"[-•●·◦▪■□‣–—*›»✓➢o\uf0b7\uf0a7\uf0d8]|\d{1,2}(?:\.\d{1,2}){0,3}"
    r"|\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-zA-Z]|[ivx]{1,4})[.)]"
)
_LEADERS = re.compile(r"(?:\s?\.){4,}|_{4,}")


@dataclass(slots=True)
class Segment:
    """Words on one baseline without a wide gap between them."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool = False
    font: str = ""


@dataclass(slots=True)
class Line:
    """One or more segments side by side: a line of prose, or the cells of a table row."""

    cells: list[Segment]
    column: tuple[float, float] = (0.0, 0.0)

    @property
    def text(self) -> str:
        return " | ".join(cell.text for cell in self.cells)

    @property
    def y(self) -> float:
        return self.cells[0].y

    @property
    def x0(self) -> float:
        return self.cells[0].x0

    @property
    def x1(self) -> float:
        return self.cells[-1].x1

    @property
    def size(self) -> float:
        return max(self.cells, key=lambda c: len(c.text)).size

    @property
    def font(self) -> str:
        return max(self.cells, key=lambda c: len(c.text)).font

    @property
    def bold(self) -> bool:
        return all(cell.bold for cell in self.cells)


def segments(drawn: Drawn) -> list[Segment]:
    """The segments of a page, top to bottom, left to right."""
    rows = _baselines([f for f in drawn.fragments if not f.turned])
    found = [segment for row in rows for segment in _split(row, ([], []))]
    # Where columns stand close, full lines touch across the gutter: now that it is known, cut.
    cuts = (_gutters(found), _edges(found))
    return [segment for row in rows for segment in _split(row, cuts)] if any(cuts) else found


def _edges(found: list[Segment]) -> list[float]:
    """Where many segments begin one below the other: the left edges of a table's columns."""
    edges: dict[int, list[float]] = {}
    for segment in found:
        edges.setdefault(round(segment.x0), []).append(segment.x0)
    return [median(xs) for xs in edges.values() if len(xs) >= 5]


def _gutters(found: list[Segment], depth: int = 0) -> list[float]:
    gutter = _gutter(found) if depth < 3 and len(found) >= 2 * _MIN_ROWS else None
    if gutter is None:
        return []
    left = [s for s in found if s.x1 <= gutter + 0.5]
    right = [s for s in found if s.x0 >= gutter - 0.5]
    return [gutter, *_gutters(left, depth + 1), *_gutters(right, depth + 1)]


def turned_text(drawn: Drawn) -> list[str]:
    """Text that runs up or down the page, in the order in which it was drawn."""
    joined = " ".join(one_line(f.text) for f in drawn.fragments if f.turned)
    return [joined] if len(joined) > 3 else []


def _baselines(fragments: list[Fragment]) -> list[list[Fragment]]:
    """Fragments by baseline; raised and lowered small ones join the line they belong to."""
    rows: list[list[Fragment]] = []
    keys: list[float] = []  # minus y of each row's largest fragment, ascending
    for fragment in sorted(fragments, key=lambda f: (-round(f.size, 1), -f.y, f.x0)):
        reach = 0.35 * fragment.size
        best, distance = None, 1e9
        at = bisect_left(keys, -fragment.y)
        for i in range(max(0, at - 3), min(len(keys), at + 3)):
            gap = fragment.y + keys[i]  # above the row: positive
            main = rows[i][0].size
            raised = fragment.size < 0.85 * main and -0.3 * main <= gap <= 0.6 * main
            if (abs(gap) <= reach or (raised and _beside(fragment, rows[i]))) and (
                abs(gap) < distance
            ):
                best, distance = i, abs(gap)
        if best is None:
            i = bisect_left(keys, -fragment.y)
            keys.insert(i, -fragment.y)
            rows.insert(i, [fragment])
        else:
            rows[best].append(fragment)
    return [sorted(row, key=lambda f: f.x0) for row in rows]


def _beside(fragment: Fragment, row: list[Fragment]) -> bool:
    near = 0.6 * row[0].size
    return any(abs(fragment.x0 - f.x1) < near or abs(f.x0 - fragment.x1) < near for f in row)


def _split(row: list[Fragment], cuts: tuple[list[float], list[float]]) -> list[Segment]:
    out: list[Segment] = []
    group: list[Fragment] = []
    text = ""
    main = max(row, key=lambda f: f.size * min(len(f.text), 4))
    for fragment in row:
        if group:
            last = group[-1]
            size = max(min(last.size, fragment.size), 1.0)
            gap = fragment.x0 - last.x1
            twice = fragment.text == last.text and abs(fragment.x0 - last.x0) < 0.25 * size
            if twice:  # bold by drawing twice
                continue
            wide = gap > _CELL * size and not _is_label(text)
            cut = _is_cut(last.x1, fragment.x0, gap / size, cuts) and not _is_label(text)
            if wide or cut:
                out.append(_segment(text, group))
                group, text = [], ""
            elif gap > _SPACE * size and not text.endswith(" "):
                text += " "
        raised = fragment.size < 0.8 * main.size and fragment.y > main.y + 0.15 * main.size
        digits = fragment.text.strip()
        text += superscript(digits) if raised and digits else fragment.text
        group.append(fragment)
    if group:
        out.append(_segment(text, group))
    return [segment for segment in out if segment.text]


def _is_cut(end: float, start: float, gap: float, cuts: tuple[list[float], list[float]]) -> bool:
    gutters, edges = cuts
    if gap > 0.35 and any(end - 1 <= x <= start + 1.5 for x in gutters):
        return True
    return gap > 0.5 and any(abs(x - start) < 0.8 for x in edges)


def _is_label(text: str) -> bool:
    """A bullet or a number stands apart from its item, and is not a table's cell."""
    return _LABEL.fullmatch(text.strip()) is not None


def _segment(text: str, group: list[Fragment]) -> Segment:
    letters = sum(len(f.text) for f in group)
    bold = sum(len(f.text) for f in group if f.bold)
    size = max(group, key=lambda f: len(f.text)).size
    y = max(group, key=lambda f: f.size).y
    font = max(group, key=lambda f: len(f.text)).font
    text = one_line(_LEADERS.sub(" ", text))
    return Segment(
        text, group[0].x0, max(f.x1 for f in group), y, round(size, 1), bold > 0.8 * letters, font
    )


def reading_order(found: list[Segment], depth: int = 0) -> list[Line]:
    """Lines in reading order: columns one after the other, tables row by row."""
    if not found:
        return []
    gutter = _gutter(found) if depth < 3 and len(found) >= 2 * _MIN_ROWS else None
    if gutter is None:
        return _rows(found)
    out: list[Line] = []
    bucket: list[Segment] = []
    banners = _banners(found, gutter)
    # What crosses the gutter (a heading, a wide table) parts what stands above from below.
    for segment in sorted(found, key=lambda s: (-s.y, s.x0)):
        if segment in banners or (segment.x0 < gutter - 5 and segment.x1 > gutter + 1):
            out += _columns(bucket, gutter, depth)
            bucket = []
            out += _rows([segment])
        else:
            bucket.append(segment)
    return out + _columns(bucket, gutter, depth)


def _columns(bucket: list[Segment], gutter: float, depth: int) -> list[Line]:
    first = [s for s in bucket if s.x0 < gutter - 0.5]
    second = [s for s in bucket if s.x0 >= gutter - 0.5]
    return reading_order(first, depth + 1) + reading_order(second, depth + 1)


def _banners(found: list[Segment], gutter: float) -> list[Segment]:
    """Large titles at the top of one column with nothing beside them: they head the page."""
    usual = median(s.size for s in found)
    out = []
    for segment in found:
        others = [
            s.y
            for s in found
            if (s.x0 < gutter - 1) != (segment.x0 < gutter - 1) and s.size < 1.2 * usual
        ]
        if segment.size >= 1.3 * usual and segment.y > max(others, default=0.0) + usual:
            out.append(segment)
    return out


def _gutter(found: list[Segment]) -> float | None:
    """Where the right one of two columns of running text begins; None where there are none."""
    low, high = min(s.x0 for s in found), max(s.x1 for s in found)
    width = high - low
    best: tuple[float, float] | None = None
    edges = sorted({round(s.x0, 1) for s in found})
    for edge in edges:
        if not low + 0.18 * width < edge < high - 0.15 * width:
            continue
        right = [s for s in found if s.x0 >= edge - 0.5]
        crossing = [s for s in found if s.x0 < edge - 0.5 and s.x1 > edge - 4]
        left = [s for s in found if s.x1 <= edge - 4]
        if len(left) < _MIN_ROWS or len(right) < _MIN_ROWS:
            continue
        if len(crossing) > 0.25 * min(_row_count(left), _row_count(right)) + 1:
            continue
        if not (_is_prose(left) and _is_prose(right)):
            continue
        space = edge - max(s.x1 for s in left)
        score = space + 0.5 * min(len(left), len(right)) - 2 * len(crossing)
        if best is None or score > best[0]:
            best = (score, edge)
    return best[1] if best else None


def _row_count(found: list[Segment]) -> int:
    return len({round(s.y) for s in found})


def _is_prose(found: list[Segment]) -> bool:
    """Whether the segments are the lines of a column of text, and not the cells of a table."""
    rows: dict[int, int] = {}
    for segment in found:
        key = round(segment.y)
        rows[key] = max(rows.get(key, 0), len(segment.text))
    return median(rows.values()) >= _COLUMN_CHARS


def _rows(found: list[Segment]) -> list[Line]:
    low, high = min(s.x0 for s in found), max(s.x1 for s in found)
    rows: list[Line] = []
    for segment in sorted(found, key=lambda s: (-s.y, s.x0)):
        if rows and abs(rows[-1].y - segment.y) <= 0.35 * max(rows[-1].cells[0].size, segment.size):
            rows[-1].cells.append(segment)
        else:
            rows.append(Line([segment], (low, high)))
    for row in rows:
        row.cells.sort(key=lambda s: s.x0)
    return rows
