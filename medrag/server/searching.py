"""Searches of many callers, a batch at a time.

Embedding and the vector search cost a half to a third a search in batches, so a thread that
comes free takes all that wait by then, up to a bound: no search waits for others to come.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor

from medrag.engine import Search
from medrag.errors import Busy
from medrag.server.pool import EnginePool
from medrag.types import Passage

_BATCH = 16
_WAITING = 2000
_WAITING_OF_ONE = 200
Waiting = tuple[Search, "asyncio.Future[list[Passage]]"]


class SearchLane:
    """At most ``threads`` batches run side by side. Use it from one event loop."""

    def __init__(self, pool: EnginePool, threads: int) -> None:
        self._pool = pool
        self._threads = ThreadPoolExecutor(threads, "search")
        self._idle = threads
        self._waiting: deque[Waiting] = deque()
        self._of: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """Searches that no thread has taken yet."""
        return len(self._waiting)

    @property
    def executor(self) -> ThreadPoolExecutor:
        """The threads, for other short work that must not wait behind a question."""
        return self._threads

    async def search(self, search: Search, caller_id: str) -> list[Passage]:
        """The passages that a search finds.

        Raises:
            Busy: thousands wait already, or hundreds of this caller.
        """
        if len(self._waiting) >= _WAITING or self._of[caller_id] >= _WAITING_OF_ONE:
            raise Busy("Too many searches at once.", "Try again.", retry_after=1.0)
        self._of[caller_id] += 1
        try:
            return await self._queued(search)
        finally:
            self._of[caller_id] -= 1
            if not self._of[caller_id]:
                del self._of[caller_id]

    async def _queued(self, search: Search) -> list[Passage]:
        future: asyncio.Future[list[Passage]] = asyncio.get_running_loop().create_future()
        self._waiting.append((search, future))
        if self._idle:
            self._start()
        return await future

    def close(self) -> None:
        """Wait for the threads to end."""
        self._threads.shutdown()

    def _start(self) -> None:
        """Give all that wait, up to a batch, to a thread. Whoever left meanwhile is left out."""
        batch: list[Waiting] = []
        while self._waiting and len(batch) < _BATCH:
            search, future = self._waiting.popleft()
            if not future.done():
                batch.append((search, future))
        if not batch:
            return
        self._idle -= 1
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, self._run, [search for search, _ in batch])
        work.add_done_callback(lambda done: self._finish(batch, done))

    def _run(self, searches: list[Search]) -> list[list[Passage]]:
        with self._pool.borrowed() as engine:
            if engine.library.is_empty:
                return [[] for _ in searches]
            return engine.search_many(searches)

    def _finish(self, batch: list[Waiting], done: asyncio.Future[list[list[Passage]]]) -> None:
        self._idle += 1
        error = done.exception()
        for number, (_, future) in enumerate(batch):
            if future.done():
                continue
            if error is None:
                future.set_result(done.result()[number])
            else:
                future.set_exception(error)
        if self._waiting:
            self._start()
