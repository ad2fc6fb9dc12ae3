"""From the public files to the weights that medrag ships: ``python -m training --data FOLDER``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

from medrag.models.catalog import find_embedding_model
from medrag.models.pair_encoder import SHIPPED, PairEncoder
from medrag.models.pair_input import PairTokenizer
from training import human, natural, planted, ranking, written
from training.curriculum import ABSTRACTIVE, AVERAGED, RUNS, items_of
from training.export import export
from training.fit import STATE, Plan, fit
from training.measure import measure
from training.pairs import Pair, without_repeats
from training.resume import average, resume

SHIPPED_FOLDER = Path(__file__).parent.parent / "medrag" / "models" / "weights" / SHIPPED
BASE = "all-MiniLM-L6-v2"
MADE = ("planted", "natural", "ranking", "human", "written")


def main(arguments: Sequence[str] | None = None) -> None:
    """The steps, one after the other, or the ones that are named."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("steps", nargs="*", default=["pairs", "fit", "export", "measure"])
    parser.add_argument("--data", type=Path, required=True, help="folder with claims/, retrieval/")
    parser.add_argument("--work", type=Path, default=Path("build/training"))
    parser.add_argument("--out", type=Path, default=SHIPPED_FOLDER)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2, help="processes, one for each core")
    parser.add_argument("--minutes", type=float, default=0.0,
                        help="of each run: batches are left out to end by then")  # fmt: skip
    parser.add_argument("--only", nargs="*", default=list(MADE), help="pairs to make anew")
    names = [run.name for run in RUNS]
    parser.add_argument("--runs", nargs="+", default=names, choices=names)
    parser.add_argument("--start", type=Path, help="weights to go on from: a state, or a folder")
    asked = parser.parse_args(arguments)
    if "fit" in asked.steps and names[0] not in asked.runs and asked.start is None:
        parser.error("a run that is not the first goes on from others: name their --start")
    asked.work.mkdir(parents=True, exist_ok=True)
    base = find_embedding_model(BASE).folder
    if "pairs" in asked.steps:
        make(asked.data, asked.work, asked.seed, asked.only)
    if "fit" in asked.steps:
        _fit(asked, base)
    if "export" in asked.steps:
        export(asked.work / STATE, base, asked.out)
    if "measure" in asked.steps:
        development = list(human.dev(asked.data))
        development += planted.pairs(asked.data, asked.seed, "dev", 1000)
        _say(json.dumps(measure(PairEncoder(asked.out), development), indent=1))


def make(data: Path, work: Path, seed: int, only: Iterable[str]) -> None:
    """Write the pairs of each maker as JSON Lines, with a count of what they are."""
    makers = {
        "planted": lambda: planted.pairs(data, seed, "train", 60_000),
        "natural": lambda: natural.pairs(data, seed),
        "ranking": lambda: ranking.pairs(data, seed, work / "ranking"),
        "human": lambda: human.pairs(data, seed),
        "written": lambda: written.pairs(data, seed),
    }
    for name in only:
        made = without_repeats(makers[name]())
        with (work / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(pair)) + "\n" for pair in made)
        counts = Counter((pair.source, pair.task, pair.label) for pair in made)
        for key, count in sorted(counts.items()):
            _say(f"{name}: {' '.join(map(str, key))} {count}")


def _fit(asked: argparse.Namespace, base: Path) -> None:
    """The runs that are asked for, each from the weights of the one before; then the average of
    those that count, where all of them are there, else the last."""
    tokenizer = PairTokenizer(Tokenizer.from_file(str(base / "tokenizer.json")))
    made = {name: list(read(asked.work / f"{name}.jsonl")) for name in MADE}
    made["abstractive"] = [p for p in made["natural"] if p.kind.startswith(ABSTRACTIVE)]
    start = asked.start
    if start is not None and start.is_dir():
        start = resume(start, base, asked.work / "resumed.pt")
    for number, run in enumerate(RUNS):
        if run.name in asked.runs:
            plan = Plan(
                run.rate, run.head_rate, run.warm, seed=asked.seed + 10 * number,
                workers=asked.workers, minutes=asked.minutes,
            )  # fmt: skip
            stages = items_of(run, made, tokenizer, asked.seed)
            fit(stages, plan, base, asked.work / run.name, start)
            start = asked.work / run.name / STATE
    states = [(asked.work / name / STATE, weight) for name, weight in AVERAGED.items()]
    if asked.runs[-1] == RUNS[-1].name and all(path.is_file() for path, _ in states):
        average(states, asked.work / STATE)
    else:
        shutil.copyfile(start, asked.work / STATE)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def read(path: Path, limit: int | None = None) -> Iterable[Pair]:
    """The pairs of a file of :func:`make`."""
    with path.open(encoding="utf-8") as file:
        for line in islice(file, limit):
            yield Pair(**json.loads(line))


if __name__ == "__main__":
    main()
