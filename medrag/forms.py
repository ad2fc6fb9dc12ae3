"""Values as the plain JSON of the command line's contract. One function a value."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from medrag.events import Checked, Event, Queued, Rephrased, Verbatim, Working
from medrag.types import (
    Answer,
    CheckedClaim,
    DocumentInfo,
    Evidence,
    Ingested,
    IngestReport,
    Passage,
    Source,
    Verdict,
)

Json = dict[str, Any]


def document_form(document: DocumentInfo) -> Json:
    """A document as it is cited."""
    return {
        "id": document.id,
        "title": document.title,
        "path": document.path,
        "version": document.meta.version,
        "effective_date": document.meta.effective_date,
        "review_date": document.meta.review_date,
        "status": document.meta.status,
        "warnings": list(document.meta.warnings),
    }


def listed_document_form(document: DocumentInfo) -> Json:
    """A document as it is listed: with its size and its collections."""
    return document_form(document) | {
        "pages": document.pages,
        "chunks": document.chunks,
        "collections": list(document.collections),
    }


def _span_form(passage: Passage) -> Json:
    return {
        "document": document_form(passage.document),
        "pages": list(passage.page_labels),
        "section": passage.section,
        "start": passage.chunk.start,
        "end": passage.chunk.end,
        "text": passage.chunk.text,
    }


def passage_form(rank: int, passage: Passage) -> Json:
    """A search result, ranks from 1."""
    return {
        "rank": rank,
        "score": round(passage.score, 6),
        "chunk_id": passage.chunk.id,
        **_span_form(passage),
        "ranks": dict(passage.ranks),
        "similarity": round(passage.similarity, 6),
        "coverage": round(passage.coverage, 6),
    }


def source_form(source: Source) -> Json:
    """A source under its marker."""
    return {"marker": source.marker, **_span_form(source.passage)}


def evidence_form(evidence: Evidence | None) -> Json | None:
    """A verbatim quote and where it stands in its document."""
    return None if evidence is None else asdict(evidence)


def claim_form(checked: CheckedClaim) -> Json:
    """A sentence of an answer with its verdict."""
    return {
        "text": checked.text,
        "start": checked.claim.start,
        "end": checked.claim.end,
        "markers": list(checked.claim.markers),
        "verdict": checked.verdict.label,
        "score": round(checked.verdict.score, 4),
        "problems": list(checked.verdict.problems),
        "evidence": evidence_form(checked.verdict.evidence),
    }


def answer_form(answer: Answer, *, thinking: bool = False) -> Json:
    """A whole answer. When it abstained, its sources are the nearest passages, no answer.

    What a language model thought, unchecked, is left out unless ``thinking`` is asked for.
    """
    return {
        "question": answer.question,
        "answer": answer.text,
        "abstained": answer.abstained,
        "reason": answer.reason,
        "claims": [claim_form(claim) for claim in answer.claims],
        "withheld": [claim_form(claim) for claim in answer.withheld],
        "sources": [source_form(source) for source in answer.sources],
        "generator": answer.generator,
        "usage": asdict(answer.usage),
        "warnings": list(answer.warnings),
        "fingerprint": answer.fingerprint,
        **({"thinking": answer.thinking} if thinking else {}),
    }


def event_form(event: Event, *, thinking: bool = False) -> Json:
    """An event of a question being answered, under its name. The text of a step of the language
    model is never in it; a withheld sentence is (``shown`` false), for whoever audits."""
    if isinstance(event, Queued):
        return {"event": "queued", "position": event.position}
    if isinstance(event, Rephrased):
        return {"event": "rephrased", "question": event.question}
    if isinstance(event, Verbatim):
        return {"event": "verbatim", "answer": answer_form(event.answer)}
    if isinstance(event, Working):
        piece = event.piece
        return {"event": "working", "phase": piece.phase, "done": piece.done, "total": piece.total}
    if isinstance(event, Checked):
        return {
            "event": "sentence",
            "claim": claim_form(event.claim),
            "shown": event.shown,
            "mended": event.mended,
        }
    return {"event": "answer", "answer": answer_form(event.answer, thinking=thinking)}


def verdict_form(identifier: Any, verdict: Verdict) -> Json:
    """A verdict of ``medrag verify``."""
    supported, neutral, refuted = (round(p, 6) for p in verdict.probabilities)
    return {
        "id": identifier,
        "verdict": verdict.label,
        "score": round(verdict.score, 6),
        "probabilities": {"supported": supported, "neutral": neutral, "refuted": refuted},
        "problems": list(verdict.problems),
        "evidence": evidence_form(verdict.evidence),
    }


def report_form(report: IngestReport) -> Json:
    """What an ingest did."""

    def items(ingested: tuple[Ingested, ...]) -> list[Json]:
        return [asdict(item) | {"warnings": list(item.warnings)} for item in ingested]

    return {
        "added": items(report.added),
        "updated": items(report.updated),
        "unchanged": items(report.unchanged),
        "removed": items(report.removed),
        "failed": [asdict(failure) for failure in report.failed],
        "seconds": round(report.seconds, 3),
    }
