"""Pairs made by rules from abstracts, review passages and patient information.

Passages are those of :mod:`training.natural.sources`: only documents in the training part, and no
abstract that the test or the held-out claims cite.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.natural.claims import core, declarative_title, focused
from training.natural.evidence import Neighbours
from training.natural.families import (
    Base,
    Maker,
    asks,
    concluded,
    exchange,
    joined,
    reversal,
    titled,
)
from training.natural.sources import Source, sources
from training.natural.turn import reversals
from training.pairs import Pair, Part, without_repeats

SHARES = (0.40, 0.35, 0.25)
"""The shares of supported, neutral and refuted."""
_MOST = {"scifact": 6, "covidqa": 4, "medquad": 3}
"""How many sentences of one passage become claims, at most."""


def bases(source: Source) -> list[Base]:
    """Claims that sentences of a source make and that can be turned round, in their order."""
    found = []
    for place, sentence in enumerate(source.sentences):
        text, named = core(sentence), False
        if text is None and source.corpus == "medquad":
            text, named = focused(sentence, source.title), True
        if text is not None and reversals(text):
            found.append(Base(source, place, text, named))
    return found


def _of_source(maker: Maker, source: Source) -> Iterator[Pair]:
    rng = maker.rng
    every = bases(source)
    found = rng.sample(every, min(len(every), _MOST[source.corpus]))
    for base in found:
        yield from reversal(maker, base)
        if rng.random() < 0.6:
            yield from exchange(maker, base)
    if source.corpus == "scifact":
        said = declarative_title(source.title)
        if said and reversals(said):
            yield from titled(maker, source, said)
        late = len(source.sentences) - max(2, len(source.sentences) // 3)
        for base in (base for base in every if base.place >= late and not asks(base.sentence)):
            yield from concluded(maker, base)
    plain = [base for base in found if not base.named]
    if len(plain) >= 2 and rng.random() < 0.5:
        yield from joined(maker, *rng.sample(plain, 2))


def made(every: Sequence[Source], seed: int) -> Iterator[Pair]:
    """All pairs that the rules make of these sources, in their order, in no fixed shares."""
    neighbours = Neighbours(every)
    for source in every:
        rng = random.Random(f"{seed}:{source.corpus}:{source.key}")
        yield from _of_source(Maker(neighbours, rng), source)


def in_shares(pairs: Sequence[Pair], limit: int | None, rng: random.Random) -> list[Pair]:
    """As many pairs as ``limit`` and :data:`SHARES` allow, by chance, in the order given."""
    places = [[i for i, pair in enumerate(pairs) if pair.label == label] for label in range(3)]
    most = min(len(found) / share for found, share in zip(places, SHARES, strict=True))
    total = most if limit is None else min(limit, most)
    kept = set[int]()
    for found, share in zip(places, SHARES, strict=True):
        kept.update(rng.sample(found, int(total * share)))
    return [pairs[i] for i in sorted(kept)]


def pairs(data: Path, seed: int, limit: int | None = None, part: Part = "train") -> Iterator[Pair]:
    """Natural pairs from the folder ``data``, at most ``limit``, in random order.

    The same seed gives the same pairs. Of 100 pairs 40 are supported, 35 neutral, 25 refuted.
    """
    rng = random.Random(f"{seed}:natural")
    chosen = in_shares(without_repeats(made(list(sources(data, part)), seed)), limit, rng)
    rng.shuffle(chosen)
    yield from chosen
