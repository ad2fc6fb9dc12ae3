"""How often somebody may ask."""

import pytest

from medrag.errors import Busy
from medrag.server.limits import Limits, Rate
from medrag.server.settings import ServeSettings


def turned_away(limits: Limits, times: int, caller: str, kind: str) -> list[Busy]:
    found = []
    for _ in range(times):
        try:
            limits.check(caller, kind)
        except Busy as busy:
            found.append(busy)
    return found


def test_one_more_than_the_limit_is_turned_away_with_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = Limits(ServeSettings(requests_per_minute=30))
    away = turned_away(limits, 33, "a", "request")
    assert len(away) == 3
    assert all(1 <= busy.retry_after <= 60 for busy in away)
    assert "30 requests" in away[0].message


def test_callers_and_kinds_are_counted_apart() -> None:
    limits = Limits(ServeSettings(requests_per_minute=5, asks_per_minute=2))
    assert len(turned_away(limits, 4, "a", "ask")) == 2
    assert not turned_away(limits, 5, "a", "request")
    assert not turned_away(limits, 2, "b", "ask")


def test_the_time_that_is_told_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000_000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    limits = Limits(ServeSettings(asks_per_minute=3))
    for _ in range(20):
        try:
            limits.check("a", "ask")
        except Busy as busy:
            clock[0] += busy.retry_after + 0.1
            limits.check("a", "ask")


def test_no_burst_of_twice_the_limit_where_a_minute_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000_018.0]  # two seconds before a minute of the clock ends
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    limits = Limits(ServeSettings(requests_per_minute=60))
    let_in = []
    for _ in range(6000):
        clock[0] += 0.05
        try:
            limits.check("a", "request")
            let_in.append(clock[0])
        except Busy:
            pass
    burst = max(sum(start <= at < start + 6 for at in let_in) for start in let_in)
    assert 39 <= burst <= 67, "at most one limit at once, and what comes free meanwhile"
    assert 240 <= len(let_in) <= 360, "five minutes"


@pytest.mark.parametrize("again", ["10.0.0.9", "::ffff:10.0.0.9"])
def test_wrong_keys_of_an_address(again: str) -> None:
    limits = Limits(ServeSettings())
    for _ in range(20):
        limits.failed_login("10.0.0.9")
    with pytest.raises(Busy) as busy:
        limits.failed_login(again)
    assert busy.value.retry_after >= 1
    limits.failed_login("10.0.0.8")


def test_a_network_of_ipv6_is_one_guesser_and_fills_no_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)  # nothing is had back meanwhile
    limits = Limits(ServeSettings())
    with pytest.raises(Busy):
        for number in range(21):
            limits.failed_login(f"2001:db8:1:2::{number:x}")
    limits.failed_login("2001:db8:1:3::1")
    assert sum(limits.on_record(f"2001:db8:1:2::{number:x}") for number in range(1000)) == 60
    assert sum(limits.on_record(f"2001:db8:{number:x}::1") for number in range(1000)) == 540


def test_whoever_has_all_back_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    rate = Rate(60)
    for number in range(10_000):
        rate.hit(str(number))
    clock[0] += 2
    rate.hit("last")
    assert len(rate._full) == 1
