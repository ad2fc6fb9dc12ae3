"""Whether a document is in force, as it says of itself."""

from __future__ import annotations

import re

from medrag.types import DocumentInfo

# "Current (supersedes version 1.0)" is in force; "Superseded by version 2.0" is not.
_GONE = re.compile(
    r"\b(?:superseded|withdrawn|replaced|obsolete|archived|retired|rescinded)\b", re.I
)
_DRAFT = re.compile(r"\bdraft\b", re.I)


def is_superseded(document: DocumentInfo) -> bool:
    """Whether the document says of itself that it is no longer in force."""
    return _GONE.search(document.meta.status or "") is not None


def is_draft(document: DocumentInfo) -> bool:
    """Whether the document says of itself that it is a draft."""
    return _DRAFT.search(document.meta.status or "") is not None
