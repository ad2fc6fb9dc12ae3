"""The value that the rules compare: a number, its unit, and how it bounds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from medrag.verify.units import Unit


@dataclass(frozen=True)
class Quantity:
    """A number with its unit; ``low`` and ``high`` are in the base unit of the dimension.

    ``text`` is what was read, comparator included: ``sentence[start:end] == text``. An open side
    of a comparison is None. ``name`` is set for identifiers, which have no value.
    """

    low: Fraction | None
    high: Fraction | None
    inclusive_low: bool
    inclusive_high: bool
    unit: Unit
    per: tuple[str, ...]
    kind: str
    comparator: str
    start: int
    end: int
    text: str
    name: str = ""

    @cached_property
    def group(self) -> str:
        """What it may be compared with: the dimension and what it is per."""
        return "|".join((self.unit.dimension, *self.per))

    @cached_property
    def key(self) -> tuple[object, ...]:
        """Equal keys are equal quantities."""
        return (self.group, self.low, self.high, self.inclusive_low, self.inclusive_high, self.name)
