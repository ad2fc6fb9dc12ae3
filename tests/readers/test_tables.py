"""Which row of a table names its columns, where the file does not say so."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import docx
import openpyxl
import pytest

from medrag.readers.tables import looks_like_header
from medrag.types import Document

One = Callable[[str, bytes | str], Document]
Make = Callable[..., bytes]
Rows = Sequence[Sequence[str]]

AGES = [
    ("Age", "1-5 years", "6-11 years", "12-17 years"),
    ("Paracetamol", "120-250 mg", "250-500 mg", "500 mg-1 g"),
    ("Ibuprofen", "100 mg", "200-300 mg", "400 mg"),
]
KIDNEYS = [
    ("eGFR (mL/min)", "30-59", "15-29", "<15"),
    ("Metformin", "500 mg twice daily", "avoid", "avoid"),
    ("Apixaban", "5 mg twice daily", "2.5 mg twice daily", "avoid"),
]
READ = {
    "Age: Paracetamol | 1-5 years: 120-250 mg | 6-11 years: 250-500 mg | 12-17 years: 500 mg-1 g",
    "eGFR (mL/min): Apixaban | 30-59: 5 mg twice daily | 15-29: 2.5 mg twice daily | <15: avoid",
}


def as_word(rows: Rows) -> bytes:
    word = docx.Document()
    table = word.add_table(rows=len(rows), cols=len(rows[0]))
    for line, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(line.cells, texts, strict=True):
            cell.text = text
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def as_sheet(rows: Rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_csv(rows: Rows) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def as_html(rows: Rows) -> bytes:
    lines = ("".join(f"<td>{cell.replace('<', '&lt;')}</td>" for cell in row) for row in rows)
    return f"<table><tr>{'</tr><tr>'.join(lines)}</tr></table>".encode()


def as_markdown(rows: Rows) -> bytes:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body]).encode()


def as_html_in_markdown(rows: Rows) -> bytes:
    return b"# Doses\n\n" + as_html(rows)


FILES: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "Word": ("a.docx", as_word),
    "Excel": ("a.xlsx", as_sheet),
    "CSV": ("a.csv", as_csv),
    "HTML": ("a.html", as_html),
    "Markdown": ("a.md", as_markdown),
    "HTML in Markdown": ("a.md", as_html_in_markdown),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("rows", [AGES, KIDNEYS], ids=["ages", "kidneys"])
def test_a_scale_names_the_columns(one: One, kind: str, rows: Rows) -> None:
    path, make = FILES[kind]
    lines = set(one(path, make(rows)).text.split("\n"))
    assert len(READ & lines) == 1, lines
    assert not any(line.startswith(" | ".join(rows[0])) for line in lines)


@pytest.mark.parametrize("rows", [AGES, KIDNEYS], ids=["ages", "kidneys"])
def test_a_scale_names_the_columns_of_a_pdf(make_pdf: Make, one: One, rows: Rows) -> None:
    def draw(canvas: Any) -> None:
        for i, row in enumerate(rows):
            for x, cell in zip((60, 180, 300, 420), row, strict=True):
                canvas.drawString(x, 700 - 20 * i, cell)

    lines = set(one("a.pdf", make_pdf(draw)).text.split("\n"))
    assert len(READ & lines) == 1, lines


DOSES = ("Paracetamol", "120 mg", "250 mg", "500 mg")


@pytest.mark.parametrize(
    "first",
    [
        ("Age", "under 1 year", "1 to 5 years", "6 to 11 years"),
        ("", "1 month to 2 years", "2-11 years", "12 years and over"),
        ("Weight", "<10 kg", "10-20 kg", ">20 kg"),
        ("Drug", "10 kg", "20 kg", "30 kg"),
        ("Creatinine clearance", "30–59 mL/min", "15–29 mL/min", "<15 mL/min"),
        ("eGFR", "30-59 mL/min/1.73 m2", "15-29 mL/min/1.73 m2", "<15 mL/min/1.73 m2"),
        ("Drug", "Route", "1-5 years", "6-11 years"),
        ("Day", "1", "2", "3"),
        ("Time after dose", "0-6 hours", "6-12 hours", "over 12 hours"),
    ],
)
def test_scales(first: Sequence[str]) -> None:
    assert looks_like_header(first, [DOSES], bold=False)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("Amoxicillin", "500 mg", "three times a day"), ("Doxycycline", "200 mg", "once a day")),
        (("Amoxicillin", "500 mg", "3 times a day"), ("Insulin", "10 units", "at night")),
        (("Paracetamol", "1 g", "4-6 hours", "4 g"), ("Ibuprofen", "400 mg", "8 hours", "2.4 g")),
        (("Amoxicillin", "7 days", "8 hours"), ("Azithromycin", "single dose", "once")),
        (("Sodium", "135-145", "140"), ("Potassium", "3.5-5.0", "4.2")),
        (("Sodium", "135-145 mmol/L", "140 mmol/L"), ("Lactate", "below 2", "not done")),
        (("Infant", "1-5 months", "3-5 kg"), ("Toddler", "1-3 years", "10-15 kg")),
        (("Ward A", "5", "3"), ("Ward B", "none", "none")),
        (("1-5 years", "6-11 years", "12-17 years"), ("120 mg", "250 mg", "500 mg")),
        (("Age", "1-5 years"), ("Dose", "120 mg")),
        (("Prednisolone", "40 mg", "30 mg"), ("Hydrocortisone", "stop", "stop")),
        (("Gentamicin", "5 mg/kg", "24 hours"), ("Teicoplanin", "see chart", "see chart")),
    ],
)
def test_data_is_no_header(first: Sequence[str], second: Sequence[str]) -> None:
    assert not looks_like_header(first, [second], bold=False)


def test_a_bold_row_need_not_be_a_scale() -> None:
    assert looks_like_header(("Drug", "1 year", "10 kg"), [("Zinc", "yes", "no")], bold=True)
    assert looks_like_header(("Sign", "0", "1"), [("Colour", "pale", "pink")], bold=True)
    data = ("Paracetamol", "1 g", "4 g")
    assert not looks_like_header(data, [("Ibuprofen", "400 mg", "avoid")], bold=True)
