"""The audit log: who asked what, what answered it, and what was said of each sentence.

``AuditLog.append`` gives a future that is done when the record is on the disk. One thread writes:
it takes all that waits, writes it, and brings it to the disk once for all, so hundreds of callers
wait for the same two writes. Whoever answers a question waits for its record first; where the log
cannot be written, there is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import Any

from medrag.errors import LibraryError
from medrag.server.audit_chain import event_json, utc_now
from medrag.server.audit_questions import QuestionSealer
from medrag.server.audit_records import AuditRecords
from medrag.server.audit_store import AuditStore, Clock
from medrag.server.settings import ServeSettings

_BATCH = 1000  # records that are written together at most
_Waiting = tuple[bytes, "Future[int]"]


def open_audit(serve: ServeSettings, library: Path) -> tuple[AuditLog, AuditRecords]:
    """The log of a server on a library, and the maker of its records, as the settings say.

    Raises:
        ConfigError: questions are to be encrypted, and there is no public key to do it with.
        LibraryError: the log cannot be written, or its end was altered.
    """
    sealer = QuestionSealer.of(serve)
    return AuditLog.open(serve.audit_path(library)), AuditRecords(sealer)


class AuditLog:
    """A log that is open for appending. Any thread may append; others may have it open too."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._door = Lock()
        self._closed = False
        self._thread = Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, folder: Path, *, clock: Clock = utc_now) -> AuditLog:
        """Open the log in a folder, or begin one there. What a crash left is mended and recorded.

        Raises:
            LibraryError: the folder cannot be written, or the log's end was altered.
        """
        return cls(AuditStore(folder, clock))

    @property
    def head(self) -> tuple[int, str]:
        """The number and the hash of the last record that this process knows of."""
        head = self._store.head
        return head.seq, head.hash

    def append(self, record: Mapping[str, Any]) -> Future[int]:
        """Write a record; the future gives its number once it is on the disk.

        The future fails with LibraryError where it cannot be written; nothing of it is then in the
        log. It cannot be cancelled: what was given will be written.

        Raises:
            TypeError, ValueError: the record has no form as JSON.
        """
        event = event_json(record)
        future: Future[int] = Future()
        # From here on a waiter that gives up does not take the record back.
        future.set_running_or_notify_cancel()
        with self._door:
            if self._closed:
                future.set_exception(_closed())
            else:
                self._queue.put((event, future))
        return future

    def close(self) -> None:
        """Write what waits, then stop. A second call does nothing."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            last = False
            while not last:
                batch, last = self._take()
                if batch:
                    self._write(batch)
        finally:
            # Also where a fault of our own ended the loop: nobody may wait for ever.
            with self._door:
                self._closed = True
            while (left := self._next()) is not None:
                left[1].set_exception(_closed())

    def _take(self) -> tuple[list[_Waiting], bool]:
        """All that waits, at least one; whether it was the last."""
        batch: list[_Waiting] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) == _BATCH:
                return batch, False
            try:
                item = self._queue.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _next(self) -> _Waiting | None:
        try:
            return self._queue.get_nowait()
        except Empty:
            return None

    def _write(self, batch: list[_Waiting]) -> None:
        failure: LibraryError | None = _closed()
        first = 0
        try:
            first = self._store.write([event for event, _ in batch])
            failure = None
        except LibraryError as error:
            failure = error
        finally:
            for number, (_, future) in enumerate(batch, start=first):
                if failure is None:
                    future.set_result(number)
                else:
                    future.set_exception(LibraryError(failure.message, failure.remedy))


def _closed() -> LibraryError:
    return LibraryError("The audit log is closed.", "Start the server again.")
