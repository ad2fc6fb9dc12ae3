"""Markdown, with the tables and the HTML that people put into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from medrag.readers.common import LABELLED, Builder, digest, superscript
from medrag.readers.html import write_html
from medrag.readers.meta import find_meta
from medrag.readers.plain import decode
from medrag.readers.tables import Cell, render
from medrag.types import Document

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S)
_KEYS = {
    "date": "Published", "published": "Published", "effective": "Effective date",
    "effective_date": "Effective date", "review": "Review date", "review_date": "Review date",
    "next_review": "Review date", "expires": "Review date", "version": "Version",
    "status": "Status",
}  # fmt: skip


def read(path: str, data: bytes) -> Iterator[Document]:
    """The Markdown file as one document."""
    builder = Builder()
    text = decode(data, builder.warnings)
    front, text = front_matter(text)
    write_markdown(builder, text)
    head = "\n".join(f"{_KEYS[k]}: {v}" for k, v in front.items() if k in _KEYS)
    meta = find_meta(f"{head}\n{builder.head()}", language=front.get("lang"))
    titles = (front.get("title"), builder.first_heading())
    yield builder.document(path, digest(data), titles, meta)


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The plain ``key: value`` lines of YAML front matter, and the text after it."""
    match = _FRONT.match(text)
    if match is None:
        return {}, text
    lines = match[1].splitlines()
    pairs = [re.match(r"([A-Za-z][\w -]*?)\s*:\s*(.+)$", line) for line in lines]
    if not any(pairs):
        return {}, text  # a rule, a paragraph and a rule: not front matter
    values = {m[1].lower().replace("-", "_").replace(" ", "_"): m[2] for m in pairs if m}
    return {k: v.strip().strip("\"'") for k, v in values.items()}, text[match.end() :]


def write_markdown(builder: Builder, text: str) -> None:
    """Write the blocks of a Markdown text."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    _Writer(builder).write(parser.parse(text))


class _Writer:
    """Turns the parser's flat tokens into blocks."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.lists: list[int] = []  # the next number of each open list, 0 for bullets
        self.label = ""
        self.html: list[str] = []

    def write(self, tokens: list[Token]) -> None:
        i = 0
        while i < len(tokens):
            token = tokens[i]
            if token.type == "html_block":
                # A blank line inside an HTML table splits it into blocks: they are one table.
                i = self._html(tokens, i)
                continue
            if token.type == "heading_open":
                self.builder.heading(_inline(tokens[i + 1]), int(token.tag[1]))
                i += 3
                continue
            if token.type == "table_open":
                i = self._table(tokens, i)
                continue
            self._token(token)
            i += 1

    def _token(self, token: Token) -> None:
        if token.type == "bullet_list_open":
            self.lists.append(0)
        elif token.type == "ordered_list_open":
            self.lists.append(int(token.attrs.get("start", 1)) or 1)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self.lists.pop()
        elif token.type == "list_item_open":
            number = self.lists[-1]
            self.label = f"{number}." if number else "-"
            self.lists[-1] = number + 1 if number else 0
        elif token.type == "list_item_close":
            self.label = ""
        elif token.type == "inline":
            lines = _inline(token, "\n").split("\n")
            if not all(LABELLED.match(line) for line in lines):
                lines = _inline(token).split("\n")
            for line in lines:
                self._block(line)
        elif token.type in ("fence", "code_block"):
            for line in token.content.split("\n"):
                self.builder.block(line, "line")

    def _block(self, text: str) -> None:
        if self.label and text.strip():
            self.builder.item(text, self.label)
            self.label = ""
        else:
            self.builder.block(text)

    def _table(self, tokens: list[Token], i: int) -> int:
        rows: list[list[Cell]] = []
        while tokens[i].type != "table_close":
            token = tokens[i]
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                text = _inline(tokens[i + 1]).replace("\n", "; ")
                rows[-1].append(Cell(text, header=token.type == "th_open"))
            i += 1
        named = any(cell.text for cell in rows[0]) if rows else False
        for line in render(rows, None if named else 0):
            self.builder.row(line)
        return i + 1

    def _html(self, tokens: list[Token], i: int) -> int:
        source = ""
        while i < len(tokens):
            token = tokens[i]
            if token.type not in (
                "html_block",
                "paragraph_open",
                "paragraph_close",
                "inline",
                "code_block",
                "fence",
            ):
                break
            if token.type != "html_block" and not _open_table(source):
                break
            source += token.content
            i += 1
        write_html(self.builder, source)
        return i


def _open_table(source: str) -> bool:
    opened = len(re.findall(r"<table\b", source, re.I))
    return opened > len(re.findall(r"</table\s*>", source, re.I))


def _inline(token: Token, soft: str = " ") -> str:
    """The words of an inline token: links keep their text, pictures are dropped."""
    out: list[str] = []
    struck = raised = False
    for child in token.children or ():
        tag = child.content.lower().replace(" ", "") if child.type == "html_inline" else ""
        if child.type in ("s_open", "s_close") or re.match(r"</?(?:s|del|strike)>", tag):
            # What was struck out is not what the document says any more.
            struck = child.type == "s_open" or (bool(tag) and tag[1] != "/")
        elif tag in ("<sup>", "</sup>"):
            raised = tag == "<sup>"
        elif struck:
            continue
        elif child.type == "text" and raised:
            out.append(superscript(child.content))
        elif child.type in ("text", "code_inline"):
            out.append(child.content)
        elif child.type == "softbreak":
            out.append(soft)
        elif child.type == "hardbreak" or re.match(r"<br\b", child.content, re.I):
            out.append("\n")
    return "".join(out)
