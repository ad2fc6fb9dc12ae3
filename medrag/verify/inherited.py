"""Units that are said once for a list of numbers: "5, 10 or 20 mg"."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from medrag.patterns import Pattern
from medrag.verify.quantity import Quantity
from medrag.verify.units import COUNT, Unit

_LISTED = Pattern(r"[ \t]?(?:,[ \t]?(?:or[ \t]|and[ \t])?|[ \t]or[ \t]|[ \t]and[ \t]|/)")


def inherit_units(found: list[Quantity], text: str) -> list[Quantity]:
    """ "5, 10 or 20 mg": a bare number in a list has the unit of the one that follows."""
    if len(found) < 2:
        return found
    out: list[Quantity] = []
    follower: Quantity | None = None
    for quantity in reversed(found):
        if (
            follower is not None
            and quantity.kind == "count"
            and quantity.unit == COUNT
            and quantity.text[-1:].isdigit()
            and follower.kind in {"amount", "percent", "rate", "duration"}
            and _LISTED.fullmatch(text, quantity.end, follower.start)
        ):
            quantity = _with_unit(quantity, follower.unit, follower.kind)
        out.append(quantity)
        follower = quantity
    return out[::-1]


def _with_unit(quantity: Quantity, unit: Unit, kind: str) -> Quantity:
    def based(number: Fraction | None) -> Fraction | None:
        return None if number is None else number * unit.factor + unit.offset

    return replace(
        quantity,
        low=based(quantity.low),
        high=based(quantity.high),
        unit=unit,
        per=unit.per,
        kind=kind,
    )
