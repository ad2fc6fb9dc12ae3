"""The fair queue: turns, positions, and no slot that leaks whatever happens to who waits."""

import asyncio
import random
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag.errors import Busy
from medrag.server.queue import FairQueue


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Asker:
    """A task that has a turn until it is let go."""

    def __init__(self, queue: FairQueue, caller: str, order: list[str] | None = None, **how: Any):
        self.positions: list[int] = []
        self.go = asyncio.Event()
        self.order = order
        self.name = caller
        self.task = asyncio.create_task(self._ask(queue, caller, how))

    async def _ask(self, queue: FairQueue, caller: str, how: Any) -> None:
        async with queue.turn(caller, self.positions.append, **how):
            if self.order is not None:
                self.order.append(caller)
            await self.go.wait()


def test_callers_take_turns_and_each_one_in_its_own_order() -> None:
    async def work() -> None:
        queue = FairQueue(1, 100, 100)
        order: list[str] = []
        first = Asker(queue, "x", order)
        await settle()
        askers = [Asker(queue, caller, order) for caller in "aaaabbc"]
        await settle()
        assert (queue.running, queue.waiting) == (1, 7)
        assert [asker.positions for asker in askers] == [[1], [4], [6], [7], [2], [5], [3]]
        for asker in [first, *askers]:
            asker.go.set()
        await asyncio.gather(first.task, *(asker.task for asker in askers))
        assert "".join(order) == "xabcabaa"

    run(work())


def test_fifty_questions_of_one_hold_up_anothers_first_by_one_turn() -> None:
    async def work() -> None:
        queue = FairQueue(1, 100, 100)
        order: list[str] = []
        flood = [Asker(queue, "flood", order) for _ in range(50)]
        await settle()
        one = Asker(queue, "one", order)
        await settle()
        assert one.positions == [2], "one of the flood's questions was there before"
        for asker in [*flood, one]:
            asker.go.set()
        await asyncio.gather(one.task, *(asker.task for asker in flood))
        assert order.index("one") == 2

    run(work())


def test_positions_count_down_to_the_turn() -> None:
    async def work() -> None:
        queue = FairQueue(2, 100, 100)
        inside = [Asker(queue, name) for name in "ab"]
        await settle()
        waiting = [Asker(queue, name) for name in "cde"]
        await settle()
        assert [asker.positions for asker in inside] == [[0], [0]]
        assert [asker.positions for asker in waiting] == [[1], [2], [3]]
        waiting[0].task.cancel()
        await settle()
        assert [asker.positions for asker in waiting] == [[1], [2, 1], [3, 2]]
        inside[1].go.set()
        await settle()
        assert [asker.positions for asker in waiting[1:]] == [[2, 1, 0], [3, 2, 1]]
        inside[0].go.set()
        await settle()
        assert waiting[2].positions == [3, 2, 1, 0]
        for asker in waiting[1:]:
            asker.go.set()
        await asyncio.gather(*(asker.task for asker in [*inside, *waiting[1:]]))
        assert (queue.running, queue.waiting) == (0, 0)

    run(work())


def test_a_full_queue_and_a_greedy_caller_are_turned_away() -> None:
    async def work() -> None:
        queue = FairQueue(1, 2, 2)
        askers = [Asker(queue, "a"), Asker(queue, "a")]
        await settle()
        with pytest.raises(Busy, match="this caller"):
            async with queue.turn("a"):
                pass
        askers.append(Asker(queue, "b"))
        await settle()
        with pytest.raises(Busy, match="2 questions wait") as busy:
            async with queue.turn("c"):
                pass
        assert busy.value.retry_after >= 1
        for asker in askers:
            asker.go.set()
        await asyncio.gather(*(asker.task for asker in askers))
        async with queue.turn("a"):
            assert queue.running == 1

    run(work())


