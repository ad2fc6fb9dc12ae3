"""What all readers share: the builder of texts, magic numbers, titles."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from medrag.errors import ReadError
from medrag.readers.hyphens import join_lines
from medrag.text import clean
from medrag.types import Document, Meta, Page, Section

_MAGIC = (
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"\x1f\x8b", "gzip"),
    (b"{\\rtf", "RTF"),
)
_SUPERSCRIPTS = str.maketrans("0123456789+-\u2212()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_UNPACKED_LIMIT = 1024**3
_XML_LIMIT = 200 * 1024**2
_RATIO_FROM, _RATIO_LIMIT = 50 * 1024**2, 200


def seems(data: bytes) -> str | None:
    """What the first bytes say the file is: PDF, ZIP, OLE, image ...; None where they are text."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    # A PDF may have some bytes of junk before its header, but text may also speak of "%PDF-".
    return "PDF" if data[:1024].lstrip().startswith(b"%PDF-") else None


def check_container(suffix: str, data: bytes) -> None:
    """Refuse a ZIP that is broken, that is no Office file, or that unpacks to far too much."""
    main = {".docx": "word/", ".xlsx": "xl/"}[suffix]
    name = {".docx": "a Word document", ".xlsx": "an Excel workbook"}[suffix]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except Exception as error:  # zipfile raises BadZipFile, struct.error, ValueError, OSError ...
        raise ReadError(
            f"The file is not {name}, or it is truncated.", "Fetch or save it again."
        ) from error
    total = sum(member.file_size for member in members)
    xml = max((m.file_size for m in members if m.filename.endswith((".xml", ".rels"))), default=0)
    dense = total > _RATIO_FROM and total > _RATIO_LIMIT * len(data)
    if total > _UNPACKED_LIMIT or xml > _XML_LIMIT or dense:
        raise ReadError(
            f"The file unpacks to {total // 1024**2} MB: it may be a decompression bomb.",
            "If it is genuine, split it into smaller files.",
        )
    if not any(m.filename.startswith(main) for m in members):
        raise ReadError(
            f"The file is a ZIP archive but not {name}.",
            "Unpack it and ingest the files inside it.",
        )


def one_line(text: str) -> str:
    """``text`` cleaned, on a single line: the form of a block."""
    return " ".join(clean(text).split())


# "Version: 2.0" under "Owner: Dr Ali": lines of their own, however close they stand.
LABELLED = re.compile(r"[A-Z][A-Za-z ]{2,25}: ?\S")


def digest(data: bytes) -> str:
    """The identity of a document: SHA-256 of the bytes it was read from."""
    return hashlib.sha256(data).hexdigest()


def superscript(text: str) -> str:
    """Raised text with raised characters, so that 10 to the 9th never reads as 109."""
    raised = text.translate(_SUPERSCRIPTS)
    return raised if re.search(r"\d", text) and not re.search(r"[0-9]", raised) else text


def stem_title(path: str) -> str:
    """A title from a file name, for want of a better one."""
    stem = PurePath(path.split("#")[0]).stem
    return one_line(re.sub(r"[_-]+", " ", stem)) or "Untitled"


def sensible_title(candidate: object) -> str | None:
    """``candidate`` as a title, or None where it is a leftover of the program that made it."""
    if not isinstance(candidate, str):
        return None
    title = one_line(candidate)
    leftover = re.match(
        r"(microsoft (word|powerpoint|excel)|untitled|document\d*$|slide \d)", title, re.I
    )
    file_name = re.search(r"\.(docx?|pdf|indd|qxd|pptx?|xlsx?|html?|rtf|txt|tmp|pmd)$", title, re.I)
    if leftover or file_name or sum(ch.isalpha() for ch in title) < 3:
        return None
    return title[:300]


_PAGE_MARK = re.compile(r"page ?\d{1,4}(?: ?(?:of|/) ?\d{1,4})?", re.I)


def _runs_over_pages(text: str) -> bool:
    """Whether a line is what is printed on every page: words between bars, and "Page 3 of 9".
    Where other numbers stand beside, it may be all that says which version this is."""
    cells = [cell.strip() for cell in text.split("|")]
    others = [cell for cell in cells if not _PAGE_MARK.fullmatch(cell)]
    return 1 < len(cells) == len(others) + 1 and not re.search(r"\d", "".join(others))


