"""From the fragments of a PDF page to its lines, in the order in which a person reads them."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from medrag.readers.common import one_line, superscript
from medrag.readers.pdf_glyphs import Drawn, Fragment

# In units of the font size: the gap that is a space, and the gap that parts two cells.
_SPACE, _CELL = 0.16, 1.0
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


def segments(drawn: Drawn, gutters: list[float], edges: list[float]) -> list[Segment]:
    """The segments of a page, top to bottom, left to right. Lines are cut where they reach over
    a known gutter between columns, or up to a known edge of a table's column."""
    rows = _baselines([f for f in drawn.fragments if not f.turned])
    return [segment for row in rows for segment in _split(row, (gutters, edges))]


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
            wide = gap > _CELL * size or _is_cut(last.x1, fragment.x0, gap / size, cuts)
            if wide and not _is_label(text, gap / size):
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


def _is_label(text: str, gap: float) -> bool:
    """A bullet or a number stands apart from its item, and is not a table's cell. A bare number
    stands close before a heading; farther off it is the first cell of a row."""
    text = text.strip()
    return _LABEL.fullmatch(text) is not None and gap < (2.0 if text[-1].isdigit() else 4.0)


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
