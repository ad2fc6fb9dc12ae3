"""Word documents: paragraphs, lists, tables, text boxes and footnotes, in reading order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from medrag.errors import ReadError
from medrag.readers.common import Builder, digest, one_line, superscript
from medrag.readers.meta import find_meta
from medrag.readers.tables import Cell, looks_like_header, render
from medrag.types import Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Deleted and moved-away text is still in the file; it is no longer in the document.
_GONE = frozenset({_W + "del", _W + "moveFrom", _W + "delText", _W + "instrText", _FALLBACK})
_WRAPPERS = frozenset({_W + "sdt", _W + "sdtContent", _W + "ins", _W + "moveTo", _W + "customXml"})
_TITLE_STYLES = {"title": 1}


def read(path: str, data: bytes) -> Iterator[Document]:
    """The Word document as one document. It has no pages: Word makes them only when it prints."""
    import docx

    try:
        word = docx.Document(io.BytesIO(data))
    except Exception as error:  # python-docx raises KeyError, ValueError, lxml's own ...
        raise ReadError(
            f"The Word document is damaged or is not one ({type(error).__name__}).",
            "Open it in Word, save it again as .docx, and ingest that file.",
        ) from error
    builder = Builder()
    writer = _Writer(builder, word)
    writer.write(word.element.body)
    properties = word.core_properties
    version = f"Version: {properties.version}\n" if properties.version else ""
    head = f"{builder.head()}\n{_headers(word)}\n{version}"
    meta = find_meta(head, builder.warnings, properties.language)
    titles = (properties.title, builder.first_heading())
    yield builder.document(path, digest(data), titles, meta)


def _headers(word: Any) -> str:
    """The text of the page headers and footers, where versions and review dates often stand."""
    lines = []
    for section in list(word.sections)[:3]:
        for part in (section.header, section.footer):
            lines += [one_line(_text(p)) for p in part._element.iter(_W + "p")]
    return "\n".join(dict.fromkeys(line for line in lines if line))[:1000]


class _Writer:
    """Writes the body of a Word document."""

    def __init__(self, builder: Builder, word: Any) -> None:
        self.builder = builder
        self.styles = {s.style_id: s for s in word.styles if getattr(s, "style_id", None)}
        self.numbering = _Numbering(word)
        self.notes = _notes(word)
        self.styled = any(self._level(p) for p in word.element.body.iter(_W + "p"))

    def write(self, container: Any) -> None:
        """Write the blocks in ``container`` (a body, a content control, a text box)."""
        for child in container:
            if child.tag == _W + "p":
                self._paragraph(child)
            elif child.tag == _W + "tbl":
                self._table(child)
            elif child.tag in _WRAPPERS:
                self.write(child)

    def _paragraph(self, node: Any) -> None:
        pieces = _text(node).split("\n")
        text = one_line(" ".join(pieces))
        level = self._level(node)
        label = self.numbering.label(node, self._style_numbering(node))
        if text and level:
            self.builder.heading(text, level)
        elif text and not self.styled and not label and _all_bold(node) and len(text) <= 100:
            self.builder.heading(text, 2)
        elif text and label:
            self.builder.item(text, label)
        elif text:
            for i, piece in enumerate(pieces):
                self.builder.block(piece, tight=i > 0)
        for box in _boxes(node):
            self.write(box)
        self._footnotes(node)

    def _footnotes(self, node: Any) -> None:
        for mark in node.iter(_W + "footnoteReference", _W + "endnoteReference"):
            kind = mark.tag.removeprefix(_W).removesuffix("Reference")
            if note := self.notes.get((kind, mark.get(_W + "id"))):
                self.builder.block(f"Note: {note}")

    def _level(self, node: Any) -> int:
        """The level of a heading: from its outline level or its style; 0 where it is none."""
        outline = node.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None and (outline.get(_W + "val") or "").isdecimal():
            value = int(outline.get(_W + "val"))
            return value + 1 if value < 9 else 0
        style = self._style(node)
        for _ in range(10):
            if style is None:
                return 0
            match = re.match(r"heading\s*(\d)$", style.name or "", re.I)
            if match:
                return max(1, int(match[1]))
            if (style.name or "").lower() in _TITLE_STYLES:
                return 1
            inner = style.element.find(f"{_W}pPr/{_W}outlineLvl")
            if inner is not None and (inner.get(_W + "val") or "").isdecimal():
                return int(inner.get(_W + "val")) + 1 if int(inner.get(_W + "val")) < 9 else 0
            style = getattr(style, "base_style", None)
        return 0

    def _style(self, node: Any) -> Any | None:
        found = node.find(f"{_W}pPr/{_W}pStyle")
        return self.styles.get(found.get(_W + "val")) if found is not None else None

    def _style_numbering(self, node: Any) -> Any | None:
        style = self._style(node)
        return style.element.find(f"{_W}pPr/{_W}numPr") if style is not None else None

    def _table(self, node: Any) -> None:
        rows, bold, marked = _grid(node)
        if max((len(row) for row in rows), default=0) <= 1:
            for cell in node.iter(_W + "tc"):  # a frame around text, not a table
                self.write(cell)
            return
        if not marked:
            texts = [[cell.text for cell in row] for row in rows]
            marked = int(looks_like_header(texts[0], texts[1:], bold)) if texts else 0
        for line in render(rows, marked):
            self.builder.row(line)
        self._footnotes(node)


def _text(node: Any) -> str:
    """The text of a paragraph, without its text boxes, as Word would show it."""
    out: list[str] = []
    _gather(node, out)
    return "".join(out)


def _gather(node: Any, out: list[str]) -> None:
    for child in node:
        tag = child.tag
        if tag in _GONE or tag == _W + "txbxContent" or not isinstance(tag, str):
            continue
        if tag == _W + "t":
            text = child.text or ""
            run = child.getparent()
            if run is not None and _is_struck(run):
                continue  # what was struck out is not what the document says any more
            align = run.find(f"{_W}rPr/{_W}vertAlign") if run is not None else None
            raised = align is not None and align.get(_W + "val") == "superscript"
            out.append(superscript(text) if raised else text)
        elif tag in (_W + "br", _W + "cr"):
            out.append("\n")
        elif tag == _W + "tab":
            out.append(" ")
        elif tag == _W + "noBreakHyphen":
            out.append("-")
        elif tag == _W + "sym":
            out.append(_symbol(child))
        elif tag != _W + "pPr":
            _gather(child, out)


def _is_struck(run: Any) -> bool:
    return any(_is_on(run.find(f"{_W}rPr/{_W}{kind}")) for kind in ("strike", "dstrike"))


def _symbol(node: Any) -> str:
    """A character of the Symbol font, which holds the signs of doses and limits."""
    signs = {0xA3: "≤", 0xB3: "≥", 0xB1: "±", 0xB0: "°", 0x6D: "µ", 0x61: "α", 0x62: "β", 0xB7: "•"}
    try:
        code = int(node.get(_W + "char") or "", 16) & 0xFF
    except ValueError:
        return ""
    return signs.get(code, "") if "symbol" in (node.get(_W + "font") or "").lower() else ""


def _boxes(node: Any) -> Iterator[Any]:
    for box in node.iter(_W + "txbxContent"):
        if not any(a.tag == _FALLBACK for a in box.iterancestors()):
            yield box


def _all_bold(node: Any) -> bool:
    runs = [r for r in node.iter(_W + "r") if any((t.text or "").strip() for t in r.iter(_W + "t"))]
    return bool(runs) and all(_is_on(r.find(f"{_W}rPr/{_W}b")) for r in runs)


def _is_on(node: Any) -> bool:
    return node is not None and node.get(_W + "val") not in ("0", "false", "off")


def _grid(table: Any) -> tuple[list[list[Cell]], bool, int]:
    """The table's cells, whether its first row is bold, and how many rows are marked as header."""
    rows: list[list[Cell]] = []
    bold, marked = False, 0
    for tr in _rows(table):
        line: list[Cell] = []
        for tc in (c for c in tr.iter(_W + "tc") if next(c.iterancestors(_W + "tr")) is tr):
            span = tc.find(f"{_W}tcPr/{_W}gridSpan")
            merge = tc.find(f"{_W}tcPr/{_W}vMerge")
            width = (span.get(_W + "val") or "1") if span is not None else "1"
            text, carried = _cell_text(tc), False
            if merge is not None and merge.get(_W + "val") != "restart" and rows:
                above = rows[-1][len(line)] if len(line) < len(rows[-1]) else None
                text, carried = (above.text, True) if above is not None else (text, False)
            for i in range(min(int(width), 100) if width.isdecimal() and len(width) < 4 else 1):
                line.append(Cell(text, spread=i > 0, carried=carried))
        if not rows:
            paragraphs = [p for p in tr.iter(_W + "p") if _text(p).strip()]
            bold = bool(paragraphs) and all(_all_bold(p) for p in paragraphs)
        if _is_on(tr.find(f"{_W}trPr/{_W}tblHeader")) and marked == len(rows):
            marked += 1
        rows.append(line)
    return rows, bold, marked


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == _W + "tr":
            yield child
        elif child.tag in _WRAPPERS:
            yield from _rows(child)


