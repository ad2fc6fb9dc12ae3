"""What whole answers are like: how many, how well their sentences stand up, what they cost.

Rows are {"id", "question"[, "answerable"]}; the rows of an answerability set ("text" for
"question", "remove_docs") will do. Documents that a row wants removed are taken out of a copy
of the library for that question.
"""

from __future__ import annotations

import json
import re
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from medrag.claims_file import read_objects
from medrag.composers import EXTRACTIVE
from medrag.composing import ONLY_VERBATIM
from medrag.engine import Engine
from medrag.errors import ReadError, UsageError
from medrag.evaluate.answerability import copy_library, places_of, without_documents
from medrag.evaluate.measures import percentile
from medrag.evaluate.questions_file import plain
from medrag.library import Library
from medrag.types import Answer

Step = Callable[[int, int], None]
"""Told how many are done, of how many."""

Form = Callable[[Answer], dict[str, Any]]
Ask = Callable[["AnswerRow"], Answer]
_TOKENS = ("prompt", "cached", "thinking", "answer")
_MARKERS = re.compile(r"(?:\s*\[\d+\])+\s*$")


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A question; whether the library answers it, where that is known; documents to take out."""

    id: str
    question: str
    answerable: bool | None = None
    remove: tuple[str, ...] = ()


def read_answer_rows(file: Path) -> list[AnswerRow]:
    """The rows of the file, in order.

    Raises:
        ReadError: the file cannot be read, or a line is no JSON object.
        UsageError: a row is wrong (it is named by its id), or there is none.
    """
    rows = [_row(number, row) for number, row in read_objects(file)]
    if not rows:
        raise UsageError(f"{file} holds no question.", "See: medrag eval answers --help")
    return rows


def _row(number: int, row: dict[str, Any]) -> AnswerRow:
    identifier = str(row.get("id", f"line {number}"))
    question = row.get("question", row.get("text"))
    if not isinstance(question, str) or not question.strip():
        raise _wrong(identifier, "lacks a text 'question'")
    answerable = row.get("answerable")
    if not isinstance(answerable, bool | None):
        raise _wrong(identifier, "has an 'answerable' that is neither true nor false")
    remove = row.get("remove_docs") or []
    if not isinstance(remove, list):
        raise _wrong(identifier, "has 'remove_docs' that are no list")
    return AnswerRow(identifier, plain(question), answerable, tuple(map(str, remove)))


def _wrong(identifier: str, what: str) -> UsageError:
    return UsageError(f"Row {identifier[:60]} {what}.", "Correct the row, or leave it out.")


def evaluate_answers(
    rows: Sequence[AnswerRow],
    engine: Engine,
    *,
    generator: str | None = None,
    details: Path | None = None,
    form: Form = asdict,
    step: Step = lambda done, total: None,
) -> dict[str, Any]:
    """Ask every question, and report on the answers; see ``answers_report``.

    ``details`` is a file for the answers themselves, one JSON object a line as they come, in the
    shape that ``form`` gives them.

    Raises:
        UsageError: there is no such generator, or ``details`` cannot be written.
        ReadError: a row wants a document removed that is not there.
        ModelError: the language model failed.
    """
    answers: list[Answer] = []
    with _writing(details) as file, _asking(engine, rows, generator) as ask:
        for row in rows:
            answer = ask(row)
            answers.append(answer)
            if file is not None:
                known = {"id": row.id, "answerable": row.answerable}
                file.write(json.dumps(known | form(answer)) + "\n")
                file.flush()
            step(len(answers), len(rows))
    library = engine.library
    asked = generator or engine.settings.generator
    parts = (library.uuid, str(library.generation), asked)
    return {
        "generator": asked,
        **answers_report(rows, answers),
        "fingerprint": engine.settings.fingerprint(*parts),
    }


@contextmanager
def _writing(details: Path | None) -> Iterator[TextIO | None]:
    if details is None:
        yield None
        return
    try:
        file = details.open("w", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "not writable"
        raise UsageError(
            f"{details} cannot be written ({reason}).", "Name another file."
        ) from error
    with file:
        yield file


@contextmanager
def _asking(engine: Engine, rows: Sequence[AnswerRow], generator: str | None) -> Iterator[Ask]:
    if not any(row.remove for row in rows):
        yield lambda row: engine.ask(row.question, generator=generator)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="medrag-")))
        copy_library(engine.library, folder)
        copy = stack.enter_context(Engine(folder, engine.settings))
        writable = stack.enter_context(Library.open(folder, write=True))
        copy.use(writable)
        places = places_of(writable)

        def ask(row: AnswerRow) -> Answer:
            missing = [name for name in row.remove if name not in places]
            if missing:
                raise ReadError(
                    f"The library holds no document {missing[0]}, which row {row.id} wants"
                    " removed.",
                    "Ingest the corpus that the questions are about.",
                )
            with without_documents(writable, {i for name in row.remove for i in places[name]}):
                return copy.ask(row.question, generator=generator)

        yield ask


def answers_report(rows: Sequence[AnswerRow], answers: Sequence[Answer]) -> dict[str, Any]:
    """Counts, shares and means over the answers to these rows.

    Shares of claims are of all that the generator wrote, shown or withheld; what stands in for a
    language model's answer (``verbatim_fallback`` counts these) is not among them.
    ``verbatim_only`` counts the answers of which every sentence stands word for word in its source.
    ``tokens`` are means over
    the replies that a language model wrote (``composed``); ``seconds`` and ``phases`` over all
    questions, a phase that did not happen counting 0.
    """
    answered = [answer for answer in answers if not answer.abstained]
    return {
        "questions": len(answers),
        "answered": len(answered),
        "abstained": len(answers) - len(answered),
        "answerable": _kind(rows, answers, True),
        "unanswerable": _kind(rows, answers, False),
        "generators": dict(Counter(answer.generator for answer in answers)),
        "verbatim_only": sum(map(_is_verbatim, answered)),
        "verbatim_fallback": sum(map(_is_fallback, answers)),
        "claims": _claims(answers),
        **_cost(answers),
    }


def _kind(
    rows: Sequence[AnswerRow], answers: Sequence[Answer], answerable: bool
) -> dict[str, int] | None:
    abstained = [
        answer.abstained
        for row, answer in zip(rows, answers, strict=True)
        if row.answerable is answerable
    ]
    if not abstained:
        return None
    silent = sum(abstained)
    return {
        "questions": len(abstained),
        "answered": len(abstained) - silent,
        "abstained": silent,
    }


def _is_fallback(answer: Answer) -> bool:
    """Whether a language model wrote, and what is shown is the verbatim answer instead."""
    return answer.generator == EXTRACTIVE and any(
        warning.startswith(ONLY_VERBATIM) for warning in answer.warnings
    )


def _claims(answers: Sequence[Answer]) -> dict[str, Any]:
    # The verbatim sentences that stand in for a model's are none of its own.
    own = [answer for answer in answers if not _is_fallback(answer)]
    answered = sum(not answer.abstained for answer in own)
    labels = Counter(claim.verdict.label for answer in own for claim in answer.claims)
    shown = labels.total()
    withheld = sum(len(answer.withheld) for answer in answers)
    written = shown + withheld

    def share(count: int) -> float | None:
        return round(count / written, 4) if written else None

    return {
        "per_answer": round(shown / answered, 2) if answered else None,
        "shown": shown,
        "withheld": withheld,
        "supported_share": share(labels["supported"]),
        "partial_share": share(labels["partial"]),
        "withheld_share": share(withheld),
    }


def _cost(answers: Sequence[Answer]) -> dict[str, Any]:
    composed = [a.usage for a in answers if a.usage.thinking_tokens or a.usage.answer_tokens]
    seconds = [answer.usage.seconds for answer in answers]
    phases = list(dict.fromkeys(name for answer in answers for name in answer.usage.phases))
    return {
        "composed": len(composed),
        "tokens": {
            name: round(statistics.fmean(getattr(u, f"{name}_tokens") for u in composed), 1)
            if composed
            else None
            for name in _TOKENS
        },
        "seconds": {
            "mean": round(statistics.fmean(seconds), 3),
            "p50": round(percentile(seconds, 0.50), 3),
            "p95": round(percentile(seconds, 0.95), 3),
        },
        "phases": {
            name: round(statistics.fmean(a.usage.phases.get(name, 0.0) for a in answers), 3)
            for name in phases
        },
    }


def _is_verbatim(answer: Answer) -> bool:
    return all(
        any(
            _MARKERS.sub("", claim.text) in source.passage.chunk.text
            for source in answer.sources_of(claim)
        )
        for claim in answer.claims
    )
