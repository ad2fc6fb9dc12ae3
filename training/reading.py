"""Passages to learn words from before any label: one sentence, or the title, and what stands around
it, in the form of a pair, so that words of the one are looked for in the other from the start."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from training.natural.sources import Source, sources
from training.pairs import Pair

_WINDOW = 900  # characters of a passage that are read at once
_TITLED = 0.3  # of the passages are read beside their title
_LEAST = 5  # words of a sentence that stands alone


def pairs(data: Path, seed: int) -> Iterator[Pair]:
    """Pairs of task "words" from every passage that may train, in windows.

    The same seed gives the same pairs in the same order.
    """
    for source in sources(data):
        yield from pairs_of(source, random.Random(f"{seed}:{source.key}:reading"))


def pairs_of(source: Source, chance: random.Random) -> Iterator[Pair]:
    """The windows of one passage."""
    for window in windows(source.sentences):
        alone = [i for i, sentence in enumerate(window) if len(sentence.split()) >= _LEAST]
        if source.title and chance.random() < _TITLED:
            first, rest = source.title, window
        elif alone and len(window) > 1:
            place = chance.choice(alone)
            first, rest = window[place], [*window[:place], *window[place + 1 :]]
        else:
            continue
        yield Pair("words", first, " ".join(rest), 0, source.corpus, "window", source.key)


def windows(every: tuple[str, ...]) -> Iterator[list[str]]:
    """The sentences in order, as many at a time as there is room for; never none."""
    window: list[str] = []
    for sentence in every:
        if window and sum(map(len, window)) + len(sentence) > _WINDOW:
            yield window
            window = []
        window.append(sentence)
    if window:
        yield window
