"""Progress of an ingest on standard error: a bar at a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from medrag.render import console
from medrag.types import Progress, ProgressHook

_EVERY_SECONDS = 10.0


@contextmanager
def ingest_progress() -> Iterator[ProgressHook]:
    """A hook that shows files, passages and passages a second."""
    out = console(stderr=True)
    started = time.perf_counter()

    def rate(step: Progress) -> str:
        seconds = max(time.perf_counter() - started, 1e-6)
        return f"{step.chunks} passages, {step.chunks / seconds:.0f}/s"

    if not out.is_terminal:
        last = started

        def line(step: Progress) -> None:
            nonlocal last
            if time.perf_counter() - last >= _EVERY_SECONDS:
                last = time.perf_counter()
                out.print(f"{step.stage}: {step.files}/{step.total_files} files, {rate(step)}")

        yield line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files, {task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=out, transient=True) as bar:
        task = bar.add_task("reading", total=None, rate="loading the model on first use")

        def draw(step: Progress) -> None:
            bar.update(
                task,
                description=step.stage,
                completed=step.files,
                total=step.total_files,
                rate=rate(step),
            )

        yield draw
