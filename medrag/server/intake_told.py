"""What a caller is told of errors, without where things lie on the server."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from medrag.errors import LibraryError

_WORDS = frozenset({"error", "remedy", "note", "warnings"})
# The folders of any other absolute path; a unit such as mg/kg/day begins after a letter.
_FOLDERS = re.compile(r"(?<![^\s'\"(\[=,:;])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'\"]+[/\\])+")


def without_places(text: str, library: Path) -> str:
    """``text`` without absolute paths: of a file its name is left, of the library "the library"."""
    for folder in sorted({os.path.abspath(library), os.path.realpath(library)}, key=len)[::-1]:
        text = text.replace(f"The library in {folder}", "The library")
        text = re.sub(re.escape(folder) + r"(?:[/\\](?:[^\s/\\'\"]+[/\\])*(?=[^\s/\\]))", "", text)
        text = re.sub(re.escape(folder) + r"[/\\]?(?=\W|$)", "the library", text)
    return _FOLDERS.sub("", text)


def told(value: Any, library: Path, *, words: bool = False) -> Any:
    """A message of the intake's process, with ``without_places`` for all that is said in words."""
    if isinstance(value, str):
        return without_places(value, library) if words else value
    if isinstance(value, dict):
        return {
            name: told(each, library, words=words or name in _WORDS) for name, each in value.items()
        }
    if isinstance(value, list):
        return [told(each, library, words=words) for each in value]
    return value


def told_error(error: LibraryError, library: Path) -> LibraryError:
    """The same error, without places."""
    return LibraryError(
        without_places(error.message, library), without_places(error.remedy, library)
    )
