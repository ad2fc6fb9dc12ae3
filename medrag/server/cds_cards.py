"""Cards of CDS Hooks: what the documents say of a drug, word for word, document by document."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from medrag.population import populations
from medrag.server.access import Caller
from medrag.server.asking import VERBATIM
from medrag.server.cds_fhir import Drug
from medrag.server.links import escaped, place_of, source_url, spot_in
from medrag.server.service import Service
from medrag.standing import is_superseded
from medrag.text import CELL_GAP
from medrag.types import Answer, DocumentInfo, Evidence, Passage
from medrag.verify import bare

QUESTIONS = (
    "When should {drug} not be given?",
    "When is {drug} contraindicated?",
    "What is the dose of {drug}?",
)
"""What is asked of every drug. Chosen by what came back for the drugs of the sample documents:
wider questions (what to check, cautions, monitoring) found nothing, or other drugs."""
_DOOR = "cds"
_DRUGS = 10  # of one request: an order set is not a question about each of its drugs
_CARDS = 3  # a drug: more would not be read
_LINKS = 5
_SUMMARY = 139
_FORBIDS = re.compile(
    r"\b(?:do not|must not|should not|not be|not to be|never|avoid\w*|contraindicat\w*|stop|"
    r"withhold|not (?:in|for|with|if))\b",
    re.I,
)
_CAUTION = (
    "Only the name of the drug was read: whether this applies to the patient is not known here."
)


class CardSource(BaseModel):
    """The document that a card quotes."""

    label: str
    url: str


class CardLink(BaseModel):
    """The page of a quote."""

    label: str
    url: str
    type: Literal["absolute"]


class Card(BaseModel):
    """What one document says of one drug, word for word."""

    uuid: str
    summary: Annotated[str, Field(max_length=_SUMMARY)]
    detail: str
    indicator: Literal["info", "warning"]
    source: CardSource
    links: list[CardLink]


class Cards(BaseModel):
    """None where the documents say nothing of what is ordered."""

    cards: list[Card]


@dataclass(frozen=True, slots=True)
class _Quote:
    """A sentence, where it stands, and the passage it was found in."""

    text: str
    evidence: Evidence
    passage: Passage


@dataclass(slots=True)
class _Said:
    """What one document says of a drug: sentences by their place, and what must be known."""

    document: DocumentInfo
    quotes: dict[int, _Quote] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)


async def cards_for(drugs: Sequence[Drug], service: Service, caller: Caller, base: str) -> Cards:
    """What the documents that the caller may see say of these drugs, warnings first."""
    cards: list[Card] = []
    for drug in drugs[:_DRUGS]:
        found = await _of_drug(drug, service, caller, base)
        if not found and len(drug.names) > 1:  # of a combination, what is said of its parts
            for name in drug.names:
                found += await _of_drug(Drug((name,)), service, caller, base)
        cards += found
    if len(drugs) > _DRUGS:
        cards.append(_not_looked_at(len(drugs) - _DRUGS, base))
    return Cards(cards=cards)


async def _of_drug(drug: Drug, service: Service, caller: Caller, base: str) -> list[Card]:
    said: dict[str, _Said] = {}
    for question in QUESTIONS:
        asked = question.format(drug=drug.name)
        answer = await service.answer(caller, asked, generator=VERBATIM, door=_DOOR)
        _collect(said, answer, drug)
    cards = [_card(drug, one, base) for one in said.values()]
    return sorted(cards, key=lambda card: card.indicator != "warning")[:_CARDS]


def _not_looked_at(count: int, base: str) -> Card:
    """Silence on a drug must not be taken for "nothing is known against it"."""
    some = "1 more drug was" if count == 1 else f"{count} more drugs were"
    return Card(
        uuid=str(uuid.uuid4()),
        summary=f"{some} not looked up",
        detail=f"Of one order at most {_DRUGS} drugs are looked up. Ask for the others yourself.",
        indicator="info",
        source=CardSource(label="medrag", url=base),
        links=[CardLink(label="Ask medrag", url=base, type="absolute")],
    )


def _collect(said: dict[str, _Said], answer: Answer, drug: Drug) -> None:
    """Add what an answer says of the drug, document by document, with its warnings."""
    titles = {source.passage.document.title for source in answer.sources}
    for quote in _quotes(answer):
        if not _is_about(drug, quote):
            continue
        document = quote.passage.document
        found = said.setdefault(document.id, _Said(document))
        found.quotes.setdefault(quote.evidence.start, quote)
        others = titles - {document.title}
        for warning in answer.warnings:
            if document.title in warning or not any(title in warning for title in others):
                found.warnings[warning] = None


def _quotes(answer: Answer) -> Iterator[_Quote]:
    for claim in answer.claims:
        for source in answer.sources_of(claim):
            if (evidence := claim.verdict.evidence) and evidence.marker == source.marker:
                yield _Quote(bare(claim.text), evidence, source.passage)


def _is_about(drug: Drug, quote: _Quote) -> bool:
    """Whether a sentence names the drug, or stands under a heading that does: of what answers a
    question about one drug, some may be about another. What is superseded is not shown here."""
    if is_superseded(quote.passage.document):
        return False
    return drug.named_in(quote.text) or drug.named_in(quote.passage.section or "")


def _card(drug: Drug, said: _Said, base: str) -> Card:
    quotes = [said.quotes[start] for start in sorted(said.quotes)]
    forbidding = [
        quote for quote in quotes if _FORBIDS.search(quote.text) and drug.named_in(quote.text)
    ]
    links = _links(quotes, base)
    document = place_of(said.document)
    name = drug.name[:1].upper() + drug.name[1:]
    return Card(
        uuid=str(uuid.uuid4()),
        summary=_summary(name, forbidding, document),
        detail=_detail(document, quotes, list(said.warnings)),
        indicator="warning" if forbidding else "info",
        source=CardSource(label=document, url=next(iter(links.values()))),
        links=[
            CardLink(label=label, url=url, type="absolute")
            for label, url in list(links.items())[:_LINKS]
        ],
    )


def _summary(name: str, forbidding: Sequence[_Quote], document: str) -> str:
    """The first warning that fits in whole and can be read alone: one that is cut could say the
    opposite, and so could a row of a table, or a sentence under a heading that names children."""
    for quote in forbidding:
        told = f"{name}: {' '.join(quote.text.split()).lstrip('-* ')}"
        about = populations(quote.passage.section or "")
        alone = CELL_GAP not in quote.text and about <= populations(quote.text)
        if alone and len(told) <= _SUMMARY:
            return told
    told = f"{name}: see {document}"
    return told if len(told) <= _SUMMARY else told[: _SUMMARY - 1] + "…"


def _detail(document: str, quotes: Sequence[_Quote], warnings: Sequence[str]) -> str:
    lines = []
    for quote in quotes:
        passage = quote.passage
        spot = spot_in(passage.document, quote.evidence.pages, passage.section)
        lines.append(f"- {escaped(quote.text)}" + (f" ({escaped(spot)})" if spot else ""))
    return "\n\n".join(
        [
            f"Word for word from {escaped(document)}:",
            "\n".join(lines),
            *(f"Warning: {escaped(warning)}" for warning in warnings),
            _CAUTION,
        ]
    )


def _links(quotes: Sequence[_Quote], base: str) -> Mapping[str, str]:
    """The pages of the quotes, by their place in words."""
    links: dict[str, str] = {}
    for quote in quotes:
        document, evidence = quote.passage.document, quote.evidence
        label = place_of(document, evidence.pages, quote.passage.section)
        url = source_url(base, document.id, evidence.start, evidence.end, evidence.pages)
        links.setdefault(label, url)
    return links
