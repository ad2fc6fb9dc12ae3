"""The language models of this machine: which are known, which are installed, which would fit.

Files lie in one folder, the shelf, with an ``index.json`` that keeps the name and the SHA-256 of
each as it was added. The hash decides what a file is; a name never does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from medrag.errors import ModelError
from medrag.models.catalog import file_sha256
from medrag.models.gguf import GgufHeader, read_header
from medrag.models.language_catalog import CATALOG, LanguageModel
from medrag.models.shelf import Record, read_index, shelf

__all__ = [
    "CATALOG", "InstalledModel", "LanguageModel", "Record", "Shelf", "available_bytes", "best",
    "by_hash", "by_name", "checked", "find", "installed", "is_known", "look", "needs_bytes",
    "recorded", "shelf",
]  # fmt: skip

# Measured: MedPsy-4B Q4_K_M (2.7 GB) with 8,192 tokens of 16-bit KV cache holds 3.7 GB, of which
# llama.cpp's own buffers are what neither the file nor the cache explains.
WORKING_BYTES = 600_000_000
# Families that "auto" may choose from, and their quantisations from the one to take first.
_AUTO_FAMILIES = ("medpsy-4b", "medpsy-1.7b")
_ORDER = ("Q4_K_M", "Q5_K_M", "Q8_0", "BF16", "IQ4_NL", "IQ4_XS", "IQ3_M", "IQ3_XXS")


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A language model on this machine. ``verified``: its sha256 is the catalog's."""

    name: str
    path: Path
    bytes: int
    sha256: str
    verified: bool
    entry: LanguageModel | None
    header: GgufHeader


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is installed, and in plain words what is wrong with the rest."""

    models: tuple[InstalledModel, ...]
    problems: tuple[str, ...]


def by_hash(sha256: str) -> LanguageModel | None:
    """The catalog's model with that hash."""
    return next((row for row in CATALOG if row.sha256 == sha256), None)


def by_name(name: str) -> LanguageModel | None:
    """The catalog's model of that name."""
    return next((row for row in CATALOG if row.name == name), None)


def installed() -> list[InstalledModel]:
    """The models on the shelf whose files are there, whole, and as they were added."""
    return list(look().models)


def look() -> Shelf:
    """The shelf as it stands, with what is wrong on it. Raises nothing for a damaged one."""
    records, problems = read_index()
    models = []
    for record in records:
        try:
            models.append(checked(record))
        except ModelError as error:
            problems.append(f"{record.name}: {error}")
    listed = {record.file for record in records}
    try:
        lying = sorted(path for path in shelf().glob("*.gguf") if path.name not in listed)
    except OSError:
        lying = []
    problems += [f"Not listed. List it: medrag model add {path}" for path in lying]
    return Shelf(tuple(models), tuple(problems))


def find(name: str) -> InstalledModel:
    """The installed model of that catalog name, given name or family, or of a path to a file.

    The file's hash is compared with the recorded one (remembered while size and time stamps stay).

    Raises:
        ModelError: it is not installed, its file is gone, damaged, or has changed since.
    """
    if name.endswith(".gguf") or os.sep in name:
        return _outside(Path(name).expanduser())
    records, problems = read_index()
    record = next((one for one in records if one.name == name), None)
    if record is None:
        family = [one for one in records if _family(one) == name]
        record = min(family, key=_rank, default=None)
    if record is None:
        raise _not_installed(name, problems)
    return checked(record)


def is_known(name: str) -> bool:
    """Whether ``find`` could mean something by that name: a path to a model file, or a model or
    family of the catalog or the shelf, present or not."""
    if name.endswith(".gguf") or os.sep in name or by_name(name) is not None:
        return True
    families = {row.family for row in CATALOG}
    return name in families or any(record.name == name for record in read_index()[0])


def checked(record: Record) -> InstalledModel:
    """The model of a line of the index, its hash compared with the recorded one.

    Raises:
        ModelError: its file is gone, damaged, or has changed since it was added.
    """
    if not record.path.is_file():
        raise ModelError(f"The file of {record.name} is gone from {shelf()}.", _remedy(record.name))
    if file_sha256(record.path) != record.sha256:
        raise ModelError(
            f"The file of {record.name} has changed since it was added.",
            f"Run: medrag model remove {record.name}, then {_command(record.name)}",
        )
    return recorded(record)


