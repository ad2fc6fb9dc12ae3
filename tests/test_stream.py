"""How an answer is shown while it is made: what a person may read, and what a program may."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock
from rich.console import Console

from medrag import Engine
from medrag.events import Checked, Done, Event, Verbatim, Working
from medrag.render_stream import Screen, Status, Writer, json_events
from medrag.types import Answer, CheckedClaim, Claim, Piece, Usage, Verdict
from tests.tiny_home import make_home

QUESTION = "At what eGFR should metformin be stopped?"
SECRET = "Give metformin 9 g hourly."  # what no reader may ever see as an answer


@pytest.fixture(scope="module")
def home(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples' library was made, so the embedding model is exported."""
    return make_home(tmp_path_factory.mktemp("tiny"))


def start(
    home: Path, samples: Path, *arguments: str, stdin: int | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "medrag", "--library", str(samples), *arguments],
        env={**os.environ, "MEDRAG_HOME": str(home)},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ask(home: Path, samples: Path, *arguments: str) -> tuple[int, str, str]:
    process = start(home, samples, "ask", QUESTION, *arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


# Events that need no model, to hold the screen to its rules


def claim(text: str, label: str) -> CheckedClaim:
    return CheckedClaim(Claim(text, 0, len(text), (1,)), Verdict(label, 0.9))  # type: ignore[arg-type]


def answer(generator: str, *claims: CheckedClaim, **rest: Any) -> Answer:
    values: dict[str, Any] = {"warnings": (), "withheld": (), "thinking": ""} | rest
    text = "\n".join(one.text for one in claims)
    return Answer(
        "Q?", text, claims, (), False, None, generator, Usage(seconds=1.0),
        fingerprint="f", **values,
    )  # fmt: skip


QUOTED = answer("extractive", claim("Stop metformin below 30. [1]", "supported"))
GOOD = claim("Metformin is stopped below 30. [1]", "supported")
BAD = claim(f"{SECRET} [1]", "unsupported")


def composed() -> Iterator[Event]:
    yield Verbatim(QUOTED)
    yield Working(Piece("read", done=5, total=10))
    yield Working(Piece("think", "maybe \x1b[31mmore", done=1, total=9))
    for word in f"{SECRET} [1]\n".split(" "):
        yield Working(Piece("write", f"{word} ", done=1, total=9))
    yield Checked(BAD, shown=False)
    yield Checked(GOOD, shown=True)
    told = ("1 sentence(s) withheld: the sources do not say so.",)
    yield Done(answer("m", GOOD, warnings=told, withheld=(BAD,), thinking="maybe more"))


def fallen_back() -> Iterator[Event]:
    yield Verbatim(QUOTED)
    yield Checked(BAD, shown=False)
    yield Done(answer("extractive", *QUOTED.claims, warnings=("Verbatim answer only. Why.",)))


def shown(
    events: Iterator[Event], *, thinking: bool = False, verified: bool = True, tty: bool = False
) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    writer = Writer("m", verified, quotes=False)
    status = Status(
        Console(file=err, width=100, force_terminal=tty, color_system=None, legacy_windows=False),
        lambda: writer,
        thinking=thinking,
    )
    Screen(Console(file=out, width=100), status, lambda: writer).show(events)
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("thinking", [False, True])
@pytest.mark.parametrize("tty", [False, True])
def test_no_reader_sees_a_sentence_that_was_not_supported(thinking: bool, tty: bool) -> None:
    out, err = shown(composed(), thinking=thinking, tty=tty)
    for word in ("9 g", "hourly"):
        assert word not in out and word not in err
    assert "Metformin is stopped below 30. [1]  (supported)" in out
    assert "1 sentence(s) withheld" in out


def test_the_verbatim_answer_comes_first_and_each_part_says_whose_words_it_is() -> None:
    out, _ = shown(composed())
    parts = [
        "From your documents, word for word:", "Stop metformin below 30.",
        "In the words of m, each sentence checked:", "Metformin is stopped below 30.",
        "Written by m from your documents",
    ]  # fmt: skip
    assert sorted(parts, key=out.index) == parts
    assert "Verbatim from your documents" not in out


def test_an_unverified_model_is_called_so_above_and_below_its_sentences() -> None:
    out, _ = shown(composed(), verified=False)
    assert "In the words of m (UNVERIFIED MODEL), each sentence checked:" in out
    assert "Written by m (UNVERIFIED MODEL) from your documents" in out


def test_where_nothing_stands_the_verbatim_answer_is_named_the_answer_and_printed_once() -> None:
    out, _ = shown(fallen_back())
    assert out.count("Stop metformin below 30.") == 1
    assert "The word-for-word answer above is the answer." in out
    assert "Verbatim answer only. Why." in out
    assert "In the words of" not in out
    assert "Verbatim from your documents" in out


def test_thinking_is_shown_when_asked_for_only_apart_and_harmless() -> None:
    out, err = shown(composed())
    assert "maybe" not in out + err
    out, err = shown(composed(), thinking=True)
    assert "maybe" not in out and "\x1b" not in err
    assert "Unchecked thinking of m, not an answer:\n" in err and "maybe \\x1b[31mmore" in err


def test_beside_a_terminal_each_step_is_one_plain_line_at_most() -> None:
    _, err = shown(composed())
    told = err.splitlines()
    assert len(told) == len(set(told)) and "m: reading the sources" in told


def test_at_a_terminal_the_line_says_how_far_it_is_and_goes() -> None:
    _, err = shown(composed(), tty=True)
    assert "starting the language model" in err
    assert err.count("\x1b[?25l") == err.count("\x1b[?25h")  # the cursor is given back


def test_json_never_holds_text_of_writing_nor_unasked_thinking() -> None:
    events = list(json_events(composed()))
    assert events[0]["event"] == "verbatim"
    assert events[-1]["event"] == "answer" and "thinking" not in events[-1]["answer"]
    working = [event for event in events if event["event"] == "working"]
    assert {frozenset(event) for event in working} == {
        frozenset({"event", "phase", "done", "total"})
    }
    assert not any(event["event"] == "thinking" for event in events)
    withheld, good = (event for event in events if event["event"] == "sentence")
    assert (withheld["shown"], good["shown"]) == (False, True)
    assert withheld["claim"]["verdict"] == "unsupported"


def test_json_holds_the_thinking_when_asked_for() -> None:
    events = list(json_events(composed(), thinking=True))
    thoughts = "".join(event["text"] for event in events if event["event"] == "thinking")
    assert thoughts == "maybe \x1b[31mmore"
    assert events[-1]["answer"]["thinking"] == "maybe more"


def test_json_says_of_a_long_step_now_and_then_only() -> None:
    def long() -> Iterator[Event]:
        for number in range(5000):
            yield Working(Piece("think", "x", done=number, total=5000))
        yield Done(QUOTED)

    started = time.monotonic()
    events = list(json_events(long(), thinking=True))
    most = 2 + 4 * (time.monotonic() - started)
    assert sum(event["event"] == "working" for event in events) <= most
    assert "".join(e["text"] for e in events if e["event"] == "thinking") == "x" * 5000


# The real thing


def test_what_the_real_model_chooses_stands_word_for_word(
    home: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDRAG_HOME", str(home))
    with Engine.open(samples, mode="quotes", thinking_tokens=0, answer_tokens=1200) as engine:
        events = list(engine.ask_stream(QUESTION, generator="tiny"))
        assert isinstance(events[0], Verbatim) and isinstance(events[-1], Done)
        sentences = [event for event in events if isinstance(event, Checked)]
        made = events[-1].answer
        assert made.generator == "tiny" and made.claims
        assert [event.claim.text for event in sentences if event.shown] == [
            one.text for one in made.claims
        ]
        for one in made.claims:
            (source,) = made.sources_of(one)
            evidence = one.verdict.evidence
            assert one.verdict.label == "supported" and evidence is not None
            document = engine.document(source.passage.document.id)
            assert document.text[evidence.start : evidence.end] == evidence.quote
            said = one.text.removesuffix(f" [{source.marker}]")
            assert said == " ".join(evidence.quote.split())


def test_stream_json_is_a_line_an_event(home: Path, samples: Path) -> None:
    code, out, err = ask(
        home, samples, "--generator", "tiny", "--mode", "quotes", "--stream", "--json",
        "--thinking-budget", "0",
    )  # fmt: skip
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    names = [event["event"] for event in events]
    assert names[0] == "verbatim" and names[-1] == "answer"
    assert set(names) == {"verbatim", "working", "sentence", "answer"}
    assert "think" not in {e["phase"] for e in events if e["event"] == "working"}
    made = events[-1]["answer"]
    assert made["generator"] == "tiny"
    assert {"cached_tokens", "phases"} <= made["usage"].keys() and "thinking" not in made
    assert err == ""


def test_stream_json_without_a_language_model_is_the_answer_alone(
    home: Path, samples: Path
) -> None:
    code, out, _ = ask(home, samples, "--generator", "extractive", "--stream", "--json")
    (line,) = out.splitlines()
    assert code == 0 and json.loads(line)["event"] == "answer"


def test_thinking_is_in_the_object_only_with_show_thinking(home: Path, samples: Path) -> None:
    flags = ("--generator", "tiny", "--json", "--thinking-budget", "5")
    _, out, err = ask(home, samples, *flags, "--show-thinking")
    assert json.loads(out)["thinking"] and err == ""
    _, out, _ = ask(home, samples, *flags)
    assert "thinking" not in json.loads(out)


@pytest.mark.parametrize(
    "flags", [("--thinking-budget", "99999"), ("--mode", "poems"), ("--thinking-budget", "-7")]
)
def test_a_value_out_of_range_is_bad_usage_in_one_line(
    home: Path, samples: Path, flags: tuple[str, ...]
) -> None:
    code, out, err = ask(home, samples, *flags)
    assert code == 2 and out == "" and len(err.splitlines()) == 1


def _workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [child for child in children if "medrag.generators.worker" in child.cmdline()]


def test_when_the_reader_has_gone_the_waiting_ends(home: Path, samples: Path) -> None:
    with FileLock(home / "worker.lock"):  # another process has the model
        flags = ("--generator", "tiny", "--stream", "--json")
        process = start(home, samples, "ask", QUESTION, *flags)
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["event"] == "verbatim"
        assert json.loads(process.stdout.readline())["phase"] == "wait"
        assert _workers_of(process) == []  # two models may not fit into memory together
        process.stdout.close()
        process.wait(timeout=20)
        assert process.stderr.read() == ""
        assert process.returncode == 1


def test_when_the_reader_has_gone_the_model_stops(
    home: Path, samples: Path, tmp_path: Path
) -> None:
    long_work = tmp_path / "long.toml"
    long_work.write_text("[worker]\ncontext = 32768\n[compose]\nanswer_tokens = 4000\n"
                         "evidence_tokens = 16000\nthinking_tokens = 4000\n")  # fmt: skip
    flags = ("--generator", "tiny", "--stream", "--json", "--config", str(long_work))
    process = start(home, samples, "ask", QUESTION, *flags)
    assert process.stdout is not None and process.stderr is not None
    assert json.loads(process.stdout.readline())["event"] == "verbatim"
    while json.loads(process.stdout.readline()).get("phase") != "read":
        pass
    [worker] = _workers_of(process)
    process.stdout.close()
    process.wait(timeout=20)
    assert process.stderr.read() == ""
    psutil.wait_procs([worker], timeout=5)
    assert not worker.is_running()


def test_ctrl_c_leaves_the_verbatim_answer_and_says_so(home: Path, samples: Path) -> None:
    with FileLock(home / "worker.lock"):
        process = start(home, samples, "ask", QUESTION, "--generator", "tiny")
        assert process.stderr is not None
        for line in process.stderr:
            if "waiting for its turn" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert "Stop metformin when eGFR is below 30" in out
        assert err.splitlines()[-1] == "Interrupted; the answer above is verbatim and complete."


# Chat


def chat(home: Path, samples: Path, typed: str, *flags: str) -> tuple[int, str, str]:
    process = start(home, samples, "chat", *flags, stdin=subprocess.PIPE)
    out, err = process.communicate(typed, timeout=60)
    return process.returncode, out, err


def test_chat_reads_follow_ups_with_what_went_before(home: Path, samples: Path) -> None:
    typed = "What is the dose of amoxicillin?\n\nAnd in children?\n/quit\nnever read\n"
    code, out, err = chat(home, samples, typed, "--generator", "extractive")
    assert code == 0 and err == ""
    first, second = out.split("Asked as: What is the dose of amoxicillin in children?")
    assert "500 mg to 1 g" in first
    assert "30 mg/kg" in second and "500 mg to 1 g" not in second


def test_chat_json_is_an_object_a_question_and_goes_on_after_an_error(
    home: Path, samples: Path
) -> None:
    typed = "What is the dose of amoxicillin?\nIn children?\n/new\nIn children?"
    code, out, _ = chat(home, samples, typed, "--generator", "extractive", "--json")
    turns = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [turn["question"] for turn in turns] == [typed.split("\n")[n] for n in (0, 1, 3)]
    assert [turn["asked_as"] for turn in turns] == [
        None, "What is the dose of amoxicillin in children?", None,
    ]  # fmt: skip
    assert not turns[1]["answer"]["abstained"] and turns[2]["answer"]["abstained"]
    code, out, _ = chat(home, samples, "one\ntwo\n", "--generator", "nobody", "--json")
    assert code == 0
    assert ["no generator 'nobody'" in json.loads(line)["error"] for line in out.splitlines()] == [
        True, True,
    ]  # fmt: skip


def test_chat_on_no_library_fails_at_once(home: Path, tmp_path: Path) -> None:
    code, out, err = chat(home, tmp_path / "none", "What is the dose of amoxicillin?\n")
    assert code == 1 and out == "" and "medrag ingest" in err
