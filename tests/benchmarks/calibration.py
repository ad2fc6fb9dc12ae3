"""Whether the judge's probabilities mean what they say: the expected calibration error over 15
bins on two sets of claims, and a reliability plot for the model card.

python -m tests.benchmarks.calibration [--plot FILE.svg] [FILE:SPLIT ...]
Without sets: splits for development of two sets that the judge is not trained on.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

from medrag import Engine
from medrag.config import Settings
from medrag.errors import ModelError
from medrag.evaluate.claims import judge_claims, likeliest
from medrag.evaluate.curve import _EDGE, _HEIGHT, _WIDTH, _x, _y
from medrag.evaluate.measures import Bin, calibration_error, reliability
from medrag.models.pair_encoder import SHIPPED, find_pair_encoder
from medrag.types import Verdict

CLAIMS = Path("../shared/data/claims")
SETS = ("healthver.jsonl:dev", "attributionbench.jsonl:dev")
BINS = 15
TARGET = 0.05
COLOURS = ("#1b7837", "#2166ac", "#b8860b", "#b2182b")
_LEAST, _LARGEST = 2.5, 9.0  # radius of a point: of one row, and of all rows
Series = list[tuple[str, list[Bin], float]]
"""For each line of the plot its name, its bins and its calibration error."""


def confidences(gold: Sequence[str], verdicts: Sequence[Verdict]) -> tuple[list[float], list[bool]]:
    """How sure the judge is of the label it holds likeliest (0..1), and whether it is right."""
    surest = [max(verdict.probabilities) for verdict in verdicts]
    return surest, [g == likeliest(v) for g, v in zip(gold, verdicts, strict=True)]


def support(gold: Sequence[str], verdicts: Sequence[Verdict]) -> tuple[list[float], list[bool]]:
    """P(supported) of each claim (0..1), and whether it is supported."""
    return [v.probabilities[0] for v in verdicts], [label == "supported" for label in gold]


def plot(series: Series) -> str:
    """The reliability plot as SVG: for each bin the share that is right over the mean confidence,
    a larger point for more rows; the diagonal is where the two are the same."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<path d="M{_x(0):.1f} {_y(0):.1f}L{_x(1):.1f} {_y(1):.1f}" stroke="#888" '
        'stroke-dasharray="4 3"/>',
    ]
    for tenth in range(0, 11, 2):
        share = tenth / 10
        parts.append(
            f'<path d="M{_x(0):.1f} {_y(share):.1f}H{_x(1):.1f}" stroke="#ddd"/>'
            f'<text x="{_EDGE - 8}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.1f}</text>'
            f'<text x="{_x(share):.1f}" y="{_HEIGHT - _EDGE + 18}" text-anchor="middle">'
            f"{share:.1f}</text>"
        )
    for number, (name, bins, error) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        parts += _line(bins, colour)
        parts.append(
            f'<text x="{_EDGE + 8}" y="{_EDGE + 8 + 16 * number}" fill="{colour}">'
            f"{escape(name)}: ECE {error:.3f}</text>"
        )
    parts.append(
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 8}" text-anchor="middle">probability given'
        '</text><text x="14" y="20">share that came true</text></svg>'
    )
    return "\n".join(parts) + "\n"


def _line(bins: Sequence[Bin], colour: str) -> list[str]:
    total = sum(one.rows for one in bins)
    held = [
        (_x(one.confidence), _y(one.right), _LEAST + _LARGEST * math.sqrt(one.rows / total))
        for one in bins
        if one.rows
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in held)
    line = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    return [line] + [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.5"/>'
        for x, y, radius in held
    ]


def measure(engine: Engine, file: Path, split: str) -> Series:
    """Print both errors of a set, and give their lines for the plot."""
    judged = judge_claims(file, split, engine)
    found: Series = []
    name = f"{file.stem} {split}"
    for kind, pick in (("likeliest label", confidences), ("supported", support)):
        given, right = pick(judged.gold, judged.verdicts)
        error = calibration_error(given, right, BINS)
        found.append((f"{name}, {kind}", reliability(given, right, BINS), error))
        print(f"  {name:24} {kind:16} {len(given):6} rows  ECE {error:.4f}"
              f"  mean confidence {sum(given) / len(given):.3f}"
              f"  came true {sum(right) / len(right):.3f}", flush=True)  # fmt: skip
    return found


def _named(text: str) -> tuple[Path, str]:
    """FILE:SPLIT; a file that is not here is looked for among the sets."""
    name, _, split = text.rpartition(":")
    if not name:
        raise SystemExit(f"{text} is not FILE:SPLIT")
    path = Path(name)
    return (path if path.is_file() else CLAIMS / name), split


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.calibration")
    parser.add_argument("sets", nargs="*", help="FILE:SPLIT, JSON Lines of claims with labels")
    parser.add_argument("--plot", type=Path, help="write the reliability plot to this SVG file")
    parser.add_argument("--judge", default=SHIPPED)
    chosen = parser.parse_args(arguments)
    sets = [_named(text) for text in chosen.sets or SETS]
    missing = [path for path, _ in sets if not path.is_file()]
    if missing:
        print(f"skipped: {missing[0]} is not here")
        return
    if chosen.judge == SHIPPED:
        try:
            find_pair_encoder(SHIPPED)
        except ModelError:
            print("skipped: the judge's weights are not in this tree")
            return
    series: Series = []
    settings = Settings(judge=chosen.judge)
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine.open(Path(folder), settings=settings) as engine,
    ):
        print(f"  judge {engine.judge.name}, {BINS} bins, target ECE below {TARGET}")
        for file, split in sets:
            series += measure(engine, file, split)
    if chosen.plot is not None:
        chosen.plot.write_text(plot(series), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
