"""How much of the ideal answer the extractive answer covers, before and after reranking.

Of MedQuAD and BioASQ: ROUGE-L recall of the ideal answer's content words, the share of its
sentences that the judge holds supported by the answer's text, and the share of abstentions. An
abstention covers nothing. BioASQ gives ideal answers; of MedQuAD it is the relevant page's first
150 words. Of several ideal answers the one that is covered best counts.

MEDRAG_BENCH_LIBRARIES names a folder that keeps the libraries; MEDRAG_BENCH_SPLIT the questions
("dev"; "test" for the one measurement at the end). A smaller corpus in the same form:
python -m tests.benchmarks.answers_covered --data DIR --libraries DIR --questions 20
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrag import Engine
from medrag.claims_file import read_objects
from medrag.config import Settings
from medrag.errors import ModelError
from medrag.evaluate.retrieval import RetrievalSet, read_set
from medrag.models.pair_encoder import SHIPPED, find_pair_encoder
from medrag.protocols import Judge
from medrag.text import content_words, sentences
from medrag.types import Answer
from medrag.verify.claims import bare

DATA = Path("../shared/data/retrieval")
SETS = ("medquad", "bioasq")
QUESTIONS, SEED = 200, 5
IDEAL_WORDS = 150
_LEAST_WORDS = 3  # content words of a sentence, below which it says nothing ("Yes.")
_OPENER = re.compile(r"^\W*(?:yes|no)\b[\s,.;:]*", re.I)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the texts that would each be a whole answer to it."""

    text: str
    ideals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Covered:
    """What an answer holds of the ideal one (shares, 0..1): ``rouge`` of its content words in
    their order, ``entailed`` of its sentences."""

    rouge: float
    entailed: float
    abstained: bool


def common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest sequence that both hold in order, with gaps."""
    row = [0] * (len(other) + 1)
    for left in one:
        before = 0
        for place, right in enumerate(other, start=1):
            above = row[place]
            row[place] = before + 1 if left == right else max(above, row[place - 1])
            before = above
    return row[-1]


def rouge_l_recall(ideal: str, answer: str) -> float:
    """ROUGE-L recall (Lin 2004) over stems of content words, 0..1: the share of the ideal
    answer's words that the answer has in the same order; 0 for an ideal answer without any."""
    wanted = content_words(ideal)
    return common_subsequence(wanted, content_words(answer)) / len(wanted) if wanted else 0.0


def ideal_sentences(ideal: str) -> list[str]:
    """The sentences of an ideal answer that say something, without a "Yes," at its beginning."""
    text = _OPENER.sub("", ideal)
    found = [text[start:end] for start, end in sentences(text)]
    return [sentence for sentence in found if len(content_words(sentence)) >= _LEAST_WORDS]


def entailed(judge: Judge, ideal: str, answer: str) -> float:
    """The share (0..1) of the ideal answer's sentences whose P(supported) by the answer reaches
    the judge's threshold (of a judge without one: that it labels "supported")."""
    asked = [(sentence, answer) for sentence in ideal_sentences(ideal)]
    if not asked or not answer:
        return 0.0
    least = getattr(judge, "threshold", None)
    verdicts = judge.judge(asked)
    held = [
        verdict.label == "supported" if least is None else verdict.probabilities[0] >= least
        for verdict in verdicts
    ]
    return sum(held) / len(held)


def read_questions(folder: Path, split: str, count: int) -> list[Question]:
    """So many questions of a set, always the same ones, with their ideal answers."""
    chosen = read_set(folder, split)
    metadata = {
        str(row["_id"]): row.get("metadata") or {}
        for _, row in read_objects(folder / "queries.jsonl")
    }
    pages = dict(_relevant_pages(folder, chosen))
    ids = sorted(i for i in chosen.queries if not metadata[i].get("boilerplate"))
    random.Random(SEED).shuffle(ids)
    found = []
    for query_id in ids:
        ideals = _given(metadata[query_id].get("ideal_answer")) or [
            _first_words(pages[page]) for page in sorted(chosen.relevant[query_id]) if page in pages
        ]
        told = tuple(ideal for ideal in ideals if ideal_sentences(ideal))
        if told:
            found.append(Question(chosen.queries[query_id], told))
    return found[:count]


