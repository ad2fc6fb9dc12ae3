"""The Typer application, and ``main`` with the one ``except`` of the command line."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

# Typer brings pydantic, which would look through every installed package for plugins of its own.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import typer

from medrag.cli import audit, chat, corpus, evaluation, keys, mcp, models, questions, serve
from medrag.cli.common import ConfigOption, LibraryOption, State, print_json

app = typer.Typer(
    name="medrag",
    help="Ask your own medical documents, on this machine. Every sentence cites its page.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(show: bool) -> None:
    if show:
        from medrag import __version__

        typer.echo(f"medrag {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    library: LibraryOption = None,
    config: ConfigOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    state: State = ctx.ensure_object(State)
    state.library, state.config = library, config


corpus.register(app)
models.register(app)
questions.register(app)
chat.register(app)
evaluation.register(app)
serve.register(app)
keys.register(app)
audit.register(app)
mcp.register(app)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 bad usage, 3 abstained."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # So that whatever is begun is cleared up: workers, temporary copies.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(_run())


def _run() -> int:
    from medrag.errors import MedragError, one_line

    try:
        app()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except MedragError as error:
        return _failed(error.message, error.remedy, error.exit_code)
    except KeyboardInterrupt:
        return _failed("Interrupted.", "What was stored is whole; run it again to go on.", 130)
    except BrokenPipeError:
        # Whoever read our output has left. Python would complain again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _failed("Not enough memory.", "Close other programs, or ingest in smaller parts.", 1)
    except Exception as error:
        if os.environ.get("MEDRAG_DEBUG"):
            raise
        # The message may hold text of a document, so only its kind is shown.
        kind = one_line(type(error).__name__)
        remedy = "Set MEDRAG_DEBUG=1 to see where, and report it."
        return _failed(f"An error in medrag itself ({kind}).", remedy, 1)
    return 0


def _failed(message: str, remedy: str, code: int) -> int:
    sys.stderr.write(f"medrag: {message} {remedy}".rstrip() + "\n")
    if "--json" in sys.argv:
        print_json({"error": message, "remedy": remedy})
    return code
