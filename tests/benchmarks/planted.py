"""Planted errors: of 2,000 sentences from passages kept out of training, half altered in one
clinical detail, how many altered ones are not called supported, and how many faithful ones are.

MEDRAG_BENCH_PLANTED=dev takes the documents for development instead of those for the one test,
MEDRAG_BENCH_JUDGE another judge than the default.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from medrag import Engine
from medrag.config import Settings
from medrag.types import Verdict
from training.pairs import SUPPORTED, Pair, Part
from training.planted import FAITHFUL, FURTHER, NAMED, planted
from training.planted.text import passages

DATA = Path("../shared/data")
SENTENCES, SEED = 2000, 20
ALTERED_TARGET, FAITHFUL_TARGET = 0.97, 0.95
# In a thousand altered sentences: 81 of each kind that has a target, a few of each of the others.
WEIGHTS = {
    **dict.fromkeys(NAMED, 81), **dict.fromkeys(FURTHER, 5), "roles": 6, "order": 6, "group": 6,
    **dict.fromkeys(FAITHFUL, 2), "faithful:verbatim": 4, "faithful:shortened": 4,
    "faithful:reworded": 4, "faithful:part": 1, "faithful:voice": 1,
}  # fmt: skip


def sentences(part: Part, data: Path = DATA) -> list[Pair]:
    """The 2,000 sentences with their evidence, always the same ones for a part."""
    return list(planted(passages(data, part), SEED, limit=SENTENCES, weights=WEIGHTS))


def table(pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> list[str]:
    """Lines: kind, number, share that is right (altered: not supported; faithful: supported)."""
    right: dict[str, list[bool]] = defaultdict(list)
    for pair, verdict in zip(pairs, verdicts, strict=True):
        faithful = pair.label == SUPPORTED
        good = (verdict.label == "supported") == faithful
        right[pair.kind].append(good)
        right["all faithful" if faithful else "all altered"].append(good)
    order = (*NAMED, *FURTHER, "all altered", *FAITHFUL, "all faithful")
    return [
        f"  {kind:22} {len(right[kind]):5} {100 * sum(right[kind]) / len(right[kind]):6.1f}%"
        for kind in order
        if right[kind]
    ]


def main() -> None:
    if not DATA.is_dir():
        print(f"skipped: {DATA} is not here")
        return
    part = os.environ.get("MEDRAG_BENCH_PLANTED", "test")
    if part not in ("dev", "test"):
        raise SystemExit("MEDRAG_BENCH_PLANTED is dev or test")
    pairs = sentences(cast(Part, part))
    settings = Settings(judge=os.environ.get("MEDRAG_BENCH_JUDGE", Settings().judge))
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine.open(Path(folder), settings=settings) as engine,
    ):
        started = time.perf_counter()
        verdicts = engine.verify([(pair.first, pair.second) for pair in pairs])
        seconds = time.perf_counter() - started
        print(f"part {part}, judge {engine.judge.name}, {len(pairs) / seconds:.0f} pairs/s")
    print("\n".join(table(pairs, verdicts)))
    print(f"  targets: altered not supported {ALTERED_TARGET:.0%}, faithful {FAITHFUL_TARGET:.0%}")


if __name__ == "__main__":
    main()