def _relevant_pages(folder: Path, chosen: RetrievalSet) -> Iterator[tuple[str, str]]:
    wanted = {page for judged in chosen.relevant.values() for page in judged}
    for _, row in read_objects(folder / "corpus.jsonl"):
        if str(row["_id"]) in wanted:
            yield str(row["_id"]), str(row["text"])


def _given(ideal: Any) -> list[str]:
    return [ideal] if isinstance(ideal, str) else [str(one) for one in ideal or ()]


def _first_words(text: str) -> str:
    """The first 150 words, with their line ends, which end sentences."""
    ends = [word.end() for word in re.finditer(r"\S+", text)][:IDEAL_WORDS]
    return text[: ends[-1]] if ends else ""


def text_of(answer: Answer) -> str:
    """What an answer says, without markers; empty for an abstention."""
    return "" if answer.abstained else "\n".join(bare(claim.text) for claim in answer.claims)


def covered(engine: Engine, question: Question) -> Covered:
    """Ask, and hold the ideal answers against what was said."""
    answer = engine.ask(question.text, generator="extractive")
    said = text_of(answer)
    return Covered(
        max(rouge_l_recall(ideal, said) for ideal in question.ideals),
        max(entailed(engine.judge, ideal, said) for ideal in question.ideals),
        answer.abstained,
    )


def row(name: str, order: str, found: Sequence[Covered]) -> str:
    """A line of the table: over all questions, and ROUGE-L over those that were answered."""
    answered = [one.rouge for one in found if not one.abstained]
    figures = (
        statistics.mean(one.rouge for one in found),
        statistics.mean(one.entailed for one in found),
        statistics.mean(one.abstained for one in found),
        statistics.mean(answered) if answered else 0.0,
    )
    cells = " ".join(f"{figure:10.3f}" for figure in figures)
    return f"  {name:8} {order:7} {len(found):9} {cells}"


def measure(folder: Path, library: Path, split: str, count: int, judge: str) -> None:
    """Print both rows of a set."""
    questions = read_questions(folder, split, count)
    results, depth = {}, 0
    for order, rerank in (("before", False), ("after", True)):
        settings = Settings(judge=judge, rerank=rerank)
        with Engine.open(library, settings=settings) as engine:
            report = engine.ingest([folder / "corpus.jsonl"])  # nothing to do the second time
            if report.failed:
                raise SystemExit(report.failed[0].error)
            results[order] = [covered(engine, question) for question in questions]
            print(row(folder.name, order, results[order]), flush=True)
            depth = engine.reranker.depth if engine.reranker else depth
    pairs = list(zip(results["before"], results["after"], strict=True))
    up, down = sum(a.rouge > b.rouge for b, a in pairs), sum(a.rouge < b.rouge for b, a in pairs)
    print(f"  {'':16} {depth} passages reranked; ROUGE-L up for {up}, down for {down} questions")


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.answers_covered")
    kept = os.environ.get("MEDRAG_BENCH_LIBRARIES")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the sets")
    parser.add_argument("--libraries", type=Path, default=Path(kept) if kept else None)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--judge", default=SHIPPED, help="who checks, and says what is entailed")
    chosen = parser.parse_args(arguments)
    split = os.environ.get("MEDRAG_BENCH_SPLIT", "dev")
    here = [name for name in SETS if (chosen.data / name / "queries.jsonl").is_file()]
    if chosen.libraries is None or not here:
        print("skipped: MEDRAG_BENCH_LIBRARIES names no folder for the libraries, or there are"
              f" no sets in {chosen.data}")  # fmt: skip
        return
    try:
        find_pair_encoder(SHIPPED)
    except ModelError:
        print("skipped: the judge's weights are not in this tree")
        return
    print(f"  split {split}, judge {chosen.judge}")
    print("  set      order   questions    ROUGE-L   entailed  abstained  ROUGE-L of answers")
    for name in here:
        library = chosen.libraries / name
        measure(chosen.data / name, library, split, chosen.questions, chosen.judge)


if __name__ == "__main__":
    main(sys.argv[1:])
