"""A fair queue: whoever came first goes first, and everybody can see how many are before them."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """One at a time, in the order of coming."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Turn] = deque()

    def take(self) -> Turn:
        """A place at the end of the queue; use it in a ``with`` block."""
        turn = Turn(self._changed, self._waiting)
        with self._changed:
            self._waiting.append(turn)
        return turn


class Turn:
    """A place in the queue, given up when its ``with`` block is left."""

    def __init__(self, changed: threading.Condition, waiting: deque[Turn]) -> None:
        self._changed = changed
        self._waiting = waiting

    @property
    def before(self) -> int:
        """How many are before this one; 0: it is its turn."""
        with self._changed:
            return self._waiting.index(self)

    def wait(self, seconds: float) -> bool:
        """Whether it is its turn, at the latest after ``seconds``."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting[0] is self, seconds)

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the place up; the next one is told."""
        with self._changed:
            self._waiting.remove(self)
            self._changed.notify_all()
