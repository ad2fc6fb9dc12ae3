"""Which records of the retrieval sets belong to questions that measure."""

from __future__ import annotations

from pathlib import Path

from medrag.claims_file import read_objects


def relevant_records(folder: Path) -> dict[tuple[str, str], str]:
    """The split of each (question, record) of a BEIR-form folder that is judged relevant."""
    split_of = {str(r["_id"]): str(r["split"]) for _, r in read_objects(folder / "queries.jsonl")}
    out = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        question, record, gain = line.split("\t")
        if question in split_of and float(gain) > 0:
            out[question, record] = split_of[question]
    return out


def measuring_records(folder: Path) -> frozenset[str]:
    """The records that answer a question of another split than train."""
    judged = relevant_records(folder)
    return frozenset(record for (_, record), split in judged.items() if split != "train")
