"""The JSON of forms.py as pydantic models, so that the OpenAPI document says what comes back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Label = Literal["supported", "partial", "unsupported", "contradicted", "uncited"]
Share = Annotated[float, Field(ge=0, le=1)]
Offset = Annotated[int, Field(ge=0)]


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DocumentOut(_Out):
    """A document as it is cited."""

    id: str
    title: str
    path: str
    version: str | None
    effective_date: str | None
    review_date: str | None
    status: str | None
    warnings: list[str]


class ListedDocument(DocumentOut):
    """A document as it is listed."""

    pages: int
    chunks: int
    collections: list[str]


class Span(_Out):
    """A span of a document: ``start`` and ``end`` count Unicode characters of its text."""

    document: DocumentOut
    pages: list[str]
    section: str | None
    start: Offset
    end: Offset
    text: str


class PassageOut(Span):
    """A search result."""

    rank: Annotated[int, Field(ge=1)]
    score: float
    chunk_id: str
    ranks: dict[str, int]
    similarity: float
    coverage: float


class SourceOut(Span):
    """A source under its marker."""

    marker: Annotated[int, Field(ge=1)]


class EvidenceOut(_Out):
    """A verbatim quote and where it stands."""

    marker: int
    quote: str
    start: Offset
    end: Offset
    pages: list[str]


class ClaimOut(_Out):
    """A sentence with its verdict; ``start`` and ``end`` are its place in the answer."""

    text: str
    start: Offset
    end: Offset
    markers: list[int]
    verdict: Label
    score: Share
    problems: list[str]
    evidence: EvidenceOut | None


class UsageOut(_Out):
    """What it cost."""

    prompt_tokens: int
    thinking_tokens: int
    answer_tokens: int
    seconds: float
    cached_tokens: int
    phases: dict[str, float]


class AnswerOut(_Out):
    """A checked answer, or an abstention (``sources`` are then only the nearest passages)."""

    question: str
    answer: str
    abstained: bool
    reason: str | None
    claims: list[ClaimOut]
    withheld: list[ClaimOut]
    sources: list[SourceOut]
    generator: str
    usage: UsageOut
    warnings: list[str]
    fingerprint: str


class SearchOut(_Out):
    """Passages, best first."""

    query: str
    passages: list[PassageOut]
    seconds: float


class Probabilities(_Out):
    """They sum to 1."""

    supported: Share
    neutral: Share
    refuted: Share


class VerdictOut(_Out):
    """What the evidence says of the claim."""

    id: str | int | None
    verdict: Label
    score: Share
    probabilities: Probabilities
    problems: list[str]
    evidence: EvidenceOut | None


class VerifyOut(_Out):
    """One verdict a pair, in order."""

    verdicts: list[VerdictOut]


class CollectionOut(_Out):
    """A collection."""

    name: str
    documents: int
    passages: int


class Collections(_Out):
    """Those that the caller may see."""

    collections: list[CollectionOut]


class Me(_Out):
    """The caller, as the server sees it."""

    name: str
    role: Literal["reader", "curator", "admin"]
    collections: list[str] | None
    kind: Literal["key", "proxy", "local"]
    version: str
    generator: str
    upload_bytes: int


class Health(_Out):
    """Whether the server is well."""

    status: str
