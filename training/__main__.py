"""From the public files to the weights that medrag ships: ``python -m training --data FOLDER``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

from medrag.models.catalog import find_embedding_model
from medrag.models.pair_encoder import SHIPPED, PairEncoder
from medrag.models.pair_input import MAX_TOKENS, PairTokenizer
from training.batches import encode, keep, kept
from training.curriculum import AVERAGED, JOINED, LAST, RUNS, items_of
from training.fit import STATE, Plan, accelerator, fit
from training.measure import StateScorer, measure
from training.pairs import Pair, without_repeats
from training.resume import average, resume

SHIPPED_FOLDER = Path(__file__).parent.parent / "medrag" / "models" / "weights" / SHIPPED
BASE = "all-MiniLM-L6-v2"
MADE = (
    "reading", "planted", "natural", "close", "ranking", "asked", "questions", "human", "written",
    "roles", "libraries",
)  # fmt: skip
DEV = "dev"
STEPS = ("pairs", "fit", "export", "measure")
ABSTRACTIVE = ("title", "conclusion")
"""Kinds of natural pairs that say a thing in other words: few, so they are a file of their own."""
_LIMITS = {"ranking": 144, "asked": 192, "questions": 192, "libraries": 192} | dict.fromkeys(
    ("written", "roles", "reading", "human"), MAX_TOKENS
)
_WATCHED = 700  # development pairs of a source
_LIMIT = 160  # tokens of the pairs of every other maker
_BATCH, _LARGE_BATCH = 4096, 16_384  # tokens, of a processor's core and of an accelerator


def main(arguments: Sequence[str] | None = None) -> None:
    """The steps, one after the other, or the ones that are named."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("steps", nargs="*", default=list(STEPS), metavar="step",
                        help=f"of {', '.join(STEPS)}; all where none is named")  # fmt: skip
    parser.add_argument("--data", type=Path, help="folder with claims/, retrieval/")
    parser.add_argument("--work", type=Path, default=Path("build/training"))
    parser.add_argument("--out", type=Path, default=SHIPPED_FOLDER)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument(
        "--workers", type=int, default=2, help="processes, one for each core; of an accelerator one"
    )
    parser.add_argument("--minutes", type=float, default=0.0,
                        help="of each run: batches are left out to end by then")  # fmt: skip
    parser.add_argument("--only", nargs="*", default=[*MADE, DEV], help="pairs to make anew")
    parser.add_argument("--base", type=Path, help="folder of the published encoder")
    parser.add_argument("--watch", action="store_true",
                        help="measure the bare heads after each run")  # fmt: skip
    parser.add_argument("--passes", type=int, default=1,
                        help="times that the curriculum is gone through in each run")  # fmt: skip
    names = [run.name for run in RUNS]
    parser.add_argument("--runs", nargs="+", default=names, choices=names)
    parser.add_argument("--start", type=Path, help="weights to go on from: a state, or a folder")
    asked = parser.parse_args(arguments)
    asked.runs = [name for name in names if name in asked.runs]
    if unknown := set(asked.steps) - set(STEPS):
        parser.error(f"there is no step {sorted(unknown)[0]}: they are {', '.join(STEPS)}")
    if unknown := set(asked.only) - {*MADE, DEV}:
        parser.error(f"there are no pairs {sorted(unknown)[0]}: {', '.join((*MADE, DEV))}")
    made = "pairs" in asked.steps or (asked.work / f"{DEV}.jsonl").is_file()
    if (asked.watch or "measure" in asked.steps) and not made:
        parser.error(f"there are no development pairs in {asked.work}: make pairs first")
    first = not set(asked.runs).isdisjoint(names[:2])
    if "fit" in asked.steps and not first and asked.start is None:
        parser.error("a run that is not the first goes on from others: name their --start")
    averaged = [asked.work / name / STATE for name in AVERAGED if name not in asked.runs]
    if "fit" in asked.steps and JOINED in asked.runs[1:]:
        for path in averaged:
            if not path.is_file():
                parser.error(f"{JOINED} goes on from {path}, which is not there: run it too")
    if "pairs" in asked.steps and asked.data is None:
        parser.error("pairs are made of the public sets: name their folder with --data")
    asked.work.mkdir(parents=True, exist_ok=True)
    base = asked.base or find_embedding_model(BASE).folder
    tokenizer = PairTokenizer(Tokenizer.from_file(str(base / "tokenizer.json")))
    if "pairs" in asked.steps:
        make(asked.data, asked.work, asked.seed, asked.only, tokenizer)
    if "fit" in asked.steps:
        _fit(asked, base, tokenizer)
    if "export" in asked.steps:
        from training.export import export

        export(asked.work / STATE, base, asked.out)
    if "measure" in asked.steps:
        development = list(read(asked.work / f"{DEV}.jsonl"))
        _say(json.dumps(measure(PairEncoder(asked.out), development), indent=1))


