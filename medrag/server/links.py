"""Where a quote can be read: links to the page of this server, and what stands in Markdown.

Text of documents goes into Markdown that other people's programs render, so whatever would be
more than text there (an image, which a browser would fetch, a link, HTML) is made plain.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from fastapi import Request

from medrag.errors import one_line
from medrag.server.settings import ServeSettings
from medrag.types import DocumentInfo

# Markdown only reads a backslash as an escape before punctuation; an even number stays even.
_TAG = re.compile(r"(\\*)<(?=[A-Za-z/!?])")
_LINK = re.compile(r"\](?=[(:])")
_FENCE = re.compile(r"^\s*(?=```|~~~)")
_FENCED = re.compile(r"^\\(?=```|~~~)")
_BULLET = re.compile(r"^[-*+\u2022]\s+")
_SIGNS = re.compile(r"([\\`*_\[\]|~])")
_OPENS = re.compile(r"^(\d*)([-+#.)])(?=\s)")
_MARKS = re.compile(r"([\\`*_\[\]<>#|~!&])")


def base_url(request: Request, serve: ServeSettings) -> str:
    """Where people reach this server, without a slash at the end."""
    return (serve.public_url or str(request.base_url)).rstrip("/")


def source_url(base: str, document: str, start: int, end: int, pages: Sequence[str] = ()) -> str:
    """The page that shows these characters of a document."""
    span = {"start": start, "end": end} | ({"page": pages[0]} if pages else {})
    return f"{base}/#/source/{quote(document, safe='')}?{urlencode(span)}"


def place_of(document: DocumentInfo, pages: Sequence[str] = (), section: str | None = None) -> str:
    """A place in a few plain words: "Title, version 2.0, p. 12, Section"."""
    version = document.meta.version
    named = not version or version in document.title
    title = document.title if named else f"{document.title}, version {version}"
    return one_line(", ".join(filter(None, [title, spot_in(document, pages, section)])))


def spot_in(document: DocumentInfo, pages: Sequence[str], section: str | None) -> str:
    """The same without the document: "p. 12, Section", or nothing."""
    within = (section or "").removeprefix(document.title).strip(" >")
    if len(pages) > 1:
        return one_line(", ".join(filter(None, [f"pp. {pages[0]} to {pages[-1]}", within])))
    return one_line(", ".join(filter(None, [*(f"p. {page}" for page in pages), within])))


def in_markdown(text: str) -> str:
    """A sentence as Markdown that shows it and does nothing else; most come out as they are."""
    text = _TAG.sub(lambda found: f"{found[1] * 2}\\<", _flat(text))
    return _FENCE.sub(r"\\", _LINK.sub(r"]\\", text))


def out_of_markdown(text: str) -> str:
    """What ``in_markdown`` was given."""
    return _FENCED.sub("", text).replace("\\<", "<").replace("]\\(", "](").replace("]\\:", "]:")


def escaped(text: str) -> str:
    """Text as Markdown for a program that may also render HTML: nothing in it is either."""
    text = _BULLET.sub("", _flat(text))
    text = _OPENS.sub(r"\1\\\2", _SIGNS.sub(r"\\\1", html.escape(text, quote=False)))
    return text.replace("://", "\\://").replace("www.", "www\\.")


def link(label: str, url: str) -> str:
    """A Markdown link."""
    shown = _MARKS.sub(r"\\\1", one_line(label))
    return f"[{shown}]({url})"


def _flat(text: str) -> str:
    return one_line(" ".join(text.split()))
