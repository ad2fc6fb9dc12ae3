"""The sentences of an answer, and the sources each of them cites."""

from __future__ import annotations

import re
from collections.abc import Collection

from medrag.text import sentences
from medrag.types import Claim

# One to four digits: nobody cites source 12345, and a longer run is more likely a year or an id.
_MARKER = re.compile(r"\[\s*([0-9]{1,4}(?:\s*[,;]\s*[0-9]{1,4})*)\s*\]")
_LEADING = re.compile(r"(?:\[\s*[0-9]{1,4}(?:\s*[,;]\s*[0-9]{1,4})*\s*\][ \t]*)+[.!?]?")
_SPACE = re.compile(r"\s+")
_LOOSE_STOP = re.compile(r"\s+([.,;:!?])(?!\d)")  # not the point of ".5 mg"


def markers(text: str) -> tuple[int, ...]:
    """The numbers in the markers of ``text``, in order, each once."""
    seen: dict[int, None] = {}
    for match in _MARKER.finditer(text):
        for number in re.split(r"[,;]", match.group(1)):
            if int(number) > 0:
                seen.setdefault(int(number))
    return tuple(seen)


def bare(claim_text: str) -> str:
    """``claim_text`` without its markers, on one line, with tidy spaces."""
    text = _SPACE.sub(" ", _MARKER.sub(" ", claim_text)).strip()
    return _LOOSE_STOP.sub(r"\1", text)


def split_claims(text: str, allowed: Collection[int] | None = None) -> list[Claim]:
    """The sentences of an answer with their markers; ``text[start:end] == claim.text``.

    A marker that is not in ``allowed`` is left in the text but not in ``Claim.markers``: a
    citation of a source that does not exist supports nothing.
    """
    spans: list[tuple[int, int]] = []
    for start, end in sentences(text):
        start = _give_back_markers(text, start, end, spans)
        if start < end:
            spans.append((start, end))
    claims = []
    for start, end in spans:
        body = text[start:end]
        if not any(ch.isalnum() for ch in bare(body)):
            continue
        cited = tuple(m for m in markers(body) if allowed is None or m in allowed)
        claims.append(Claim(text=body, start=start, end=end, markers=cited))
    return claims


def line_claims(text: str, allowed: Collection[int]) -> list[Claim]:
    """The claims of a verbatim draft: each line is one, and only the marker at its end cites."""
    claims, start = [], 0
    for line in text.split("\n"):
        found = list(_MARKER.finditer(line))
        cited = markers(found[-1].group()) if found and found[-1].end() == len(line) else ()
        kept = tuple(marker for marker in cited if marker in allowed)
        if line:
            claims.append(Claim(text=line, start=start, end=start + len(line), markers=kept))
        start += len(line) + 1
    return claims


def _give_back_markers(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> int:
    """Moves markers that open a sentence ("…daily. [1] Next") to the sentence before."""
    match = _LEADING.match(text, start, end)
    if match is None or not spans:
        return start
    stop = match.start() + len(match.group().rstrip())
    alone = stop == end
    # A line that opens with a marker and goes on is a reference list, not a late citation.
    if "\n" in text[spans[-1][1] : start] and not alone:
        return start
    spans[-1] = (spans[-1][0], stop)
    while stop < end and text[stop].isspace():
        stop += 1
    return stop
