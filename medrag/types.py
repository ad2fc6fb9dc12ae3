"""The values that travel through medrag, and the protocols of its replaceable parts.

Every value is made once, frozen, and passed on. Offsets are characters into
``Document.text`` (Python string indices, end exclusive). The invariant that the whole house
rests on: for every chunk, evidence and citation, ``document.text[start:end]`` is its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]
    IntArray = npt.NDArray[np.int64]

Label = Literal["supported", "partial", "unsupported", "contradicted", "uncited"]
ProgressHook = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document: ``number`` counts from 1, ``label`` is what is printed on it."""

    number: int
    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text under it. ``level`` 1 is the highest; sections nest by offset."""

    title: str
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Meta:
    """What a document says of itself. Dates are ISO 8601 (``2024-06-01``) or None."""

    version: str | None = None
    effective_date: str | None = None
    review_date: str | None = None
    status: str | None = None
    language: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read: its whole text, with pages and sections as offset ranges.

    ``id`` is the SHA-256 of the bytes it was read from. ``path`` is where it was found; a record
    inside a file (JSON Lines, a JSON list) is written ``file.jsonl#record``.
    """

    id: str
    path: str
    title: str
    text: str
    pages: tuple[Page, ...] = ()
    sections: tuple[Section, ...] = ()
    meta: Meta = Meta()


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A stored document without its text: what a list or a citation needs."""

    id: str
    path: str
    title: str
    meta: Meta
    pages: int
    chunks: int
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document that is embedded and retrieved as one. ``text`` is verbatim."""

    id: str
    document_id: str
    ordinal: int
    start: int
    end: int
    text: str


def chunk_id(document_id: str, start: int, end: int) -> str:
    """A chunk's public id: the same in every library while the document is the same."""
    return f"{document_id[:16]}:{start}-{end}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk. ``ranks`` holds its rank (from 1) in each arm that found it.

    ``score`` is the fused score in 0..1; ``similarity`` the cosine to the question, ``coverage``
    the share of the question's weight in words that the chunk holds (both 0..1).
    """

    chunk: Chunk
    document: DocumentInfo
    page_labels: tuple[str, ...]
    section: str | None
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict)
    similarity: float = 0.0
    coverage: float = 0.0


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """The content words of a question as a library sees them.

    ``weights`` says how telling each (as a stem) is; ``unknown`` are the words, long enough to be
    names, that stand in no document.
    """

    weights: Mapping[str, float]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A passage under the number by which an answer cites it (from 1)."""

    marker: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim span of a source: ``document.text[start:end] == quote``; ``pages`` are the labels
    of the pages on which just this span stands."""

    marker: int
    quote: str
    start: int
    end: int
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question with its numbered sources, as given to a generator.

    ``dropped`` counts passages that were found and left out; ``warnings`` say what was, by the id
    of the document that an answer must cite for it to matter.
    """

    question: str
    sources: tuple[Source, ...]
    terms: QuestionTerms = QuestionTerms({})
    messages: tuple[Mapping[str, str], ...] = ()
    dropped: int = 0
    warnings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost: tokens (0 where no model wrote) and seconds."""

    prompt_tokens: int = 0
    thinking_tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator wrote, unchecked: sentences that end in markers such as ``[1]``.

    ``verbatim`` drafts hold one quoted sentence a line and one marker at its end; brackets inside
    a quote are the document's own.
    """

    text: str
    thinking: str = ""
    finish_reason: str = "stop"
    usage: Usage = Usage()
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer: ``answer.text[start:end] == text``; ``markers`` it cites."""

    text: str
    start: int
    end: int
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sources say of a claim.

    ``score`` is the judge's probability (0..1) that the claim is supported; ``probabilities``
    are (supported, neutral, refuted) and sum to 1; ``problems`` are what the rules found.
    """

    label: Label
    score: float
    probabilities: tuple[float, float, float] = (0.0, 1.0, 0.0)
    evidence: Evidence | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim together with its verdict."""

    claim: Claim
    verdict: Verdict

    @property
    def text(self) -> str:
        return self.claim.text


@dataclass(frozen=True, slots=True)
class Answer:
    """The checked answer. When ``abstained`` is true, ``text`` says so, ``claims`` is empty and
    ``sources`` are the nearest passages, which are not an answer."""

    question: str
    text: str
    claims: tuple[CheckedClaim, ...]
    sources: tuple[Source, ...]
    abstained: bool
    reason: str | None
    generator: str
    usage: Usage
    warnings: tuple[str, ...]
    fingerprint: str
    withheld: tuple[CheckedClaim, ...] = ()

    def sources_of(self, claim: CheckedClaim) -> tuple[Source, ...]:
        """The sources that a claim of this answer cites, in the order of its markers."""
        by_marker = {source.marker: source for source in self.sources}
        return tuple(by_marker[m] for m in claim.claim.markers if m in by_marker)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be ingested: why, and what a person can do about it."""

    path: str
    error: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """A document as an ingest stored (or found) it."""

    id: str
    path: str
    pages: int
    chunks: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did, document by document."""

    added: tuple[Ingested, ...]
    updated: tuple[Ingested, ...]
    unchanged: tuple[Ingested, ...]
    removed: tuple[Ingested, ...]
    failed: tuple[Failure, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of an ingest: files and chunks done of those known so far."""

    stage: str
    files: int
    total_files: int
    chunks: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which weights: a name, the SHA-256 of the weights file, and the vector's length."""

    name: str
    sha256: str
    dimension: int


class Embedder(Protocol):
    """Turns text into unit vectors."""

    @property
    def identity(self) -> ModelIdentity: ...

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of shape ``(len(texts), dimension)``, float32, each of length 1."""
        ...


class Generator(Protocol):
    """Writes a draft from a prompt."""

    @property
    def name(self) -> str: ...

    def generate(self, prompt: Prompt) -> Draft: ...


class Judge(Protocol):
    """Says what evidence has to say of a claim."""

    @property
    def name(self) -> str: ...

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """One verdict for each ``(claim, evidence)``, in order."""
        ...


class VectorIndex(Protocol):
    """Nearest neighbours by inner product."""

    def search(self, vectors: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
        """Scores and ids, both of shape ``(len(vectors), k)``; id -1 where there are fewer."""
        ...


class Reader(Protocol):
    """Turns the bytes of one file into its documents (most formats hold exactly one)."""

    def __call__(self, path: str, data: bytes) -> Iterator[Document]: ...
