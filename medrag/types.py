"""The values that travel through medrag.

Every value is made once, frozen, and passed on. Offsets are characters into
``Document.text`` (Python string indices, end exclusive). The invariant that the whole house
rests on: for every chunk, evidence and citation, ``document.text[start:end]`` is its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

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

    ``id`` is the SHA-256 of the bytes it was read from, together with its title where that had to
    be taken from the file's name. ``path`` is where it was found; a record
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
    the share of the question's weight in words that the chunk holds (both 0..1). ``relevance`` is
    how surely it answers, as the reranker says (log odds); None where it was not read. ``vector``
    is the chunk's embedding, of unit length. ``audience`` is what its document says of whom
    it is for, ``before`` what stands right before the chunk in it; empty where there is nothing, or
    nobody looked.
    """

    chunk: Chunk
    document: DocumentInfo
    page_labels: tuple[str, ...]
    section: str | None
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict)
    similarity: float = 0.0
    coverage: float = 0.0
    relevance: float | None = None
    vector: npt.NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    audience: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """The content words of a question as a library sees them.

    ``weights`` says how telling each (as a stem) is; ``unknown`` are the words, long enough to be
    names, that stand in no document.
    """

    weights: Mapping[str, float]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A question in the library's words: as it was ``asked`` and as it is ``read``, with the
    ``changes`` (said, read) that make the one of the other."""

    asked: str
    read: str
    changes: tuple[tuple[str, str], ...] = ()


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
class Excerpt:
    """What a language model is shown of one source: verbatim sentences, in reading order.

    ``text`` is how they are shown (with the opening of their list, gaps marked); every one of
    ``sentences`` is a substring of the source's passage.
    """

    marker: int
    text: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question with its numbered sources, as given to a generator.

    ``question`` is in the library's words, ``reading`` tells how it was asked.
    ``dropped`` counts passages that were found and left out; ``warnings`` say what was, by the id
    of the document that an answer must cite for it to matter. ``excerpts`` are what a language
    model is shown of the sources, in the order shown, and ``dropped_sentences`` counts those that
    had no room.
    """

    question: str
    sources: tuple[Source, ...]
    terms: QuestionTerms = QuestionTerms({})
    reading: Reading | None = None
    dropped: int = 0
    warnings: Mapping[str, str] = field(default_factory=dict)
    excerpts: tuple[Excerpt, ...] = ()
    dropped_sentences: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation with a language model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a language model is asked to write.

    Up to ``thinking_tokens`` are thought freely first (0: none), then at most ``answer_tokens``
    are written, under ``grammar`` (GBNF, root rule ``root``) where there is one. Temperature 0 is
    the likeliest token each time; the same seed gives the same answer. ``constant`` says that
    the system message is the same in every request, and may be kept on disk in the model's form.
    """

    messages: tuple[Message, ...]
    grammar: str | None = None
    thinking_tokens: int = 0
    answer_tokens: int = 400
    temperature: float = 0.6
    top_k: int = 20
    top_p: float = 0.95
    seed: int = 0
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost: tokens (0 where no model wrote) and seconds.

    ``cached_tokens`` of the prompt were known from the request before. ``phases`` are the seconds
    of each step: retrieve, verbatim, wait, load, read, think, write, verify.
    """

    prompt_tokens: int = 0
    thinking_tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0
    cached_tokens: int = 0
    phases: Mapping[str, float] = field(default_factory=dict)


Phase = Literal["wait", "load", "read", "think", "write"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A step of a language model's work: waiting for its turn (``done`` callers are before it),
    loading, reading (``done`` of ``total`` tokens), thinking or writing the next ``text``."""

    phase: Phase
    text: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator wrote, unchecked: sentences that end in markers such as ``[1]``.

    ``verbatim`` drafts hold one quoted sentence a line and one marker at its end; brackets inside
    a quote are the document's own. ``finish_reason`` is "stop", "length" (cut at the limit), or
    why there is nothing. ``read`` is the probability (0..1) that the best of its sentences answers,
    where a model has read them, or 1 where what it says does not count. ``cut`` are the markers of
    sources of which there was no room for every line like those that are shown.
    """

    text: str
    thinking: str = ""
    finish_reason: str = "stop"
    usage: Usage = Usage()
    verbatim: bool = False
    read: float | None = None
    cut: tuple[int, ...] = ()


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
    thinking: str = ""
    """What a language model thought before it wrote. Unchecked: never show it as an answer."""

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
