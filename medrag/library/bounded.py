"""A memory of what was used last, up to a limit. Threads may share it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Keeps values by key while the sum of their costs stays within ``limit``."""

    def __init__(self, limit: int, cost: Callable[[V], int] = lambda value: 1) -> None:
        self._limit = limit
        self._cost = cost
        self._held: OrderedDict[K, V] = OrderedDict()
        self._spent = 0
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """The value, which is then the last to go; None if it is not there."""
        with self._lock:
            value = self._held.get(key)
            if value is not None:
                self._held.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        """Keep a value; those that were not used for longest go where it has no room."""
        with self._lock:
            before = self._held.pop(key, None)
            if before is not None:
                self._spent -= self._cost(before)
            self._held[key] = value
            self._spent += self._cost(value)
            while self._spent > self._limit and len(self._held) > 1:
                _, gone = self._held.popitem(last=False)
                self._spent -= self._cost(gone)

    def __len__(self) -> int:
        return len(self._held)
