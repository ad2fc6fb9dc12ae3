"""``verify`` finds any change to the log; what a crash leaves is none."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medrag.errors import LibraryError
from medrag.server.audit import AuditLog
from medrag.server.audit_chain import read_head, read_key, write_head
from medrag.server.audit_verify import verify

OCTOBER, NOVEMBER = (datetime(2026, month, 9, tzinfo=UTC) for month in (10, 11))
FIRST, SECOND = "audit-2026-10.jsonl", "audit-2026-11.jsonl"
Files = dict[str, bytes]


def made(folder: Path) -> Files:
    """A log of two months, five records each; every byte of it on the disk."""
    for now in (OCTOBER, NOVEMBER):
        with AuditLog.open(folder, clock=lambda now=now: now) as log:
            for n in range(5):
                log.append({"action": "asked", "n": n, "question": "Warfarin?"}).result(10)
    return {name: (folder / name).read_bytes() for name in KEPT}


KEPT = ("audit.key", "audit.head", FIRST, SECOND)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return made(tmp_path_factory.mktemp("log") / "audit")


def put(folder: Path, files: Files) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def spoilt(data: st.DataObject, files: Files) -> Files:
    """``files`` after one change by hand."""
    out = dict(files)
    name = data.draw(st.sampled_from([FIRST, SECOND, "audit.head"]))
    text = files[name]
    kind = data.draw(
        st.sampled_from(["flip", "delete", "insert", "swap", "repeat", "drop", "move", "cut"])
    )
    lines = text.splitlines(keepends=True)
    at = data.draw(st.integers(0, len(text) - 1))
    line, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    if kind == "flip":
        changed = bytes([text[at] ^ data.draw(st.integers(1, 255))])
        out[name] = text[:at] + changed + text[at + 1 :]
    elif kind == "delete":
        out[name] = text[:at] + text[at + data.draw(st.integers(1, 400)) :]
    elif kind == "insert":
        at = data.draw(st.integers(0, len(text)))
        out[name] = text[:at] + data.draw(st.binary(min_size=1, max_size=20)) + text[at:]
    elif kind == "swap":
        lines[line], lines[other] = lines[other], lines[line]
        out[name] = b"".join(lines)
    elif kind == "repeat":
        out[name] = b"".join([*lines[:other], lines[line], *lines[other:]])
    elif kind == "drop":
        out[name] = b"".join(lines[:line] + lines[line + 1 :])
    elif kind == "cut":
        out[name] = text[:at]
    else:  # a line of one file into the other
        source, target = data.draw(st.permutations([FIRST, SECOND]))
        lines, others = (files[n].splitlines(keepends=True) for n in (source, target))
        place = data.draw(st.integers(0, len(others)))
        taken = lines.pop(min(line, len(lines) - 1))
        out[source] = b"".join(lines)
        out[target] = b"".join([*others[:place], taken, *others[place:]])
    return out


def is_an_unfinished_line(before: Files, after: Files) -> bool:
    added = after[SECOND][len(before[SECOND]) :]
    others = {name: data for name, data in after.items() if name != SECOND}
    return (
        others == {name: data for name, data in before.items() if name != SECOND}
        and after[SECOND].startswith(before[SECOND])
        and b"\n" not in added
    )


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_change_is_found(data: st.DataObject, log: Files) -> None:
    after = spoilt(data, log)
    with tempfile.TemporaryDirectory() as folder:
        report = verify(put(Path(folder), after))
    if after == log:
        assert report.ok and not report.notes
    elif report.ok:
        assert is_an_unfinished_line(log, after) and "unfinished" in report.notes[0]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_after_a_crash_at_any_byte_the_log_goes_on(data: st.DataObject, log: Files) -> None:
    """The head names record 7; what stands behind it reached the disk in part."""
    with tempfile.TemporaryDirectory() as root:
        folder = put(Path(root), log)
        key = read_key(folder)
        assert key is not None
        full = read_head(folder, key)
        assert full is not None
        lines = log[SECOND].splitlines(keepends=True)
        start, end = len(lines[0]), len(lines[0] + lines[1])
        digest = lines[1][-67:-3].decode()
        write_head(folder, key, replace(full, seq=7, hash=digest, start=start, end=end))
        cut = data.draw(st.integers(end, len(log[SECOND])))
        (folder / SECOND).write_bytes(log[SECOND][:cut])
        before = verify(folder)
        assert before.ok and before.seq >= 7
        assert bool(before.notes) == (not log[SECOND][:cut].endswith(b"\n"))
        with AuditLog.open(folder, clock=lambda: NOVEMBER) as again:
            again.append({"action": "started"}).result(10)
        after = verify(folder)
        assert after.ok and after.seq == before.seq + 1 + bool(before.notes)
        assert (folder / SECOND).read_bytes().startswith(b"".join(lines[: before.seq - 5]))


def test_the_place_of_a_change_is_told(log: Files, tmp_path: Path) -> None:
    lines = log[SECOND].splitlines(keepends=True)
    lines[2] = lines[2].replace(b"Warfarin", b"Metformi")
    report = verify(put(tmp_path, {**log, SECOND: b"".join(lines)}))
    (finding,) = report.findings
    assert (finding.file, finding.line) == (SECOND, 3) and "altered" in finding.what
    assert report.records == 9


def test_a_missing_line_is_named_by_its_number(log: Files, tmp_path: Path) -> None:
    lines = log[FIRST].splitlines(keepends=True)
    report = verify(put(tmp_path, {**log, FIRST: b"".join(lines[:1] + lines[3:])}))
    (finding,) = report.findings
    assert (finding.file, finding.line) == (FIRST, 2)
    assert "record 2 is missing: record 4" in finding.what


@pytest.mark.parametrize("lost", [FIRST, SECOND, "audit.head", "audit.key"])
def test_a_missing_file_is_found(log: Files, tmp_path: Path, lost: str) -> None:
    report = verify(put(tmp_path, {name: data for name, data in log.items() if name != lost}))
    assert not report.ok


def test_a_file_under_another_name_is_found(log: Files, tmp_path: Path) -> None:
    files = {**log, "audit-2026-12.jsonl": log[SECOND]}
    del files[SECOND]
    assert not verify(put(tmp_path, files)).ok


def test_a_log_cut_at_a_line_is_found_by_its_head(log: Files, tmp_path: Path) -> None:
    lines = log[SECOND].splitlines(keepends=True)
    report = verify(put(tmp_path, {**log, SECOND: b"".join(lines[:-1])}))
    (finding,) = report.findings
    assert finding.what == "the log ends at record 9; the head names 10"


def test_a_chain_made_with_another_key_is_found(log: Files, tmp_path: Path) -> None:
    """Whoever cannot read the key can write a log of his own, but not under this key."""
    forged = made(tmp_path / "forged")
    report = verify(put(tmp_path / "audit", {**forged, "audit.key": log["audit.key"]}))
    assert report.records == 0 and len(report.findings) > 10


def test_an_older_copy_of_everything_is_found_only_by_a_head_kept_elsewhere(
    tmp_path: Path,
) -> None:
    folder, copy = tmp_path / "audit", tmp_path / "copy"
    with AuditLog.open(folder) as log:
        log.append({"action": "one"}).result(10)
        shutil.copytree(folder, copy)
        log.append({"action": "two"}).result(10)
        noted = log.head
    assert verify(folder, expect=noted).ok
    shutil.rmtree(folder)
    copy.rename(folder)
    assert verify(folder).ok
    assert "--expect names 2" in verify(folder, expect=noted).findings[0].what
    with AuditLog.open(folder) as log:
        log.append({"action": "another"}).result(10)
    assert verify(folder).ok
    assert "not the one that --expect names" in verify(folder, expect=noted).findings[0].what
    shutil.rmtree(folder)
    assert not verify(folder, expect=noted).ok


def test_an_empty_file_of_a_new_month_is_a_note(log: Files, tmp_path: Path) -> None:
    report = verify(put(tmp_path, {**log, "audit-2026-12.jsonl": b""}))
    assert report.ok and "2026-12.jsonl is empty" in report.notes[0]


def test_a_log_that_is_being_written_to_is_sound_all_the_time(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    with AuditLog.open(folder) as log:
        for _ in range(60):
            futures = [log.append({"action": "asked", "filling": "x" * 900}) for _ in range(20)]
            report = verify(folder)
            assert report.ok, report.findings
        futures[-1].result(10)
    assert verify(folder).records == 1200


def test_where_there_is_no_log_nothing_is_called_sound(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(LibraryError, match="no audit log"):
            verify(folder)
