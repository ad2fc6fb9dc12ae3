"""A place in the queue for the model: among the callers of a process, then among processes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from medrag.config import home
from medrag.generators.turns import Turn
from medrag.generators.worker_faults import Message, no_answer

_POLL = 0.2
_TELL = 0.5


class Reservation:
    """Held from ``waiting``'s end until the ``with`` block is left; ``after`` is called then."""

    def __init__(self, turn: Turn, after: Callable[[], None]) -> None:
        self._turn = turn
        self._after = after
        self._lock: Any = None

    def waiting(self, limit: float) -> Iterator[Message]:
        """Messages of type ``waiting`` until it is this one's turn.

        Raises:
            ModelError: it was not within ``limit`` seconds.
        """
        deadline = time.monotonic() + limit
        while not self._turn.wait(_TELL):
            yield {"type": "waiting", "before": self._turn.before}
            _check(deadline, limit)
        self._lock = _machine_lock()
        while not _try(self._lock):
            yield {"type": "waiting", "before": 1}
            _check(deadline, limit)
            time.sleep(_POLL)

    def __enter__(self) -> Reservation:
        return self

    def __exit__(self, *_: object) -> None:
        # The place in the queue is given up whatever becomes of the file.
        try:
            if self._lock is not None:
                self._lock.release()
        finally:
            self._turn.leave()
            self._after()


def _machine_lock() -> Any:
    from filelock import FileLock

    with contextlib.suppress(OSError):
        home().mkdir(parents=True, exist_ok=True)
    # Not by thread: an iterator may be closed by another thread than the one that began it.
    return FileLock(home() / "worker.lock", thread_local=False)


def _try(lock: Any) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    except OSError:
        return True  # a home that cannot be written holds no lock; the turns of this process do
    return True


def _check(deadline: float, limit: float) -> None:
    if time.monotonic() > deadline:
        raise no_answer(limit)
