"""The passages that natural pairs are made of: only documents that may train."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.human import forbidden_documents
from training.pairs import Part, part
from training.sentences import sentences_of, stem_set, without_heading


@dataclass(frozen=True, slots=True)
class Source:
    """A passage: where it is from, what it belongs to, its title and its sentences in order."""

    corpus: str
    key: str
    group: str
    title: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(self.sentences)

    @property
    def held(self) -> frozenset[str]:
        """Stems of the title's and the sentences' content words."""
        return stem_set(self.title) | stem_set(self.text)


_FRONT = re.compile(r"^(?:Text|Abstract|Title|Key words|Keywords): ")
_BOILERPLATE = re.compile(
    r"Human Phenotype Ontology|MedlinePlus|Orphanet|clinicaltrials\.gov|https?://|www\.|Related Web"
    r"|genetics counselor|SHA: |Watch (?:a|the) video|To (?:enlarge|view|learn)|- -|Click "
    r"|listed (?:below|as a)|GeneReview|sign up for|Copyright|see the (?:video|glossary)"
)


def readable(sentence: str) -> bool:
    """Whether a sentence is prose: 3 to 60 words, no list, no address, no boilerplate."""
    count = len(sentence.split())
    letters = sum(letter.isalpha() or letter == " " for letter in sentence)
    return (
        3 <= count <= 60
        and letters >= 0.8 * len(sentence)
        and sentence[-1] in ".)?!\"'"
        and not _BOILERPLATE.search(sentence)
    )


def sources(data: Path, wanted: Part = "train") -> Iterator[Source]:
    """Passages of scifact, covidqa and medquad whose document is in the part that is wanted.

    An abstract of scifact that the test or the held-out claims cite is left out altogether.
    """
    forbidden = forbidden_documents(data)
    for corpus in ("scifact", "covidqa", "medquad"):
        with (data / "retrieval" / corpus / "corpus.jsonl").open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                if corpus == "scifact" and row["_id"] in forbidden:
                    continue
                source = _source(corpus, row)
                if len(source.sentences) >= 2 and _belongs(source, wanted):
                    yield source


def _belongs(source: Source, wanted: Part) -> bool:
    """By the passage and by what it belongs to: others may split by either."""
    return part(source.key) == wanted and part(source.group) == wanted


def _source(corpus: str, row: dict[str, Any]) -> Source:
    key, about = row["_id"], row.get("metadata", {})
    group = about.get("document_id") or about.get("doc") or key
    text = _FRONT.sub("", row["text"])
    if corpus == "scifact":
        text = text.replace("\n", " ")
    made = (without_heading(sentence) for sentence in sentences_of(text))
    kept = tuple(sentence for sentence in made if readable(sentence))
    return Source(corpus, key, group, row["title"].strip().rstrip("."), kept)
