"""Where a value stands: the words around a slot, and which slot of the evidence fits them.

A number may be in the source and yet belong to another drug or another age.
"""

from __future__ import annotations

from collections.abc import Sequence

from medrag.verify.reading import Reading, Slot

Context = tuple[list[str], list[str]]
_POPULATION = "population"
_MARGIN = 0.7
_NEAR = 6
# Contexts cost time, and a passage with more values of one kind is a table of them.
_MAX_RIVALS = 120


class Places:
    """The contexts of a claim's slots and of the evidence's, each made once."""

    def __init__(self, claim: Reading, evidence: Reading) -> None:
        self._claim = claim
        self._evidence = evidence
        self._known: dict[tuple[int, int, str], Context] = {}
        # A claim on one population may be the second of a list: "in children and in pregnancy".
        several = sum(slot.group == _POPULATION for slot in claim.slots) > 1
        self._unbounded = frozenset() if several else frozenset({_POPULATION})

    def better_elsewhere(
        self, slot: Slot, same: Sequence[Slot], rivals: Sequence[Slot]
    ) -> Slot | None:
        """The slot of another value whose place fits the claim's clearly better, if any."""
        if not rivals or "#" in slot.group:
            return None  # "IL-6 and IL-8": names of one form are often listed, and not exclusive
        here = self._here(slot)
        held = max(_fit(here, self._of(other)) for other in same[:_MAX_RIVALS])
        best = self._best(here, rivals)
        return best if _fit(here, self._of(best)) > held + _MARGIN else None

    def nearest(self, slot: Slot, others: Sequence[Slot]) -> Slot:
        """The slot of the evidence that stands most as ``slot`` does in the claim."""
        return self._best(self._here(slot), others)

    def _here(self, slot: Slot) -> Context:
        return _context(self._claim, slot, slot.group not in self._unbounded)

    def _best(self, here: Context, others: Sequence[Slot]) -> Slot:
        return max(others[:_MAX_RIVALS], key=lambda other: _fit(here, self._of(other)))

    def _of(self, slot: Slot) -> Context:
        key = (slot.start, slot.end, slot.group)
        if key not in self._known:
            self._known[key] = _context(self._evidence, slot, slot.group not in self._unbounded)
        return self._known[key]


def _context(reading: Reading, slot: Slot, bounded: bool) -> Context:
    """The stems before and after a slot, nearest first; ``bounded`` by slots of its group."""
    left, right = 0, len(reading.text)
    for other in reading.slots:
        if not bounded or other.group != slot.group or other.start == slot.start:
            continue
        if other.end <= slot.start:
            left = max(left, other.end)
        elif other.start >= slot.end:
            right = min(right, other.start)
    place = next((i for i, mark in enumerate(reading.marks) if mark.end > slot.start), None)
    clause = reading.marks[place].clause if place is not None else None
    marks = [mark for mark in reading.marks if clause is None or mark.clause == clause]
    before = [mark.stem for mark in marks if left <= mark.start and mark.end <= slot.start]
    after = [mark.stem for mark in marks if slot.end <= mark.start and mark.end <= right]
    return before[::-1][:_NEAR], after[:_NEAR]


def _fit(one: Context, other: Context) -> float:
    total = 0.0
    for mine, theirs in zip(one, other, strict=True):
        ranks = {stem: rank for rank, stem in reversed(list(enumerate(theirs)))}
        for rank, stem in enumerate(mine):
            if stem in ranks:
                total += 1.0 / (1.0 + 0.25 * max(rank, ranks[stem]))
    return total
