"""Readers: the bytes of one file become Documents, or one ``ReadError`` that says what to do.

A reader never lets a foreign exception out and never guesses silently: what it could not read
stands in ``Document.meta.warnings``. In ``Document.text`` a line is a block (see ``medrag.text``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import PurePath

from medrag.errors import ReadError
from medrag.readers.common import check_container, seems
from medrag.types import Document

__all__ = ["READERS_VERSION", "SUPPORTED", "largest_size", "read"]

# Raise this when a change to a reader makes another text: documents are then read again.
READERS_VERSION = 5

_MODULES = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".xlsx": "xlsx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "plain",
    ".text": "plain",
    ".csv": "delimited",
    ".json": "records",
    ".jsonl": "records",
    ".xml": "jats",
    ".nxml": "jats",
}
_OLD_OFFICE = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pdf", ".rtf": ".docx", ".odt": ".docx"}
_CONTAINERS = {".pdf": "PDF", ".docx": "ZIP", ".xlsx": "ZIP"}
_MEGABYTE = 1024 * 1024
_MAX_TEXT = 64 * _MEGABYTE
_MAX_CONTAINER = 512 * _MEGABYTE

SUPPORTED: frozenset[str] = frozenset(_MODULES)


def read(path: str, data: bytes) -> Iterator[Document]:
    """The documents in ``data``, a file found at ``path`` (its suffix chooses the reader).

    Raises ``ReadError`` for whatever cannot be read. The documents come one by one, but a file
    of many records is checked as a whole before the first one is given out.
    """
    suffix = PurePath(path).suffix.lower()
    _check(suffix, data)
    module = import_module(f"medrag.readers.{_MODULES[suffix]}")
    reader: Callable[[str, bytes], Iterator[Document]] = module.read
    try:
        yield from reader(path, data)
    except (ReadError, MemoryError):
        raise
    except RecursionError as error:
        raise ReadError(
            "The file is nested too deeply to be read.", "Save it in a simpler form."
        ) from error
    except Exception as error:  # the seam: no parser's own exception may pass
        kind = suffix[1:].upper()
        raise ReadError(
            f"The {kind} file is damaged or malformed ({type(error).__name__}).",
            "Open it in its own program, save it again, and ingest the new file.",
        ) from error


def largest_size(suffix: str) -> int:
    """The largest file of a kind that is read, in bytes."""
    return _MAX_CONTAINER if suffix in _CONTAINERS else _MAX_TEXT


def _check(suffix: str, data: bytes) -> None:
    """Refuse, before any parser runs, what is plainly not the kind of file its name says."""
    if not data:
        raise ReadError("The file is empty (0 bytes).", "Fetch or export it again.")
    if suffix not in SUPPORTED:
        better = _OLD_OFFICE.get(suffix)
        remedy = (
            f"Save it as {better} and ingest that file."
            if better
            else f"Readable are: {', '.join(sorted(SUPPORTED))}."
        )
        raise ReadError(f"Files of the kind {suffix or '(no suffix)'} are not read.", remedy)
    kind, wanted = seems(data), _CONTAINERS.get(suffix, "text")
    if kind is not None and kind != wanted:
        raise ReadError(
            f"The file is named {suffix} but seems to be {_described(kind)}.",
            "Give it the right suffix, or save it in the format its name says.",
        )
    limit = largest_size(suffix)
    if len(data) > limit:
        what = "text" if wanted == "text" else "data"
        raise ReadError(
            f"The file is larger than {limit // _MEGABYTE} MB of {what}.", "Split it into parts."
        )
    if wanted == "ZIP":
        check_container(suffix, data)


def _described(kind: str) -> str:
    return {
        "ZIP": "a ZIP archive (a Word, Excel or other packed file)",
        "OLE": "an old or password-protected Office file (.doc, .xls, .ppt)",
        "PDF": "a PDF",
        "image": "an image",
        "RTF": "rich text (RTF)",
    }.get(kind, f"{kind} data")
