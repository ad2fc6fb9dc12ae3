"""Which files are meant: folders walked without following loops, names of any bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medrag.errors import ReadError
from medrag.readers import SUPPORTED, largest_size
from medrag.types import Failure

_OLD_FORMATS = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pdf", ".rtf": ".docx", ".odt": ".docx"}
_FORMATS = "medrag reads PDF, DOCX, HTML, Markdown, text, JSON, XML and XLSX."


@dataclass(frozen=True, slots=True)
class Found:
    """A file on the disk; ``os_path`` may hold bytes that are no UTF-8, its shown name not."""

    os_path: str

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            ReadError: it is too large, or cannot be read.
        """
        try:
            # Looked at before it is loaded: a huge file is refused, not swallowed.
            limit = largest_size(os.path.splitext(self.os_path)[1].lower())
            if os.stat(self.os_path).st_size > limit:
                raise ReadError(f"It is larger than {limit >> 20} MB.", "Split it into parts.")
            return Path(self.os_path).read_bytes()
        except OSError as error:
            raise ReadError(
                f"It cannot be read ({error.strerror}).", "Check its rights."
            ) from error


@dataclass(slots=True)
class Discovered:
    """Files by their shown path, and what was found that cannot be ingested."""

    files: dict[str, Found] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def gone(self, known: Iterable[str]) -> list[str]:
        """Known paths that lay in one of the folders walked and are no longer there."""
        # What could not be looked at is not known to be gone.
        failed = tuple(failure.path for failure in self.failures)
        hidden = tuple(path + os.sep for path in failed)
        return [
            path
            for path in known
            if path not in self.files
            and path not in failed
            and not path.startswith(hidden)
            and any(path.startswith(folder) for folder in self.folders)
        ]


def shown(path: str) -> str:
    """A path as text that can be stored and printed: bytes that are no UTF-8 as ``\\xff``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def discover(paths: Sequence[Path]) -> Discovered:
    """The files under these paths, in order of their names.

    Raises:
        ReadError: a path does not exist, or a folder cannot be listed.
    """
    found = Discovered()
    for path in paths:
        absolute = os.path.abspath(path)
        if not os.path.exists(absolute):
            raise ReadError(f"There is no {path}.", "Check the path.")
        if os.path.isdir(absolute):
            found.folders.append(shown(absolute).rstrip(os.sep) + os.sep)
            for file in _walk(absolute, set(), found):
                _take(file, found)
        else:
            _take(absolute, found)
    return found


def _take(path: str, found: Discovered) -> None:
    if not os.path.isfile(path):  # a pipe or a device would be waited on for ever
        found.failures.append(Failure(shown(path), "It is not a file.", "Name a file or folder."))
        return
    suffix = os.path.splitext(path)[1].lower()
    if suffix in SUPPORTED:
        found.files[shown(path)] = Found(path)
        return
    kind = f"Files of the kind {suffix}" if suffix else "Files without a suffix"
    better = _OLD_FORMATS.get(suffix)
    remedy = f"Save it as {better} and ingest that." if better else _FORMATS
    found.failures.append(Failure(shown(path), f"{kind} are not read.", remedy))


def _walk(folder: str, above: set[str], found: Discovered) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in above:
        return  # a link back to a folder we are in
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        found.failures.append(
            Failure(shown(folder), f"It cannot be listed ({error.strerror}).", "Check its rights.")
        )
        return
    names = {entry.name for entry in entries}
    for entry in entries:
        if entry.name.startswith((".", "~$")) or _is_beir_side_file(entry.name, names):
            continue
        if _is_folder(entry):
            yield from _walk(entry.path, above | {real}, found)
        elif os.path.isfile(entry.path):
            yield entry.path
        else:
            found.failures.append(
                Failure(shown(entry.path), "It is not a file (a broken link?).", "Remove it.")
            )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_beir_side_file(name: str, names: set[str]) -> bool:
    # Questions and judgements beside a corpus.jsonl (BEIR form) are about documents, none.
    return "corpus.jsonl" in names and name in {"queries.jsonl", "qrels.tsv"}
