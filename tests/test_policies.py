"""What becomes of a sentence that its source does not support: withheld, marked, or told of."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from medrag import Engine
from medrag.answering import MARKS, Checker, shows
from medrag.render import show_answer
from medrag.types import Answer, Draft, Usage

QUESTION = "At what eGFR should metformin be stopped?"
RIGHT = "Metformin is stopped when eGFR is below 30 mL/min/1.73 m2. [1]"
WRONG = "Metformin is stopped when eGFR is below 60 mL/min/1.73 m2. [1]"
ALONE = "Metformin is a fine drug for everybody."


def answered(engine: Engine, policy: str, *lines: str) -> Answer:
    prompt = engine.prompt(QUESTION)[0]
    checker: Checker = replace(engine._checker(), policy=policy)
    checked = checker.check(Draft("\n".join(lines)), prompt)
    shown = [claim for claim in checked if shows(claim, policy, verbatim=False)]
    withheld = [claim for claim in checked if claim not in shown]
    return checker.answer(prompt, shown, withheld, generator="scripted", usage=Usage())


def screen(answer: Answer) -> str:
    out = io.StringIO()
    show_answer(Console(file=out, width=200), answer)
    return out.getvalue()


def test_strict_withholds(engine: Engine) -> None:
    answer = answered(engine, "strict", RIGHT, WRONG, ALONE)
    assert answer.text == RIGHT
    assert [claim.verdict.label for claim in answer.withheld] == ["contradicted", "uncited"]


def test_annotate_shows_and_warns_in_words(engine: Engine) -> None:
    answer = answered(engine, "annotate", RIGHT, WRONG, ALONE)
    lines = answer.text.split("\n")
    assert lines[0] == RIGHT
    assert lines[1] == f"{WRONG} ({MARKS['contradicted']})"
    assert lines[2] == f"{ALONE} ({MARKS['uncited']})"
    assert not answer.withheld
    for claim in answer.claims:
        assert answer.text[claim.claim.start : claim.claim.end] == claim.text
    assert any("CONTRADICTED" in warning for warning in answer.warnings)
    seen = screen(answer)
    assert "CONTRADICTED by its source - do not rely on it" in seen and "cites no source" in seen


def test_report_leaves_the_text_and_tells_of_it(engine: Engine) -> None:
    answer = answered(engine, "report", RIGHT, WRONG)
    assert answer.text == f"{RIGHT}\n{WRONG}"
    assert [claim.verdict.label for claim in answer.claims] == ["supported", "contradicted"]
    assert any("1 of 2 sentence(s)" in warning for warning in answer.warnings)


@pytest.mark.parametrize("policy", ["strict", "annotate", "report"])
def test_what_is_supported_is_the_same_under_each(engine: Engine, policy: str) -> None:
    assert answered(engine, policy, RIGHT).text == RIGHT


def test_the_stricter_look_can_be_left_out(engine: Engine) -> None:
    moved = "The limit for stopping metformin is an eGFR below 45. [2]"
    prompt = engine.prompt(QUESTION)[0]
    strict = engine._checker()
    [looked] = strict.check(Draft(moved), prompt)
    [plain] = replace(strict, strict_look=False).check(Draft(moved), prompt)
    assert looked.verdict.label != "supported"
    assert looked.verdict.problems != plain.verdict.problems or plain.verdict == looked.verdict
