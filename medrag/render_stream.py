"""An answer as it comes: the verbatim one at once, then a language model's, sentence by sentence.

Two speeds for one reader. What a model writes is unchecked until its ``Checked`` event, so text
of ``Working`` events is never shown as an answer, and a withheld sentence never at all.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.text import Text

from medrag import render
from medrag.errors import one_line
from medrag.events import Checked, Event, Queued, Rephrased, Verbatim, Working
from medrag.forms import Json, event_form
from medrag.types import Answer, Piece

_EVERY = 0.25  # seconds between two reports of the same step
_CHECKING = "checking what was written"


@dataclass(frozen=True, slots=True)
class Writer:
    """The language model that goes on after the verbatim answer, as a reader must know it.

    With ``quotes`` it only chooses sentences, so that the words are the documents' own.
    """

    name: str
    verified: bool
    quotes: bool

    @property
    def label(self) -> str:
        """Its name, and whether anybody vouches for it."""
        return one_line(self.name) + ("" if self.verified else " (UNVERIFIED MODEL)")

    @property
    def heading(self) -> str:
        """What stands above its sentences."""
        if self.quotes:
            return f"Chosen by {self.label}, word for word, each sentence checked:"
        return f"In the words of {self.label}, each sentence checked:"

    @property
    def whose(self) -> str:
        """What the last line says of its answer."""
        return f"Verbatim sentences chosen by {self.label}" if self.quotes else (
            f"Written by {self.label}"
        )  # fmt: skip


class Status:
    """One line on standard error that says what is going on, with the seconds gone.

    Where that is no terminal: a plain line when a step is met for the first time, or nothing
    (``silent``). With ``thinking`` what the model thinks is printed too, dimmed, line by line.
    """

    def __init__(
        self,
        err: Console,
        writer: Callable[[], Writer],
        *,
        silent: bool = False,
        thinking: bool = False,
    ) -> None:
        self._err = err
        self._writer = writer
        self._live: Live | None = None
        self._plain = not err.is_terminal or err.is_dumb_terminal
        self._silent = silent
        self._told: set[str] = set()
        self._thinking = thinking
        self._thought: str | None = None
        self._words = ""
        self._withheld = 0
        self._started = time.monotonic()

    def follow(self, event: Event) -> None:
        """Say what this event is about."""
        if isinstance(event, Working):
            piece = event.piece
            if self._thinking:
                self._think(piece)
            name = one_line(self._writer().name)
            self.say(f"{name}: {_step(piece)}", f"{name}: {_step(piece, brief=True)}")
        elif isinstance(event, Checked):
            self._withheld += not event.shown
            self._withheld -= event.mended
        else:
            self.pause()

    def say(self, words: str, brief: str = "", *, at_terminal_only: bool = False) -> None:
        """What is going on now; ``brief`` is the same without figures."""
        if self._withheld and not self._plain:
            words = f"{words}; {self._withheld} withheld so far"
        self._words = words
        if self._plain:
            brief = brief or words
            if not self._silent and not at_terminal_only and brief not in self._told:
                self._told.add(brief)
                self._err.print(Text(brief))
        elif self._live is None:
            self._live = Live(
                get_renderable=self._line,
                console=self._err,
                transient=True,
                refresh_per_second=4,
                redirect_stdout=False,  # the answer must not land on standard error
                redirect_stderr=False,
            )
            self._live.start(refresh=True)

    def pause(self) -> None:
        """Take the line off, so that something can be printed where it stood."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def close(self) -> None:
        """Take the line off; what was thought last is printed."""
        self._end_thought()
        self.pause()

    def _line(self) -> Text:
        gone = time.monotonic() - self._started
        return Text(f"{self._words}, {gone:.0f} s", "dim", no_wrap=True, overflow="ellipsis")

    def _think(self, piece: Piece) -> None:
        if piece.phase != "think":
            self._end_thought()
            return
        if self._thought is None:
            self._thought = ""
            self._dim(f"Unchecked thinking of {self._writer().label}, not an answer:")
        *whole, self._thought = (self._thought + piece.text).split("\n")
        for line in whole:
            self._dim(f"  {line}")

    def _end_thought(self) -> None:
        if self._thought is not None:
            self._dim(f"  {self._thought}")
            self._thought = None

    def _dim(self, line: str) -> None:
        if line.strip():
            self._err.print(Text(one_line(line.expandtabs()).rstrip(), "dim"))


