"""Which groups are about nearly the same."""

from __future__ import annotations

import random
from collections.abc import Sequence

from training.sentences import stem_set
from training.written.groups_file import Group

_TOO_LIKE, _NEAR = 2, 12  # places in the order of likeness between which one is drawn
_FAR = 0.4  # of those drawn are any other


class Likeness:
    """Groups by the rare words of their text, and of a claim's evidence too."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._stems = [_stems(group) for group in groups]
        self._rare = rarities(self._stems)

    def near(self, place: int, chance: random.Random) -> Group | None:
        """Any other group now and then, mostly one with much weight of rare words in common with
        that at ``place``; not the very likest where there are others, which may say the same."""
        groups, mine = self._groups, self._groups[place]
        if chance.random() < _FAR:
            other = chance.choice(groups)
            return other if other.key != mine.key else None
        weights: dict[int, float] = {}
        for stem in sorted(self._stems[place] & self._rare.keys()):
            for held in self._rare[stem]:
                weights[held] = weights.get(held, 0.0) + 1 / len(self._rare[stem])
        others = [o for o in weights if groups[o].key != mine.key and groups[o].text != mine.text]
        others.sort(key=lambda o: (-weights[o], o))
        near = others[_TOO_LIKE:_NEAR] or others[-1:]
        return groups[chance.choice(near)] if near else None


def rarities(texts: Sequence[frozenset[str]]) -> dict[str, tuple[int, ...]]:
    """For each stem that is neither everywhere nor in one text alone, the places it stands in."""
    places: dict[str, list[int]] = {}
    for place, stems in enumerate(texts):
        for stem in stems:
            places.setdefault(stem, []).append(place)
    most = max(20, len(texts) // 20)
    return {stem: tuple(where) for stem, where in places.items() if 1 < len(where) <= most}


def _stems(group: Group) -> frozenset[str]:
    texts = [group.text, *(text for _, text in group.items if group.subject == "C")]
    return frozenset().union(*map(stem_set, texts))
