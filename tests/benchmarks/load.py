"""Load on loopback: 50 searchers for a minute, 50 askers, and clients that vanish.

The library is named by MEDRAG_BENCH_LIBRARY (README, "Figures", says how to make MedQuAD's),
questions are those of MEDRAG_BENCH_QUESTIONS, a queries.jsonl (default: the library's own titles).
The clients run in this process, on the same cores as the server.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.benchmarks.http_client import Connection, served

SEARCHERS = ASKERS = 50
SECONDS = float(os.environ.get("MEDRAG_BENCH_SECONDS", "60"))
VANISHING = 0.05
KEY = ""
_SEEDS = itertools.count()
SETTINGS = """[serve]
requests_per_minute = 1000000
asks_per_minute = 1000000
queue = 1000
queue_per_caller = 1000
[answer]
generator = "extractive"
"""


def questions(library: Path) -> list[str]:
    """Different questions in a shuffled order."""
    named = os.environ.get("MEDRAG_BENCH_QUESTIONS")
    if named:
        lines = Path(named).read_text("utf-8").splitlines()
        found = [json.loads(line)["text"] for line in lines]
    else:
        connection = sqlite3.connect(f"file:{library}/library.sqlite?mode=ro", uri=True)
        rows = connection.execute("SELECT DISTINCT title FROM documents ORDER BY id").fetchall()
        found = [f"What is known about {title}?" for (title,) in rows]
    random.Random(4).shuffle(found)
    return found


async def searcher(port: int, asked: Iterator[str], until: float, took: list[float],
                   statuses: Counter[int], pause: float) -> None:  # fmt: skip
    connection = Connection(port, KEY)
    while time.perf_counter() < until:
        started = time.perf_counter()
        await connection.send("/v1/search", {"query": next(asked)})
        reply = await connection.read()
        took.append(time.perf_counter() - started)
        statuses[reply.status] += 1
        if reply.status != 200 or b'"chunk_id"' not in reply.body:
            statuses[-1] += 1
        await asyncio.sleep(pause)


async def asker(port: int, asked: Iterator[str], until: float, took: list[float],
                outcomes: Counter[str], vanishing: float) -> None:  # fmt: skip
    dice = random.Random(next(_SEEDS))
    connection = Connection(port, KEY)
    while time.perf_counter() < until:
        question = next(asked)
        started = time.perf_counter()
        await connection.send("/v1/ask", {"question": question, "stream": True})
        if dice.random() < vanishing:
            if dice.random() < 0.5:
                await connection.first_bytes()
            connection.leave()
            outcomes["vanished"] += 1
            continue
        reply = await connection.read()
        took.append(time.perf_counter() - started)
        text = reply.body.decode()
        whole = text.count("event: answer") == 1 and json.dumps(question) in text
        outcomes["answered" if reply.status == 200 and whole else f"lost ({reply.status})"] += 1


def said(name: str, took: list[float]) -> str:
    took = sorted(took)
    p95 = took[int(0.95 * len(took))]
    return (f"{name}: {len(took)} in {SECONDS:.0f} s, p50 {1000 * statistics.median(took):.0f} ms,"
            f" p95 {1000 * p95:.0f} ms, slowest {1000 * took[-1]:.0f} ms")  # fmt: skip


def held(process: psutil.Process) -> str:
    with process.oneshot():
        return (f"{process.num_threads()} threads, {process.num_fds()} files,"
                f" {process.memory_info().rss / 1e6:.0f} MB")  # fmt: skip


async def search_load(port: int, asked: Iterator[str], words: str, pause: float = 0.0) -> None:
    """Each searcher asks again ``pause`` seconds after its last answer."""
    for seconds in (3.0, SECONDS):  # the first only warms
        took: list[float] = []
        statuses: Counter[int] = Counter()
        until = time.perf_counter() + seconds
        jobs = (searcher(port, asked, until, took, statuses, pause) for _ in range(SEARCHERS))
        await asyncio.gather(*jobs)
    print(said(f"50 searchers, {words}", took), dict(statuses), flush=True)


async def ask_load(port: int, asked: Iterator[str], vanishing: float) -> None:
    took: list[float] = []
    outcomes: Counter[str] = Counter()
    until = time.perf_counter() + SECONDS
    jobs = (asker(port, asked, until, took, outcomes, vanishing) for _ in range(ASKERS))
    await asyncio.gather(*jobs)
    print(said(f"50 askers, {vanishing:.0%} vanish", took), dict(outcomes), flush=True)


async def mixed_load(port: int, asked: Iterator[str]) -> None:
    """Few searchers beside many askers: a search does not wait behind questions."""
    took: list[float] = []
    asks: list[float] = []
    until = time.perf_counter() + SECONDS / 3
    jobs = [searcher(port, asked, until, took, Counter(), 0.0) for _ in range(2)]
    jobs += [asker(port, asked, until, asks, Counter(), 0) for _ in range(20)]
    await asyncio.gather(*jobs)
    print(said("2 searchers beside 20 askers", took), flush=True)


def main() -> None:
    named = os.environ.get("MEDRAG_BENCH_LIBRARY")
    if not named:
        print("skipped: MEDRAG_BENCH_LIBRARY names no library")
        return
    every = questions(Path(named))
    asked = itertools.cycle(every)
    with served(Path(named), SETTINGS) as (process, port):
        seen = psutil.Process(process.pid)
        print("at the start:", held(seen), flush=True)
        asyncio.run(search_load(port, asked, "a new question each time"))
        few = itertools.cycle(every[:500])
        asyncio.run(search_load(port, few, "500 questions between them"))
        asyncio.run(search_load(port, asked, "a new question after a second's pause", 1.0))
        print("after searching:", held(seen), flush=True)
        asyncio.run(ask_load(port, asked, 0.0))
        print("after asking:", held(seen), flush=True)
        for _ in range(2):
            asyncio.run(ask_load(port, asked, VANISHING))
            time.sleep(3)
            print("after vanishing:", held(seen), flush=True)
        asyncio.run(mixed_load(port, asked))
        figures = asyncio.run(metrics(port))
        print("slots:", figures)


async def metrics(port: int) -> list[str]:
    """Engines lent and questions waiting or running, when all have gone: none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    text = (await reader.read()).decode()
    names = ("medrag_engines_lent ", "medrag_waiting{", "medrag_running{")
    return [line for line in text.splitlines() if line.startswith(names)]


if __name__ == "__main__":
    main()
