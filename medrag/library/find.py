"""One document out of those that were found, and documents taken out for good."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from medrag.errors import NotFound
from medrag.library.scope import Scope
from medrag.library.store import Library
from medrag.types import DocumentInfo

UPLOADS = "uploads"
"""The folder, inside a library, of what was uploaded into it."""
_LIST = "See: medrag documents list"


def exactly_one(found: list[DocumentInfo], wanted: str) -> DocumentInfo:
    """The only one of ``found``.

    Raises:
        NotFound: there is none, or there are several.
    """
    if not found:
        raise NotFound(f"There is no document {wanted}.", _LIST)
    if len(found) > 1:
        raise NotFound(
            f"{len(found)} documents begin with {wanted}.", "Give more digits of the id."
        )
    return found[0]


def take_out(library: Library, wanted: str, scope: Scope) -> list[DocumentInfo]:
    """Take documents out of the scope by id (or its first digits) or path, and say which.

    The path of a file of many records takes all of them out.

    Raises:
        NotFound: no such document, or several begin with these digits.
    """
    absolute = os.path.abspath(wanted)
    found = library.find(wanted, scope) or library.find(absolute, scope)
    if not all(info.path.partition("#")[0] in (wanted, absolute) for info in found):
        found = [exactly_one(found, wanted)]
    if not found:
        raise NotFound(f"There is no document {wanted}.", _LIST)
    library.remove_documents([info.id for info in found], scope)
    _discard_uploads(library, found)
    return found


def _discard_uploads(library: Library, removed: list[DocumentInfo]) -> None:
    """A file that was uploaded into the library goes with its last document: a server would read
    it again, to make library and uploads agree."""
    uploads = Path(os.path.abspath(library.folder)) / UPLOADS
    for path in {Path(info.path.partition("#")[0]) for info in removed}:
        if path.is_relative_to(uploads) and not library.holds_file(str(path)):
            with suppress(OSError):
                path.unlink()
