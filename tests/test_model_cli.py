"""The `model` commands: what a person reads, what a program gets, and which exit code."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medrag.models import language
from medrag.models.catalog import find_embedding_model
from medrag.models.transfer import add
from tests.shelf_files import row, stand_ins
from tests.shelf_server import serving

# The real command line, in a process whose catalog holds the stand-ins.
DRIVER = """
import os, pickle
from pathlib import Path
from medrag.models import language
language.CATALOG = pickle.loads(Path(os.environ["STAND_INS"]).read_bytes())
from medrag.cli import main
main()
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    made = stand_ins(tmp_path, monkeypatch)
    monkeypatch.setenv("STAND_INS", str(tmp_path / "catalog"))
    (tmp_path / "catalog").write_bytes(pickle.dumps(language.CATALOG))
    return made


def run(*arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DRIVER, "model", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )


def only_object(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    (line,) = done.stdout.splitlines()
    value = json.loads(line)
    assert isinstance(value, dict)
    return value


def lines_by_name(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}


def test_list_says_what_is_known_and_what_is_here(files: dict[str, Path]) -> None:
    add(files["medpsy-1.7b"])
    add(files["strange"], name="mine", unverified=True)
    done = run("list")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    lines = lines_by_name(done)
    assert "Q4_K_M" in lines["medpsy-1.7b"] and "Apache-2.0" in lines["medpsy-1.7b"]
    assert "yes, verified" in lines["medpsy-1.7b"] and "fits" in lines["medpsy-1.7b"]
    assert "yes, UNVERIFIED" in lines["mine"]
    assert " no " in lines["medpsy-4b"]
    assert "embedding" in lines["all-MiniLM-L6-v2"] and "judge" in lines["rules"]
    assert "judge" in lines["medrag-judge"] and "built in" in lines["medrag-judge"]
    assert "medpsy-4b-iq3_m" not in lines and "--all" in done.stdout
    assert "cannot be verified" in done.stdout
    everything = lines_by_name(run("list", "--all"))
    assert {one.name for one in language.CATALOG} <= everything.keys()


def test_list_json_holds_every_fact(files: dict[str, Path]) -> None:
    add(files["medpsy-4b"])
    rows = {one["name"]: one for one in only_object(run("list", "--json"))["models"]}
    assert {one.name for one in language.CATALOG} < rows.keys()
    here, not_here = rows["medpsy-4b"], rows["medpsy-4b-bf16"]
    assert here["installed"] and here["verified"] and Path(here["path"]).is_file()
    assert here["sha256"] == row("medpsy-4b").sha256
    assert here["fits"] is True and here["needs_bytes"] > here["bytes"]
    assert not not_here["installed"] and not_here["verified"] is None
    assert not_here["sha256"] == row("medpsy-4b-bf16").sha256
    # 8.8 GB of file, 4,096 tokens of 147,456 bytes, and 0.6 GB.
    assert not_here["needs_bytes"] == 8829197344 + 4096 * 147_456 + 600_000_000
    assert rows["medgemma-27b"]["sha256"] is None
    embedding = rows["all-MiniLM-L6-v2"]
    model = find_embedding_model("all-MiniLM-L6-v2")
    assert (embedding["kind"], embedding["sha256"]) == ("embedding", model.sha256)
    assert embedding["folder"] == str(model.folder) and embedding["exported"] is False
    assert rows["rules"]["kind"] == "judge"
    shipped = rows["medrag-judge"]
    weights = Path(shipped["folder"]) / "model.onnx"
    assert shipped["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert shipped["bytes"] == weights.stat().st_size


def test_list_says_what_is_wrong_on_the_shelf(files: dict[str, Path]) -> None:
    add(files["medpsy-4b"])
    (language.shelf() / row("medpsy-4b").file).write_bytes(b"GGUF")
    (language.shelf() / "stray.gguf").write_bytes(b"GGUF")
    done = run("list")
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    assert "! medpsy-4b:" in text and "has changed since it was added" in text
    assert "verified" not in lines_by_name(done)["medpsy-4b"]
    assert "medrag model add" in text and "stray.gguf" in text


def test_add_refuses_what_it_does_not_know(files: dict[str, Path]) -> None:
    done = run("add", files["strange"], "--json")
    assert done.returncode == 1
    assert "--unverified" in only_object(done)["remedy"]
    done = run("add", files["strange"], "--unverified", "--name", "medpsy-4b")
    assert done.returncode == 2 and "its hash is another" in done.stderr
    done = run("add", files["strange"], "--unverified", "--name", "mine", "--json")
    assert only_object(done)["added"]["verified"] is False
    assert "UNVERIFIED" in done.stderr


def test_verify_fails_when_a_file_does(files: dict[str, Path]) -> None:
    add(files["medpsy-4b"])
    add(files["medpsy-1.7b"])
    done = run("verify")
    assert done.returncode == 0 and "FAILED" not in done.stdout
    path = language.shelf() / row("medpsy-4b").file
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    done = run("verify")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["FAILED", "ok"]
    checked = only_object(run("verify", "--json"))
    assert checked["ok"] is False
    assert [one["ok"] for one in checked["checked"]] == [False, True]


def test_pull_names_the_host_before_it_asks_it(files: dict[str, Path]) -> None:
    entry = row("medpsy-4b")
    path = f"/{entry.repository}/resolve/{entry.revision}/{entry.file}"
    with serving(path, files["medpsy-4b"].read_bytes()) as server:
        done = run("pull", "medpsy-4b", "--json", MEDRAG_HUB=server.url)
    assert done.returncode == 0, done.stderr
    assert only_object(done)["pulled"]["verified"] is True
    assert "Opening the network" in done.stderr and "127.0.0.1" in done.stderr
    done = run("pull", "medgemma-27b")
    assert done.returncode == 1 and "Opening" not in done.stderr


def test_a_wrong_setting_stops_a_pull_too(files: dict[str, Path], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[answer]\nsentences = 'many'\n")
    done = run("pull", "medpsy-4b", "--config", wrong)
    assert done.returncode == 2 and "Opening" not in done.stderr


def test_remove_takes_it_away(files: dict[str, Path]) -> None:
    add(files["medpsy-4b"])
    done = run("remove", "medpsy-4b", "--json")
    assert only_object(done) == {"removed": "medpsy-4b", "files": [row("medpsy-4b").file]}
    assert not (language.shelf() / row("medpsy-4b").file).exists()
    done = run("remove", "medpsy-4b")
    assert done.returncode == 1 and "not on the shelf" in done.stderr
