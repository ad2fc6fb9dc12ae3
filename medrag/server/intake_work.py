"""What the intake's process does with the library: take a job in, take a document out, settle.

What counts is what the library says once its writing has ended, well or badly: a file stays in
its place exactly where the library holds the hash of its bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

from medrag.discover import shown
from medrag.engine import Engine
from medrag.errors import LibraryError, MedragError, NotFound, UsageError
from medrag.forms import report_form
from medrag.library import Library, VectorCache
from medrag.library.opening import DATABASE
from medrag.library.rows import read_placements
from medrag.server.intake_job import (
    UPLOADS,
    Item,
    Job,
    is_folder,
    is_regular,
    keep,
    load,
    made_folder,
    place,
    put_back,
    save,
)
from medrag.server.intake_names import check_collection, safe_name
from medrag.types import DocumentInfo, Failure, Ingested, IngestReport, ProgressHook

T = TypeVar("T")
Json = dict[str, Any]
Patiently = Callable[[Callable[[], Any]], Any]
_NOTHING = IngestReport((), (), (), (), (), 0.0)


class Work:
    """The work on one library. ``patiently`` carries out what needs the library's lock."""

    def __init__(self, engine: Engine, progress: ProgressHook, patiently: Patiently) -> None:
        self._engine = engine
        self._uploads = Path(os.path.abspath(engine.folder)) / UPLOADS
        self._progress = progress
        self._patiently = patiently

    def take_in(self, folder: Path) -> Json:
        """Carry out the job in ``folder``; each of its files is afterwards in its place and in
        the library, or in neither, with what lay there before in both.

        Raises:
            LibraryError: the library cannot be written, so that this could not be reached.
        """
        job = load(folder)
        if job is None:
            raise LibraryError("The upload is not there any more.", "Send it again.")
        home = made_folder(self._uploads / job.collection)
        failures = {item.name: _failure(item) for item in job.items if item.error}
        for item in job.items:
            if item.error and item.number >= 0:
                put_back(folder, item.number, home / item.name)
        wanted: list[Item] = []
        for item in job.open:
            try:
                place(folder, item.number, home / item.name)
                wanted.append(item)
            except LibraryError as error:
                put_back(folder, item.number, home / item.name)
                failures[item.name] = Failure(item.name, error.message, error.remedy)
        report, trouble = self._ingested(job, home, wanted)
        failures |= self._settled(folder, job, home, wanted, report, trouble)
        self._agree(job.collection, {_key(home / i.name): home / i.name for i in job.items})
        report = replace(report, failed=tuple(failures.values()))
        told = {} if trouble is None else {"error": trouble.message, "remedy": trouble.remedy}
        return {"report": report_form(report)} | told

    def _ingested(
        self, job: Job, home: Path, wanted: Sequence[Item]
    ) -> tuple[IngestReport, MedragError | None]:
        paths = [home / item.name for item in wanted if is_regular(home / item.name)]
        if not paths:
            return _NOTHING, None
        try:
            return self._ingest(job.collection, paths), None
        except MedragError as error:
            # Some may be stored nevertheless, all even, where only erasing old text failed.
            known = self._known(job.collection)
            stored = [path for path in paths if _holds(known, path)]
            return replace(_NOTHING, added=self._as_stored(known, stored)), error

    def _settled(
        self,
        folder: Path,
        job: Job,
        home: Path,
        wanted: Sequence[Item],
        report: IngestReport,
        trouble: MedragError | None,
    ) -> dict[str, Failure]:
        """Keep the files that are stored, put back what lay in the places of the others."""
        known = self._known(job.collection)
        reasons = {failure.path: failure for failure in report.failed}
        failures: dict[str, Failure] = {}
        for item in wanted:
            path = home / item.name
            if _holds(known, path):
                keep(folder, item.number)
            elif reason := reasons.get(_key(path)):
                failures[item.name] = replace(reason, path=item.name)
            elif trouble is not None:
                failures[item.name] = Failure(item.name, trouble.message, trouble.remedy)
            else:
                failures[item.name] = Failure(item.name, "It was not stored.", "Send it again.")
        for failure in failures.values():
            job = job.give_up(failure.error, failure.remedy, frozenset({failure.path}))
        with suppress(OSError):  # a full disk: then it would be read again after a crash
            save(folder, job)
        for item in wanted:
            if item.name in failures:
                put_back(folder, item.number, home / item.name)
        return failures

    def remove(self, wanted: str, scope: Sequence[str] | None, aside: Path) -> Json:
        """Take a document out of the collections of ``scope`` (None: of all), and its uploaded
        files off the disk. They wait in the folder ``aside`` until the library has let go.

        Raises:
            NotFound: there is no such document, or none in these collections.
            LibraryError: the library cannot be written; nothing is removed then.
        """
        engine = self._engine
        if not (engine.folder / DATABASE).is_file():
            raise NotFound(f"There is no document {wanted}.", "The library is empty.")
        # Nothing is touched while another process writes: it may do so for an hour.
        self._patiently(lambda: Library.open(engine.folder, write=True).close())
        info = engine.info(wanted, collection=scope)
        files, note = self._files_of(info)
        moved = [(path, aside / str(number)) for number, path in enumerate(files)]
        for path, kept in moved:
            path.replace(kept)
        try:
            self._patiently(lambda: engine.remove(info.id, collection=scope))
        except MedragError as error:
            if any(found.id == info.id for found in engine.documents(collection=scope)):
                for path, kept in moved:
                    kept.replace(path)
                raise
            note = f"{error} {note}".strip()
        return {"documents": [asdict(info)], "note": note}

    def _files_of(self, info: DocumentInfo) -> tuple[list[Path], str]:
        """The uploaded files that hold this document alone, and what is to be known of others."""
        library = self._engine.library
        holding = {file_id for file_id, _ in read_placements(library.connection, info.id)}
        own: list[Path] = []
        notes: list[str] = []
        for collection in info.collections:
            home = self._uploads / collection
            for path, (file_id, _) in library.files(collection).items():
                if file_id not in holding:
                    continue
                name = self._name(path, collection)
                if name is None or not is_folder(home):
                    notes.append(
                        f"It was read from a folder, as {_file_name(path)}:"
                        " the next 'medrag ingest' of that brings it back."
                    )
                elif set(library.placed(file_id).values()) == {info.id}:
                    own += [home / name] if is_regular(home / name) else []
                else:
                    notes.append(f"It was one record of {name}, whose file stays.")
        return own, " ".join(notes)

    def settle(self) -> None:
        """Make the library and the files under uploads agree: read what it does not hold, and
        take out of it what is not there. A collection whose folder is missing altogether (a
        library that was moved without its uploads) is left as it is.

        Raises:
            LibraryError: the library cannot be written.
        """
        for home in sorted(self._uploads.iterdir()) if is_folder(self._uploads) else []:
            if is_folder(home) and _is_collection(home.name):
                files = {_key(path): path for path in home.iterdir() if _is_upload(path)}
                prefix = _key(home) + os.sep
                gone = [p for p in self._known(home.name) if p.startswith(prefix)]
                self._agree(home.name, {path: Path(path) for path in gone} | files)

    def _agree(self, collection: str, paths: Mapping[str, Path]) -> None:
        """Make the library hold just what lies at these paths (given by how it writes them)."""
        known = self._known(collection)
        here = {key: path for key, path in paths.items() if is_regular(path)}
        again = [path for path in here.values() if not _holds(known, path)]
        # Under another key, a file of one of these names was read before the library was moved.
        names = {path.name for path in paths.values()}
        gone = [
            file_id
            for key, (file_id, _) in known.items()
            if key not in here and (key in paths or self._name(key, collection) in names)
        ]
        if again:
            self._ingest(collection, again)
        if gone:
            self._patiently(lambda: self._forget(gone))

    def _name(self, path: str, collection: str) -> str | None:
        """The name under which a file that the library knows was uploaded; None where it was
        not. The library may have been moved, or copied, since then."""
        folder, _, name = path.rpartition(os.sep)
        if folder == _key(self._uploads / collection):
            return name
        root = folder.removesuffix(os.sep + os.path.join(UPLOADS, collection))
        if root == folder or (os.path.lexists(path) and not Path(root, DATABASE).is_file()):
            return None
        return name

    def _forget(self, files: Sequence[int]) -> None:
        with Library.open(self._engine.folder, write=True) as library:
            library.remove_files(files)
            library.tidy()
            VectorCache(library).rebuild()

    def _ingest(self, collection: str, paths: Sequence[Path]) -> IngestReport:
        def act() -> IngestReport:
            return self._engine.ingest(
                list(paths), collection=collection, keep_missing=True, progress=self._progress
            )

        report: IngestReport = self._patiently(act)
        return report

    def _known(self, collection: str) -> dict[str, tuple[int, str]]:
        """The library's files of a collection: path -> (file, sha256 of what is stored of it)."""
        if not (self._engine.folder / DATABASE).is_file():
            return {}
        with Library.open(self._engine.folder) as library:
            return library.files(collection)

    def _as_stored(
        self, known: Mapping[str, tuple[int, str]], paths: Sequence[Path]
    ) -> tuple[Ingested, ...]:
        with Library.open(self._engine.folder) as library:
            ids = {i for path in paths for i in library.placed(known[_key(path)][0]).values()}
            infos = library.infos(sorted(ids)).values()
        return tuple(Ingested(i.id, i.path, i.pages, i.chunks, i.meta.warnings) for i in infos)


def _key(path: Path) -> str:
    return shown(str(path))


def _file_name(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]


def _holds(known: Mapping[str, tuple[int, str]], path: Path) -> bool:
    """Whether the library holds just the bytes of this file."""
    entry = known.get(_key(path))
    if entry is None or not entry[1] or not is_regular(path):
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == entry[1]


def _failure(item: Item) -> Failure:
    return Failure(item.name, item.error, item.remedy)


def _is_collection(name: str) -> bool:
    try:
        return check_collection(name) == name
    except UsageError:
        return False


def _is_upload(path: Path) -> bool:
    try:
        return is_regular(path) and safe_name(path.name) == path.name
    except UsageError:
        return False
