"""What each threshold would show as supported: as numbers, and drawn without any library."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from medrag.errors import ReadError
from medrag.types import Verdict

_STEPS = 100
_WIDTH, _HEIGHT, _EDGE = 640, 400, 48
_COLOURS = {"supported": "#1b7837", "neutral": "#b8860b", "refuted": "#b2182b"}


@dataclass(frozen=True, slots=True)
class Point:
    """At a ``threshold`` (0..1) of the score: the share (0..1) of the claims of each gold label
    that are shown as supported; None for a label that the set does not have."""

    threshold: float
    supported: float | None
    neutral: float | None
    refuted: float | None


def curve_of(gold: Sequence[str], verdicts: Sequence[Verdict]) -> list[Point]:
    """From threshold 0 to 1 in steps of a hundredth. What a rule forbids has a score next to 0
    and is shown by no threshold that anybody would choose."""
    scores: dict[str, list[float]] = {label: [] for label in _COLOURS}
    for label, verdict in zip(gold, verdicts, strict=True):
        scores[label].append(verdict.score)
    points = []
    for step in range(_STEPS + 1):
        threshold = step / _STEPS
        shares = {label: _share(found, threshold) for label, found in scores.items()}
        points.append(Point(threshold, shares["supported"], shares["neutral"], shares["refuted"]))
    return points


def write_curve(path: Path, points: Sequence[Point], chosen: float | None = None) -> None:
    """Write the curve as SVG or JSON, by the file's ending; ``chosen`` is marked in the drawing.

    Raises:
        ReadError: the ending is neither, or the file cannot be written.
    """
    if path.suffix == ".json":
        text = json.dumps([asdict(point) for point in points], indent=1) + "\n"
    elif path.suffix == ".svg":
        text = _svg(points, chosen)
    else:
        raise ReadError(f"{path} ends in neither .svg nor .json.", "Choose one of the two.")
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ReadError(f"{path} cannot be written ({error.strerror}).", "Check it.") from error


def _share(scores: Sequence[float], threshold: float) -> float | None:
    if not scores:
        return None
    return round(sum(score >= threshold for score in scores) / len(scores), 4)


def _svg(points: Sequence[Point], chosen: float | None) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for tenth in range(0, 11, 2):
        share = tenth / 10
        parts.append(
            f'<path d="M{_x(0):.1f} {_y(share):.1f}H{_x(1):.1f}" stroke="#ddd"/>'
            f'<text x="{_EDGE - 8}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.1f}</text>'
            f'<text x="{_x(share):.1f}" y="{_HEIGHT - _EDGE + 18}" text-anchor="middle">'
            f"{share:.1f}</text>"
        )
    if chosen is not None:
        parts.append(
            f'<path d="M{_x(chosen):.1f} {_y(0):.1f}V{_y(1):.1f}" stroke="#555" '
            'stroke-dasharray="4 3"/>'
        )
    for row, (label, colour) in enumerate(_COLOURS.items()):
        shares = [(point.threshold, getattr(point, label)) for point in points]
        line = " ".join(
            f"{_x(at):.1f},{_y(share):.1f}" for at, share in shares if share is not None
        )
        if line:
            parts.append(
                f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
            )
            parts.append(
                f'<text x="{_WIDTH - _EDGE - 4}" y="{_EDGE + 16 * row}" text-anchor="end" '
                f'fill="{colour}">{label}</text>'
            )
    parts.append(
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 8}" text-anchor="middle">threshold of the score'
        '</text><text x="14" y="20">share shown as supported</text></svg>'
    )
    return "\n".join(parts) + "\n"


def _x(value: float) -> float:
    return _EDGE + value * (_WIDTH - 2 * _EDGE)


def _y(share: float) -> float:
    return _HEIGHT - _EDGE - share * (_HEIGHT - 2 * _EDGE)
