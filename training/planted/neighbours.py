"""True sentences of other passages that are about much the same, and not said here."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

from training.planted.text import Run

_WORD = re.compile(r"[a-z]{5,}")
_ABSENT_SHARE, _RARE, _LOOKED_AT = 0.4, 120, 6


class Neighbours:
    """The sentences of many runs by their words of five letters and more."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._by_word: dict[str, list[tuple[int, int]]] = {}

    def near(self, run: Run, at: int, shown: str, rng: Random) -> str | None:
        """A sentence of another run that shares rare words with the one at ``at`` and of whose
        words at least two in five, and three at least, are not in the evidence shown."""
        if not self._by_word:
            self._index()
        here = _words(run.sentences[at])
        counts: Counter[tuple[int, int]] = Counter()
        for word in sorted(here):
            spots = self._by_word.get(word, ())
            if len(spots) > 1:
                counts.update(spots if len(spots) <= _RARE else rng.sample(spots, _RARE))
        said = _words(shown)
        near = [spot for spot, n in counts.most_common(_LOOKED_AT * 4) if n >= 2]
        fit = [s for s in near if self._is_new(s, run, said)][:_LOOKED_AT]
        if not fit:
            return None
        number, spot = rng.choice(fit)
        return self._runs[number].sentences[spot]

    def _is_new(self, spot: tuple[int, int], run: Run, said: set[str]) -> bool:
        other = self._runs[spot[0]]
        if other is run:
            return False
        words = _words(other.sentences[spot[1]])
        absent = len({w[:6] for w in words} - {w[:6] for w in said})
        return absent >= max(3, _ABSENT_SHARE * len(words))

    def _index(self) -> None:
        by_word: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, run in enumerate(self._runs):
            for at in run.claims:
                for word in sorted(_words(run.sentences[at])):
                    by_word[word].append((number, at))
        self._by_word = dict(by_word)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
