"""Who is asking, and what that person or program may do and see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from medrag.errors import Forbidden

Role = Literal["reader", "curator", "admin"]
ROLES: tuple[Role, ...] = ("reader", "curator", "admin")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose identity was established.

    ``collections`` are those that may be seen, None for all. ``id`` is what limits are counted by
    and what the audit names: the id of a key, ``proxy:USER`` or ``local``. ``origins`` are the
    pages that a key of a widget may be used from; empty for any.
    """

    id: str
    name: str
    role: Role
    collections: frozenset[str] | None = None
    kind: Literal["key", "proxy", "local"] = "key"
    origins: tuple[str, ...] = ()

    def require(self, role: Role) -> None:
        """Raise ``Forbidden`` unless the caller has this role or a higher one."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise Forbidden(
                f"This needs the role {role}; '{self.name}' has {self.role}.",
                "Ask for a key with that role.",
            )

    def scope(self, wanted: Iterable[str] | None) -> frozenset[str] | None:
        """The collections to look into: those wanted, or all that may be seen (None: no limit).

        Raises:
            Forbidden: one of them may not be seen; whether it exists is not said.
        """
        if wanted is None:
            return self.collections
        asked = frozenset(wanted)
        if self.collections is not None and not asked <= self.collections:
            closed = sorted(asked - self.collections)[0]
            raise Forbidden(
                f"There is no collection '{closed}' for '{self.name}'.",
                "Name one of those that /v1/collections lists.",
            )
        return asked


LOCAL = Caller(id="local", name="local", role="admin", kind="local")
"""Whoever sits at this machine, where no keys have been made."""
