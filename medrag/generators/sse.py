"""What a language-model server sends back: events, the words in them, and where thinking ends.

All of it works on a stream that may be cut anywhere: inside a line, a character or a tag.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

OPEN, CLOSE = "<think>", "</think>"
LONGEST_EVENT = 1_000_000  # characters; a server that sends more in one event is broken
LONGEST_STREAM = 64_000_000  # bytes in all: far more than any answer, far less than memory
_TAG = re.compile(r"</?think>")
_LINE_END = re.compile(r"\r\n|\n|\r")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,48}")


class BrokenStream(ValueError):
    """The bytes are not an event stream of chat completions. The text holds none of them."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One step of a chat completion: words of the answer, words of a thought that the server keeps
    apart, the reason for the end, and the usage (once, where the server tells)."""

    content: str = ""
    reasoning: str = ""
    finish: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    """The name that the server gives to its failure; "" where it gives none."""


def events(parts: Iterable[bytes | None]) -> Iterator[str | None]:
    """The data of each event in order (WHATWG event streams: comments and other fields skipped).

    None stands for time that passed without bytes and is handed on.

    Raises:
        BrokenStream: an event or the whole stream is too long.
    """
    data: list[str] = []
    size = 0
    for line in _lines(parts):
        if line is None:
            yield None
        elif line:
            name, _, value = line.partition(":")
            size += len(line)
            if size > LONGEST_EVENT:
                raise BrokenStream("an event without end")
            if name == "data":
                data.append(value.removeprefix(" "))
        else:
            if data:
                yield "\n".join(data)
            data, size = [], 0
    if data:  # a server that ends without the last empty line
        yield "\n".join(data)


def _lines(parts: Iterable[bytes | None]) -> Iterator[str | None]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    held: list[str] = []  # the pieces of a line that has not ended
    held_size = total = 0
    after_return = False  # a line feed that follows belongs to the carriage return before it
    for part in parts:
        if part is None:
            yield None
            continue
        total += len(part)
        text = decoder.decode(part)
        if after_return and text:
            text, after_return = text.removeprefix("\n"), False
        after_return = after_return or text.endswith("\r")
        *whole, rest = _LINE_END.split(text)
        for line in whole:
            yield "".join(held) + line
            held, held_size = [], 0
        held.append(rest)
        held_size += len(rest)
        if held_size > LONGEST_EVENT or total > LONGEST_STREAM:
            raise BrokenStream("a line or a stream without end")
    held.append(decoder.decode(b"", final=True))
    if last := "".join(held):
        yield last


def read_chunk(data: str) -> Chunk:
    """One event of a chat completion. Fields that are missing or of another kind are left out.

    Raises:
        BrokenStream: not a JSON object.
    """
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BrokenStream("an event that is not JSON") from error
    if not isinstance(tree, dict):
        raise BrokenStream("an event that is no JSON object")
    if tree.get("error"):
        return Chunk(error=error_name(tree))
    usage = tree.get("usage")
    choices = tree.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    choice = choice if isinstance(choice, dict) else {}
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    return Chunk(
        content=_text(delta.get("content")),
        # vLLM and Ollama write "reasoning", llama-server and QVAC "reasoning_content".
        reasoning=_text(delta.get("reasoning_content")) or _text(delta.get("reasoning")),
        finish=_text(choice.get("finish_reason")) or None,
        usage=usage if isinstance(usage, dict) else {},
    )


def error_name(tree: object) -> str:
    """The code or type of a server's error, never its message, which may repeat the prompt."""
    error = tree.get("error") if isinstance(tree, dict) else None
    found = []
    for key in ("code", "type"):
        value = error.get(key) if isinstance(error, dict) else None
        if isinstance(value, str) and _SAFE_NAME.fullmatch(value):
            found.append(value)
    return found[0] if found else ""


def count(usage: Mapping[str, Any], *path: str) -> int | None:
    """A whole number of the usage, by the names that lead to it; None where there is none."""
    value: Any = usage
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if type(value) is int and value >= 0 else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class Splitter:
    """Tells thoughts from the answer while they come. What may be the beginning of a tag is held
    back until it is clear; the tags themselves are never handed on."""

    def __init__(self, inside: bool) -> None:
        self._phase: Literal["think", "write"] = "think" if inside else "write"
        self._held = ""

    def feed(self, text: str) -> list[tuple[Literal["think", "write"], str]]:
        """The pieces that ``text`` makes certain."""
        text = self._held + text
        pieces = []
        start = 0
        for tag in _TAG.finditer(text):
            pieces.append((self._phase, text[start : tag.start()]))
            self._phase = "think" if tag.group() == OPEN else "write"
            start = tag.end()
        end = len(text) - _unclear(text[start:])
        pieces.append((self._phase, text[start:end]))
        self._held = text[end:]
        return [piece for piece in pieces if piece[1]]

    def finish(self) -> list[tuple[Literal["think", "write"], str]]:
        """What was held back, once nothing more comes."""
        held, self._held = self._held, ""
        return [(self._phase, held)] if held else []


def _unclear(text: str) -> int:
    """How many characters at the end may be the beginning of a tag."""
    for size in range(min(len(CLOSE) - 1, len(text)), 0, -1):
        if OPEN.startswith(text[-size:]) or CLOSE.startswith(text[-size:]):
            return size
    return 0


def split_thinking(text: str, inside: bool) -> tuple[str, str, bool]:
    """``(thinking, answer, cut)`` of a whole text, divided at the last ``</think>``.

    ``inside`` says that the text began within a thought, as it does where the model's template
    opens ``<think>`` itself. ``cut`` is true where a thought was never closed.
    """
    thinking, closed, answer = text.rpartition(CLOSE)
    if not closed and inside:
        return _bare(text), "", True
    answer, opened, unfinished = answer.partition(OPEN)
    return _bare(thinking + opened + unfinished), answer.strip(), bool(opened)


def _bare(text: str) -> str:
    return _TAG.sub("", text).strip()
