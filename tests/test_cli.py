"""The command line is a contract: one JSON object, exit codes, one line on standard error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MEDRAG = [sys.executable, "-m", "medrag"]
QUESTION = "At what eGFR should metformin be stopped?"


def run(*arguments: str | Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MEDRAG, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )


def only_object(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    (line,) = done.stdout.splitlines()
    value = json.loads(line)
    assert isinstance(value, dict)
    return value


def test_ask_json_is_the_contract(samples: Path) -> None:
    done = run("--library", samples, "ask", QUESTION, "--json")
    assert done.returncode == 0, done.stderr
    answer = only_object(done)
    assert {"question", "answer", "abstained", "reason", "claims", "sources", "generator", "usage",
            "warnings", "fingerprint"} <= answer.keys()  # fmt: skip
    claim = answer["claims"][0]
    assert {"text", "start", "end", "markers", "verdict", "score", "problems", "evidence"} <= (
        claim.keys()
    )
    assert answer["answer"][claim["start"] : claim["end"]] == claim["text"]
    assert claim["evidence"]["quote"] in answer["sources"][0]["text"]
    assert answer["sources"][0]["document"]["version"] == "2.0"
    assert answer["sources"][0]["pages"] == ["1"]


def test_an_abstention_exits_with_3(samples: Path) -> None:
    done = run("--library", samples, "ask", "What is the dose of rivaroxaban?", "--json")
    assert done.returncode == 3
    assert only_object(done)["abstained"] is True
    assert done.stderr == ""


def test_people_read_the_answer_without_colour_in_a_pipe(samples: Path) -> None:
    done = run("--library", samples, "ask", QUESTION, NO_COLOR="1")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "Stop metformin when eGFR is below 30 mL/min/1.73 m2. [1]" in done.stdout
    assert "page 1" in done.stdout
    assert "(supported)" in done.stdout
    done = run("--library", samples, "ask", "What is the dose of rivaroxaban?")
    assert "NO ANSWER" in done.stdout
    assert "NOT an answer" in done.stdout


def test_search_json_is_the_contract(samples: Path) -> None:
    found = only_object(run("--library", samples, "search", "metformin", "-k", "3", "--json"))
    assert [passage["rank"] for passage in found["passages"]] == [1, 2, 3]
    assert [passage["ranks"]["reranked"] for passage in found["passages"]] == [1, 2, 3]
    plain = ("search", "metformin", "-k", "3", "--json", "--no-rerank")
    passages = only_object(run("--library", samples, *plain))["passages"]
    assert passages[0]["score"] >= passages[1]["score"] >= passages[2]["score"]
    assert "metformin" in passages[0]["text"].lower()
    assert {"chunk_id", "document", "pages", "section", "start", "end"} <= passages[0].keys()


def test_verify_reads_and_writes_lines_in_order() -> None:
    evidence = "Give amoxicillin 500 mg three times a day for 5 days."
    rows = [
        {"id": "same", "claim": evidence, "evidence": evidence},
        {"id": "dose", "claim": evidence.replace("500", "850"), "evidence": evidence},
        {"id": "not", "claim": evidence.replace("Give", "Do not give"), "evidence": evidence},
        {"id": 7, "claim": "Give 0.5 g amoxicillin TDS for 5 days.", "evidence": evidence},
    ]
    done = run("verify", "-", stdin="\n".join(map(json.dumps, rows)))
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [verdict["id"] for verdict in verdicts] == ["same", "dose", "not", 7]
    assert verdicts[0]["verdict"] == "supported"
    assert verdicts[1]["verdict"] in {"contradicted", "unsupported"} and verdicts[1]["problems"]
    assert verdicts[2]["verdict"] in {"contradicted", "unsupported"}
    assert verdicts[3]["verdict"] == "supported"
    for verdict in verdicts:
        assert abs(sum(verdict["probabilities"].values()) - 1) < 1e-4


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    row = {"claim": "Give 5 mg.", "evidence": "Give 5 mg."}
    file = tmp_path / "claims.jsonl"
    file.write_text(json.dumps(row) + "\n", encoding="utf-8-sig")
    done = run("verify", file, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["verdict"] == "supported"


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "[1e400]"])
def test_verify_takes_no_number_that_json_does_not_know(number: str) -> None:
    done = run("verify", "-", stdin=f'{{"id": {number}, "claim": "a", "evidence": "b"}}\n')
    assert done.returncode == 1
    assert "line 1 is not JSON" in done.stderr and "internal" not in done.stderr.lower()


def test_verify_ends_well_before_its_judge_has_loaded(tmp_path: Path) -> None:
    """Weights load in a thread of their own; a process that ends amid that is not aborted."""
    config = tmp_path / "judge.toml"
    config.write_text('[verify]\njudge = "medrag-judge"\n', "utf-8")
    for stdin, code in (("", 0), ("not json\n", 1)):
        for _ in range(3):
            done = run("verify", "-", "--config", str(config), stdin=stdin)
            assert (done.returncode, done.stdout) == (code, ""), done.stderr


def test_verify_names_the_line_that_is_wrong() -> None:
    done = run("verify", "-", stdin='{"id": 1, "claim": "a", "evidence": "b"}\nnot json\n')
    assert done.returncode == 1
    assert "line 2" in done.stderr and "Traceback" not in done.stderr


def test_documents_list_show_remove(tmp_path: Path) -> None:
    library, folder = tmp_path / "library", tmp_path / "in"
    folder.mkdir()
    (folder / "fever.md").write_text("# Fever\n\nParacetamol 1 g every 6 hours.\n")
    assert run("--library", library, "ingest", folder, "--json").returncode == 0
    (listed,) = only_object(run("--library", library, "documents", "list", "--json"))["documents"]
    assert listed["title"] == "Fever"
    shown = only_object(run("--library", library, "documents", "show", listed["id"][:8], "--json"))
    assert "Paracetamol 1 g every 6 hours." in shown["text"]
    done = run("--library", library, "documents", "remove", listed["id"][:8], "--json")
    assert done.returncode == 0
    assert "next ingest" in done.stderr
    done = run("--library", library, "ask", "paracetamol dose")
    assert done.returncode == 1 and "is empty" in done.stderr


def test_doctor_finds_the_samples_well(samples: Path) -> None:
    done = run("--library", samples, "doctor", "--json")
    report = only_object(done)
    assert done.returncode == 0 and report["ok"], report
    assert report["library"]["cache"]["status"] == "current"
    assert report["network"]["refuses_connections"] is True
    assert report["embedding"]["sha256"].startswith("53aa51172d14")


def test_library_may_be_named_after_the_command(samples: Path) -> None:
    assert run("search", "metformin", "--library", samples, "--json").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["ask"], 2, "Missing argument"),
        (["nonsense"], 2, "No such command"),
        (["ask", "   "], 2, "question is empty"),
        (["--config", "/nowhere.toml", "ask", "x"], 2, "nowhere.toml"),
        (["--library", "/nowhere/lib", "ask", "x"], 1, "medrag ingest"),
        (["ask", "x", "--generator", "gpt"], 2, "no generator"),
    ],
)
def test_bad_usage_is_one_line_and_the_right_code(
    samples: Path, arguments: list[str], code: int, says: str
) -> None:
    done = run(*arguments, MEDRAG_LIBRARY=str(samples))
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_is_one_json_object_too(tmp_path: Path) -> None:
    done = run("--library", tmp_path / "none", "ask", "x", "--json")
    assert done.returncode == 1
    assert {"error", "remedy"} <= only_object(done).keys()


def test_a_closed_pipe_is_no_fuss(samples: Path) -> None:
    command = f"{sys.executable} -m medrag --library {samples} documents list | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
