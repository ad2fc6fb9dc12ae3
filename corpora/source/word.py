"""Render sample documents as DOCX files with the same bytes on every run."""

from __future__ import annotations

import zipfile
from datetime import datetime
from io import BytesIO
from pathlib import Path

import docx
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.shared import Pt

from source.model import HOSPITAL, MARK, Block, Document, Table, parse

ZIP_DATE = (2024, 1, 1, 0, 0, 0)
STYLE_OF = {"h1": "Heading 1", "h2": "Heading 2", "bullet": "List Bullet"}


def _set_properties(word: WordDocument, document: Document) -> None:
    """Fill the core properties from the document, with fixed dates."""
    when = datetime.fromisoformat(document.effective)
    core = word.core_properties
    core.title, core.author, core.subject = document.title, HOSPITAL, MARK
    core.last_modified_by, core.comments = HOSPITAL, MARK
    core.created = core.modified = core.last_printed = when
    core.revision, core.version = 1, document.version


def _set_page(word: WordDocument, document: Document) -> None:
    """Set orientation and the running header and footer."""
    section = word.sections[0]
    if document.landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
        size = section.page_height, section.page_width
        section.page_width, section.page_height = size
    section.header.paragraphs[0].text = f"{HOSPITAL}: {document.title}"
    section.footer.paragraphs[0].text = MARK


def _add_table(word: WordDocument, table: Table) -> None:
    """Add a ruled table with a bold header row."""
    drawn = word.add_table(rows=0, cols=len(table.header))
    drawn.style = "Table Grid"
    for number, row in enumerate((table.header, *table.rows)):
        for cell, text in zip(drawn.add_row().cells, row, strict=True):
            run = cell.paragraphs[0].add_run(text)
            run.font.size = Pt(9)
            run.bold = number == 0
    word.add_paragraph()


def _add_block(word: WordDocument, block: Block, document: Document) -> None:
    """Add one block of the body."""
    if block.kind == "table":
        _add_table(word, document.tables[block.text])
    elif block.kind == "page":
        word.add_page_break()
    else:
        word.add_paragraph(block.text, style=STYLE_OF.get(block.kind))


def _rezip(data: bytes, target: Path) -> None:
    """Write the package again with fixed order, dates and attributes."""
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in sorted(old.namelist(), key=lambda n: (n[0] != "[", n)):
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))


def render(document: Document, root: Path) -> Path:
    """Write one document as DOCX under ``root`` and return its path."""
    target = root / document.path
    target.parent.mkdir(parents=True, exist_ok=True)
    word = docx.Document()
    _set_properties(word, document)
    _set_page(word, document)
    word.add_paragraph(document.title, style="Title")
    word.add_paragraph().add_run(MARK).bold = True
    for line in document.identity_lines():
        word.add_paragraph(line)
    for block in parse(document.body):
        _add_block(word, block, document)
    packed = BytesIO()
    word.save(packed)
    _rezip(packed.getvalue(), target)
    return target
