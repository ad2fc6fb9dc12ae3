"""Several questions in a row, of which the later ones may lean on the earlier.

A search knows nothing of what was said before, so a follow-up is first made into a question that
can be read alone, and shown as such. Where what was meant is not beyond doubt, it is asked as it
is: the engine then abstains, or answers what was really asked.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import cast

from medrag.drugs import drug_names
from medrag.engine import Collections, Engine
from medrag.errors import ConfigError, ModelError, UsageError
from medrag.events import Done, Event, Rephrased, Verbatim
from medrag.followup_subject import asks_for_unnamed, names_of
from medrag.followup_words import words_of
from medrag.followups import FollowUp, follow_up
from medrag.grammar import line_grammar
from medrag.instructions import standalone_messages
from medrag.library import scope_of
from medrag.population import populations
from medrag.protocols import Composer
from medrag.text import content_words, words
from medrag.types import Answer, Draft, Piece, Request

_CHARACTERS = 240
_TOKENS = 80
_SECONDS = 60.0  # a follow-up that takes longer to put into words is asked as it is
_NEGATIONS = frozenset("not no never without none nor cannot non".split())
# Words of a follow-up that only tie it to what was said before.
_TIES = frozenset(content_words("and but or so now then about same instead again too well ok yes"))

History = list[tuple[str, str]]


class Conversation:
    """Questions to an engine that may lean on the last ``turns`` before them.

    Use it from one thread, one question at a time. ``collection`` and ``generator`` are as in
    ``Engine.ask``; ``history`` holds (question, answer) pairs of before, of which the last
    ``turns`` are kept.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        collection: Collections = None,
        generator: str | None = None,
        turns: int = 3,
        history: Sequence[tuple[str, str]] = (),
    ) -> None:
        if turns < 1:
            raise UsageError(f"turns is {turns}, below 1.", "Keep at least one turn.")
        self._engine = engine
        # An iterator would be used up by the first question.
        self._collection = collection if isinstance(collection, str) else scope_of(collection)
        self._generator = generator
        self._turns = turns
        self._history: History = list(history[-turns:])

    @property
    def history(self) -> tuple[tuple[str, str], ...]:
        """The last (question, answer) pairs: questions as they were asked, answers without the
        abstentions (empty)."""
        return tuple(self._history)

    def reset(self) -> None:
        """Forget what was said."""
        self._history = []

    def ask(self, question: str) -> Iterator[Event]:
        """As ``Engine.ask_stream``; ``Rephrased`` comes first where the question was changed.

        Closing the iterator cancels the language model's work; a verbatim answer that was given
        by then is remembered.

        Raises:
            UsageError: the question is empty, or the generator unknown.
            ModelError: the language model that was named is not there, or has changed.
        """
        asked = self.standalone(question)
        if asked != question:
            yield Rephrased(asked)
        answer: Answer | None = None
        answered = [turn for turn in self._history if turn[1]]
        events = self._engine.ask_stream(
            asked, collection=self._collection, generator=self._generator, history=answered
        )
        try:
            with closing(cast("Generator[Event]", events)):
                for event in events:
                    if isinstance(event, Verbatim | Done):
                        answer = event.answer
                    yield event
        finally:
            if answer is not None:
                said = "" if answer.abstained else answer.text
                self._history = [*self._history, (asked, said)][-self._turns :]

    def standalone(self, question: str) -> str:
        """The question in words that can be understood alone."""
        if not self._history:
            return question
        found = follow_up(question, self._history[-1][0])
        if found.text is not None:
            return question if _same(found.text, question) else found.text
        if not found.open:
            return question
        written = self._by_model(question)
        if written and faithful(written, question, self._history, found):
            return question if _same(written, question) else written
        return question

    def _by_model(self, question: str) -> str:
        """The question as a language model would write it; empty where none can."""
        try:
            composer = self._engine.composer(self._generator)
            return _last_text(composer, self._request(question))
        except (ModelError, ConfigError):
            return ""  # there is none, or it fails: then it will say so when it is to answer

    def _request(self, question: str) -> Request:
        return Request(
            messages=standalone_messages(self._history, question),
            grammar=line_grammar(_CHARACTERS, "?"),
            thinking_tokens=0,
            answer_tokens=_TOKENS,
            temperature=0.0,
            seed=self._engine.settings.seed,
            constant=True,
        )


def _last_text(composer: Composer, request: Request) -> str:
    deadline = time.monotonic() + _SECONDS
    with closing(cast("Generator[Piece | Draft]", composer.stream(request))) as pieces:
        for piece in pieces:
            if isinstance(piece, Draft):
                return "" if piece.finish_reason == "length" else piece.text.strip()
            if time.monotonic() > deadline:
                break
    return ""


def faithful(written: str, question: str, history: History, found: FollowUp) -> bool:
    """Whether a question that a language model wrote may stand for the follow-up.

    It must hold everything that the follow-up does, and nothing that neither the follow-up nor
    the conversation holds: no number, drug or other word that carries meaning, no negation but
    one of a question. What the follow-up leaves behind must not come back, nor the drug of a
    question that asked for another one.
    """
    if "\n" in written or not written.endswith("?") or len(written) > _CHARACTERS + 2:
        return False
    earlier = " ".join(asked for asked, _ in history)
    known = " ".join([question, earlier, *(answer for _, answer in history)])
    new, asked = set(content_words(written)), set(content_words(question))
    if not (asked - _TIES <= new <= set(content_words(known))):
        return False
    if not _numbers(question) <= _numbers(written) <= _numbers(known):
        return False
    if not drug_names(question) <= drug_names(written) <= drug_names(f"{question} {earlier}"):
        return False
    if not set(words(written)) & _NEGATIONS <= set(words(f"{question} {earlier}")):
        return False
    if populations(question) and populations(written) != populations(question):
        return False
    barred = found.left_behind | (_not_meant(history) - _whole_and_parts(question))
    return barred.isdisjoint(_whole_and_parts(written))


def _whole_and_parts(text: str) -> frozenset[str]:
    """The words of a text, hyphened ones whole as well as in parts."""
    return frozenset([*words(text), *(word.lower for word in words_of(text))])


def _not_meant(history: History) -> frozenset[str]:
    """What was named last in a question for something else, as heparin in "what reverses it"."""
    names: frozenset[str] = frozenset()
    for asked, _ in history:
        if asks_for_unnamed(asked):
            names |= names_of(asked)
        else:
            names -= names_of(asked)
    return names


def _numbers(text: str) -> set[str]:
    return {word for word in words(text) if any(character.isdigit() for character in word)}


def _same(one: str, other: str) -> bool:
    return words(one) == words(other)
