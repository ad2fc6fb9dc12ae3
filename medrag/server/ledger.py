"""What the server owes a record of, as calls: the audit log behind them, or nothing at all."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from medrag import __version__
from medrag.engine import Engine
from medrag.errors import LibraryError
from medrag.events import Checked
from medrag.server.access import Caller
from medrag.server.asking import VERBATIM, Question
from medrag.server.audit import AuditLog
from medrag.server.audit_records import AuditRecords, Outcome
from medrag.types import Answer, DocumentInfo, IngestReport, Passage, Verdict

if TYPE_CHECKING:
    from concurrent.futures import Future

_log = logging.getLogger("medrag.server")
# Words of our own paths; whatever else stands in a path may be anybody's.
_PATH_WORDS = frozenset(
    "v1 ask search verify documents text uploads collections me chat completions models mcp"
    " cds-services medrag-guidelines feedback metrics".split()
)


class Ledger:
    """The audit of one server. Without a log every call does nothing."""

    def __init__(self, engine: Engine, log: AuditLog | None, records: AuditRecords | None) -> None:
        self._engine = engine
        self._log = log
        self._records = records
        self._known: dict[str, Mapping[str, str]] = {}

    async def started(self, fingerprint: str) -> None:
        """The server begins to answer."""
        if self._log is not None and self._records is not None:
            identities = self._engine.identities()
            record = self._records.started(__version__, fingerprint, identities=identities)
            await asyncio.wrap_future(self._log.append(record))

    async def asked(self, question: Question, door: str) -> None:
        """A question came in; written before anything is done for it."""
        if self._records is not None:
            await self._write(
                self._records.asked(
                    question.id, question.caller, door, question.text,
                    question.scope, question.generator, turns=len(question.history),
                )
            )  # fmt: skip

    async def answered(self, question: Question, answer: Answer, *, last: bool) -> None:
        """This is about to be shown: the verbatim answer while a model goes on, or the last."""
        if self._records is not None:
            record = self._records.answered(
                question.id,
                answer,
                self._identities(question, answer),
                rephrased=_rephrased(question, answer),
            )
            await self._write({**record, "final": last})

    async def sentence(self, question: Question, event: Checked) -> None:
        """A language model's sentence is about to be shown."""
        if self._records is not None:
            await self._write(self._records.sentence(question.id, event))

    def ended(
        self, question: Question, outcome: Outcome, shown: Answer | None, error: str = ""
    ) -> None:
        """A question ended without its answer; ``error`` is the name of an error's class."""
        if self._records is not None:
            identities = self._identities(question, shown) if shown is not None else {}
            self._soon(
                self._records.ended(
                    question.id, outcome, shown=shown, identities=identities, error=error
                )
            )

    async def searched(
        self,
        caller: Caller,
        door: str,
        question: str,
        scope: frozenset[str] | None,
        found: Sequence[Passage],
    ) -> None:
        """A search was made."""
        if self._records is not None:
            await self._write(
                self._records.searched(uuid.uuid4().hex, caller, door, question, scope, found)
            )

    async def verified(
        self,
        caller: Caller,
        door: str,
        pairs: Sequence[tuple[str, str]],
        verdicts: Sequence[Verdict],
    ) -> None:
        """Claims were checked."""
        if self._records is not None:
            await self._write(
                self._records.verified(uuid.uuid4().hex, caller, door, pairs, verdicts)
            )

    async def uploaded(
        self, request_id: str, caller: Caller, collection: str, report: IngestReport
    ) -> None:
        """Documents came in."""
        if self._records is not None:
            await self._write(self._records.uploaded(request_id, caller, collection, report))

    async def read(self, caller: Caller, document_id: str) -> None:
        """Somebody looks at a document's text."""
        if self._records is not None:
            await self._write(self._records.read(uuid.uuid4().hex, caller, document_id))

    async def removing(self, caller: Caller, documents: Sequence[DocumentInfo]) -> None:
        """Documents are about to be taken out."""
        if self._records is not None:
            await self._write(self._records.removing(uuid.uuid4().hex, caller, documents))

    async def removed(self, caller: Caller, documents: Sequence[DocumentInfo]) -> None:
        """Documents were taken out."""
        if self._records is not None:
            await self._write(self._records.removed(uuid.uuid4().hex, caller, documents))

    def refused(self, who: Caller | str, method: str, path: str, status: int) -> None:
        """Somebody was turned away: a caller, or the address of one that nobody knows. Only words
        of our own paths are written."""
        if self._records is not None:
            words = [word if word in _PATH_WORDS else "*" for word in path.split("/")[1:6]]
            self._soon(self._records.refused(who, f"{method} /{'/'.join(words)}", status))

    def close(self) -> None:
        """Write what is left, and that the server stopped."""
        if self._log is not None and self._records is not None:
            self._soon(self._records.stopped(__version__))
            self._log.close()

    def _identities(self, question: Question, answer: Answer) -> Mapping[str, str]:
        # By what was asked for: a server's model has another name in its answers.
        writer = VERBATIM if answer.generator == VERBATIM else question.generator
        # Weights do not change while they are in use; looking them up again each time reads files.
        found = self._known.get(writer)
        if found is None:
            found = self._known[writer] = self._engine.identities(writer)
        return found

    async def _write(self, record: Mapping[str, Any]) -> None:
        """Returns when it is on the disk; where it cannot be written, nothing is answered. Where
        the log lies is for whoever runs the server, not for whoever asks."""
        if self._log is None:
            return
        try:
            await asyncio.wrap_future(self._log.append(record))
        except LibraryError as error:
            _log.error("A record of the audit could not be written: %s", error)
            raise LibraryError(
                "The audit log cannot be written, and nothing is answered without it.",
                "Tell whoever runs this server; its log says why.",
            ) from error

    def _soon(self, record: Mapping[str, Any]) -> None:
        if self._log is not None:
            self._log.append(record).add_done_callback(_complain)


def _complain(future: Future[int]) -> None:
    error = None if future.cancelled() else future.exception()
    if isinstance(error, LibraryError):
        _log.error("A record of the audit could not be written: %s", error)


def _rephrased(question: Question, answer: Answer) -> bool:
    return answer.question != question.text
