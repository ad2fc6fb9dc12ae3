"""The Typer application, and ``main`` with the one ``except`` of the command line."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Annotated, Any

# Typer brings pydantic, which would look through every installed package for plugins of its own.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import typer
from typer.core import TyperGroup
from typer.main import get_group

from medrag.cli.common import ConfigOption, LibraryOption, State, print_json

# The commands as the help lists them, and the room of each.
ROOMS = {
    "ingest": "corpus",
    "doctor": "corpus",
    "ask": "questions",
    "search": "questions",
    "verify": "questions",
    "chat": "chat",
    "serve": "serve",
    "mcp": "mcp",
    "documents": "corpus",
    "model": "models",
    "eval": "evaluation",
    "keys": "keys",
    "audit": "audit",
}


class Commands(TyperGroup):
    """Makes the commands of a room when one is asked for: to make all takes longer than most
    claims take to judge."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return list(ROOMS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None where there is none, and all are made, since the message
        names one that is like it."""
        if cmd_name not in self.commands:
            for room in [ROOMS[cmd_name]] if cmd_name in ROOMS else set(ROOMS.values()):
                made = typer.Typer(rich_markup_mode=None)
                made.callback()(lambda: None)
                import_module(f"medrag.cli.{room}").register(made)
                self.commands.update(get_group(made).commands)
        return self.commands.get(cmd_name)


app = typer.Typer(
    name="medrag",
    cls=Commands,
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
