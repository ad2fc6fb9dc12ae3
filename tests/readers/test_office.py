"""Word and Excel: headings, tables, lists, notes; what is refused."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pytest

from medrag.errors import ReadError
from medrag.types import Document

One = Callable[[str, bytes | str], Document]
Titles = Callable[[Document, str], list[str]]


def saved(thing: object) -> bytes:
    buffer = io.BytesIO()
    thing.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


def test_word(one: One, sections_of: Titles) -> None:
    word = docx.Document()
    word.sections[0].header.paragraphs[0].text = "Version 4.2   Review date: 1 May 2027"
    word.add_heading("Stroke pathway", 1)
    word.add_heading("Thrombolysis", 2)
    paragraph = word.add_paragraph("Platelets above 100 x 10")
    paragraph.add_run("9").font.superscript = True
    paragraph.add_run("/L.")
    word.add_paragraph("CT at once", style="List Number")
    word.add_paragraph("Call the team", style="List Number")
    word.add_paragraph("no bleeding", style="List Bullet")
    table = word.add_table(rows=3, cols=3)
    for row, texts in zip(
        table.rows,
        [("Drug", "Weight", "Dose"), ("Alteplase", "50 kg", "45 mg"), ("", "60 kg", "54 mg")],
        strict=True,
    ):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    document = one("a.docx", saved(word))
    assert document.title == "Stroke pathway"
    assert document.pages == ()
    assert document.meta.version == "4.2"
    assert document.meta.review_date == "2027-05-01"
    assert sections_of(document, "Platelets above 100 x 10⁹/L.") == [
        "Stroke pathway",
        "Thrombolysis",
    ]
    assert "1. CT at once\n2. Call the team\n- no bleeding" in document.text
    assert "Drug: Alteplase | Weight: 60 kg | Dose: 54 mg" in document.text.split("\n")


def test_deleted_words_are_gone(one: One) -> None:
    from docx.oxml import parse_xml

    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    word = docx.Document()
    paragraph = word.add_paragraph("Give 5 mg")
    paragraph._p.append(
        parse_xml(f"<w:del {space}><w:r><w:delText> or 50 mg</w:delText></w:r></w:del>")
    )
    paragraph._p.append(parse_xml(f"<w:ins {space}><w:r><w:t> daily</w:t></w:r></w:ins>"))
    assert one("a.docx", saved(word)).text == "Give 5 mg daily"


def test_excel(one: One, sections_of: Titles, pages_of: Titles) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Doses"
    for row in (
        ["Paediatric doses"],
        [],
        ["Drug", "Dose", "Checked"],
        ["Zinc", "10 mg", datetime.date(2024, 6, 1)],
        [None, "20 mg", None],
        ["Iron", 3, None],
    ):
        sheet.append(row)
    sheet.merge_cells("A4:A5")
    book.create_sheet("Contacts").append(["Pharmacy", "ext. 12"])
    document = one("a.xlsx", saved(book))
    lines = document.text.split("\n")
    assert "Drug: Zinc | Dose: 10 mg | Checked: 2024-06-01" in lines
    assert "Drug: Zinc | Dose: 20 mg" in lines
    assert "Drug: Iron | Dose: 3" in lines
    assert pages_of(document, "Pharmacy: ext. 12") == ["Contacts"]
    assert sections_of(document, "Pharmacy: ext. 12") == ["Contacts"]


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx"])
def test_false_files_are_refused(name: str, one: One) -> None:
    book = openpyxl.Workbook()
    with pytest.raises(ReadError, match="not a"):
        one(name, zipped(readme=b"hello"))
    with pytest.raises(ReadError, match="Office"):
        one(name, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ReadError):
        one(name, saved(book)[:900])
    with pytest.raises(ReadError, match="bomb"):
        one(name, zipped(word__document_xml=bytes(60 * 1024**2), xl__workbook=b""))


def test_old_office_files_name_the_way_out(one: One) -> None:
    with pytest.raises(ReadError) as caught:
        one("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert ".docx" in caught.value.remedy
