"""JSON and JSON Lines: records of text, or any value rendered so that a person can read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from medrag.errors import ReadError
from medrag.readers.common import Builder, digest, one_line
from medrag.readers.meta import find_meta
from medrag.text import clean
from medrag.types import Document, Meta

_TEXT_KEYS = ("text", "contents", "body", "abstract", "content")
_TITLE_KEYS = ("title", "name", "condition_name", "heading", "label", "type")
_ID_KEYS = ("_id", "id", "doc_id", "docid", "pmid", "slug")
_LONG = 120


def read(path: str, data: bytes) -> Iterator[Document]:
    """The records of the file: one document for each, or one for the whole value."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError("The JSON is not valid UTF-8.", "Save it as UTF-8.") from error
    if PurePath(path).suffix.lower() == ".jsonl":
        yield from _json_lines(path, data)
        return
    value = _parse(text, "The file")
    if _is_list_of_records(value):
        yield from _elements(path, value)
        return
    builder = Builder()
    render_json(builder, value)
    titles = (_title_of(value), builder.first_heading())
    yield builder.document(path, digest(data), titles, find_meta(builder.head()))


def _parse(text: str | bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ReadError(f"{where} is nested too deeply.", "Flatten it.") from error
    except ValueError as error:
        message = f"{where} is not valid JSON: {error}."
        raise ReadError(message, "Correct or export it again.") from error


def _json_lines(path: str, data: bytes) -> Iterator[Document]:
    lines = [
        (number, line.strip())
        for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1)
        if line.strip()
    ]
    for number, line in lines:  # all or nothing: a broken line must not leave half a file read
        _parse(line, f"Line {number}")
    seen: dict[str, int] = {}
    empty = 0
    for number, line in lines:
        value = _parse(line, f"Line {number}")
        record = _unique(_id_of(value) or str(number), seen)
        document = _record(f"{path}#{record}", line, value)
        empty += document is None
        if document is not None:
            yield document
    if empty == len(lines):
        raise ReadError("None of the records holds text.", "Check that it is the right file.")


# Fields about a record, which its text need not repeat.
_BESIDE = frozenset(
    """
    _id id doc_id docid title name url link source path lang language date year version status
    effective_date review_date license licence doi pmid pmcid authors author journal split
    """.split()
)


def _record(path: str, line: bytes, value: Any) -> Document | None:
    """A record with a text field keeps its text as it is; any other value is rendered."""
    key = next((k for k in _TEXT_KEYS if isinstance(value, dict) and _is_text(value.get(k))), None)
    title = one_line(_title_of(value) or "")
    if key is None:
        builder = Builder()
        render_json(builder, value)
        if not builder.length:
            return None
        return builder.document(path, digest(line), (title, _first_words(builder.head())))
    text = clean(value[key])
    fields = "\n".join(f"{k}: {v}" for k, v in value.items() if isinstance(v, str) and len(v) < 100)
    return Document(
        id=digest(line),
        path=path,
        title=title or _first_words(text),
        text=text,
        meta=_with_unread(_record_meta(fields, text), value, key),
    )


def _with_unread(meta: Meta, value: dict[str, Any], key: str) -> Meta:
    """A warning for fields beside the text that hold words too: they may hold a dose."""
    unread = [
        name
        for name, content in value.items()
        if name not in (key, *_BESIDE) and isinstance(content, str | list) and content
    ]
    if not unread:
        return meta
    names = ", ".join(one_line(str(name)) for name in unread[:5])
    note = f"Only the field '{key}' was read, not: {names}."
    return replace(meta, warnings=(*meta.warnings, note))


def _record_meta(fields: str, text: str) -> Meta:
    return find_meta(f"{fields.replace('_', ' ')}\n{text[:1500]}")