@dataclass
class Builder:
    """Gathers blocks into a text; pages and sections are offsets of what was really written."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    warnings: list[str] = field(default_factory=list)
    _kind: str = ""
    _pages: list[Page] = field(default_factory=list)
    _headings: list[tuple[str, int, int]] = field(default_factory=list)
    _page_is_fresh: bool = False

    @property
    def last(self) -> str:
        """The block written last."""
        return self.parts[-1] if self.parts else ""

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages so far."""
        return tuple(self._pages)

    @property
    def last_kind(self) -> str:
        return self._kind

    def block(self, text: str, kind: str = "paragraph", *, tight: bool = False) -> None:
        """Add one block. Items, rows and ``tight`` blocks follow their like without a gap."""
        text = one_line(text)
        if not text or (kind != "heading" and _runs_over_pages(text)):
            return
        if self.parts:
            close = tight or (kind == self._kind and kind in ("item", "row", "line"))
            self._append("\n" if close else "\n\n")
        self._start_page()
        self._append(text)
        self._kind = kind

    def item(self, text: str, label: str = "-") -> None:
        """Add a list item."""
        if text := one_line(text):
            self.block(f"{label} {text}", "item")

    def row(self, text: str) -> None:
        """Add a table row that can be read on its own."""
        self.block(text, "row")

    def heading(self, text: str, level: int) -> None:
        """Add a heading; its section runs to the next heading of its level or above."""
        if text := one_line(text):
            self.block(text, "heading")
            self._headings.append((text, max(1, level), self.length - len(text)))

    def extend(self, text: str, vocabulary: Container[str] = ()) -> None:
        """Continue the last block, as where a paragraph runs over the end of a page."""
        text = one_line(text)
        if not self.parts or not text:
            self.block(text)
            return
        joined = one_line(join_lines(self.last, text, vocabulary))
        cut = len(joined) - len(text)
        self.length += len(joined) - len(self.last)
        self.parts[-1] = joined
        # The continued words belong to the new page, so its range begins inside the block. A
        # hyphen that was taken away shortens what the page before it holds.
        if self._page_is_fresh:
            start = self.length - len(joined) + max(0, cut)
            self._pages = [
                replace(p, start=min(p.start, start), end=min(p.end, start)) for p in self._pages
            ]
            self._pages[-1] = replace(self._pages[-1], start=start)
            self._page_is_fresh = False

    def page(self, number: int, label: str) -> None:
        """Begin a page; it ends where the next one begins to write."""
        self.end_page()
        self._pages.append(Page(number, one_line(label) or str(number), self.length, self.length))
        self._page_is_fresh = True

    def end_page(self) -> None:
        """Close the open page."""
        if self._pages:
            last = self._pages[-1]
            end = last.start if self._page_is_fresh else self.length
            self._pages[-1] = replace(last, end=end)
        self._page_is_fresh = False

    def warn(self, sentence: str) -> None:
        """Note, for people, something of the file that could not be read as it stands."""
        if sentence not in self.warnings:
            self.warnings.append(one_line(sentence))

    def first_heading(self) -> str | None:
        """The first heading of the highest level, where that is level 1."""
        return next((title for title, level, _ in self._headings if level == 1), None)

    def head(self, size: int = 3000) -> str:
        """The beginning of the text."""
        out, length = [], 0
        for part in self.parts:
            out.append(part)
            length += len(part)
            if length >= size:
                break
        return "".join(out)[:size]

    def document(
        self, path: str, identity: str, titles: Iterable[object], meta: Meta | None = None
    ) -> Document:
        """The finished document; the first sensible title of ``titles`` is taken."""
        self.end_page()
        if not self.length:
            raise ReadError("The file holds no text.", "Check that it is the right file.")
        candidates = (sensible_title(title) for title in titles)
        title = next((t for t in candidates if t), None)
        if title is None:
            # The same bytes under another name are then another document: what a file is called
            # in one collection must not be told to those who only see another.
            title = stem_title(path)
            identity = digest(f"{identity}\n{title}".encode())
        warnings = tuple(dict.fromkeys((*(meta.warnings if meta else ()), *self.warnings)))
        return Document(
            id=identity,
            path=path,
            title=title,
            text="".join(self.parts),
            pages=tuple(self._pages),
            sections=tuple(self._sections()),
            meta=replace(meta or Meta(), warnings=warnings),
        )

    def _append(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def _start_page(self) -> None:
        if self._page_is_fresh:
            self._pages[-1] = replace(self._pages[-1], start=self.length)
            self._page_is_fresh = False

    def _sections(self) -> Iterator[Section]:
        for i, (title, level, start) in enumerate(self._headings):
            later = (s for _, deep, s in self._headings[i + 1 :] if deep <= level)
            yield Section(title, level, start, next(later, self.length))


@contextmanager
def quiet(name: str) -> Iterator[None]:
    """Keep a parser's remarks off the terminal while it reads."""
    import logging

    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
