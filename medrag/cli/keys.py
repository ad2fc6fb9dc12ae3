"""Commands about the keys of the server: make one, list them, end one."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medrag.cli.common import JsonOption, LibraryOption, State, print_json, readable
from medrag.server.access import Role

if TYPE_CHECKING:
    from medrag.server.keys import KeyStore

keys_app = typer.Typer(help="The keys that the server lets in.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(keys_app, name="keys")


@keys_app.command("add")
def keys_add(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Who or what will use it.", show_default=False)
    ],
    role: Annotated[
        Role, typer.Option(help="reader asks, curator also changes documents, admin everything.")
    ],
    collections: Annotated[
        str,
        typer.Option(help="What it may see: names with commas, or '*' for all.", metavar="A,B"),
    ],
    origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Only from pages of this origin; repeatable. For widgets.", metavar="ORIGIN"
        ),
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The last day on which it works (UTC).", metavar="DATE"
        ),
    ] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
) -> None:
    """Make a key. It is printed once and stored as a hash only."""
    from medrag.server.keys import key_form

    seen = None if collections.strip() == "*" else readable(collections).split(",")
    record, key = _store(ctx, library).add(
        readable(name),
        role,
        seen,
        origins=[readable(text) for text in origin or ()],
        expires=expires.date() if expires else None,
    )
    if as_json:
        print_json({"key": key, **key_form(record)})
        return
    typer.echo(
        f"Key {record.id} for '{record.name}'. It is shown this once: keep it where secrets are"
        " kept.",
        err=True,
    )
    sys.stdout.write(key + "\n")


@keys_app.command("list")
def keys_list(
    ctx: typer.Context, as_json: JsonOption = False, library: LibraryOption = None
) -> None:
    """All keys that were made, without the keys themselves."""
    from medrag.server.keys import key_form

    forms = [key_form(record) for record in _store(ctx, library).list()]
    if as_json:
        print_json({"keys": forms})
        return
    for form in forms:
        typer.echo("  ".join(_facts(form)))
    if not forms:
        typer.echo("No keys. Make one with: medrag keys add NAME --role reader --collections '*'")


@keys_app.command("revoke")
def keys_revoke(
    ctx: typer.Context,
    wanted: Annotated[
        str, typer.Argument(metavar="NAME_OR_ID", help="Which one.", show_default=False)
    ],
    as_json: JsonOption = False,
    library: LibraryOption = None,
) -> None:
    """End a key at once, also for a server that runs."""
    from medrag.server.keys import key_form

    record = _store(ctx, library).revoke(readable(wanted))
    if as_json:
        print_json({"revoked": key_form(record)})
        return
    typer.echo(f"Revoked: {record.id} '{record.name}'.", err=True)


def _store(ctx: typer.Context, library: Path | None) -> KeyStore:
    from medrag.config import library_folder
    from medrag.server.keys import KeyStore

    state: State = ctx.ensure_object(State)
    return KeyStore(library_folder(library or state.library))


def _facts(form: dict[str, Any]) -> list[str]:
    """A key on one line."""
    from medrag.errors import one_line

    seen = "all collections" if form["collections"] is None else ", ".join(form["collections"])
    facts = [form["id"], f"{form['state']:7}", f"{form['role']:7}", form["name"], f"({seen})"]
    if form["origins"]:
        facts.append("from " + ", ".join(form["origins"]))
    if form["expires"]:
        facts.append(f"until {form['expires']}")
    return [one_line(fact) for fact in facts]
