"""PDF: order, headings, pages, tables; what is refused, and why."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from medrag.errors import ReadError
from medrag.readers import read
from medrag.types import Document

One = Callable[[str, bytes | str], Document]
Titles = Callable[[Document, str], list[str]]

Make = Callable[..., bytes]
LEFT = [
    "Metformin is the first drug of choice in adults",
    "with type 2 diabetes who have normal kidney",
    "function. Start with a low dose and raise it over",
    "several weeks so that the stomach can adapt to",
    "the drug. Continue for as long as it is tolerated.",
    "Check the kidney function before the first dose.",
]
RIGHT = [
    "Insulin is given when the tablets no longer hold",
    "the glucose within its target. Teach the patient",
    "how to inject and how to know a low glucose, and",
    "see the patient again within one week of starting",
    "the treatment. Adjust the dose every three days",
    "until the fasting glucose is within its target.",
]


def lines(canvas: Any, x: float, y: float, texts: list[str], step: float = 14) -> float:
    for text in texts:
        canvas.drawString(x, y, text)
        y -= step
    return y


def test_columns_are_read_one_after_the_other(
    make_pdf: Make, one: One, sections_of: Titles
) -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Times-Bold", 18)
        canvas.drawString(60, 780, "Diabetes in adults: a guideline across both columns")
        canvas.setFont("Times-Roman", 11)
        lines(canvas, 60, 740, LEFT)
        lines(canvas, 310, 740, RIGHT)

    document = one("a.pdf", make_pdf(draw))
    assert "adults with type 2 diabetes who have normal kidney function." in document.text
    assert document.text.index("before the first dose") < document.text.index("Insulin is given")
    assert document.text.startswith("Diabetes in adults")
    assert sections_of(document, "Insulin is given")[0].startswith("Diabetes in adults")


def test_running_lines_go_and_pages_keep_their_labels(
    make_pdf: Make, one: One, pages_of: Titles
) -> None:
    def page(number: int) -> Callable[[Any], None]:
        def draw(canvas: Any) -> None:
            canvas.setFont("Times-Roman", 8)
            canvas.drawString(60, 815, "County Hospital Malaria Protocol")
            canvas.drawString(280, 20, f"Page {number} of 4")
            canvas.setFont("Times-Roman", 11)
            lines(
                canvas,
                60,
                700,
                [
                    f"Statement {'abcd'[number - 1]} stands on this page.",
                    "It is followed by a second sentence.",
                ],
            )

        return draw

    document = one("a.pdf", make_pdf(*[page(n) for n in (1, 2, 3, 4)]))
    assert "County Hospital Malaria Protocol" not in document.text
    assert "of 4" not in document.text
    assert pages_of(document, "Statement c stands") == ["3"]
    assert [p.label for p in document.pages] == ["1", "2", "3", "4"]


def test_page_labels_are_those_of_the_file(make_pdf: Make, one: One, pages_of: Titles) -> None:
    from pypdf import PdfReader, PdfWriter

    data = make_pdf(
        *[
            lambda c, n=n: c.drawString(60, 500, f"Words of leaf {n}.")  # type: ignore[misc]
            for n in ("one", "two", "three")
        ]
    )
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 2, style="/D", start=1)
    buffer = io.BytesIO()
    writer.write(buffer)
    document = one("a.pdf", buffer.getvalue())
    assert pages_of(document, "Words of leaf two.") == ["ii"]
    assert pages_of(document, "Words of leaf three.") == ["1"]


def test_a_paragraph_that_runs_over_the_page_is_one_and_on_both(
    make_pdf: Make, one: One, pages_of: Titles
) -> None:
    def first(canvas: Any) -> None:
        lines(canvas, 60, 200, ["Do not give ibuprofen to a patient who is known to have"])

    def second(canvas: Any) -> None:
        lines(canvas, 60, 700, ["active bleeding of the stomach. Give paracetamol."])

    document = one("a.pdf", make_pdf(first, second))
    assert "known to have active bleeding of the stomach." in document.text
    assert pages_of(document, "have active bleeding") == ["1", "2"]
    assert pages_of(document, "Give paracetamol.") == ["2"]
    page = document.pages[1]
    assert document.text[page.start : page.end].startswith("active bleeding")


def test_headings_cover_what_is_under_them(make_pdf: Make, one: One, sections_of: Titles) -> None:
    def draw(canvas: Any) -> None:
        y = 780.0
        for size, text in ((20, "Severe malaria"), (14, "Diagnosis"), (14, "Treatment")):
            canvas.setFont("Times-Bold", size)
            canvas.drawString(60, y, text)
            canvas.setFont("Times-Roman", 11)
            y = (
                lines(
                    canvas,
                    60,
                    y - 26,
                    [
                        f"What is said under {text.lower()} goes on for some",
                        "lines, so that the body of the page is plain.",
                    ],
                )
                - 24
            )

    document = one("a.pdf", make_pdf(draw))
    assert sections_of(document, "said under treatment") == ["Severe malaria", "Treatment"]
    assert document.title == "Severe malaria"
    levels = {s.title: s.level for s in document.sections}
    assert levels["Diagnosis"] == levels["Treatment"] == levels["Severe malaria"] + 1
    for s in document.sections:
        assert document.text[s.start : s.end].startswith(s.title)


def test_bookmarks_make_headings_of_plain_lines(
    make_pdf: Make, one: One, sections_of: Titles
) -> None:
    def draw(canvas: Any) -> None:
        lines(canvas, 60, 700, ["Contraindications"])
        lines(canvas, 60, 670, ["Never give this drug in pregnancy or with alcohol."])
        canvas.bookmarkPage("c")
        canvas.addOutlineEntry("Contraindications", "c")

    document = one("a.pdf", make_pdf(draw))
    assert sections_of(document, "Never give this drug") == ["Contraindications"]


def test_words_cut_at_a_line_end_are_made_whole(make_pdf: Make, one: One) -> None:
    def draw(canvas: Any) -> None:
        lines(
            canvas,
            60,
            700,
            [
                "Early antimicrobial treat-",
                "ment saves lives in low-",
                "dose and in high-dose arms alike. A low dose is",
                "enough.",
            ],
        )

    text = one("a.pdf", make_pdf(draw)).text
    assert "Early antimicrobial treatment saves lives in low-dose and in high-dose arms" in text


def test_words_between_bars_at_the_edge_of_a_page_are_no_text(make_pdf: Make, one: One) -> None:
    def draw(canvas: Any) -> None:
        canvas.drawString(60, 810, "Trust | Type 2 diabetes: metformin, v2.0")
        canvas.drawString(60, 700, "Give metformin with food.")
        canvas.drawString(60, 640, "Drug | Dose | Route")
        canvas.drawString(60, 30, "Metformin | Trust guideline | 12 May 2025")

    text = one("a.pdf", make_pdf(draw)).text
    assert text == "Give metformin with food.\n\nDrug | Dose | Route"


def test_a_header_of_two_parts_on_a_single_page_is_no_row(make_pdf: Make, one: One) -> None:
    def draw(canvas: Any, *, table: bool) -> None:
        canvas.setFont("Times-Roman", 8)
        for i in range(4 if table else 1):
            canvas.drawString(60, 810 - 12 * i, "Northfield Hospital")
            canvas.drawString(350, 810 - 12 * i, "Type 2 diabetes: metformin, v2.0")
        canvas.setFont("Times-Roman", 11)
        for i in range(12):
            canvas.drawString(60, 700 - 40 * i, f"Give metformin with food, and see them {i}.")

    text = one("a.pdf", make_pdf(lambda canvas: draw(canvas, table=False))).text
    assert text.startswith("Give metformin with food")
    rows = one("a.pdf", make_pdf(lambda canvas: draw(canvas, table=True))).text
    assert rows.count("Northfield Hospital") == 4


def test_table_rows_name_their_columns(make_pdf: Make, one: One) -> None:
    rows = [
        ("Drug", "Dose", "Frequency"),
        ("Amoxicillin", "500 mg", "three times daily"),
        ("Doxycycline", "100 mg", "twice daily"),
        ("Azithromycin", "250 mg", "once daily"),
    ]

    def draw(canvas: Any) -> None:
        for i, row in enumerate(rows):
            canvas.setFont("Times-Bold" if i == 0 else "Times-Roman", 11)
            for x, cell in zip((60, 200, 320), row, strict=True):
                canvas.drawString(x, 700 - 20 * i, cell)

    text = one("a.pdf", make_pdf(draw)).text
    assert "Drug: Doxycycline | Dose: 100 mg | Frequency: twice daily" in text.split("\n")


def test_cells_of_several_lines_stay_one_cell(make_pdf: Make, one: One) -> None:
    def draw(canvas: Any) -> None:
        for i, y in enumerate((700, 660, 620)):
            canvas.setFont("Times-Bold" if i == 0 else "Times-Roman", 11)
            canvas.line(60, y + 14, 500, y + 14)
            drug, advice = [
                ("Drug", "Advice"),
                ("Warfarin", "Check the clotting"),
                ("Digoxin", "Check the potassium"),
            ][i]
            canvas.drawString(60, y, drug)
            canvas.drawString(220, y, advice)
            if i:
                canvas.drawString(220, y - 13, "before each dose")

    text = one("a.pdf", make_pdf(draw)).text
    assert "Drug: Warfarin | Advice: Check the clotting before each dose" in text.split("\n")


def test_raised_digits_stay_raised(make_pdf: Make, one: One) -> None:
    def draw(canvas: Any) -> None:
        text = canvas.beginText(60, 700)
        text.textOut("Platelets below 50 x 10")
        text.setFont("Times-Roman", 7)
        text.setRise(5)
        text.textOut("9")
        text.setRise(0)
        text.setFont("Times-Roman", 11)
        text.textOut("/L are an emergency.")
        canvas.drawText(text)

    assert "50 x 10⁹/L are an emergency." in one("a.pdf", make_pdf(draw)).text


def test_bullets_become_items(make_pdf: Make, one: One) -> None:
    def draw(canvas: Any) -> None:
        lines(canvas, 60, 700, ["Give at once:"])
        lines(
            canvas,
            60,
            680,
            [
                "\u2022  oxygen by mask",
                "\u2022  fluids by vein, and then",
                "   again after an hour",
                "\u2022  an antibiotic",
            ],
        )

    text = one("a.pdf", make_pdf(draw)).text
    expected = "- oxygen by mask\n- fluids by vein, and then again after an hour\n- an antibiotic"
    assert expected in text


def test_empty_pages_are_said_and_kept(make_pdf: Make, one: One, pages_of: Titles) -> None:
    pages = [
        lambda c: c.drawString(60, 500, "First words."),
        lambda c: None,
        lambda c: None,
        lambda c: c.drawString(60, 500, "Last words."),
    ]
    document = one("a.pdf", make_pdf(*pages))
    assert any(w.startswith("Pages 2 to 3 have no text") for w in document.meta.warnings)
    assert [p.start == p.end for p in document.pages] == [False, True, True, False]
    assert pages_of(document, "Last words.") == ["4"]


def test_a_scan_is_named_as_one(make_pdf: Make, one: One) -> None:
    with pytest.raises(ReadError, match="scan: no text on any of its 2 pages") as caught:
        one("a.pdf", make_pdf(lambda c: None, lambda c: c.rect(10, 10, 50, 50)))
    assert "ocrmypdf" in caught.value.remedy


def encrypted(data: bytes, user: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user_password=user, owner_password="owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_passwords(make_pdf: Make, one: One) -> None:
    data = make_pdf(lambda c: c.drawString(60, 500, "Give with food."))
    with pytest.raises(ReadError, match="password"):
        one("a.pdf", encrypted(data, "secret"))
    assert "Give with food." in one("a.pdf", encrypted(data, "")).text


def test_truncated_and_false_files_are_refused(make_pdf: Make, one: One) -> None:
    data = make_pdf(lambda c: c.drawString(60, 500, "Give with food."))
    for part in (data[:20], data[: len(data) // 3]):
        with pytest.raises(ReadError):
            one("a.pdf", part)
    with pytest.raises(ReadError, match="ZIP"):
        one("a.pdf", b"PK\x03\x04" + bytes(50))
    with pytest.raises(ReadError, match="empty"):
        list(read("a.pdf", b""))


@pytest.mark.parametrize("title", ["Microsoft Word - x.doc", "untitled", "guide.indd", "1234"])
def test_leftover_titles_are_not_titles(make_pdf: Make, title: str, one: One) -> None:
    def draw(canvas: Any) -> None:
        canvas.setTitle(title)
        canvas.drawString(60, 500, "Give with food.")

    assert one("my_hospital-guide.pdf", make_pdf(draw)).title == "my hospital guide"


@pytest.mark.parametrize("ruled", [True, False])
def test_a_wide_table_is_not_taken_for_columns(make_pdf: Make, one: One, ruled: bool) -> None:
    rows = [
        ("Infection", "First choice", "If allergic to penicillin", "Length of course"),
        *(
            (
                f"Infection called {n}, first attack\nin an adult who is otherwise well",
                f"Antibiotic {n}, 500 mg by mouth\nevery eight hours with food",
                f"Other drug {n}, 200 mg on day 1,\nthen 100 mg once each day",
                f"{n} to {n + 2} days and then review\nby the team on the ward",
            )
            for n in range(1, 8)
        ),
    ]

    def draw(canvas: Any) -> None:
        for i, row in enumerate(rows):
            canvas.setFont("Times-Bold" if i == 0 else "Times-Roman", 8)
            for x, cell in zip((40, 175, 310, 445), row, strict=True):
                lines(canvas, x, 700 - 34 * i, cell.split("\n"), 10)
            if ruled:
                canvas.line(38, 714 - 34 * i, 570, 714 - 34 * i)

    text = one("a.pdf", make_pdf(draw)).text
    row = next(line for line in text.split("\n") if "Antibiotic 3" in line)
    assert row == (
        "Infection: Infection called 3, first attack in an adult who is otherwise well"
        " | First choice: Antibiotic 3, 500 mg by mouth every eight hours with food"
        " | If allergic to penicillin: Other drug 3, 200 mg on day 1, then 100 mg once each day"
        " | Length of course: 3 to 5 days and then review by the team on the ward"
    )
