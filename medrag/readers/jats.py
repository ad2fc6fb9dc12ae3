"""XML: JATS articles by their structure, any other XML by its elements' text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from medrag.errors import ReadError
from medrag.readers.common import Builder, digest, one_line, quiet, superscript
from medrag.readers.meta import find_meta, parse_date
from medrag.readers.tables import grid, render
from medrag.types import Document, Meta

_EMPTY_MARKS = re.compile(r"\s*(?:\[[\s,;–-]*\]|\([\s,;–-]*\))")
_LOOSE_MARKS = re.compile(r"(?<=\w)\s*[,;–-](?:\s*[,;–-])*(?=\s*[.;])")
_DROPPED_WORDS = """
    ref-list graphic inline-graphic media object-id tex-math supplementary-material
    permissions journal-meta contrib-group aff author-notes fn-group ack app-group glossary
    alternatives-id self-uri counts custom-meta-group history article-id pub-date volume
    issue fpage lpage article-categories related-article funding-group
"""
_DROPPED = frozenset(_DROPPED_WORDS.split())
_TABLE_TAGS = frozenset({"table", "tbl"})
_HEADING_TAGS = frozenset({"title", "head", "heading"})


def read(path: str, data: bytes) -> Iterator[Document]:
    """The XML file as one document."""
    root = _parse(data)
    builder = Builder()
    article = root if _tag(root) == "article" else next(_find(root, "article"), None)
    if article is not None:
        _Article(builder).write(article)
        meta, titles = _meta_of(article, builder), (_title_of(article),)
    else:
        _Generic(builder).write(root, 1)
        meta, titles = find_meta(builder.head(), language=_language(root)), (_title_of(root),)
    yield builder.document(path, digest(data), (*titles, builder.first_heading()), meta)


def _parse(data: bytes) -> Any:
    from lxml import etree

    if re.search(rb"<!ENTITY", data[: 1 << 20]):
        raise ReadError(
            "The XML declares entities of its own, which are not expanded (they can be a bomb).",
            "Save it with the entities replaced by their text.",
        )
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    parser = etree.XMLParser(**safe, remove_comments=True, remove_pis=True)
    with quiet("lxml"):
        try:
            return etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise ReadError(f"The XML is not well-formed: {error}.", "Export it again.") from error


def _tag(node: Any) -> str:
    """The name of an element without its namespace; "" for entities and the like."""
    return node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""


def _find(node: Any, *names: str) -> Iterator[Any]:
    return (n for n in node.iter() if _tag(n) in names)


def _first(node: Any, *names: str) -> Any | None:
    return next(_find(node, *names), None)


def _language(node: Any) -> str | None:
    return one_line(node.get("{http://www.w3.org/XML/1998/namespace}lang") or "") or None


def _title_of(root: Any) -> str | None:
    title = _first(root, "article-title", "title")
    return _inline(title) if title is not None else None


def _meta_of(article: Any, builder: Builder) -> Meta:
    """Dates of an article stand in its own elements, not in its words."""
    published = []
    for node in _find(article, "pub-date"):
        parts = {_tag(child): one_line(child.text or "") for child in node}
        text = "-".join(parts[p].zfill(2) for p in ("year", "month", "day") if parts.get(p))
        try:
            date = parse_date(text)
        except ValueError:
            date = None
        if date:
            published.append(date)
    longest = sorted(published, key=lambda date: (-len(date), date))
    return Meta(
        effective_date=longest[0] if longest else None,
        language=_language(article),
        warnings=tuple(builder.warnings),
    )


def _inline(node: Any) -> str:
    """The running text of an element: marks of references out, raised digits raised."""
    out: list[str] = []
    _gather(node, out)
    text = _EMPTY_MARKS.sub("", "".join(out))
    return one_line(_LOOSE_MARKS.sub("", text))


def _gather(node: Any, out: list[str]) -> None:
    out.append(node.text or "")
    for child in node:
        tag = _tag(child)
        if tag == "sup":
            inner: list[str] = []
            _gather(child, inner)
            text = "".join(inner).strip()
            out.append(superscript(text) if re.search(r"\w", text) or len(text) == 1 else "")
        elif tag == "xref" and _is_mark(child):
            pass
        elif tag in ("break", "br"):
            out.append(" ")
        elif tag and tag not in _DROPPED:
            _gather(child, out)
        out.append(child.tail or "")


def _is_mark(node: Any) -> bool:
    """A bare number that points to the list of references (a name and year stays)."""
    if node.get("ref-type") != "bibr":
        return False
    return not re.search(r"[A-Za-z]{2}", "".join(node.itertext()))


def _write_table(builder: Builder, node: Any) -> None:
    rows: list[list[tuple[str, int, int, bool]]] = []
    for tr in _find(node, "tr", "row"):
        parent = tr.getparent()
        head = parent is not None and _tag(parent) == "thead"
        cells = [c for c in tr if _tag(c) in ("td", "th", "entry")]
        rows.append(
            [
                (_inline(c), _span(c, "colspan"), _span(c, "rowspan"), head or _tag(c) == "th")
                for c in cells
            ]
        )
    for line in render(grid(rows)):
        builder.row(line)


def _span(cell: Any, name: str) -> int:
    value = cell.get(name) or "1"
    return min(int(value), 1000) if value.isdecimal() and len(value) < 6 else 1


class _Article:
    """Writes the blocks of a JATS article."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def write(self, article: Any) -> None:
        title = _first(article, "article-title")
        if title is not None:
            self.builder.heading(_inline(title), 1)
        for abstract in _find(article, "abstract", "trans-abstract"):
            heading = _own_title(abstract)
            self.builder.heading(_inline(heading) if heading is not None else "Abstract", 2)
            self._children(abstract, 3, heading)
        body = _first(article, "body")
        if body is not None:
            self._children(body, 2)

    def _children(self, node: Any, level: int, skip: Any = None) -> None:
        for child in node:
            if child is not skip:
                self._node(child, level)

    def _node(self, node: Any, level: int) -> None:
        tag = _tag(node)
        if not tag or tag in _DROPPED or tag in ("label", "sec-meta"):
            return
        if tag in ("sec", "boxed-text", "app"):
            heading = _own_title(node)
            if heading is not None:
                label = next((c for c in node if _tag(c) == "label"), None)
                prefix = f"{_inline(label)} " if label is not None else ""
                self.builder.heading(prefix + _inline(heading), level)
            self._children(node, level + 1, heading)
        elif tag == "p":
            self._paragraph(node, level)
        elif tag in ("table-wrap", "fig", "table-wrap-group", "fig-group"):
            self._float(node, level)
        elif tag in _TABLE_TAGS:
            _write_table(self.builder, node)
        elif tag == "list":
            self._list(node)
        elif tag == "def-item":
            parts = [_inline(c) for c in node if _tag(c) in ("term", "def")]
            self.builder.row(": ".join(part for part in parts if part))
        elif tag in (
            "title",
            "caption",
            "disp-quote",
            "def-list",
            "statement",
            "alternatives",
            "table-wrap-foot",
            "sub-article",
            "front-stub",
            "speech",
        ):
            if tag == "title":
                self.builder.block(_inline(node))
            else:
                self._children(node, level)
        else:
            self.builder.block(_inline(node))

    def _paragraph(self, node: Any, level: int) -> None:
        """A paragraph may hold tables and lists: its words come first, then those."""
        inner = [
            c
            for c in node
            if _tag(c) in ("table-wrap", "fig", "list", "boxed-text", "def-list", "disp-quote")
        ]
        for child in inner:
            tail = child.tail
            node.remove(child)
            if tail and tail.strip():
                last = node[-1] if len(node) else None
                if last is None:
                    node.text = f"{node.text or ''} {tail}"
                else:
                    last.tail = f"{last.tail or ''} {tail}"
        self.builder.block(_inline(node))
        for child in inner:
            self._node(child, level)

    def _float(self, node: Any, level: int) -> None:
        label = next((c for c in node if _tag(c) == "label"), None)
        caption = next((c for c in node if _tag(c) == "caption"), None)
        parts = [_inline(label)] if label is not None else []
        parts += [_inline(c) for c in caption] if caption is not None else []
        if caption is not None and not len(caption):
            parts.append(_inline(caption))
        parts = [part for part in parts if part]
        self.builder.block(" ".join(p if p[-1] in ".:;?!" else f"{p}." for p in parts))
        for child in node:
            if child is not label and child is not caption:
                self._node(child, level)

    def _list(self, node: Any) -> None:
        ordered = node.get("list-type") in ("order", "ordered", "number", "arabic")
        for number, item in enumerate((c for c in node if _tag(c) == "list-item"), 1):
            label = next((_inline(c) for c in item if _tag(c) == "label"), "")
            nested = [c for c in item if _tag(c) == "list"]
            words = " ".join(_inline(c) for c in item if _tag(c) not in ("list", "label"))
            numbered = label if re.match(r"\(?\w{1,3}[.)]$", label) else ""
            self.builder.item(words, numbered or (f"{number}." if ordered else "-"))
            for inner in nested:
                self._list(inner)


def _own_title(node: Any) -> Any | None:
    title = next((c for c in node if _tag(c) == "title"), None)
    if title is None:
        caption = next((c for c in node if _tag(c) == "caption"), None)
        title = _own_title(caption) if caption is not None else None
    return title


class _Generic:
    """Writes the text of any XML: an element that holds words is a block."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def write(self, node: Any, level: int) -> None:
        tag = _tag(node)
        if not tag or tag in ("script", "style"):
            return
        if tag in _TABLE_TAGS and _first(node, "tr", "row") is not None:
            _write_table(self.builder, node)
        elif tag in _HEADING_TAGS and len(text := _inline(node)) <= 200:
            self.builder.heading(text, level)
        elif _has_words(node) or not len(node):
            text = _inline(node)
            if tag in ("item", "li"):
                self.builder.item(text)
            else:
                self.builder.block(text)
        else:
            titled = any(_tag(c) in _HEADING_TAGS for c in node)
            for child in node:
                own = _tag(child) in _HEADING_TAGS
                self.write(child, level + (1 if titled and not own else 0))


def _has_words(node: Any) -> bool:
    if (node.text or "").strip():
        return True
    return any((child.tail or "").strip() for child in node)
