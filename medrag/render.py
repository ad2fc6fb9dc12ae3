"""Answers, passages and reports for a person at a terminal.

Read at a glance, at night: the answer first, a word (never colour alone) for each verdict, then
the sources with the page to turn to. Plain text where the output is a pipe or NO_COLOR is set.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection, Sequence
from typing import IO, TYPE_CHECKING, cast

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from medrag.errors import one_line

if TYPE_CHECKING:
    from medrag.types import (
        Answer,
        CheckedClaim,
        Document,
        DocumentInfo,
        Failure,
        IngestReport,
        Passage,
        Source,
    )

_TRAILING = re.compile(r" +(?=\n)")
_WIDTH = 100
_SNIPPET = 320
_VERDICTS = {
    "supported": ("supported", "green"),
    "partial": ("partly supported - check the source", "yellow"),
    "unsupported": ("NOT SUPPORTED by its source", "bold yellow"),
    "contradicted": ("CONTRADICTED by its source - do not rely on it", "bold red"),
    "uncited": ("cites no source", "bold yellow"),
}
_CHECKED = "checked sentence by sentence. Not a medical device."
_VERBATIM_BY = "extractive"  # the generator that quotes; every other is a language model


def console(*, stderr: bool = False) -> Console:
    """A console as wide as is good to read; rich itself obeys NO_COLOR and pipes."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        trimmed = cast("IO[str]", (_Heard if stderr else _Trimmed)(made.file))
        return Console(file=trimmed, highlight=False, width=_WIDTH)
    if made.width > _WIDTH:
        return Console(stderr=stderr, highlight=False, width=_WIDTH)
    return made


class _Trimmed(io.TextIOBase):
    """A file to which lines are written without the spaces that fill a table's last column."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(_TRAILING.sub("", text))

    def flush(self) -> None:
        self._file.flush()


class _Heard(_Trimmed):
    """Standard error. That nobody reads on (``2>&1 | head``) makes no failure of what was done."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            return self._silenced(len(text))

    def flush(self) -> None:
        try:
            super().flush()
        except BrokenPipeError:
            self._silenced(0)

    def _silenced(self, length: int) -> int:
        """Write to nothing from now on: Python would complain when it flushes at the end."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._file.fileno())
        os.close(nothing)
        return length


def show_answer(out: Console, answer: Answer) -> None:
    """The answer, or the abstention with the nearest passages."""
    if answer.abstained:
        _show_abstention(out, answer)
        return
    out.print()
    for claim in answer.claims:
        show_claim(out, claim)
    show_warnings(out, answer.warnings)
    show_sources(out, answer)
    out.print()
    show_footer(out, answer)


def show_claim(out: Console, claim: CheckedClaim) -> None:
    """A sentence with its verdict, and what the rules found against it."""
    words, colour = _VERDICTS[claim.verdict.label]
    line = Text(one_line(claim.text))
    line.append(f"  ({words})", colour)
    out.print(_hanging("  ", line, ""))
    for problem in claim.verdict.problems:
        out.print(_hanging("    ! ", Text(problem), "yellow"))


def show_warnings(out: Console, warnings: Sequence[str]) -> None:
    """What the reader of an answer must know, a paragraph each."""
    for warning in warnings:
        out.print(_hanging("! ", Text(one_line(warning)), "bold yellow"))


def show_sources(out: Console, answer: Answer, *, known: Collection[int] = ()) -> None:
    """The sources of an answer, with the sentences that it stands on. Of those ``known`` (by
    their marker) the reader has seen the file's path."""
    out.print()
    out.print(Text("Sources", "bold"))
    for source in answer.sources:
        _show_source(out, source, answer.claims)
        if source.marker not in known:
            path = one_line(source.passage.document.path)
            out.print(Padding(Text(path, "dim"), (0, 0, 0, 4)))


def show_footer(out: Console, answer: Answer, *, whose: str = "") -> None:
    """Whose words the answer is in (``whose``, where the caller knows better), and what it took."""
    if not whose:
        quoted = answer.generator == _VERBATIM_BY
        whose = "Verbatim" if quoted else f"Written by {one_line(answer.generator)}"
    words = f"{whose} from your documents, {_CHECKED} ({answer.usage.seconds:.1f} s)"
    out.print(Text(words, "dim"))


def _show_source(out: Console, source: Source, claims: Sequence[CheckedClaim]) -> None:
    passage = source.passage
    out.print(_hanging(f"[{source.marker}] ", Text(place(passage)), "bold"))
    for claim in claims:
        evidence = claim.verdict.evidence
        if evidence is not None and evidence.marker == source.marker:
            quote = " ".join(evidence.quote.split())
            line = Text(f"\u201c{_short(quote)}\u201d")
            if evidence.pages and evidence.pages != passage.page_labels:
                line.append(f" (page {_range(evidence.pages)})", "bold")
            out.print(Padding(line, (0, 0, 0, 4)))


