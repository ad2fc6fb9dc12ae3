"""Claim against evidence, rule by rule: quantities, negation, opposites, routes, populations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from medrag.verify.binding import bound_to, changes, joins
from medrag.verify.cases import is_case
from medrag.verify.comparisons import exchanged, turned_round
from medrag.verify.denials import negations, uneven
from medrag.verify.exchanged import exchanges
from medrag.verify.only import singled_out
from medrag.verify.places import Places
from medrag.verify.problem import Problem, ProblemKind
from medrag.verify.quantity import Quantity
from medrag.verify.reading import Reading, Slot, read
from medrag.verify.relations import TIME, agreed, swaps
from medrag.verify.restricted import restrictions
from medrag.verify.scope import scopes
from medrag.verify.strength import strengths
from medrag.verify.unitless import read_without_unit

# A sentence has a few slots; what has more is no sentence, and is not worth minutes.
_MAX_SLOTS = 60
# What it is where two values differ; of quantities apart.
_KINDS: dict[str, ProblemKind] = {
    "identifier": "identifier_differs", "route": "route_differs",
    "population": "population_differs", "opposite": "opposite",
}  # fmt: skip


def compare(claim: str, evidence: str) -> list[Problem]:
    """Every way in which ``claim`` says other than ``evidence``, as far as rules can see."""
    mine, theirs = read(claim), read(evidence)
    if len(mine.slots) > _MAX_SLOTS:
        return [Problem("unchecked", "This sentence holds too many numbers to check.")]
    found = [
        *_slot_problems(mine, theirs),
        *negations(mine, theirs),
        *uneven(mine, theirs),
        *exchanged(mine, theirs),
        *swaps(claim, evidence),
        *exchanges(claim, evidence),
        *changes(claim, evidence),
        *joins(claim, evidence),
        *strengths(claim, evidence),
        *scopes(claim, evidence),
        *restrictions(claim, evidence),
        *singled_out(claim, evidence),
    ]
    return list(dict.fromkeys(found))


def quantity_problems(claim: str, evidence: str) -> Iterator[Problem]:
    """Those of the problems of ``compare`` that are of a quantity, one by one."""
    mine = read(claim)
    if len(mine.slots) <= _MAX_SLOTS:
        for problem in _slot_problems(mine, read(evidence), quantities_only=True):
            if problem.kind != "misbound":
                yield problem


def _slot_problems(
    mine: Reading, theirs: Reading, quantities_only: bool = False
) -> Iterator[Problem]:
    places = Places(mine, theirs)
    turned = turned_round(mine, theirs)
    for slot in mine.slots:
        if quantities_only and slot.kind in _KINDS:
            continue
        others = [other for other in theirs.slots if other.group == slot.group]
        same = [other for other in others if _equal(slot, other)]
        if same and _stem_of(slot, mine) in turned:
            continue  # "more in women than in men" is "less in men than in women"
        if same:
            rivals = [other for other in others if not _equal(slot, other)]
            yield from _elsewhere(slot, same, rivals, mine, theirs, places)
        elif slot.group == "w:time" and agreed(mine.text, theirs.text, TIME):
            continue  # "A before B" is "B after A"
        elif slot.group in {"w:amount", "w:direction", "w:change"} and turned:
            continue
        elif not _same_otherwise(slot, mine, theirs) and not read_without_unit(slot, mine, theirs):
            problem = _absent(slot, others, places)
            if problem is not None and not is_case(slot, mine, theirs):
                yield problem


def _stem_of(slot: Slot, reading: Reading) -> str:
    """The stem of a slot that is one word; of a quantity none."""
    return next((token.stem for token in reading.tokens if token.start == slot.start), "")


def _elsewhere(
    slot: Slot,
    same: Sequence[Slot],
    rivals: Sequence[Slot],
    mine: Reading,
    theirs: Reading,
    places: Places,
) -> Iterator[Problem]:
    """The problem of a value that the evidence has, but says of something else."""
    if not rivals:
        return
    other, told = bound_to(slot, mine, same, theirs)
    if other is not None:
        yield Problem(
            "misbound",
            f"The source says {other.text.strip()} of this, and {slot.text.strip()} of another.",
        )
    elif not told:
        other = places.better_elsewhere(slot, same, rivals)
        if other is not None:
            yield _differs(slot, other)


def _equal(slot: Slot, other: Slot) -> bool:
    if slot.value == other.value:
        return True
    if slot.group == "q:date":
        # "June 2024" is said by "1 June 2024": the claim may be less exact, never more.
        low, high = _bounds(slot)
        other_low, other_high = _bounds(other)
        return low <= other_low and other_high <= high
    return False


def _bounds(slot: Slot) -> tuple[Fraction, Fraction]:
    key = slot.value
    assert isinstance(key, tuple)
    return key[1], key[2]


def _absent(slot: Slot, others: Sequence[Slot], places: Places) -> Problem | None:
    """The problem of a claim's slot whose value the evidence never gives."""
    if others:
        return _differs(slot, places.nearest(slot, others))
    if slot.kind == "opposite":
        return None  # the word itself is missing: lexical coverage will say so
    if slot.kind == "identifier":
        return Problem("identifier_missing", f"The source does not name {slot.text}.")
    if slot.kind == "route":
        return Problem("route_missing", f"The source does not give the route ({slot.text}).")
    if slot.kind == "population":
        return Problem("population_missing", f"The source does not speak of {slot.value}.")
    return Problem("quantity_missing", f"The source does not give {slot.text.strip()}.")


