"""The table of models for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from medrag.errors import one_line


def show_models(
    out: Console, rows: Sequence[dict[str, Any]], problems: Sequence[str], *, everything: bool
) -> None:
    """A line for each model; the less used quantisations that are not here only if asked for."""
    shown = [row for row in rows if everything or row["installed"] or row.get("usual")]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("name", "kind", "stored as"):
        table.add_column(title, no_wrap=True, overflow="fold")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("licence", max_width=20)
    table.add_column("here", min_width=10)
    table.add_column("memory", no_wrap=True)
    for row in shown:
        table.add_row(
            one_line(row["name"]),
            row["kind"],
            row.get("quantisation") or "",
            _size(row),
            row.get("licence") or "",
            _here(row),
            _memory(row),
        )
    out.print(table)
    notes = [row for row in shown if row["kind"] == "language" and row.get("note")]
    if notes or problems or len(shown) < len(rows):
        out.print()
    for row in notes:
        out.print(Text(f"{one_line(row['name'])}: {row['note']}", "dim"))
    if len(shown) < len(rows):
        hidden = len(rows) - len(shown)
        out.print(Text(f"{hidden} more quantisations: medrag model list --all", "dim"))
    for problem in problems:
        out.print(Text(f"! {problem}", "yellow"))


def show_verified(out: Console, name: str, ok: bool, reason: str) -> None:
    """Whether a file is as it should be, in a line."""
    line = Text("ok      " if ok else "FAILED  ", "green" if ok else "bold red")
    out.print(line.append(f"{one_line(name)}: {one_line(reason)}", ""))


def gigabytes(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _size(row: dict[str, Any]) -> str:
    if row.get("bytes") is not None:
        return gigabytes(row["bytes"])
    return "?" if row["kind"] == "language" else ""


def _here(row: dict[str, Any]) -> Text:
    if row["kind"] == "judge":
        return Text("built in")
    if row["kind"] == "embedding":
        return Text("yes" if row["exported"] else "yes, not exported yet")
    if row["installed"]:
        if row["verified"]:
            return Text("yes, verified", "green")
        return Text("yes, UNVERIFIED", "bold yellow")
    if part := row["partly_pulled_bytes"]:
        return Text(f"{gigabytes(part)} of it")
    return Text("no", "dim")


def _memory(row: dict[str, Any]) -> Text:
    if row["kind"] != "language":
        return Text("")
    needs = row["needs_bytes"]
    if needs is None:
        return Text("?")
    if row["fits"]:
        return Text(f"fits ({gigabytes(needs)})")
    return Text(f"too big ({gigabytes(needs)})", "yellow")
