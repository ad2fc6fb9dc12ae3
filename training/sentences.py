"""Sentences, stems and coverage: what the makers of pairs share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from medrag.text import content_words, sentences
from medrag.verify.extracts import extracts

_HEADING = re.compile(
    r"^(?:(?:BACKGROUND|OBJECTIVES?|AIMS?|INTRODUCTION|METHODS?|RESULTS?|FINDINGS|CONCLUSIONS?"
    r"|INTERPRETATION|DISCUSSION|SIGNIFICANCE|MEASUREMENTS?|MAIN|PURPOSE|DESIGN|SETTING"
    r"|PARTICIPANTS|PATIENTS|INTERVENTIONS?|OUTCOMES?|AND|DATA|CONTEXT|PRINCIPAL|METHODOLOGY)"
    r"(?:\(S\))?[\s:/.]+)+(?=[A-Z0-9(])"
)


def sentences_of(text: str) -> list[str]:
    """The sentences of ``text`` in order, without surrounding space."""
    found = (" ".join(text[a:b].split()) for a, b in sentences(text))
    return [sentence for sentence in found if sentence]


def without_heading(sentence: str) -> str:
    """The sentence without the heading of a structured abstract ("RESULTS", "CONCLUSION:")."""
    return _HEADING.sub("", sentence)


@lru_cache(maxsize=200_000)
def stems(text: str) -> tuple[str, ...]:
    """The stems of the content words, in order, repeats kept."""
    return tuple(content_words(text))


@lru_cache(maxsize=100_000)
def stem_set(text: str) -> frozenset[str]:
    """The stems of the content words."""
    return frozenset(stems(text))


def coverage(claim: str, text: str) -> float:
    """The share (0..1) of the claim's content words that ``text`` holds; 0 without any."""
    wanted = stem_set(claim)
    return len(wanted & stem_set(text)) / len(wanted) if wanted else 0.0


def as_read(claim: str, evidence: str) -> str:
    """What the judge reads of the evidence first: all of it, or the window nearest to the claim."""
    looks = extracts(claim, evidence)
    return looks[0].text if looks else evidence


def capital(text: str) -> str:
    """``text`` with its first letter as a capital, unless that letter belongs to a name (mRNA)."""
    first = re.match(r"[a-z]+(?![A-Za-z0-9])", text)
    return text[0].upper() + text[1:] if first else text


def full_stop(text: str) -> str:
    """``text`` as a sentence: first letter a capital where that is safe, one stop at the end."""
    return capital(text.strip().rstrip(".;:, ")) + "."


def word_count(text: str) -> int:
    """Words, parted by white space."""
    return len(text.split())


def alternatives(words: Iterable[str]) -> str:
    """A pattern that matches any of ``words``, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda w: (-len(w), w)))
