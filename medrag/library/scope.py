"""What may be looked at: some collections, or all.

A scope is applied before anything is found, counted or weighed. Whatever is read within one must
come out as if nothing else were in the library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias

Scope: TypeAlias = frozenset[str] | None
"""The names of collections; None for all."""


def scope_of(collection: str | Iterable[str] | None) -> Scope:
    """One name, several (none of them: nothing is seen), or None for all, as a scope."""
    if collection is None:
        return None
    return frozenset([collection] if isinstance(collection, str) else collection)


def within(scope: Scope) -> tuple[str, list[str]]:
    """A condition on ``files.collection``, and its parameters."""
    if scope is None:
        return "1", []
    return "collection IN (SELECT value FROM json_each(?))", [json.dumps(sorted(scope))]
