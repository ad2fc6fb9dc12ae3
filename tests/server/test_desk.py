"""Many who ask, one language model: turns, places, time limits, and clients that leave."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import httpx2
import psutil
import pytest

from medrag import Engine
from medrag.errors import MedragError
from medrag.server.access import LOCAL
from medrag.server.asking import VERBATIM, Desk, Question
from medrag.server.ledger import Ledger
from medrag.server.pool import EnginePool
from medrag.server.settings import ServeSettings
from tests.server.asking_helpers import (
    METFORMIN,
    STOP,
    Asker,
    at_rest,
    ends,
    eventually,
    figure,
    writing,
)
from tests.server.conftest import Running, Starter, make_library, start
from tests.tiny_home import make_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the tiny language model, for every server of this file."""
    made = make_home(tmp_path_factory.mktemp("desk"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDRAG_HOME", str(made))
        yield made


@pytest.fixture(scope="module")
def slow(home: Path, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose language model thinks for a minute, and three may wait for it."""
    folder = tmp_path_factory.mktemp("slow")
    config = folder / "medrag.toml"
    config.write_text(writing("[serve]\nqueue = 3"), "utf-8")
    library, keys = make_library(samples, folder)
    running = start(library, config, keys)
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def chief(slow: Running) -> Iterator[httpx2.Client]:
    """An administrator, who sees that nothing is left behind by a test."""
    with slow.client("admin") as client:
        at_rest(client)
        yield client
        at_rest(client)


@pytest.fixture
def composing(slow: Running, chief: httpx2.Client) -> Iterator[Asker]:
    """Somebody for whom the language model is at work."""
    asker = Asker(slow)
    asker.until("working")
    yield asker
    asker.leave()


# While the language model writes for somebody


def test_others_have_a_verbatim_answer_at_once(slow: Running, composing: Asker) -> None:
    other = Asker(slow, "curator")
    assert other.until("verbatim") < 1
    assert STOP in next(e["answer"]["answer"] for e in other.events if e["event"] == "verbatim")
    other.until(lambda event: event["event"] == "queued" and event["position"] == 1)
    other.leave()
    brief = Asker(slow, "curator", generator="extractive")
    answer = brief.ended()
    assert time.monotonic() - brief.began < 1
    assert STOP in answer["answer"]["answer"] and answer["answer"]["generator"] == "extractive"
    assert not composing.over


def test_searches_and_checks_are_answered_at_once(slow: Running, composing: Asker) -> None:
    pair = {"claim": "Give 5 mg twice a day.", "evidence": "Give 5 mg twice a day."}
    with slow.client("curator") as client:
        slowest = 0.0
        for number in range(20):
            began = time.monotonic()
            query = {"query": f"dose of apixaban {number}"}
            assert client.post("/v1/search", json=query).json()["passages"]
            assert client.get("/v1/documents").json()["documents"]
            assert client.post("/v1/verify", json={"pairs": [pair]}).status_code == 200
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 1
    assert not composing.over


def test_places_fall_as_those_before_leave(slow: Running, composing: Asker) -> None:
    waiting = []
    for who in ("reader", "curator", "admin"):
        waiting.append(Asker(slow, who))
        waiting[-1].until("queued")
    first, second, third = waiting
    assert [one.places()[-1] for one in waiting] == [1, 2, 3]
    second.leave()
    third.until(lambda event: event == {"event": "queued", "position": 2})
    composing.leave()
    first.until(lambda event: event == {"event": "queued", "position": 0})
    first.until("working")
    third.until(lambda event: event == {"event": "queued", "position": 1})
    assert third.places() == [3, 2, 1]
    first.leave()
    third.until("working")
    third.leave()


def test_beyond_the_queue_one_is_told_when_to_come_back(slow: Running, composing: Asker) -> None:
    waiting = [Asker(slow) for _ in range(3)]
    for one in waiting:
        one.until("queued")
    refused = Asker(slow, "curator", stream=False)
    told = refused.ended()
    assert refused.status == 429 and int(refused.headers["retry-after"]) >= 1
    assert "wait already" in told["error"] and told["remedy"]
    streamed = Asker(slow, "curator")  # what is there is shown, and then why there is no more
    assert streamed.ended()["error"] == told["error"]
    assert [event["event"] for event in streamed.events] == ["verbatim", "error"]
    for one in waiting:
        one.leave()


# Who leaves


def test_whoever_leaves_leaves_nothing_behind(slow: Running, chief: httpx2.Client) -> None:
    process = psutil.Process(slow.process.pid)
    Asker(slow, generator="extractive").ended()
    at_rest(chief)
    known = set(ends(slow.library))
    threads = process.num_threads()
    at_once = Asker(slow)  # before the first event
    at_once.leave()
    between = Asker(slow)
    between.until("verbatim")
    between.leave()
    writes = Asker(slow)
    writes.until("working")
    unseen = Asker(slow, "curator", stream=False)  # waits for the model, and has seen nothing
    waits = Asker(slow, "curator")
    waits.until("queued")
    unseen.leave()
    waits.leave()
    began = time.monotonic()
    writes.leave()
    at_rest(chief)
    assert time.monotonic() - began < 5
    outcomes = lambda: [end for one, end in ends(slow.library).items() if one not in known]  # noqa: E731
    assert eventually(lambda: outcomes() == [Counter(cancelled=1)] * 5), outcomes()
    assert eventually(lambda: process.num_threads() <= threads + 2)
    again = Asker(slow)
    assert again.until("working") < 5
    again.leave()


@pytest.mark.slow
def test_two_thousand_who_leave_cost_nothing(starter: Starter) -> None:
    server = starter("[serve]\nasks_per_minute = 100000\nrequests_per_minute = 100000")
    process = psutil.Process(server.process.pid)

    def some(number: int) -> None:
        for turn in range(number):
            asker = Asker(server, ("reader", "curator")[turn % 2], generator="extractive")
            if turn % 3 == 1:
                asker.until(lambda event: True)
            elif turn % 3 == 2:
                time.sleep(0.01)
            asker.leave()

    def all_of_them(number: int) -> tuple[int, float]:
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(some, [number // 8] * 8))
        with server.client("admin") as client:
            at_rest(client)
        return process.num_threads(), process.memory_info().rss / 1e6

    threads, megabytes = all_of_them(400)
    threads_after, megabytes_after = all_of_them(1600)
    assert threads_after <= threads + 2
    assert megabytes_after - megabytes < 15
    found = list(ends(server.library).values())
    assert eventually(lambda: all(end.total() == 1 for end in ends(server.library).values()))
    assert Counter(kind for end in found for kind in end).keys() <= {"answered", "cancelled"}
    assert server.stop() == 0
    assert server.log.read_text().count("\n") == 1  # that it serves


# Fairness and time


def test_thirty_questions_of_one_do_not_hold_up_anothers(home: Path, starter: Starter) -> None:
    server = starter(writing("[serve]\nqueue_per_caller = 64", thinking=300))
    many = [Asker(server, "reader") for _ in range(30)]
    for one in many:
        one.until("verbatim")
    other = Asker(server, "curator")
    assert other.ended(60)["event"] == "answer"
    # Two: the one at work when it came, and the next in turn.
    assert sum(one.over for one in many) <= 4
    assert max(other.places()) <= 2
    for one in many:
        one.leave()
    with server.client("admin") as client:
        at_rest(client)
    outcomes = Counter(kind for end in ends(server.library).values() for kind in end.elements())
    assert outcomes["cancelled"] >= 26 and outcomes.total() == 31


def test_what_takes_too_long_is_given_up_and_so_is_waiting(home: Path, starter: Starter) -> None:
    server = starter(writing("[serve]\nanswer_seconds = 2\nqueue_seconds = 1"))
    streamed = Asker(server)
    streamed.until("working")
    waits = Asker(server, "curator", stream=False)
    assert "waited too long" in waits.ended(10)["error"]
    assert waits.status == 429 and waits.headers["retry-after"]
    assert time.monotonic() - waits.began < 3
    assert "longer than 2 seconds" in streamed.ended(10)["error"]
    assert time.monotonic() - streamed.began < 5
    assert "verbatim" in [event["event"] for event in streamed.events]
    with server.client("admin") as client:
        at_rest(client)
    outcomes = [Counter(failed=1), Counter(busy=1)]
    assert eventually(lambda: list(ends(server.library).values()) == outcomes)


def test_a_burst_is_turned_away_and_nobody_is_lost(starter: Starter) -> None:
    server = starter("[serve]\nanswers_at_once = 1\nqueue = 4")
    found: list[httpx2.Response] = []

    def ask() -> None:
        with server.client() as client:
            found.append(client.post("/v1/ask", json={"question": METFORMIN}))

    threads = [Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = Counter(reply.status_code for reply in found)
    assert set(statuses) == {200, 429} and statuses[200] >= 5 and statuses.total() == 40
    for reply in found:
        if reply.status_code == 200:
            assert STOP in reply.json()["answer"]
        else:
            assert 1 <= int(reply.headers["retry-after"]) <= 600
    with server.client("admin") as client:
        text = at_rest(client)
    assert figure(text, "medrag_requests_total", door="ask", status="429") == statuses[429]


# What only happens at the wrong moment


class LatePool(EnginePool):
    """Engines that come late."""

    def take(self) -> Engine:
        time.sleep(0.2)
        return super().take()


class FaultyPool(EnginePool):
    """A fault of our own, whose message holds what somebody asked."""

    def take(self) -> Engine:
        raise RuntimeError("Mrs Miller has a rash")


def question() -> Question:
    return Question("1", LOCAL, METFORMIN, None, VERBATIM)


def test_an_engine_that_comes_when_its_client_has_left_goes_back(samples: Path) -> None:
    async def ask_and_leave(pool: EnginePool, engine: Engine) -> int:
        desk = Desk(pool, ServeSettings(), Ledger(engine, None, None))
        events = desk.events(question())
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait([first])
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()  # once more, as when the time is up and then the server stops
        await desk.close()
        return desk.verbatim.running

    with Engine.open(samples) as engine:
        pool = LatePool(engine)
        assert asyncio.run(ask_and_leave(pool, engine)) == 0
        assert pool.lent == 0
        pool.close()


def test_of_a_fault_of_our_own_only_its_kind_is_told(
    samples: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask(engine: Engine) -> str:
        desk = Desk(FaultyPool(engine), ServeSettings(), Ledger(engine, None, None))
        with pytest.raises(MedragError) as error:
            async for _ in desk.events(question()):
                pass
        await desk.close()
        gc.collect()  # asyncio would tell of a forgotten error now, with its message
        return str(error.value)

    with Engine.open(samples) as engine:
        told = asyncio.run(ask(engine))
    assert "RuntimeError" in told and "RuntimeError" in caplog.text
    assert "Miller" not in told + caplog.text
