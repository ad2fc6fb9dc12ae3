"""The README's code runs, and its commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
from typer.main import get_command

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)
COMMANDS = re.findall(r"^\$ (?:\.venv/bin/)?(medrag .+)$", README, re.M)


def test_there_is_code_to_run() -> None:
    assert PYTHON and COMMANDS


@pytest.mark.parametrize("code", PYTHON)
def test_python_blocks_run(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "corpora").symlink_to(ROOT / "corpora")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "Stop metformin when eGFR is below 30" in printed
    assert "supported" in printed and "('1',)" in printed


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_parse(command: str) -> None:
    from medrag.cli.app import app

    words = shlex.split(command)[1:]
    group = get_command(app)
    while words:
        while words and words[0].startswith("--"):
            words = words[2:]
        name = words[0]
        group = group.get_command(typer.Context(group), name)
        assert group is not None, command
        words = words[1:]
        if not hasattr(group, "commands"):
            group.make_context(name, list(words), resilient_parsing=True)
            return


@pytest.mark.parametrize("target", ["demo", "test"])
def test_make_knows_its_targets(target: str) -> None:
    assert f"make {target}" in README
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0


def test_the_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        if not link.startswith("http"):
            assert (ROOT / link).exists(), link


def test_nothing_is_left_to_fill_in() -> None:
    for page in (README, (ROOT / "tests/benchmarks/RESULTS.md").read_text("utf-8")):
        assert "@@" not in page and "TODO" not in page
