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
from medrag.rerank import RANK

_ARMS: tuple[Arm, ...] = ("lexical", "dense", "hybrid")
_ORDERS = (*_ARMS, RANK)  # the last where the settings have a reranker
_DEPTH = 300  # chunks, for 100 documents
_TIMED = 300  # searches that are timed, as a user would make them

Judged = dict[str, dict[str, float]]
Rankings = dict[str, dict[str, list[str]]]


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
    """Ingest the corpus into ``library`` (nothing to do the second time) and measure every arm.

    The figures at the top are those of the order that a search with these settings gives;
    ``added_p50_ms`` and ``added_p95_ms`` are what the reranker takes of a search's time.
    """
    chosen = read_set(folder, split)
    with Engine.open(library, settings=settings) as engine:
        report = engine.ingest([folder / "corpus.jsonl"])
        if report.failed:
            raise ReadError(report.failed[0].error, report.failed[0].remedy)
        rankings = _rank(engine, chosen.queries)
        arms = {order: _measure(ranked, chosen.relevant) for order, ranked in rankings.items()}
        timed = _time(engine, list(chosen.queries.values())[:_TIMED])
    return {
        **arms[_ORDERS[len(arms) - 1]],
        "queries": len(chosen.queries),
        **timed,
        "arms": arms,
    }


def _rank(engine: Engine, queries: dict[str, str]) -> Rankings:
    retriever, reranker = engine.retriever, engine.reranker
    read = engine.library.connection.execute
    records = dict(read("SELECT document_id, locator FROM placements"))
    rows = read("SELECT id, document_id FROM chunks")
    names = {row: records[document] for row, document in rows}
    rankings: Rankings = {order: {} for order in (_ORDERS if reranker else _ARMS)}
    for query_id, question in queries.items():
        for arm, found in retriever.arms(question, _DEPTH).items():
            rankings[arm][query_id] = _documents(found, names)
        if reranker is not None:
            passages = retriever.search(question, reranker.depth)
            ordered = reranker.order(question, passages)
            first = [records[passage.document.id] for passage in ordered]
            rest = rankings["hybrid"][query_id]
            rankings[RANK][query_id] = list(dict.fromkeys(first + rest))
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


def _time(engine: Engine, questions: list[str]) -> dict[str, float]:
    """Searches as a user makes them, and what of it the reranker takes."""
    whole, added = [], []
    reranker = engine.reranker
    depth = max(10, reranker.depth) if reranker else 10  # whatever is to be loaded is loaded now
    for question in questions:
        started = time.perf_counter()
        passages = engine.retriever.search(question, depth)
        found = time.perf_counter()
        if reranker is not None:
            reranker.order(question, passages)
        whole.append(1000 * (time.perf_counter() - started))
        added.append(1000 * (time.perf_counter() - found))
    figures = {"p50_ms": percentile(whole, 0.50), "p95_ms": percentile(whole, 0.95)}
    if reranker is not None:
        figures["added_p50_ms"] = percentile(added, 0.50)
        figures["added_p95_ms"] = percentile(added, 0.95)
        figures["reranked_passages"] = depth
    return {name: round(value, 2) for name, value in figures.items()}
