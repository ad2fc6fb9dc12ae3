"""Whether the library can answer: more that speaks for an answer never makes it less certain, and
only the reranker that the weights were fitted with has a say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import medrag.answerability as fitted
from medrag.answerability import Found, answerability, at_most, features, settled
from medrag.config import load_settings
from medrag.engine import Engine
from medrag.types import Chunk, DocumentInfo, Meta, Passage, QuestionTerms, Reading

SHARE = st.floats(0, 1)


@pytest.fixture(autouse=True, scope="module")
def weighty() -> Iterator[None]:
    """A weight of the reranker that counts, whatever the fit says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fitted._FITTED, 4, (6.0, 0.7, -2.0, 0.8, -4.4))
        patch.setitem(fitted._FITTED, 5, (6.0, 0.7, -2.0, 0.4, 0.4, -4.4))
        yield


LOGIT = st.floats(-20, 20)


def found(
    similarity: float, coverage: float, relevance: float | None, *, unknown: bool = False,
    calibrated: bool = True, question: str = "q",
) -> Found:  # fmt: skip
    info = DocumentInfo("d", "t.txt", "T", Meta(), 0, 1)
    one = Passage(
        Chunk("d:0", "d", 0, 0, 4, "text"), info, (), None, 0.5,
        similarity=similarity, coverage=coverage, relevance=relevance,
    )  # fmt: skip
    terms = QuestionTerms({"text": 1.0}, ("vericiguat",) if unknown else ())
    return Found(terms, (one,), (one,), Reading(question, question), calibrated)


@given(SHARE, SHARE, LOGIT, SHARE, LOGIT)
def test_what_speaks_for_an_answer_makes_it_no_less_certain(
    similarity: float, coverage: float, relevance: float, more: float, surer: float
) -> None:
    base = answerability(found(similarity, coverage, relevance))
    assert 0.0 <= base <= 1.0
    assert answerability(found(max(similarity, more), coverage, relevance)) >= base
    assert answerability(found(similarity, max(coverage, more), relevance)) >= base
    assert answerability(found(similarity, coverage, max(relevance, surer))) >= base
    assert answerability(found(similarity, coverage, relevance, unknown=True)) <= base


@given(SHARE, SHARE, LOGIT, LOGIT)
def test_another_reranker_has_no_say(
    similarity: float, coverage: float, one: float, other: float
) -> None:
    first = found(similarity, coverage, one, calibrated=False)
    assert answerability(first) == answerability(
        found(similarity, coverage, other, calibrated=False)
    )
    assert len(features(first)) == 3


@given(SHARE, SHARE)
def test_what_was_not_read_says_nothing(similarity: float, coverage: float) -> None:
    unread = found(similarity, coverage, None)
    assert answerability(unread) == answerability(found(similarity, coverage, 5, calibrated=False))


def test_a_single_passage_is_read(folder: Path, tmp_path: Path) -> None:
    (folder / "one.txt").write_text("Give gentamicin 5 mg/kg once daily.", "utf-8")
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(folder)
        alone = engine.find("What is the dose of gentamicin?")
        assert len(alone.passages) == 1 and len(features(alone)) == 4
        assert not engine.ask("What is the dose of gentamicin?").abstained


def test_nothing_found_is_no_answer() -> None:
    assert answerability(Found(QuestionTerms({}), (), (), Reading("q", "q"), True)) == 0.0


def test_the_engine_tells_which_reranker_has_read(samples: Path) -> None:
    question = "What is the dose of gentamicin?"
    with Engine.open(samples) as engine:
        by_default = engine.find(question)
    with Engine.open(samples, settings=replace(load_settings(None), rerank=False)) as engine:
        without = engine.find(question)
    assert by_default.calibrated and by_default.passages[0].relevance is not None
    assert not without.calibrated and without.passages[0].relevance is None
    assert [p.chunk.id for p in by_default.arms] == [p.chunk.id for p in without.arms]


@given(SHARE, SHARE, LOGIT, SHARE, SHARE)
def test_a_sentence_that_answers_makes_it_no_less_certain(
    similarity: float, coverage: float, relevance: float, one: float, other: float
) -> None:
    base = found(similarity, coverage, relevance)
    low, high = sorted((one, other))
    assert 0.0 <= settled(base, low) <= settled(base, high) <= at_most(base) <= 1.0
    assert settled(base, None) == answerability(base)


@given(SHARE, SHARE, LOGIT)
def test_where_no_sentence_answers_there_is_no_answer(
    similarity: float, coverage: float, relevance: float
) -> None:
    assert settled(found(similarity, coverage, relevance), 0.001) <= 0.001


@given(LOGIT)
def test_a_drug_for_what_stands_nowhere_has_no_answer(relevance: float) -> None:
    """The model does not know that no document speaks of restless legs."""
    asked = "How much gabapentin for restless legs?"
    base = found(0.5, 0.25, relevance, unknown=True, question=asked)
    assert at_most(base) < 0.2
    known = found(0.7, 1.0, 8.0, question="How much gabapentin for sciatica?")
    assert settled(known, 0.9) > 0.6


def test_another_reranker_has_no_say_of_sentences() -> None:
    base = found(0.8, 0.9, 5.0, calibrated=False)
    assert settled(base, 0.0) == settled(base, 1.0) == answerability(base)
