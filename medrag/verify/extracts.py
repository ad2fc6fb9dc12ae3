"""Which parts of a source the pair encoder reads beside a claim.

It reads some 250 tokens of both texts together. What is longer is read in windows of neighbouring
sentences, those first that hold most of the claim's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medrag.text import Span
from medrag.verify.lexicon import canon
from medrag.verify.reading import Reading, read
from medrag.verify.support import root, share, vocabulary_of
from medrag.verify.windows import Passage, cut

ROOM = 900
"""Characters of claim and evidence together that the encoder reads at once: 215 tokens or so, and
in dense text 250."""
_LEAST = 300  # of them always for the evidence
_WINDOWS = 3
_MOST_SENTENCES = 6
_HEADING = 120


@dataclass(frozen=True, slots=True)
class Extract:
    """``evidence[start:end]``, and the ``text`` that is read for it: with its heading, if it has
    one. ``held`` is the share (0..1) of the claim's weight in words that it holds."""

    start: int
    end: int
    text: str
    held: float

    def inside(self, other: Extract) -> bool:
        """Whether this lies within ``other``."""
        return other.start <= self.start and self.end <= other.end


def extracts(claim: str, evidence: str) -> list[Extract]:
    """The whole evidence where it can be read at once, else up to three windows of it, best
    first. Empty for evidence without a word."""
    room = max(_LEAST, ROOM - len(claim))
    start, end = len(evidence) - len(evidence.lstrip()), len(evidence.rstrip())
    if start >= end:
        return []
    if end - start <= room:
        return [Extract(start, end, evidence[start:end], 1.0)]
    return _windows(read(claim), evidence, room)


def narrowed(claim: str, evidence: str, within: Extract) -> Extract:
    """The one or two neighbouring sentences of an extract that hold most of the claim's words."""
    pieces = [
        piece for piece in _pieces(evidence, cut(evidence), ROOM)
        if within.start <= piece[0] and piece[1] <= within.end
    ]  # fmt: skip
    mine = read(claim)
    needed = _needed(mine)
    best = within
    worth = -1.0
    for first in range(len(pieces)):
        for last in range(first, min(first + 2, len(pieces))):
            words = frozenset().union(*(piece[2] & needed for piece in pieces[first : last + 1]))
            held = share(mine, words)
            if held - 0.05 * (last - first) > worth:
                start, end = pieces[first][0], pieces[last][1]
                best = Extract(start, end, evidence[start:end], held)
                worth = held - 0.05 * (last - first)
    return best


_Piece = tuple[int, int, frozenset[str], str]


def _windows(mine: Reading, evidence: str, room: int) -> list[Extract]:
    pieces = _pieces(evidence, cut(evidence), room)
    needed = _needed(mine)
    held = [words & needed for _, _, words, _ in pieces]
    known: dict[frozenset[str], float] = {}
    found: list[tuple[float, int, int]] = []
    for first in range(len(pieces)):
        last = first
        words = held[first]
        while (
            last + 1 < min(first + _MOST_SENTENCES, len(pieces))
            and pieces[last + 1][1] - pieces[first][0] <= room
        ):
            last += 1
            words = words | held[last]
        if words not in known:
            known[words] = share(mine, words)
        found.append((known[words], first, last))
    chosen: list[tuple[float, int, int]] = []
    for one in sorted(found, key=lambda each: (-each[0], each[1])):
        if all(_apart(one, other) for other in chosen):
            chosen.append(one)
        if len(chosen) == _WINDOWS:
            break
    return [_extract(evidence, pieces, *one) for one in chosen]


def _apart(one: tuple[float, int, int], other: tuple[float, int, int]) -> bool:
    """Whether two windows have less than half of their sentences in common."""
    common = min(one[2], other[2]) - max(one[1], other[1]) + 1
    return 2 * common < min(one[2] - one[1], other[2] - other[1]) + 1


def _extract(
    evidence: str, pieces: Sequence[_Piece], held: float, first: int, last: int
) -> Extract:
    start, end = pieces[first][0], pieces[last][1]
    heading = pieces[first][3][:_HEADING]
    text = evidence[start:end]
    return Extract(start, end, f"{heading}\n{text}" if heading else text, held)


def _pieces(evidence: str, passage: Passage, room: int) -> list[_Piece]:
    """Start, end, words and heading of every sentence or item; what is too long in slices."""
    out: list[_Piece] = []
    for unit, words, heading in zip(passage.units, passage.words, passage.headings, strict=True):
        if unit.end - unit.start <= room:
            out.append((unit.start, unit.end, words, heading))
            continue
        for start, end in _slices(evidence, unit.start, unit.end, room):
            out.append((start, end, vocabulary_of(evidence[start:end], {}), heading))
    return out


def _slices(text: str, start: int, end: int, room: int) -> list[Span]:
    out: list[Span] = []
    while start < end:
        stop = end
        if end - start > room:
            space = text.rfind(" ", start + room // 2, start + room)
            stop = space if space > start else start + room
        out.append((start, stop))
        start = stop
        while start < end and text[start].isspace():
            start += 1
    return out


def _needed(mine: Reading) -> frozenset[str]:
    needed = {token.stem for token in mine.tokens} | {token.word for token in mine.tokens}
    return frozenset(needed | {root(stem) for stem in needed} | {canon(stem) for stem in needed})
