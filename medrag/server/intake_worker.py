"""The process that reads what was uploaded: ``python -m medrag.server.intake_worker``.

A file from outside can hold a reader for minutes, eat memory or end the process, and embedding
needs libraries that the server does without; so all of it happens here, at low priority and with
bounds. One line of JSON comes in on standard input, the order; lines of JSON go out on standard
output: ``progress``, ``waiting`` (another process writes to the library), and last ``result`` or
``error``. When the input ends, the server is gone, and so is this process. Names of files are in
what goes out, but nothing that they hold; nothing is logged.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from medrag import offline
from medrag.errors import LibraryError, MedragError
from medrag.types import Progress

T = TypeVar("T")
Json = dict[str, Any]
Tell = Callable[[Json], None]

BEING_WRITTEN = "Another process is writing"
"""How the library says so; ``Library.open`` has no error of its own for it."""
_TRY_AGAIN_SECONDS = 0.5
_GIGABYTE = 1 << 30
_LEAST, _MOST = 2 * _GIGABYTE, 8 * _GIGABYTE
_SIGNAL_AT_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


def main() -> None:
    """Carry out the one order, and end."""
    # What libraries print must not get between the lines, so the output gets a place of its own.
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    offline.enable()
    _tie_to_parent()
    _bound()

    def tell(message: Json) -> None:
        outgoing.write(json.dumps(message).encode() + b"\n")
        outgoing.flush()

    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        tell({"type": "result"} | _carry_out(order, tell))
    except MedragError as error:
        kind = type(error).__name__
        tell({"type": "error", "kind": kind, "error": error.message, "remedy": error.remedy})
    except MemoryError:
        os._exit(1)  # as if the system had ended it: the server asks for the rest without the file
    except OSError as error:
        told = f"The library's uploads cannot be written ({error.strerror})."
        remedy = "Check the folder's rights, and the room on its disk."
        tell({"type": "error", "kind": "LibraryError", "error": told, "remedy": remedy})
    os._exit(0)  # everything is closed; the thread at the input is not to be waited for


def _carry_out(order: Json, tell: Tell) -> Json:
    from medrag.config import Settings
    from medrag.engine import Engine
    from medrag.server.intake_work import Work

    values = order["settings"]
    settings = Settings(**values | {"allow_hosts": tuple(values["allow_hosts"])})
    with Engine.open(order["library"], settings=settings) as engine:
        work = Work(engine, _teller(tell), lambda act: patiently(act, tell))
        if order["op"] == "take_in":
            return work.take_in(Path(order["job"]))
        if order["op"] == "remove":
            return work.remove(order["wanted"], order["scope"], Path(order["aside"]))
        work.settle()
        return {}


def patiently(act: Callable[[], T], tell: Tell) -> T:
    """Do it; while another process writes to the library, say so and try again."""
    while True:
        try:
            return act()
        except LibraryError as error:
            if not error.message.startswith(BEING_WRITTEN):
                raise
            tell({"type": "waiting"})
            time.sleep(_TRY_AGAIN_SECONDS)


def _teller(tell: Tell) -> Callable[[Progress], None]:
    def told(progress: Progress) -> None:
        form = {"stage": progress.stage, "files": progress.files, "chunks": progress.chunks}
        tell({"type": "progress"} | form)

    return told


def _end_with_parent() -> None:
    with contextlib.suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 1):
            pass
    os._exit(0)


def _tie_to_parent() -> None:
    # Ctrl-C in a terminal goes to every process in it. What it means is for the server to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        # The thread that sees the input end needs Python's lock, which a reader in C may hold.
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL)


def _bound() -> None:
    """Low priority, little memory, and no dump of it on the disk."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(10)
    if sys.platform == "win32":
        return
    import resource

    import psutil  # type: ignore[import-untyped]

    # Data, not address space: threads reserve far more of that than they ever use.
    memory = min(max(psutil.virtual_memory().total // 2, _LEAST), _MOST)
    for kind, limit in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or limit < hard:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main()