def make(data: Path, work: Path, seed: int, only: Iterable[str], tokenizer: PairTokenizer) -> None:
    """Write the pairs of each maker as JSON Lines and in tokens, with a count of what they are."""
    from training import (
        asked,
        human,
        libraries,
        natural,
        planted,
        questions,
        ranking,
        reading,
        written,
    )  # fmt: skip
    from training.natural import close

    makers = {
        "reading": lambda: reading.pairs(data, seed),
        "planted": lambda: planted.pairs(data, seed, "train", 60_000),
        "natural": lambda: natural.pairs(data, seed),
        "close": lambda: close.pairs(data, seed),
        "ranking": lambda: ranking.pairs(data, seed, work / "ranking"),
        "asked": lambda: asked.pairs(data, seed),
        "questions": lambda: questions.pairs(seed),
        "human": lambda: human.pairs(data, seed),
        "written": lambda: written.pairs(data, seed),
        "roles": lambda: written.pairs(data, seed, folder=written.ROLES),
        "libraries": lambda: libraries.pairs(),
        DEV: lambda: _development(data, seed),
    }
    for name in only:
        made = without_repeats(makers[name]())
        with (work / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(pair)) + "\n" for pair in made)
        if name != DEV:
            keep(encode(made, tokenizer, _LIMITS.get(name, _LIMIT)), work / f"{name}.npz")
        if name == "natural":
            worded = [pair for pair in made if pair.kind.startswith(ABSTRACTIVE)]
            keep(encode(worded, tokenizer, _LIMIT), work / "abstractive.npz")
        counts = Counter((pair.source, pair.task, pair.label) for pair in made)
        for key, count in sorted(counts.items()):
            _say(f"{name}: {' '.join(map(str, key))} {count}")


def _development(data: Path, seed: int) -> Iterator[Pair]:
    """The pairs held out of training, claims with the evidence that the judge reads."""
    from training import combine, libraries, questions
    from training.sentences import as_read

    for pair in combine.dev_pairs(data, seed, _WATCHED):
        yield replace(pair, second=as_read(pair.first, pair.second))
    yield from questions.pairs(seed, "dev")
    yield from libraries.pairs("dev")


def _fit(asked: argparse.Namespace, base: Path, tokenizer: PairTokenizer) -> None:
    """The runs that are asked for, each from the weights of the one before; one of them, where it
    is not the first, from the average of those that count."""
    last = max(place for place, run in enumerate(RUNS) if run.name in asked.runs)
    wanted = {name for run in RUNS[: last + 1] for stage in run.stages for name in stage}
    made = {name: kept(asked.work / f"{name}.npz") for name in sorted(wanted)}
    start = asked.start
    if start is not None and start.is_dir():
        start = resume(start, base, asked.work / "resumed.pt")
    large = accelerator() is not None
    averaged = [(asked.work / name / STATE, weight) for name, weight in AVERAGED.items()]
    for number, run in enumerate(RUNS):
        if run.name in asked.runs:
            if run.name == JOINED and asked.runs[0] != JOINED:
                start = asked.work / "average.pt"
                average(averaged, start)
            plan = Plan(
                run.rate, run.head_rate, run.warm, _LARGE_BATCH if large else _BATCH,
                run.passes * asked.passes, seed=asked.seed + 10 * number,
                workers=1 if large else asked.workers, minutes=asked.minutes,
            )  # fmt: skip
            fit(items_of(run, made, asked.seed), plan, base, asked.work / run.name, start)
            start = asked.work / run.name / STATE
            _watch(asked, run.name, start, base, tokenizer)
    counted = [(asked.work / name / STATE, weight) for name, weight in LAST.items()]
    lacking = [path.parent.name for path, _ in counted if not path.is_file()]
    if asked.runs[-1] == RUNS[-1].name and not lacking:
        average(counted, asked.work / STATE)
        _watch(asked, "average", asked.work / STATE, base, tokenizer)
        return
    if asked.runs[-1] == RUNS[-1].name:
        _say(f"not averaged: there are no weights of the run {lacking[0]} in {asked.work}")
    shutil.copyfile(start, asked.work / STATE)


def _watch(
    asked: argparse.Namespace, name: str, state: Path, base: Path, tokenizer: PairTokenizer
) -> None:
    if asked.watch:
        scorer = StateScorer(state, base, tokenizer)
        found = measure(scorer, list(read(asked.work / f"{DEV}.jsonl")))
        _say(f"{name}: {json.dumps(found)}")


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
