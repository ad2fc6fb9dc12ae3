"""The files of written groups, and the passages that some are written on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.pairs import NEUTRAL, REFUTED, SUPPORTED, Pair
from training.splits import measuring_records

FOLDER = Path(__file__).parent / "groups"
ROLES = Path(__file__).parent / "roles"
"""Groups in which the same words stand in other roles, so that order alone decides."""
PASSAGES = Path(__file__).parent / "passages.json"
SOURCE = "written"
_LABELS = {"S": SUPPORTED, "R": REFUTED, "N": NEUTRAL}
_SUBJECTS = "CEP"


class NotWellFormed(ValueError):
    """A line of the files that belongs to no group, or a group without a subject."""


@dataclass(frozen=True, slots=True)
class Group:
    """What turns on one claim or one piece of evidence.

    ``subject`` is "C", "E" or "P", ``text`` what stands there (of "P" the passage itself), and
    ``items`` the labels and texts of the other side. ``name`` is the file's, ``key`` the group's.
    """

    name: str
    key: str
    subject: str
    text: str
    items: tuple[tuple[int, str], ...]

    def pair(self, label: int, text: str, kind: str) -> Pair:
        """One item with the subject, each on its side."""
        claim, evidence = (self.text, text) if self.subject == "C" else (text, self.text)
        return Pair("claim", claim, evidence, label, SOURCE, f"{self.name}-{kind}", self.key)


def read_groups(data: Path, folder: Path = FOLDER) -> Iterator[Group]:
    """The groups of all files, in order.

    Raises:
        NotWellFormed: a line has no mark, or a group no subject or nothing on it.
    """
    yield from groups_of(folder, _passages(data))


def groups_of(folder: Path, passages: Mapping[str, tuple[str, str]]) -> Iterator[Group]:
    """As :func:`read_groups`; ``passages`` has the document and the text of each number."""
    for place, name, marked in marked_blocks(folder):
        group = _group(place, name, marked, passages)
        if group.text:
            yield group


def marked_blocks(folder: Path) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Of each block of the files of ``folder`` its place, the file's name, and its lines: the mark
    of each and what it says.

    Raises:
        NotWellFormed: a line has no mark.
    """
    for path in sorted(folder.glob("*.txt")):
        for number, block in enumerate(path.read_text("utf-8").split("\n\n")):
            lines = [line for line in block.splitlines() if line.strip()]
            place = f"{path.stem}:{number}"
            if any(line[1:2] != ":" for line in lines):
                raise NotWellFormed(f"group {place} has a line without a mark")
            if lines:
                yield place, path.stem, [(line[0], line[2:].strip()) for line in lines]


def _group(
    place: str,
    name: str,
    marked: Sequence[tuple[str, str]],
    passages: Mapping[str, tuple[str, str]],
) -> Group:
    if marked[0][0] not in _SUBJECTS:
        raise NotWellFormed(f"group {place} does not begin with C:, E: or P:")
    (subject, text), items = marked[0], marked[1:]
    if not text or not items:
        raise NotWellFormed(f"group {place} has no subject, or nothing on it")
    if any(mark not in _LABELS or not said for mark, said in items):
        raise NotWellFormed(f"group {place} has a line that is none of S:, R:, N:")
    if subject == "P" and text not in passages:
        raise NotWellFormed(f"group {place} is on an unknown passage {text}")
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    if subject == "P":
        # A document of a corpus stays on its side of the split, whoever writes about it.
        key, text = passages[text]
    return Group(name, key, subject, text, tuple((_LABELS[mark], said) for mark, said in items))


def _passages(data: Path) -> dict[str, tuple[str, str]]:
    """The document and the text of every numbered passage; no text where it answers a question
    that measures."""
    places: dict[str, list[str | int]] = json.loads(PASSAGES.read_text("utf-8"))
    wanted: dict[tuple[str, str], list[tuple[str, int, int]]] = {}
    for number, (corpus, document, start, end) in places.items():
        wanted.setdefault((str(corpus), str(document)), []).append((number, int(start), int(end)))
    out: dict[str, tuple[str, str]] = {}
    for corpus in sorted({corpus for corpus, _ in wanted}):
        unseen = measuring_records(data / "retrieval" / corpus)
        with (data / "retrieval" / corpus / "corpus.jsonl").open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                for number, start, end in wanted.get((corpus, row["_id"]), ()):
                    text = "" if row["_id"] in unseen else row["text"][start:end]
                    out[number] = row["_id"], " ".join(text.split())
    return out
