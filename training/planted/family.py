"""A family: the ways to say one thing of a planted clinical sentence."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Family:
    """Phrases that say one thing, phrases that say another, and a part that follows from it."""

    phrases: tuple[str, ...]
    turned: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
