"""A fair queue for what only a few can have at once: a language model, the engine's threads."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from medrag.errors import Busy

OnPosition = Callable[[int], None]
_FIRST_GUESS = 2.0  # seconds that a turn takes, before any was measured
_RECENT = 0.2  # the weight of the newest turn in the mean


class _Ticket:
    """Somebody who waits. ``granted`` is set with the turn, before the task wakes up."""

    __slots__ = ("caller", "granted", "on_position", "position", "woken")

    def __init__(self, caller: str, on_position: OnPosition | None) -> None:
        self.caller = caller
        self.on_position = on_position
        self.position = -1
        self.granted = False
        self.woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class FairQueue:
    """``slots`` turns at once. Callers that wait are served in rotation, each one's turns in the
    order in which they came: who asks fifty times does not hold up another's first question.

    All its methods belong to one event loop.
    """

    def __init__(self, slots: int, waiting: int, per_caller: int) -> None:
        self._slots = slots
        self._most_waiting = waiting
        self._per_caller = per_caller
        # Callers in the order of rotation; a caller without waiting tickets has no entry.
        self._lines: OrderedDict[str, deque[_Ticket]] = OrderedDict()
        self._held: Counter[str] = Counter()
        self._waiting = 0
        self._running = 0
        self._mean = _FIRST_GUESS
        self._telling = False

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._waiting

    @property
    def running(self) -> int:
        """How many have their turn now."""
        return self._running

    @asynccontextmanager
    async def turn(
        self,
        caller_id: str,
        on_position: OnPosition | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[None]:
        """Wait for a turn and have it inside the ``async with``.

        ``on_position`` is told how many turns end or begin before this one: at once, whenever that
        changes, and 0 at last, when it is the turn. It is called from the event loop and must
        neither block nor raise. ``timeout`` is the longest wait in seconds.

        Raises:
            Busy: too many wait, or too many of this caller; or the wait was too long.
        """
        await self._enter(caller_id, on_position, timeout)
        began = time.monotonic()
        try:
            if on_position is not None:
                on_position(0)
            yield
        finally:
            self._mean += _RECENT * (time.monotonic() - began - self._mean)
            self._leave(caller_id)

    async def _enter(
        self, caller: str, on_position: OnPosition | None, limit: float | None
    ) -> None:
        if self._held[caller] >= self._per_caller:
            raise self._busy(f"{self._per_caller} questions of this caller wait or run already.")
        if self._running < self._slots:  # then nobody waits
            self._held[caller] += 1
            self._running += 1
            return
        if self._waiting >= self._most_waiting:
            raise self._busy(f"{self._waiting} questions wait already.")
        ticket = _Ticket(caller, on_position)
        self._lines.setdefault(caller, deque()).append(ticket)
        self._held[caller] += 1
        self._waiting += 1
        self._tell_soon()
        entered = False
        try:
            async with asyncio.timeout(limit):
                await ticket.woken
            entered = True
        except TimeoutError as error:
            raise self._busy("The question waited too long for its turn.") from error
        finally:
            if not entered:
                self._give_up(ticket)

    def _give_up(self, ticket: _Ticket) -> None:
        """Somebody will not have the turn: cancelled or out of time, maybe just as it came."""
        if ticket.granted:
            self._leave(ticket.caller)
            return
        line = self._lines[ticket.caller]
        line.remove(ticket)
        if not line:
            del self._lines[ticket.caller]
        self._waiting -= 1
        self._let_go(ticket.caller)
        self._tell_soon()

    def _leave(self, caller: str) -> None:
        self._let_go(caller)
        self._running -= 1
        while self._lines and self._running < self._slots:
            self._grant()

    def _grant(self) -> None:
        """The next in rotation gets the turn; the caller's others go behind everybody else."""
        caller, line = next(iter(self._lines.items()))
        ticket = line.popleft()
        if line:
            self._lines.move_to_end(caller)
        else:
            del self._lines[caller]
        self._waiting -= 1
        self._running += 1
        ticket.granted = True
        # A ticket that was cancelled a moment ago gives the turn back when its task wakes.
        if not ticket.woken.done():
            ticket.woken.set_result(None)
        self._tell_soon()

    def _let_go(self, caller: str) -> None:
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]

    def _tell_soon(self) -> None:
        """Tell positions once for all that changes in one step of the event loop."""
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = False
        for position, ticket in enumerate(self._in_order(), start=1):
            if ticket.position != position and not ticket.woken.done():
                ticket.position = position
                if ticket.on_position is not None:
                    ticket.on_position(position)

    def _in_order(self) -> Iterator[_Ticket]:
        lines = [list(line) for line in self._lines.values()]
        for turn in range(max(map(len, lines), default=0)):
            lines = [line for line in lines if turn < len(line)]
            yield from (line[turn] for line in lines)

    def _busy(self, message: str) -> Busy:
        """With the time until those who wait now have had their turns, as turns went lately."""
        wait = self._mean * (self._waiting + 1) / self._slots
        return Busy(message, "Try again later.", retry_after=min(600.0, max(1.0, wait)))
