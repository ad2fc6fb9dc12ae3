"""Sentences of a passage as an assistant repeats them: an everyday word or five exchanged, a
bracket left out, two sentences joined, an opening put in front. Before their own passage they are
supported; before another part of the document left open.

Pairs that were altered in one clinical detail teach that a changed word is a changed meaning. These
teach that most are not, and that words in common are a sign of support.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.natural.everyday import OPENINGS, table
from training.natural.sources import sources
from training.pairs import NEUTRAL, SUPPORTED, Pair
from training.reading import windows
from training.sentences import coverage, full_stop

_TABLE = table()
_WORDS = re.compile(
    r"\b(?:" + "|".join(re.escape(w) for w in sorted(_TABLE, key=lambda w: (-len(w), w))) + r")\b"
)
_BRACKET = re.compile(r" \([^()]{3,80}\)")
_LEAST, _MOST = 7, 45  # words of a claim
_EXCHANGED = (0, 1, 1, 2, 2, 3, 4, 5)  # words of it, one count as often as another
_JOINED, _OPENED = 0.25, 0.2
_ELSEWHERE = 0.7  # share of the claim's words in another text, above which it may say the same


def pairs(data: Path, seed: int) -> Iterator[Pair]:
    """Pairs of every passage that may train.

    The same seed gives the same pairs in the same order.
    """
    for source in sources(data):
        chance = random.Random(f"{seed}:{source.key}:close")
        yield from pairs_of(source.sentences, source.corpus, source.group, chance)


def pairs_of(
    sentences: Sequence[str], source: str, group: str, chance: random.Random
) -> Iterator[Pair]:
    """Pairs of one document: a claim from each window, before it, and before the same without what
    was said or before another."""
    every = [window for window in windows(tuple(sentences)) if len(window) > 1]
    for place, window in enumerate(every):
        at = chance.randrange(len(window))
        count = 2 if at + 1 < len(window) and chance.random() < _JOINED else 1
        claim = _claim(window[at : at + count], chance)
        if claim is None:
            continue
        yield Pair("claim", claim, " ".join(window), SUPPORTED, source, "close", group)
        rest = [*window[:at], *window[at + count :]]
        if place + 1 < len(every) and (not rest or chance.random() < 0.5):
            rest = every[place + 1]
        text = " ".join(rest)
        if rest and coverage(claim, text) <= _ELSEWHERE:
            yield Pair("claim", claim, text, NEUTRAL, source, "close-elsewhere", group)


def _claim(said: Sequence[str], chance: random.Random) -> str | None:
    first, *more = said
    if any("?" in one or not one[0].isalnum() for one in said):
        return None
    claim = f"{first.rstrip('. ')}, and {_lowered(more[0])}" if more else first
    if chance.random() < 0.5:
        claim = _BRACKET.sub("", claim)
    claim = reworded(claim, chance.choice(_EXCHANGED), chance)
    if chance.random() < _OPENED:
        claim = chance.choice(OPENINGS).format(_lowered(claim))
    return full_stop(claim) if _LEAST <= len(claim.split()) <= _MOST else None


def reworded(said: str, most: int, chance: random.Random) -> str:
    """At most so many everyday words exchanged."""
    found = [m for m in _WORDS.finditer(said) if not _in_name(said, m)]
    for match in sorted(chance.sample(found, min(most, len(found))), key=lambda m: -m.start()):
        other = chance.choice(_TABLE[match.group()])
        said = said[: match.start()] + other + said[match.end() :]
    return said


def _in_name(said: str, match: re.Match[str]) -> bool:
    """Whether a capital or a hyphen stands beside it: then it may be part of a name."""
    before, after = said[: match.start()], said[match.end() :]
    joined = before.endswith("-") or after.startswith("-")
    return joined or bool(re.match(r" [A-Z]", after)) or bool(re.search(r"\b[A-Z]\w* $", before))


def _lowered(said: str) -> str:
    """With a small first letter, where the first word is not a name."""
    first = said.split(" ", 1)[0]
    return said[0].lower() + said[1:] if first.isalpha() and first[1:].islower() else said
