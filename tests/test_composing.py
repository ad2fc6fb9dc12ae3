"""What becomes of what a language model writes: what stands is shown, nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from medrag import Engine
from medrag.composing import Composition
from medrag.errors import ConfigError, ModelError
from medrag.events import Checked, Done, Event, Verbatim, Working
from medrag.instructions import ABSTAIN, SYSTEM
from medrag.types import Answer, Draft, Piece, Request, Usage

QUESTION = "At what eGFR should metformin be stopped?"
RIGHT = "Metformin is stopped when eGFR is below 30 mL/min/1.73 m2. [1]"
WRONG = "Metformin is stopped when eGFR is below 60 mL/min/1.73 m2. [1]"
OTHER = "The maximum dose is 1 g daily when eGFR is 30 to 44 mL/min/1.73 m2. [1]"


class Scripted:
    """A composer that writes what it is told to, one reply a request."""

    def __init__(self, *replies: str | tuple[str, Exception], verified: bool = True) -> None:
        self.name = "scripted"
        self.verified = verified
        self.requests: list[Request] = []
        self.closed = False
        self.ready = True
        self._replies = list(replies)

    def turn(self) -> AbstractContextManager[Iterator[Piece]]:
        return nullcontext(iter(()))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) // 4 + 1 for text in texts]

    def stream(self, request: Request) -> Iterator[Piece | Draft]:
        self.requests.append(request)
        reply = self._replies.pop(0)
        yield Piece("read", done=1, total=1)
        try:
            text = reply if isinstance(reply, str) else reply[0]
            for at in range(0, len(text), 7):
                yield Piece("write", text[at : at + 7])
            if not isinstance(reply, str):
                raise reply[1]
        except GeneratorExit:
            self.closed = True
            raise
        cut = not text.endswith(("\n", ABSTAIN))
        yield Draft(text, finish_reason="length" if cut else "stop", usage=Usage(answer_tokens=3))


Compose = Callable[..., list[Event]]


@pytest.fixture
def compose(engine: Engine) -> Compose:
    def run(composer: Scripted, **changes: object) -> list[Event]:
        settings = replace(engine.settings, **changes)  # type: ignore[arg-type]
        return list(composition(engine, composer, settings=settings).run())

    return run


def composition(engine: Engine, composer: Scripted, **changes: object) -> Composition:
    verbatim = engine.ask(QUESTION, generator="extractive")
    made = Composition(
        engine.prompt(QUESTION)[0], verbatim, composer, engine._checker(), engine.settings,
        lambda prompt: engine.evidence(QUESTION, composer),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def answer_of(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Done)
    return events[-1].answer


def test_what_stands_is_shown_with_its_page(compose: Compose, engine: Engine) -> None:
    events = compose(Scripted(f"{RIGHT}\n{OTHER}\n"))
    answer = answer_of(events)
    assert answer.text == f"{RIGHT}\n{OTHER}"
    assert answer.generator == "scripted"
    assert [event.shown for event in events if isinstance(event, Checked)] == [True, True]
    for claim in answer.claims:
        evidence = claim.verdict.evidence
        assert evidence is not None
        [source] = answer.sources_of(claim)
        document = engine.document(source.passage.document.id)
        assert document.text[evidence.start : evidence.end] == evidence.quote
        assert evidence.pages == ("1",)


def test_a_wrong_number_is_withheld_counted_and_sent_back_once(compose: Compose) -> None:
    composer = Scripted(f"{OTHER}\n{WRONG}\n", f"{RIGHT}\n")
    events = compose(composer)
    answer = answer_of(events)
    assert answer.text == f"{OTHER}\n{RIGHT}"
    assert [(e.shown, e.mended) for e in events if isinstance(e, Checked)] == [
        (True, False), (False, False), (True, True),
    ]  # fmt: skip
    first, mending = composer.requests
    assert mending.messages[: len(first.messages)] == first.messages
    assert "below 60" in mending.messages[-1].content
    assert [claim.text for claim in answer.withheld] == [WRONG]  # what was wrong stays on record


def test_a_sentence_that_cannot_be_mended_is_never_shown(compose: Compose) -> None:
    for second in (f"{WRONG}\n", ABSTAIN, "Metformin is st"):
        answer = answer_of(compose(Scripted(f"{OTHER}\n{WRONG}\n", second)))
        assert answer.text == OTHER
        assert [claim.text for claim in answer.withheld] == [WRONG]
        assert any("1 sentence(s) withheld" in warning for warning in answer.warnings)


def test_when_nothing_stands_the_verbatim_answer_remains(compose: Compose) -> None:
    answer = answer_of(compose(Scripted(f"{WRONG}\n"), mend=False))
    assert answer.generator == "extractive"
    assert "Stop metformin when eGFR is below 30" in answer.text
    assert "Verbatim answer only." in answer.warnings[-1]
    assert "below 60" not in answer.text


def test_an_abstaining_model_is_heard_but_quotes_remain(compose: Compose) -> None:
    answer = answer_of(compose(Scripted(ABSTAIN)))
    assert answer.generator == "extractive"
    assert "finds that the sources do not answer" in answer.warnings[-1]


def test_a_source_that_was_not_shown_cannot_be_cited(compose: Compose) -> None:
    answer = answer_of(compose(Scripted(f"{RIGHT.replace('[1]', '[7]')}\n"), mend=False))
    assert answer.generator == "extractive"
    assert [claim.verdict.label for claim in answer.withheld] == ["uncited"]


def test_an_incomplete_last_line_is_left_out(compose: Compose) -> None:
    answer = answer_of(compose(Scripted(f"{RIGHT}\nThe maximum dose is 1 g da")))
    assert answer.text == RIGHT
    assert "The answer was cut at its limit of tokens." in answer.warnings


def test_a_marker_of_a_source_that_does_not_say_it_is_taken_off(compose: Compose) -> None:
    for written in (RIGHT.replace("[1]", "[1][5]"), f"[1] {RIGHT}", RIGHT.replace("[1]", "[1,99]")):
        answer = answer_of(compose(Scripted(f"{written}\n"), mend=False))
        assert answer.text == RIGHT


def test_words_of_the_source_put_together_anew_are_withheld(compose: Compose) -> None:
    moved = "The limit for stopping metformin is an eGFR below 45. [2]"
    answer = answer_of(compose(Scripted(f"{moved}\n"), mend=False))
    assert answer.generator == "extractive"
    assert [claim.text for claim in answer.withheld] == [moved]


def test_an_abstention_after_a_sentence_is_told(compose: Compose) -> None:
    answer = answer_of(compose(Scripted(f"{RIGHT}\n{ABSTAIN}")))
    assert answer.text == RIGHT
    assert any("also wrote that the sources do not answer" in told for told in answer.warnings)


def test_an_answer_that_is_only_known_as_one_at_the_end(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(self: Scripted, request: Request) -> Iterator[Piece | Draft]:
        yield Piece("think", RIGHT)
        yield Draft(f"{RIGHT}\n")

    monkeypatch.setattr(Scripted, "stream", stream)
    assert answer_of(compose(Scripted())).text == RIGHT


def test_a_repeated_sentence_is_shown_once(compose: Compose) -> None:
    assert answer_of(compose(Scripted(f"{RIGHT}\n{RIGHT}\n"))).text == RIGHT


def test_a_death_at_the_start_leaves_the_verbatim_answer(compose: Compose) -> None:
    answer = answer_of(compose(Scripted(("", ModelError("It died.", "Ask again.")))))
    assert answer.generator == "extractive"
    assert "Ask again." in answer.warnings[-1]


def test_a_death_halfway_keeps_what_was_checked_and_says_so(compose: Compose) -> None:
    answer = answer_of(
        compose(Scripted((f"{RIGHT}\nThe maxi", ModelError("It died.", "Ask again."))))
    )
    assert answer.text == RIGHT
    assert any("did not finish" in warning for warning in answer.warnings)


def test_unverified_weights_are_named_at_every_answer(compose: Compose) -> None:
    answer = answer_of(compose(Scripted(f"{RIGHT}\n", verified=False)))
    assert any(warning.startswith("UNVERIFIED MODEL: ") for warning in answer.warnings)
    answer = answer_of(compose(Scripted(f"{RIGHT}\n")))
    assert not any("UNVERIFIED" in warning for warning in answer.warnings)


def test_quotes_mode_takes_nothing_but_sentences_of_the_sources(compose: Compose) -> None:
    quote = "Stop metformin when eGFR is below 30 mL/min/1.73 m2. [1]"
    answer = answer_of(compose(Scripted(f"{quote}\n{RIGHT}\n"), mode="quotes"))
    assert answer.text == quote
    assert [claim.text for claim in answer.withheld] == [RIGHT]


def test_the_request_begins_with_the_constant_prefix_and_fences_the_evidence(
    compose: Compose,
) -> None:
    composer = Scripted(f"{RIGHT}\n")
    compose(composer, thinking_tokens=33, seed=4)
    [request] = composer.requests
    assert request.messages[0].content == SYSTEM
    assert request.thinking_tokens == 33
    last = request.messages[-1].content
    assert last.startswith("<<<EVIDENCE ")
    assert last.endswith(f"Question: {QUESTION}")
    assert "below 30 mL/min/1.73 m2" in last


def test_closing_the_events_cancels_the_model(engine: Engine) -> None:
    composer = Scripted(f"{RIGHT}\n{OTHER}\n")
    events = composition(engine, composer).run()
    for event in events:
        if isinstance(event, Checked):
            break
    events.close()  # type: ignore[attr-defined]
    assert composer.closed


def test_the_verbatim_answer_comes_first_and_an_abstention_asks_no_model(
    samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine.open(samples) as engine:
        composer = Scripted(f"{RIGHT}\n")
        monkeypatch.setattr(engine._composers, "choose", lambda name: lambda: composer)
        first, *rest = engine.ask_stream(QUESTION)
        assert isinstance(first, Verbatim)
        assert isinstance(rest[0], Working)
        assert isinstance(rest[-1], Done)
        phases = rest[-1].answer.usage.phases
        assert {"retrieve", "verbatim", "verify"} <= set(phases)
        [silence] = engine.ask_stream("What is the dose of rivaroxaban for atrial fibrillation?")
        assert isinstance(silence, Done)
        assert silence.answer.abstained
        assert len(composer.requests) == 1


def test_a_generator_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(ModelError, match=r"medrag model (add|pull)"):
        engine.ask(QUESTION, generator="medpsy-4b")
    with pytest.raises(ConfigError, match="no generator"):
        engine.ask(QUESTION, generator="gpt")
    with pytest.raises(ConfigError, match="url"):
        engine.ask(QUESTION, generator="server")
    assert engine.ask(QUESTION, generator="auto").generator == "extractive"
