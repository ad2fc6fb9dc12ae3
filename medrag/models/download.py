"""Fetches one large file over HTTPS into a ``.part`` file, going on where it was cut off."""

from __future__ import annotations

import ipaddress
import re
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medrag.errors import ModelError, NetworkBlocked
from medrag.models.handling import Hook

if TYPE_CHECKING:
    import httpx2

BACKOFF_SECONDS = 1.0
"""Pause before the first retry; each later one is twice as long."""

_TRIES = 5
_REDIRECTS = 8
_TIMEOUT_SECONDS = 60.0
_GAIN = 1 << 20
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _Again(Exception):
    """The attempt failed in a way that another may not."""


def fetch(
    url: str,
    part: Path,
    size: int,
    progress: Hook | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Fetch ``url`` into ``part`` until it holds ``size`` bytes. What they are is not checked here.

    Only HTTPS is spoken, also after a redirect; plain HTTP to this machine alone.

    Raises:
        ModelError: the address, the server or the length of what it sends is wrong, or it could
            not be reached after several tries.
        NetworkBlocked: the offline guard is on in this process.
    """
    import httpx2

    run = _Run(part, size, progress, announce)
    start = _checked_url(url)
    # Plain HTTP is for this machine alone, so it goes through no proxy.
    with httpx2.Client(
        timeout=_TIMEOUT_SECONDS, follow_redirects=False, trust_env=start.scheme == "https"
    ) as client:
        failures, most = 0, run.have()
        while run.have() != size:
            try:
                run.attempt(client, start)
            except _Again as error:
                # Only bytes that nobody had before count as getting on.
                failures = 0 if run.have() > most + _GAIN else failures + 1
                most = max(most, run.have())
                if failures >= _TRIES:
                    raise ModelError(
                        f"{start.host} could not be reached or broke off ({error}).",
                        "Run the same command again: it goes on where it stopped.",
                    ) from error
                time.sleep(BACKOFF_SECONDS * 2 ** max(failures - 1, 0))


class _Run:
    def __init__(
        self,
        part: Path,
        size: int,
        progress: Hook | None,
        announce: Callable[[str], None] | None,
    ) -> None:
        self._part = part
        self._size = size
        self._progress = progress
        self._announce = announce
        self._told: set[str] = set()

    def have(self) -> int:
        """Bytes that are there. More than there should be are worth nothing."""
        if not self._part.is_file():
            return 0
        have = self._part.stat().st_size
        if have > self._size:
            self._part.unlink()
            return 0
        return have

    def attempt(self, client: httpx2.Client, url: httpx2.URL) -> None:
        """One request, its redirects followed. Raises _Again where another may do better."""
        import httpx2

        try:
            for _ in range(_REDIRECTS):
                self._tell(url.host)
                have = self.have()
                headers = {"Accept-Encoding": "identity"}
                if have:
                    headers["Range"] = f"bytes={have}-"
                with client.stream("GET", url, headers=headers) as response:
                    if response.status_code not in _REDIRECT:
                        self._receive(response, have)
                        return
                    url = _next_url(url, response)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            _raise_cause(error, url.host)
            raise _Again(type(error).__name__) from error
        raise ModelError(f"{url.host} sends us in circles.", "Check MEDRAG_HUB.")

    def _tell(self, host: str) -> None:
        if host not in self._told and self._announce is not None:
            self._announce(host)
        self._told.add(host)

    def _receive(self, response: httpx2.Response, have: int) -> None:
        status = response.status_code
        if status == 416:
            # What is there does not fit to what the server has: begin anew.
            self._part.unlink(missing_ok=True)
            raise _Again("HTTP 416")
        if status in _TRY_LATER:
            raise _Again(f"HTTP {status}")
        if status not in (200, 206):
            raise _refused(response)
        start = self._start(response, have)
        with self._part.open("r+b" if start else "wb") as out:
            out.seek(start)
            out.truncate()
            for data in response.iter_bytes():
                if out.tell() + len(data) > self._size:
                    raise self._wrong_length(response)
                out.write(data)
                if self._progress is not None:
                    self._progress("fetching", out.tell(), self._size)
        if self.have() < self._size:
            raise _Again("cut off")

    def _start(self, response: httpx2.Response, have: int) -> int:
        """Where in the file the body begins: 0 from a server that sends all of it again."""
        if response.status_code == 200:
            length = response.headers.get("Content-Length", "")
            if length.isdecimal() and int(length) != self._size:
                raise self._wrong_length(response)
            return 0
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != have:
            self._part.unlink(missing_ok=True)
            raise _Again("a wrong range")
        if match[2] != "*" and int(match[2]) != self._size:
            raise self._wrong_length(response)
        return have

    def _wrong_length(self, response: httpx2.Response) -> ModelError:
        self._part.unlink(missing_ok=True)
        return ModelError(
            f"What {response.url.host} sends is not the published file (its length is another).",
            "Nothing of it was kept. Ask who runs that server.",
        )


def _checked_url(text: str) -> httpx2.URL:
    import httpx2

    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise ModelError(f"{text} is no address.", "Correct MEDRAG_HUB.") from error
    if url.host and (url.scheme == "https" or (url.scheme == "http" and _is_here(url.host))):
        return url
    raise ModelError(
        f"{url.scheme or 'no'}://{url.host} is not HTTPS.", "Set MEDRAG_HUB to an https:// address."
    )


def _next_url(url: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
    import httpx2

    try:
        target = url.join(response.headers.get("Location", ""))
    except httpx2.InvalidURL as error:
        raise ModelError(f"{url.host} sends us nowhere.", "Ask who runs that server.") from error
    plain = target.scheme == "http" and url.scheme == "http" and _is_here(target.host)
    if target.scheme != "https" and not plain:
        raise ModelError(
            f"{url.host} sends us to {target.scheme}://{target.host}, which is not HTTPS.",
            "That was refused. Ask who runs that server.",
        )
    return target


def _refused(response: httpx2.Response) -> ModelError:
    host, status = response.url.host, response.status_code
    if status in (404, 410):
        return ModelError(
            f"{host} does not have the file (HTTP {status}).",
            "Get it elsewhere, then: medrag model add FILE",
        )
    if status in (401, 403):
        return ModelError(
            f"{host} does not give the file to everybody (HTTP {status}).",
            "Fetch it with your account there, then: medrag model add FILE",
        )
    return ModelError(f"{host} refused (HTTP {status}).", "Try later, or another MEDRAG_HUB.")


def _raise_cause(error: BaseException, host: str) -> None:
    """Raise what another attempt cannot mend, however deep the client wrapped it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NetworkBlocked):
            raise cause
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise ModelError(
                f"The certificate of {host} is not trusted here.",
                "If it is your own server, set SSL_CERT_FILE to its authority's certificate.",
            ) from error
        cause = cause.__cause__ or cause.__context__


def _is_here(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
