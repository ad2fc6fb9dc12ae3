"""An engine with a real (tiny, random) language model: whatever happens to it, an answer comes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from medrag import Engine
from medrag.errors import ModelError
from medrag.events import Checked, Done, Event, Verbatim, Working
from medrag.generators.llama_cpp import LlamaComposer
from medrag.models import language, transfer
from medrag.types import Answer
from tests.tiny_gguf import write_tiny_model

QUESTION = "At what eGFR should metformin be stopped?"
MODELS = Path(os.environ["MEDRAG_HOME"]) / "models"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: Path) -> Path:
    """A home of its own with the embedding model's export and a language model, ``tiny``."""
    made = tmp_path / "home"
    (made / "models").mkdir(parents=True)
    for item in MODELS.iterdir():
        if item.name.startswith("embedding-"):
            (made / "models" / item.name).symlink_to(item)
    monkeypatch.setenv("MEDRAG_HOME", str(made))
    transfer.add(write_tiny_model(tmp_path / "tiny.gguf"), name="tiny", unverified=True)
    return made


def opened(samples: Path, **flags: Any) -> Engine:
    settings = {"generator": "tiny", "threads": 1, "thinking_tokens": 6, "mode": "quotes"}
    return Engine.open(samples, **settings | flags)


@pytest.fixture
def engine(home: Path, samples: Path) -> Iterator[Engine]:
    with opened(samples) as made:
        yield made


def worker_of(engine: Engine) -> psutil.Process:
    composer = engine.composer()
    assert isinstance(composer, LlamaComposer)
    return psutil.Process(composer.worker.pid)


def last(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Done)
    return events[-1].answer


def test_quotes_are_sentences_of_the_documents_and_stand(engine: Engine) -> None:
    seen = 0
    for question in (QUESTION, "What is the dose of amoxicillin?", "When is apixaban stopped?"):
        answer = last(list(engine.ask_stream(question)))
        for claim in answer.claims:
            evidence = claim.verdict.evidence
            assert evidence is not None
            text = engine.document(answer.sources_of(claim)[0].passage.document.id).text
            assert text[evidence.start : evidence.end] == evidence.quote
            assert claim.verdict.label == "supported"
        seen += answer.generator == "tiny"
        assert not answer.withheld
    assert seen


def test_noise_is_withheld_and_the_verbatim_answer_remains(home: Path, samples: Path) -> None:
    with opened(samples, mode="sentences") as engine:
        events = list(engine.ask_stream(QUESTION))
        answer = last(events)
        assert isinstance(events[0], Verbatim)
        assert answer.text == events[0].answer.text
        assert answer.generator == "extractive"
        assert not [event for event in events if isinstance(event, Checked) and event.shown]
        assert answer.warnings[-1].startswith("Verbatim answer only.")
        assert answer.usage.answer_tokens > 0
        assert {"retrieve", "read", "think", "write", "verify"} <= set(answer.usage.phases)


def test_the_same_question_has_the_same_answer(home: Path, samples: Path) -> None:
    answers = []
    for _ in range(2):
        with opened(samples) as engine:
            engine.ask("What is the dose of apixaban?")
            answers.append(engine.ask(QUESTION))
    assert answers[0].text == answers[1].text
    assert answers[0].fingerprint == answers[1].fingerprint


@pytest.mark.parametrize("phase", ["read", "write"])
def test_a_worker_that_is_killed_leaves_the_verbatim_answer(
    home: Path, samples: Path, phase: str
) -> None:
    # Long work, so that it is still at it when the signal comes.
    with opened(samples, mode="sentences", context=16384, answer_tokens=4000) as engine:
        engine.composer().count_tokens(["it is started"])
        worker = worker_of(engine)
        events = []
        for event in engine.ask_stream(QUESTION):
            events.append(event)
            if isinstance(event, Working) and event.piece.phase == phase:
                with suppress(psutil.NoSuchProcess):
                    worker.kill()
        answer = last(events)
        assert "Stop metformin when eGFR is below 30" in answer.text
        assert "ended unexpectedly (signal 9)" in answer.warnings[-1]
        assert engine.ask(QUESTION).text
        assert worker_of(engine).pid != worker.pid


def test_a_model_file_that_was_swapped_is_not_used(engine: Engine, tmp_path: Path) -> None:
    assert engine.ask(QUESTION).text
    other = write_tiny_model(tmp_path / "other.gguf", seed=9)
    other.replace(language.find("tiny").path)
    with pytest.raises(ModelError, match="has changed since it was added"):
        engine.ask(QUESTION)
    assert engine.ask(QUESTION, generator="auto").generator == "extractive"


@pytest.mark.parametrize("damage", [b"", b"GGUF", None])
def test_a_model_file_that_is_gone_or_cut_is_not_used(engine: Engine, damage: bytes | None) -> None:
    path = language.find("tiny").path
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    with pytest.raises(ModelError) as caught:
        engine.ask(QUESTION)
    assert "\n" not in str(caught.value)


def test_a_context_too_small_is_said(home: Path, samples: Path) -> None:
    with opened(samples, context=1024) as engine:
        answer = engine.ask(QUESTION)
        assert answer.generator == "extractive"
        assert "needs" in answer.warnings[-1] and "context" in answer.warnings[-1]


def test_memory_that_is_not_there_is_said(
    home: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1_000))
    with opened(samples) as engine:
        answer = engine.ask(QUESTION)
        assert "of memory" in answer.warnings[-1]
        assert answer.text


def test_closing_the_events_leaves_the_worker_ready(engine: Engine) -> None:
    engine.ask(QUESTION)
    worker = worker_of(engine)
    events = engine.ask_stream(QUESTION)
    for event in events:
        if isinstance(event, Working):
            break
    events.close()  # type: ignore[attr-defined]
    assert engine.ask(QUESTION).text
    assert worker_of(engine).pid == worker.pid


def test_events_that_nobody_follows_hold_nothing_up(home: Path, samples: Path) -> None:
    with opened(samples, time_limit=5.0) as engine, opened(samples, time_limit=5.0) as other:
        kept = engine.ask_stream(QUESTION)
        while not isinstance(next(kept), Working):
            pass
        assert "no answer within" not in "".join(engine.ask(QUESTION).warnings)
        assert list(kept) == []
        kept = engine.ask_stream(QUESTION)
        while not isinstance(next(kept), Working):
            pass
        engine.close()
        assert list(kept) == []
        assert "no answer within" not in "".join(other.ask(QUESTION).warnings)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_ends_and_leaves_the_worker_alone(engine: Engine) -> None:
    engine.ask(QUESTION)
    worker = worker_of(engine)
    code = os.fork()
    if code == 0:
        from medrag.generators import worker_client

        worker_client._close_all()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(code, 0)[1]) == 7
    assert worker.is_running()


def test_an_engine_that_is_closed_leaves_no_process(home: Path, samples: Path) -> None:
    with opened(samples) as engine:
        engine.ask(QUESTION)
        worker = worker_of(engine)
    assert not worker.is_running()


def test_evidence_keeps_to_its_budget_by_the_models_own_count(home: Path, samples: Path) -> None:
    from medrag.instructions import evidence_text

    for budget in (150, 300, 700):
        with opened(samples, evidence_tokens=budget) as engine:
            composer = engine.composer()
            prompt = engine.evidence(QUESTION, composer)
            [count] = composer.count_tokens([evidence_text(prompt)])
            assert count <= budget
