"""medrag mcp: the documents as tools for an agent on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from medrag.cli.common import ConfigOption, LibraryOption, State, opened

CollectionsOption = Annotated[
    str | None,
    typer.Option("--collections", help="Only these, with commas between.", metavar="A,B"),
]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(mcp)


def mcp(
    ctx: typer.Context,
    collections: CollectionsOption = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Offer search, ask and verify to an agent as tools (MCP over standard input and output).

    Name this command in the agent's settings; the agent starts and ends it. medrag itself sends
    nothing anywhere, but an agent may send on what it was answered.
    """
    from medrag.server.access import Caller
    from medrag.server.mcp_stdio import serve_stdio
    from medrag.server.settings import load_serve_settings

    state: State = ctx.ensure_object(State)
    serve = load_serve_settings(config or state.config)
    caller = Caller(
        id="local", name=_user(), role="reader", kind="local", collections=_named(collections)
    )
    with opened(ctx, library, config) as engine:
        code = serve_stdio(engine, serve, caller)
    if code:
        raise typer.Exit(code)


def _named(collections: str | None) -> frozenset[str] | None:
    from medrag.errors import UsageError

    if collections is None:
        return None
    names = frozenset(name.strip() for name in collections.split(",") if name.strip())
    if not names:
        raise UsageError("--collections names none.", "Write --collections guidelines,formulary")
    return names


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return "local"
