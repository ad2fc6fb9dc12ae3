"""What a server can be told: sections of the same TOML file that the engine's settings stand in."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from medrag.config import SERVE_SECTIONS, read_sections, settings_values
from medrag.errors import ConfigError
from medrag.server.access import ROLES


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Everything about serving that can be chosen. Ranges are checked when it is made.

    Raises:
        ConfigError: a value is outside its range, or of the wrong type.
    """

    host: str = "127.0.0.1"
    """The address to listen on. Anything but loopback needs at least one key."""
    port: int = 8642
    """The port to listen on (0: any free one, to 65,535)."""
    names: tuple[str, ...] = ()
    """Host names that the server is reached by, beside its address and localhost."""
    public_url: str = ""
    """Where people reach it (https://medrag.example.org), for links to sources; else from names."""
    tls_certificate: str = ""
    """A PEM file; with ``tls_key``, the server speaks HTTPS."""
    tls_key: str = ""
    """The certificate's key, a PEM file."""
    cors_origins: tuple[str, ...] = ()
    """Origins of intranet pages whose scripts may call the server. "*" is refused."""
    searches_at_once: int = 2
    """Searches that run side by side (1 to 64)."""
    rerank_searches: bool = False
    """Whether searches are reranked too, where the engine's settings rerank those of answers."""
    answers_at_once: int = 2
    """Verbatim answers that are made side by side (1 to 64)."""
    queue: int = 64
    """Questions that may wait; one more is turned away with 429 (1 to 10,000)."""
    queue_per_caller: int = 16
    """Questions of one caller that may wait or run (1 to 10,000)."""
    queue_seconds: float = 300.0
    """How long a question waits for its turn before it is given up (1 to 86,400)."""
    answer_seconds: float = 600.0
    """How long a question may take altogether (1 to 86,400)."""
    stop_seconds: float = 20.0
    """How long a graceful stop lets what runs finish (0 to 3,600)."""
    requests_per_minute: int = 6000
    """Requests of one caller (1 to 1,000,000)."""
    asks_per_minute: int = 600
    """Questions of one caller (1 to 1,000,000)."""
    body_bytes: int = 1_000_000
    """Largest request body, uploads apart (1,000 to 100,000,000)."""
    upload_bytes: int = 100_000_000
    """Largest upload, all its files together (1,000 to 10,000,000,000)."""
    header_seconds: float = 10.0
    """How long a client may take to send the head of a request (0.1 to 600)."""
    body_seconds: float = 60.0
    """The longest pause inside a body (0.1 to 3,600)."""
    upload_seconds: float = 1800.0
    """How long reading and embedding one upload may take (1 to 86,400)."""
    audit: bool = True
    """Whether an audit log is kept."""
    audit_folder: str = ""
    """Where it is kept; empty: the folder audit inside the library."""
    audit_questions: str = "plain"
    """How questions are written there: plain, encrypted, or none (left out)."""
    audit_public_key: str = ""
    """The file with the public key for encrypted questions (medrag audit keygen)."""
    proxy_addresses: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies that sign people on; empty: none may."""
    proxy_user_header: str = "X-Remote-User"
    """The header in which such a proxy names the person."""
    proxy_role: str = "reader"
    """What people who come that way may do: reader, curator or admin."""
    proxy_collections: tuple[str, ...] = ()
    """What they may see; "*" alone is everything. Empty: nobody may come that way."""

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(
                    f"{name} is {value}, outside {low} to {high}.", "Correct the setting."
                )
        _check_choice("audit_questions", self.audit_questions, ("plain", "encrypted", "none"))
        _check_choice("proxy_role", self.proxy_role, ROLES)
        if "*" in self.cors_origins:
            raise ConfigError(
                "[serve] cors_origins holds '*'.", "Name the origins of your intranet pages."
            )
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ConfigError(
                "TLS needs a certificate and a key.", "Set tls_certificate and tls_key."
            )
        _check_names(self)
        _check_proxy(self)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return _is_loopback(self.host)

    @property
    def is_private(self) -> bool:
        """Whether nobody but who sits at this machine is meant to reach it: it listens on loopback,
        and no proxy, name or address for others is set."""
        others = (self.proxy_addresses, self.names, self.public_url, self.cors_origins)
        return self.is_loopback and not any(others)

    def is_proxy(self, address: str) -> bool:
        """Whether a peer's address is one of the named reverse proxies."""
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(peer in _network(named) for named in self.proxy_addresses)

    def audit_path(self, library: Path) -> Path:
        """The folder of the audit log."""
        return Path(self.audit_folder) if self.audit_folder else library / "audit"


