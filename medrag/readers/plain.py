"""Plain text: its encoding, its hard-wrapped lines, and the headings people type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from medrag.errors import ReadError
from medrag.readers.common import Builder, digest
from medrag.readers.hyphens import join_lines, vocabulary_of
from medrag.readers.meta import find_meta
from medrag.text import clean
from medrag.types import Document

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROL = bytes(b for b in range(32) if b not in b"\t\n\r\f\v\x1b")
ITEM = re.compile(
    r"(?P<label>[-*+•·●◦▪‣–—]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)])\s+(?P<text>\S.*)"
)
_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2})*)\.?\s+(?P<title>[A-Z][^.!?;]{2,90})$")
_UNDERLINE = re.compile(r"(={3,}|-{3,}|~{3,})$")
_CELLS = re.compile(r"\t+| {3,}")


def read(path: str, data: bytes) -> Iterator[Document]:
    """The text file as one document."""
    builder = Builder()
    text = decode(data, builder.warnings)
    write_plain(builder, text)
    titles = (builder.first_heading(),)
    yield builder.document(path, digest(data), titles, find_meta(builder.head()))


def decode(data: bytes, warnings: list[str], declared: str | None = None) -> str:
    """``data`` as text; a warning where the encoding had to be assumed."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding).removeprefix("\ufeff")
            except UnicodeDecodeError as error:
                message = f"The text is not valid {encoding}."
                raise ReadError(message, "Save it as UTF-8.") from error
    sample = data[: 1 << 20]
    control = len(sample) - len(sample.translate(None, _CONTROL))
    if b"\0" in data or control > max(1, len(sample) // 50):
        raise ReadError("The file holds binary data, not text.", "Check what kind of file it is.")
    for candidate in filter(None, (declared, "utf-8")):
        try:
            return data.decode(candidate)
        except (UnicodeDecodeError, LookupError):
            continue
    for encoding in ("cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        warnings.append(
            f"The text is not UTF-8: it was read as {encoding}; check accented letters and signs."
        )
        return text
    raise ReadError("The encoding of the text is unknown.", "Save it as UTF-8.")


def write_plain(builder: Builder, text: str) -> None:
    """Write the blocks of a plain text."""
    raw = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    lines = raw.split("\n")
    width = wrap_width(lines)
    vocabulary = vocabulary_of(lines) if width else set()
    pending, skip, gap = "", False, False
    for i, line in enumerate(lines):
        if skip:
            skip = False
            continue
        stripped = line.strip()
        if not stripped:
            pending, gap = _flush(builder, pending, gap), True
            continue
        following = lines[i + 1].strip() if i + 1 < len(lines) else ""
        if heading := _heading(lines, i, following):
            pending = _flush(builder, pending, gap)
            builder.heading(*heading)
            skip, gap = bool(_UNDERLINE.match(following)), True
            continue
        if _UNDERLINE.match(stripped):
            pending = _flush(builder, pending, gap)
            continue
        joins = pending and width and _continues(pending, lines[i - 1], stripped, width)
        if joins:
            pending = join_lines(pending, clean(stripped), vocabulary)
            continue
        if pending:
            _flush(builder, pending, gap)
            gap = False
        pending = _as_row(stripped)
    _flush(builder, pending, gap)


def _flush(builder: Builder, block: str, gap: bool) -> str:
    if match := ITEM.match(block):
        label = match["label"]
        builder.item(match["text"], label if label[-1] in ".)" else "-")
    elif block:
        builder.block(
            block,
            "line" if not gap else "paragraph",
            tight=not gap and builder.last_kind not in ("", "heading"),
        )
    return ""


def _as_row(line: str) -> str:
    cells = [cell.strip() for cell in _CELLS.split(line) if cell.strip(" |")]
    return " | ".join(cells) if len(cells) > 1 and not ITEM.match(line) else line


def wrap_width(lines: list[str]) -> int:
    """The width at which the text is hard-wrapped, or 0 where a line is a whole paragraph."""
    lengths = sorted(len(line.rstrip()) for line in lines if line.strip())
    if len(lengths) < 2:
        return 0
    width = lengths[int(len(lengths) * 0.9)]
    if not 40 <= width <= 130:
        return 0
    inner = broken = 0
    for line, following in pairwise(lines):
        if not line.strip() or not following.strip() or ITEM.match(following.strip()):
            continue
        inner += 1
        full = len(line.rstrip()) >= 0.7 * width
        # A wrapped line ends anywhere; a whole one ends in a stop, or the next begins anew.
        unfinished = line.rstrip()[-1] not in ".!?:;|" or following.strip()[0].islower()
        broken += full and unfinished
    return width if inner >= 1 and broken >= 0.5 * inner else 0


def _continues(block: str, previous: str, line: str, width: int) -> bool:
    if ITEM.match(line) or _CELLS.search(line) or _CELLS.search(previous.strip()):
        return False
    first_word = len(line.split(" ", 1)[0])
    # "Glucose 4 to 8: ..." under "Glucose below 4: ...": a list without labels.
    if previous.rstrip()[-1:] in ".;:" and line.split()[0] == block.split()[0]:
        return False
    # Had the next word fitted on the line before, it was not the wrapping that broke it.
    fits = len(previous.rstrip()) + 1 + first_word < 0.8 * width
    return not fits or line[0].islower()


def _heading(lines: list[str], i: int, following: str) -> tuple[str, int] | None:
    line = lines[i].strip()
    before = lines[i - 1].strip() if i else ""
    if match := re.match(r"(#{1,6})\s+(\S.*?)\s*#*$", line):
        return match[2], len(match[1])
    if _UNDERLINE.match(following) and not before and len(line) <= 120 and not ITEM.match(line):
        return line, 1 if following[0] == "=" else 2
    if _shouts(line) and (not before or not following):
        return line.rstrip(":"), 1 if not any(part.strip() for part in lines[:i][-50:]) else 2
    if (match := _NUMBERED.match(line)) and not before and not line.endswith((",", ":")):
        number = match["number"]
        if "." in number or not _in_list(lines, i):
            return line, number.count(".") + 1
    return None


def _shouts(line: str) -> bool:
    letters = [ch for ch in line if ch.isalpha()]
    return (
        len(letters) >= 4
        and len(line) <= 80
        and all(ch.isupper() for ch in letters)
        and len(letters) >= 0.6 * len(line.replace(" ", ""))
        and line[-1] not in ".,;|"
        and not _CELLS.search(line)
        and not ITEM.match(line)
    )


def _in_list(lines: list[str], i: int) -> bool:
    """Whether the numbered line has a numbered neighbour, so that both are items of a list."""
    for step in (1, -1):
        j = i + step
        while 0 <= j < len(lines) and not lines[j].strip():
            j += step
        if 0 <= j < len(lines) and re.match(r"\d{1,2}[.)]?\s", lines[j].strip()):
            return True
    return False
