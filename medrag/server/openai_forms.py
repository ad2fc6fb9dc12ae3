"""A checked answer as a chat message: its text, its sources, its verdicts, its errors.

The text holds warnings, sentences and sources as Markdown. What a language model wrote is sent
sentence by sentence, and what is to be known of it can only follow; a verbatim answer comes all at
once, and its warnings first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse

from medrag.engine import ABSTENTION
from medrag.errors import (
    Busy,
    Forbidden,
    MedragError,
    NotFound,
    TooLarge,
    Unauthorized,
    UsageError,
    one_line,
)
from medrag.forms import answer_form
from medrag.server.asking import VERBATIM
from medrag.server.doors import headers_of, status_of
from medrag.server.links import in_markdown, link, out_of_markdown, place_of, source_url
from medrag.types import Answer, CheckedClaim, Evidence, Source, Usage

Json = dict[str, Any]

BETWEEN = "\n\n"
"""What stands between two sentences, and between all parts of a message."""
_WARNING = "Warning: "
_ASKED = "Asked as: "
_SOURCES = "Sources:"
_NEAREST = "Nearest passages (not an answer):"
_WITHHELD = re.compile(r"\(\d+ sentences? w(?:as|ere) withheld because .*\)")
# The engine's own words for what is said here in others.
_TOLD_ALREADY = re.compile(r"\d+ sentence\(s\) withheld: the sources do not say so\.")
_TURNS = 3
_REMEMBERED = 4000  # characters of an earlier answer

# The first class that fits says the kind and the code.
_KINDS: tuple[tuple[type[MedragError], str, str | None], ...] = (
    (Unauthorized, "invalid_request_error", "invalid_api_key"),
    (Forbidden, "permission_error", "forbidden"),
    (NotFound, "invalid_request_error", "model_not_found"),
    (TooLarge, "invalid_request_error", "request_too_large"),
    (Busy, "rate_limit_error", "rate_limit_exceeded"),
    (UsageError, "invalid_request_error", None),
    (MedragError, "server_error", None),
)


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a message; ``places`` are where the answer's claims stand in it, in order."""

    text: str
    places: tuple[tuple[int, int], ...]


def sentence(claim: CheckedClaim) -> str:
    """A sentence of an answer as it stands in the message."""
    return in_markdown(claim.text)


def asked_as(question: str) -> str:
    """How a follow-up was understood, as it stands before the answer."""
    return _ASKED + in_markdown(question)


def written(answer: Answer, base: str, question: str | None = None) -> Written:
    """The whole text of the message. ``base`` is where people reach this server; ``question`` what
    was asked, where the answer may be to what it was understood as."""
    sentences = [sentence(claim) for claim in answer.claims]
    warnings = [
        _WARNING + in_markdown(warning)
        for warning in answer.warnings
        if not _TOLD_ALREADY.fullmatch(warning)
    ]
    if answer.abstained:
        why = f" {one_line(answer.reason)}" if answer.reason else ""
        sentences, after = [in_markdown(answer.text + why)], []
    else:
        after = _withheld(len(answer.withheld))
    composed = answer.generator != VERBATIM
    before, after = ([], warnings + after) if composed else (warnings, after)
    if question is not None and answer.question != question:
        before = [asked_as(answer.question), *before]
    after += _sources(answer, base)
    places, length = [], sum(len(part) + len(BETWEEN) for part in before)
    for one in sentences:
        places.append((length, length + len(one)))
        length += len(one) + len(BETWEEN)
    text = BETWEEN.join([*before, *sentences, *after])
    return Written(text, () if answer.abstained else tuple(places))


def _withheld(count: int) -> list[str]:
    if not count:
        return []
    some = "1 sentence was" if count == 1 else f"{count} sentences were"
    return [f"({some} withheld because the sources do not support them.)"]


