"""Commands about the audit log: is it whole, where does it stand, what does it say."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medrag.cli.common import ConfigOption, JsonOption, LibraryOption, State, print_json, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from medrag.server.audit_verify import Report

audit_app = typer.Typer(help="The audit log of the server.", no_args_is_help=True)

_WIDTHS = (7, 20, 16, 10)  # of the columns: number, time, who, what was done


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(audit_app, name="audit")


@audit_app.command("verify")
def audit_verify(
    ctx: typer.Context,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect", metavar="SEQ:HASH", help="What `medrag audit head` printed before."
        ),
    ] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Find any change to the log. Exit code 0: sound; 1: altered, with the place.

    A log that was replaced by an older copy of itself is found only with --expect.
    """
    from medrag.server.audit_verify import verify

    report = verify(_folder(ctx, library, config), expect=_expected(expect))
    if as_json:
        print_json({"ok": report.ok, **asdict(report)})
    else:
        _show_report(report)
    if not report.ok:
        raise typer.Exit(1)


@audit_app.command("head")
def audit_head(
    ctx: typer.Context,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Print number and hash of the last record. Keep it elsewhere, for verify --expect."""
    from medrag.errors import LibraryError
    from medrag.server.audit_chain import read_head, read_key

    folder = _folder(ctx, library, config)
    key = read_key(folder)
    head = read_head(folder, key) if key is not None else None
    if head is None:
        raise LibraryError(f"There is no whole audit log in {folder}.", "Run medrag audit verify.")
    if as_json:
        print_json({"seq": head.seq, "hash": head.hash})
    else:
        typer.echo(f"{head.seq}:{head.hash}")


@audit_app.command("show")
def audit_show(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Not before this date (UTC).")
    ] = None,
    who: Annotated[
        str | None, typer.Option("--who", metavar="NAME", help="Only of this caller: name or id.")
    ] = None,
    private_key: Annotated[
        Path | None,
        typer.Option("--private-key", metavar="FILE", help="Decipher encrypted questions."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the records as JSON, one a line.")
    ] = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Print the records, oldest first. They are not checked: see verify."""
    import json

    from medrag.server.audit_show import Reading, moment

    reading = Reading(
        _folder(ctx, library, config),
        since=moment(since) if since else "",
        who=readable(who) if who is not None else None,
        decipher=_decipher(private_key),
    )
    if as_json:
        for record in reading.records():
            # ASCII: no character of a question can then steer the terminal.
            typer.echo(json.dumps(record))
    else:
        _show_records(reading.records())
    if reading.broken:
        print(  # noqa: T201
            f"{reading.broken} lines are no records; run medrag audit verify.", file=sys.stderr
        )


@audit_app.command("keygen")
def audit_keygen(
    private_file: Annotated[Path, typer.Argument(help="The private key: keep it off the server.")],
    public_file: Annotated[Path, typer.Argument(help="The public key: [audit] public_key.")],
    as_json: JsonOption = False,
) -> None:
    """Make a pair of keys, to encrypt the questions in the log."""
    from medrag.errors import one_line
    from medrag.server.audit_questions import make_keys

    make_keys(private_file, public_file)
    if as_json:
        print_json({"private": str(private_file), "public": str(public_file)})
    else:
        typer.echo(
            one_line(f"Made {private_file} (keep it off the server) and {public_file}."), err=True
        )


def _folder(ctx: typer.Context, library: Path | None, config: Path | None) -> Path:
    from medrag.config import library_folder
    from medrag.server.settings import load_serve_settings

    state: State = ctx.ensure_object(State)
    serve = load_serve_settings(config or state.config)
    return serve.audit_path(library_folder(library or state.library))


def _expected(text: str | None) -> tuple[int, str] | None:
    from medrag.errors import UsageError

    if text is None:
        return None
    seq, _, digest = text.strip().partition(":")
    if not (seq.isascii() and seq.isdigit() and len(digest) == 64):
        raise UsageError(
            "--expect is no number and hash.", "Give it what medrag audit head printed: SEQ:HASH."
        )
    return int(seq), digest.lower()


def _decipher(private_key: Path | None) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    if private_key is None:
        return dict
    from medrag.server.audit_questions import read_private_key, unsealed

    key = read_private_key(private_key)
    return lambda record: unsealed(record, key)


def _show_report(report: Report) -> None:
    from rich.text import Text

    from medrag.errors import one_line
    from medrag.render import console

    out = console()
    for finding in report.findings:
        place = f"{finding.file} line {finding.line}" if finding.line else finding.file
        out.print(Text(one_line(f"x {place}: {finding.what}"), "red"), soft_wrap=True)
    if report.more:
        out.print(Text(f"x and {report.more} more", "red"))
    for note in report.notes:
        out.print(Text(one_line(f"- {note}")), soft_wrap=True)
    if report.ok:
        out.print(Text(f"Sound: {report.records} records in {len(report.files)} files."))
        out.print(Text(f"Last: {report.seq}:{report.hash}"), soft_wrap=True)
    else:
        out.print(Text(f"ALTERED: {report.records} records are as they were written.", "bold red"))


def _show_records(records: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    from medrag.errors import one_line
    from medrag.render import console
    from medrag.server.audit_show import summary

    out = console()
    for record in records:
        grid = Table.grid(padding=(0, 1, 0, 0))
        for width in _WIDTHS:
            grid.add_column(width=width, no_wrap=True, overflow="ellipsis")
        grid.add_column()
        cells = (
            str(record.get("seq", "")),
            str(record.get("time", ""))[:19],
            record["name"] or record["caller"],
            str(record.get("action", "")),
            summary(record),
        )
        grid.add_row(*(Text(one_line(cell)) for cell in cells))
        out.print(grid)