def needs_bytes(header: GgufHeader, file_bytes: int, context: int) -> int:
    """Memory that a model takes while it works: its file, a 16-bit KV cache for ``context``
    tokens, and working room."""
    return file_bytes + header.kv_bytes_per_token * context + WORKING_BYTES


def available_bytes() -> int:
    """Memory that programs can have now without swapping."""
    import psutil  # type: ignore[import-untyped]

    return int(psutil.virtual_memory().available)


def best(context: int, freed: int = 0) -> InstalledModel | None:
    """The model that ``auto`` takes: the best verified MedPsy that fits into memory, if any;
    ``freed`` bytes more than now are free, because a model in use would leave.

    Never an unverified one, one whose file has changed, one that is made for comparison, or one
    that the catalog does not advise.
    """
    candidates = [one for one in read_index()[0] if _family(one) in _AUTO_FAMILIES]
    room = freed + available_bytes() if candidates else 0
    for record in sorted(candidates, key=_rank):
        entry = by_hash(record.sha256)
        if entry is None or not entry.advised:
            continue
        try:
            model = recorded(record)
            if needs_bytes(model.header, model.bytes, context) <= room:
                return checked(record)
        except ModelError:
            continue  # `model list` and `model verify` say what is wrong with it
    return None


def recorded(record: Record) -> InstalledModel:
    """The model of a line of the index, its hash as recorded there.

    Raises:
        ModelError: its file is gone or damaged.
    """
    known = by_hash(record.sha256)
    entry = known or by_name(record.name)
    if known is None and entry is not None and entry.sha256 is not None:
        # Only a hash makes a file one of the catalog's.
        entry = None
    header, size = _header_of(record.path)
    return InstalledModel(
        record.name, record.path, size, record.sha256, known is not None, entry, header
    )


def _outside(path: Path) -> InstalledModel:
    header, size = _header_of(path)
    digest = file_sha256(path)
    entry = by_hash(digest)
    # Its own file name where it is unknown: nobody should read it as one of the catalog's.
    name = entry.name if entry else path.name
    return InstalledModel(name, path, size, digest, entry is not None, entry, header)


def _header_of(path: Path) -> tuple[GgufHeader, int]:
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return read_header(path), 0  # which says what is wrong
    return _header(path, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns), seen.st_size


@lru_cache(maxsize=64)
def _header(path: Path, *_seen: int) -> GgufHeader:
    return read_header(path)


def _family(record: Record) -> str | None:
    entry = by_hash(record.sha256)
    return entry.family if entry else None


def _rank(record: Record) -> tuple[int, int]:
    """Where a known model stands among those that can be chosen: family, then quantisation."""
    entry = by_hash(record.sha256)
    if entry is None or entry.family not in _AUTO_FAMILIES or entry.quantisation not in _ORDER:
        return len(_AUTO_FAMILIES), len(_ORDER)
    return _AUTO_FAMILIES.index(entry.family), _ORDER.index(entry.quantisation)


def _command(name: str) -> str:
    entry = by_name(name)
    if entry is None:
        return f"medrag model add FILE --name {name} --unverified"
    if entry.sha256 is None:
        return f"medrag model add FILE --name {name} --unverified (get {entry.file} yourself)"
    return f"medrag model add FILE, or medrag model pull {name}"


def _remedy(name: str) -> str:
    return f"Run: {_command(name)}"


def _not_installed(name: str, problems: list[str]) -> ModelError:
    if problems:
        return ModelError(f"The language model '{name}' is not installed.", " ".join(problems))
    if by_name(name) is None:
        known = ", ".join(dict.fromkeys(row.family for row in CATALOG))
        return ModelError(
            f"There is no language model '{name}'.",
            f"See: medrag model list --all. Known families: {known}.",
        )
    return ModelError(f"The language model '{name}' is not installed.", _remedy(name))
