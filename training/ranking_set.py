"""Questions with what answers them, and the part of a retrieval set that may be trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrag.claims_file import read_objects
from training.pairs import Pair, part
from training.splits import measuring_records, relevant_records

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A retrieval set without what belongs to its dev and test splits: questions of the train
    split, the records that answer them, and the records that may be trained on at all."""

    questions: tuple[Row, ...]
    relevant: dict[str, frozenset[str]]
    records: dict[str, Row]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the texts that answer it and those that do not."""

    id: str
    text: str
    good: Sequence[str]
    bad: Sequence[str]
    source: str
    kind: str

    def pairs(self) -> Iterator[Pair]:
        good = dict.fromkeys(self.good)
        bad = [text for text in dict.fromkeys(self.bad) if text not in good]
        for label, texts in ((1, good), (0, bad)):
            for text in texts if good and bad else ():
                yield Pair("question", self.text, text, label, self.source, self.kind, self.id)


def cited_in_dev(data: Path) -> frozenset[str]:
    """The abstracts that SciFact's dev claims cite."""
    rows = (row for _, row in read_objects(data / "claims" / "scifact_claims.jsonl"))
    return frozenset(str(row["doc_id"]) for row in rows if row["split"] == "dev")


def read_train(folder: Path, excluded: Collection[str] = ()) -> BeirSet:
    """What of a BEIR-form folder may be trained on: of records, those in the train part that no
    question of another split is answered by, and that are not ``excluded``."""
    asked = {str(row["_id"]): row for _, row in read_objects(folder / "queries.jsonl")}
    relevant: dict[str, set[str]] = defaultdict(set)
    for (question, record), split in relevant_records(folder).items():
        if split == "train":
            relevant[question].add(record)
    kept_out = measuring_records(folder) | set(excluded)
    every = {str(row["_id"]): row for _, row in read_objects(folder / "corpus.jsonl")}
    records = {i: r for i, r in every.items() if i not in kept_out and part(i) == "train"}
    questions = tuple(
        row
        for i, row in asked.items()
        if relevant.get(i, set()) & records.keys()
        and not relevant[i] & kept_out
        and not (row.get("metadata") or {}).get("boilerplate")
    )
    return BeirSet(questions, {i: frozenset(r) for i, r in relevant.items()}, records)
