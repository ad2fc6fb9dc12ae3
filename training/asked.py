"""Written claims as questions: a text that decides one answers it, whichever way; one that leaves
it open does not, however near it is.

The questions of the public sets are of three kinds only. These are of every kind, and the nearest
wrong passages were written as such.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.pairs import NEUTRAL, Pair, part
from training.sentences import coverage
from training.written.groups_file import SOURCE, Group, read_groups
from training.written.likeness import Likeness

_FORMS = (
    "{}", "{}", "{}?", "Is it true that {}?", "Is there evidence that {}?", "What is known: {}",
    "evidence: {}",
)  # fmt: skip
_OTHERS = 3  # texts of other groups beside each question
_LEFT_OPEN = 0.4  # share of the question's words in another text, above which it may answer it
_CLAIMS = 2  # of a text are asked
_LONGEST = 700  # characters of a text


def pairs(data: Path, seed: int) -> Iterator[Pair]:
    """Pairs of task "question" from the groups that train; ``group`` is the question.

    The same seed gives the same pairs in the same order.
    """
    groups = [group for group in read_groups(data) if part(group.key) == "train"]
    yield from pairs_of(groups, seed)


def pairs_of(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """The questions of these groups."""
    for subjects in ("C", "EP"):
        mine = [group for group in groups if group.subject in subjects]
        likeness = Likeness(mine)
        for place, group in enumerate(mine):
            chance = random.Random(f"{seed}:{group.key}:{place}:asked")
            others = [likeness.near(place, chance) for _ in range(_OTHERS)]
            found = [other for other in others if other is not None]
            if subjects == "C":
                yield from _of_claim(group, found, chance)
            else:
                yield from _of_text(group, found, chance)


def _of_claim(group: Group, others: Sequence[Group], chance: random.Random) -> Iterator[Pair]:
    good = [text for label, text in group.items if label != NEUTRAL]
    bad = [text for label, text in group.items if label == NEUTRAL]
    bad += [chance.choice(other.items)[1] for other in others]
    yield from _asked(group.text, good, bad, group.key, chance)


def _of_text(group: Group, others: Sequence[Group], chance: random.Random) -> Iterator[Pair]:
    decided = [text for label, text in group.items if label != NEUTRAL]
    if len(group.text) <= _LONGEST:
        for number, claim in enumerate(chance.sample(decided, min(_CLAIMS, len(decided)))):
            bad = [other.text for other in others if len(other.text) <= _LONGEST]
            yield from _asked(claim, [group.text], bad, f"{group.key}-{number}", chance)


def _asked(
    claim: str, good: Sequence[str], bad: Sequence[str], key: str, chance: random.Random
) -> Iterator[Pair]:
    question = chance.choice(_FORMS).format(claim.rstrip(".? "))
    wrong = [
        text for text in dict.fromkeys(bad)
        if text not in good and coverage(claim, text) <= _LEFT_OPEN
    ]  # fmt: skip
    for label, texts in ((1, dict.fromkeys(good)), (0, wrong)):
        for text in texts if good and wrong else ():
            yield Pair("question", question, text, label, SOURCE, "asked", key)
