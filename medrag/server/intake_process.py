"""The server's side of the process that reads uploads: start it, hear it, end it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from medrag import errors
from medrag.config import Settings
from medrag.errors import LibraryError, MedragError
from medrag.offline import INTAKE_COMMAND
from medrag.server.intake_told import told

Json = dict[str, Any]
_SOURCE = Path(__file__).resolve().parent.parent.parent
_LONGEST_LINE = 64 << 20


class ProcessDied(Exception):
    """It ended before its work was done."""


class ProcessSlow(Exception):
    """It was ended, because it took too long."""


async def carry_out(
    order: Json,
    *,
    library: Path,
    settings: Settings,
    tell: Callable[[Json], None],
    seconds: float,
    waiting: float | None = None,
) -> Json:
    """The result of an order, carried out in a process of its own, which ends with this call.

    ``tell`` hears of its steps. The work may take ``seconds``, and waiting for another process
    that writes to the library ``waiting`` (None: as long as it takes) beside that.

    Raises:
        MedragError: it could not be done, as the process says, or no process can be started.
        ProcessDied, ProcessSlow: the process was ended, from outside or by this call.
    """
    order = {**order, "library": str(library), "settings": asdict(settings)}
    process = await _started()
    assert process.stdin is not None and process.stdout is not None
    loop = asyncio.get_running_loop()
    waits = False
    try:
        async with asyncio.timeout(seconds) as limit:
            # The input stays open: its end tells the process that the server is gone.
            process.stdin.write(json.dumps(order).encode() + b"\n")
            async for line in process.stdout:
                message = told(json.loads(line), library)
                if message["type"] == "waiting":
                    if not waits:
                        limit.reschedule(None if waiting is None else loop.time() + waiting)
                    waits = True
                elif waits:
                    waits = False
                    limit.reschedule(loop.time() + seconds)
                if message["type"] == "error":
                    raise _error(message)
                if message["type"] == "result":
                    return dict(message)
                tell(message)
    except TimeoutError as error:
        raise ProcessSlow from error
    except (ValueError, OSError, KeyError) as error:
        raise ProcessDied from error
    finally:
        await asyncio.shield(_end(process))
    raise ProcessDied


async def _started() -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *INTAKE_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
            limit=_LONGEST_LINE,
        )
    except OSError as error:  # no more processes, files or memory
        reason = error.strerror or type(error).__name__
        raise LibraryError(
            f"The process that changes the library cannot be started ({reason}).",
            "Try again later; the system may be out of processes, files or memory.",
        ) from error


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(_SOURCE), os.environ.get("PYTHONPATH")]))
    # Threads that spin while they wait would take the cores from whoever asks a question.
    return os.environ | {"OMP_WAIT_POLICY": "passive", "PYTHONPATH": path}


def _error(message: Json) -> MedragError:
    kind = getattr(errors, str(message["kind"]), LibraryError)
    error = kind(message["error"], message["remedy"])
    assert isinstance(error, MedragError)
    return error
