"""Commands that measure: eval retrieval, claims, answerability, questions, answers."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medrag.cli.common import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    RerankOption,
    State,
    opened,
    print_json,
)

if TYPE_CHECKING:
    from medrag.config import Settings

eval_app = typer.Typer(help="Measure it on your own sets.", no_args_is_help=True)
SplitOption = Annotated[
    str, typer.Option("--split", help="Rows of this split; 'all' for every row.")
]
GeneratorOption = Annotated[
    str | None,
    typer.Option("--generator", help="Who writes the answer.", metavar="NAME", show_default=False),
]
_EVERY_SECONDS = 10.0
# The longest question with its options, and the chat's own tokens.
_QUESTION_TOKENS = 1600


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(eval_app, name="eval")


@eval_app.command("retrieval")
def eval_retrieval(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A BEIR-form folder.", show_default=False)],
    split: SplitOption = "test",
    rerank: RerankOption = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """nDCG@10, recall and latency of the lexical, dense and hybrid arms, and reranked.

    The corpus is ingested into --library, which should be one of its own; without it, into a
    temporary one.
    """
    from medrag import offline
    from medrag.config import load_settings
    from medrag.evaluate.retrieval import evaluate_retrieval

    state: State = ctx.ensure_object(State)
    settings = load_settings(config or state.config, rerank=rerank)
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
    judge: Annotated[
        str | None,
        typer.Option("--judge", help="rules, medrag-judge, or a CrossEncoder's folder."),
    ] = None,
    group: Annotated[
        bool,
        typer.Option("--group", help="Rows of one 'group' are one claim: the best row decides."),
    ] = False,
    curve: Annotated[
        Path | None,
        typer.Option("--curve", help="Draw what each threshold shows: .svg, or its .json."),
    ] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """How well verdicts agree with people's, how far they can be trusted, what would be shown."""
    from medrag.evaluate.claims import judge_claims
    from medrag.evaluate.curve import curve_of, write_curve

    with opened(ctx, library, config, judge=judge) as engine:
        judged = judge_claims(file, _split(split), engine, group=group)
    if curve is not None:
        points = curve_of(judged.gold, judged.verdicts)
        write_curve(curve, points, judged.report["threshold"])
    print_json(judged.report)


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


@eval_app.command("questions")
def eval_questions(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="Multiple choice: MIRAGE's JSON or JSON Lines.", show_default=False),
    ],
    generator: GeneratorOption = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Only this one.", metavar="NAME")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="The first so many of each dataset.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="Replies to each.")] = 3,
    thinking_tokens: Annotated[
        int | None,
        typer.Option("--thinking-tokens", help="0 to 16384; else that of the settings."),
    ] = None,
    no_retrieval: Annotated[
        bool, typer.Option("--no-retrieval", help="Only the model, without the library.")
    ] = False,
    replies: Annotated[
        Path | None,
        typer.Option("--replies", help="Keep each reply here, and go on from it.", metavar="FILE"),
    ] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """A language model's accuracy on multiple-choice questions, with the library and without it.

    The question alone is searched for, never its options. Each seed asks every question once.
    """
    from medrag.config import load_settings
    from medrag.evaluate.questions import evaluate_questions
    from medrag.evaluate.questions_file import read_questions

    state: State = ctx.ensure_object(State)
    settings = load_settings(config or state.config, thinking_tokens=thinking_tokens)
    chosen = read_questions(file, dataset, limit)
    flags = {"thinking_tokens": thinking_tokens, "context": _roomy_context(settings)}
    with opened(ctx, library, config, **flags) as engine, _counting("replies") as step:
        report = evaluate_questions(
            chosen,
            engine,
            generator=generator,
            seeds=seeds,
            retrieval=not no_retrieval,
            kept=replies,
            step=step,
        )
    print_json(report)


@eval_app.command("answers")
def eval_answers(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON Lines of questions.", show_default=False)],
    generator: GeneratorOption = None,
    details: Annotated[
        Path | None,
        typer.Option("--details", help="Write the answers here, one a line.", metavar="FILE"),
    ] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """How many questions are answered, how well the sentences stand up, and what it costs."""
    from medrag.evaluate.answers import evaluate_answers, read_answer_rows
    from medrag.forms import answer_form

    rows = read_answer_rows(file)
    with opened(ctx, library, config) as engine, _counting("answers") as step:
        report = evaluate_answers(
            rows, engine, generator=generator, details=details, form=answer_form, step=step
        )
    print_json(report)


def _roomy_context(settings: Settings) -> int:
    """A context in which all the thinking fits: a worker would think less without a word."""
    from medrag.config import thinking_budget

    needed = thinking_budget(settings) + settings.evidence_tokens + _QUESTION_TOKENS
    return max(settings.context, needed)


@contextmanager
def _counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A hook that shows how far it is, on standard error; nothing in the first seconds."""
    started = last = time.perf_counter()
    shown = False

    def step(done: int, total: int) -> None:
        nonlocal last, shown
        now = time.perf_counter()
        if now - last < (0.5 if sys.stderr.isatty() else _EVERY_SECONDS):
            return
        last, shown = now, True
        left = (now - started) / done * (total - done)
        line = f"{done} of {total} {what}, about {left / 60:.0f} min left"
        sys.stderr.write(f"\r\x1b[K{line}" if sys.stderr.isatty() else f"{line}\n")
        sys.stderr.flush()

    try:
        yield step
    finally:
        if shown and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")


def _split(name: str) -> str | None:
    return None if name == "all" else name
