"""A model of the real shape beside bare llama-cpp-python: speed, reuse of the prefix, memory.

MEDRAG_BENCH_MODELS names GGUF files, separated by ':' (random weights of the right shape will
do). In one run and in turn: tokens a second of a bare ``llama_cpp.Llama`` without a grammar, and
of medrag's worker under its grammar; the time to the first token of the answer for a first and
for further questions; memory; and a whole question, step by step.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from medrag import Engine
from medrag.config import home
from medrag.events import Done, Verbatim, Working
from medrag.generators.llama_cpp import LlamaComposer
from medrag.grammar import answer_grammar
from medrag.types import Draft, Message, Request

ROUNDS, TOKENS, PROMPT = 5, 48, 256
CORPORA = Path(__file__).resolve().parent.parent.parent / "corpora"
QUESTIONS = (
    "At what eGFR should metformin be stopped?",
    "What is the dose of apixaban when creatinine clearance is 15 to 29 mL/min?",
    "When should oxygen be given in acute asthma?",
    "What is the maximum daily dose of levetiracetam?",
)
BARE = f"""
import sys, time, llama_cpp
model = llama_cpp.Llama(sys.argv[1], n_ctx=4096, n_threads=int(sys.argv[2]), verbose=False)
prompt = model.tokenize(b"the patient was seen in the clinic and was well again " * 40)[:{PROMPT}]
for line in sys.stdin:
    model.reset()
    started = time.perf_counter()
    for number, token in enumerate(model.generate(prompt, temp=0.6, top_k=20, top_p=0.95)):
        if number == 0:
            first = time.perf_counter()
        if number == {TOKENS}:
            break
    now = time.perf_counter()
    print({TOKENS} / (now - first), len(prompt) / (first - started), flush=True)
"""


def main() -> None:
    models = os.environ.get("MEDRAG_BENCH_MODELS")
    if not models:
        print("skipped: MEDRAG_BENCH_MODELS names no GGUF files")
        return
    os.environ["OMP_WAIT_POLICY"] = "passive"  # for both
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        with Engine.open(library) as engine:
            engine.ingest([CORPORA / name for name in ("guidelines", "formulary", "protocols")])
        for path in models.split(":"):
            print(f"{Path(path).name}, {os.cpu_count()} cores")
            reuse(library, path)
            steps(library, path)
            beside_bare(library, path)


def beside_bare(library: Path, path: str) -> None:
    """Tokens a second under the grammar, and of the bare library without one, in turn."""
    with Engine.open(library, offline=False, generator=path) as engine:
        composer = engine.composer()
        assert isinstance(composer, LlamaComposer)
        grammar = answer_grammar([1, 2, 3, 4, 5, 6, 7, 8], "The sources do not answer.")
        words = "the patient was seen in the clinic and was well again " * 8
        request = Request((Message("user", words),), grammar, 0, TOKENS + 1)
        drafted(composer, request)
        threads = composer.worker.facts["threads"]
        bare = subprocess.Popen(
            [sys.executable, "-c", BARE, path, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert bare.stdin is not None
        assert bare.stdout is not None
        ours, theirs, reading = [], [], []
        for number in range(ROUNDS + 1):
            print("go", file=bare.stdin, flush=True)
            written, read = map(float, bare.stdout.readline().split())
            draft = drafted(
                composer, Request(request.messages, grammar, 0, TOKENS + 1, seed=number)
            )
            if number:  # the first warms both up
                theirs.append(written)
                reading.append(read)
                # Both are timed from the first token on.
                ours.append(draft.usage.answer_tokens / draft.usage.phases["write"])
        bare.stdin.close()
        bare.wait()
        bare.stdout.close()
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        print(
            f"  {threads} threads; writes {median(ours):.2f} tokens/s under the grammar, bare"
            f" llama-cpp-python {median(theirs):.2f} without: {median(ratios):.3f}"
            f" ({min(ratios):.3f} to {max(ratios):.3f}); bare reads {median(reading):.1f}"
        )


def reuse(library: Path, path: str) -> None:
    """The time to the first token of the answer, question after question, and memory; first as
    on the very first start, then in a new process, which finds the instructions on disk."""
    shutil.rmtree(home() / "models" / "prefixes", ignore_errors=True)
    print("  the first start ever")
    asked_in_turn(library, path)
    print("  a later start")
    asked_in_turn(library, path)


def asked_in_turn(library: Path, path: str) -> None:
    """Every question once, in one process."""
    with Engine.open(library, generator=path, thinking_tokens=0, mend=False,
                     answer_tokens=40) as engine:  # fmt: skip
        composer = engine.composer()
        assert isinstance(composer, LlamaComposer)
        started = time.perf_counter()
        composer.count_tokens(["a"])
        print(f"    loads in {time.perf_counter() - started:.1f} s")
        firsts = []
        for question in QUESTIONS:
            prompt = engine.evidence(question, composer)
            seconds, tokens, known = first_token(engine, question)
            firsts.append(seconds)
            print(f"    first token after {seconds:.1f} s: {tokens} tokens of prompt,"
                  f" {known} known, {len(prompt.excerpts)} sources")  # fmt: skip
        resident = psutil.Process(composer.worker.pid).memory_info().rss
        later = [seconds / firsts[0] for seconds in firsts[1:]]
        print(
            f"    further questions at {median(later):.2f} of the first's time to the first token"
            f" ({min(later):.2f} to {max(later):.2f}); {resident / 1e9:.2f} GB resident"
        )


def first_token(engine: Engine, question: str) -> tuple[float, int, int]:
    """Seconds from the verbatim answer to the first composed token; tokens read, and known."""
    started = 0.0
    first = 0.0
    usage = None
    for event in engine.ask_stream(question):
        if isinstance(event, Verbatim):
            started = time.perf_counter()
        elif isinstance(event, Done):
            usage = event.answer.usage
        elif isinstance(event, Working) and event.piece.phase == "write" and not first:
            first = time.perf_counter()
    assert usage is not None
    return first - started, usage.prompt_tokens, usage.cached_tokens


def steps(library: Path, path: str) -> None:
    """A whole question with the default settings, the model already loaded. Without mending: what
    random weights write never stands, so it would always be sent back."""
    with Engine.open(library, generator=path, mend=False) as engine:
        engine.ask(QUESTIONS[0], generator="extractive")
        engine.composer().count_tokens(["a"])
        usage = engine.ask(QUESTIONS[0]).usage
        phases = ", ".join(f"{name} {seconds:.2f}" for name, seconds in usage.phases.items())
        print(f"  a whole question {usage.seconds:.1f} s: {phases}; {usage.prompt_tokens} tokens"
              f" read ({usage.cached_tokens} known), {usage.thinking_tokens} thought,"
              f" {usage.answer_tokens} written")  # fmt: skip


def drafted(composer: LlamaComposer, request: Request) -> Draft:
    *_, draft = composer.stream(request)
    assert isinstance(draft, Draft)
    return draft


def median(values: list[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    main()
