"""The guard: nothing in this process reaches another machine unless a person named it.

It stands on Python's audit events (PEP 578), which no library can take off again: name look-ups,
connections and datagrams from any Python code, and the start of other programs, which could
reach out on our behalf. The programs that medrag starts are its own workers, one for the language
model and one for what is uploaded to a server; both put themselves under the same guard. Code that
makes system calls without Python is outside its sight, and so are processes made by
`multiprocessing`; medrag makes none. `medrag doctor` says what the guard covers.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from threading import Lock, local
from typing import Any

from medrag.errors import NetworkBlocked

# Hub clients and their telemetry look at these when they are imported.
_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}

# Programs that the standard library and numerical libraries start to look at this machine.
_LOCAL_PROGRAMS = frozenset(
    "uname lscpu ldconfig gcc cc clang ld objdump nproc getconf sysctl file".split()
)
# -P: a folder named medrag where the user happens to be is not our program.
WORKER_COMMAND = (sys.executable, "-P", "-m", "medrag.generators.worker")
INTAKE_COMMAND = (sys.executable, "-P", "-m", "medrag.server.intake_worker")
_OWN_COMMANDS = (WORKER_COMMAND, INTAKE_COMMAND)
_REMEDY = (
    "medrag works offline; if this host is meant, name it in [network] allow_hosts of the"
    " configuration."
)
_NAME_EVENTS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_ADDRESS_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_START_EVENTS = frozenset({"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"})

_lock = Lock()
_installed = False
_resolving = local()


class Hold:
    """A wish for the guard to stand, with the hosts that it lets through."""

    def __init__(self, hosts: frozenset[str]) -> None:
        self.hosts = hosts


_holds: list[Hold] = []


def enable(allow_hosts: tuple[str, ...] = ()) -> Hold:
    """Turn the guard on, until ``release`` is given what this returns. With several holds only
    the hosts that all of them allow can be reached."""
    global _installed
    os.environ.update(_ENVIRONMENT)
    hold = Hold(frozenset(name for host in allow_hosts for name in _names_of(host)))
    with _lock:
        _holds.append(hold)
        if not _installed:
            sys.addaudithook(_hook)
            _installed = True
    return hold


def release(hold: Hold) -> None:
    """Take that hold back; the guard stands while any is left. Doing so twice is harmless."""
    with _lock:
        if hold in _holds:
            _holds.remove(hold)


def enabled() -> bool:
    """Whether connections are being refused now."""
    return bool(_holds)


@contextmanager
def guarded(allow_hosts: tuple[str, ...] = ()) -> Iterator[None]:
    """The guard, for the length of a ``with`` block."""
    hold = enable(allow_hosts)
    try:
        yield
    finally:
        release(hold)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _holds:
        return
    if event in _NAME_EVENTS:
        if not getattr(_resolving, "now", False):
            _check_host(arguments[0])
    elif event in _ADDRESS_EVENTS:
        address = arguments[1]
        # Unix sockets (a path) and connected sockets (None) stay on this machine or were checked.
        if isinstance(address, tuple) and address:
            _check_host(address[0])
    elif event in _START_EVENTS:
        _check_program(event, arguments)


def _check_host(host: Any) -> None:
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    if host is None or host == "":
        return  # the wildcard, used to bind
    if not isinstance(host, str) or not (_is_loopback(host) or _is_allowed(host)):
        raise NetworkBlocked(f"A connection to {host} was refused.", _REMEDY)


def _is_loopback(host: str) -> bool:
    name = host.lower().rstrip(".").partition("%")[0]
    if name in {"localhost", "ip6-localhost"}:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _names_of(host: str) -> set[str]:
    # A connection is made to an address, so a host that a person named is looked up once, here.
    name = host.lower().rstrip(".")
    _resolving.now = True
    try:
        found = socket.getaddrinfo(name, None)
    except OSError:
        return {name}
    finally:
        _resolving.now = False
    return {name, *(str(entry[4][0]) for entry in found)}


def _is_allowed(host: str) -> bool:
    return all(host.lower().rstrip(".") in hold.hosts for hold in _holds)


def _check_program(event: str, arguments: tuple[Any, ...]) -> None:
    command = arguments[1] if event == "subprocess.Popen" and arguments[1] else arguments[0]
    if isinstance(command, list | tuple) and tuple(command) in _OWN_COMMANDS:
        return
    first = command[0] if isinstance(command, list | tuple) and command else command
    if isinstance(first, bytes):
        first = os.fsdecode(first)
    name = PurePath(str(first)).name
    if event == "os.system" or name not in _LOCAL_PROGRAMS:
        shown = "a shell" if event == "os.system" else name
        raise NetworkBlocked(
            f"Starting {shown} was refused, because another program could reach the network.",
            "Run it outside medrag.",
        )
