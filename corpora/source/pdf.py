"""Render sample documents as PDF files with the same bytes on every run."""

from __future__ import annotations

from html import escape
from pathlib import Path

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    FrameBreak,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as PdfTable

from source.model import HOSPITAL, MARK, Block, Document, Table, parse

MARGIN = 20 * mm
GUTTER = 8 * mm
ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi")

_BASE = ParagraphStyle("p", fontName="Helvetica", fontSize=10, leading=14, spaceAfter=6)
STYLES = {
    "p": _BASE,
    "title": ParagraphStyle("title", _BASE, fontName="Helvetica-Bold", fontSize=20, leading=25),
    "mark": ParagraphStyle("mark", _BASE, fontName="Helvetica-Bold", textColor=colors.firebrick),
    "h1": ParagraphStyle(
        "h1",
        _BASE,
        fontName="Helvetica-Bold",
        fontSize=14,
        leading=18,
        spaceBefore=8,
        keepWithNext=1,
    ),
    "h2": ParagraphStyle(
        "h2",
        _BASE,
        fontName="Helvetica-Bold",
        fontSize=11,
        leading=14,
        spaceBefore=4,
        keepWithNext=1,
    ),
    "bullet": ParagraphStyle("bullet", _BASE, leftIndent=12, bulletIndent=2, spaceAfter=3),
    "cell": ParagraphStyle("cell", _BASE, fontSize=8.5, leading=11, spaceAfter=0),
    "head": ParagraphStyle(
        "head", _BASE, fontName="Helvetica-Bold", fontSize=8.5, leading=11, spaceAfter=0
    ),
}


class SampleDoc(BaseDocTemplate):
    """A PDF with running header and footer, page labels and an outline."""

    def __init__(self, target: Path, document: Document) -> None:
        """Set up the page templates for one document."""
        size = landscape(A4) if document.landscape else A4
        super().__init__(
            str(target),
            pagesize=size,
            invariant=1,
            title=document.title,
            author=HOSPITAL,
            subject=MARK,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=25 * mm,
            bottomMargin=22 * mm,
        )
        self.document = document
        self.front_pages = 0
        self.headings = 0
        half = (self.width - GUTTER) / 2
        left, low = self.leftMargin, self.bottomMargin
        whole = Frame(left, low, self.width, self.height, id="whole")
        pair = [
            Frame(left, low, half, self.height, id="left"),
            Frame(left + half + GUTTER, low, half, self.height, id="right"),
        ]
        front, body = self._front_page, self._body_page
        self.addPageTemplates(
            [
                PageTemplate("front" if document.front else "unused", [whole], front),
                PageTemplate("body", [whole], body),
                PageTemplate("columns", pair, body),
            ]
        )

    def _front_page(self, canvas: Canvas, _doc: BaseDocTemplate) -> None:
        """Draw the furniture of a front-matter page (i, ii, ...)."""
        number = canvas.getPageNumber()
        if number == 1:
            canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
        self.front_pages = number
        self._furniture(canvas, ROMAN[number])

    def _body_page(self, canvas: Canvas, _doc: BaseDocTemplate) -> None:
        """Draw the furniture of a numbered page (1, 2, ...)."""
        number = canvas.getPageNumber() - self.front_pages
        if number == 1:
            canvas.addPageLabel(self.front_pages, style="ARABIC", start=1)
        self._furniture(canvas, str(number))

    def _furniture(self, canvas: Canvas, label: str) -> None:
        """Draw the running header and footer."""
        width, height = self.pagesize
        document = self.document
        canvas.saveState()
        canvas.setFont("Helvetica", 8)
        canvas.drawString(MARGIN, height - 14 * mm, HOSPITAL)
        canvas.drawRightString(
            width - MARGIN, height - 14 * mm, f"{document.title}, v{document.version}"
        )
        canvas.line(MARGIN, height - 16 * mm, width - MARGIN, height - 16 * mm)
        canvas.line(MARGIN, 16 * mm, width - MARGIN, 16 * mm)
        canvas.drawString(MARGIN, 12 * mm, MARK)
        canvas.drawRightString(width - MARGIN, 12 * mm, f"Page {label}")
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:
        """Add each main heading to the PDF outline."""
        style = getattr(flowable, "style", None)
        if isinstance(flowable, Paragraph) and style and style.name == "h1":
            self.headings += 1
            key = f"section-{self.headings}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, 0)


def _paragraph(text: str, style: str) -> Paragraph:
    """Return a paragraph of plain text in the named style."""
    bullet = "-" if style == "bullet" else None
    return Paragraph(escape(text, quote=False), STYLES[style], bulletText=bullet)


def _table(table: Table, width: float) -> PdfTable:
    """Return a ruled table that repeats its header on each page."""
    cells = [[_paragraph(text, "head") for text in table.header]]
    cells += [[_paragraph(text, "cell") for text in row] for row in table.rows]
    total = sum(table.widths)
    drawn = PdfTable(cells, colWidths=[width * part / total for part in table.widths], repeatRows=1)
    drawn.setStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.6, colors.black),
            ("BACKGROUND", (0, 0), (-1, 0), colors.lightgrey),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    return drawn


def _flowables(block: Block, doc: SampleDoc) -> list[Flowable]:
    """Return what one block becomes on the page."""
    if block.kind == "table":
        return [_table(doc.document.tables[block.text], doc.width), Spacer(1, 8)]
    layout = {
        "columns": [NextPageTemplate("columns"), PageBreak()],
        "column": [FrameBreak()],
        "single": [NextPageTemplate("body"), PageBreak()],
        "page": [PageBreak()],
    }
    if block.kind in layout:
        return layout[block.kind]
    return [_paragraph(block.text, block.kind)]


def _story(doc: SampleDoc) -> list[Flowable]:
    """Return the whole flow of a document."""
    document = doc.document
    story: list[Flowable] = [] if document.front else [NextPageTemplate("body")]
    story += [_paragraph(document.title, "title"), _paragraph(MARK, "mark")]
    story += [_paragraph(line, "p") for line in document.identity_lines()]
    if document.front:
        for block in parse(document.front):
            story += _flowables(block, doc)
        story += [NextPageTemplate("body"), PageBreak()]
    for block in parse(document.body):
        story += _flowables(block, doc)
    return story


def render(document: Document, root: Path) -> Path:
    """Write one document as PDF under ``root`` and return its path."""
    target = root / document.path
    target.parent.mkdir(parents=True, exist_ok=True)
    doc = SampleDoc(target, document)
    if not document.front:
        doc.pageTemplates = doc.pageTemplates[1:]
    doc.build(_story(doc))
    return target
