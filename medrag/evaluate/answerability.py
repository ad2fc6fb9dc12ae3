"""Does it know what it does not know: questions with and without an answer in the library.

Rows are {"id", "text", "answerable", "remove_docs"}. Documents named by a row are truly taken
out of a copy of the library for that question, and put back by rolling back.
"""

from __future__ import annotations

import math
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrag.claims_file import read_objects
from medrag.engine import Engine
from medrag.errors import ReadError
from medrag.evaluate.measures import auroc
from medrag.library import Library
from medrag.library.opening import DATABASE

_CURVE = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Probe:
    """A question, whether the library answers it, and how sure the engine is that it does."""

    answerable: bool
    kind: str
    probability: float
    features: tuple[float, ...]


def evaluate_answerability(file: Path, engine: Engine) -> dict[str, Any]:
    """AUROC of the engine's certainty, and what its threshold and others would do."""
    probes = probe(file, engine)
    threshold = engine.settings.answer_threshold
    kinds = defaultdict(list)
    for one in probes:
        kinds[one.kind].append(one)
    area = auroc([p.probability for p in probes], [p.answerable for p in probes])
    return {
        "auroc": None if math.isnan(area) else round(area, 4),
        **_rates(probes, threshold),
        "threshold": threshold,
        "questions": len(probes),
        "abstained_by_type": {
            kind: round(sum(p.probability < threshold for p in some) / len(some), 4)
            for kind, some in sorted(kinds.items())
        },
        "curve": [{"threshold": t, **_rates(probes, t)} for t in _CURVE],
    }


def _rates(probes: list[Probe], threshold: float) -> dict[str, float | None]:
    def share(rows: list[bool]) -> float | None:
        return round(sum(rows) / len(rows), 4) if rows else None

    return {
        "abstained_unanswerable": share(
            [p.probability < threshold for p in probes if not p.answerable]
        ),
        "answered_answerable": share([p.probability >= threshold for p in probes if p.answerable]),
    }


def probe(file: Path, engine: Engine) -> list[Probe]:
    """Put every question of the file to a copy of the engine's library.

    Raises:
        ReadError: the file cannot be read, or a row lacks its text or its label.
    """
    rows = [_checked(file, number, row) for number, row in read_objects(file)]
    with tempfile.TemporaryDirectory(prefix="medrag-") as folder:
        copy_library(engine.library, Path(folder))
        with (
            Engine(Path(folder), engine.settings) as copy,
            Library.open(Path(folder), write=True) as writable,
        ):
            copy.use(writable)
            places = places_of(writable)
            return [_probe(copy, writable, places, row) for row in rows]


def _probe(
    engine: Engine, library: Library, places: dict[str, set[str]], row: dict[str, Any]
) -> Probe:
    names = [str(name) for name in row.get("remove_docs") or ()]
    unknown = [name for name in names if name not in places]
    if unknown:
        raise ReadError(
            f"The library holds no document {unknown[0]}, which a row wants removed.",
            "Ingest the corpus that the questions are about.",
        )
    with without_documents(library, {i for name in names for i in places[name]}):
        probability, made_of = engine.certainty(row["text"])
    kind = str(row.get("type") or "all")
    return Probe(bool(row["answerable"]), kind, probability, made_of)


@contextmanager
def without_documents(library: Library, ids: set[str]) -> Iterator[None]:
    if not ids:
        yield
        return

    class _PutBack(Exception):
        pass

    try:
        with library.transaction():
            library.drop_documents(sorted(ids))
            yield
            raise _PutBack
    except _PutBack:
        pass


def places_of(library: Library) -> dict[str, set[str]]:
    """Document ids by each name a row may use: the record's id, the file's name with or without
    its suffix, the path, the title."""
    places: dict[str, set[str]] = defaultdict(set)
    for info in library.infos().values():
        path, _, locator = info.path.partition("#")
        for name in {info.path, path, locator, Path(path).name, Path(path).stem, info.id}:
            if name and not (locator and name in {path, Path(path).name, Path(path).stem}):
                places[name].add(info.id)
    return places


def copy_library(library: Library, folder: Path) -> None:
    target = sqlite3.connect(folder / DATABASE)
    try:
        library.connection.backup(target)
    finally:
        target.close()


def _checked(file: Path, number: int, row: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(row.get("text"), str) or not isinstance(row.get("answerable"), bool):
        raise ReadError(f"{file}, line {number} lacks 'text' or 'answerable'.", "Correct it.")
    return row
