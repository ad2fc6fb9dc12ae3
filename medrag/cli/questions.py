"""Commands that ask: search, ask, verify."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from medrag.cli.asking import (
    Asking,
    GeneratorOption,
    ModeOption,
    ShowThinkingOption,
    ThinkingBudgetOption,
)
from medrag.cli.common import (
    CollectionOption,
    ConfigOption,
    JsonOption,
    LibraryOption,
    RerankOption,
    judge_alone,
    opened,
    print_json,
    readable,
)

ABSTAINED = 3


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(ask)
    app.command()(search)
    app.command()(verify)


def ask(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="In plain words.", show_default=False)],
    generator: GeneratorOption = None,
    mode: ModeOption = None,
    thinking_budget: ThinkingBudgetOption = None,
    show_thinking: ShowThinkingOption = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="With --json: an object for each step, a line each.")
    ] = False,
    collection: CollectionOption = None,
    rerank: RerankOption = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Answer from the documents, each sentence cited and checked; or say that they do not."""
    flags = {"mode": mode, "thinking_tokens": thinking_budget}
    with opened(ctx, library, config, rerank=rerank, **flags) as engine:
        asked = readable(question)
        events = engine.ask_stream(asked, collection=collection, generator=generator)
        asking = Asking(engine, generator, show_thinking)
        if as_json and stream:
            abstained = asking.lines(events)
        elif as_json:
            abstained = asking.one_object(events)
        else:
            abstained = asking.on_screen(events)
    if abstained:
        raise typer.Exit(ABSTAINED)


def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="Words or a question.", show_default=False)],
    k: Annotated[int, typer.Option("-k", "--count", min=1, max=1000, help="How many.")] = 8,
    collection: CollectionOption = None,
    rerank: RerankOption = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """The passages nearest to a query, with page and section."""
    started = time.perf_counter()
    with opened(ctx, library, config, rerank=rerank) as engine:
        passages = engine.search(readable(query), k, collection=collection)
    if as_json:
        from medrag.forms import passage_form

        print_json(
            {
                "query": readable(query),
                "passages": [passage_form(n, p) for n, p in enumerate(passages, start=1)],
                "seconds": round(time.perf_counter() - started, 3),
            }
        )
    else:
        from medrag.render import console, show_passages

        show_passages(console(), passages)


def verify(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON Lines; - for standard input.")] = Path("-"),
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Check claims against evidence: lines {"id", "claim", "evidence"} in, verdicts out.

    The output is JSON Lines in the order of the input, with or without --json.
    """
    judge = judge_alone(ctx, config)
    # Only now: the judge loads its weights meanwhile.
    from medrag.claims_file import read_claims
    from medrag.forms import verdict_form

    for batch in read_claims(file):
        verdicts = judge.judge([(row.claim, row.evidence) for row in batch])
        for row, verdict in zip(batch, verdicts, strict=True):
            print_json(verdict_form(row.id, verdict))
        sys.stdout.flush()  # whoever reads our output need not wait for the next batch
