"""Helpers of the readers' tests: small files, made here, and questions put to documents."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from medrag.readers import read
from medrag.types import Document


def _one(path: str, data: bytes | str) -> Document:
    raw = data.encode() if isinstance(data, str) else data
    (document,) = read(path, raw)
    return document


def _sections_of(document: Document, quote: str) -> list[str]:
    at = document.text.index(quote)
    return [s.title for s in document.sections if s.start <= at and at + len(quote) <= s.end]


def _pages_of(document: Document, quote: str) -> list[str]:
    at = document.text.index(quote)
    return [p.label for p in document.pages if p.start < at + len(quote) and at < p.end]


@pytest.fixture
def one() -> Callable[[str, bytes | str], Document]:
    """The only document in a file."""
    return _one


@pytest.fixture
def sections_of() -> Callable[[Document, str], list[str]]:
    """The titles of the sections that hold a quote, outermost first."""
    return _sections_of


@pytest.fixture
def pages_of() -> Callable[[Document, str], list[str]]:
    """The labels of the pages on which a quote stands."""
    return _pages_of


@pytest.fixture
def make_pdf() -> Callable[..., bytes]:
    """Make a PDF from a function a page, each given the canvas."""
    from reportlab.pdfgen.canvas import Canvas

    def make(*pages: Callable[[Canvas], None], **options: object) -> bytes:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=(595, 842), **options)
        for draw in pages:
            canvas.setFont("Times-Roman", 11)
            draw(canvas)
            canvas.showPage()
        canvas.save()
        return buffer.getvalue()

    return make
