"""Which sentences stand as evidence: beside what is said, or where it is not said."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from training.natural.sources import Source
from training.sentences import coverage, stem_set

_LENGTHS = (1, 2, 3, 4, 5, 6, 8, 12)
_WEIGHTS = (26, 20, 18, 13, 9, 6, 5, 3)


def length(rng: random.Random) -> int:
    """How many sentences of evidence: one to twelve, drawn alike for every label."""
    return rng.choices(_LENGTHS, _WEIGHTS)[0]


def around(size: int, needed: int, count: int, rng: random.Random) -> range:
    """``count`` neighbouring places of 0..``size``, ``needed`` among them."""
    count = min(count, size)
    first = max(0, needed - rng.randint(0, count - 1))
    first = min(first, size - count)
    return range(first, first + count)


def silent_run(
    claim: str, said: Sequence[int], source: Source, count: int, rng: random.Random
) -> list[int] | None:
    """Up to ``count`` neighbouring sentences, none of them ``said`` or close to the claim."""
    speaks = [
        i in said or coverage(claim, sentence) >= 0.5 for i, sentence in enumerate(source.sentences)
    ]
    starts = [i for i, spoken in enumerate(speaks) if not spoken]
    if not starts:
        return None
    start = rng.choice(starts)
    run = [start]
    while len(run) < count and run[-1] + 1 < len(speaks) and not speaks[run[-1] + 1]:
        run.append(run[-1] + 1)
    while len(run) < count and run[0] > 0 and not speaks[run[0] - 1]:
        run.insert(0, run[0] - 1)
    return run


class Neighbours:
    """Passages of other documents that share a text's rare words."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Reads the rare words (in 2 to 80 passages) of every source."""
        self._sources = sources
        count = Counter(stem for source in sources for stem in source.held)
        self._rarity = {
            stem: math.log(len(sources) / n) for stem, n in count.items() if 2 <= n <= 80
        }
        self._count, self._size = count, len(sources)
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, source in enumerate(sources):
            for stem in sorted(source.held & self._rarity.keys()):
                self._places[stem].append(place)

    def near(self, text: str, group: str, most: int = 6) -> list[Source]:
        """At most ``most`` passages of other groups, those with the rarest shared words first."""
        scores: Counter[int] = Counter()
        for stem in sorted(stem_set(text) & self._rarity.keys()):
            for place in self._places[stem]:
                scores[place] += self._rarity[stem]  # type: ignore[assignment]
        ranked = sorted(scores, key=lambda place: (-scores[place], place))[: most * 4]
        return [self._sources[p] for p in ranked if self._sources[p].group != group][:most]

    def rarest(self, text: str, most: int = 2) -> list[str]:
        """The rarest content words of a text (stems)."""
        return sorted(stem_set(text), key=lambda stem: (self._count[stem], stem))[:most]

    def silent(self, claim: str, source: Source) -> bool:
        """Whether ``source`` cannot say the claim: one of its two rarest words is not there."""
        return not set(self.rarest(claim)) <= source.held
