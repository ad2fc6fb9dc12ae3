"""Names that a stranger sends, made into names of files and folders that are safe on any system."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

from medrag.errors import UsageError
from medrag.readers import SUPPORTED

MAX_BYTES = 180
"""Longest name, in bytes of UTF-8: every file system takes 255, and a suffix may be added."""

# The engine's rule for names of collections; a folder's name must hold to more than that.
_COLLECTION = re.compile(r"[\w][\w .-]{0,63}")
# Forbidden on Windows, or with a meaning of their own ('#' parts a file from its record).
_FORBIDDEN = re.compile(r'[<>:"|?*#]')
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"]
)
_KINDS = "medrag reads PDF, DOCX, HTML, Markdown, text, CSV, JSON, XML and XLSX."
_OLD = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pdf", ".rtf": ".docx", ".odt": ".docx"}


def safe_name(raw: str) -> str:
    """The name under which a file sent as ``raw`` is kept: one component of a path, in NFC, at
    most ``MAX_BYTES`` long, with the suffix of a kind that can be read.

    Raises:
        UsageError: nothing is left of it, or files of its kind are not read.
    """
    name = re.split(r"[/\\]", raw)[-1]
    name = _FORBIDDEN.sub("_", _visible(name))
    # "~$" begins the files by which Office marks a document as open; no ingest reads them.
    name = name.lstrip(". ").removeprefix("~$").lstrip(".~$ ").rstrip(". ")
    if not name:
        raise UsageError("A file came without a name.", "Give it one.")
    suffix = PurePath(name).suffix
    if suffix.lower() not in SUPPORTED:
        kind = f"Files of the kind {suffix}" if 1 < len(suffix) <= 12 else "Files without a suffix"
        better = _OLD.get(suffix.lower())
        remedy = f"Save it as {better} and upload that." if better else _KINDS
        raise UsageError(f"{kind} are not read.", remedy)
    if _is_device(name):
        name = f"_{name}"
    stem = name.removesuffix(suffix).encode()[: MAX_BYTES - len(suffix)]
    return stem.decode("utf-8", "ignore") + suffix


def same_name(name: str) -> str:
    """Equal for names that some file system takes for one (capitals do not count there)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def check_collection(name: str) -> str:
    """``name``, if it can be a collection that files are uploaded to, and a folder's name.

    Raises:
        UsageError: it cannot.
    """
    plain = _COLLECTION.fullmatch(name) and name == name.rstrip(". ") == _visible(name)
    if not plain or _is_device(name) or len(name.encode()) > MAX_BYTES:
        raise UsageError(
            "That is no name for a collection.",
            "Use letters, digits, spaces, dots and hyphens, at most 64; no dot or space at its"
            " end, and no name that Windows keeps for itself.",
        )
    return name


def _visible(name: str) -> str:
    """Without what has no shape of its own: controls, direction marks, halves of characters."""
    name = unicodedata.normalize("NFC", name)
    kept = (ch for ch in name if unicodedata.category(ch) not in _SHAPELESS)
    return unicodedata.normalize("NFC", "".join(" " if ch.isspace() else ch for ch in kept))


_SHAPELESS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _is_device(name: str) -> bool:
    return name.partition(".")[0].rstrip().casefold() in _DEVICES
