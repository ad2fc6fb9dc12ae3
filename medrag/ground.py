"""Passages to numbered sources: what an answer may stand on, current before superseded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from medrag.population import about_others, populations
from medrag.types import DocumentInfo, Passage, Prompt, QuestionTerms, Source

_VERSION_IN_TITLE = re.compile(
    r"[\s(,:-]*\b(?:version|ver|v|edition)\.?\s*\d+(?:\.\d+)*\b\)?", re.I
)
_OVERLAP = 0.5


def build_prompt(
    question: str,
    passages: Sequence[Passage],
    terms: QuestionTerms,
    limit: int,
) -> Prompt:
    """Number the passages that an answer may draw on, at most ``limit``.

    Left out: passages that mostly repeat a better one of the same document, and superseded
    guidelines where a current version of the same title was found too. Passages of superseded
    documents that remain come last. Left out too: passages under a heading that is about others
    than the question (children, where it asks about adults).
    """
    asked = populations(question)
    right = [p for p in passages if not about_others(asked, _whom(p.section or ""))]
    distinct = _without_overlaps(right)
    current, old, warnings = _without_superseded(distinct)
    kept = (current + old)[:limit]
    return Prompt(
        question=question,
        sources=tuple(Source(n, passage) for n, passage in enumerate(kept, start=1)),
        terms=terms,
        dropped=len(passages) - len(kept),
        warnings=warnings,
    )


def source_warnings(sources: Sequence[Source], today: date | None = None) -> list[str]:
    """What a reader of an answer on these sources must know, document by document."""
    documents = {source.passage.document.id: source.passage.document for source in sources}
    day = today or date.today()
    return [warning for d in documents.values() for warning in document_warnings(d, day)]


def is_superseded(document: DocumentInfo) -> bool:
    """Whether the document says of itself that it is no longer in force."""
    status = (document.meta.status or "").lower()
    return any(word in status for word in ("supersed", "withdrawn", "replaced", "obsolete"))


def document_warnings(document: DocumentInfo, today: date) -> list[str]:
    """What a reader of this document must know before trusting it."""
    name = describe(document)
    warnings = []
    if is_superseded(document):
        warnings.append(f"SUPERSEDED: {name} is no longer in force ({document.meta.status}).")
    review = document.meta.review_date
    if review and review < today.isoformat()[: len(review)]:
        warnings.append(f"{name} was due for review on {review}.")
    return warnings


def describe(document: DocumentInfo) -> str:
    """Title and version in a few words."""
    version = document.meta.version
    named = version is None or version in document.title
    return document.title if named else f"{document.title} (version {version})"


def _whom(section: str) -> str:
    """The innermost heading that names a group; "Asthma in adults and children > Children"."""
    headings = reversed(section.split(" > "))
    return next((heading for heading in headings if populations(heading)), "")


def _without_overlaps(passages: Sequence[Passage]) -> list[Passage]:
    kept: list[Passage] = []
    for passage in passages:
        chunk = passage.chunk
        length = max(1, chunk.end - chunk.start)
        shared = (
            min(chunk.end, other.chunk.end) - max(chunk.start, other.chunk.start)
            for other in kept
            if other.document.id == passage.document.id
        )
        if max(shared, default=0) / length < _OVERLAP:
            kept.append(passage)
    return kept


def _without_superseded(
    passages: Sequence[Passage],
) -> tuple[list[Passage], list[Passage], dict[str, str]]:
    in_force: dict[str, DocumentInfo] = {}
    for passage in passages:
        if not is_superseded(passage.document):
            in_force.setdefault(_family(passage.document), passage.document)
    current, old = [], []
    warnings: dict[str, str] = {}
    for passage in passages:
        document = passage.document
        newest = in_force.get(_family(document))
        if not is_superseded(document):
            current.append(passage)
        elif newest is None:
            old.append(passage)
        else:
            date_of = document.meta.effective_date
            dated = f" of {date_of}" if date_of else ""
            warnings[newest.id] = (
                f"An older version{dated} was also found and left out, because"
                f" {describe(newest)} supersedes it."
            )
    return current, old, warnings


def _family(document: DocumentInfo) -> str:
    """What the versions of one guideline have in common: the title without its version."""
    return " ".join(_VERSION_IN_TITLE.sub(" ", document.title).lower().split())
