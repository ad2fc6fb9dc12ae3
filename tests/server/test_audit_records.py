"""What stands in the audit log, what does not, and how people read it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from medrag import Engine
from medrag.cli.audit import register
from medrag.errors import ConfigError, MedragError, UsageError
from medrag.server.access import LOCAL, Caller
from medrag.server.audit import AuditLog, open_audit
from medrag.server.audit_questions import (
    QuestionSealer,
    make_keys,
    read_private_key,
    read_public_key,
    unsealed,
)
from medrag.server.audit_records import AuditRecords
from medrag.server.audit_show import Reading, moment, summary
from medrag.server.settings import ServeSettings
from medrag.types import Failure, Ingested, IngestReport, Verdict

QUESTION = "At what eGFR should metformin be stopped?"
UNKNOWN = "Should Mrs Quibblethwaite take zorblaxine?"
ANNA = Caller(id="k1", name="ward 3", role="reader", collections=frozenset({"guidelines"}))
IDENTITIES = {"all-MiniLM-L6-v2": "53aa" * 16}

app = typer.Typer()
register(app)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    make_keys(private, public)
    return private, public


@pytest.fixture
def plain() -> AuditRecords:
    return AuditRecords(QuestionSealer("plain"))


@pytest.fixture
def silent() -> AuditRecords:
    return AuditRecords(QuestionSealer("none"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_answer_is_kept_as_verdicts_chunks_and_digests(
    engine: Engine, plain: AuditRecords
) -> None:
    answer = engine.ask(QUESTION, generator="extractive")
    record = plain.answered("r1", answer, IDENTITIES)
    assert record["identities"] == IDENTITIES and record["request"] == "r1"
    assert record["fingerprint"] == answer.fingerprint and not record["abstained"]
    by_marker = {source["marker"]: source["chunk"] for source in record["sources"]}
    for claim, kept in zip(answer.claims, record["claims"], strict=True):
        assert kept["verdict"] == claim.verdict.label
        assert kept["chunks"] == [by_marker[marker] for marker in claim.claim.markers]
    every = (*answer.claims, *answer.withheld)
    assert record["details"]["sha256"] == [digest(claim.text) for claim in every]
    told = json.dumps(record)
    assert answer.claims[0].text not in told and "metformin" not in told.lower()


def test_no_word_of_the_question_is_kept_where_it_is_left_out(
    engine: Engine, silent: AuditRecords
) -> None:
    answer = engine.ask(UNKNOWN, generator="extractive")
    assert answer.abstained and "zorblaxine" in str(answer.reason).lower()
    records = [
        silent.asked("r1", ANNA, "rest", UNKNOWN, ["guidelines"], None),
        silent.answered("r1", answer, IDENTITIES, rephrased=True),
        silent.searched("r2", ANNA, "mcp", UNKNOWN, None, engine.search(UNKNOWN, 3)),
        silent.verified("r3", ANNA, "rest", [(UNKNOWN, "x")], [Verdict("unsupported", 0.1)]),
        silent.ended("r4", "cancelled", shown=answer, identities=IDENTITIES),
    ]
    told = json.dumps(records).lower()
    assert "zorblaxine" not in told and "quibble" not in told
    for guess in (UNKNOWN, answer.text):
        assert digest(guess) not in told
    assert records[1]["why"] == "nothing close enough"
    assert records[4]["shown"]["sources"] == records[1]["sources"]


def test_questions_are_kept_as_typed_where_they_may_be(engine: Engine, plain: AuditRecords) -> None:
    record = plain.asked("r1", ANNA, "openai", QUESTION, None, "extractive", turns=2)
    assert (record["question"], record["caller"], record["name"]) == (QUESTION, "k1", "ward 3")
    assert (record["door"], record["turns"], record["collections"]) == ("openai", 2, None)
    found = engine.search(QUESTION, 3)
    searched = plain.searched("r2", ANNA, "rest", QUESTION, frozenset({"b", "a"}), found)
    assert searched["chunks"] == [passage.chunk.id for passage in found]
    assert searched["collections"] == ["a", "b"]


def test_names_of_files_follow_the_questions(plain: AuditRecords, silent: AuditRecords) -> None:
    report = IngestReport(
        added=(Ingested("d1", "/up/Miller, John.pdf", 1, 2),), updated=(), unchanged=(),
        removed=(Ingested("d0", "/up/old.pdf", 1, 2),),
        failed=(Failure("/up/Smith.docx", "It is damaged.", "Mend it."),), seconds=1.0,
    )  # fmt: skip
    record = plain.uploaded("r1", LOCAL, "notes", report)
    assert record["files"] == ["Miller, John.pdf", "Smith.docx"]
    assert (record["added"], record["replaced"], record["failed"]) == (["d1"], ["d0"], 1)
    assert "Miller" not in json.dumps(silent.uploaded("r1", LOCAL, "notes", report))


def test_the_refused_are_named_by_caller_or_peer(plain: AuditRecords) -> None:
    known = plain.refused(ANNA, "DELETE /v1/documents/{id}", 403)
    assert (known["caller"], known["status"]) == ("k1", 403)
    assert plain.refused("10.0.0.9", "x" * 999, 401)["peer"] == "10.0.0.9"
    assert len(plain.refused("10.0.0.9", "x" * 999, 401)["what"]) == 200


@given(text=st.text())
def test_what_is_sealed_only_the_private_key_opens(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "pair"
    folder.mkdir(exist_ok=True)
    mine, public = folder / "private.pem", folder / "public.pem"
    if not mine.exists():
        make_keys(mine, public)
        make_keys(folder / "other.pem", folder / "other.pub")
    sealer = QuestionSealer("encrypted", read_public_key(public))
    record = {"seq": 1, **sealer.seal("question", text)}
    assert list(record) == ["seq", "question_sealed"]
    assert unsealed(record, read_private_key(mine)) == {"seq": 1, "question": text}
    assert unsealed(record, read_private_key(folder / "other.pem")) == record
    moved = {"files_sealed": record["question_sealed"]}
    assert unsealed(moved, read_private_key(mine)) == moved


def test_sealing_hides_the_length_and_that_two_are_alike(keys: tuple[Path, Path]) -> None:
    sealer = QuestionSealer("encrypted", read_public_key(keys[1]))
    short, again, longer = (
        sealer.seal("question", text)["question_sealed"] for text in ("a", "a", "a" * 90)
    )
    assert len(short) == len(longer) and short != again


def test_encryption_without_a_key_is_never_plain(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    serve = ServeSettings(audit_questions="encrypted")
    other = tmp_path / "text.pem"
    other.write_text("hello")
    for path in ("", str(tmp_path / "none.pem"), str(other), str(keys[0])):
        with pytest.raises(ConfigError, match=r"keygen|key file"):
            open_audit(replace(serve, audit_public_key=path), tmp_path)
    assert not (tmp_path / "audit").exists()
    with pytest.raises(ConfigError):
        QuestionSealer("encrypted").seal("question", QUESTION)
    with pytest.raises(ConfigError, match="private"):
        read_private_key(keys[1])


def test_the_log_of_a_server_lies_where_the_settings_say(
    tmp_path: Path, keys: tuple[Path, Path]
) -> None:
    serve = ServeSettings(
        audit_folder=str(tmp_path / "logs"), audit_questions="encrypted",
        audit_public_key=str(keys[1]),
    )  # fmt: skip
    log, records = open_audit(serve, tmp_path / "library")
    with log:
        log.append(records.asked("r1", ANNA, "rest", QUESTION, None, None)).result(10)
    assert b"metformin" not in (tmp_path / "logs" / log_file(tmp_path / "logs")).read_bytes()
    assert not (tmp_path / "library").exists()


def log_file(folder: Path) -> str:
    (name,) = (path.name for path in folder.glob("audit-*.jsonl"))
    return name


# The command line.


def run(library: Path, *arguments: str) -> Any:
    name, *rest = arguments
    return CliRunner().invoke(app, ["audit", name, "--library", str(library), *rest])


@pytest.fixture
def library(tmp_path: Path, engine: Engine, keys: tuple[Path, Path]) -> Path:
    """A library whose server was asked by Anna, in secret, and by another, plainly."""
    library = tmp_path / "library"
    sealed = AuditRecords(QuestionSealer("encrypted", read_public_key(keys[1])))
    records = AuditRecords(QuestionSealer("plain"))
    answer = engine.ask(QUESTION, generator="extractive")
    with AuditLog.open(library / "audit") as log:
        log.append(records.started("0.3", "f" * 16, IDENTITIES))
        log.append(sealed.asked("r1", ANNA, "rest", QUESTION, ["guidelines"], None))
        log.append(sealed.answered("r1", answer, IDENTITIES))
        log.append(records.searched("r2", LOCAL, "mcp", "\x1b]0;hi\x07 [bold]\u202e?", None, ()))
    return library


def test_verify_and_head_agree(library: Path) -> None:
    head = run(library, "head").stdout.strip()
    parts = json.loads(run(library, "head", "--json").stdout)
    assert head == f"{parts['seq']}:{parts['hash']}" and parts["seq"] == 4
    sound = run(library, "verify", "--expect", head, "--json")
    assert sound.exit_code == 0 and json.loads(sound.stdout)["ok"] is True
    assert f"Last: {head}" in run(library, "verify").stdout
    wrong = run(library, "verify", "--expect", f"4:{'0' * 64}")
    assert wrong.exit_code == 1 and "ALTERED" in wrong.stdout


def test_verify_says_where_and_ends_with_one(library: Path) -> None:
    path = library / "audit" / log_file(library / "audit")
    path.write_bytes(path.read_bytes().replace(b"ward 3", b"ward 4", 1))
    told = run(library, "verify")
    assert told.exit_code == 1 and f"{path.name} line 2: altered" in told.stdout
    found = json.loads(run(library, "verify", "--json").stdout)
    assert found["ok"] is False and found["findings"][0]["line"] == 2


def test_a_head_that_was_not_printed_by_head_is_bad_usage(library: Path) -> None:
    for text in ("4", "4:abc", "x:" + "0" * 64):
        result = run(library, "verify", "--expect", text)
        assert isinstance(result.exception, UsageError)


def test_show_tells_who_when_and_what(library: Path, keys: tuple[Path, Path]) -> None:
    told = run(library, "show").stdout
    assert "(encrypted)" in told and "supported" in told and "metformin" not in told
    assert "\x1b" not in told and "\u202e" not in told and "[bold]" in told
    hers = run(library, "show", "--who", "ward 3", "--private-key", str(keys[0]), "--json").stdout
    asked, answered = map(json.loads, hers.splitlines())
    assert asked["question"] == QUESTION and answered["name"] == "ward 3"
    assert QUESTION in " ".join(run(library, "show", "--private-key", str(keys[0])).stdout.split())
    assert "\u202e" not in run(library, "show", "--json").stdout


def test_show_since_a_date(library: Path) -> None:
    assert len(run(library, "show", "--since", "2026-01-01", "--json").stdout.splitlines()) == 4
    assert run(library, "show", "--since", "2999-01-01", "--json").stdout == ""
    assert moment("2026-11-23T10:00:00+01:00") == "2026-11-23T09:00:00.000Z"
    with pytest.raises(UsageError):
        moment("yesterday")


def test_show_goes_on_over_lines_that_are_no_records(library: Path) -> None:
    path = library / "audit" / log_file(library / "audit")
    path.write_bytes(b'junk\n[1]\n{"action":"answered","claims":5}\n' + path.read_bytes())
    result = run(library, "show")
    assert result.exit_code == 0 and "2 lines are no records" in result.stderr
    assert "not a record" in result.stdout
    assert len(list(Reading(library / "audit").records())) == 5


@given(record=st.dictionaries(st.sampled_from(
    "action door collections chunks question claims sources withheld shown files".split()),
    st.recursive(st.none() | st.integers() | st.text() | st.just("answered") | st.just("ended"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)),
))  # fmt: skip
def test_any_record_has_a_summary(record: dict[str, Any]) -> None:
    assert isinstance(summary(record), str)


def test_keygen_overwrites_nothing(tmp_path: Path) -> None:
    private, public = tmp_path / "a.pem", tmp_path / "b.pem"
    arguments = ["audit", "keygen", str(private), str(public)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert private.stat().st_mode & 0o077 == 0
    before = private.read_bytes()
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, MedragError) and private.read_bytes() == before
    read_public_key(public)