def test_the_time_to_come_back_follows_how_long_turns_take(monkeypatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    async def hint(queue: FairQueue, seconds: float) -> float:
        for _ in range(30):
            async with queue.turn("a"):
                clock[0] += seconds
        asker = Asker(queue, "a")
        await settle()
        with pytest.raises(Busy) as busy:
            async with queue.turn("b"):
                pass
        asker.task.cancel()
        return busy.value.retry_after

    async def work() -> None:
        slow, quick = FairQueue(1, 0, 9), FairQueue(1, 0, 9)
        assert await hint(slow, 40.0) == pytest.approx(40.0, rel=0.05)
        assert await hint(quick, 0.01) == 1.0

    # The loop's own clock stays as it is.
    monkeypatch.setattr(asyncio.BaseEventLoop, "time", lambda self: time.perf_counter())
    run(work())


def test_a_wait_that_is_too_long_ends_and_gives_the_place_back() -> None:
    async def work() -> None:
        queue = FairQueue(1, 1, 5)
        inside = Asker(queue, "a")
        await settle()
        with pytest.raises(Busy, match="too long"):
            async with queue.turn("b", timeout=0.01):
                pytest.fail("there was no turn")
        assert (queue.running, queue.waiting) == (1, 0)
        inside.go.set()
        await inside.task
        async with queue.turn("b", timeout=0.01):
            await asyncio.sleep(0.03)  # the time limit is on the wait only

    run(work())


def test_who_is_cancelled_just_as_the_turn_comes_passes_it_on() -> None:
    async def work() -> None:
        queue = FairQueue(1, 5, 5)
        inside, next_one, last = (Asker(queue, name) for name in "abc")
        await settle()
        inside.go.set()
        while not inside.task.done():
            await asyncio.sleep(0)
        assert queue.running == 1, "the turn was granted, and its task has not run yet"
        next_one.task.cancel()
        await settle()
        assert next_one.task.cancelled()
        assert last.positions[-1] == 0 and queue.running == 1
        last.task.cancel()
        await settle()
        assert (queue.running, queue.waiting) == (0, 0)

    run(work())


def test_an_error_inside_gives_the_turn_back() -> None:
    async def work() -> None:
        queue = FairQueue(1, 5, 5)
        with pytest.raises(ZeroDivisionError):
            async with queue.turn("a"):
                _ = 1 // 0
        assert queue.running == 0

    run(work())


async def storm(seed: int, slots: int, tasks: int) -> None:
    dice = random.Random(seed)
    queue = FairQueue(slots, dice.choice([5, 1000]), dice.choice([2, 1000]))
    inside = most = served = 0

    async def one(caller: str) -> None:
        nonlocal inside, most, served
        positions: list[int] = []
        limit = dice.choice([None, None, 0.0, 0.001, 0.005])
        try:
            async with queue.turn(caller, positions.append, limit):
                assert positions[-1] == 0 and all(p > 0 for p in positions[:-1])
                inside += 1
                most = max(most, inside)
                try:
                    for _ in range(dice.randrange(4)):
                        await asyncio.sleep(0)
                    if dice.random() < 0.1:
                        raise ValueError
                finally:
                    inside -= 1
                served += 1
        except (Busy, ValueError):
            pass

    running = []
    for _ in range(tasks):
        running.append(asyncio.create_task(one(dice.choice("abcdefgh"))))
        if dice.random() < 0.3:
            await asyncio.sleep(0)
        if dice.random() < 0.4:
            dice.choice(running).cancel()
    for task in running:
        if dice.random() < 0.2:
            await asyncio.sleep(0)
            task.cancel()
    done = await asyncio.gather(*running, return_exceptions=True)
    assert {type(result) for result in done} <= {type(None), asyncio.CancelledError}
    assert (queue.running, queue.waiting, inside) == (0, 0, 0)
    assert most <= slots and served
    assert not queue._lines and not queue._held
    # Every slot can still be had.
    again = [Asker(queue, str(number)) for number in range(slots)]
    await settle()
    assert queue.running == slots
    for asker in again:
        asker.go.set()
    await asyncio.gather(*(asker.task for asker in again))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_whatever_happens_no_slot_is_lost(seed: int, slots: int) -> None:
    run(storm(seed, slots, 300))
