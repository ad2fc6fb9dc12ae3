"""Clients that ask, listen and leave, and what a server's figures and records then say."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psutil

from tests.server.conftest import Running

METFORMIN = "At what eGFR should metformin be stopped?"
STOP = "Stop metformin when eGFR is below 30"


def writing(*more: str, thinking: int = 16_000) -> str:
    """A configuration in which the tiny model writes; with 16,000 tokens it thinks for a minute."""
    return "\n".join(
        [
            '[answer]\ngenerator = "tiny"\n[compose]\ntemperature = 0.0\nanswer_tokens = 400',
            f"thinking_tokens = {thinking}\n[worker]\ncontext = 32768",
            *more,
        ]
    )


class Asker:
    """One client with a question whose events are listened to in a thread; it can hang up."""

    def __init__(
        self, server: Running, who: str | None = "reader", question: str = METFORMIN, **more: Any
    ) -> None:
        self.began = time.monotonic()
        self.events: list[dict[str, Any]] = []
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.over = False
        self._changed = Condition()
        self._connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=90)
        headers = {"Content-Type": "application/json"}
        if who:
            headers["Authorization"] = f"Bearer {server.keys[who]}"
        body = json.dumps({"question": question, "stream": True} | more)
        self._connection.request("POST", "/v1/ask", body, headers)
        self._socket: socket.socket = self._connection.sock
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with suppress(OSError, http.client.HTTPException):
            reply = self._connection.getresponse()
            self.headers = {name.lower(): value for name, value in reply.getheaders()}
            self.status = reply.status
            for raw in reply:
                line = raw.decode()
                if line.startswith("data: "):
                    with self._changed:
                        self.events.append(json.loads(line[6:]))
                        self._changed.notify_all()
                else:
                    self.text += line
        with self._changed:
            self.over = True
            self._changed.notify_all()

    def until(self, found: Callable[[dict[str, Any]], bool] | str, seconds: float = 20) -> float:
        """Wait for an event, by its name or a test; the seconds since the question."""

        def fits(event: dict[str, Any]) -> bool:
            return event["event"] == found if isinstance(found, str) else found(event)

        def there() -> bool:
            return any(fits(event) for event in self.events)

        with self._changed:
            self._changed.wait_for(lambda: there() or self.over, seconds)
            assert there(), (found, self.status, self.text, [one["event"] for one in self.events])
        return time.monotonic() - self.began

    def ended(self, seconds: float = 30) -> dict[str, Any]:
        """Wait for the end; the last event, or the answer itself."""
        self._thread.join(seconds)
        assert self.over, [one["event"] for one in self.events]
        return self.events[-1] if self.events else json.loads(self.text)

    def places(self) -> list[int]:
        """The positions that were told."""
        return [one["position"] for one in self.events if one["event"] == "queued"]

    def leave(self) -> None:
        """Hang up, as a closed browser does."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._connection.close()


def figure(text: str, name: str, **labels: str) -> float:
    """One figure of /metrics; 0 where nothing was counted yet."""
    shown = ",".join(f'{key}="{value}"' for key, value in labels.items())
    where = re.escape(name + (f"{{{shown}}}" if shown else ""))
    found = re.search(rf"^{where} (\S+)$", text, re.M)
    return float(found[1]) if found else 0.0


def at_rest(client: httpx2.Client, seconds: float = 5) -> str:
    """Wait until nothing waits or runs and all engines are back; the figures then."""
    names = [("medrag_engines_lent", {})]
    names += [
        (f"medrag_{kind}", {"queue": queue})
        for kind in ("waiting", "running")
        for queue in ("verbatim", "model")
    ]
    deadline = time.monotonic() + seconds
    while True:
        text = client.get("/metrics").text
        busy = [(name, labels) for name, labels in names if figure(text, name, **labels)]
        if not busy:
            return text
        assert time.monotonic() < deadline, f"still at work after {seconds} s: {busy}"
        time.sleep(0.05)


def eventually(check: Callable[[], bool], seconds: float = 5) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def records(library: Path) -> Iterator[dict[str, Any]]:
    """The audit's records, in order."""
    for path in sorted((library / "audit").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            yield json.loads(line)


def ends(library: Path) -> dict[str, Counter[str]]:
    """How each question that was asked ended, as the audit says: "answered", or an outcome."""
    found: dict[str, Counter[str]] = {}
    for record in records(library):
        if record["action"] == "asked":
            found[record["request"]] = Counter()
        elif record["action"] == "answered" and record["final"]:
            found[record["request"]]["answered"] += 1
        elif record["action"] == "ended":
            found[record["request"]][record["outcome"]] += 1
    return found


def family(server: Running) -> list[psutil.Process]:
    """The processes that a server started."""
    return psutil.Process(server.process.pid).children(recursive=True)
