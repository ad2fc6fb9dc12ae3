"""Pairs written for this project: claims and what short texts say of them, in other words.

The files of ``groups/`` hold groups of lines. A group turns on one claim (``C:``) that several
pieces of evidence support (``S:``), refute (``R:``) or leave open (``N:``), or on one piece of
evidence (``E:``), or one passage of a public corpus (``P:`` and its number in ``passages.json``),
with claims on it. The same claim, or the same text, comes with each label, so that neither tells it
by its subject; wording tells something all the same, and pairs made from the groups work against
that (``misplaced``, ``quoted``, ``widened``). They were written by a language model, not by people;
500 of them were labelled anew, without sight of the labels, by another run of such a model, all but
4 alike. Facts in them are partly invented and need not be true.

``roles/`` holds groups of the same form in which order decides (who is given what for what, which
arm did better), directions of effects that must be read out of figures, and long texts. 150 of
these were labelled anew, blind, by another run of such a model: all but 2 alike. ``questions/`` is
read by ``training.questions``.

A group is known by a hash of its claim or text, which also says whether it trains. Passages that
answer questions of the retrieval sets' development and test splits are left out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from medrag.verify.extracts import ROOM
from training.natural import close
from training.pairs import NEUTRAL, SUPPORTED, Pair, Part, part
from training.sentences import coverage, sentences_of
from training.written.groups_file import (
    FOLDER,
    PASSAGES,
    ROLES,
    SOURCE,
    Group,
    NotWellFormed,
    read_groups,
)
from training.written.likeness import Likeness

__all__ = [
    "FOLDER",
    "PASSAGES",
    "ROLES",
    "SOURCE",
    "Group",
    "NotWellFormed",
    "pairs",
    "read_groups",
]

_WIDER = 0.35  # of the pairs come a second time, with more around what decides
_STRANGE = 0.15  # and a second time with evidence of another group
_MISPLACED = 1.0  # of what a text supports comes again before another text; of the rest half
_BESIDE = 2  # times that a claim comes again before what was written on another
_ELSEWHERE = 0.4  # share of the claim's words in another text, above which it may be about it
_QUOTED = 0.6  # of the texts are quoted once
_CLOSE = 2  # times that a sentence or two of a text come in nearly its words


def pairs(data: Path, seed: int, wanted: Part = "train", folder: Path = FOLDER) -> Iterator[Pair]:
    """Every pair of the groups in this part of a folder, some claims with another group's text, and
    sentences quoted from theirs; those of the train part also in wider evidence. ``data`` is the
    folder of public sets, for the passages.

    The same seed gives the same pairs in the same order.
    """
    groups = [group for group in read_groups(data, folder) if part(group.key) == wanted]
    for group in groups:
        for label, text in group.items:
            pair = group.pair(label, text, "plain")
            if fits(pair):
                yield pair
    yield from misplaced(groups, seed)
    yield from beside(groups, seed)
    yield from quoted(groups, seed)
    if wanted == "train":
        yield from widened(groups, seed)


def widened(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """Some pairs of the groups about claims once more, in wider evidence or with a stranger's."""
    for place, group in enumerate(groups):
        if group.subject == "C":
            yield from _wider(group, groups, place, random.Random(f"{seed}:{group.key}"))


def fits(pair: Pair) -> bool:
    """Whether the encoder sees both texts whole. What decides may stand at the end of a text, so
    that no pair is cut."""
    return len(pair.first) + len(pair.second) <= ROOM


def misplaced(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """Claims on one text held against another, one like it or any: left open.

    What a text supports is often said in general words, and what it leaves open in its own. Without
    these pairs the wording of a claim would tell its label, whatever stands beside it; and an
    encoder that sees only what was written to mislead learns to distrust every word in common.
    """
    texts = [group for group in groups if group.subject != "C"]
    likeness = Likeness(texts)
    for place, group in enumerate(texts):
        chance = random.Random(f"{seed}:{group.key}:{place}")
        for label, claim in group.items:
            if chance.random() < (_MISPLACED if label == SUPPORTED else _MISPLACED / 2):
                other = likeness.near(place, chance)
                if other is None:
                    continue
                made = other.pair(NEUTRAL, claim, "misplaced")
                # What has most of the claim's words may well say it, or the contrary.
                if coverage(claim, other.text) <= _ELSEWHERE and fits(made):
                    yield replace(made, group=group.key)


def beside(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """Claims held against what was written on another claim, one like it or any: left open, as
    misplaced ones are."""
    claims = [group for group in groups if group.subject == "C"]
    likeness = Likeness(claims)
    for place, group in enumerate(claims):
        chance = random.Random(f"{seed}:{group.key}:beside")
        for _ in range(_BESIDE):
            other = likeness.near(place, chance)
            if other is None:
                continue
            _, text = chance.choice(other.items)
            made = group.pair(NEUTRAL, text, "beside")
            if coverage(group.text, text) <= _ELSEWHERE and fits(made):
                yield made


def quoted(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """Sentences of a text as claims on it, word for word: supported, however few words they leave
    to meaning; and with everyday words exchanged, before the text and before its rest."""
    for place, group in enumerate(groups):
        chance = random.Random(f"{seed}:{group.key}:{place}:quoted")
        if group.subject == "C":
            continue
        said = [one for one in sentences_of(group.text) if _is_prose(one)]
        if chance.random() < _QUOTED and len(said) > 1:
            pair = group.pair(SUPPORTED, chance.choice(said), "quoted")
            if fits(pair):
                yield pair
        for _ in range(_CLOSE):
            for pair in close.pairs_of(said, SOURCE, group.key, chance):
                if fits(pair):
                    yield replace(pair, kind=f"{group.name}-{pair.kind}")


def _is_prose(sentence: str) -> bool:
    return 5 <= len(sentence.split()) <= 40 and sentence.endswith(".") and "http" not in sentence


def _wider(
    group: Group, groups: Sequence[Group], place: int, chance: random.Random
) -> Iterator[Pair]:
    """Some pairs again: what decides among sentences that leave the claim open (its own group's,
    or another group's), and claims before evidence that is about something else."""
    open_ = [text for label, text in group.items if label == NEUTRAL]
    for label, text in group.items:
        if chance.random() < _WIDER:
            around = [other for other in open_ if other != text]
            chance.shuffle(around)
            around = around[: chance.randint(1, 2)] or _strangers(groups, place, chance, 1)
            together = [text, *around]
            chance.shuffle(together)
            pair = group.pair(label, " ".join(together), "wider")
            if fits(pair):
                yield pair
    if chance.random() < _STRANGE * len(group.items):
        strange = " ".join(_strangers(groups, place, chance, 2))
        if strange:
            yield group.pair(NEUTRAL, strange, "strange")


def _strangers(groups: Sequence[Group], place: int, chance: random.Random, count: int) -> list[str]:
    """What leaves another group's claim open, not far away: of the same field, mostly."""
    for _ in range(20):
        other = groups[(place + chance.randint(2, 40)) % len(groups)]
        if other.subject == "C" and other is not groups[place]:
            texts = [text for label, text in other.items if label == NEUTRAL]
            if texts:
                return chance.sample(texts, min(count, len(texts)))
    return []