def _differs(slot: Slot, other: Slot) -> Problem:
    kind = _KINDS.get(slot.kind, "quantity_differs")
    if kind == "quantity_differs" and _same_number(slot, other):
        kind = "comparator_differs"
    verb = "gives" if kind in {"quantity_differs", "route_differs"} else "says"
    return Problem(
        kind, f"The source {verb} {other.text.strip()} where the answer says {slot.text.strip()}."
    )


def _same_number(slot: Slot, other: Slot) -> bool:
    if not (isinstance(slot.value, tuple) and isinstance(other.value, tuple)):
        return False
    return {v for v in slot.value[1:3] if v is not None} == {
        v for v in other.value[1:3] if v is not None
    }


def _same_otherwise(slot: Slot, mine: Reading, theirs: Reading) -> bool:
    """ "20 mg per day" is "20 mg" together with "daily", and the other way round."""
    once = Fraction(1, 86400)
    quantity = next((q for q in mine.quantities if _is(slot, q)), None)
    if quantity is None:
        return False
    if quantity.per and "time" in quantity.per and quantity.kind != "frequency":
        rest = tuple(p for p in quantity.per if p != "time")
        if not any(q.kind == "frequency" and q.low == q.high == once for q in theirs.quantities):
            return False
        return any(_same_amount(quantity, q, rest, once) for q in theirs.quantities)
    if quantity.kind == "frequency":
        # "daily" is said by an amount per day, if the claim's own amount is that amount.
        return quantity.low == quantity.high == once and any(
            "time" in q.per and q.kind == "rate" for q in theirs.quantities
        )
    if any(q.kind == "frequency" and q.low == q.high == once for q in mine.quantities):
        return any(
            "time" in q.per
            and _same_amount(q, quantity, quantity.per, once)
            and tuple(p for p in q.per if p != "time") == quantity.per
            for q in theirs.quantities
        )
    return False


def _same_amount(rate: Quantity, amount: Quantity, per: tuple[str, ...], once: Fraction) -> bool:
    """Whether ``rate`` per day is ``amount`` once a day."""
    if amount.per != per or amount.unit.dimension != rate.unit.dimension:
        return False

    def scaled(number: Fraction | None) -> Fraction | None:
        return None if number is None else number * once

    return (scaled(amount.low), scaled(amount.high), amount.inclusive_low) == (
        rate.low,
        rate.high,
        rate.inclusive_low,
    )


def _is(slot: Slot, quantity: Quantity) -> bool:
    return (slot.start, slot.end, slot.value) == (quantity.start, quantity.end, quantity.key)
