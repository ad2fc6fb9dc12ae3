"""Commands about what is in the library: ingest, documents, doctor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medrag.cli.common import ConfigOption, JsonOption, LibraryOption, opened, print_json, readable

if TYPE_CHECKING:
    from medrag.types import IngestReport

documents_app = typer.Typer(help="List, show or remove documents.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(ingest)
    app.add_typer(documents_app, name="documents")
    app.command()(doctor)


def ingest(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Folders and files.", show_default=False)],
    collection: Annotated[
        str, typer.Option("--collection", help="Put them into this collection.")
    ] = "default",
    keep_missing: Annotated[
        bool, typer.Option("--keep-missing", help="Keep documents whose files are gone.")
    ] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Bring documents into the library. Run it again whenever they change."""
    from medrag.cli.progress import ingest_progress
    from medrag.forms import report_form
    from medrag.render import console, show_report

    with opened(ctx, library, config) as engine:
        with ingest_progress() as progress:
            report = engine.ingest(
                list(paths),
                collection=collection,
                keep_missing=keep_missing,
                progress=progress,
            )
        if as_json:
            print_json(report_form(report))
        show_report(console(stderr=True), report)
    raise typer.Exit(_ingest_code(report, paths))


def _ingest_code(report: IngestReport, paths: list[Path]) -> int:
    """1 when none of the files could be read, or a path that was named could not; else 0.

    A folder may hold what nobody meant to ingest: that is named, and no failure. What was read
    before and has not changed counts as read, so that the same run again ends alike.
    """
    from medrag.discover import shown

    read = report.added or report.updated or report.unchanged
    named = {shown(os.path.abspath(path)) for path in paths}
    missed = any(failure.path in named for failure in report.failed)
    return 1 if missed or (report.failed and not read) else 0


@documents_app.command("list")
def documents_list(
    ctx: typer.Context,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """All documents."""
    from medrag.forms import listed_document_form
    from medrag.render import console, show_documents

    with opened(ctx, library, config) as engine:
        documents = engine.documents()
    if as_json:
        print_json({"documents": [listed_document_form(info) for info in documents]})
    else:
        show_documents(console(), documents)


@documents_app.command("show")
def documents_show(
    ctx: typer.Context,
    document: Annotated[str, typer.Argument(help="Its id (or first digits) or path.")],
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """One document as medrag reads it: pages, headings, text."""
    from dataclasses import asdict

    from medrag.render import console, show_document

    with opened(ctx, library, config) as engine:
        found = engine.document(readable(document))
    if as_json:
        print_json(asdict(found))
    else:
        show_document(console(), found)


@documents_app.command("remove")
def documents_remove(
    ctx: typer.Context,
    document: Annotated[str, typer.Argument(help="Its id (or first digits) or path.")],
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Take a document out. Its text and vectors are erased; its file stays where it is."""
    from medrag.forms import listed_document_form
    from medrag.render import console

    with opened(ctx, library, config) as engine:
        removed = engine.remove(readable(document))
    if as_json:
        print_json({"removed": [listed_document_form(info) for info in removed]})
    out = console(stderr=True)
    for info in removed:
        out.print(f"Removed: {info.title}", markup=False)
        if Path(info.path).is_file():
            out.print("Its file is still there: the next ingest of its folder reads it again.")


def doctor(
    ctx: typer.Context,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """What is installed, what is missing, whether the library is whole, what could reach out."""
    from medrag.doctor import examine
    from medrag.render import console
    from medrag.render_doctor import show_examination

    with opened(ctx, library, config) as engine:
        report = examine(engine)
    if as_json:
        print_json(report)
    else:
        show_examination(console(), report)
    if not report["ok"]:
        raise typer.Exit(1)