def _show_abstention(out: Console, answer: Answer) -> None:
    out.print()
    out.print(Text("NO ANSWER", "bold yellow").append(f"  {answer.text}", "bold"))
    if answer.reason:
        out.print(f"           {answer.reason}")
    if answer.withheld:
        out.print(f"           {len(answer.withheld)} sentence(s) withheld.")
    if not answer.sources:
        return
    out.print()
    out.print(Text("The nearest passages are NOT an answer:", "bold"))
    for source in answer.sources:
        out.print(_hanging("  - ", Text(place(source.passage)), ""))
        snippet = _short(" ".join(source.passage.chunk.text.split()), 160)
        out.print(Padding(Text(snippet, "dim"), (0, 0, 0, 4)))


def place(passage: Passage) -> str:
    """Where a passage stands: title, version, date, page, section."""
    document = passage.document
    parts = [one_line(document.title)]
    meta = document.meta
    if meta.version and meta.version not in document.title:
        parts.append(f"version {meta.version}")
    if meta.effective_date:
        parts.append(f"effective {meta.effective_date}")
    if meta.status and "supersed" in meta.status.lower():
        parts.append("SUPERSEDED")
    if passage.page_labels:
        parts.append(f"page {one_line(_range(passage.page_labels))}")
    section = (passage.section or "").removeprefix(document.title).strip(" >")
    if section:
        parts.append(one_line(section))
    return " \u00b7 ".join(parts)


def show_passages(out: Console, passages: Sequence[Passage]) -> None:
    """Search results, best first."""
    if not passages:
        out.print("Nothing found.")
    for rank, passage in enumerate(passages, start=1):
        out.print()
        out.print(_hanging(f"{rank}. ", Text(place(passage)), "bold"))
        out.print(Padding(Text(_short(passage.chunk.text)), (0, 0, 0, 4)))
        found = ", ".join(f"{arm} {rank}" for arm, rank in passage.ranks.items())
        note = f"score {passage.score:.3f}; {found}; {one_line(passage.document.path)}"
        out.print(Padding(Text(note, "dim"), (0, 0, 0, 4)))


def show_report(out: Console, report: IngestReport) -> None:
    """What an ingest did, in a line, then everything a person should look at."""
    chunks = sum(item.chunks for item in (*report.added, *report.updated))
    out.print(
        f"{len(report.added)} added, {len(report.updated)} updated,"
        f" {len(report.unchanged)} unchanged, {len(report.removed)} removed,"
        f" {len(report.failed)} failed; {chunks} passages in {report.seconds:.1f} s."
    )
    for item in (*report.added, *report.updated):
        for warning in item.warnings:
            out.print(_hanging("! ", Text(f"{one_line(item.path)}: {warning}"), "yellow"))
    for failure in report.failed:
        show_failure(out, failure)


def show_failure(out: Console, failure: Failure) -> None:
    """A file that was left out, why, and what to do."""
    text = f"{one_line(failure.path)}: {failure.error} {failure.remedy}"
    out.print(_hanging("x ", Text(text), "red"))


def show_documents(out: Console, documents: Sequence[DocumentInfo]) -> None:
    """A line or two for each document of the library."""
    for document in documents:
        meta = document.meta
        facts = [
            f"version {meta.version}" if meta.version else "",
            f"effective {meta.effective_date}" if meta.effective_date else "",
            f"{document.pages} pages" if document.pages else "",
            f"{document.chunks} passages",
            ", ".join(document.collections),
        ]
        out.print(Text(document.id[:12], "dim").append(f"  {one_line(document.title)}", "bold"))
        out.print(Padding(Text("; ".join(filter(None, facts))), (0, 0, 0, 14)))
        out.print(Padding(Text(one_line(document.path), "dim"), (0, 0, 0, 14)))


def show_document(out: Console, document: Document) -> None:
    """A document's headings and pages, then its text."""
    out.print(Text(one_line(document.title), "bold"))
    out.print(Text(one_line(document.path), "dim"))
    for warning in document.meta.warnings:
        out.print(_hanging("! ", Text(warning), "yellow"))
    out.print()
    out.print(Text(document.text))


def _range(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"


def _short(text: str, limit: int = _SNIPPET) -> str:
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " ..."


def _hanging(prefix: str, body: Text, style: str) -> Padding:
    """A paragraph whose further lines stand under its first word, not under its prefix."""
    from rich.table import Table

    grid = Table.grid(padding=0)
    grid.add_column(width=len(prefix), no_wrap=True)
    grid.add_column()
    grid.add_row(Text(prefix.rstrip(), style), body)
    return Padding(grid, 0)
