"""The CDS Hooks door (2.0): what the guidelines say of a drug, while it is being ordered.

One service, for the hook order-select. Of the request only the names of the selected drugs are
read; no prefetch is asked for, and nothing of the patient is looked at, passed on or kept. The
cards hold verbatim sentences alone, whichever generator the server has.

By the specification an EHR proves itself with a signed JWT. This server has no list of EHRs'
keys: it takes its own API key as the bearer token instead, as at every other door.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from medrag.server.cds_cards import Cards, cards_for
from medrag.server.cds_fhir import ordered_drugs
from medrag.server.doors import ERRORS, Known, TheService, while_there
from medrag.server.links import base_url

SERVICE = "medrag-guidelines"
HOOK = "order-select"


class _In(BaseModel):
    # What is not named here is dropped as it is read: it may tell of the patient.
    model_config = ConfigDict(extra="ignore", strict=True)


class HookContext(_In):
    """What is being ordered."""

    draftOrders: dict[str, Any]
    selections: list[str] | None = None


class HookRequest(_In):
    """A call of the hook order-select. Prefetch, authorizations and ids are not read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "hook": "order-select",
                    "hookInstance": "5f0c3c1e-8d0b-4a63-9f43-0d1c52a6be11",
                    "context": {
                        "userId": "Practitioner/1",
                        "patientId": "7",
                        "selections": ["MedicationRequest/1"],
                        "draftOrders": {
                            "resourceType": "Bundle",
                            "entry": [
                                {
                                    "resource": {
                                        "resourceType": "MedicationRequest",
                                        "id": "1",
                                        "medicationCodeableConcept": {"text": "Metformin 500 mg"},
                                    }
                                }
                            ],
                        },
                    },
                }
            ]
        }
    )

    hook: Literal["order-select"]
    hookInstance: Annotated[str, Field(min_length=1)]
    context: HookContext


class HookService(BaseModel):
    """A service of this server."""

    id: str
    hook: str
    title: str
    description: str
    usageRequirements: str


class HookServices(BaseModel):
    """All of them."""

    services: list[HookService]


class Feedback(_In):
    """What became of a card."""

    card: str
    outcome: Literal["accepted", "overridden"]
    outcomeTimestamp: str


class FeedbackRequest(_In):
    """What became of cards. It is accepted and stored nowhere."""

    feedback: list[Feedback]


class Nothing(BaseModel):
    """Done."""


_DISCOVERY = HookService(
    id=SERVICE,
    hook=HOOK,
    title="Guidelines on the drug that is ordered",
    description=(
        "Sentences of the hospital's own guidelines on the selected drugs, word for word, each"
        " with a link to its page."
    ),
    usageRequirements=(
        "An API key of medrag as bearer token. No prefetch and no access to a FHIR server is"
        " needed; of the request only the names of the selected drugs are read."
    ),
)


class _Route(APIRoute):
    """A route that answers 400 to what cannot be read, as the specification's examples do."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as error:
                where = [part for part in error.errors()[0]["loc"][1:] if isinstance(part, str)]
                named = ".".join(where[:4]) or "The body"
                body = {
                    "error": f"{named} is missing or not what it should be.",
                    "remedy": f"Send a CDS Hooks 2.0 request of the hook {HOOK}.",
                }
                return JSONResponse(body, 400)

        return told


def router() -> APIRouter:
    """These routes."""
    routes = APIRouter(
        prefix="/cds-services", tags=["CDS Hooks"], route_class=_Route, responses=ERRORS
    )

    @routes.get("", response_model=HookServices)
    async def discovery(caller: Known) -> HookServices:
        """The services of this server."""
        return HookServices(services=[_DISCOVERY])

    @routes.post(f"/{SERVICE}", response_model=Cards)
    async def guidelines(
        given: HookRequest, request: Request, caller: Known, service: TheService
    ) -> Cards:
        """What the documents say of the drugs that are ordered."""
        drugs = ordered_drugs(given.context.model_dump(exclude_none=True))
        base = base_url(request, service.serve)
        return await while_there(request, cards_for(drugs, service, caller, base))

    @routes.post(f"/{SERVICE}/feedback", response_model=Nothing)
    async def feedback(given: FeedbackRequest, caller: Known) -> Nothing:
        """Taken, and not kept: what a clinician writes there may tell of the patient."""
        return Nothing()

    return routes
