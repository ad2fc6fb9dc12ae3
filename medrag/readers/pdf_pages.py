"""The pages of a PDF as read, and what runs over them: headers, footers, page numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from medrag.readers.pdf_lines import Line, Segment
from medrag.text import CELL_GAP

_MARGIN = 0.1
# Whatever it looks like, such a line is for whoever treats somebody.
_SAYS_WHAT_TO_DO = re.compile(
    r"\d ?(?:m?g|mcg|micrograms?|units?|mmol|mL|%|tablets?|hours?|days?|kg|mmHg)\b|\d ?/"
    r"|\b(?:dose|max(?:imum)?|below|above|under|over|avoid|never|not|contra-?indicated|stop|give"
    r"|if|unless|call|allerg\w+)\b",
    re.I,
)
_APART = 3  # times its own size: the rows of a table stand closer
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.)?\s*[-–—|]*\s*(?:\d{1,4}|[ivxlc]{1,7})\s*[-–—|]*(?:\s*(?:of|/)\s*\d{1,4})?$", re.I
)


@dataclass(slots=True)
class PageLines:
    """A page as read: its lines in reading order, or, where that failed, its plain text."""

    number: int
    label: str
    height: float
    segments: list[Segment] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    rules: list[tuple[float, float, float]] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)
    outline: dict[str, int] = field(default_factory=dict)
    plain: str | None = None
    spacing: float = 14.0


@dataclass(slots=True)
class Fonts:
    """What is usual in the document, by count of characters."""

    size: float
    families: frozenset[str]

    @classmethod
    def of(cls, pages: list[PageLines]) -> Fonts:
        sizes: Counter[float] = Counter()
        families: Counter[str] = Counter()
        for page in pages:
            for segment in page.segments:
                sizes[segment.size] += len(segment.text)
                families[segment.font] += len(segment.text)
        total = sum(families.values())
        usual = frozenset(name for name, n in families.items() if n > 0.15 * total)
        return cls(sizes.most_common(1)[0][0] if sizes else 10.0, usual)


def drop_running(pages: list[PageLines], fonts: Fonts) -> None:
    """Take running headers, footers and page numbers off the pages."""
    seen: Counter[tuple[str, bool]] = Counter()
    for page in pages:
        seen.update({_key(s, page) for s in page.segments if _in_margin(s, page)})
    need = 2 if len(pages) == 2 else max(3, min(4, len(pages) // 4))
    running = {key for key, n in seen.items() if n >= need}
    lines: Counter[tuple[int, float]] = Counter()  # where, and how large, running words stand
    for page in pages:
        lines.update(
            {
                (round(s.y), s.size)
                for s in page.segments
                if _in_margin(s, page) and _key(s, page) in running
            }
        )
    for page in pages:
        page.segments = [s for s in page.segments if not _runs(s, page, running, lines, fonts)]
        for edge in (max, min):
            line = _set_apart(page, edge((s.y for s in page.segments), default=0.0), fonts)
            page.segments = [s for s in page.segments if s not in line]


def _set_apart(page: PageLines, y: float, fonts: Fonts) -> list[Segment]:
    """The words at the height ``y`` of a page's edge, where they are a header or footer by their
    looks alone: several, small, and far from all others. On a single page nothing comes again."""
    line = [s for s in page.segments if round(s.y) == round(y)]
    others = [abs(s.y - y) for s in page.segments if s not in line]
    small = all(s.size < fonts.size and _in_margin(s, page) for s in line)
    apart = min(others, default=0.0) > _APART * max((s.size for s in line), default=0.0)
    said = CELL_GAP.join(s.text for s in line)
    return line if len(line) > 1 and small and apart and not _SAYS_WHAT_TO_DO.search(said) else []


def _runs(
    segment: Segment,
    page: PageLines,
    running: set[tuple[str, bool]],
    lines: Mapping[tuple[int, float], int],
    fonts: Fonts,
) -> bool:
    if not _in_margin(segment, page):
        return False
    if _PAGE_NUMBER.match(segment.text):
        return True
    if page.number == 1 and segment.size > 1.2 * fonts.size:
        return False  # the title itself may run on the pages after it
    # Words between bars: on a document of one page nothing shows that they would come again.
    bars = CELL_GAP in segment.text and not _SAYS_WHAT_TO_DO.search(segment.text)
    if _key(segment, page) in running or bars:
        return True
    beside = lines.get((round(segment.y), segment.size), 0) >= 3
    return beside and segment.size != fonts.size and len(segment.text) < 120


def _in_margin(segment: Segment, page: PageLines) -> bool:
    return not _MARGIN * page.height < segment.y < (1 - _MARGIN) * page.height


def _key(segment: Segment, page: PageLines) -> tuple[str, bool]:
    return re.sub(r"\d+", "#", segment.text.lower()), segment.y > page.height / 2
