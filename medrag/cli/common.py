"""What every command shares: its options, its engine, its one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from medrag.config import Settings
    from medrag.engine import Engine
    from medrag.protocols import Judge

LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", help="Library folder.", show_default=False, metavar="DIR"),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file (TOML).", show_default=False, metavar="FILE"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
CollectionOption = Annotated[
    str | None,
    typer.Option("--collection", help="Only this collection.", metavar="NAME"),
]
RerankOption = Annotated[
    bool | None,
    typer.Option(
        "--rerank/--no-rerank",
        help="Whether a small model that reads question and passages orders them (see [retrieve]).",
    ),
]


class State:
    """What the global options said; a command's own options go before them."""

    library: Path | None = None
    config: Path | None = None


@contextmanager
def opened(
    ctx: typer.Context, library: Path | None, config: Path | None, **flags: Any
) -> Iterator[Engine]:
    """The engine for a command. The guard stays on until the process ends."""
    settings = _guarded(ctx, config, **flags)
    from medrag.engine import Engine

    state: State = ctx.ensure_object(State)
    with Engine.open(library or state.library, settings=settings) as engine:
        engine.on_wait = _say
        yield engine


def judge_alone(ctx: typer.Context, config: Path | None) -> Judge:
    """The judge of the settings, without an engine: that would import all that answers take."""
    from medrag.judges import RULES, learned_judge

    settings = _guarded(ctx, config)
    if settings.judge != RULES:
        return learned_judge(settings)
    from medrag.shared import Shared

    shared = Shared(settings)

    def export() -> None:
        from medrag.models.export import prepare

        prepare(shared.embedding_model, _say)

    return shared.judge(export)


def _guarded(ctx: typer.Context, config: Path | None, **flags: Any) -> Settings:
    """The settings of a command, and the guard against the network that they ask for."""
    from medrag import offline
    from medrag.config import load_settings

    state: State = ctx.ensure_object(State)
    settings = load_settings(config or state.config, **flags)
    if settings.offline:
        offline.enable(settings.allow_hosts)
    return settings


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)  # noqa: T201


def print_json(value: Any) -> None:
    """One JSON object on a line of standard output."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def readable(text: str) -> str:
    """An argument as text that can be printed and stored, whatever bytes it was typed in."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
