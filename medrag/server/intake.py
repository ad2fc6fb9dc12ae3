"""Uploads and removals: one at a time, in a process of their own, whole or not at all.

An upload comes in under ``LIBRARY/uploads/.incoming``, is accepted when its job is on the disk,
and from then on outlives the server: killed at any moment, it is taken up again at the next
start. Its files lie under ``LIBRARY/uploads/COLLECTION`` as the sources of what was read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from medrag.config import Settings
from medrag.errors import Busy, Forbidden, LibraryError, MedragError, NotFound, UsageError
from medrag.server.access import Caller
from medrag.server.intake_delivery import Delivery
from medrag.server.intake_forms import Removal, Upload, ended, upload_form
from medrag.server.intake_incoming import Incoming, items_of
from medrag.server.intake_job import Job
from medrag.server.intake_names import check_collection
from medrag.server.intake_process import ProcessDied, ProcessSlow, carry_out
from medrag.server.intake_reading import Json, Tell, read_job, write
from medrag.server.intake_removing import REMOVAL_WAITS, Owed, Removing, being_written
from medrag.server.settings import ServeSettings
from medrag.types import DocumentInfo

__all__ = ["Intake", "Removal", "Upload", "upload_form"]

T = TypeVar("T")

_log = logging.getLogger("medrag.server")
# Uploads that may be on their way at once, and finished ones that are remembered.
_PENDING, _REMEMBERED = 64, 1000


async def _unheard(caller: Caller, what: object) -> None:
    return None


class Intake:
    """All that changes a library through the server. Make it cheaply; ``recover`` it once."""

    def __init__(self, folder: Path, settings: Settings, serve: ServeSettings) -> None:
        self.on_uploaded: Callable[[Caller, Upload], Awaitable[None]] = _unheard
        """Told of every upload that was read, before it is called done."""
        self.on_removing: Callable[[Caller, tuple[DocumentInfo, ...]], Awaitable[None]] = _unheard
        """Told of every removal before anything is touched; if it raises, nothing is removed."""
        self.on_removed: Callable[[Caller, tuple[DocumentInfo, ...]], Awaitable[None]] = _unheard
        """Told of every removal, when it is done."""
        self._library = Path(os.path.abspath(folder))
        self._incoming = Incoming(self._library)
        self._settings = settings
        self._serve = serve
        self._uploads: dict[str, Upload] = {}
        self._turn = asyncio.Lock()
        self._taking = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._receiving = 0
        self._closed = False

    async def recover(self) -> None:
        """Take up what a server before this left: call it once, before anything else. It returns
        at once; the work goes on beside."""
        if self._incoming.exists:
            try:
                await self._take_up()
            except LibraryError as error:
                _log.warning("%s", error)

    async def close(self, seconds: float) -> None:
        """Take nothing more; what runs may finish within ``seconds``. What is accepted and not
        done is taken up at the next start."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        whole = not self._tasks
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with self._taking:
            await asyncio.to_thread(self._incoming.release, whole=whole)

    # Coming in

    @asynccontextmanager
    async def delivery(self, caller: Caller) -> AsyncIterator[Delivery]:
        """A place for the files of an upload, for ``submit``; deleted at the end without it.

        Raises:
            Forbidden: the caller is no curator.
            Busy: too many uploads are on their way.
            LibraryError: the library folder cannot be written.
        """
        caller.require("curator")
        await self._take_up()
        pending = sum(not upload.ended for upload in self._uploads.values())
        if pending + self._receiving >= _PENDING:
            raise Busy("Too many uploads are waiting.", "Try again later.", retry_after=30.0)
        self._receiving += 1
        try:
            delivery = Delivery(await asyncio.to_thread(self._incoming.new))
            try:
                yield delivery
            finally:  # to its end, even if whoever sent it is gone
                await asyncio.shield(self._spawn(asyncio.to_thread(delivery.discard)))
        finally:
            self._receiving -= 1

    async def submit(self, caller: Caller, collection: str, delivery: Delivery) -> Upload:
        """Accept what was delivered; it is read when its turn comes. From here on it is not lost.

        Raises:
            UsageError: the collection's name cannot be, or there is no file that can be read.
            Forbidden: the caller is no curator, or may not see the collection.
            LibraryError: it cannot be written.
        """
        caller.require("curator")
        check_collection(collection)
        caller.scope([collection])
        items = items_of(delivery.files)
        if not items:
            raise UsageError("The upload holds no file.", "Send one or more in the field files.")
        if all(item.error for item in items):
            raise UsageError(items[0].error, items[0].remedy)
        job = Job(delivery.folder.name, collection, caller, items, time.time())
        job = await asyncio.to_thread(self._incoming.accept, job, delivery)
        return self._start(delivery.folder, job)

    def get(self, caller: Caller, upload_id: str) -> Upload:
        """An upload as it stands.

        Raises:
            NotFound: there is none, or it is somebody else's (admins see all), or in a collection
                that the caller may not see.
        """
        none = NotFound("There is no such upload.", "Uploads are remembered for a while only.")
        upload = self._uploads.get(upload_id)
        if upload is None or (caller.role != "admin" and upload.caller_id != caller.id):
            raise none
        try:
            caller.scope([upload.collection])
        except Forbidden:
            raise none from None
        return upload

    def _start(self, folder: Path, job: Job) -> Upload:
        upload = Upload(job.id, job.collection, job.caller.id, tuple(i.name for i in job.items))
        self._uploads[job.id] = upload
        old = [known.id for known in self._uploads.values() if known.ended]
        for upload_id in old[: max(0, len(old) - _REMEMBERED)]:
            del self._uploads[upload_id]
        self._spawn(self._run(folder, job)).add_done_callback(
            lambda task: self._last_resort(job.id, task)
        )
        return upload

    def _last_resort(self, upload_id: str, task: asyncio.Task[None]) -> None:
        """No upload waits for ever, and takes the place of others, because of an error of ours."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # Its message may hold what is in the file, so only its kind is told.
            kind = type(error).__name__
            _log.error("An upload was broken off by an error in medrag itself (%s).", kind)
            told, remedy = f"An error in medrag itself ({kind}).", "Send it again, and report it."
            self._change(upload_id, state="failed", error=told, remedy=remedy)

    async def _run(self, folder: Path, job: Job) -> None:
        def tell(message: Json) -> None:
            if message["type"] == "waiting":
                self._change(job.id, state="waiting")
                return
            files, chunks = message["files"], message["chunks"]
            self._change(job.id, state=message["stage"], files_done=files, chunks=chunks)

        async with self._turn:
            try:
                result = await read_job(folder, job, self._send, tell, self._serve.upload_seconds)
            except MedragError as error:
                # Its folder stays: at the next start its files are put back, where they are not.
                with contextlib.suppress(LibraryError):
                    given_up = job.give_up(error.message, error.remedy)
                    await asyncio.to_thread(write, folder, given_up)
                self._change(job.id, state="failed", error=error.message, remedy=error.remedy)
                return
            upload = ended(self._uploads[job.id], result)
            try:
                await self.on_uploaded(job.caller, upload)
            except MedragError as error:
                # Its folder stays: it is told of again at the next start.
                self._uploads[job.id] = replace(
                    upload, state="failed", error=error.message, remedy=error.remedy
                )
                return
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            self._uploads[job.id] = upload

    def _change(self, upload_id: str, **values: Any) -> None:
        self._uploads[upload_id] = replace(self._uploads[upload_id], **values)

    # Going out

    async def remove(self, caller: Caller, wanted: str, collection: str | None = None) -> Removal:
        """Take a document out of a collection (default: of all that the caller may see), with the
        uploaded file that held it. It never answers again.

        Raises:
            Forbidden: the caller is no curator, or may not see the collection.
            NotFound: there is no such document, or none that the caller may see.
            Busy: something else is being written, and for long.
            LibraryError: the library cannot be written; nothing is removed then.
        """
        caller.require("curator")
        scope = caller.scope(None if collection is None else [collection])
        await self._take_up()
        # What was begun is brought to its end, even where nobody waits for it any more.
        return await asyncio.shield(self._spawn(self._remove(caller, wanted, scope)))

    async def _remove(self, caller: Caller, wanted: str, scope: frozenset[str] | None) -> Removal:
        try:
            async with asyncio.timeout(REMOVAL_WAITS):
                await self._turn.acquire()
        except TimeoutError:
            raise being_written() from None
        try:
            return await self._removing.remove(caller, wanted, scope)
        finally:
            self._turn.release()

    @property
    def _removing(self) -> Removing:
        heard = (self.on_removing, self.on_removed)
        return Removing(self._library, self._incoming, self._send, *heard, self._settle_soon)

    # In order

    async def _take_up(self) -> None:
        """Begin with what a server before this left, unless that was done."""
        async with self._taking:
            if self._closed:
                raise Busy("The server is being stopped.", "Try again.", retry_after=10.0)
            if self._incoming.mine:
                return
            # In the list of tasks, so that it is brought to its end though nobody waits for it.
            await asyncio.shield(self._spawn(self._taken()))

    async def _taken(self) -> None:
        jobs, left = await asyncio.to_thread(self._incoming.take)
        for folder, job in jobs:
            self._start(folder, job)
        if left:
            self._spawn(self._settle())

    def _settle_soon(self, owed: Owed) -> None:
        self._spawn(self._settle(owed))

    async def _settle(self, owed: Owed | None = None) -> None:
        """Make uploads and library agree, and bring a removal to its end, which is told of."""
        async with self._turn:
            try:
                await self._send({"op": "settle"}, lambda _: None, self._serve.upload_seconds)
            except (MedragError, ProcessDied, ProcessSlow) as error:
                name = type(error).__name__
                _log.warning("The uploads and the library could not be compared (%s).", name)
            if owed is not None:
                await self._removing.tell(owed)

    async def _send(
        self, order: Json, tell: Tell, seconds: float, waiting: float | None = None
    ) -> Json:
        return await carry_out(
            order,
            library=self._library,
            settings=self._settings,
            tell=tell,
            seconds=seconds,
            waiting=waiting,
        )

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        def over(task: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            if not task.cancelled():
                task.exception()  # looked at, so that it is not complained of where nobody waits

        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(over)
        return task
