"""The JSON of documents and uploads as pydantic models."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from medrag.server.intake_forms import State
from medrag.server.schemas import DocumentOut, ListedDocument, Offset


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Documents(_Out):
    """Documents by path."""

    documents: list[ListedDocument]


class PageOut(_Out):
    """A page: ``number`` counts from 1, ``label`` is what is printed on it."""

    number: Offset
    label: str
    start: Offset
    end: Offset


class SectionOut(_Out):
    """A heading and the text under it; ``level`` 1 is the highest."""

    title: str
    level: int
    start: Offset
    end: Offset


class DocumentDetail(ListedDocument):
    """A document with its parts, as offsets into its text."""

    page_list: list[PageOut]
    sections: list[SectionOut]


class PageText(PageOut):
    """A page with its text; number 0 is a part of a document that has no pages."""

    text: str


class DocumentText(_Out):
    """The pages on which the characters from ``start`` to ``end`` stand."""

    document: DocumentOut
    start: Offset
    end: Offset
    pages: Annotated[list[PageText], Field(min_length=1)]


class IngestedOut(_Out):
    """A document as it was stored or found."""

    id: str
    path: str
    pages: int
    chunks: int
    warnings: list[str]


class FailureOut(_Out):
    """A file that could not be taken in, by its name."""

    path: str
    error: str
    remedy: str


class ReportOut(_Out):
    """What came of each file."""

    added: list[IngestedOut]
    updated: list[IngestedOut]
    unchanged: list[IngestedOut]
    removed: list[IngestedOut]
    failed: list[FailureOut]
    seconds: float


class UploadOut(_Out):
    """An upload. ``report`` is there once it is done or failed; ``error`` befell the whole."""

    id: str
    collection: str
    state: State
    files: list[str]
    files_done: int
    chunks: int
    report: ReportOut | None
    error: str | None
    remedy: str | None


class Removed(_Out):
    """What was removed; ``note`` says where it may come back from."""

    removed: list[ListedDocument]
    note: str | None
