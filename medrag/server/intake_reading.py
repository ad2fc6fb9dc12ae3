"""How a job is read, although its files may end or hold the process that reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from medrag.errors import LibraryError
from medrag.server.intake_incoming import unwritten
from medrag.server.intake_job import Job, save
from medrag.server.intake_process import ProcessDied, ProcessSlow

Json = dict[str, Any]
Tell = Callable[[Json], None]
Send = Callable[[Json, Tell, float], Awaitable[Json]]

# How often the reading of a job is begun: what ends the server each time must not go on so.
TRIES = 5
# Putting files back is quick; what takes longer than this is stuck.
_PUT_BACK_SECONDS = 300.0


async def read_job(folder: Path, job: Job, send: Send, tell: Tell, seconds: float) -> Json:
    """What came of a job, as ``Work.take_in`` says. A file that ends the process is given up and
    the others are read; one that takes longer than ``seconds`` ends it for all that are left.

    Raises:
        MedragError: the job could neither be done nor undone.
    """
    while True:
        if job.begun >= TRIES:
            job = job.give_up(
                "Reading this upload was broken off again and again.",
                "Send its files one by one, to find the one that cannot be read.",
            )
        job = replace(job, begun=job.begun + 1)
        done = 0

        def heard(message: Json) -> None:
            nonlocal done
            done = message.get("files", done)
            tell(message)

        try:
            await _write_whole(folder, job)
            order = {"op": "take_in", "job": str(folder)}
            return await send(order, heard, seconds if job.open else _PUT_BACK_SECONDS)
        except asyncio.CancelledError:
            await _write_whole(folder, replace(job, begun=job.begun - 1))
            raise
        except (ProcessDied, ProcessSlow) as error:
            if not job.open:
                raise LibraryError(
                    "The upload could not be put back.", "Start the server again."
                ) from error
            last = job.open[min(done, len(job.open) - 1)].name
            job = _ended(job, last) if isinstance(error, ProcessDied) else _slow(job, last, seconds)


async def _write_whole(folder: Path, job: Job) -> None:
    # To its end, even if this is cancelled: two of them must not write at the same time.
    writing = asyncio.ensure_future(asyncio.to_thread(write, folder, job))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


def write(folder: Path, job: Job) -> None:
    """Note how a job stands. It waits for the disk: call it in a thread.

    Raises:
        LibraryError: it cannot be written.
    """
    try:
        save(folder, job)
    except OSError as error:
        raise unwritten(error) from error


def _ended(job: Job, name: str) -> Job:
    return job.give_up(
        "Reading it ended the reader: it is damaged, or needs too much memory.",
        "Open it in its own program, save it again, or split it into parts.",
        frozenset({name}),
    )


def _slow(job: Job, name: str, seconds: float) -> Job:
    job = job.give_up(
        f"Reading took longer than {seconds:g} seconds.",
        "Split it into parts, or raise [serve] upload_seconds.",
        frozenset({name}),
    )
    return job.give_up(f"It was not read, because '{name}' took too long.", "Send it without that.")
