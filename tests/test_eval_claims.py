"""eval claims: what is measured is what was judged, and the curve is what thresholds would show."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.engine import Engine
from medrag.errors import ReadError
from medrag.evaluate.claims import evaluate_claims, judge_claims, likeliest, measured
from medrag.evaluate.curve import curve_of, write_curve
from medrag.evaluate.measures import calibration_error, reliability
from medrag.types import Verdict

SURE = Verdict("supported", 0.9, (0.9, 0.08, 0.02))
VETOED = Verdict("unsupported", 0.05, (0.9, 0.08, 0.02))
AGAINST = Verdict("contradicted", 0.1, (0.1, 0.2, 0.7))
SILENT = Verdict("unsupported", 0.2, (0.2, 0.7, 0.1))


class Told:
    """An engine whose verdict on a claim is written in the claim."""

    name = "told"
    threshold = 0.8

    def __init__(self) -> None:
        self.judge = self

    def verify(self, pairs: Iterable[tuple[str, str]]) -> list[Verdict]:
        known = {"sure": SURE, "vetoed": VETOED, "against": AGAINST, "silent": SILENT}
        return [known[evidence] for _, evidence in pairs]


def rows_in(folder: Path, *rows: tuple[str, str] | tuple[str, str, str]) -> Path:
    path = folder / "claims.jsonl"
    lines: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        group = {"group": row[2]} if len(row) == 3 else {}
        lines.append({"id": number, "claim": "x", "evidence": row[0], "label": row[1], **group})
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def told() -> Engine:
    return cast("Engine", Told())


def test_the_likeliest_and_the_label_are_measured_apart(tmp_path: Path) -> None:
    file = rows_in(
        tmp_path, ("sure", "supported"), ("vetoed", "supported"), ("against", "refuted"),
        ("silent", "neutral"), ("vetoed", "refuted"),
    )  # fmt: skip
    report = evaluate_claims(file, None, told())
    assert report["confusion"]["supported"] == {"supported": 2, "neutral": 0, "refuted": 0}
    assert report["confusion"]["refuted"] == {"supported": 1, "neutral": 0, "refuted": 1}
    assert report["accuracy"] == 0.8
    # A rule keeps one right and one wrong sentence from being shown.
    assert report["shown"] == {"supported": 0.5, "neutral": 0.0, "refuted": 0.0}
    assert report["macro_f1"] == pytest.approx((4 / 5 + 1 + 2 / 3) / 3, abs=1e-4)
    assert report["macro_f1_label"] == pytest.approx((2 / 3 + 1 / 2 + 2 / 3) / 3, abs=1e-4)
    assert report["judge"] == "told" and report["threshold"] == 0.8


def test_rows_of_a_group_are_one_claim(tmp_path: Path) -> None:
    file = rows_in(
        tmp_path, ("silent", "supported", "a"), ("sure", "supported", "a"),
        ("silent", "neutral", "b"), ("against", "neutral", "b"), ("sure", "supported"),
    )  # fmt: skip
    report = judge_claims(file, None, told(), group=True)
    assert report.report["rows"] == 3
    assert [verdict.label for verdict in report.verdicts] == [
        "supported", "unsupported", "supported",
    ]  # fmt: skip
    assert report.report["macro_f1"] == 1.0


def test_a_split_that_is_not_there_and_a_label_that_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_text('{"claim": "x", "evidence": "sure", "label": "maybe", "split": "dev"}')
    with pytest.raises(ReadError, match="no row of split"):
        evaluate_claims(path, "test", told())
    with pytest.raises(ReadError, match="maybe"):
        evaluate_claims(path, "dev", told())


def test_of_equal_probabilities_the_cautious_label_is_taken() -> None:
    assert likeliest(Verdict("partial", 0.4, (0.4, 0.4, 0.2))) == "neutral"
    assert likeliest(Verdict("partial", 0.4, (0.4, 0.2, 0.4))) == "refuted"


def test_the_report_is_json() -> None:
    json.dumps(measured(["supported", "neutral"], [SURE, SILENT]), allow_nan=False)


def test_calibration_by_hand() -> None:
    # Two of four are right at confidence 0.9: off by 0.4; both at 0.1 are wrong: off by 0.1.
    sure, unsure = [0.9] * 4, [0.1] * 2
    right = [True, True, False, False]
    assert calibration_error(sure, right) == pytest.approx(0.4)
    assert calibration_error(sure + unsure, right + [False] * 2) == pytest.approx(1.8 / 6)
    assert math.isnan(calibration_error([], []))
    bins = reliability([0.0, 1.0], [False, True], 10)
    assert (bins[0].rows, bins[-1].rows, sum(one.rows for one in bins)) == (1, 1, 2)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_calibration_error_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    confidences, right = [c for c, _ in pairs], [r for _, r in pairs]
    assert 0 <= calibration_error(confidences, right) <= 1
    assert sum(one.rows for one in reliability(confidences, right)) == len(pairs)


@given(st.lists(st.tuples(st.sampled_from(["supported", "neutral", "refuted"]), st.floats(0, 1))))
def test_a_higher_threshold_never_shows_more(rows: list[tuple[str, float]]) -> None:
    verdicts = [Verdict("partial", score, (score, 1 - score, 0.0)) for _, score in rows]
    points = curve_of([label for label, _ in rows], verdicts)
    assert [point.threshold for point in points] == [step / 100 for step in range(101)]
    for lower, higher in pairwise(points):
        for label in ("supported", "neutral", "refuted"):
            one, other = getattr(lower, label), getattr(higher, label)
            assert (one is None) == (other is None)
            assert one is None or one >= other


def test_the_curve_is_drawn_or_listed(tmp_path: Path) -> None:
    points = curve_of(["supported", "refuted"], [SURE, AGAINST])
    assert points[50].supported == 1.0 and points[50].refuted == 0.0
    assert points[50].neutral is None
    write_curve(tmp_path / "c.json", points)
    assert json.loads((tmp_path / "c.json").read_text())[50]["supported"] == 1.0
    write_curve(tmp_path / "c.svg", points, 0.8)
    drawn = (tmp_path / "c.svg").read_text()
    assert drawn.count("<polyline") == 2 and "stroke-dasharray" in drawn
    from lxml import etree

    etree.fromstring(drawn.encode())
    with pytest.raises(ReadError, match="neither"):
        write_curve(tmp_path / "c.png", points)
    with pytest.raises(ReadError, match="written"):
        write_curve(tmp_path / "none" / "c.svg", points)


def test_the_command_takes_a_judge_and_draws(tmp_path: Path) -> None:
    evidence = "Give amoxicillin 500 mg three times a day."
    rows = [(evidence, "supported"), (evidence.replace("500", "250"), "refuted")]
    file = tmp_path / "claims.jsonl"
    file.write_text(
        "\n".join(json.dumps({"claim": c, "evidence": evidence, "label": x}) for c, x in rows)
    )
    drawn = tmp_path / "curve.svg"
    words = ["eval", "claims", str(file), "--judge", "rules", "--curve", str(drawn)]
    # A process of its own: the command's guard stays up until its process ends.
    done = subprocess.run(
        [sys.executable, "-m", "medrag", *words, "--library", str(tmp_path / "library")],
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert report["shown"] == {"supported": 1.0, "neutral": None, "refuted": 0.0}
    assert report["macro_f1"] == 1.0
    assert drawn.read_text().startswith("<svg")
