"""How often somebody may ask, and how often an address may send wrong keys."""

from __future__ import annotations

import ipaddress
import time
from typing import Literal

from medrag.errors import Busy
from medrag.server.identity import address_of
from medrag.server.settings import ServeSettings

Kind = Literal["request", "ask"]
FAILED_LOGINS_PER_MINUTE = 20
REFUSALS_ON_RECORD_PER_MINUTE = 60
_MINUTE = 60.0
_ROUNDING = 1e-6  # what the sum of many sixtieths may be off
_KNOWN = 10_000


class Rate:
    """At most so many within a minute, of each of many; what was used comes back evenly.

    The generic cell rate algorithm (ITU-T I.371): one number for each says when all will have come
    back. (A library's in-memory counters started a thread for nearly every hit.)
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._each = _MINUTE / per_minute
        self._full: dict[str, float] = {}

    def hit(self, who: str) -> float:
        """Count one. 0 where it is within the rate; else the seconds until one more would be."""
        wait = self.wait(who)
        if not wait:
            self._forget()
            self._full[who] = max(self._full.get(who, 0.0), time.monotonic()) + self._each
        return wait

    def wait(self, who: str) -> float:
        """Seconds until one more would be within the rate; 0 where it would be now."""
        ahead = self._full.get(who, 0.0) - time.monotonic()
        return max(0.0, ahead + self._each - _MINUTE - _ROUNDING)

    def _forget(self) -> None:
        """Those who have all of it back need not be known."""
        if len(self._full) >= _KNOWN:
            now = time.monotonic()
            self._full = {who: full for who, full in self._full.items() if full > now}


class Limits:
    """Counts by caller and by address, in memory: a restart begins anew."""

    def __init__(self, serve: ServeSettings) -> None:
        self._rates: dict[Kind, Rate] = {
            "request": Rate(serve.requests_per_minute),
            "ask": Rate(serve.asks_per_minute),
        }
        self._failed = Rate(FAILED_LOGINS_PER_MINUTE)
        self._recorded = Rate(REFUSALS_ON_RECORD_PER_MINUTE)
        self._all_recorded = Rate(10 * REFUSALS_ON_RECORD_PER_MINUTE)

    def check(self, caller_id: str, kind: Kind) -> None:
        """Count a request, or a question.

        Raises:
            Busy: the caller has had as many as the settings allow within a minute.
        """
        rate = self._rates[kind]
        if wait := rate.hit(caller_id):
            what = "requests" if kind == "request" else "questions"
            raise Busy(
                f"More than {rate.per_minute} {what} in a minute.",
                "Wait a little, or raise [serve] "
                + ("requests_per_minute." if kind == "request" else "asks_per_minute."),
                retry_after=max(1.0, wait),
            )

    def failed_login(self, peer: str) -> None:
        """Count a wrong key from an address. Only wrong keys are ever turned away by this: others
        behind the same address must not be locked out by one who guesses, or by a widget whose
        key was revoked, and 32 random bytes are not guessed at any rate.

        Raises:
            Busy: there were more than 20 within a minute.
        """
        if wait := self._failed.hit(_network_of(peer)):
            raise _too_many_keys(wait)

    def on_record(self, who: str) -> bool:
        """Whether a refusal of this caller or address is still written to the audit: 60 a minute
        are, of all together 600. Who is turned away again and again needs no key for it, and must
        not fill the disk."""
        network = _network_of(who)
        if self._recorded.wait(network) or self._all_recorded.wait(""):
            return False
        self._all_recorded.hit("")
        return not self._recorded.hit(network)


def _network_of(peer: str) -> str:
    """An IPv6 address counts by its /64, which one machine has to itself; all else as it is."""
    try:
        address = ipaddress.ip_address(address_of(peer))
    except ValueError:
        return peer
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), False))


def _too_many_keys(wait: float) -> Busy:
    return Busy(
        "Too many wrong keys from this address.",
        "Wait a minute and check the key.",
        retry_after=max(1.0, wait),
    )
