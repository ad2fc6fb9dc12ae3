"""What the slow measurements around the judge count, on cases that can be worked out by hand."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.evaluate.measures import calibration_error, reliability
from medrag.types import Verdict
from medrag.verify.learned import LearnedJudge
from tests.benchmarks import __main__ as bench
from tests.benchmarks import answers_covered, calibration, judge_speed
from tests.benchmarks.answers_covered import (
    common_subsequence,
    entailed,
    ideal_sentences,
    read_questions,
    rouge_l_recall,
)

LETTERS = st.lists(st.sampled_from("abc"), max_size=7)


def longest_by_trying(one: Sequence[str], other: Sequence[str]) -> int:
    """The same as ``common_subsequence``, by trying all of them."""

    def has(pick: Sequence[str]) -> bool:
        rest = iter(other)
        return all(letter in rest for letter in pick)

    return next(n for n in range(len(one), -1, -1) if any(map(has, combinations(one, n))))


@given(LETTERS, LETTERS)
def test_the_longest_common_subsequence_is_the_longest(one: list[str], other: list[str]) -> None:
    assert common_subsequence(one, other) == longest_by_trying(one, other)
    assert common_subsequence(one, other) == common_subsequence(other, one)


def test_rouge_l_counts_content_words_in_order() -> None:
    ideal = "Metformin lowers blood glucose."
    assert rouge_l_recall(ideal, ideal) == 1
    assert rouge_l_recall(ideal, "In adults, metformin has lowered the blood glucose a lot.") == 1
    # Of four words, in the other order only two can be had.
    assert rouge_l_recall(ideal, "Blood glucose: metformin lowers it.") == 0.5
    assert rouge_l_recall(ideal, "Aspirin prevents stroke.") == 0
    assert rouge_l_recall(ideal, "") == 0
    assert rouge_l_recall("It is so.", ideal) == 0


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_saying_more_never_covers_less(ideal: str, answer: str, more: str) -> None:
    before = rouge_l_recall(ideal, answer)
    assert 0 <= before <= rouge_l_recall(ideal, f"{answer}\n{more}") <= 1


def test_an_ideal_answer_loses_its_yes() -> None:
    said = "Yes, casimersen is effective in Duchenne muscular dystrophy. See above."
    assert ideal_sentences(said) == ["casimersen is effective in Duchenne muscular dystrophy."]
    assert ideal_sentences("No.") == []
    assert ideal_sentences("Notable effects of warfarin are bleeding and skin necrosis.")


class Halving:
    """Holds supported, to 0.5, whatever shares its first word with the source."""

    name = "halving"

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        shares = [0.5 if claim.split()[0] in text else 0.0 for claim, text in pairs]
        return [Verdict("unsupported", p, (p, 1 - p, 0.0)) for p in shares]


def test_the_entailed_share_goes_by_the_threshold() -> None:
    ideal = "Metformin lowers blood glucose. Warfarin thins the blood strongly."
    assert entailed(Halving(0.5), ideal, "Metformin is given first.") == 0.5
    assert entailed(Halving(0.6), ideal, "Metformin is given first.") == 0
    assert entailed(Halving(0.0), ideal, "") == 0


def test_ideal_answers_are_those_given_or_the_page(tmp_path: Path) -> None:
    page = "Gout is treated with colchicine tablets.\n" + "word " * 300
    rows = {
        "corpus.jsonl": [{"_id": "d1", "title": "Gout", "text": page}],
        "queries.jsonl": [
            {"_id": "q1", "text": "What treats gout?", "split": "dev", "metadata": {}},
            {"_id": "q2", "text": "Gout?", "split": "dev",
             "metadata": {"ideal_answer": ["Yes.", "Colchicine treats acute gout."]}},
            {"_id": "q3", "text": "Kept back?", "split": "test", "metadata": {}},
        ],
    }  # fmt: skip
    for name, lines in rows.items():
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "qrels.tsv").write_text("query\tdoc\tscore\nq1\td1\t1\nq2\td1\t1\nq3\td1\t1\n")
    found = {one.text: one.ideals for one in read_questions(tmp_path, "dev", 9)}
    assert set(found) == {"What treats gout?", "Gout?"}
    [first] = found["What treats gout?"]
    assert len(first.split()) == 150 and first.startswith("Gout is treated with colchicine")
    assert found["Gout?"] == ("Colchicine treats acute gout.",)
    assert read_questions(tmp_path, "dev", 1) == read_questions(tmp_path, "dev", 1)


def test_the_reliability_plot_shows_its_errors() -> None:
    given, right = [0.95] * 8 + [0.55] * 4, [True] * 8 + [True, True, False, False]
    error = calibration_error(given, right, 15)
    drawn = calibration.plot([("<set> dev", reliability(given, right, 15), error)])
    root = ElementTree.fromstring(drawn)
    texts = ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("text")]
    assert f"<set> dev: ECE {error:.3f}" in texts
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    assert len(circles) == 2
    # The surer bin lies higher and further right, and holds more rows.
    low, high = circles
    assert float(high.attrib["cx"]) > float(low.attrib["cx"])
    assert float(high.attrib["cy"]) < float(low.attrib["cy"])
    assert float(high.attrib["r"]) > float(low.attrib["r"])


class Unsure:
    name = "unsure"

    def claims(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        return np.zeros((len(pairs), 3), dtype=np.float32)


def test_the_encoder_has_to_read_what_its_speed_is_measured_on() -> None:
    judge = LearnedJudge(Unsure())
    draw = random.Random(1)
    for source, claim in judge_speed.SAID:
        evidence = judge_speed.passage(draw, source, judge_speed.PASSAGE_WORDS)
        assert source in evidence
        assert len(evidence.split()) == judge_speed.PASSAGE_WORDS
        [weighed] = judge.weigh([(claim, evidence)])
        assert weighed.case.looks


def test_test_parts_are_measured_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[str | None] = []

    def loaded(name: str) -> SimpleNamespace:
        part = os.environ.get("MEDRAG_BENCH_PLANTED")
        return SimpleNamespace(main=lambda: parts.append(part))

    monkeypatch.setattr(bench.importlib, "import_module", loaded)
    monkeypatch.setattr(bench, "NAMES", ("planted",))
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(sys, "argv", ["benchmarks", "planted"])
    bench.main()
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    bench.main()
    monkeypatch.setattr(os, "environ", {"MEDRAG_BENCH_PLANTED": "test"})
    bench.main()
    assert parts == [None, "dev", "test"]


def test_without_sets_they_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibration, "CLAIMS", tmp_path)
    calibration.main([])
    answers_covered.main(["--data", str(tmp_path)])
    assert capsys.readouterr().out.count("skipped:") == 2
