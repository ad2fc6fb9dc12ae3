"""How fast the shipped judge is on two cores: pairs a second, the first verdict of a process, and
an answer of five sentences. The sentences are paraphrases, which the encoder has to read."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medrag.config import Settings
from medrag.errors import ModelError
from medrag.judges import make_judge
from medrag.models.pair_encoder import SHIPPED, PairEncoder, find_pair_encoder
from medrag.models.pair_input import PairTokenizer
from medrag.protocols import Embedder
from medrag.types import Claim
from medrag.verify.combiner import load_combiner
from medrag.verify.learned import LearnedJudge
from medrag.verify.verdicts import verify_claims

CORES = 2
TOKENS, PAIRS, ROUNDS = 128, 256, 3
STARTS, ANSWERS = 7, 20
SENTENCES, PASSAGE_WORDS = 5, 120
TARGETS = {"pairs": 120.0, "start": 0.4, "answer": 150.0}

# What a source says, and the same in other words.
SAID = (
    ("Metformin is the preferred initial drug for most adults with type 2 diabetes.",
     "Most grown-ups who have type 2 diabetes should begin their treatment with metformin."),
    ("Stop metformin when the estimated glomerular filtration rate falls below 30 mL/min.",
     "Below an estimated filtration rate of 30 mL/min, metformin has to be discontinued."),
    ("Warfarin crosses the placenta and should be avoided during the first trimester.",
     "In early pregnancy women ought not to be given warfarin, since it reaches the fetus."),
    ("Patients who received apixaban had fewer strokes than those who received aspirin.",
     "Apixaban prevented more strokes than aspirin did among those who were treated."),
    ("Intramuscular adrenaline is the first treatment of anaphylaxis at any age.",
     "Whoever has anaphylaxis gets adrenaline into the muscle before anything else."),
    ("Oral rehydration solution corrects mild dehydration in children with diarrhoea.",
     "Children with diarrhoea who are slightly dried out recover with a rehydration drink."),
    ("Inhaled corticosteroids reduce exacerbations in people with persistent asthma.",
     "People whose asthma persists have fewer attacks when they inhale corticosteroids."),
    ("Amoxicillin three times daily for five days treats community acquired pneumonia.",
     "Pneumonia caught outside hospital is treated with five days of amoxicillin."),
    ("Check serum potassium within one week after starting spironolactone.",
     "A blood test for potassium is due in the week that follows the start of spironolactone."),
    ("Blood cultures should be taken before the first dose of antibiotics in sepsis.",
     "When sepsis is suspected, draw cultures first and give antibiotics afterwards."),
    ("Low dose aspirin from twelve weeks lowers the risk of pre-eclampsia.",
     "Women who take a little aspirin from week twelve develop pre-eclampsia less often."),
    ("Naloxone reverses respiratory depression caused by an overdose of opioids.",
     "Breathing that opioids have slowed comes back when naloxone is given."),
)  # fmt: skip

FIRST_VERDICT = """
import sys
from medrag.config import Settings
from medrag.judges import make_judge
judge = make_judge(Settings(judge={name!r}), None)
print(judge.judge([({claim!r}, {evidence!r})])[0].label, flush=True)
"""


def passage(draw: random.Random, first: str, words: int) -> str:
    """``first`` in one of the first places among other sentences of the list, ``words`` long."""
    said = [source for source, _ in SAID if source != first]
    draw.shuffle(said)
    said.insert(draw.randrange(3), first)
    return " ".join(" ".join(said).split()[:words])


def pairs_of_tokens(tokenizer: PairTokenizer, count: int, seed: int) -> list[tuple[str, str]]:
    """Paraphrased claims with evidence, each pair ``TOKENS`` long (or a token or two less)."""
    draw = random.Random(seed)
    out = []
    for _ in range(count):
        source, claim = draw.choice(SAID)
        words = passage(draw, source, PASSAGE_WORDS).split()
        while len(tokenizer.pair(claim, " ".join(words), 2 * TOKENS)[0]) > TOKENS:
            words.pop()
        out.append((claim, " ".join(words)))
    return out


def per_second(work: Any, rounds: Sequence[Sequence[tuple[str, str]]]) -> float:
    """Pairs a second, the median of rounds of other pairs; the first round warms up."""
    speeds = []
    for pairs in rounds:
        started = time.perf_counter()
        work(pairs)
        speeds.append(len(pairs) / (time.perf_counter() - started))
    return statistics.median(speeds[1:])


def answer(seed: int) -> tuple[list[Claim], dict[int, str]]:
    """Five sentences that cite a passage each, and the passages by their markers."""
    draw = random.Random(seed)
    claims, texts = [], {}
    for marker, (source, said) in enumerate(draw.sample(SAID, SENTENCES), start=1):
        claims.append(Claim(f"{said} [{marker}]", 0, len(said), (marker,)))
        texts[marker] = passage(draw, source, PASSAGE_WORDS)
    return claims, texts


def until_first_line(command: list[str]) -> float:
    """Seconds from the start of a process until its first line has come."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=os.environ | {"MEDRAG_JUDGE": SHIPPED},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        taken = time.perf_counter() - started
        process.stdout.read()
    if not line or process.returncode:
        raise SystemExit(f"no verdict from: {' '.join(command)[:80]}")
    return taken


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """This process and its children on so many cores, where the system can be told."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def no_embedder() -> Embedder:
    raise AssertionError("the judge of the package needs no embedder")


def throughput(folder: Path) -> None:
    from tokenizers import Tokenizer

    encoder = PairEncoder(folder, CORES)
    tokenizer = PairTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json")))
    rounds = [pairs_of_tokens(tokenizer, PAIRS, seed) for seed in range(ROUNDS + 1)]
    lengths = [len(tokenizer.pair(*pair)[0]) for pair in rounds[0]]
    judge = LearnedJudge(encoder, combiner=load_combiner(folder))
    read = sum(len(one.case.looks) for one in judge.weigh(rounds[0])) / PAIRS
    print(f"  {PAIRS} pairs of {min(lengths)} to {max(lengths)} tokens, median of {ROUNDS}:"
          f" encoder {per_second(encoder.claims, rounds):.0f} pairs/s,"
          f" judge {per_second(judge.judge, rounds):.0f} pairs/s (it reads {read:.2f} texts a"
          f" pair); target {TARGETS['pairs']:.0f}")  # fmt: skip


def first_verdict() -> None:
    evidence, claim = SAID[2]
    code = FIRST_VERDICT.format(name=SHIPPED, claim=claim, evidence=evidence)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "one.jsonl"
        file.write_text(json.dumps({"id": 1, "claim": claim, "evidence": evidence}) + "\n", "utf-8")
        verify = [sys.executable, "-m", "medrag", "--library", folder, "verify", str(file)]
        for name, command in (("python", [sys.executable, "-c", code]), ("medrag verify", verify)):
            until_first_line(command)
            times = [until_first_line(command) for _ in range(STARTS)]
            print(f"  first verdict, {name}: {statistics.median(times):.3f} s ({min(times):.3f}"
                  f" to {max(times):.3f}; target {TARGETS['start']})")  # fmt: skip


def five_sentences() -> None:
    judge = make_judge(Settings(judge=SHIPPED), no_embedder, CORES)
    assert isinstance(judge, LearnedJudge)
    answers = [answer(seed) for seed in range(ANSWERS + 2)]
    asked = [(claim.text, texts[claim.markers[0]]) for claims, texts in answers for claim in claims]
    # Each is really read: none is decided by the rules alone.
    assert all(one.case.looks for one in judge.weigh(asked[: 2 * SENTENCES]))
    milliseconds = []
    for claims, texts in answers:
        started = time.perf_counter()
        verify_claims(claims, texts, judge)
        milliseconds.append(1000 * (time.perf_counter() - started))
    warm = milliseconds[2:]
    print(f"  {SENTENCES} sentences, a passage of {PASSAGE_WORDS} words each:"
          f" {statistics.median(warm):.0f} ms ({min(warm):.0f} to {max(warm):.0f};"
          f" target {TARGETS['answer']:.0f})")  # fmt: skip


def main() -> None:
    try:
        folder = find_pair_encoder(SHIPPED)
    except ModelError:
        print("skipped: the judge's weights are not in this tree")
        return
    with on_cores(CORES):
        throughput(folder)
        first_verdict()
        five_sentences()


if __name__ == "__main__":
    main()
