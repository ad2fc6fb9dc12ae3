"""What `ask` and `chat` share: their options, and how one question is carried out."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, cast

import typer

from medrag.cli.common import print_json

if TYPE_CHECKING:
    from medrag.engine import Engine
    from medrag.events import Event
    from medrag.render_stream import Screen, Status, Writer
    from medrag.types import Answer

GeneratorOption = Annotated[
    str | None, typer.Option("--generator", help="Who writes the answer.", metavar="NAME")
]
ModeOption = Annotated[
    str | None,
    typer.Option(
        "--mode",
        help="What a language model writes: its own sentences, or quotes only.",
        metavar="sentences|quotes",
    ),
]
ThinkingBudgetOption = Annotated[
    int | None,
    typer.Option(
        "--thinking-budget",
        help="Tokens that a language model may think before it writes; 0: none.",
        metavar="N",
    ),
]
ShowThinkingOption = Annotated[
    bool, typer.Option("--show-thinking", help="Show what it thinks. Unchecked, not an answer.")
]

INTERRUPTED = 130


class Asking:
    """Carries out questions on one engine. Each method closes the events that it is given,
    also when it is broken off: that ends the language model's work."""

    def __init__(self, engine: Engine, generator: str | None, show_thinking: bool) -> None:
        self._engine = engine
        self._generator = generator
        self._show_thinking = show_thinking

    def on_screen(self, events: Iterator[Event]) -> bool:
        """Show it to a person; whether it abstained. Ctrl-C after the verbatim answer: exit 130."""
        screen = self.screen()
        try:
            with closed(events):
                return screen.show(events).abstained
        except KeyboardInterrupt:
            from medrag.render_stream import show_line

            words = screen.interrupted()
            if not words:
                raise
            show_line(words)
            raise typer.Exit(INTERRUPTED) from None

    def one_object(self, events: Iterator[Event]) -> bool:
        """Print the answer as one JSON object; whether it abstained."""
        from medrag.forms import answer_form

        answer = self.quietly(events)
        print_json(answer_form(answer, thinking=self._show_thinking))
        return answer.abstained

    def lines(self, events: Iterator[Event]) -> bool:
        """Print a JSON object for each step as it comes; whether it abstained."""
        from medrag.render_stream import json_events

        abstained = False
        with closed(events):
            for value in json_events(events, thinking=self._show_thinking):
                print_json(value)
                # A reader who is gone is noticed here, and the model's work ends with the events.
                sys.stdout.flush()
                if value["event"] == "answer":
                    abstained = value["answer"]["abstained"]
        return abstained

    def quietly(self, events: Iterator[Event]) -> Answer:
        """The answer; at a terminal a line on standard error says how far it is."""
        from medrag.events import Done

        status = self._status(silent=True, thinking=False)
        try:
            with closed(events):
                for event in events:
                    status.follow(event)
                    if isinstance(event, Done):
                        return event.answer
        finally:
            status.close()
        raise AssertionError("events end with Done")

    def screen(self) -> Screen:
        """A screen for one question."""
        from medrag.render import console
        from medrag.render_stream import Screen

        status = self._status(silent=False, thinking=self._show_thinking)
        return Screen(console(), status, self._writer)

    def _status(self, *, silent: bool, thinking: bool) -> Status:
        from medrag.render import console
        from medrag.render_stream import Status

        return Status(console(stderr=True), self._writer, silent=silent, thinking=thinking)

    def _writer(self) -> Writer:
        """Who writes. Asked for only when it does, so that it is there already."""
        from medrag.render_stream import Writer

        composer = self._engine.composer(self._generator)
        return Writer(composer.name, composer.verified, self._engine.settings.mode == "quotes")


def closed(events: Iterator[Event]) -> closing[Generator[Event]]:
    """Closes the events when the block is left."""
    return closing(cast("Generator[Event]", events))
