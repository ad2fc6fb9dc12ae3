"""The records of the audit log, made from the values that travel through the server.

No record holds text of a document or of an answer: chunks are named by their ids, sentences by
their digests. What a person typed, and all that could be guessed from it (a digest of a short
sentence, the name of a file, the reason of an abstention), goes through the sealer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from medrag.events import Checked
from medrag.server.access import Caller
from medrag.server.audit_questions import QuestionSealer
from medrag.types import (
    Answer,
    CheckedClaim,
    DocumentInfo,
    IngestReport,
    Passage,
    Verdict,
)

Record = dict[str, Any]
Door = str  # rest, openai, mcp, cds, page, widget
Outcome = Literal["cancelled", "failed", "busy"]
_LONGEST = 200  # characters of a field that a client may have chosen


@dataclass(frozen=True, slots=True)
class AuditRecords:
    """Makes records. ``request_id`` joins a question to its answer; ``door`` is the way in."""

    sealer: QuestionSealer

    def started(
        self, version: str, fingerprint: str, identities: Mapping[str, str] | None = None
    ) -> Record:
        """The server runs, with these settings and these models (name to sha256)."""
        return {
            "action": "started",
            "version": version,
            "fingerprint": fingerprint,
            "questions": self.sealer.mode,
            "identities": dict(identities or {}),
        }

    def stopped(self, version: str) -> Record:
        """The server was stopped, not killed."""
        return {"action": "stopped", "version": version}

    def asked(
        self,
        request_id: str,
        caller: Caller,
        door: Door,
        question: str,
        collections: Iterable[str] | None,
        generator: str | None,
        *,
        turns: int = 0,
    ) -> Record:
        """A question, before it is answered. ``turns`` of a conversation came before it."""
        return {
            **_request("asked", request_id, caller, door),
            "collections": _names(collections),
            "generator": _short(generator),
            "turns": turns,
            **self.sealer.seal("question", question),
        }

    def answered(
        self,
        request_id: str,
        answer: Answer,
        identities: Mapping[str, str],
        *,
        rephrased: bool = False,
    ) -> Record:
        """What was answered, by which models (name to sha256), from which chunks. ``rephrased``
        says that the answer is to another form of the question, which is then kept as well."""
        return {
            "action": "answered",
            "request": request_id,
            **self._answer(answer, identities),
            **(self.sealer.seal("rephrased", answer.question) if rephrased else {}),
        }

    def sentence(self, request_id: str, event: Checked) -> Record:
        """A sentence of a language model, about to be shown (or told as withheld) before the
        answer is whole."""
        evidence = event.claim.verdict.evidence
        details = {
            "sha256": _sha256(event.claim.text),
            "evidence_sha256": _sha256(evidence.quote) if evidence else None,
        }
        return {
            "action": "sentence",
            "request": request_id,
            "shown": event.shown,
            "mended": event.mended,
            "verdict": event.claim.verdict.label,
            "score": round(event.claim.verdict.score, 4),
            "markers": list(event.claim.claim.markers),
            "problems": len(event.claim.verdict.problems),
            **self.sealer.seal("details", details),
        }

    def ended(
        self,
        request_id: str,
        outcome: Outcome,
        *,
        shown: Answer | None = None,
        identities: Mapping[str, str] | None = None,
        error: str = "",
    ) -> Record:
        """A question without a whole answer. ``shown`` is the verbatim answer that was already
        delivered (sentences after it have records of their own); ``error`` the name of an error's
        class, never its message."""
        shown_form = None if shown is None else self._answer(shown, identities or {})
        return {
            "action": "ended",
            "request": request_id,
            "outcome": outcome,
            "error": _short(error),
            "shown": shown_form,
        }

    def searched(
        self,
        request_id: str,
        caller: Caller,
        door: Door,
        question: str,
        collections: Iterable[str] | None,
        passages: Sequence[Passage],
    ) -> Record:
        """A search, and the chunks that were shown, best first."""
        return {
            **_request("searched", request_id, caller, door),
            "collections": _names(collections),
            "chunks": [passage.chunk.id for passage in passages],
            **self.sealer.seal("question", question),
        }

    def verified(
        self,
        request_id: str,
        caller: Caller,
        door: Door,
        pairs: Sequence[tuple[str, str]],
        verdicts: Sequence[Verdict],
    ) -> Record:
        """Claims that were checked against evidence that came with them."""
        digests = [{"claim": _sha256(claim), "evidence": _sha256(text)} for claim, text in pairs]
        return {
            **_request("verified", request_id, caller, door),
            "pairs": len(pairs),
            "verdicts": [verdict.label for verdict in verdicts],
            **self.sealer.seal("pairs_sha256", digests),
        }

    def uploaded(
        self, request_id: str, caller: Caller, collection: str, report: IngestReport
    ) -> Record:
        """Documents that were taken in, by id; files that failed are counted and named."""
        stored = (*report.added, *report.updated, *report.unchanged)
        paths = [*(item.path for item in stored), *(failure.path for failure in report.failed)]
        return {
            **_request("uploaded", request_id, caller),
            "collection": _short(collection),
            "added": [item.id for item in report.added],
            "updated": [item.id for item in report.updated],
            "unchanged": [item.id for item in report.unchanged],
            "replaced": [item.id for item in report.removed],
            "failed": len(report.failed),
            **self.sealer.seal("files", [PurePath(path).name for path in paths]),
        }

    def removing(
        self, request_id: str, caller: Caller, documents: Sequence[DocumentInfo]
    ) -> Record:
        """Documents that are about to be taken out, by id; ``removed`` says that they were."""
        return {**self.removed(request_id, caller, documents), "action": "removing"}

    def removed(self, request_id: str, caller: Caller, documents: Sequence[DocumentInfo]) -> Record:
        """Documents that were taken out, by id."""
        return {
            **_request("removed", request_id, caller),
            "documents": [document.id for document in documents],
            **self.sealer.seal("files", [PurePath(document.path).name for document in documents]),
        }

    def read(self, request_id: str, caller: Caller, document_id: str) -> Record:
        """Somebody looked at a document's text."""
        return {**_request("read", request_id, caller), "document": _short(document_id)}

    def refused(self, who: Caller | str, what: str, status: int) -> Record:
        """Somebody was turned away: a caller, or the address of a peer that nobody knows.
        ``what`` is the pattern of a route, never an address as it was typed."""
        known = _caller(who) if isinstance(who, Caller) else {"peer": _short(who)}
        return {"action": "refused", **known, "what": _short(what), "status": status}

    def _answer(self, answer: Answer, identities: Mapping[str, str]) -> Record:
        # The digests are of the claims, then of those withheld.
        every = (*answer.claims, *answer.withheld)
        details = {
            "sha256": [_sha256(claim.text) for claim in every],
            "reason": answer.reason,
        }
        return {
            "abstained": answer.abstained,
            "why": _why(answer) if answer.abstained else None,
            "claims": [_claim(answer, claim) for claim in answer.claims],
            "withheld": [_claim(answer, claim) for claim in answer.withheld],
            "sources": [
                {
                    "marker": source.marker,
                    "chunk": source.passage.chunk.id,
                    "document": source.passage.document.id,
                }
                for source in answer.sources
            ],
            "warnings": len(answer.warnings),
            "generator": _short(answer.generator),
            "fingerprint": answer.fingerprint,
            "identities": dict(identities),
            "seconds": round(answer.usage.seconds, 3),
            **self.sealer.seal("details", details),
        }


def _request(action: str, request_id: str, caller: Caller, door: Door = "rest") -> Record:
    return {"action": action, "request": request_id, "door": _short(door), **_caller(caller)}


def _caller(caller: Caller) -> Record:
    return {
        "caller": _short(caller.id),
        "name": _short(caller.name),
        "role": caller.role,
        "kind": caller.kind,
    }


def _claim(answer: Answer, checked: CheckedClaim) -> Record:
    return {
        "verdict": checked.verdict.label,
        "score": round(checked.verdict.score, 4),
        "markers": list(checked.claim.markers),
        "chunks": [source.passage.chunk.id for source in answer.sources_of(checked)],
        "problems": len(checked.verdict.problems),
    }


def _why(answer: Answer) -> str:
    """Why there is no answer, without the words of the question that the reason may quote."""
    if answer.withheld:
        return "no sentence stood up to the check"
    return "nothing close enough" if answer.sources else "nothing found"


def _names(collections: Iterable[str] | None) -> list[str] | None:
    return None if collections is None else sorted(name[:_LONGEST] for name in collections)


def _short(text: str | None) -> str | None:
    return text if text is None else text[:_LONGEST]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
