"""Brings files onto the shelf and takes them off: add, pull, verify, remove.

A file counts only when it lies under its name with its hash compared and its line in the index
written; all before that can be interrupted. One of these works at a time, under one lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from medrag.errors import ModelError, UsageError
from medrag.models import language
from medrag.models.catalog import file_sha256
from medrag.models.gguf import UNREADABLE, read_header
from medrag.models.handling import (
    Hook,
    at_work,
    check_room,
    copy_file,
    forget,
    hash_file,
    take_in,
)
from medrag.models.language import InstalledModel, LanguageModel
from medrag.models.shelf import Record, is_name, read_index, shelf, write_index

HUB = "https://huggingface.co"
_TAKEN_NAMES = frozenset({"auto", "extractive", "server", "rules", "embedding"})


def add(
    file: Path,
    *,
    name: str | None = None,
    unverified: bool = False,
    progress: Hook | None = None,
) -> InstalledModel:
    """Copy a file onto the shelf. Its hash decides which model of the catalog it is.

    A file that the catalog does not know needs ``unverified`` and a ``name`` of its own. Adding
    what is there already changes nothing.

    Raises:
        ModelError: the file is no whole GGUF file, is unknown, or there is no room for it.
        UsageError: the name cannot be given to it.
    """
    source = Path(file).expanduser()
    read_header(source)
    size = source.stat().st_size
    if name is not None:
        _check_name(name)
    if not unverified and not any(row.bytes == size for row in language.CATALOG):
        raise _unknown(source, "its size is that of no file in the catalog")
    if unverified and name is None and not any(row.bytes == size for row in language.CATALOG):
        raise _unknown(source, "a file that is not in the catalog needs a name")
    with at_work() as folder:
        there = _same(source, size)
        if there is not None:
            return there
        inside = source.resolve().parent == folder.resolve()
        temporary = source if inside else folder / f"{os.getpid()}.adding"
        try:
            if inside:
                digest = hash_file(source, "hashing", progress)
            else:
                check_room(folder, size)
                digest = copy_file(source, temporary, progress)
            return take_in(temporary, _record_for(source, digest, name, unverified))
        finally:
            if not inside:
                temporary.unlink(missing_ok=True)


def pull(
    name: str,
    *,
    progress: Hook | None = None,
    base_url: str | None = None,
    announce: Callable[[str], None] | None = None,
) -> InstalledModel:
    """Fetch a model of the catalog over HTTPS: the one thing in medrag that opens the network.

    From ``base_url``, else ``MEDRAG_HUB``, else Hugging Face. ``announce`` is told of each host
    before it is contacted. What was fetched before an interruption is not fetched again. Pulling
    what is installed and whole contacts nobody.

    Raises:
        ModelError: no such model, no known hash, no room, the server fails or refuses, or what
            came is not the published file (it is deleted then).
        NetworkBlocked: the offline guard is on in this process.
    """
    from medrag.models.download import fetch

    entry = language.by_name(name)
    if entry is None:
        known = ", ".join(row.name for row in language.CATALOG if row.sha256 and row.usual)
        raise ModelError(f"There is no model '{name}' to pull.", f"Known, among others: {known}.")
    if entry.sha256 is None or entry.bytes is None:
        raise ModelError(
            f"{name} cannot be pulled: its hash is not known, so nobody could check what came.",
            f"Fetch {entry.file} yourself, then: medrag model add FILE --name {name} --unverified",
        )
    base = (base_url or os.environ.get("MEDRAG_HUB") or HUB).rstrip("/")
    url = f"{base}/{entry.repository}/resolve/{entry.revision}/{entry.file}"
    with at_work() as folder:
        there = _intact(entry.sha256)
        if there is not None:
            return there
        part = part_of(entry)
        done = part.stat().st_size if part.is_file() else 0
        check_room(folder, max(entry.bytes - done, 0))
        fetch(url, part, entry.bytes, progress, announce)
        if hash_file(part, "checking", progress) != entry.sha256:
            part.unlink(missing_ok=True)
            raise ModelError(
                f"What came for {name} is not the published file (its sha256 is another).",
                "It was deleted. Pull again; if it happens again, ask who runs the server.",
            )
        return take_in(part, Record(entry.name, entry.file, entry.sha256))


def verify(
    name: str | None = None, *, progress: Hook | None = None
) -> list[tuple[InstalledModel, bool, str]]:
    """Hash the files anew, all or one, whatever is remembered: model, whether it is well, why.

    Raises:
        ModelError: there is no model of that name.
    """
    records, problems = read_index()
    wanted = [one for one in records if name is None or one.name == name]
    if name is not None and not wanted:
        raise ModelError(
            f"The language model '{name}' is not installed.",
            " ".join(problems) or "See: medrag model list",
        )
    return [_verified(record, progress) for record in wanted]


def remove(name: str) -> list[str]:
    """Take a model off the shelf, with what an interrupted pull left of it; the names of files.

    Raises:
        ModelError: nothing of it is there.
    """
    with at_work():
        records, _ = read_index()
        entry = language.by_name(name)
        gone = [one.path for one in records if one.name == name]
        if entry is not None and entry.sha256 is not None:
            gone.append(part_of(entry))
        listed = any(one.name == name for one in records)
        there = [path for path in gone if path.is_file()]
        if not listed and not there:
            raise ModelError(f"'{name}' is not on the shelf.", "See: medrag model list")
        # The line first: a file without a line counts for nothing.
        write_index([one for one in records if one.name != name])
        for path in there:
            path.unlink(missing_ok=True)
        return [path.name for path in there]


def part_of(entry: LanguageModel) -> Path:
    """Where a pull of this model collects its bytes, until they are all there and checked."""
    return shelf() / f"{entry.file}.{(entry.sha256 or '')[:8]}.part"


# What it is


def _record_for(source: Path, digest: str, name: str | None, unverified: bool) -> Record:
    entry = language.by_hash(digest)
    if entry is not None:
        if name not in (None, entry.name):
            raise UsageError(
                f"{source.name} is {entry.name} by its hash, and is listed as that.",
                "Leave --name out.",
            )
        return Record(entry.name, entry.file, digest)
    if not unverified or name is None:
        raise _unknown(source, f"its sha256 {digest[:12]}... is not in the catalog")
    claimed = language.by_name(name)
    if claimed is not None and claimed.sha256 is not None:
        raise _not_that(source, name)
    taken = next((one for one in read_index()[0] if one.name == name), None)
    if taken is not None and taken.sha256 != digest:
        raise UsageError(
            f"Another file is listed as {name}.", f"Run: medrag model remove {name}, or rename."
        )
    return Record(name, f"{name}.{digest[:12]}.gguf", digest)


def _check_name(name: str) -> None:
    known = language.by_name(name) is not None
    if not is_name(name) or name in _TAKEN_NAMES or name.endswith(".gguf"):
        raise UsageError(
            f"'{name}' is no name for a model.",
            "Use a-z, 0-9, dots, hyphens and underscores, at most 64, and none that medrag uses.",
        )
    if not known and name.startswith("medpsy"):
        raise UsageError(
            f"'{name}' would read as one of the published MedPsy files.", "Choose another name."
        )


def _unknown(source: Path, why: str) -> ModelError:
    return ModelError(
        f"{source.name} is not a published file that medrag knows: {why}.",
        "Pull the published one (medrag model pull NAME), or, to use it all the same:"
        " medrag model add FILE --name NAME --unverified",
    )


def _not_that(source: Path, name: str) -> UsageError:
    return UsageError(
        f"{source.name} is not {name}: its hash is another.", "Give it a name of its own."
    )


def _same(source: Path, size: int) -> InstalledModel | None:
    """The installed model that this file already is; hashed only where a size agrees."""
    for record in read_index()[0]:
        if record.path.is_file() and record.path.stat().st_size == size:
            return _intact(file_sha256(source))
    return None


def _intact(digest: str) -> InstalledModel | None:
    for record in read_index()[0]:
        if record.sha256 == digest:
            try:
                return language.checked(record)
            except ModelError:
                return None  # its file is gone or changed: it is brought again
    return None


def _verified(record: Record, progress: Hook | None) -> tuple[InstalledModel, bool, str]:
    try:
        model = language.recorded(record)
        why = ""
    except ModelError as error:
        entry = language.by_hash(record.sha256)
        model = InstalledModel(
            record.name, record.path, 0, record.sha256, entry is not None, entry, UNREADABLE
        )
        why = str(error)
    if not record.path.is_file():
        return model, False, f"Its file is gone from {shelf()}."
    digest = hash_file(record.path, f"hashing {record.name}", progress)
    if digest != record.sha256:
        forget(record.path)
        return model, False, f"Its sha256 is {digest[:12]}..., no longer {record.sha256[:12]}..."
    if why:
        return model, False, why
    known = "The published file." if model.verified else "As it was added; not in the catalog."
    return model, True, known
