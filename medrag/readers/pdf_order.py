"""The order in which a person reads a page: columns one by one, tables row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from medrag.readers.pdf_glyphs import Drawn
from medrag.readers.pdf_lines import Line, Segment, segments

# A column of running text holds at least so many characters a line; less is a table's column.
_COLUMN_CHARS = 22
_MIN_ROWS = 4
_MAX_DEPTH = 3
Rules = list[tuple[float, float, float]]


@dataclass(slots=True)
class Band(Segment):
    """A ruled table: it stands on the page as one thing, whatever columns are around it."""

    inside: list[Segment] = field(default_factory=list)


def laid_out(drawn: Drawn) -> list[Segment]:
    """The segments of a page, cut where its own columns say so."""
    found = segments(drawn, [], [])
    # Where columns stand close, full lines touch across the gutter: once it is known, cut there.
    gutters, edges = _gutters(_banded(found, drawn.rules)), _edges(found)
    return segments(drawn, gutters, edges) if gutters or edges else found


def reading_order(found: list[Segment], rules: Rules) -> list[Line]:
    """The lines of a page in reading order."""
    return _ordered(_banded(found, rules), 0)


def _edges(found: list[Segment]) -> list[float]:
    """Where many segments begin one below the other: the left edges of a table's columns."""
    edges: dict[int, list[float]] = {}
    for segment in found:
        edges.setdefault(round(segment.x0), []).append(segment.x0)
    return [median(xs) for xs in edges.values() if len(xs) >= 5]


def _gutters(found: list[Segment], depth: int = 0) -> list[float]:
    gutter = _gutter(found) if depth < _MAX_DEPTH else None
    if gutter is None:
        return []
    left = [s for s in found if s.x1 <= gutter + 0.5]
    right = [s for s in found if s.x0 >= gutter - 0.5]
    return [gutter, *_gutters(left, depth + 1), *_gutters(right, depth + 1)]


def _banded(found: list[Segment], rules: Rules) -> list[Segment]:
    """``found`` with the words of each ruled table put together into one band."""
    rest, bands = found, []
    for levels, x0, x1 in _ruled_areas(rules):
        inside = [s for s in rest if levels[-1] < s.y < levels[0] and x0 - 3 <= s.x0 <= x1 + 3]
        if _is_table(inside, levels):
            top = max(inside, key=lambda s: s.y)
            bands.append(Band("", x0, x1, top.y, top.size, inside=inside))
            rest = [s for s in rest if s not in inside]
    return [*rest, *bands]


def _ruled_areas(rules: Rules) -> list[tuple[list[float], float, float]]:
    """Stacks of level lines of one width: their heights from the top, and their two ends."""
    merged: list[list[float]] = []
    for y, x0, x1 in sorted(rules, key=lambda r: (-round(r[0]), r[1])):
        last = merged[-1] if merged else None
        if last and abs(last[0] - y) < 1.5 and x0 - last[2] < 4:
            last[2] = max(last[2], x1)
        else:
            merged.append([y, x0, x1])
    areas: list[tuple[list[float], float, float]] = []
    for y, x0, x1 in merged:
        if x1 - x0 < 100:
            continue
        for levels, left, right in areas:
            if abs(left - x0) < 8 and abs(right - x1) < 8 and levels[-1] - y < 300:
                levels.append(y)
                break
        else:
            areas.append(([y], x0, x1))
    return [area for area in areas if len(area[0]) >= 3]


def _is_table(inside: list[Segment], levels: list[float]) -> bool:
    """Whether what stands between the lines is rows of cells, and not text in a frame."""
    counts, celled = [], 0
    for high, low in pairwise(levels):
        row = [s for s in inside if low < s.y < high]
        if row:
            counts.append(_row_count(row))
            celled += len(row) > _row_count(row) or len({round(s.x0 / 20) for s in row}) > 1
    return len(counts) >= 2 and median(counts) <= 14 and celled >= 0.5 * len(counts)


def _ordered(found: list[Segment], depth: int) -> list[Line]:
    if not found:
        return []
    gutter = _gutter(found) if depth < _MAX_DEPTH else None
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


def _words(found: list[Segment]) -> list[Segment]:
    return [segment for segment in found if not isinstance(segment, Band)]


def _in_step(left: list[Segment], right: list[Segment]) -> bool:
    """Whether the gaps between blocks lie at the same heights on both sides: rows of a table.
    The paragraphs of two columns of text break where they will."""
    gaps = [_gaps(left), _gaps(right)]
    few, many = sorted(gaps, key=len)
    if len(few) < 3:
        return False
    shared = sum(any(min(a, c) > max(b, d) for c, d in many) for a, b in few)
    return shared >= 0.8 * len(few) and len(few) >= 0.6 * len(many)


def _gaps(found: list[Segment]) -> list[tuple[float, float]]:
    """The gaps between rows that are clearly wider than the usual one: ``(top, bottom)``."""
    heights = sorted({round(s.y) for s in found}, reverse=True)
    steps = [a - b for a, b in pairwise(heights) if a - b > 3]
    usual = min(steps, default=0)
    return [(a, b) for a, b in pairwise(heights) if a - b > 1.3 * usual]


def _columns(bucket: list[Segment], gutter: float, depth: int) -> list[Line]:
    first = [s for s in bucket if s.x0 < gutter - 0.5]
    second = [s for s in bucket if s.x0 >= gutter - 0.5]
    return _ordered(first, depth + 1) + _ordered(second, depth + 1)


def _banners(found: list[Segment], gutter: float) -> list[Segment]:
    """Large titles at the top of one column with nothing beside them: they head the page."""
    found = _words(found)
    usual = median(s.size for s in found)
    out = []
    for segment in found:
        across = [s for s in found if (s.x0 < gutter - 1) != (segment.x0 < gutter - 1)]
        # A title with another beside it ("Adults", "Children") heads its column, not the page:
        # taken for the page's, it would put the left column under the right one's heading.
        beside = any(abs(s.y - segment.y) < segment.size for s in across)
        text = max((s.y for s in across if s.size < 1.2 * usual), default=0.0)
        if segment.size >= 1.3 * usual and not beside and segment.y > text + usual:
            out.append(segment)
    return out


def _gutter(found: list[Segment]) -> float | None:
    """Where the right one of two columns of running text begins; None where there are none."""
    found = _words(found)
    if len(found) < 2 * _MIN_ROWS:
        return None
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
        if not (_is_prose(left) and _is_prose(right)) or _in_step(left, right):
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
        if isinstance(segment, Band):
            rows.extend(_rows(segment.inside))
        elif rows and abs(rows[-1].y - segment.y) <= 0.35 * max(
            rows[-1].cells[0].size, segment.size
        ):
            rows[-1].cells.append(segment)
        else:
            rows.append(Line([segment], (low, high)))
    for row in rows:
        row.cells.sort(key=lambda s: s.x0)
    return rows
