"""The wire to a language-model server: who may be reached, for how long, and what went wrong.

A thread of its own waits for the bytes, so that whoever listens can stop at any moment, also while
the server still reads the prompt: stopping shuts the socket, and the server sees that and ends.
"""

from __future__ import annotations

import ipaddress
import json
import queue
import re
import socket
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from medrag.errors import ConfigError, MedragError, ModelError, NetworkBlocked
from medrag.generators.sse import error_name

if TYPE_CHECKING:
    import httpx2

CONNECT = 5.0  # seconds
SILENCE = 120.0  # seconds without a byte
TICK = 0.25  # seconds between two looks at whether the listener has gone
_LONGEST_WAIT = 10.0  # seconds between two attempts, whatever the server asks for
_REFUSAL_BYTES = 65_536
_BUSY = frozenset({429, 502, 503, 504})
_TOO_LONG = re.compile(rb"(?i)(?:maximum )?context (?:length|size|window)|maximum context")
_HOST = re.compile(r"[A-Za-z0-9._:-]+")


def checked_url(url: str, allow_hosts: Sequence[str]) -> str:
    """``url`` without a slash at its end, if it may be reached.

    Raises:
        ConfigError: not http or https, no host, a user or a query in it, or a host that is
            neither this machine nor in ``allow_hosts``.
    """
    wrong = "Write it as http://127.0.0.1:8080/v1 in [server] url."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError("The server's address is not a URL.", wrong) from error
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise ConfigError("The server's address is not an http or https URL with a host.", wrong)
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "The server's address holds a user or a password.",
            "Put the key into an environment variable and name that in [server] key_variable.",
        )
    if parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ConfigError("The server's address holds more than a host and a path.", wrong)
    named = {name.lower().rstrip(".") for name in allow_hosts}
    if not is_loopback(host) and host.rstrip(".") not in named:
        raise ConfigError(
            f"The language-model server {host} is not on this machine.",
            f'If patient text may go there, put "{host}" into [network] allow_hosts.',
        )
    shown = f"[{host}]" if ":" in host else host
    at = shown if port is None else f"{shown}:{port}"
    return f"{parts.scheme}://{at}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine: localhost, 127.0.0.0/8 or ::1."""
    name = host.lower().rstrip(".")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Link:
    """One server. Every request has a connection of its own, which ends with it.

    No redirect is followed and no proxy of the environment used: what is sent holds patient text
    and goes where a person said, or nowhere.
    """

    def __init__(self, url: str, key: str | None, key_variable: str, retries: int) -> None:
        self.url, self.host = url, urlsplit(url).hostname or ""
        self._headers = {"Accept-Encoding": "identity"}
        if key:
            if not (key.isascii() and key.isprintable()):
                raise ConfigError("The server's key holds characters that no key has.", "Check it.")
            self._headers["Authorization"] = f"Bearer {key}"
        self._key_variable, self._retries = key_variable, retries

    def client(self, timeout: float) -> httpx2.Client:
        """A client for ``timeout`` seconds of silence at most."""
        import httpx2

        limits = httpx2.Timeout(timeout, connect=min(CONNECT, timeout))
        return httpx2.Client(headers=self._headers, timeout=limits, trust_env=False)

    def stream(
        self, path: str, body: Mapping[str, Any], deadline: float
    ) -> Generator[bytes | None, None, None]:
        """The bytes of the server's event stream; None for each quarter second without any.

        Tries again, after a pause, as long as nothing of an answer has come.

        Raises:
            ModelError: no answer came, it broke off, or the server refused.
        """
        payload = json.dumps(body).encode()
        for attempt in range(self._retries + 1):
            fetch = _Fetch(self, self.url + path, payload)
            try:
                begun = False
                for part in fetch.parts(deadline):
                    begun = begun or part is not None
                    yield part
                return
            except _Again as again:
                if begun or attempt == self._retries:
                    raise again.error from again.__cause__
                pause = again.pause if again.pause is not None else 0.5 * 2**attempt
            finally:
                fetch.stop()
            until = time.monotonic() + min(pause, _LONGEST_WAIT)
            while (now := time.monotonic()) < until:
                if now > deadline:
                    raise self.too_slow()
                time.sleep(min(TICK, until - now))
                yield None

    def failed(self, name: str) -> ModelError:
        """The error for a failure that the server names in the middle of its answer."""
        shown = f" ({name})" if name else ""
        return ModelError(f"The server {self.host} failed{shown}.", self._remedy(500, name))

    def refusal(self, status: int, headers: Mapping[str, str], content: bytes) -> Exception:
        """The error for an answer that is not an event stream."""
        if status == 200:
            return ModelError(
                f"The server {self.host} answered with something other than an event stream.",
                "Check [server] url: it should lead to an OpenAI-compatible API and end in /v1.",
            )
        # The server's own words are not shown: they may repeat the prompt, and so a patient.
        try:
            name = error_name(json.loads(content))
        except (ValueError, RecursionError):
            name = ""
        shown = f"{status}, {name}" if name else str(status)
        hint = "context" if _TOO_LONG.search(content) else name
        error = ModelError(f"The server {self.host} refused ({shown}).", self._remedy(status, hint))
        if status not in _BUSY:
            return error
        asked = headers.get("retry-after", "")
        return _Again(error, float(asked) if re.fullmatch(r"\d{1,4}", asked) else None)

    def _remedy(self, status: int, name: str) -> str:
        if status in (401, 403):
            variable = self._key_variable or "the variable that [server] key_variable names"
            return f"Put the server's key into {variable}."
        if status in (301, 302, 303, 307, 308):
            return "Redirects are not followed; put the final address into [server] url."
        if status in (404, 405):
            return "Check [server] url (it should end in /v1) and [server] model."
        if status == 413 or "context" in name:
            return (
                "The question and its evidence are longer than the model's context: lower"
                " [compose] evidence_tokens, or start the server with more context."
            )
        if status in _BUSY:
            return "It is busy or still loading its model; try again later."
        return "Check [server] model and dialect, and the server's own log."

    def failure(self, error: Exception) -> Exception:
        """The error of medrag for one of the client's; those worth another attempt are wrapped."""
        import httpx2

        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, NetworkBlocked):
                return cause
            cause = cause.__cause__ or cause.__context__
        if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
            away = f"The server {self.host} cannot be reached."
            wrapped = ModelError(away, "Start it, or correct [server] url.")
            return wrapped if isinstance(error, httpx2.ConnectTimeout) else _Again(wrapped)
        if isinstance(error, httpx2.TimeoutException):
            return self.too_slow()
        return _Again(self.broken_off())

    def too_slow(self) -> ModelError:
        """The error for a server that lets us wait too long."""
        return ModelError(
            f"The server {self.host} did not answer in time.",
            "Look whether it is overloaded, or raise [worker] time_limit.",
        )

    def broken_off(self) -> ModelError:
        """The error for an answer that ended before its end."""
        return ModelError(
            f"The server {self.host} broke off its answer.",
            "Look into its log; a prompt longer than its context can be the reason.",
        )


