"""Files into the library: read, chunk, embed, commit. One transaction a document.

A file is known by the hash of its bytes: an unchanged one costs a hash, a changed one replaces
what it held, one that is gone takes its documents along. Killed at any moment, the library holds
whole documents only, and the next ingest goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medrag.chunking import CHUNKING_VERSION, chunk_document, embedding_text
from medrag.config import Settings
from medrag.discover import Found, discover
from medrag.errors import ReadError
from medrag.library import Library, VectorCache
from medrag.protocols import Embedder
from medrag.readers import READERS_VERSION, read
from medrag.types import (
    Chunk,
    Document,
    DocumentInfo,
    Failure,
    Ingested,
    IngestReport,
    Progress,
    ProgressHook,
)

# Chunks embedded in one go: enough to sort by length, few enough to commit every few seconds.
_FLUSH_CHUNKS = 1024


@dataclass(slots=True)
class _Report:
    added: list[Ingested] = field(default_factory=list)
    updated: list[Ingested] = field(default_factory=list)
    unchanged: list[Ingested] = field(default_factory=list)
    removed: list[Ingested] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pending:
    file_id: int
    locator: str
    document: Document
    chunks: list[tuple[Chunk, str | None]]
    replaces: bool


class Ingest:
    """One run over some folders and files into one collection of a library open for writing."""

    def __init__(
        self,
        library: Library,
        embedder_for: Callable[[int], Embedder],
        settings: Settings,
        collection: str,
        progress: ProgressHook | None = None,
    ) -> None:
        self._library = library
        self._embedder_for = embedder_for
        self._settings = settings
        self._collection = collection
        self._progress = progress or (lambda _: None)
        self._pipeline = (
            f"{READERS_VERSION}.{CHUNKING_VERSION}"
            f".{settings.chunk_characters}.{settings.chunk_overlap_sentences}"
        )
        self._report = _Report()
        self._pending: list[_Pending] = []
        self._open_files: dict[int, tuple[str, str]] = {}
        self._files_done = self._files_total = self._chunks_done = 0

    def run(self, paths: Sequence[Path], *, keep_missing: bool = False) -> IngestReport:
        """Ingest these folders and files; files gone from a folder are removed with it.

        Raises:
            ReadError: a path does not exist, or there is nothing to ingest.
            LibraryError: the library cannot be written (a full disk); what is stored is whole.
        """
        started = time.perf_counter()
        found = discover(paths)
        known = self._library.files(self._collection)
        gone = [] if keep_missing else found.gone(known)
        if not found.files and not gone and not found.failures:
            raise ReadError(
                f"No documents in {', '.join(map(str, paths))}.",
                "Put PDF, DOCX, HTML, Markdown, text, JSON, XML or XLSX files there.",
            )
        self._report.failed.extend(found.failures)
        self._files_total = len(found.files)
        for path, place in found.files.items():
            self._file(path, place, known.get(path))
            self._files_done += 1
            self._tell("reading", path)
        self._flush()
        self._remove(gone, known)
        if self._changed():
            self._finish()
        return self._result(time.perf_counter() - started)

    def _file(self, path: str, place: Found, known: tuple[int, str] | None) -> None:
        try:
            data = place.read()
            sha = hashlib.sha256(data).hexdigest()
            if known and known[1] == sha and self._is_current(known[0]):
                self._unchanged(known[0])
                return
            documents = list(read(path, data))
        except ReadError as error:
            self._fail(path, error, known is not None)
            return
        file_id = known[0] if known else self._library.put_file(self._collection, path, "")
        if known and known[1]:
            self._library.put_file(self._collection, path, "")
        before = self._library.placed(file_id)
        self._open_files[file_id] = (path, sha)
        places = {document.path[len(path) + 1 :]: document for document in documents}
        for locator, document in places.items():
            self._document(file_id, locator, document, before.get(locator))
        missing = before.keys() - places.keys()
        if missing:
            self._note_removed(before[locator] for locator in missing)
            self._library.remove_places(file_id, missing)
        if not any(pending.file_id == file_id for pending in self._pending):
            self._close_file(file_id)

    def _document(self, file_id: int, locator: str, document: Document, before: str | None) -> None:
        stored = self._library.pipeline_of(document.id) == self._pipeline
        if stored:
            info = self._library.infos([document.id])[document.id]
            item = Ingested(document.id, document.path, info.pages, info.chunks, info.meta.warnings)
            if before == document.id:
                self._report.unchanged.append(item)
                return
            self._library.place(file_id, locator, document.id)
            # Counted like chunks that were made: that these lay in another collection is not told.
            self._chunks_done += info.chunks
            (self._report.updated if before else self._report.added).append(item)
            return
        chunks = chunk_document(
            document, self._settings.chunk_characters, self._settings.chunk_overlap_sentences
        )
        self._pending.append(_Pending(file_id, locator, document, chunks, before is not None))
        if sum(len(pending.chunks) for pending in self._pending) >= _FLUSH_CHUNKS:
            self._flush()

    def _flush(self) -> None:
        """Embed what is pending in one go, then commit it document by document."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        texts = [
            embedding_text(item.document, chunk, section)
            for item in pending
            for chunk, section in item.chunks
        ]
        embedder = self._embedder_for(len(texts))
        self._library.require_model(embedder.identity)
        vectors = embedder.embed(texts)
        start = 0
        for item in pending:
            end = start + len(item.chunks)
            self._library.put_document(
                item.file_id,
                item.locator,
                item.document,
                item.chunks,
                vectors[start:end],
                self._pipeline,
            )
            start = end
            self._stored(item)
        for file_id in {item.file_id for item in pending[:-1]} - {pending[-1].file_id}:
            self._close_file(file_id)
        self._tell("embedding", pending[-1].document.path)

    def _stored(self, item: _Pending) -> None:
        document = item.document
        ingested = Ingested(
            document.id,
            document.path,
            len(document.pages),
            len(item.chunks),
            document.meta.warnings,
        )
        (self._report.updated if item.replaces else self._report.added).append(ingested)
        self._chunks_done += len(item.chunks)

    def _close_file(self, file_id: int) -> None:
        """All of the file is stored: its hash may now make it unchanged."""
        entry = self._open_files.pop(file_id, None)
        if entry is not None:
            self._library.put_file(self._collection, *entry)

    def _is_current(self, file_id: int) -> bool:
        placed = self._library.placed(file_id).values()
        return all(self._library.pipeline_of(i) == self._pipeline for i in placed)

    def _unchanged(self, file_id: int) -> None:
        infos = self._infos(list(self._library.placed(file_id).values()))
        self._report.unchanged.extend(
            Ingested(info.id, info.path, info.pages, info.chunks, info.meta.warnings)
            for info in infos.values()
        )

    def _fail(self, path: str, error: ReadError, was_there: bool) -> None:
        remedy = error.remedy
        if was_there:
            remedy += " Until then the library holds what was read from it before."
        self._report.failed.append(Failure(path, error.message, remedy.strip()))

    def _remove(self, gone: Sequence[str], known: dict[str, tuple[int, str]]) -> None:
        if not gone:
            return
        ids = [known[path][0] for path in gone]
        for path, file_id in zip(gone, ids, strict=True):
            for locator, document_id in self._library.placed(file_id).items():
                full = f"{path}#{locator}" if locator else path
                info = self._infos([document_id])[document_id]
                self._report.removed.append(Ingested(document_id, full, info.pages, info.chunks))
        self._library.remove_files(ids)

    def _note_removed(self, ids: Iterable[str]) -> None:
        for info in self._infos(list(ids)).values():
            self._report.removed.append(Ingested(info.id, info.path, info.pages, info.chunks))

    def _infos(self, ids: Sequence[str]) -> dict[str, DocumentInfo]:
        """Documents as this collection has them: where else they lie is not for its report."""
        return self._library.infos(ids, frozenset([self._collection]))

    def _changed(self) -> bool:
        return bool(self._report.added or self._report.updated or self._report.removed)

    def _finish(self) -> None:
        for file_id in list(self._open_files):
            self._close_file(file_id)
        self._tell("indexing", "")
        self._library.tidy()
        VectorCache(self._library).rebuild()

    def _tell(self, stage: str, path: str) -> None:
        self._progress(
            Progress(stage, self._files_done, self._files_total, self._chunks_done, path)
        )

    def _result(self, seconds: float) -> IngestReport:
        report = self._report
        return IngestReport(
            tuple(report.added),
            tuple(report.updated),
            tuple(report.unchanged),
            tuple(report.removed),
            tuple(report.failed),
            seconds,
        )
