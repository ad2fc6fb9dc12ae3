"""Taking a document out, so that it never goes without a record.

Whoever keeps records is told before anything is touched, and again when it is done; where the
process that does it ends too early, once the removal has been brought to its end.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medrag.errors import Busy, LibraryError, MedragError, NotFound
from medrag.server.access import Caller
from medrag.server.intake_forms import Removal, info_of
from medrag.server.intake_incoming import Incoming
from medrag.server.intake_process import ProcessDied, ProcessSlow
from medrag.server.intake_reading import Json
from medrag.server.intake_told import told_error
from medrag.types import DocumentInfo

Heard = Callable[[Caller, tuple[DocumentInfo, ...]], Awaitable[None]]

_log = logging.getLogger("medrag.server")
REMOVAL_WAITS = 60.0
"""Seconds that a removal waits for others that write."""
# How long it may take itself.
_REMOVAL_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Owed:
    """A removal that was begun: whose, of what, and within which collections (None: all)."""

    caller: Caller
    info: DocumentInfo
    scope: tuple[str, ...] | None


def listed(folder: Path, wanted: str, scope: Sequence[str] | None) -> DocumentInfo:
    """The document that is wanted, with those of its collections that the scope holds.

    Raises:
        NotFound: there is none, or none in the scope.
        LibraryError: the library cannot be read.
    """
    from medrag.library import Library
    from medrag.library.find import exactly_one
    from medrag.library.opening import DATABASE
    from medrag.library.scope import scope_of

    if not (folder / DATABASE).is_file():
        raise NotFound(f"There is no document {wanted}.", "The library is empty.")
    try:
        with Library.open(folder) as library:
            return exactly_one(library.find(wanted, scope_of(scope)), wanted)
    except NotFound:
        raise
    except LibraryError as error:
        raise told_error(error, folder) from error


def gone(folder: Path, owed: Owed) -> tuple[DocumentInfo, ...]:
    """The document with those collections out of which it has gone; nothing where it is whole.

    Raises:
        LibraryError: the library cannot be read.
    """
    try:
        left = set(listed(folder, owed.info.id, owed.scope).collections)
    except NotFound:
        left = set()
    lost = tuple(name for name in owed.info.collections if name not in left)
    return (replace(owed.info, collections=lost),) if lost else ()


def being_written() -> Busy:
    """That nothing can be removed now."""
    return Busy("The library is being written.", "Try again later.", retry_after=30.0)


@dataclass(frozen=True, slots=True)
class Removing:
    """How documents are taken out of a library. ``settle`` begins to bring a removal that was
    broken off to its end, after which ``tell`` is to be called."""

    library: Path
    incoming: Incoming
    send: Callable[..., Awaitable[Json]]
    on_removing: Heard
    on_removed: Heard
    settle: Callable[[Owed], object]

    async def remove(self, caller: Caller, wanted: str, scope: frozenset[str] | None) -> Removal:
        """Take a document out, with the uploaded file that held it.

        Raises:
            NotFound: there is no such document, or none in the scope.
            Busy: another process is writing.
            LibraryError: it cannot be done, or was broken off.
        """
        within = None if scope is None else tuple(sorted(scope))
        info = await asyncio.to_thread(listed, self.library, wanted, within)
        aside = await asyncio.to_thread(self.incoming.new)
        try:
            await self.on_removing(caller, (info,))
            removal = await self._carried_out(Owed(caller, info, within), aside)
            await self.on_removed(caller, removal.documents)
            return removal
        finally:
            await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)

    async def _carried_out(self, owed: Owed, aside: Path) -> Removal:
        waiting = False

        def tell(message: Json) -> None:
            nonlocal waiting
            waiting = message["type"] == "waiting"

        order = {"op": "remove", "wanted": owed.info.id, "scope": owed.scope, "aside": str(aside)}
        try:
            result = await self.send(order, tell, _REMOVAL_SECONDS, REMOVAL_WAITS)
        except (ProcessDied, ProcessSlow):
            if waiting and await asyncio.to_thread(self._untouched, aside, owed):
                raise being_written() from None
            self.settle(owed)
            raise LibraryError(
                "The removal was broken off; it is being brought to its end.", "Look again later."
            ) from None
        return Removal(tuple(map(info_of, result["documents"])), result["note"])

    def _untouched(self, aside: Path, owed: Owed) -> bool:
        return not any(aside.iterdir()) and not gone(self.library, owed)

    async def tell(self, owed: Owed) -> None:
        """Tell of a removal that was broken off, as far as it has come to its end."""
        try:
            lost = await asyncio.to_thread(gone, self.library, owed)
            if lost:
                await self.on_removed(owed.caller, lost)
        except MedragError as error:
            _log.error("A removal could not be told of (%s).", type(error).__name__)
