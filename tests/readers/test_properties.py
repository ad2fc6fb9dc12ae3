"""Whatever the bytes: documents whose offsets hold, or a ReadError; nothing else."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medrag.errors import ReadError
from medrag.readers import SUPPORTED, read
from medrag.text import clean
from medrag.types import Document

TEXTS = st.text(
    st.one_of(st.characters(exclude_categories=("Cs",)), st.sampled_from('\n\n #-|=<>:.{}[]"\t&')),
    max_size=300,
)
HEADS = {".pdf": b"%PDF-1.4\n", ".html": b"<p>", ".json": b'{"a":', ".xml": b"<article>"}


def holds(document: Document) -> None:
    """What every reader promises of every document."""
    text = document.text
    assert text and document.title
    assert clean(text) == text
    assert "\n\n\n" not in text
    starts = [s.start for s in document.sections]
    assert starts == sorted(starts)
    for section in document.sections:
        assert 0 <= section.start < section.end <= len(text)
        assert text[section.start : section.end].startswith(section.title)
    before = 0
    for page in document.pages:
        assert before <= page.start <= page.end <= len(text)
        before = page.end


def check(name: str, data: bytes) -> None:
    try:
        for document in read(name, data):
            holds(document)
    except ReadError as error:
        assert str(error) and "\n" not in str(error)


@pytest.mark.parametrize("suffix", sorted(SUPPORTED))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=400))
def test_any_bytes(suffix: str, data: bytes) -> None:
    check(f"x{suffix}", data)
    check(f"x{suffix}", HEADS.get(suffix, b"") + data)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".csv"])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS)
def test_any_text(suffix: str, text: str) -> None:
    check(f"x{suffix}", text.encode())


@settings(max_examples=150, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
        lambda v: (
            st.lists(v, max_size=4)
            | st.dictionaries(
                st.sampled_from(["id", "name", "text", "a_b", "type"]) | TEXTS, v, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_json(value: object) -> None:
    import json

    check("x.json", json.dumps(value).encode())
    check("x.jsonl", json.dumps(value).encode())


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 1500), junk=st.binary(min_size=1, max_size=8))
def test_damaged_pdfs(at: int, junk: bytes) -> None:
    data = sample_pdf()
    check("x.pdf", data[:at] + junk + data[at + len(junk) :])


def sample_pdf() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=0)
    canvas.drawString(60, 500, "Give with food, and never with alcohol.")
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=300), name=st.sampled_from(["word/document.xml", "xl/workbook.xml"]))
def test_odd_archives(body: bytes, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, body)
    check("x.docx", buffer.getvalue())
    check("x.xlsx", buffer.getvalue())
