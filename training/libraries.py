"""Small hospital libraries written for this project, with questions that they answer and others.

A folder of ``written/libraries`` holds documents as a hospital has them and ``questions.jsonl``:
questions as they are asked on wards, each with the words of a document that decide it, or with none
where no document does. Most of the latter are on what the documents speak of, and ask for what they
stop short of. They were written by a language model; facts in them are partly invented.

Most train; those of ``FITTED`` fit what is fitted beside the weights; those of ``MEASURED`` only
measure, once. Each library is read and searched as the product does it, so that what does not
answer is what would have been found.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medrag.config import Settings
from medrag.engine import Engine
from medrag.rerank import shown
from medrag.text import content_words, sentences
from medrag.types import Passage
from training.pairs import Pair, Part

FOLDER = Path(__file__).parent / "written" / "libraries"
SOURCE = "libraries"
FITTED = frozenset(
    "blood_and_labs cardio_resp child_doses consent_capacity critical district emergency_cards"
    " ipc_policy iv_guide medicines_policy pain_rheum patient_flow primary_care records_privacy"
    " roles_escalation safety_incidents surgery wards_general".split()
)
"""The libraries that do not train, by which choices are made: critical, district and surgery fitted
what ``medrag.answerability`` ships, the others came later."""
MEASURED = frozenset({"governance", "haematology", "rural", "urology"})
"""The libraries that do neither."""
_FOUND = 12
_PASSAGES, _SENTENCES, _BESIDE = 5, 3, 1
_SAID = 0.8  # of the words of what decides are in one line of the passage that holds it
_WORD = re.compile(r"[a-z0-9]+(?:\.\d+)?")
_TAG = re.compile(r"<[^>]{1,80}>")


@dataclass(frozen=True, slots=True)
class Put:
    """A question to a library; ``decides`` is verbatim of one of its documents, or None."""

    text: str
    decides: str | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A library: its ``name``, the folder of its documents, and the questions put to it."""

    name: str
    documents: Path
    questions: tuple[Put, ...]


def shelves(folder: Path = FOLDER, wanted: Part | None = None) -> Iterator[Shelf]:
    """The libraries by name: those of a part, or all."""
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        if wanted is not None and wanted != _part(place.name):
            continue
        lines = (place / "questions.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
        asked = tuple(Put(row["question"], row["answer"]) for row in rows)
        yield Shelf(place.name, place / "documents", asked)


def _part(name: str) -> Part:
    return "dev" if name in FITTED else "test" if name in MEASURED else "train"


def pairs(wanted: Part = "train", folder: Path = FOLDER) -> Iterator[Pair]:
    """Pairs of task "question": the passages that were found, and sentences of them under their
    headings, each with whether it holds what decides the question."""
    for shelf in shelves(folder, wanted):
        with tempfile.TemporaryDirectory() as place:
            settings = replace(Settings(), rerank=False)
            with Engine(Path(place) / "library", settings) as engine:
                engine.ingest(shelf.documents)
                for number, put in enumerate(shelf.questions):
                    key = f"{shelf.name}-{number}"
                    yield from _of(put, engine.search(put.text, _FOUND), shelf.name, key)


def _of(put: Put, found: Sequence[Passage], name: str, key: str) -> Iterator[Pair]:
    holding = [one for one in found if put.decides and holds(one.chunk.text, put.decides)]
    if put.decides and not holding:
        return
    others = [one for one in found if one not in holding][:_PASSAGES]
    for label, passages in ((1, holding), (0, others)):
        for one in passages:
            read = shown(put.text, one.document.title, one.section, one.chunk.text)
            yield Pair("question", put.text, read, label, SOURCE, name, key)
    for label, passage, said in _sentences(put, holding or others[:2], others[:2]):
        read = shown(put.text, passage.document.title, passage.section, said)
        yield Pair("question", put.text, read, label, SOURCE, f"{name}-sentence", f"{key}-s")


def _sentences(
    put: Put, holding: Sequence[Passage], others: Sequence[Passage]
) -> Iterator[tuple[int, Passage, str]]:
    """What decides, and the sentences beside it and elsewhere that have the most of the question's
    words."""
    for passage in holding[:2]:
        ranked = _likely(put.text, passage)
        if put.decides:
            yield from ((1, passage, one) for one in ranked if holds(one, put.decides))
            ranked = [one for one in ranked if not holds(one, put.decides)]
        yield from ((0, passage, one) for one in ranked[:_SENTENCES])
    for passage in others if put.decides else ():
        yield from ((0, passage, one) for one in _likely(put.text, passage)[:_BESIDE])


def _likely(question: str, passage: Passage) -> list[str]:
    text = passage.chunk.text
    asked = set(content_words(question))
    said = [text[start:end] for start, end in sentences(text)]
    said = [one for one in dict.fromkeys(said) if len(one.split()) > 2]
    return sorted(said, key=lambda one: -len(asked & set(content_words(one))))


def holds(text: str, decides: str) -> bool:
    """Whether one line of a text has most words of what decides: readers write tables anew."""
    wanted = _words(decides)
    return any(
        sum(word in said for word in wanted) >= _SAID * len(wanted)
        for said in (set(_words(line)) for line in text.split("\n"))
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(_TAG.sub(" ", text.lower()).replace("&lt;", " ").replace("&gt;", " "))
