"""The doors to documents: /v1/documents (list, detail, text, upload, remove) and /v1/uploads."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import StringConstraints

from medrag.engine import DEFAULT_COLLECTION
from medrag.errors import NotFound
from medrag.forms import document_form, listed_document_form
from medrag.server.access import Caller
from medrag.server.document_schemas import (
    DocumentDetail,
    Documents,
    DocumentText,
    Removed,
    UploadOut,
)
from medrag.server.document_text import text_pages
from medrag.server.doors import ERRORS, Known, TheService
from medrag.server.intake import Intake, Upload, upload_form
from medrag.server.intake_delivery import receive
from medrag.server.shown import info_for, path_for
from medrag.types import Ingested

# A document is named by the SHA-256 of its bytes, or the first digits of it.
_SHORTEST, _LONGEST = 6, 64
_DIGITS = frozenset("0123456789abcdef")
_UPLOAD_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "collection": {
                            "type": "string",
                            "default": DEFAULT_COLLECTION,
                            "minLength": 1,
                            "maxLength": 64,
                        },
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                        },
                    },
                }
            }
        },
    }
}

CollectionName = Annotated[str, StringConstraints(min_length=1, max_length=64)]


def intake_of(request: Request) -> Intake:
    """What takes documents in and out."""
    intake: Intake = request.app.state.intake
    return intake


TheIntake = Annotated[Intake, Depends(intake_of)]


def router() -> APIRouter:
    """These routes."""
    routes = APIRouter(prefix="/v1", tags=["documents"], responses=ERRORS)
    _reading(routes)
    _changing(routes)
    return routes


def _reading(routes: APIRouter) -> None:
    @routes.get("/documents", response_model=Documents)
    async def documents(
        caller: Known,
        service: TheService,
        collection: Annotated[CollectionName | None, Query()] = None,
    ) -> Any:
        """The documents that you may see, or those of one collection."""
        wanted = None if collection is None else [collection]
        infos = await service.documents(caller, wanted)
        return JSONResponse({"documents": [listed_document_form(info) for info in infos]})

    @routes.get("/documents/{document_id}", response_model=DocumentDetail)
    async def document(document_id: str, caller: Known, service: TheService) -> Any:
        """A document with its pages and sections, as offsets into its text."""
        info, found = await service.document(caller, _digits(document_id))
        pages = [_fields(page, "number label start end") for page in found.pages]
        sections = [_fields(part, "title level start end") for part in found.sections]
        await service.ledger.read(caller, info.id)
        form = listed_document_form(info) | {"page_list": pages, "sections": sections}
        return JSONResponse(form)

    @routes.get("/documents/{document_id}/text", response_model=DocumentText)
    async def text(
        document_id: str,
        caller: Known,
        service: TheService,
        start: Annotated[int | None, Query(ge=0, description="First character.")] = None,
        end: Annotated[int | None, Query(ge=0, description="The one after the last.")] = None,
    ) -> Any:
        """The whole pages on which the characters from start to end stand (default: the first
        page). Offsets count Unicode characters. A document without pages gives the lines around."""
        info, found = await service.document(caller, _digits(document_id))
        first, last, pages = text_pages(found, start, end)
        await service.ledger.read(caller, info.id)
        form = {"document": document_form(info), "start": first, "end": last}
        return JSONResponse(form | {"pages": [_fields(page, _PAGE) for page in pages]})


def _changing(routes: APIRouter) -> None:
    @routes.post(
        "/documents", status_code=202, response_model=UploadOut, openapi_extra=_UPLOAD_FORM
    )
    async def send(request: Request, caller: Known, intake: TheIntake, service: TheService) -> Any:
        """Upload documents into a collection. Ask /v1/uploads/{id} how far it is."""
        limit = service.serve.upload_bytes
        async with intake.delivery(caller) as delivery:
            fields = await receive(request.headers, request.stream(), delivery, limit)
            collection = fields.get("collection", DEFAULT_COLLECTION)
            accepted = await intake.submit(caller, collection, delivery)
        place = {"Location": f"/v1/uploads/{accepted.id}"}
        return JSONResponse(upload_form(_shown(caller, accepted)), status_code=202, headers=place)

    @routes.get("/uploads/{upload_id}", response_model=UploadOut)
    async def upload(upload_id: str, caller: Known, intake: TheIntake) -> Any:
        """How far an upload is, and what came of it."""
        return JSONResponse(upload_form(_shown(caller, intake.get(caller, upload_id))))

    @routes.delete("/documents/{document_id}", response_model=Removed)
    async def remove(
        document_id: str,
        caller: Known,
        intake: TheIntake,
        collection: Annotated[CollectionName | None, Query()] = None,
    ) -> Any:
        """Remove a document from one collection, or from all that you may see. Its whole id is
        needed. ``note`` says where it may come back from."""
        caller.require("curator")
        removal = await intake.remove(caller, _digits(document_id, whole=True), collection)
        forms = [listed_document_form(info_for(caller, info)) for info in removal.documents]
        return JSONResponse({"removed": forms, "note": removal.note or None})


_PAGE = "number label start end text"


def _digits(document_id: str, *, whole: bool = False) -> str:
    """An id, as one that can be. A path is no id here, although the engine takes one.

    Raises:
        NotFound: it cannot be one.
    """
    shortest = _LONGEST if whole else _SHORTEST
    if not shortest <= len(document_id) <= _LONGEST or not set(document_id) <= _DIGITS:
        raise NotFound("There is no such document.", "Use an id that /v1/documents lists.")
    return document_id


def _shown(caller: Caller, upload: Upload) -> Upload:
    report = upload.report
    if report is None:
        return upload

    def items(stored: tuple[Ingested, ...]) -> tuple[Ingested, ...]:
        return tuple(replace(item, path=path_for(caller, item.path)) for item in stored)

    report = replace(
        report,
        added=items(report.added),
        updated=items(report.updated),
        unchanged=items(report.unchanged),
        removed=items(report.removed),
    )
    return replace(upload, report=report)


def _fields(value: object, names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names.split()}
