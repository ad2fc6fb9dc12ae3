"""From the lines of all pages to blocks: headings, paragraphs, list items and tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Mapping
from itertools import pairwise
from statistics import median

from medrag.readers.common import LABELLED, Builder
from medrag.readers.hyphens import join_lines
from medrag.readers.pdf_lines import Line
from medrag.readers.pdf_pages import Fonts, PageLines
from medrag.readers.pdf_tables import find_table, parallel, table_rows

_BULLET = re.compile(
    r"(?P<label>[-•●·◦▪■□‣–—*›»✓➢\uf0b7\uf0a7\uf0d8]|o(?=\s+[A-Z]))\s+(?P<text>\S.*)"
)
_NUMBER = re.compile(r"(?P<label>\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)])\s+(?P<text>\S.*)")
_NUMBERED = re.compile(r"\d{1,2}(?:\.\d{1,2})*\.?\s+[A-Z]")
_ENDED = re.compile(r"[.!?:;][\"'”’)\]⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
Style = tuple[float, bool, bool]


class Writer:
    """Writes the lines of pages as blocks."""

    def __init__(
        self,
        builder: Builder,
        fonts: Fonts,
        levels: Mapping[Style, int],
        vocabulary: Container[str],
    ) -> None:
        self.builder, self.fonts, self.levels = builder, fonts, levels
        self.vocabulary = vocabulary
        self.open: list[Line] = []
        self.first = True

    def page(self, page: PageLines) -> None:
        """Write one page."""
        lines = list(page.lines)
        self.first, spacing, i = True, page.spacing, 0
        while i < len(lines):
            if count := heading_lines(page, lines, i, self.fonts):
                self._flush()
                self._heading(lines[i : i + count], page)
                i += count
            elif (count := find_table(lines, i)) and (texts := parallel(lines[i : i + count])):
                lines[i : i + count] = texts
            elif count := find_table(lines, i):
                self._flush()
                table = lines[i : i + count]
                for row in table_rows(table, page.rules, self.vocabulary):
                    self.builder.row(row)
                self.first = False
                i += count
            else:
                if self.open and self._begins(self.open[-1], lines[i], spacing):
                    self._flush()
                self.open.append(lines[i])
                i += 1
        self._flush()
        for text in page.turned:
            self.builder.block(text)

    def _heading(self, lines: list[Line], page: PageLines) -> None:
        text = self._joined(lines)
        level = self.levels.get(style_of(lines[0], self.fonts)) or page.outline.get(normal(text), 6)
        self.builder.heading(text, level)
        self.first = False

    def _begins(self, last: Line, line: Line, spacing: float) -> bool:
        """Whether ``line`` begins a new block after ``last``."""
        text = self.open[-1].text
        unfinished = not _ENDED.search(text)
        if _labelled(line.text) or (LABELLED.match(line.text) and LABELLED.match(last.text)):
            return True
        if len(line.cells) > 1 or len(last.cells) > 1:
            return True
        gap = last.y - line.y
        if gap <= 0 or gap > 6 * spacing:  # the next column, or across a picture
            return not (unfinished and line.text[0].islower())
        if abs(line.size - last.size) > 0.08 * last.size:
            return not (unfinished and line.text[0].islower())
        if last.bold != line.bold and not (unfinished or line.text[0].islower()):
            return True
        if gap > 1.35 * min(spacing, 1.6 * line.size):
            return not (unfinished and line.text[0].islower() and gap < 2 * spacing)
        width = last.column[1] - last.column[0]
        short = last.x1 < last.column[1] - 0.3 * width
        if short and not unfinished:
            return True
        indent = line.x0 - last.x0
        hanging = _labelled(self.open[0].text) and len(self.open) == 1
        return indent < -1.5 * line.size and not unfinished and not hanging

    def _flush(self) -> None:
        if not self.open:
            return
        text = self._joined(self.open)
        self.open = []
        carries_on = (
            self.first
            and self.builder.last_kind in ("paragraph", "item")
            and not _ENDED.search(self.builder.last)
            and text[:1].islower()
            and not _labelled(text)
        )
        self.first = False
        if carries_on:
            self.builder.extend(text, self.vocabulary)
        elif match := _BULLET.match(text):
            self.builder.item(match["text"])
        elif match := _NUMBER.match(text):
            self.builder.item(match["text"], match["label"])
        else:
            self.builder.block(text)

    def _joined(self, lines: list[Line]) -> str:
        out = ""
        for line in lines:
            out = join_lines(out, line.text, self.vocabulary)
        return out


def _labelled(text: str) -> bool:
    return bool(_BULLET.match(text) or _NUMBER.match(text))


def _spacing(lines: list[Line]) -> float:
    """The usual distance between the lines of a paragraph on a page."""
    gaps = [
        a.y - b.y
        for a, b in pairwise(lines)
        if 0 < a.y - b.y < 3 * max(a.size, 4) and abs(a.size - b.size) < 0.5
    ]
    return median(gaps) if gaps else 14.0


def normal(text: str) -> str:
    """A heading as it is compared with the outline: its letters and digits only."""
    return re.sub(r"[\W_]+", "", text.lower())


def style_of(line: Line, fonts: Fonts) -> Style:
    """What sets a heading apart: its size, its weight, its typeface."""
    return (round(line.size * 2) / 2, line.bold, line.font not in fonts.families)


def heading_lines(page: PageLines, lines: list[Line], i: int, fonts: Fonts) -> int:
    """How many lines from ``lines[i]`` on are one heading; 0 where it is none."""
    first, outline, spacing = lines[i], page.outline, page.spacing
    if len(first.cells) > 1 or not _sets_apart(first, fonts):
        return 1 if len(first.cells) == 1 and normal(first.text) in outline else 0
    count, style = 1, style_of(first, fonts)
    text = first.text
    while i + count < len(lines) and normal(text) not in outline:
        line = lines[i + count]
        if not _same_heading(lines[i + count - 1], line, style, fonts, spacing):
            break
        text, count = f"{text} {line.text}", count + 1
    if normal(text) in outline:
        return count
    above = lines[i - 1] if i else None
    alike = above is not None and len(above.cells) == 1 and style_of(above, fonts) == style
    if alike and above is not None and _same_heading(above, first, style, fonts, spacing):
        return 0  # the rest of what was too long to be a heading
    large = first.size > 1.3 * fonts.size
    letters = sum(ch.isalpha() for ch in text)
    if letters < 3 or letters < 0.5 * len(text.replace(" ", "")) or _BULLET.match(text):
        return 0
    if count > 4 or len(text) > (200 if large else 140) or text[-1] in ",;":
        return 0
    if not large and (text[-1] == "." or text[0].islower() or first.size < 0.8 * fonts.size):
        return 0
    return count if _stands_free(lines, i, count, spacing) else 0


def _same_heading(above: Line, line: Line, style: Style, fonts: Fonts, spacing: float) -> bool:
    near = 0 < above.y - line.y <= max(1.9 * line.size, 1.3 * spacing)
    numbered = _NUMBERED.match(line.text) or _BULLET.match(line.text)
    return near and len(line.cells) == 1 and style_of(line, fonts) == style and not numbered


def _sets_apart(line: Line, fonts: Fonts) -> bool:
    large = line.size >= 1.12 * fonts.size
    other = line.font not in fonts.families and line.size >= 0.8 * fonts.size
    return large or (line.bold and line.size >= 0.95 * fonts.size) or other


def _stands_free(lines: list[Line], i: int, count: int, spacing: float) -> bool:
    """A heading does not run on: into lower case below it, or out of a sentence above it."""
    line, last = lines[i], lines[i + count - 1]
    around = [*lines[max(0, i - 1) : i], *lines[i + count : i + count + 1]]
    aside = line.x0 > line.column[0] + 0.4 * (line.column[1] - line.column[0])
    if aside and any(len(o.cells) > 1 and abs(o.y - line.y) < 2 * line.size for o in around):
        return False  # the second line of a column's name, above or below the row of names
    if i + count < len(lines):
        below = lines[i + count]
        near = 0 < last.y - below.y < 1.3 * spacing
        if near and below.text[0].islower() and below.size >= 0.9 * last.size:
            return False
    if i:
        above = lines[i - 1]
        near = 0 < above.y - line.y < 1.15 * spacing and abs(above.size - line.size) < 0.5
        full = above.x1 > above.column[1] - 0.15 * (above.column[1] - above.column[0])
        if near and full and not _ENDED.search(above.text) and not above.bold:
            return False
    return True


def heading_levels(pages: list[PageLines], fonts: Fonts) -> dict[Style, int]:
    """A level for each style of heading: the larger, the higher. A style that is used once only
    (a cover, a stray) gets the level of the next larger one and pushes no other down."""
    styles: Counter[Style] = Counter()
    for page in pages:
        page.spacing, i = _spacing(page.lines), 0
        while i < len(page.lines):
            count = heading_lines(page, page.lines, i, fonts)
            if count:
                styles[style_of(page.lines[i], fonts)] += 1
            i += max(count, 1)
    levels: dict[Style, int] = {}
    level, size = 0, 0.0
    for style in sorted(styles, key=lambda s: (-s[0], not s[1], not s[2])):
        # Sizes that hardly differ are one level, save that bold outranks what is not bold.
        smaller = level == 0 or size - style[0] > 0.6 or style[0] <= fonts.size * 1.12
        if smaller and (styles[style] > 1 or level == 0 or len(styles) <= 4):
            level, size = level + 1, style[0]
        levels[style] = min(level, 6)
    return levels
