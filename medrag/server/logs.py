"""Logs without a word of a question or a document: of an exception its kind alone."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

_Exception = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class KindOnly(logging.Formatter):
    """Says which kind of exception it was, never its message or where: both may hold text."""

    def formatException(self, ei: _Exception) -> str:
        return f"({ei[0].__name__})" if ei[0] is not None else ""


def log_to_stderr(form: str) -> None:
    """Warnings to standard error, as ``form`` (a logging format) has them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KindOnly(form))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # On DEBUG these would write what they send and are sent.
    for name in ("sse_starlette", "mcp", "multipart", "python_multipart"):
        logging.getLogger(name).setLevel(logging.WARNING)
