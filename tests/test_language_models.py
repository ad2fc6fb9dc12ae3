"""Only the published bytes count as a published model, whatever name they are given."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from medrag.errors import ModelError, UsageError
from medrag.models import language
from medrag.models.language import CATALOG, best, find, installed, look
from medrag.models.shelf import shelf
from medrag.models.transfer import add, remove, verify
from tests.shelf_files import lying, row, stand_ins
from tests.tiny_gguf import write_tiny_model


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    return stand_ins(tmp_path, monkeypatch)


def rot(path: Path) -> None:
    """Change a weight as a failing disk does: size and time stamps stay."""
    seen = path.stat()
    with path.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        old = file.read(1)
        file.seek(-100, os.SEEK_END)
        file.write(bytes([old[0] ^ 1]))
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


# The catalog


def test_the_sixteen_files_of_medpsy_are_known_by_hash() -> None:
    medpsy = [one for one in CATALOG if one.family.startswith("medpsy")]
    assert len(medpsy) == 16 == len({one.sha256 for one in medpsy})
    four = next(one for one in CATALOG if one.name == "medpsy-4b")
    assert four.file == "medpsy-4b-q4_k_m-imat.gguf"
    assert four.bytes == 2716068640
    assert four.sha256 == "2ecbf622a2856f631001f20f593669aa03acba39977f521bef80cd8600864980"
    assert four.repository == "qvac/MedPsy-4B-GGUF"
    names = {one.name: one.file for one in CATALOG}
    assert names["medpsy-1.7b"] == "medpsy-1.7b-q4_k_m-imat.gguf"
    assert names["medpsy-4b-q8_0"] == "medpsy-4b-q8_0.gguf"
    assert names["medpsy-1.7b-iq4_xs"] == "medpsy-1.7b-iq4_xs-imat.gguf"
    for one in CATALOG:
        assert one.sha256 is None or len(bytes.fromhex(one.sha256)) == 32
        assert len(bytes.fromhex(one.revision)) == 20
    assert len(names) == len(CATALOG)


def test_few_bits_are_not_advised_for_the_small_one() -> None:
    assert {one.name for one in CATALOG if not one.advised} == {
        "medpsy-1.7b-iq3_m",
        "medpsy-1.7b-iq3_xxs",
    }
    assert all("not advised" in one.note for one in CATALOG if not one.advised)


# Add


def test_the_hash_says_what_a_file_is(files: dict[str, Path]) -> None:
    model = add(files["medpsy-1.7b"])
    assert (model.name, model.verified) == ("medpsy-1.7b", True)
    assert model.entry == row("medpsy-1.7b")
    assert model.path == shelf() / "medpsy-1.7b-q4_k_m-imat.gguf"
    assert model.path.read_bytes() == files["medpsy-1.7b"].read_bytes()
    assert find("medpsy-1.7b") == model and installed() == [model]
    assert lying() == {model.path.name}


def test_a_file_that_is_unknown_needs_a_word_and_a_name(files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="not a published file") as refused:
        add(files["strange"])
    assert "--unverified" in refused.value.remedy
    with pytest.raises(ModelError, match="not a published file"):
        add(files["strange"], unverified=True)
    assert not installed() and not lying()
    model = add(files["strange"], name="mine", unverified=True)
    assert (model.name, model.verified, model.entry) == ("mine", False, None)
    assert find("mine") == model


@pytest.mark.parametrize("name", ["medpsy-4b", "medpsy-4b-bf16", "qwen3-4b-thinking", "medpsy-9b"])
def test_no_other_weights_pass_for_published_ones(files: dict[str, Path], name: str) -> None:
    with pytest.raises(UsageError):
        add(files["strange"], name=name, unverified=True)
    assert not installed() and not lying()


@pytest.mark.parametrize("name", ["", "MedPsy-4B", "../x", "a b", "auto", "extractive", "x.gguf"])
def test_a_name_is_plain_and_nothing_else_is_called_so(files: dict[str, Path], name: str) -> None:
    with pytest.raises(UsageError, match="is no name"):
        add(files["strange"], name=name, unverified=True)


def test_a_published_file_keeps_its_own_name(files: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match=r"is medpsy-1\.7b by its hash"):
        add(files["medpsy-1.7b"], name="medpsy-4b")
    assert add(files["medpsy-1.7b"], name="medpsy-1.7b").verified


def test_a_model_of_unknown_hash_stays_unverified(files: dict[str, Path]) -> None:
    assert row("medgemma-27b").sha256 is None
    model = add(files["strange"], name="medgemma-27b", unverified=True)
    assert not model.verified and model.entry == row("medgemma-27b")


def test_adding_again_changes_nothing(files: dict[str, Path]) -> None:
    first = add(files["medpsy-4b"])
    stamp = first.path.stat().st_mtime_ns
    assert add(files["medpsy-4b"]) == first
    assert first.path.stat().st_mtime_ns == stamp
    mine = add(files["strange"], name="mine", unverified=True)
    assert add(files["strange"], name="mine", unverified=True) == mine
    with pytest.raises(UsageError, match="Another file is listed as mine"):
        other = write_tiny_model(files["strange"].with_name("other.gguf"), seed=98)
        add(other, name="mine", unverified=True)


def test_a_file_that_was_damaged_is_replaced_by_adding_it(files: dict[str, Path]) -> None:
    model = add(files["medpsy-4b"])
    model.path.write_bytes(b"GGUF")
    with pytest.raises(ModelError, match="has changed since it was added"):
        find("medpsy-4b")
    assert add(files["medpsy-4b"]) == find("medpsy-4b")


@pytest.mark.parametrize("content", [b"", b"GGUF\x03", b"<html>"])
def test_what_is_no_model_does_not_reach_the_shelf(files: dict[str, Path], content: bytes) -> None:
    files["strange"].write_bytes(content)
    with pytest.raises(ModelError):
        add(files["strange"], name="mine", unverified=True)
    assert not shelf().exists()


def test_an_interrupted_add_leaves_nothing_that_counts(files: dict[str, Path]) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(files["medpsy-4b"], progress=interrupt)
    assert not installed() and not lying()
    # One that was killed could not clean up; the next one does it.
    (shelf() / "123.adding").write_bytes(b"half")
    assert add(files["medpsy-4b"]).verified
    assert lying() == {row("medpsy-4b").file}


def test_no_room_is_said_before_anything_is_copied(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=64_000_000))
    with pytest.raises(ModelError, match="no room"):
        add(files["medpsy-4b"])
    assert not lying()


def test_one_at_a_time(files: dict[str, Path]) -> None:
    shelf().mkdir(parents=True)
    with (
        FileLock(shelf() / ".lock"),
        pytest.raises(ModelError, match="Another medrag is adding"),
    ):
        add(files["medpsy-4b"])
    assert add(files["medpsy-4b"]).verified


# Find


def test_what_is_not_installed_is_told_with_the_command(files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="medrag model pull medpsy-4b"):
        find("medpsy-4b")
    with pytest.raises(ModelError, match="medrag model add FILE --name medgemma-27b --unverified"):
        find("medgemma-27b")
    with pytest.raises(ModelError, match="medrag model list"):
        find("gpt")


def test_a_family_finds_its_best_member(files: dict[str, Path]) -> None:
    add(files["medpsy-4b-q8_0"])
    assert find("medpsy-4b").name == "medpsy-4b-q8_0"
    add(files["medpsy-4b"])
    assert find("medpsy-4b").name == "medpsy-4b"


def test_a_path_is_found_and_known_by_its_hash_alone(files: dict[str, Path]) -> None:
    known = find(str(files["medpsy-4b"]))
    assert (known.name, known.verified) == ("medpsy-4b", True)
    fake = files["strange"].rename(files["strange"].with_name("medpsy-4b.gguf"))
    found = find(str(fake))
    assert (found.name, found.verified, found.entry) == ("medpsy-4b.gguf", False, None)
    with pytest.raises(ModelError, match="does not exist"):
        find("nowhere.gguf")


def test_a_file_that_changed_is_not_used(files: dict[str, Path]) -> None:
    model = add(files["medpsy-4b"])
    with model.path.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"\x00\x01\x02")
    with pytest.raises(ModelError, match="has changed since it was added"):
        find("medpsy-4b")
    assert best(1024) is None
    model.path.unlink()
    with pytest.raises(ModelError, match="is gone"):
        find("medpsy-4b")


@pytest.mark.parametrize(
    "index",
    [b"{", b"[]", b"{}", b'{"models": 7}', b'{"models": {"a": 1}}', b"\xff\xfe", b"[" * 100_000],
)
def test_a_damaged_index_is_said_and_mended_by_adding(files: dict[str, Path], index: bytes) -> None:
    model = add(files["medpsy-4b"])
    (shelf() / "index.json").write_bytes(index)
    assert installed() == []
    assert any("damaged" in problem for problem in look().problems)
    with pytest.raises(ModelError, match="not installed"):
        find("medpsy-4b")
    # Its file is still there, and need not be copied.
    assert add(model.path) == model == find("medpsy-4b")


@pytest.mark.parametrize("file", ["../../secret.gguf", "/etc/passwd", ".hidden.gguf", "x.txt", 7])
def test_the_index_cannot_name_a_file_elsewhere(files: dict[str, Path], file: object) -> None:
    add(files["medpsy-4b"])
    rows = [{"name": "evil", "file": file, "sha256": "0" * 64}]
    (shelf() / "index.json").write_text(json.dumps({"models": rows}))
    assert installed() == []
    with pytest.raises(ModelError):
        find("evil")


# Which one fits


def test_auto_takes_the_best_that_fits(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert best(4096) is None
    add(files["strange"], name="mine", unverified=True)
    add(files["qwen3-4b-thinking"])
    assert best(4096) is None  # neither unverified nor for comparison
    for name in ("medpsy-1.7b", "medpsy-4b-q8_0", "medpsy-4b"):
        add(files[name])
        chosen = best(4096)
        assert chosen is not None and chosen.name == name
    model = find("medpsy-4b")
    need = model.bytes + 4096 * 2 * 2 * 1 * 64 + 600_000_000
    assert language.needs_bytes(model.header, model.bytes, 4096) == need
    monkeypatch.setattr(language, "available_bytes", lambda: need)
    assert best(4096) == model
    monkeypatch.setattr(language, "available_bytes", lambda: need - 1)
    assert best(4096) is None


def test_memory_needed_is_what_was_measured() -> None:
    """MedPsy-4B Q4_K_M at 8,192 tokens was measured at 3.7 GB; the estimate is no lower."""
    cache = 8192 * 147_456
    need = 2_716_068_640 + cache + language.WORKING_BYTES
    assert 3.7e9 <= need <= 4.7e9
    assert language.available_bytes() > 0


# Verify and remove


def test_verify_reads_the_bytes_whatever_is_remembered(files: dict[str, Path]) -> None:
    add(files["medpsy-1.7b"])
    model = add(files["medpsy-4b"])
    add(files["strange"], name="mine", unverified=True)
    assert [(one.name, ok) for one, ok, _ in verify()] == [
        ("medpsy-1.7b", True),
        ("medpsy-4b", True),
        ("mine", True),
    ]
    rot(model.path)
    (checked,) = verify("medpsy-4b")
    assert checked[1] is False and "sha256" in checked[2]
    with pytest.raises(ModelError, match="has changed"):
        find("medpsy-4b")
    assert [ok for _, ok, _ in verify()] == [True, False, True]


def test_verify_reports_what_is_gone_or_cut_short(files: dict[str, Path]) -> None:
    first, second = add(files["medpsy-4b"]), add(files["medpsy-1.7b"])
    first.path.unlink()
    second.path.write_bytes(second.path.read_bytes()[:5000])
    (_, ok, why), (_, ok_too, why_too) = verify()
    assert (ok, ok_too) == (False, False)
    assert "gone" in why and "sha256" in why_too
    with pytest.raises(ModelError, match="not installed"):
        verify("mine")


def test_remove_takes_file_and_line(files: dict[str, Path]) -> None:
    model = add(files["medpsy-4b"])
    other = add(files["medpsy-1.7b"])
    assert remove("medpsy-4b") == [model.path.name]
    assert installed() == [other] and lying() == {other.path.name}
    with pytest.raises(ModelError, match="not on the shelf"):
        remove("medpsy-4b")
    other.path.unlink()
    assert remove("medpsy-1.7b") == [] and installed() == []
