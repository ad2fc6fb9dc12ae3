"""medrag serve: the HTTP API, the page and the widget."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from medrag.cli.common import ConfigOption, JsonOption, LibraryOption, State, opened, print_json


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(serve)


def serve(
    ctx: typer.Context,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on (127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen on (8642; 0: any free one).")
    ] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve the library to this network: API, page, widget, and tools. Stop it with Ctrl-C.

    Anything but this machine needs a key first: medrag keys add NAME --role ... --collections ...
    """
    from medrag.render import console

    state: State = ctx.ensure_object(State)
    if "OMP_WAIT_POLICY" not in os.environ:
        # Many small searches side by side: threads that spin for more work take it from others.
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    from medrag.server.app import make_app
    from medrag.server.run import serve_forever
    from medrag.server.settings import load_serve_settings

    settings = load_serve_settings(config or state.config, host=host, port=port)

    def ready(address: str) -> None:
        if as_json:
            print_json({"address": address, "pid": os.getpid()})
        console(stderr=True).print(
            f"medrag serves at {address}. Stop it with Ctrl-C.", markup=False
        )

    with opened(ctx, library, config, rerank_searches=settings.rerank_searches) as engine:
        serve_forever(make_app(engine, settings), settings, ready)
