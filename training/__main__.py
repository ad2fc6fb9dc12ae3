"""From the public files to the weights that medrag ships: ``python -m training --data FOLDER``."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

from medrag.models.catalog import find_embedding_model
from medrag.models.pair_encoder import SHIPPED, PairEncoder
from medrag.models.pair_input import PairTokenizer
from training import human, natural, planted, ranking
from training.batches import Item, encode
from training.export import export
from training.fit import STATE, Plan, fit
from training.measure import measure
from training.pairs import Pair, without_repeats

SHIPPED_FOLDER = Path(__file__).parent.parent / "medrag" / "models" / "weights" / SHIPPED
BASE = "all-MiniLM-L6-v2"
MADE = ("planted", "natural", "ranking", "human")
CLAIM_TOKENS, QUESTION_TOKENS = 160, 144
FIRST = {"planted": 26_000, "natural": 32_000}
SECOND = {"planted": 20_000, "natural": 22_000, "ranking": 15_000}
THIRD = {"planted": 6_000, "natural": 6_000, "ranking": 15_000}
"""Pairs of each maker in the three stages. What people labelled is in each, in the last twice."""
ABSTRACTIVE = ("title", "conclusion")
"""Kinds of natural pairs that say a thing in other words: few, so they come in two stages whole."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The steps, one after the other, or the ones that are named."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("steps", nargs="*", default=["pairs", "fit", "export", "measure"])
    parser.add_argument("--data", type=Path, required=True, help="folder with claims/, retrieval/")
    parser.add_argument("--work", type=Path, default=Path("build/training"))
    parser.add_argument("--out", type=Path, default=SHIPPED_FOLDER)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2, help="processes, one for each core")
    parser.add_argument("--minutes", type=float, default=0.0, help="leave batches out to end by")
    parser.add_argument("--only", nargs="*", default=list(MADE), help="pairs to make anew")
    parser.add_argument("--start", type=Path, help="weights of an earlier run to go on from")
    asked = parser.parse_args(arguments)
    asked.work.mkdir(parents=True, exist_ok=True)
    base = find_embedding_model(BASE).folder
    if "pairs" in asked.steps:
        make(asked.data, asked.work, asked.seed, asked.only)
    if "fit" in asked.steps:
        plan = Plan(seed=asked.seed, workers=asked.workers, minutes=asked.minutes)
        easy, later = stages(asked.work, base, asked.seed)
        fit([easy], plan, base, asked.work / "first", asked.start)
        gentler = replace(plan, rate=1.6e-4, head_rate=4e-4, warm=0.03, seed=plan.seed + 1)
        fit(later, gentler, base, asked.work, asked.work / "first" / STATE)
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
    }
    for name in only:
        made = without_repeats(makers[name]())
        with (work / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(pair)) + "\n" for pair in made)
        counts = Counter((pair.source, pair.task, pair.label) for pair in made)
        for key, count in sorted(counts.items()):
            _say(f"{name}: {' '.join(map(str, key))} {count}")


def stages(work: Path, base: Path, seed: int) -> tuple[list[Item], list[list[Item]]]:
    """The curriculum, in two runs of the optimiser: first claims made by rules, with what people
    labelled among them; then two stages with questions too, the last with the most of what people
    labelled, amid enough of the rest that nothing is forgotten."""
    from tokenizers import Tokenizer

    tokenizer = PairTokenizer(Tokenizer.from_file(str(base / "tokenizer.json")))
    chance = random.Random(seed)
    made = {name: list(read(work / f"{name}.jsonl")) for name in MADE}
    human = encode(made["human"], tokenizer, CLAIM_TOKENS)
    abstractive = encode(
        [pair for pair in made["natural"] if pair.kind.startswith(ABSTRACTIVE)],
        tokenizer,
        CLAIM_TOKENS,
    )
    out = []
    parts = {name: _parts(made[name], name, chance) for name in ("planted", "natural", "ranking")}
    for stage in range(3):
        claims = parts["planted"][stage] + parts["natural"][stage]
        items = encode(claims, tokenizer, CLAIM_TOKENS)
        items += encode(parts["ranking"][stage], tokenizer, QUESTION_TOKENS)
        out.append(items + human)
    return out[0], [out[1] + abstractive, out[2] + human + abstractive]


def _parts(pairs: Sequence[Pair], name: str, chance: random.Random) -> list[list[Pair]]:
    """The pairs of each stage: about as many as it wants, those of one group together."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(f"{pair.source}/{pair.group}", []).append(pair)
    names = sorted(groups)
    chance.shuffle(names)
    left = iter(names)
    out: list[list[Pair]] = []
    for wanted in (FIRST, SECOND, THIRD):
        taken: list[Pair] = []
        while len(taken) < wanted.get(name, 0) and (group := next(left, None)) is not None:
            taken.extend(groups[group])
        out.append(taken)
    return out


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