_RANGES: dict[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "searches_at_once": (1, 64),
    "answers_at_once": (1, 64),
    "queue": (1, 10_000),
    "queue_per_caller": (1, 10_000),
    "queue_seconds": (1, 86_400),
    "answer_seconds": (1, 86_400),
    "stop_seconds": (0, 3600),
    "requests_per_minute": (1, 1_000_000),
    "asks_per_minute": (1, 1_000_000),
    "body_bytes": (1000, 100_000_000),
    "upload_bytes": (1000, 10_000_000_000),
    "header_seconds": (0.1, 600),
    "body_seconds": (0.1, 3600),
    "upload_seconds": (1, 86_400),
}
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]{1,5})?|\[?[0-9A-Fa-f:.]+\]?")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+")
_URL = re.compile(rf"{_ORIGIN.pattern}(?:/[!-~]*)?")
_TOKEN = re.compile(r"[A-Za-z0-9-]+")
_TAKEN_HEADERS = frozenset(
    "authorization host origin cookie connection content-length content-type accept".split()
)
# The audit's and the proxy's settings have a section of their own.
_OWN = {
    **{f"audit_{key}": ("audit", key) for key in ("folder", "questions", "public_key")},
    **{
        f"proxy_{key}": ("proxy", key)
        for key in ("addresses", "user_header", "role", "collections")
    },
    "audit": ("audit", "enabled"),
}
_PLACES = {_OWN.get(f.name, ("serve", f.name)): f.name for f in fields(ServeSettings)}
# The environment's names, where MEDRAG_HOST alone would say too little.
_PREFIX = "MEDRAG_SERVE_"


def load_serve_settings(
    path: Path | None = None, environment: Mapping[str, str] | None = None, **flags: Any
) -> ServeSettings:
    """The sections [serve], [audit] and [proxy] of a TOML file, then ``MEDRAG_SERVE_<SETTING>``
    variables, then ``flags`` (those that are None are left out).

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, or a value is wrong.
    """
    every = read_sections(path) if path is not None else {}
    sections = {name: keys for name, keys in every.items() if name in SERVE_SECTIONS}
    env = os.environ if environment is None else environment
    named = {
        f"MEDRAG_{name[len(_PREFIX) :]}": value
        for name, value in env.items()
        if name.startswith(_PREFIX)
    }
    values = settings_values(ServeSettings(), sections, _PLACES, named, flags, path)
    return replace(ServeSettings(), **values)


def _check_names(serve: ServeSettings) -> None:
    for name in serve.names:
        if not _HOST_NAME.fullmatch(name):
            raise ConfigError(
                f"[serve] names holds '{name}', which is no host name.",
                "Write medrag.hospital.example, without https://.",
            )
    if serve.public_url and not _URL.fullmatch(serve.public_url):
        raise ConfigError(
            f"[serve] public_url is '{serve.public_url}', which is no address of a page.",
            "Write https://medrag.hospital.example",
        )
    for origin in serve.cors_origins:
        if not _ORIGIN.fullmatch(origin):
            raise ConfigError(
                f"[serve] cors_origins holds '{origin}', which is no origin.",
                "Write https://intranet.hospital.example, without a path and without a / at the"
                " end.",
            )


def _check_proxy(serve: ServeSettings) -> None:
    for address in serve.proxy_addresses:
        if _network(address).prefixlen == 0:
            raise ConfigError(
                f"[proxy] addresses holds '{address}', which is everybody.",
                "Name the address of the proxy.",
            )
    if "*" in serve.proxy_collections and len(serve.proxy_collections) > 1:
        raise ConfigError(
            "[proxy] collections holds '*' beside other names.", "Write '*' alone, or the names."
        )
    header = serve.proxy_user_header
    if not _TOKEN.fullmatch(header) or header.lower() in _TAKEN_HEADERS:
        raise ConfigError(
            "[proxy] user_header is no name for a header of its own.", "Write X-Remote-User."
        )


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name} is '{value}'.", f"Choose one of: {', '.join(allowed)}.")


def _network(named: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(named, strict=False)
    except ValueError as error:
        raise ConfigError(
            f"[proxy] addresses holds '{named}', which is no address.",
            "Write 10.0.0.5 or 10.0.0.0/28.",
        ) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
