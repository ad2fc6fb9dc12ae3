"""Passages to numbered sources: what an answer may stand on, current before superseded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from medrag.ages import patient_of
from medrag.population import about_others, populations
from medrag.standing import is_draft, is_superseded
from medrag.text import content_words
from medrag.types import DocumentInfo, Passage, Prompt, QuestionTerms, Reading, Source

_VERSION_IN_TITLE = re.compile(
    r"[\s(,:-]*\b(?:version|ver|v|edition)\.?\s*\d+(?:\.\d+)*\b\)?", re.I
)
_DENIAL = re.compile(r"(?:no|not|without|absence of)\s+(.+)", re.I)
_DENIES = re.compile(r"\b(?:no|not|without|absence|absent)\b", re.I)
_OVERLAP = 0.5


def build_prompt(
    question: str,
    passages: Sequence[Passage],
    terms: QuestionTerms,
    limit: int,
    reading: Reading | None = None,
) -> Prompt:
    """Number the passages that an answer may draw on, at most ``limit``: those of documents in
    force first, and the better before the worse.

    Left out: passages that mostly repeat a better one of the same document, and superseded
    guidelines where a newer version of the same title was found too. Left out too: passages under
    a heading that is about others than the question (children, where it asks about adults), or
    that denies what it asks about ("No major bleeding").
    """
    asked = patient_of(question).groups
    right = [
        p
        for p in passages
        if not about_others(asked, _whom(p)) and not _is_about_the_opposite(question, p)
    ]
    distinct = _without_overlaps(right)
    in_force, warnings = _without_superseded(distinct)
    kept = sorted(in_force[:limit], key=lambda passage: is_superseded(passage.document))
    return Prompt(
        question=question,
        sources=tuple(Source(n, passage) for n, passage in enumerate(kept, start=1)),
        terms=terms,
        reading=reading,
        dropped=len(passages) - len(kept),
        warnings=warnings,
    )


def source_warnings(sources: Sequence[Source], today: date | None = None) -> list[str]:
    """What a reader of an answer on these sources must know, document by document."""
    documents = {source.passage.document.id: source.passage.document for source in sources}
    day = today or date.today()
    return [warning for d in documents.values() for warning in document_warnings(d, day)]


def document_warnings(document: DocumentInfo, today: date) -> list[str]:
    """What a reader of this document must know before trusting it."""
    name = describe(document)
    warnings = []
    if is_superseded(document):
        warnings.append(f"SUPERSEDED: {name} is no longer in force ({document.meta.status}).")
    elif is_draft(document):
        warnings.append(f"DRAFT: {name} ({document.meta.status}).")
    review = document.meta.review_date
    if review and review < today.isoformat()[: len(review)]:
        warnings.append(f"{name} was due for review on {review}.")
    return warnings


def describe(document: DocumentInfo) -> str:
    """Title and version in a few words."""
    version = document.meta.version
    named = version is None or version in document.title
    return document.title if named else f"{document.title} (version {version})"


def _whom(passage: Passage) -> str:
    """The innermost heading that names a group; "Asthma in adults and children > Children"."""
    headings = [passage.document.title, *(passage.section or "").split(" > ")]
    return next((heading for heading in reversed(headings) if populations(heading)), "")


def _is_about_the_opposite(question: str, passage: Passage) -> bool:
    """Whether the heading denies what is asked about: "No major bleeding" for major bleeding."""
    heading = (passage.section or "").rpartition(" > ")[2]
    denied = _DENIAL.match(heading)
    if denied is None or _DENIES.search(question):
        return False
    words = set(content_words(denied.group(1)))
    return bool(words) and words <= set(content_words(question))


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


def _without_superseded(passages: Sequence[Passage]) -> tuple[list[Passage], dict[str, str]]:
    """The passages of what is in force, in their order; a warning for each guideline of which an
    older version was left out. A superseded one stays where no newer version was found."""
    newest: dict[str, DocumentInfo] = {}
    for passage in passages:
        family = _family(passage.document)
        known = newest.get(family)
        if known is None or _age(passage.document) > _age(known):
            newest[family] = passage.document
    kept: list[Passage] = []
    warnings: dict[str, str] = {}
    for passage in passages:
        document, current = passage.document, newest[_family(passage.document)]
        if document.id == current.id or _age(document) == _age(current):
            kept.append(passage)
            continue
        date_of = document.meta.effective_date
        dated = f" of {date_of}" if date_of else ""
        warnings[current.id] = (
            f"An older version{dated} was also found and left out, because"
            f" {describe(current)} supersedes it."
        )
    return kept, warnings


def _age(document: DocumentInfo) -> tuple[bool, str, tuple[int, ...]]:
    """Versions of one guideline in order: in force before superseded, then by date and number."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", document.meta.version or ""))
    return (not is_superseded(document), document.meta.effective_date or "", numbers)


def _family(document: DocumentInfo) -> str:
    """What the versions of one guideline have in common: the title without its version."""
    return " ".join(_VERSION_IN_TITLE.sub(" ", document.title).lower().split())
