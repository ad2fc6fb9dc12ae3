"""For whom an instruction of the evidence is, where the claim gives it to more.

"Patients with a creatinine clearance below 30 mL/min should take 2.5 mg" says nothing of patients
at large. What only describes ("metformin, which is taken with food") restricts nobody; nor does
who is meant anyway ("adults aged 18 years or older").
"""

from __future__ import annotations

from collections.abc import Iterator

from medrag.verify.binding import segments
from medrag.verify.lexicon import POPULATION, USING
from medrag.verify.limits import BEFORE_PEOPLE, STATES, Limit, limits_of
from medrag.verify.problem import Problem
from medrag.verify.reading import Reading, read
from medrag.verify.support import root
from medrag.verify.syntax import MODALS, on_topic

_ORDERING = frozenset(
    "should must shall need needs require requires required avoid avoided contraindicated"
    " recommended dose dosage maximum stop withhold omit safe unsafe give take".split()
)
_GIVEN = frozenset({"mass", "volume", "unit", "frequency", "tablet", "capsule", "puff", "drop"})
_LEAST = 0.8  # of the claim's names, in a sentence that is looked at
_ADULTS = frozenset({"adult", "adults"})


def restrictions(claim: str, evidence: str) -> Iterator[Problem]:
    """The first restriction that the claim leaves out of an instruction, unless another sentence
    of the evidence gives it without one."""
    mine = read(claim)
    if not _instructs(mine):
        return
    wanted = {quantity.key for quantity in mine.quantities}
    found = list(on_topic(mine, evidence, _LEAST))
    held = [len(wanted & {q.key for q in sentence.quantities}) for sentence in found]
    best = [s for s, shared in zip(found, held, strict=True) if shared == max(held)]
    left_out = [_left_out(mine, sentence) for sentence in best]
    if left_out and all(left_out):
        yield Problem(
            "condition_dropped", f"The source says this only of some (“{left_out[0]} …”)."
        )


def _instructs(reading: Reading) -> bool:
    """Whether a text says what to do, or how much of something is given."""
    if any(token.word in _ORDERING for token in reading.tokens):
        return True
    if any(quantity.unit.dimension in _GIVEN for quantity in reading.quantities):
        return True
    words = [token.word for token in reading.tokens]
    return any(
        word in MODALS and not USING.isdisjoint(words[place + 1 : place + 4])
        for place, word in enumerate(words)
    ) or (bool(words) and words[0] in USING)


def _left_out(mine: Reading, sentence: Reading) -> str:
    """How a restriction of the sentence begins that the claim lacks; nothing if it has them."""
    limits = limits_of(sentence.text)
    if not limits:
        return ""
    own = limits_of(mine.text)
    words = {token.word for token in mine.tokens}
    stems = {token.stem for token in mine.tokens} | words
    stems |= {root(stem) for stem in stems}
    values = {quantity.key for quantity in mine.quantities}
    for limit in limits:
        if own and not (limit.values and limit.whom in stems):
            continue  # it is restricted in other words, or by another of several
        if (limit.grown and _ADULTS & words) or (limit.describes and limit.whom not in stems):
            continue
        if limit.state and not words.isdisjoint(STATES | BEFORE_PEOPLE | POPULATION.keys()):
            continue
        if not _held(limit, stems, values) and not _of_others(limit, mine, sentence):
            return limit.text
    return ""


def _of_others(limit: Limit, mine: Reading, sentence: Reading) -> bool:
    """Whether it stands in the part of a sentence that gives another value than the claim's:
    "men take 8 g; people with asthma take 4 g"."""
    marks = frozenset().union(*limit.stems) | {repr(value) for value in limit.values}
    own = {token.stem for token in mine.tokens if token.content or token.word in POPULATION}
    claimed = {(slot.group, slot.value) for slot in mine.slots if slot.group.startswith("q:")}
    for slot in sentence.slots:
        if (slot.group, slot.value) not in claimed:
            continue
        parts = segments(sentence, slot) or []
        here = next((words for peer, words in parts if peer is slot), frozenset[str]())
        away = (words for peer, words in parts if peer.value != slot.value)
        if here & own and any(marks <= words for words in away):
            return True
    return False


def _held(limit: Limit, stems: set[str], values: set[tuple[object, ...]]) -> bool:
    """Whether half of an alternative is there; of a state one word."""
    known = len(limit.values & values)
    for words in limit.stems:
        held = known + sum(_among(stem, stems) for stem in words)
        if held * 2 >= len(words) + len(limit.values) or (limit.state and held):
            return True
    return False


def _among(stem: str, stems: set[str]) -> bool:
    """Whether a word is there, or another of its root: "cirrhosis" and "cirrhotic"."""
    if stem in stems or root(stem) in stems:
        return True
    head = stem[:6]
    return len(head) == 6 and any(other.startswith(head) for other in stems)
