"""Regular expressions that are compiled when first used: some take milliseconds to compile,
and ``import medrag.verify`` is on the way of every command."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

# The letters beyond ASCII that ``re.IGNORECASE`` takes for one within it.
_ALMOST_ASCII = str.maketrans("\u0130\u0131\u017f\u212a", "iisk")


def folded(text: str) -> str:
    """``text`` in lower case, every letter that ``re.IGNORECASE`` takes for a plain one as that:
    what stands in no part of it (in plain lower-case letters), such a pattern finds nowhere."""
    return (text if text.isascii() else text.translate(_ALMOST_ASCII)).lower()


class Pattern:
    """The few methods of ``re.Pattern`` that are needed, compiled late.

    ``hints``, where there are some, are plain lower-case strings of which every match holds one.
    """

    def __init__(self, source: str, flags: int = 0, hints: Iterable[str] = ()) -> None:
        self.source = source
        self.flags = flags
        self.hints = tuple(hints)

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.source, self.flags)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return self.compiled.finditer(text)

    def within(self, text: str, lowered: str) -> Iterable[re.Match[str]]:
        """``finditer``, tried only where a hint stands in ``lowered``, the text ``folded``."""
        for hint in self.hints:
            if hint in lowered:
                return self.compiled.finditer(text)
        return ()

    def may_be_in(self, text: str) -> bool:
        """Whether a hint stands in ``text``; without one there is no match."""
        lowered = folded(text)
        return any(hint in lowered for hint in self.hints)

    def match(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        return self.compiled.match(text, start, end)

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        return self.compiled.search(text, start, end)

    def fullmatch(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        return self.compiled.fullmatch(text, start, end)

    def sub(
        self, replacement: str | Callable[[re.Match[str]], str], text: str, count: int = 0
    ) -> str:
        return self.compiled.sub(replacement, text, count)

    def split(self, text: str) -> list[str]:
        return [part for part in self.compiled.split(text) if part is not None]