def _sources(answer: Answer, base: str) -> list[str]:
    if not answer.sources:
        return []
    cited = {e.marker: e for e in map(_evidence, reversed(answer.claims)) if e is not None}
    lines = []
    for source in answer.sources:
        label, url = _label_and_url(source, cited.get(source.marker), base, section=True)
        number = "" if answer.abstained else f"[{source.marker}] "
        lines.append(f"- {number}{link(label, url)}")
    return [_NEAREST if answer.abstained else _SOURCES, "\n".join(lines)]


def _evidence(claim: CheckedClaim) -> Evidence | None:
    return claim.verdict.evidence


def _label_and_url(
    source: Source, evidence: Evidence | None, base: str, *, section: bool = False
) -> tuple[str, str]:
    passage = source.passage
    start, end, pages = passage.chunk.start, passage.chunk.end, passage.page_labels
    if evidence is not None:
        start, end, pages = evidence.start, evidence.end, evidence.pages
    label = place_of(passage.document, pages, passage.section if section else None)
    return label, source_url(base, passage.document.id, start, end, pages)


def citations(answer: Answer, places: Sequence[tuple[int, int]], base: str) -> list[Json]:
    """For each sentence the page on which its evidence stands. ``start_index`` and ``end_index``
    are the sentence's characters in the message, the end exclusive."""
    sources = {source.marker: source for source in answer.sources}
    found = []
    for claim, (start, end) in zip(answer.claims, places, strict=True):
        evidence = _evidence(claim)
        if evidence is None or evidence.marker not in sources:
            continue
        title, url = _label_and_url(sources[evidence.marker], evidence, base)
        citation = {"start_index": start, "end_index": end, "url": url, "title": title}
        found.append({"type": "url_citation", "url_citation": citation})
    return found


def extras(answer: Answer, where: Written, base: str) -> Json:
    """What a message holds beside its text: annotations, and the answer with its verdicts."""
    return {
        "annotations": citations(answer, where.places, base),
        "medrag": answer_form(answer),
    }


def usage_form(usage: Usage) -> Json:
    """What the answer cost, in tokens (0 where no language model wrote)."""
    completion = usage.thinking_tokens + usage.answer_tokens
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": usage.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
    }


def said_before(content: str) -> str:
    """The answer in a message of ours, without what was put around it; empty where there was
    none."""
    kept: list[str] = []
    for part in content.split(BETWEEN):
        if part.startswith((_SOURCES, _NEAREST)):
            break
        if part.startswith((_WARNING, _ASKED)) or _WITHHELD.fullmatch(part):
            continue
        kept.append(out_of_markdown(part))
    text = "\n".join(kept).strip()[:_REMEMBERED]
    return "" if text.startswith(ABSTENTION) else text


def conversation(messages: Sequence[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
    """The question, and the earlier (question, answer) pairs of a chat of (role, text) messages;
    at most the last three. Only what the user and the assistant said counts.

    Raises:
        UsageError: nobody asks anything.
    """
    turns: list[tuple[str, str]] = []
    for role, text in messages:
        if role == "user":
            turns.append((text, ""))
        elif role == "assistant" and turns:
            turns[-1] = (turns[-1][0], said_before(text))
    if not turns or not turns[-1][0].strip():
        raise UsageError("There is no question.", "The last user message must ask one.")
    return turns[-1][0], turns[:-1][-_TURNS:]


def clean(text: str) -> str:
    """``text`` as it can be sent back: JSON may hold half of a character (a lone surrogate)."""
    return text.encode("utf-8", "replace").decode()


def error_form(error: MedragError) -> Json:
    """An error as OpenAI's clients expect it."""
    kind, code = next((kind, code) for cls, kind, code in _KINDS if isinstance(error, cls))
    param = "model" if isinstance(error, NotFound) else None
    return {"error": {"message": str(error), "type": kind, "param": param, "code": code}}


def error_json(error: MedragError) -> JSONResponse:
    """An error as this door tells it: what is wrong with a request is 400 here."""
    status = status_of(error)
    return JSONResponse(error_form(error), 400 if status == 422 else status, headers_of(error))
