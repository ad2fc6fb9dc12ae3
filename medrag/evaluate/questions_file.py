"""Multiple-choice questions, in the form of MIRAGE (Xiong et al. 2024) or as JSON Lines.

MIRAGE's benchmark.json is ``{dataset: {id: {"question", "options", "answer"}}}``; one dataset alone
is ``{id: {...}}``. A line of JSON Lines is such a row with its ``id`` and, where there are several,
its ``dataset``. ``options`` are ``{"A": text, ...}`` or a list (lettered in order); ``answer`` is
the letter of the right one. The yes / no / maybe of PubMedQA are options like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrag.claims_file import read_objects
from medrag.errors import ReadError, UsageError

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    """A question, its options by letter (in order), and the letter of the right one."""

    dataset: str
    id: str
    question: str
    options: tuple[tuple[str, str], ...]
    answer: str

    @property
    def letters(self) -> str:
        """The letters to choose from, such as ``ABCD``."""
        return "".join(letter for letter, _ in self.options)


def read_questions(
    file: Path, dataset: str | None = None, limit: int | None = None
) -> list[MultipleChoice]:
    """The questions in the file's order: of one dataset, the first ``limit`` of each.

    A file without the names of datasets is one dataset, called after the file.

    Raises:
        ReadError: the file cannot be read or is no JSON.
        UsageError: a row is wrong (it is named by its id), there is no such dataset, or nothing.
    """
    questions: list[MultipleChoice] = []
    counts: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for name, identifier, row in _rows(file):
        # Every row is checked, also those that are not wanted: a set is whole or it is not.
        one = _question(name, identifier, row)
        if (name, identifier) in seen:
            raise _wrong(name, identifier, "is there twice")
        seen.add((name, identifier))
        counts[name] = counts.get(name, 0) + 1
        if dataset in (None, name) and (limit is None or counts[name] <= limit):
            questions.append(one)
    if dataset is not None and dataset not in counts:
        known = ", ".join(map(_shown, counts)) or "none"
        raise UsageError(f"{file} has no dataset '{_shown(dataset)}'.", f"Known: {known}.")
    if not questions:
        raise UsageError(f"{file} holds no question.", "See: medrag eval questions --help")
    return questions


def is_answer_row(value: Any) -> bool:
    """Whether this is a question itself, not a dataset of questions by id."""
    return isinstance(value, dict) and any(
        name in value and not isinstance(value[name], dict) for name in ("question", "answer")
    )


def _rows(file: Path) -> Iterator[tuple[str, str, Any]]:
    """(dataset, id, row) of every row of the file, in whichever form it is."""
    tree = _whole(file)
    if tree is None:
        yield from _lines(file, read_objects(file))
    elif is_answer_row(tree):
        yield from _lines(file, [(1, tree)])
    elif any(is_answer_row(value) for value in tree.values()):
        yield from ((file.stem, identifier, row) for identifier, row in tree.items())
    else:
        for name, rows in tree.items():
            if not isinstance(rows, dict):
                raise UsageError(f"Dataset '{_shown(name)}' is no object of rows.", "Correct it.")
            yield from ((name, identifier, row) for identifier, row in rows.items())


def _whole(file: Path) -> dict[str, Any] | None:
    """The file as one JSON object; None where it is something else, such as JSON Lines."""
    try:
        tree = json.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise ReadError(f"{file} cannot be read ({error.strerror}).", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise ReadError(f"{file} is not UTF-8 text.", "Convert it to UTF-8.") from error
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def _lines(
    file: Path, rows: Iterable[tuple[int, dict[str, Any]]]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for number, row in rows:
        yield str(row.get("dataset", file.stem)), str(row.get("id", f"line {number}")), row


def _question(dataset: str, identifier: str, row: Any) -> MultipleChoice:
    if not isinstance(row, dict):
        raise _wrong(dataset, identifier, "is no object")
    question = row.get("question")
    if not isinstance(question, str) or not question.strip():
        raise _wrong(dataset, identifier, "lacks a text 'question'")
    options = _options(dataset, identifier, row.get("options"))
    answer = row.get("answer")
    letter = answer.strip().upper() if isinstance(answer, str) else ""
    if letter not in dict(options):
        raise _wrong(dataset, identifier, "has an 'answer' that is none of its options' letters")
    return MultipleChoice(dataset, identifier, plain(question), options, letter)


def _options(dataset: str, identifier: str, value: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(value, list):
        if len(value) > len(LETTERS):
            raise _wrong(dataset, identifier, f"has more than {len(LETTERS)} options")
        value = dict(zip(LETTERS, value, strict=False))
    if not isinstance(value, dict) or len(value) < 2:
        raise _wrong(dataset, identifier, "lacks 'options', two or more")
    named = [(str(letter).strip().upper(), text) for letter, text in value.items()]
    if any(len(letter) != 1 or letter not in LETTERS for letter, _ in named):
        raise _wrong(dataset, identifier, "has an option whose name is not a letter of A to Z")
    if len(dict(named)) < len(named):
        raise _wrong(dataset, identifier, "has two options of one letter")
    if not all(isinstance(text, str) for _, text in named):
        raise _wrong(dataset, identifier, "has an option that is not text")
    return tuple((letter, plain(text)) for letter, text in named)


def plain(text: str) -> str:
    """Text that can be encoded: JSON can name halves of characters, which are none."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _shown(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else name[:_NAME_LENGTH] + "..."


def _wrong(dataset: str, identifier: str, what: str) -> UsageError:
    row = f"Row {_shown(identifier)} of dataset {_shown(dataset)}"
    return UsageError(f"{row} {what}.", "Correct the row, or leave it out.")
