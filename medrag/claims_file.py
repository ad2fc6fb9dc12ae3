"""JSON Lines of claims with their evidence, as ``medrag verify`` and the evaluations read them."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from medrag.errors import ReadError

_BATCH = 64


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A line of the file. ``label`` and ``split`` are there in evaluation sets only; rows of one
    ``group`` hold parts of the evidence on one claim."""

    id: Any
    claim: str
    evidence: str
    label: str | None = None
    split: str | None = None
    group: str | None = None


def read_claims(file: Path) -> Iterator[list[ClaimRow]]:
    """The rows in batches, in order; ``-`` is standard input.

    Raises:
        ReadError: the file cannot be read, or a line is not such an object (it is named).
    """
    batch: list[ClaimRow] = []
    for number, row in read_objects(file):
        batch.append(_row(file, number, row))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def read_objects(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a JSON Lines file with their line numbers; empty lines are skipped.

    Raises:
        ReadError: the file cannot be read, or a line is no JSON object (it is named).
    """
    try:
        if str(file) == "-":
            yield from _objects(file, sys.stdin)
        else:
            with file.open(encoding="utf-8") as handle:
                yield from _objects(file, handle)
    except OSError as error:
        raise ReadError(f"{file} cannot be read ({error.strerror}).", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise ReadError(f"{file} is not UTF-8 text.", "Convert it to UTF-8.") from error


def _objects(file: Path, handle: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(handle, start=1):
        if number == 1:
            line = line.removeprefix("\ufeff")  # editors of another system begin a file so
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=_no_number, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise ReadError(f"{file}, line {number} is not JSON.", "Correct the line.") from error
        if not isinstance(row, dict):
            raise ReadError(f"{file}, line {number} is no JSON object.", "Correct the line.")
        yield number, row


def _no_number(name: str) -> NoReturn:
    """NaN and Infinity are no JSON, whatever Python reads and writes."""
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _row(file: Path, number: int, row: dict[str, Any]) -> ClaimRow:
    claim, evidence = row.get("claim"), row.get("evidence")
    if isinstance(evidence, list) and all(isinstance(part, str) for part in evidence):
        evidence = "\n".join(evidence)
    if not isinstance(claim, str) or not isinstance(evidence, str):
        raise ReadError(
            f"{file}, line {number} lacks a text 'claim' or 'evidence'.", "Correct the line."
        )
    group = row.get("group")
    return ClaimRow(
        row.get("id", number), claim, evidence, row.get("label"), row.get("split"),
        None if group is None else str(group),
    )  # fmt: skip
