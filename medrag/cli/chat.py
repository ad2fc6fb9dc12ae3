"""medrag chat: one question after the other, each answered from the documents afresh."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from medrag.cli.asking import (
    Asking,
    GeneratorOption,
    ModeOption,
    ShowThinkingOption,
    ThinkingBudgetOption,
    closed,
)
from medrag.cli.common import (
    CollectionOption,
    ConfigOption,
    JsonOption,
    LibraryOption,
    opened,
    print_json,
    readable,
)

if TYPE_CHECKING:
    from medrag.conversation import Conversation

_PROMPT = "you> "
_WELCOME = "Each question is answered from your documents. /new starts afresh, /quit ends."


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(chat)


def chat(
    ctx: typer.Context,
    generator: GeneratorOption = None,
    mode: ModeOption = None,
    thinking_budget: ThinkingBudgetOption = None,
    show_thinking: ShowThinkingOption = False,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Ask one question after the other; a line each, follow-ups may lean on what was asked before.

    /new starts afresh, /quit or the end of the input ends. With --json: an object for each
    question, {"question", "asked_as", "answer"}.
    """
    from medrag.conversation import Conversation

    flags = {"mode": mode, "thinking_tokens": thinking_budget}
    with opened(ctx, library, config, **flags) as engine:
        _ = engine.retriever  # a library that cannot answer is told before the first question
        conversation = Conversation(engine, collection=collection, generator=generator)
        asking = Asking(engine, generator, show_thinking)
        for line in _lines():
            if line == "/quit":
                break
            if line == "/new":
                conversation.reset()
                _tell("A new conversation.")
            elif line.startswith("/"):
                _tell("There are two commands: /new and /quit.")
            elif line:
                _answer(line, conversation, asking, show_thinking=show_thinking, as_json=as_json)


def _answer(
    question: str,
    conversation: Conversation,
    asking: Asking,
    *,
    show_thinking: bool,
    as_json: bool,
) -> None:
    """One question; what goes wrong with it is told in a line, and the conversation goes on."""
    from medrag.errors import MedragError

    if as_json:
        print_json(_turn(question, conversation, asking, show_thinking))
        sys.stdout.flush()
        return
    screen = asking.screen()
    try:
        with closed(conversation.ask(question)) as events:
            screen.show(events, opening="looking it up")
    except MedragError as error:
        _tell(f"medrag: {error}")
    except KeyboardInterrupt:
        _tell(screen.interrupted() or "Interrupted.")


def _turn(
    question: str, conversation: Conversation, asking: Asking, show_thinking: bool
) -> dict[str, object]:
    """A question with what came of it, as JSON."""
    from medrag.errors import MedragError
    from medrag.events import Event, Rephrased
    from medrag.forms import answer_form

    turn: dict[str, object] = {"question": question, "asked_as": None}

    def noted(events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Rephrased):
                turn["asked_as"] = event.question
            yield event

    try:
        with closed(conversation.ask(question)) as events:
            answer = asking.quietly(noted(events))
    except MedragError as error:
        return turn | {"error": error.message, "remedy": error.remedy}
    except KeyboardInterrupt:
        return turn | {"error": "Interrupted.", "remedy": "Ask again."}
    return turn | {"answer": answer_form(answer, thinking=show_thinking)}


def _lines() -> Iterator[str]:
    """What is typed or piped in, line by line, until it ends or Ctrl-C at the prompt."""
    at_terminal = sys.stdin.isatty()
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    if at_terminal:
        with suppress(ImportError):
            import readline  # noqa: F401  (the arrow keys; nothing is kept on disk)
        _tell(_WELCOME)
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            yield readable(_line(at_terminal)).strip()
    if at_terminal:
        _tell("")


def _line(at_terminal: bool) -> str:
    if at_terminal:
        _tell("")
    if at_terminal and sys.stdout.isatty():
        return input(_PROMPT)
    if at_terminal:
        sys.stderr.write(_PROMPT)
        sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _tell(words: str) -> None:
    from medrag.render_stream import show_line

    show_line(words)
