"""HTML: the page's own words, without the site around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from medrag.errors import ReadError
from medrag.readers.common import Builder, digest, one_line, superscript
from medrag.readers.meta import find_meta
from medrag.readers.plain import decode
from medrag.readers.tables import grid, render
from medrag.types import Document

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_DROPPED_WORDS = """
    del s strike script style noscript template nav footer aside form head svg math iframe object
    button select input textarea dialog audio video canvas map
"""
_DROPPED = frozenset(_DROPPED_WORDS.split())
_BLOCKS_WORDS = """
    address article blockquote body center dd details div dl dt fieldset figcaption figure
    header hr html legend li main ol p pre section summary table tbody td tfoot th thead tr
    ul caption h1 h2 h3 h4 h5 h6
"""
_BLOCKS = frozenset(_BLOCKS_WORDS.split())
_HEADINGS = {f"h{i}": i for i in range(1, 7)}
_SITE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w-]+)", re.I
)
_XHTML = re.compile(r"<\?xml[^>]*\?>")


def read(path: str, data: bytes) -> Iterator[Document]:
    """The page as one document."""
    from selectolax.lexbor import LexborHTMLParser

    builder = Builder()
    declared = _CHARSET.search(data[:4096])
    encoding = declared[1].decode("ascii") if declared else None
    # Browsers read a declared latin-1 as Windows-1252, and pages count on it.
    encoding = "cp1252" if (encoding or "").lower() in ("iso-8859-1", "latin1") else encoding
    text = decode(data, builder.warnings, encoding)
    tree = LexborHTMLParser(_XHTML.sub("", text, count=1))
    if tree.body is None:
        raise ReadError("The HTML holds no text.", "Check that the page was saved whole.")
    Walker(builder).walk(_content(tree))
    title = tree.css_first("title")
    root = tree.css_first("html")
    language = root.attributes.get("lang") if root is not None else None
    titles = (builder.first_heading(), title.text() if title is not None else None)
    yield builder.document(
        path, digest(data), titles, find_meta(builder.head(), language=one_line(language or ""))
    )


def write_html(builder: Builder, fragment: str) -> None:
    """Write the blocks of a fragment of HTML, as where Markdown holds some."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(fragment)
    if tree.body is not None:
        Walker(builder).walk(tree.body)


def _content(tree: Any) -> LexborNode:
    """The element that holds the page's own text: main or article, where it holds most of it."""
    body: LexborNode = tree.body
    whole = len(_visible(body))
    for selector in ("main", "[role=main]", "article"):
        found = tree.css(selector)
        if len(found) == 1 and len(_visible(found[0])) >= 0.5 * whole:
            main: LexborNode = found[0]
            return main
    return body


def _visible(node: LexborNode) -> str:
    probe = Builder()
    Walker(probe).walk(node)
    return "".join(probe.parts)


def _hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or "display:none" in style
        or "visibility:hidden" in style
        or attributes.get("role") in _SITE_ROLES
    )


class Walker:
    """Walks a tree of elements and writes its blocks."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.inline: list[str] = []
        self.label = ""

    def walk(self, node: LexborNode) -> None:
        """Write all blocks under ``node``."""
        self._children(node)
        self._flush()

    def _children(self, node: LexborNode) -> None:
        child = node.child
        while child is not None:
            self._node(child)
            child = child.next

    def _node(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self.inline.append(node.text(deep=False) or "")
        elif self._skipped(tag, node):
            return
        elif tag == "br":
            self._flush()
        elif tag == "sup":
            self.inline.append(superscript(node.text()))
        elif tag in _HEADINGS:
            self._flush()
            self.builder.heading(node.text(separator=" "), _HEADINGS[tag])
        elif tag in _BLOCKS:
            self._flush()
            self._block(tag, node)
            self._flush()
        else:
            self._children(node)

    def _skipped(self, tag: str, node: LexborNode) -> bool:
        if tag.startswith("-") or tag in _DROPPED or _hidden(node):
            return True
        return tag == "header" and not self._own_header(node)

    @staticmethod
    def _own_header(node: LexborNode) -> bool:
        """Whether a header belongs to the article (it holds a heading) and not to the site."""
        parent = node.parent
        inside = parent is not None and parent.tag in ("article", "main", "section")
        return inside or (node.css_first("h1") is not None and node.css_first("nav") is None)

    def _block(self, tag: str, node: LexborNode) -> None:
        if tag == "table":
            self._table(node)
        elif tag in ("ul", "ol"):
            self._list(tag, node)
        elif tag == "pre":
            for line in node.text().split("\n"):
                self.builder.block(line, "line")
        elif tag == "dl":
            self._definitions(node)
        else:
            self._children(node)

    def _flush(self) -> None:
        text = one_line("".join(self.inline))
        self.inline.clear()
        if text and self.label:
            self.builder.item(text, self.label)
            self.label = ""
        elif text:
            self.builder.block(text)

    def _list(self, tag: str, node: LexborNode) -> None:
        start = node.attributes.get("start") or ""
        number = int(start) if start.isdecimal() and len(start) < 6 else 1
        for child in _elements(node):
            if child.tag != "li" or _hidden(child):
                self._node(child)
                continue
            self.label = f"{number}." if tag == "ol" else "-"
            number += 1
            self._children(child)
            self._flush()
            self.label = ""

    def _definitions(self, node: LexborNode) -> None:
        term = ""
        for child in node.css("dt, dd"):
            text = one_line(child.text(separator=" "))
            if child.tag == "dt":
                if term:
                    self.builder.block(term)
                term = text
            elif text:
                self.builder.row(f"{term.rstrip(':')}: {text}" if term else text)
                term = ""
        self.builder.block(term)

    def _table(self, node: LexborNode) -> None:
        caption = node.css_first("caption")
        if caption is not None:
            self.builder.block(caption.text(separator=" "))
        layout = node.css_first("table table") is not None
        if layout or node.attributes.get("role") == "presentation":
            self._children(node)
            return
        rows: list[list[tuple[str, int, int, bool]]] = []
        for tr in node.css("tr"):
            head = tr.parent is not None and tr.parent.tag == "thead"
            cells = [c for c in _elements(tr) if c.tag in ("td", "th") and not _hidden(c)]
            rows.append(
                [
                    (_cell_text(c), _span(c, "colspan"), _span(c, "rowspan"), head or c.tag == "th")
                    for c in cells
                ]
            )
        for line in render(grid(rows)):
            self.builder.row(line)


def _elements(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        if not (child.tag or "-").startswith("-"):
            yield child
        child = child.next


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or "1"
    return min(int(value), 1000) if value.isdecimal() and len(value) < 6 else 1


def _cell_text(cell: LexborNode) -> str:
    """The text of a cell; its paragraphs and list items are set apart by semicolons."""
    inner = Builder()
    Walker(inner).walk(cell)
    lines = [line.removeprefix("- ") for line in "".join(inner.parts).split("\n") if line]
    out = ""
    for line in lines:
        out += ("" if not out else " " if out[-1] in ".;:,!?" else "; ") + line
    return out
