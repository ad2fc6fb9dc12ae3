"""Uploads and removals as values, as JSON, and back from the intake's process as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from medrag.forms import report_form
from medrag.types import DocumentInfo, Failure, Ingested, IngestReport, Meta

Json = dict[str, Any]
State = Literal["waiting", "reading", "embedding", "indexing", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as it stands: ``files`` by the names under which they are kept.

    ``report`` is there once it is done (or failed): what came of each file. ``error`` and
    ``remedy`` tell what befell the whole, where something did.
    """

    id: str
    collection: str
    caller_id: str
    files: tuple[str, ...]
    state: State = "waiting"
    files_done: int = 0
    chunks: int = 0
    report: IngestReport | None = None
    error: str = ""
    remedy: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ("done", "failed")


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed, and what is to be known of it (a folder from which it may come back)."""

    documents: tuple[DocumentInfo, ...]
    note: str


def upload_form(upload: Upload) -> Json:
    """An upload as /v1/uploads tells it."""
    return {
        "id": upload.id,
        "collection": upload.collection,
        "state": upload.state,
        "files": list(upload.files),
        "files_done": upload.files_done,
        "chunks": upload.chunks,
        "report": None if upload.report is None else report_form(upload.report),
        "error": upload.error or None,
        "remedy": upload.remedy or None,
    }


def ended(upload: Upload, result: Mapping[str, Any]) -> Upload:
    """The upload with what came of it, as ``Work.take_in`` says."""
    report = report_of(result["report"])
    return replace(
        upload,
        state="done" if report.added or report.updated or report.unchanged else "failed",
        files_done=len(upload.files),
        report=report,
        error=result.get("error", ""),
        remedy=result.get("remedy", ""),
    )


def report_of(form: Mapping[str, Any]) -> IngestReport:
    """The report of which ``report_form`` made this."""

    def items(name: str) -> tuple[Ingested, ...]:
        return tuple(
            Ingested(**item | {"warnings": tuple(item["warnings"])}) for item in form[name]
        )

    return IngestReport(
        items("added"),
        items("updated"),
        items("unchanged"),
        items("removed"),
        tuple(Failure(**item) for item in form["failed"]),
        form["seconds"],
    )


def info_of(form: Mapping[str, Any]) -> DocumentInfo:
    """The document of which ``dataclasses.asdict`` made this."""
    meta = form["meta"]
    return DocumentInfo(
        **{
            **form,
            "meta": Meta(**meta | {"warnings": tuple(meta["warnings"])}),
            "collections": tuple(form["collections"]),
        }
    )