def _elements(path: str, values: list[Any]) -> Iterator[Document]:
    seen: dict[str, int] = {}
    found = False
    for number, value in enumerate(values, 1):
        record = _unique(_id_of(value) or one_line(_title_of(value) or "") or str(number), seen)
        source = json.dumps(value, sort_keys=True, ensure_ascii=False)
        document = _record(f"{path}#{record}", source.encode("utf-8", "surrogatepass"), value)
        if document is not None:
            found = True
            yield document
    if not found:
        raise ReadError("None of the records holds text.", "Check that it is the right file.")


def _is_list_of_records(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, dict) and (_id_of(v) or _title_of(v)) for v in value)
    )


def _unique(record: str, seen: dict[str, int]) -> str:
    """``record``, with a number after it from the second time on."""
    seen[record] = seen.get(record, 0) + 1
    return record if seen[record] == 1 else f"{record}~{seen[record]}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(one_line(value))


def _id_of(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    keys = (*_ID_KEYS, *(k for k in value if k.endswith(("_slug", "_id"))))
    for key in keys:
        found = value.get(key)
        if isinstance(found, (str, int)) and not isinstance(found, bool) and one_line(str(found)):
            return one_line(str(found))[:200]
    return None


def _title_of(value: Any) -> str | None:
    key = _title_key(value)
    return str(value[key]) if key else None


def _title_key(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    keys = (*_TITLE_KEYS, *(k for k in value if k.endswith("_name")))
    return next((k for k in keys if _is_text(value.get(k)) and len(value[k]) <= 300), None)


def _first_words(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first if len(first) <= 80 else first[:80].rsplit(" ", 1)[0]


def render_json(builder: Builder, value: Any, level: int = 1) -> None:
    """Write any JSON value: keys as headings, values as paragraphs, items or rows."""
    if isinstance(value, dict):
        _render_object(builder, value, level)
    elif isinstance(value, list):
        _render_list(builder, value, level)
    elif (text := _scalar(value)) is not None:
        for paragraph in text.split("\n"):
            builder.block(paragraph)


def _render_object(builder: Builder, value: Mapping[str, Any], level: int) -> None:
    title = _title_key(value)
    if title is not None:
        builder.heading(str(value[title]), level)
        level += 1
    kept = {k: v for k, v in value.items() if k != title and not (title and _is_key(k))}
    only = next(iter(kept.values()), None)
    if title is not None and len(kept) == 1 and isinstance(only, list):
        _render_list(builder, only, level)  # {"type": "Mild", "features": [...]}: one heading does
        return
    for key, inner in kept.items():
        text = _scalar(inner)
        if text is not None and len(text) <= _LONG and "\n" not in text:
            builder.block(f"{_spoken(key)}: {text}", "line")
        elif text is not None or inner:
            if one_line(text or "x"):
                builder.heading(_spoken(key), level)
            render_json(builder, inner, level + 1)


def _is_key(name: str) -> bool:
    return name in ("slug", "_id", "id") or name.endswith("_slug")


def _render_list(builder: Builder, values: list[Any], level: int) -> None:
    for value in values:
        text = _scalar(value)
        if text is not None:
            builder.item(text)
        elif isinstance(value, dict) and value and all(_is_flat(v) for v in value.values()):
            pairs = ((_spoken(k), _scalar(v)) for k, v in value.items())
            builder.row(" | ".join(f"{k}: {one_line(v)}" for k, v in pairs if v and one_line(v)))
        else:
            render_json(builder, value, level)


def _is_flat(value: Any) -> bool:
    return value is None or _scalar(value) is not None


def _scalar(value: Any) -> str | None:
    """The text of a value that holds no others; "" for null is left out by the callers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return str(value) if abs(value) < 1e300 else f"{value:g}"
    if isinstance(value, str):
        return clean(value)
    return None


def _spoken(key: str) -> str:
    """A key as a person would say it: ``condition_name`` becomes "Condition name"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", key).replace("_", " ").replace("-", " ")
    words = one_line(words) or "Value"
    return words[0].upper() + words[1:]