def _step(piece: Piece, *, brief: bool = False) -> str:
    """A step of the language model in words."""
    if piece.phase == "wait":
        return "waiting for its turn" + ("" if brief else f" ({piece.done} before you)")
    if piece.phase == "load":
        return "loading the model"
    if piece.phase == "read":
        words = "reading the sources"
        return words if brief or not piece.total else (
            f"{words} ({piece.done} of {piece.total} tokens)"
        )  # fmt: skip
    if piece.phase == "write" and "\n" in piece.text:
        return _CHECKING  # a sentence is whole: the check comes before the next step
    words = "thinking" if piece.phase == "think" else "writing"
    return words if brief or not piece.done else f"{words} ({piece.done} tokens)"


class Screen:
    """Shows the events of one question to a person: the answer on ``out``, the rest on ``err``."""

    def __init__(self, out: Console, status: Status, writer: Callable[[], Writer]) -> None:
        self._out = out
        self._writer = writer
        self._status = status
        self._verbatim: Answer | None = None
        self._composed = False

    def show(self, events: Iterable[Event], opening: str = "") -> Answer:
        """Show each event as it comes; the whole answer at the end. ``opening`` says, at a
        terminal, what goes on before the first.

        Ctrl-C is let through; ``interrupted`` then says what the screen holds.
        """
        answer = None
        try:
            if opening:
                self._status.say(opening, at_terminal_only=True)
            for event in events:
                self._status.follow(event)
                if isinstance(event, Working | Queued):
                    continue
                if isinstance(event, Rephrased):
                    self._print(Text(f"Asked as: {one_line(event.question)}", "bold"))
                elif isinstance(event, Verbatim):
                    self._show_verbatim(event.answer)
                elif isinstance(event, Checked):
                    self._show_sentence(event)
                else:
                    answer = event.answer
        finally:
            self._status.close()
        assert answer is not None
        self._show_end(answer)
        return answer

    def interrupted(self) -> str:
        """What is to be said when the work was broken off; empty where nothing was shown yet."""
        if self._verbatim is None:
            return ""
        if not self._composed:
            return "Interrupted; the answer above is verbatim and complete."
        return (
            "Interrupted; the word-for-word answer above is complete,"
            f" what {self._writer().label} wrote is not."
        )

    def _show_verbatim(self, answer: Answer) -> None:
        self._verbatim = answer
        self._print(Text("\nFrom your documents, word for word:", "bold"))
        for claim in answer.claims:
            render.show_claim(self._out, claim)
        render.show_warnings(self._out, answer.warnings)
        render.show_sources(self._out, answer)
        self._flush()
        self._status.say("starting the language model")

    def _show_sentence(self, event: Checked) -> None:
        if not event.shown:
            return
        self._status.pause()
        if not self._composed:
            self._composed = True
            self._print(Text(f"\n{self._writer().heading}", "bold"))
        render.show_claim(self._out, event.claim)
        self._flush()

    def _show_end(self, answer: Answer) -> None:
        before = self._verbatim
        if before is None:
            render.show_answer(self._out, answer)
            return
        if answer.generator == before.generator:  # nothing that was composed stands
            self._print(Text("\nThe word-for-word answer above is the answer.", "bold"))
            told = len(before.warnings)
            render.show_warnings(self._out, answer.warnings[told:])
            self._print(Text())
            render.show_footer(self._out, answer)
        else:
            render.show_warnings(self._out, answer.warnings)
            known = {source.marker for source in before.sources}
            render.show_sources(self._out, answer, known=known)
            self._print(Text())
            render.show_footer(self._out, answer, whose=self._writer().whose)
        self._flush()

    def _print(self, text: Text) -> None:
        self._out.print(text)

    def _flush(self) -> None:
        self._out.file.flush()


def json_events(events: Iterable[Event], *, thinking: bool = False) -> Iterator[Json]:
    """The events as JSON objects. Steps of the language model come at most four times a second;
    what it thinks, joined, only with ``thinking``; what it writes only sentence by sentence, with
    verdicts."""
    phase = ""
    last = 0.0
    thoughts: list[str] = []
    for event in events:
        now = time.monotonic()
        if isinstance(event, Working):
            piece = event.piece
            if thinking and piece.phase == "think":
                thoughts.append(piece.text)
            if piece.phase == phase and now - last < _EVERY:
                continue
            phase, last = piece.phase, now
        if thoughts:
            yield {"event": "thinking", "text": "".join(thoughts)}
            thoughts.clear()
        yield event_form(event, thinking=thinking)


def show_line(words: str) -> None:
    """A line for people on standard error; nobody may be there to read it."""
    with suppress(BrokenPipeError):
        print(words, file=sys.stderr, flush=True)  # noqa: T201
