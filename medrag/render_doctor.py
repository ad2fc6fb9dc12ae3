"""The doctor's report for a person."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text


def show_examination(out: Console, report: dict[str, Any]) -> None:
    """Problems first, then what is degraded, then the facts."""
    if report["ok"]:
        out.print(Text("All is well.", "bold green"))
    for problem in report["problems"]:
        out.print(Text(f"PROBLEM  {problem}", "bold red"))
    for note in report["degraded"]:
        out.print(Text(f"note     {note}", "yellow"))
    library = report["library"] or {}
    if library.get("exists"):
        cache = library["cache"]
        out.print(
            f"library  {library['folder']}: {library['documents']} documents,"
            f" {library['chunks']} passages, generation {library['generation']}",
            markup=False,
        )
        out.print(f"vectors  cache {cache['status']}, {cache['behind']} behind")
    else:
        out.print(f"library  none in {library.get('folder', '?')}", markup=False)
    if model := report["embedding"]:
        exported = "exported" if model["exported"] else "not exported yet"
        out.print(f"model    {model['name']}, {exported}", markup=False)
        out.print(f"         sha256 {model['sha256']}")
    if language := report["language"]:
        _show_language(out, language)
    if judge := report["judge"]:
        out.print(f"judge    {judge['name']}{_digest(judge)}", markup=False)
    if (reranker := report["reranker"]) is not None:
        name = reranker.get("name", "none")
        out.print(f"reranker {name}{_digest(reranker)}", markup=False)
    network = report["network"]
    state = "refused" if network["refuses_connections"] else "NOT refused"
    out.print(f"network  connections are {state}; guarded: {network['guard']}")
    for name, version in report["packages"].items():
        out.print(f"package  {name} {version or '(not installed)'}", markup=False)


def _digest(model: dict[str, Any]) -> str:
    return f", sha256 {model['sha256'][:16]}…" if "sha256" in model else ""


def _show_language(out: Console, language: dict[str, Any]) -> None:
    for model in language["installed"]:
        verified = "verified" if model["verified"] else "UNVERIFIED"
        learnt = model["learnt"]
        known = f", {learnt['threads']} threads" if "threads" in learnt else ""
        if learnt.get("extra_buffers") is False:
            known += ", on the safe setting for this processor"
        out.print(f"model    {model['name']}, {verified}{known}", markup=False)
    memory = language["memory_available"] / 1e9
    out.print(
        f"answers  by {language['generator']} (auto is {language['auto']} here);"
        f" {memory:.1f} GB of memory free",
        markup=False,
    )
