"""The plan of the house holds: a room imports from lower floors only, and --help loads little."""

import ast
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.main import get_group

from medrag.cli.app import ROOMS

PACKAGE = Path(__file__).resolve().parent.parent / "medrag"

# Floor by floor; rooms of floor 2 and of floor 3 do not know each other.
FLOORS = {
    "types": 0, "protocols": 0.5, "errors": 0,
    "config": 1, "grammar": 1, "events": 0.7, "population": 1, "drugs": 1.5, "text": 1,
    "offline": 1, "patterns": 0, "lists": 1.2, "vocabulary": 0, "ages": 1.2, "scales": 1,
    "indications": 1.7, "doses": 1.7, "routes": 1.2, "subject": 1.85, "audience": 1.3,
    "allergies": 1.75, "attributes": 1,
    "wording": 1.6, "misspelt": 1.55,
    "standing": 1, "neutral": 1.2, "instructions": 1.5, "candidates": 1.8,
    "neighbours": 1.9,
    "readers": 2, "chunking": 2, "models": 2, "generators": 2, "library": 2, "claims_file": 2,
    "discover": 3, "ingest": 3.5, "retrieve": 3, "ground": 3, "verify": 3, "answerability": 3,
    "evidence": 3, "rerank": 3, "judges": 3.5,
    "answering": 3.5, "verbatim": 3.7, "composers": 3.5, "composing": 3.8,
    "followup_words": 2, "followup_subject": 2.1, "followups": 2.2,
    "fusion": 1, "shared": 3.8, "parts": 3.9, "finder": 3.95,
    "engine": 4, "conversation": 4.5,
    "evaluate": 5, "forms": 5, "render": 5, "render_stream": 5.5,
    "render_doctor": 5, "render_models": 5, "doctor": 5,
    "server": 5.8,
    "cli": 6, "__main__": 7, "__init__": 7,
}  # fmt: skip


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("medrag"):
            parts = (node.module or "").split(".")
            rooms = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
            found.update(rooms)
        elif isinstance(node, ast.Import):
            found.update(
                alias.name.split(".")[1] for alias in node.names if alias.name[:7] == "medrag."
            )
    return {room for room in found if room in FLOORS}


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_imports_go_down(path: Path) -> None:
    room = room_of(path)
    assert room in FLOORS, f"{room} has no floor in the plan"
    if room == "__init__":
        return
    for other in imports(path) - {room}:
        assert FLOORS[other] < FLOORS[room], f"{room} must not import {other}"


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys\nfrom medrag.cli import main\nsys.argv = ['medrag', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'torch', 'faiss', 'onnxruntime', 'sqlite_utils', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def after_verify(judge: str, claim: str, folder: Path) -> set[str]:
    """The modules that are there when ``medrag verify`` has judged one claim."""
    file = folder / "one.jsonl"
    file.write_text(json.dumps({"claim": claim, "evidence": "Stop metformin below 30 mL/min."}))
    code = (
        "import sys\nfrom medrag.cli import main\n"
        f"sys.argv = ['medrag', 'verify', {str(file)!r}]\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert not done.code\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"MEDRAG_JUDGE": judge},
    )  # fmt: skip
    assert '"verdict"' in done.stdout
    return set(done.stderr.split())


def test_one_claim_takes_neither_the_engine_nor_other_commands(tmp_path: Path) -> None:
    learned = after_verify("medrag-judge", "Metformin ends below 30 mL/min.", tmp_path)
    rules = after_verify("rules", "Stop metformin below 30 mL/min.", tmp_path)
    unneeded = {
        "medrag.engine", "medrag.retrieve", "medrag.cli.corpus", "medrag.cli.models",
        "medrag.server", "rich", "torch", "faiss", "tomllib",
    }  # fmt: skip
    assert not (learned | rules) & unneeded
    assert not learned & {"medrag.library", "sqlite3"}
    assert not rules & {"numpy", "onnxruntime"}  # words alone decide


def test_each_command_is_in_its_room() -> None:
    for name, room in ROOMS.items():
        made = typer.Typer()
        made.callback()(lambda: None)
        import_module(f"medrag.cli.{room}").register(made)
        assert name in get_group(made).commands
        assert set(get_group(made).commands) == {other for other in ROOMS if ROOMS[other] == room}


def test_a_question_never_imports_torch(samples: Path) -> None:
    code = (
        "import sys\nfrom medrag import Engine\n"
        f"with Engine.open({str(samples)!r}) as engine:\n"
        "    engine.ask('At what eGFR should metformin be stopped?')\n"
        "print({'torch', 'sentence_transformers', 'sqlite_utils'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_public_names_are_there() -> None:
    import medrag

    for name in medrag.__all__:
        assert getattr(medrag, name) is not None
    with pytest.raises(AttributeError):
        _ = medrag.nothing
