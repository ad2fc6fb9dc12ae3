"""Engines for many threads: one at a time each, all of them on the same loaded models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from medrag.engine import Engine


class EnginePool:
    """Siblings of one engine, lent out and taken back. Any thread may borrow."""

    def __init__(self, root: Engine) -> None:
        self._root = root
        self._free: list[Engine] = []
        self._lent = 0
        self._lock = Lock()

    @property
    def root(self) -> Engine:
        """The engine that the others were made from."""
        return self._root

    @contextmanager
    def borrowed(self) -> Iterator[Engine]:
        """An engine that nobody else uses until the block is left."""
        engine = self.take()
        try:
            yield engine
        finally:
            self.give(engine)

    def take(self) -> Engine:
        """An engine, until it is given back."""
        with self._lock:
            engine = self._free.pop() if self._free else None
        engine = engine or self._root.sibling()
        with self._lock:
            self._lent += 1
        return engine

    def give(self, engine: Engine) -> None:
        """Take an engine back."""
        with self._lock:
            self._lent -= 1
            self._free.append(engine)

    @property
    def lent(self) -> int:
        """Engines at work."""
        return self._lent

    def close(self) -> None:
        """Close those that are free, and the first."""
        with self._lock:
            engines, self._free = self._free, []
        for engine in engines:
            engine.close()
        self._root.close()
