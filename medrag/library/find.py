"""One document out of those that were found, or an error that says what to do."""

from __future__ import annotations

from medrag.errors import LibraryError
from medrag.types import DocumentInfo

LIST = "See: medrag documents list"


def exactly_one(found: list[DocumentInfo], wanted: str) -> DocumentInfo:
    """The only one of ``found``.

    Raises:
        LibraryError: there is none, or there are several.
    """
    if not found:
        raise LibraryError(f"There is no document {wanted}.", LIST)
    if len(found) > 1:
        raise LibraryError(
            f"{len(found)} documents begin with {wanted}.", "Give more digits of the id."
        )
    return found[0]