class _Again(Exception):
    """A failure after which another attempt may help, with the pause the server asked for."""

    def __init__(self, error: MedragError, pause: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.pause = pause


class _Fetch:
    """One request, whose bytes a thread puts into a queue."""

    def __init__(self, link: Link, url: str, payload: bytes) -> None:
        self._link, self._url, self._payload = link, url, payload
        self._queue: queue.Queue[bytes | Exception | None] = queue.Queue(64)
        self._stopped = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="medrag-server", daemon=True)
        self._thread.start()

    def parts(self, deadline: float) -> Generator[bytes | None, None, None]:
        """The bytes as they come, None while there are none."""
        while True:
            if time.monotonic() > deadline:
                raise self._link.too_slow()
            try:
                part = self._queue.get(timeout=TICK)
            except queue.Empty:
                yield None
                continue
            if part is None:
                return
            if isinstance(part, Exception):
                raise part
            yield part

    def stop(self) -> None:
        """End the request, whatever state it is in."""
        self._stopped.set()
        if self._socket is not None:
            with suppress(OSError):  # it may be closed already
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(2)

    def _run(self) -> None:
        import httpx2

        try:
            self._request()
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            self._put(self._link.failure(error))
        finally:
            self._put(None)

    def _request(self) -> None:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        with (
            self._link.client(SILENCE) as client,
            client.stream(
                "POST",
                self._url,
                content=self._payload,
                headers=headers,
                extensions={"trace": self._trace},
            ) as response,
        ):
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if response.status_code == 200 and kind == "text/event-stream":
                for part in response.iter_raw():
                    self._put(part)
                return
            content = b""
            for part in response.iter_raw():
                content += part
                if len(content) > _REFUSAL_BYTES or response.status_code == 200:
                    break
            self._put(self._link.refusal(response.status_code, response.headers, content))

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        # The only way to a socket on which the client is still waiting for the first byte.
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            if self._stopped.is_set():
                raise OSError("stopped")

    def _put(self, item: bytes | Exception | None) -> None:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=TICK)
                return