def _cell_text(cell: Any) -> str:
    out = ""
    for paragraph in cell.iter(_W + "p"):
        if line := one_line(_text(paragraph)):
            out += ("" if not out else " " if out[-1] in ".;:,!?" else "; ") + line
    return out


def _notes(word: Any) -> dict[tuple[str, str], str]:
    """Footnotes and endnotes by kind and number."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    notes = {}
    for relation in word.part.rels.values():
        kind = relation.reltype.rpartition("/")[2].removesuffix("s")
        if kind in ("footnote", "endnote") and not relation.is_external:
            root = etree.fromstring(relation.target_part.blob, parser)
            for node in root.iter(_W + kind):
                text = one_line(" ".join(_text(p) for p in node.iter(_W + "p")))
                notes[kind, node.get(_W + "id")] = text
    return notes


class _Numbering:
    """What Word would print before a list item; its numbers are nowhere in the text."""

    def __init__(self, word: Any) -> None:
        self.formats: dict[tuple[str, str], tuple[str, int]] = {}
        self.counts: dict[tuple[str, int], int] = {}
        try:
            root = word.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        abstract = {n.get(_W + "abstractNumId"): n for n in root.iter(_W + "abstractNum")}
        for num in root.iter(_W + "num"):
            link = num.find(_W + "abstractNumId")
            kind = abstract.get(link.get(_W + "val")) if link is not None else None
            for level in kind.iter(_W + "lvl") if kind is not None else ():
                form, start = level.find(_W + "numFmt"), level.find(_W + "start")
                first = (start.get(_W + "val") or "1") if start is not None else "1"
                key = (num.get(_W + "numId"), level.get(_W + "ilvl"))
                self.formats[key] = (
                    form.get(_W + "val") if form is not None else "decimal",
                    int(first) if first.isdecimal() else 1,
                )

    def label(self, node: Any, from_style: Any | None) -> str:
        """The label of a paragraph, or "" where it is no list item."""
        own = node.find(f"{_W}pPr/{_W}numPr")
        number = own if own is not None and own.find(_W + "numId") is not None else from_style
        link = number.find(_W + "numId") if number is not None else None
        if link is None or link.get(_W + "val") == "0":
            return ""
        depth = number.find(_W + "ilvl") if number is not None else None
        if depth is None and own is not None:
            depth = own.find(_W + "ilvl")
        raw = (depth.get(_W + "val") or "0") if depth is not None else "0"
        level, list_id = int(raw) if raw.isdecimal() else 0, link.get(_W + "val")
        form, start = self.formats.get((list_id, raw), ("bullet", 1))
        if form in ("bullet", "none"):
            return "-"
        count = self.counts.get((list_id, level), start - 1) + 1
        self.counts = {k: v for k, v in self.counts.items() if k[0] != list_id or k[1] <= level}
        self.counts[list_id, level] = count
        return f"{_letter(count)}." if form.endswith("Letter") else f"{count}."


def _letter(count: int) -> str:
    return chr(96 + (count - 1) % 26 + 1)
