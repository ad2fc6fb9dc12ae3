"""Questions as they are asked on wards, put to small hospital libraries: how many get the line that
decides them, how many another, how many silence.

python -m tests.benchmarks.ward_questions [NAME ...]
Without names: the libraries of ``training/written/libraries`` that neither train nor fit.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from medrag import Engine
from medrag.text import sentences
from training.libraries import MEASURED, Shelf, holds, shelves


def counts(shelf: Shelf) -> Counter[str]:
    """How the questions of a library end. "found" counts those that it answers whose deciding line
    is in one of the passages that were found; "right", "other" and "silent" divide these questions,
    "kept silent" and "answered" those that it does not answer."""
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place, Engine.open(Path(place) / "library") as engine:
        engine.ingest(shelf.documents)
        for put in shelf.questions:
            answer = engine.ask(put.text)
            if put.decides is None:
                ends["kept silent" if answer.abstained else "answered"] += 1
                continue
            passages = engine.find(put.text).passages
            ends["found"] += any(holds(one.chunk.text, put.decides) for one in passages)
            right = not answer.abstained and _says(answer.text, put.decides)
            ends["right" if right else "silent" if answer.abstained else "other"] += 1
    return ends


def _says(answer: str, decides: str) -> bool:
    """Whether a line of an answer says what decides, or lines of it say its sentences."""
    parts = [decides[start:end] for start, end in sentences(decides)]
    return holds(answer, decides) or all(holds(answer, part) for part in parts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the shares, library by library and of all."""
    names = frozenset(sys.argv[1:] if arguments is None else arguments) & {
        shelf.name for shelf in shelves()
    }
    total: Counter[str] = Counter()
    for shelf in shelves():
        if shelf.name in (names or MEASURED):
            ends = counts(shelf)
            total += ends
            _say(shelf.name, ends)
    _say("all", total)


def _say(name: str, ends: Counter[str]) -> None:
    asked = ends["right"] + ends["other"] + ends["silent"]
    without = ends["kept silent"] + ends["answered"]
    shares = ", ".join(f"{end} {ends[end] / asked:.1%}" for end in ("right", "other", "silent"))
    found, silent = ends["found"] / asked, ends["kept silent"] / without
    print(
        f"{name}: of {asked} that it answers {shares} (in the passages {found:.1%}); of {without}"
        f" that it does not, silent {silent:.1%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
