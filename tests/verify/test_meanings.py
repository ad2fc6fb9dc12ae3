"""Hand-made pairs by kind of meaning: who does what to whom, whose value, under what condition.

``meanings.json`` was at hand while the rules were written; ``meanings_unseen.json`` was written
before and scored only afterwards, so its share is the one that tells something.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag.verify import RuleJudge, problems_of
from medrag.verify.phrases import plain

HERE = Path(__file__).parent
SEEN, UNSEEN = HERE / "meanings.json", HERE / "meanings_unseen.json"
Row = tuple[str, str, str]  # kind, claim, evidence


def _rows(path: Path, verdict: str) -> Iterator[Row]:
    for kind, entries in json.loads(path.read_text(encoding="utf-8")).items():
        for entry in entries:
            for claim in entry[verdict]:
                yield kind, claim, entry["evidence"]


def _supported(rows: list[Row]) -> list[Row]:
    verdicts = RuleJudge().judge([(claim, evidence) for _, claim, evidence in rows])
    return [row for row, v in zip(rows, verdicts, strict=True) if v.label == "supported"]


@pytest.mark.parametrize(
    ("path", "passed", "let_through"), [(SEEN, 0.97, 0.0), (UNSEEN, 0.93, 0.07)]
)
def test_meanings(path: Path, passed: float, let_through: float) -> None:
    true, wrong = list(_rows(path, "true")), list(_rows(path, "wrong"))
    assert len(_supported(true)) >= passed * len(true)
    assert len(_supported(wrong)) <= let_through * len(wrong)


@pytest.mark.parametrize(
    ("claim", "evidence", "kind"),
    [
        ("Obesity is caused by gout.", "Obesity causes gout.", "swapped"),
        ("Children receive 4 g.", "Adults receive 4 g and children 1 g.", "misbound"),
        ("The dose fell by 5 mg.", "The dose fell to 5 mg.", "change_differs"),
        ("Give ibuprofen 0.4 mg.", "Give ibuprofen 400 mg.", "quantity_differs"),
        ("Give ibuprofen 400 mg.", "Give ibuprofen.", "quantity_missing"),
        ("Wait at least 3 days.", "Wait 3 days.", "comparator_differs"),
        ("All patients recover.", "Some patients recover.", "quantifier_differs"),
        ("Sepsis with treatment is fatal.", "Sepsis without treatment is fatal.",
         "condition_differs"),
        ("Temocillin is weak.", "Every penicillin except temocillin is weak.", "exception_differs"),
        ("The drug was given intrathecally.", "The drug was given intrathecally in error.",
         "context_dropped"),
    ],
)  # fmt: skip
def test_a_hard_problem_is_named(claim: str, evidence: str, kind: str) -> None:
    found = {problem.kind: problem for problem in problems_of(claim, evidence)}
    assert kind in found
    assert found[kind].hard


def test_a_soft_problem_can_be_overruled() -> None:
    found = problems_of("Azithromycin prolongs the QT interval.",
                        "Azithromycin may prolong the QT interval.")  # fmt: skip
    assert [(problem.kind, problem.hard) for problem in found] == [("modality_differs", False)]


def test_what_is_found_among_other_words_is_weak() -> None:
    evidence = "Serum ferritin was not related to the season in which the sample was taken."
    found = problems_of("Ferritin below 30 µg/L indicates iron deficiency in adults.", evidence)
    assert any(problem.kind == "quantity_missing" and problem.hard for problem in found)
    assert all(problem.weak for problem in found if problem.kind == "population_missing")


def test_no_problem_is_supported() -> None:
    for _, claim, evidence in _rows(SEEN, "true"):
        verdict = RuleJudge().judge([(claim, evidence)])[0]
        assert (verdict.label == "supported") == (not problems_of(claim, evidence))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from("high blood pressure heart attack is not unsafe e.g. İ 5 mg , "
                                "do more than Tylenol from age 2 years".split(" "))))  # fmt: skip
def test_plain_text_stays_plain(words: list[str]) -> None:
    once = plain(" ".join(words))
    assert plain(once) == once


def test_long_text_costs_little() -> None:
    text = "Rifampicin lowers warfarin if stopped before surgery, except in children, "
    start = time.process_time()
    problems_of(text * 60, text * 300)
    problems_of(text, "from A to B rather than C and/or D " * 400)
    assert time.process_time() - start < 4.0
