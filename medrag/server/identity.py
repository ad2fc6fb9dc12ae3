"""Who is asking: a key, a person whom a named reverse proxy signed on, or whoever sits here."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from medrag.errors import Forbidden, Unauthorized, UsageError
from medrag.server.access import LOCAL, Caller
from medrag.server.keys import KeyStore, origin_of
from medrag.server.settings import ServeSettings

if TYPE_CHECKING:
    from starlette.datastructures import Headers

_USER = re.compile(r"[A-Za-z0-9@._\\-]{1,128}")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
# What proxies add: whoever comes through one is not known to sit at this machine.
_FORWARDED = frozenset(
    "forwarded via x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip".split()
)
_SIGN_ON = frozenset({"basic", "digest", "negotiate", "ntlm"})
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
_SEND_KEY = "Send the header: Authorization: Bearer mr_..."


def identify(peer: str, headers: Headers, *, keys: KeyStore, serve: ServeSettings) -> Caller:
    """Who sent a request with these headers from the socket's address ``peer`` ("" if unknown).

    The first of these that is there decides, and what it says is not mended by the next:

    1. an Authorization header: the key. A key with origins must come from a page of one of them,
       as the browser's Origin header says. Where a browser leaves Origin out because page and
       server are of the same origin (Sec-Fetch-Site), that origin must be among them.
    2. the header of a reverse proxy, where ``peer`` is one of the named ones. No header that a
       client can write (X-Forwarded-For) says where a request came from.
    3. nothing, at a server that is for this machine alone (``serve.is_private``) and never had a
       key.

    Raises:
        Unauthorized: nobody can tell who is asking.
        Forbidden: the key may not be used from that page; or proxies may sign nobody on.
        LibraryError: the file of keys is damaged.
    """
    # Clients made for other servers send a key whether or not one is asked for: where none was
    # ever made, it is not looked at.
    keyless = _is_local(peer, headers, serve) and not keys.any_made()
    sent = headers.getlist("authorization")
    named = headers.getlist(serve.proxy_user_header)
    if named and serve.is_proxy(address_of(peer)) and _is_sign_on(sent):
        sent = []  # the password by which the proxy signed the person on, passed along
    if sent and not keyless:
        return _by_key(sent, headers, keys)
    if named:
        return _by_proxy(peer, named, serve)
    if keyless:
        return LOCAL
    raise Unauthorized("This needs a key.", _SEND_KEY)


def guard_ambient(
    method: str, headers: Headers, serve: ServeSettings, caller: Caller, scheme: str
) -> None:
    """Refuse what another site may have made a browser send.

    Somebody who holds a key was asked for it. Somebody known by the address or by a proxy is known
    whatever page their browser shows, so anything but reading must come from a page of this server.
    ``scheme`` is that of the connection; behind a proxy the browser's own may differ.

    Raises:
        Forbidden: it came from another page, or by a host name that is not this server's.
    """
    if caller.kind == "key":
        return
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not host_allowed(hosts[0], serve):
        raise Forbidden(
            "This is not a name of this server.", "Add it to [serve] names, if it should be one."
        )
    if method in _HARMLESS:
        return
    sites = set(headers.getlist("sec-fetch-site"))
    origins = headers.getlist("origin")
    foreign = bool(sites - {"same-origin", "none"})
    if foreign or not all(_is_own(origin, hosts[0], serve, caller, scheme) for origin in origins):
        raise Forbidden("This came from a page of another site.", "Use a key from such pages.")


def host_allowed(host_header: str, serve: ServeSettings) -> bool:
    """Whether a Host header names this server: loopback, ``serve.host``, ``serve.names`` or the
    host of ``serve.public_url``, with any port.

    A name that somebody else's DNS points here is refused. A server that listens on every address
    also takes any bare address: no DNS is needed to get to one.
    """
    match = _HOST.fullmatch(host_header)
    if match is None or int(match[2] or 0) > 65_535:
        return False
    host = match[1].strip("[]").lower().removesuffix(".")
    known = {"localhost", _bare(serve.host), _bare(urlsplit(serve.public_url).netloc)}
    if host and host in known | {_bare(name) for name in serve.names}:
        return True
    try:
        address = ipaddress.ip_address(host)
        return address.is_loopback or ipaddress.ip_address(serve.host).is_unspecified
    except ValueError:
        return False


def _by_key(sent: list[str], headers: Headers, keys: KeyStore) -> Caller:
    scheme, _, key = sent[0].strip().partition(" ")
    if len(sent) != 1 or scheme.lower() != "bearer":
        raise Unauthorized("The Authorization header is not one Bearer key.", _SEND_KEY)
    caller = keys.find(key.strip())
    if caller is None:
        raise Unauthorized("The key is not known, has expired or was revoked.", _SEND_KEY)
    if caller.origins and not _from_page_of(caller.origins, headers):
        raise Forbidden(
            "This key is bound to other pages.", "Use it from a page it was made for (--origin)."
        )
    return caller


def _is_sign_on(sent: list[str]) -> bool:
    """Whether this is how a browser signs on to a proxy, and no key of ours."""
    return len(sent) == 1 and sent[0].strip().partition(" ")[0].lower() in _SIGN_ON


def _from_page_of(origins: tuple[str, ...], headers: Headers) -> bool:
    sent = headers.getlist("origin")
    if sent:
        return len(sent) == 1 and _origin(sent[0]) in origins
    hosts = headers.getlist("host")
    if headers.getlist("sec-fetch-site") != ["same-origin"] or len(hosts) != 1:
        return False
    # The scheme is not known where a proxy ends the TLS.
    return any(_origin(f"{scheme}://{hosts[0]}") in origins for scheme in ("http", "https"))


def _by_proxy(peer: str, named: list[str], serve: ServeSettings) -> Caller:
    header = serve.proxy_user_header
    if not serve.is_proxy(address_of(peer)):
        raise Unauthorized(
            f"{header} came from an address that is not a named proxy.",
            "Leave it out, or name the proxy in [proxy] addresses.",
        )
    if len(named) != 1 or not _USER.fullmatch(named[0]):
        raise Unauthorized(
            f"The proxy's {header} does not name one person.",
            "Let it set the header once: letters, digits and @ . _ - \\, at most 128.",
        )
    if not serve.proxy_collections:
        raise Forbidden(
            "No collections are open to people whom a proxy signs on.", "Set [proxy] collections."
        )
    every = serve.proxy_collections == ("*",)
    return Caller(
        id=f"proxy:{named[0].casefold()}",
        name=named[0],
        role=serve.proxy_role,  # type: ignore[arg-type]  # the settings hold it to ROLES
        collections=None if every else frozenset(serve.proxy_collections),
        kind="proxy",
    )


def _is_local(peer: str, headers: Headers, serve: ServeSettings) -> bool:
    """Whether somebody at this machine asks a server that is meant for this machine alone."""
    if not serve.is_private or any(name in headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(address_of(peer)).is_loopback
    except ValueError:
        return False


def _is_own(
    origin: str, host_header: str, serve: ServeSettings, caller: Caller, scheme: str
) -> bool:
    """Whether an Origin header names this server, as the client reached it."""
    page = _origin(origin)
    if page is None:
        return False
    if serve.public_url and page == _origin_of_url(serve.public_url):
        return True
    own = scheme if caller.kind == "local" else page.partition(":")[0]
    return page == _origin(f"{own}://{host_header}")


def _origin(text: str) -> str | None:
    try:
        return origin_of(text)
    except UsageError:
        return None  # "null" as well: a page without an origin


def _origin_of_url(url: str) -> str | None:
    parts = urlsplit(url)
    return _origin(f"{parts.scheme}://{parts.netloc}")


def address_of(peer: str) -> str:
    """A peer's address as settings write it: IPv4 also where a socket for both gave IPv6."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _bare(name: str) -> str:
    """A host name without its port, brackets and letter case."""
    match = _HOST.fullmatch(name)
    return (match[1] if match else name).strip("[]").lower().removesuffix(".")
