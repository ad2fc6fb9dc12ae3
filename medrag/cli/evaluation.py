"""Commands that measure: eval retrieval, eval claims, eval answerability."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from medrag.cli.common import ConfigOption, JsonOption, LibraryOption, State, opened, print_json

eval_app = typer.Typer(help="Measure it on your own sets.", no_args_is_help=True)
SplitOption = Annotated[
    str, typer.Option("--split", help="Rows of this split; 'all' for every row.")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(eval_app, name="eval")


@eval_app.command("retrieval")
def eval_retrieval(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A BEIR-form folder.", show_default=False)],
    split: SplitOption = "test",
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """nDCG@10, recall and latency of the lexical, dense and hybrid arms.

    The corpus is ingested into --library, which should be one of its own; without it, into a
    temporary one.
    """
    from medrag import offline
    from medrag.config import load_settings
    from medrag.evaluate.retrieval import evaluate_retrieval

    state: State = ctx.ensure_object(State)
    settings = load_settings(config or state.config)
    if settings.offline:
        offline.enable(settings.allow_hosts)
    kept = library or state.library
    with tempfile.TemporaryDirectory(prefix="medrag-") as temporary:
        target = kept or Path(temporary)
        print_json(evaluate_retrieval(folder, _split(split), target, settings))


@eval_app.command("claims")
def eval_claims(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON Lines with labels.", show_default=False)],
    split: SplitOption = "test",
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """How well verdicts agree with people's."""
    from medrag.evaluate.claims import evaluate_claims

    with opened(ctx, library, config) as engine:
        print_json(evaluate_claims(file, _split(split), engine))


@eval_app.command("answerability")
def eval_answerability(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON Lines of questions.", show_default=False)],
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """How well it tells questions that the library answers from those that it does not."""
    from medrag.evaluate.answerability import evaluate_answerability

    with opened(ctx, library, config) as engine:
        print_json(evaluate_answerability(file, engine))


def _split(name: str) -> str | None:
    return None if name == "all" else name
