"""Commands about models: which there are, bring one here, check it, take it away."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medrag.cli.common import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    State,
    opened,
    print_json,
    readable,
)

if TYPE_CHECKING:
    from medrag.models.handling import Hook
    from medrag.models.language import InstalledModel

_EVERY_SECONDS = 10.0

models_app = typer.Typer(help="The models on this machine.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Its name, as `medrag model list` has it.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(models_app, name="model")


@models_app.command("prepare")
def model_prepare(
    ctx: typer.Context,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Export the embedding model for fast questions (ingest does it where it is missing)."""
    from medrag.render import console

    with opened(ctx, library, config) as engine:
        engine.prepare()
        exported = str(engine.embedding_model.onnx)
    if as_json:
        print_json({"exported": exported})
    console(stderr=True).print(f"Exported to {exported}", markup=False)


@models_app.command("list")
def model_list(
    ctx: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Also the less used quantisations.")
    ] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """The models that are known and here: size, licence, hash checked or not, memory needed."""
    from medrag.cli.model_rows import model_rows
    from medrag.render import console
    from medrag.render_models import show_models

    with opened(ctx, library, config) as engine:
        rows, problems = model_rows(engine)
    if as_json:
        print_json({"models": rows, "problems": problems})
    else:
        show_models(console(), rows, problems, everything=everything)


@models_app.command("add")
def model_add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A .gguf file.", show_default=False)],
    name: Annotated[
        str | None, typer.Option("--name", help="What to call a file that is not published.")
    ] = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Take a file that the catalog does not know.")
    ] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Copy a language model from a file, for example off a USB stick. Its hash says what it is."""
    from medrag.models.transfer import add

    with opened(ctx, library, config), _progress() as progress:
        given = readable(name) if name is not None else None
        model = add(file, name=given, unverified=unverified, progress=progress)
    _report("added", model, as_json)


@models_app.command("pull")
def model_pull(
    ctx: typer.Context,
    name: Name,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Fetch a published language model. The one command that opens the network; no text of yours
    is sent. MEDRAG_HUB names a mirror of your own instead of huggingface.co."""
    from medrag.config import load_settings
    from medrag.models.transfer import pull

    # No engine and no guard here: this run is the exception, and does nothing else.
    state: State = ctx.ensure_object(State)
    load_settings(config or state.config)

    def announce(host: str) -> None:
        _say(f"Opening the network for this run: contacting {host}")

    with _progress() as progress:
        model = pull(readable(name), progress=progress, announce=announce)
    _report("pulled", model, as_json)


@models_app.command("verify")
def model_verify(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Only this one.", show_default=False)] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Read the files of the language models whole, and compare their hashes."""
    from medrag.models.transfer import verify
    from medrag.render import console
    from medrag.render_models import show_verified

    with opened(ctx, library, config), _progress() as progress:
        checks = verify(readable(name) if name is not None else None, progress=progress)
    if as_json:
        rows = [{**_form(model), "ok": ok, "reason": why} for model, ok, why in checks]
        print_json({"checked": rows, "ok": all(row["ok"] for row in rows)})
    else:
        for model, ok, why in checks:
            show_verified(console(), model.name, ok, why)
        if not checks:
            console().print("No language model is installed. See: medrag model list")
    if not all(ok for _, ok, _ in checks):
        raise typer.Exit(1)


@models_app.command("remove")
def model_remove(
    ctx: typer.Context,
    name: Name,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Delete a language model from this machine."""
    from medrag.models.transfer import remove

    with opened(ctx, library, config):
        files = remove(readable(name))
    if as_json:
        print_json({"removed": readable(name), "files": files})
    _say(f"Removed: {readable(name)}")


def _report(done: str, model: InstalledModel, as_json: bool) -> None:
    if as_json:
        print_json({done: _form(model)})
    state = "verified" if model.verified else "UNVERIFIED: not a file that the catalog knows"
    _say(f"Here: {model.name} ({state}), sha256 {model.sha256[:12]}...")


def _form(model: InstalledModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "path": str(model.path),
        "bytes": model.bytes,
        "sha256": model.sha256,
        "verified": model.verified,
        "quantisation": model.entry.quantisation if model.entry else model.header.file_type,
    }


def _say(line: str) -> None:
    from medrag.errors import one_line

    print(one_line(line), file=sys.stderr, flush=True)  # noqa: T201


@contextmanager
def _progress() -> Iterator[Hook]:
    """A hook that shows bytes on standard error: a bar at a terminal, else a line now and then."""
    from medrag.render import console

    out = console(stderr=True)
    if not out.is_terminal:
        last = time.monotonic()

        def line(step: str, done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= _EVERY_SECONDS:
                last = time.monotonic()
                _say(f"{step}: {done / 1e9:.2f} of {total / 1e9:.2f} GB")

        yield line
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=out, transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)

        def draw(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total, visible=True)

        yield draw
