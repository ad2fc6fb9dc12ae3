"""A document into chunks: whole sentences, inside one section, offsets kept.

Page and section of a chunk are looked up by its offsets, never carried along in its text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from medrag.text import Span, sentences
from medrag.types import Chunk, Document, Section, chunk_id

# Raise this when a change here makes other chunks: documents are then chunked again.
CHUNKING_VERSION = 3


def chunk_document(
    document: Document, characters: int = 900, overlap_sentences: int = 1
) -> list[tuple[Chunk, str | None]]:
    """The chunks of a document in order, each with the title of the section it stands in.

    A chunk holds whole sentences up to ``characters``, starts with the last
    ``overlap_sentences`` of the chunk before where both are in one section, and never crosses a
    heading of a section that has a text of its own. Every sentence is in at least one chunk.
    """
    chunks: list[tuple[Chunk, str | None]] = []
    for section, spans in _by_section(document):
        for start, end in _pack(spans, characters, overlap_sentences):
            chunk = Chunk(
                id=chunk_id(document.id, start, end),
                document_id=document.id,
                ordinal=len(chunks),
                start=start,
                end=end,
                text=document.text[start:end],
            )
            chunks.append((chunk, section))
    return chunks


def section_path(sections: tuple[Section, ...], offset: int) -> str | None:
    """The headings above an offset, outermost first, joined by " > "; None outside any."""
    titles = [section.title for section in sections if section.start <= offset < section.end]
    return " > ".join(dict.fromkeys(titles)) or None


def embedding_text(document: Document, chunk: Chunk, section: str | None) -> str:
    """What is embedded for a chunk: its document's title and section before its own words."""
    head = [document.title]
    if section and section != document.title:
        head.append(section.removeprefix(f"{document.title} > "))
    return "\n".join([*head, chunk.text])


def _by_section(document: Document) -> Iterator[tuple[str | None, list[Span]]]:
    """Runs of sentences between two headings; a heading without text joins the run after it."""
    starts = sorted({section.start for section in document.sections})
    run: list[Span] = []
    current = 0
    heading_only = True
    for start, end in _limited(document.text, sentences(document.text)):
        place = bisect_right(starts, start)
        if place != current and run and not heading_only:
            yield section_path(document.sections, run[-1][0]), run
            run = []
            heading_only = True
        current = place
        run.append((start, end))
        heading_only = heading_only and start in starts
    if run:
        yield section_path(document.sections, run[-1][0]), run


def _limited(text: str, spans: list[Span], limit: int = 3600) -> Iterator[Span]:
    """Spans, those beyond the limit cut at a space (tables or logs without a full stop)."""
    for start, end in spans:
        while end - start > limit:
            cut = text.rfind(" ", start + 1, start + limit)
            cut = cut if cut > start else start + limit
            yield start, cut
            start = cut + 1 if text[cut].isspace() else cut
        if start < end:
            yield start, end


def _pack(spans: list[Span], characters: int, overlap: int) -> Iterator[Span]:
    first = 0
    while first < len(spans):
        last = first
        while last + 1 < len(spans) and spans[last + 1][1] - spans[first][0] <= characters:
            last += 1
        yield spans[first][0], spans[last][1]
        if last + 1 == len(spans):
            return
        # Step back for the overlap, but always forward on the whole, and only where the
        # sentences that are repeated leave room for the next one.
        next_first = last + 1
        back = max(first + 1, next_first - overlap)
        while back < next_first and spans[next_first][1] - spans[back][0] > characters:
            back += 1
        first = back
