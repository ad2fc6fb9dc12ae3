"""What is made of a server's chunks: thoughts and answer apart, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from medrag.generators.sse import Chunk, Splitter, count, split_thinking
from medrag.types import Draft, Usage

Channel = Literal["think", "write"]


@dataclass(slots=True)
class Reply:
    """One request's answer while it comes. ``inside``: its content may begin within a thought;
    ``only`` says what all of it is, whatever the server calls it."""

    inside: bool
    only: Channel | None = None
    finish: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    last: Channel | None = None
    pieces: dict[Channel, int] = field(default_factory=lambda: {"think": 0, "write": 0})
    _content: list[str] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)
    _all: list[str] = field(default_factory=list)
    _splitter: Splitter | None = None

    def take(self, chunk: Chunk) -> list[tuple[Channel, str]]:
        """The pieces that a chunk makes certain."""
        self.finish = chunk.finish or self.finish
        self.usage = chunk.usage or self.usage
        found: list[tuple[Channel, str]] = []
        if chunk.reasoning:
            self._reasoning.append(chunk.reasoning)
            found.append(("think", chunk.reasoning))
        if chunk.content:
            self._content.append(chunk.content)
            if self._splitter is None:  # a server that keeps thoughts apart sends them first
                self._splitter = Splitter(self.inside and not self._reasoning)
            found += self._splitter.feed(chunk.content)
        return self._noted(found)

    def rest(self) -> list[tuple[Channel, str]]:
        """What was held back, once nothing more comes."""
        return self._noted(self._splitter.finish() if self._splitter else [])

    def _noted(self, found: list[tuple[Channel, str]]) -> list[tuple[Channel, str]]:
        pieces = [(self.only or channel, text) for channel, text in found]
        for channel, text in pieces:
            self.pieces[channel] += 1
            self.last = channel
            self._all.append(text)
        return pieces

    def text(self) -> str:
        """All of it without tags, thoughts and answer alike."""
        return "".join(self._all).strip()

    def parts(self) -> tuple[str, str, str]:
        """``(thinking, answer, finish reason)``. A thought cut short by the limit is no answer."""
        # With nothing to tell them apart, what ended by itself is an answer, and what was cut
        # after a thought was asked for is a thought.
        inside = self.inside and not self._reasoning and self.finish == "length"
        thinking, answer, cut = split_thinking("".join(self._content), inside)
        apart = "".join(self._reasoning).strip()
        finish = "length" if cut and not answer else self.finish
        return "\n".join(part for part in (apart, thinking) if part), answer, finish


@dataclass(slots=True)
class Bill:
    """What the one or two requests of an answer cost together."""

    deadline: float
    """Of the monotonic clock."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0
    answer_tokens: int = 0
    phases: dict[str, float] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)

    def mark(self, phase: str) -> None:
        """The time since the mark before belongs to ``phase``."""
        now = time.monotonic()
        self.phases[phase] = self.phases.get(phase, 0.0) + now - self._last
        self._last = now

    def add(self, reply: Reply) -> None:
        """The tokens of one request: the server's numbers, else its pieces counted."""
        self.prompt_tokens += count(reply.usage, "prompt_tokens") or 0
        self.cached_tokens += count(reply.usage, "prompt_tokens_details", "cached_tokens") or 0
        thought, written = reply.pieces["think"], reply.pieces["write"]
        told = count(reply.usage, "completion_tokens_details", "reasoning_tokens")
        thought = told if told is not None else thought
        total = count(reply.usage, "completion_tokens")
        if reply.only is not None:
            thought = (total or thought) if reply.only == "think" else 0
            written = (total or written) if reply.only == "write" else 0
        elif not reply.parts()[0]:
            thought, written = 0, total if total is not None else thought + written
        elif total is not None:
            thought = min(thought, total)
            written = total - thought
        self.thinking_tokens += thought
        self.answer_tokens += written

    def draft(self, thinking: str, answer: str, finish: str) -> Draft:
        """The draft with all that it cost."""
        usage = Usage(
            self.prompt_tokens,
            self.thinking_tokens,
            self.answer_tokens,
            time.monotonic() - self._started,
            self.cached_tokens,
            {name: self.phases.get(name, 0.0) for name in ("read", "think", "write")},
        )
        return Draft(answer, thinking, finish, usage)
