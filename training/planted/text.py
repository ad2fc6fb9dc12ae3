"""Passages cut into runs of clean sentences, and evidence cut out of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from medrag.text import clean, sentences
from training.human import forbidden_documents
from training.pairs import Part, part

SETS = ("medquad", "scifact", "covidqa")
MAX_SENTENCES, MAX_WORDS = 8, 150

_CITATION = re.compile(r"\s?\[\d+[\d\s,;\]\[–-]*\]")
_DEBRIS = re.compile(
    r"https?:|www\.|@|\bdoi\b|\bet al\b|\|| - .* - |[\[\]{}]|\bFig(?:ure)?s?\b|\bTables?\b|©"
    r"|Abstract:|License:|Text:|INFORMATION FROM|MEDLINE|PubMed|\.org\b|\.gov\b|\.com\b|1-8\d\d"
    r"|Phenotype Ontology|MedlinePlus|these terms|medical terms|Toll.?Free|\?{2}|\\"
    r"|[Ww]atch (?:a|the|this) |[Ss]ee the section|[Cc]lick|[Ll]earn more|web ?site"
    r"|[Ff]or more information|More (?:detailed )?information",
)
_DIGIT = re.compile(r"[0-9]")
_OPENING = re.compile(r"^(?:[A-Z][a-z]|[A-Z][A-Z0-9-]+\b|An? |[0-9])")
_HEADED = re.compile(
    r"^(?:[A-Z]{4,}|[A-Z][A-Za-z ]{2,40}:)|^[A-Z]{3,} [A-Z]{3,}|^(?:What|How|Who|Why|Is|Are)\b"
)
_SHOUTED = re.compile(r"\b[A-Z]{5,} [A-Z]{3,}|^[A-Z]{5,} [A-Z][a-z]")
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|can|may|might|must|should|will|would|could|does|do"
    r"|did|cannot|\w{3,}ed|causes?|occurs?|affects?|shows?|includes?|helps?|makes?|needs?|leads?"
    r"|results?|increases?|reduces?|contains?|develops?|becomes?|requires?|provides?|appears?"
    r"|suggests?|remains?|begins?|produces?|involves?|varies|vary|treats?|takes?|give|gives)\b"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Sentences of one document that follow each other, and which of them make a claim."""

    document: str
    sentences: tuple[str, ...]
    claims: tuple[int, ...]


def has_verb(text: str) -> bool:
    """Whether a verb is seen in it; some that it holds are not."""
    return bool(_VERB.search(text))


def _is_context(sentence: str) -> bool:
    count = sentence.count(" ") + 1
    if not 3 <= count <= 60 or sentence[-1] not in ".!)":
        return False
    return len(_DIGIT.findall(sentence)) < 0.2 * len(sentence) and not _DEBRIS.search(sentence)


def _is_claim(sentence: str) -> bool:
    count = sentence.count(" ") + 1
    return (
        6 <= count <= 42
        and sentence.endswith(".")
        and not sentence.endswith("..")
        and "?" not in sentence
        and sentence.count("(") == sentence.count(")")
        and sentence.count('"') % 2 == 0
        and bool(_OPENING.search(sentence))
        and not _HEADED.search(sentence)
        and not _SHOUTED.search(sentence)
        and has_verb(sentence)
        and sentence.count(",") < 9
    )


def runs(document: str, text: str) -> Iterator[Run]:
    """The runs of clean sentences in a passage: headings, lists, tables, web addresses and
    author lists part them and are left out; numbers of references are taken off."""
    text = clean(_CITATION.sub("", text)).replace(" .", ".").replace(" ,", ",")
    held: list[str] = []
    for start, end in sentences(text):
        sentence = re.sub(r"\s+", " ", text[start:end])
        if _is_context(sentence):
            held.append(sentence)
            continue
        yield from _made(document, held)
        held = []
    yield from _made(document, held)


def _made(document: str, held: Sequence[str]) -> Iterator[Run]:
    claims = tuple(i for i, sentence in enumerate(held) if _is_claim(sentence))
    if claims:
        yield Run(document, tuple(held), claims)


def evidence(run: Run, low: int, high: int, rng: Random) -> list[str]:
    """One to eight sentences of a run, at most some 150 words, with those from ``low`` to
    ``high`` (inclusive) among them, anywhere."""
    wanted = rng.choice((1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8))
    first, last = low, high
    words = sum(s.count(" ") + 1 for s in run.sentences[low : high + 1])
    while last - first + 1 < wanted:
        sides = [i for i in (first - 1, last + 1) if 0 <= i < len(run.sentences)]
        if not sides:
            break
        side = rng.choice(sides)
        words += run.sentences[side].count(" ") + 1
        if words > MAX_WORDS:
            break
        first, last = min(first, side), max(last, side)
    return list(run.sentences[first : last + 1])


def passages(data: Path, wanted: Part | None = None) -> Iterator[tuple[str, str]]:
    """(document id, text) of the passages in ``data``/retrieval that may train weights which
    ship, in file order; of one part of the documents, or of all. An abstract that held-out or
    test claims of scifact_claims cite is given only where the part is "test"."""
    forbidden = forbidden_documents(data)
    for name in SETS:
        with (data / "retrieval" / name / "corpus.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                document = document_of(row)
                if name == "scifact" and wanted != "test" and document in forbidden:
                    continue
                if wanted is None or part(document) == wanted:
                    yield document, row["text"]


def document_of(row: Mapping[str, object]) -> str:
    """The id of the document that a corpus row was cut from: passages of one are never parted."""
    meta = row.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    return str(meta.get("document_id") or meta.get("doc") or row["_id"])


def all_runs(texts: Iterable[tuple[str, str]]) -> list[Run]:
    """The runs of many passages, each text once."""
    seen: set[tuple[str, ...]] = set()
    out = []
    for document, text in texts:
        for run in runs(document, text):
            if run.sentences not in seen:
                seen.add(run.sentences)
                out.append(run)
    return out
