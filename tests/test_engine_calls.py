"""What an engine is given that it cannot take, and what a closed one is asked: one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medrag import Engine
from medrag.errors import LibraryError, MedragError, TooLarge, UsageError
from medrag.finder import QUESTION_LIMIT

QUESTION = "At what eGFR should metformin be stopped?"
NO_QUESTIONS = {
    "a number": 5,
    "nothing": None,
    "bytes": b"metformin",
    "a list": ["metformin"],
    "half a character": "\x00\ud800",
    "a million letters": "x" * 1_000_000,
    "a million letters in words": "dose " * 200_000,
}


def says_in_a_line(error: MedragError) -> bool:
    return bool(error.message and error.remedy) and "\n" not in str(error) and len(str(error)) < 200


@pytest.mark.parametrize("given", NO_QUESTIONS.values(), ids=NO_QUESTIONS)
def test_what_is_no_question_is_refused(engine: Engine, given: object) -> None:
    for call in (engine.ask, engine.search, lambda text: list(engine.ask_stream(text))):
        with pytest.raises(UsageError) as refused:
            call(given)  # type: ignore[operator]
        assert says_in_a_line(refused.value)


def test_an_empty_question_is_refused_and_an_empty_search_finds_nothing(engine: Engine) -> None:
    for empty in ("", " \n"):
        with pytest.raises(UsageError, match="empty"):
            engine.ask(empty)
        assert engine.search(empty) == []


def test_a_question_may_be_a_long_story(engine: Engine) -> None:
    story = f"{'He was well until today. ' * 700}{QUESTION}"
    assert engine.search(story[-QUESTION_LIMIT:], 1)
    with pytest.raises(TooLarge, match="20,001 characters"):
        engine.search("x" * (QUESTION_LIMIT + 1))


@pytest.mark.parametrize(
    "given",
    [5, None, "Give 5 mg.", b"x", ["Give 5 mg."], [("Give 5 mg.",)], [("Give 5 mg.", None)],
     [(5, "Give 5 mg.")], [("a", "b"), ("a", "b", "c")]],
    ids=str,
)  # fmt: skip
def test_what_is_no_claim_with_evidence_is_refused(engine: Engine, given: object) -> None:
    with pytest.raises(UsageError, match="pair of strings") as refused:
        engine.verify(given)  # type: ignore[arg-type]
    assert says_in_a_line(refused.value)


def test_pairs_may_come_one_by_one(engine: Engine) -> None:
    pairs = (("Give 5 mg.", evidence) for evidence in ("Give 5 mg.", "Give 50 mg."))
    assert [verdict.label == "supported" for verdict in engine.verify(pairs)] == [True, False]
    assert engine.verify([]) == []


CALLS: dict[str, Callable[[Engine], object]] = {
    "ask": lambda engine: engine.ask(QUESTION),
    "ask_stream": lambda engine: engine.ask_stream(QUESTION),
    "search": lambda engine: engine.search(QUESTION),
    "verify": lambda engine: engine.verify([("Give 5 mg.", "Give 5 mg.")]),
    "find": lambda engine: engine.find(QUESTION),
    "documents": lambda engine: engine.documents(),
    "collections": lambda engine: engine.collections(),
    "ingest": lambda engine: engine.ingest("."),
    "remove": lambda engine: engine.remove("a"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_closed_engine_does_nothing_any_more(
    samples: Path, call: Callable[[Engine], object]
) -> None:
    with Engine.open(samples, offline=False) as engine:
        assert engine.search(QUESTION, 1)
    with pytest.raises(LibraryError, match="closed") as refused:
        call(engine)
    assert says_in_a_line(refused.value)
    engine.close()


def test_the_rest_of_a_stream_is_not_given_by_a_closed_engine(samples: Path) -> None:
    engine = Engine.open(samples, offline=False)
    events = engine.ask_stream(QUESTION)
    engine.close()
    assert list(events) == []


def test_a_sibling_goes_on_when_another_is_closed(samples: Path) -> None:
    engine = Engine.open(samples, offline=False)
    with engine.sibling() as other:
        engine.close()
        assert other.ask(QUESTION).text
    with pytest.raises(LibraryError, match="closed"):
        other.ask(QUESTION)
