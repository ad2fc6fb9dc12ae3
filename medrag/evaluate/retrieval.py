"""Retrieval on a BEIR-form folder (Thakur et al. 2021): corpus.jsonl, queries.jsonl, qrels.tsv."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrag.claims_file import read_objects
from medrag.config import Settings
from medrag.engine import Engine
from medrag.errors import ReadError
from medrag.evaluate.measures import ndcg, percentile, recall, reciprocal_rank
from medrag.fusion import Arm, Candidate

_ARMS: tuple[Arm, ...] = ("lexical", "dense", "hybrid")
_DEPTH = 300  # chunks, for 100 documents
_TIMED = 300  # searches that are timed, as a user would make them

Judged = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Questions by id with the documents judged relevant to them (gain above 0)."""

    queries: dict[str, str]
    relevant: Judged


def read_set(folder: Path, split: str | None) -> RetrievalSet:
    """The judged questions of a split; of all, where the questions name no split.

    Raises:
        ReadError: a file is missing or damaged, or the split has no judged question.
    """
    queries: dict[str, str] = {}
    for number, row in read_objects(folder / "queries.jsonl"):
        if split is not None and row.get("split", split) != split:
            continue
        if "_id" not in row or not isinstance(row.get("text"), str):
            raise ReadError(f"{folder}/queries.jsonl, line {number} lacks _id or text.", "")
        queries[str(row["_id"])] = row["text"]
    relevant = _read_judgements(folder / "qrels.tsv", queries.keys())
    if not relevant:
        raise ReadError(f"{folder} has no judged question of split '{split}'.", "Check --split.")
    return RetrievalSet({i: text for i, text in queries.items() if i in relevant}, relevant)


def _read_judgements(path: Path, wanted: Iterable[str]) -> Judged:
    known = set(wanted)
    relevant: Judged = {}
    try:
        for line in path.read_text("utf-8").splitlines():
            fields = line.split("\t")
            if fields[0] in known and float(fields[-1]) > 0:
                relevant.setdefault(fields[0], {})[fields[-2]] = float(fields[-1])
    except (OSError, ValueError, IndexError) as error:
        raise ReadError(f"{path} is missing or not in BEIR form.", "Check the folder.") from error
    return relevant


def evaluate_retrieval(
    folder: Path, split: str | None, library: Path, settings: Settings
) -> dict[str, Any]:
    """Ingest the corpus into ``library`` (nothing to do the second time) and measure every arm."""
    chosen = read_set(folder, split)
    with Engine.open(library, settings=settings) as engine:
        report = engine.ingest([folder / "corpus.jsonl"])
        if report.failed:
            raise ReadError(report.failed[0].error, report.failed[0].remedy)
        rankings = _rank(engine, chosen.queries)
        arms = {arm: _measure(rankings[arm], chosen.relevant) for arm in _ARMS}
        milliseconds = _time(engine, list(chosen.queries.values())[:_TIMED])
    return {
        **arms["hybrid"],
        "queries": len(chosen.queries),
        "p50_ms": round(percentile(milliseconds, 0.50), 2),
        "p95_ms": round(percentile(milliseconds, 0.95), 2),
        "arms": arms,
    }


def _rank(engine: Engine, queries: dict[str, str]) -> dict[Arm, dict[str, list[str]]]:
    retriever = engine.retriever
    names = dict(
        engine.library.connection.execute(
            "SELECT chunks.id, locator FROM chunks JOIN placements USING (document_id)"
        )
    )
    rankings: dict[Arm, dict[str, list[str]]] = {arm: {} for arm in _ARMS}
    for query_id, question in queries.items():
        for arm, found in retriever.arms(question, _DEPTH).items():
            rankings[arm][query_id] = _documents(found, names)
    return rankings


def _documents(found: list[Candidate], names: dict[int, str]) -> list[str]:
    """Documents in the order of their best chunk."""
    return list(dict.fromkeys(names[candidate.row] for candidate in found))


def _measure(ranking: dict[str, list[str]], relevant: Judged) -> dict[str, float]:
    def mean(values: Iterable[float]) -> float:
        return round(sum(values) / len(ranking), 4)

    pairs = [(ranked, relevant[query_id]) for query_id, ranked in ranking.items()]
    return {
        "ndcg@10": mean(ndcg(ranked, judged) for ranked, judged in pairs),
        **{f"recall@{k}": mean(recall(r, judged, k) for r, judged in pairs) for k in (5, 10, 100)},
        "mrr@10": mean(reciprocal_rank(ranked, judged) for ranked, judged in pairs),
    }


def _time(engine: Engine, questions: list[str]) -> list[float]:
    milliseconds = []
    for question in questions:
        started = time.perf_counter()
        engine.search(question, 10)
        milliseconds.append(1000 * (time.perf_counter() - started))
    return milliseconds
