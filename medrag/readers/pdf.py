"""PDF: pages with their labels, text in reading order, running headers and footers taken off."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from medrag.errors import ReadError
from medrag.readers.common import Builder, digest, one_line, quiet, sensible_title
from medrag.readers.hyphens import vocabulary_of
from medrag.readers.meta import find_meta
from medrag.readers.pdf_blocks import Writer, heading_levels, normal
from medrag.readers.pdf_glyphs import drawn
from medrag.readers.pdf_lines import turned_text
from medrag.readers.pdf_order import laid_out, reading_order
from medrag.readers.pdf_pages import Fonts, PageLines, drop_running
from medrag.readers.plain import write_plain
from medrag.types import Document

_REPAIR = "Open it in a PDF viewer, save or print it to a new PDF, and ingest that."
# Where the placed text holds so much less than pypdf's own, the placing has failed.
_ENOUGH = 0.6


def read(path: str, data: bytes) -> Iterator[Document]:
    """The PDF as one document."""
    with quiet("pypdf"):
        yield _document(path, data)


def _document(path: str, data: bytes) -> Document:
    reader = _open(data)
    builder = Builder()
    pages = _pages(reader, builder)
    _refuse_scan(pages)
    fonts = Fonts.of(pages)
    head = "\n".join(s.text for page in pages[:2] for s in page.segments)
    drop_running(pages, fonts)
    for page in pages:
        page.lines = reading_order(page.segments, page.rules)
    _add_outline(reader, pages)
    vocabulary = vocabulary_of([line.text for page in pages for line in page.lines])
    writer = Writer(builder, fonts, heading_levels(pages, fonts), vocabulary)
    for page in pages:
        builder.page(page.number, page.label)
        if page.plain is not None:
            write_plain(builder, page.plain)
        else:
            writer.page(page)
    builder.end_page()
    _warn_empty(pages, builder)
    meta = find_meta(f"{builder.head()[:2000]}\n{head[:1000]}", builder.warnings, _language(reader))
    info_title = _quietly(lambda: reader.metadata.title)
    titles = (_info_title(info_title), _first_title(pages, fonts), builder.first_heading())
    return builder.document(path, digest(data), titles, meta)


def _open(data: bytes) -> Any:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(io.BytesIO(data))
        opened = not reader.is_encrypted or reader.decrypt("")
        if opened and not len(reader.pages):
            raise ReadError("The PDF has no pages.", _REPAIR)
    except (ReadError, MemoryError):
        raise
    except DependencyError as error:
        raise ReadError(
            "The PDF is encrypted in a way that needs another library.",
            "Install cryptography, or save the PDF without encryption.",
        ) from error
    except Exception as error:  # pypdf raises PdfReadError, KeyError, RecursionError and more
        raise ReadError(
            f"The PDF is damaged or truncated ({type(error).__name__}: {error}).", _REPAIR
        ) from error
    if not opened:
        raise ReadError(
            "The PDF is encrypted and opens only with a password.",
            "Save a copy without a password (qpdf --decrypt --password=... in.pdf out.pdf).",
        )
    return reader


def _pages(reader: Any, builder: Builder) -> list[PageLines]:
    count = len(reader.pages)
    labels = _quietly(lambda: list(reader.page_labels)) or []
    fonts: dict[int, Any] = {}
    pages = []
    for i in range(count):
        label = one_line(str(labels[i])) if i < len(labels) else ""
        pages.append(_page(reader, i, label or str(i + 1), fonts, builder))
    return pages


def _page(reader: Any, i: int, label: str, fonts: dict[int, Any], builder: Builder) -> PageLines:
    """One page: placed text where that works, pypdf's own order where it does not."""
    plain = _quietly(lambda: reader.pages[i].extract_text())
    page = PageLines(i + 1, label, 0.0)
    try:
        shown = drawn(reader.pages[i], fonts)
        page.height, page.rules = shown.height, shown.rules
        page.segments, page.turned = laid_out(shown), turned_text(shown)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - fonts and streams break in many ways; the plain text is still there
        page.segments, page.turned = [], []
    placed = sum(_letters(s.text) for s in page.segments) + sum(map(_letters, page.turned))
    if placed < _ENOUGH * _letters(plain or ""):
        page.plain, page.segments, page.turned = one_page(plain), [], []
        builder.warn(f"Page {label}: the layout could not be read; its text may be out of order.")
    elif plain is None and not placed:
        builder.warn(f"Page {label} could not be read.")
    return page


def one_page(plain: str | None) -> str:
    """The plain text of a page without the form feeds that would part it."""
    return (plain or "").replace("\f", "\n")


def _letters(text: str) -> int:
    return sum(not ch.isspace() for ch in text)


def _is_empty(page: PageLines) -> bool:
    return not page.segments and not page.turned and not one_line(page.plain or "")


def _refuse_scan(pages: list[PageLines]) -> None:
    if all(_is_empty(page) for page in pages):
        count = len(pages)
        where = "its only page" if count == 1 else f"any of its {count} pages"
        raise ReadError(
            f"The PDF is a scan: no text on {where}.",
            "Run OCR on it (for example: ocrmypdf in.pdf out.pdf) and ingest the result.",
        )


def _warn_empty(pages: list[PageLines], builder: Builder) -> None:
    """One warning for each run of pages on which there was nothing to read."""
    empty = {page.number: page.label for page in pages if _is_empty(page)}
    numbers = {page.number: page.label for page in builder.pages if page.start == page.end}
    run: list[str] = []
    for page in [*pages, None]:
        if page is not None and page.number in numbers and page.number in empty:
            run.append(page.label)
            continue
        if len(run) == 1:
            builder.warn(f"Page {run[0]} has no text (blank, or a scan): it was not read.")
        elif run:
            builder.warn(
                f"Pages {run[0]} to {run[-1]} have no text (blank, or scans): they were not read."
            )
        run = []


def _add_outline(reader: Any, pages: list[PageLines]) -> None:
    """Give each page the titles of the bookmarks that point to it, with their levels."""

    def walk(items: Any, level: int) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item, level + 1)
                continue
            key = normal(str(item.title or ""))
            number = _quietly(lambda item=item: reader.get_destination_page_number(item))
            if len(key) > 2 and number is not None and 0 <= number < len(pages):
                pages[number].outline.setdefault(key, min(level, 6))

    _quietly(lambda: walk(reader.outline, 1))


def _first_title(pages: list[PageLines], fonts: Fonts) -> str | None:
    """The largest words of the first page that has any, where they are clearly large."""
    page = next((p for p in pages[:3] if p.lines), None)
    if page is None:
        return None
    largest = max((line.size for line in page.lines if len(line.text) > 2), default=0.0)
    if largest < 1.2 * fonts.size:
        return None
    words: list[str] = []
    for line in page.lines:
        if line.size >= 0.95 * largest:
            words.append(line.text)
        elif words:
            break
    return " ".join(words)[:200]


def _info_title(title: object) -> str | None:
    found = sensible_title(title)
    # A title without spaces is a file's name or a job's number.
    return found if found and " " in found else None


def _language(reader: Any) -> str | None:
    found = _quietly(lambda: reader.root_object.get("/Lang"))
    return one_line(str(found)) or None if found else None


def _quietly(action: Any) -> Any:
    """What ``action`` gives, or None where the PDF is broken just there."""
    try:
        return action()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - an optional part: a title, labels, the outline
        return None
