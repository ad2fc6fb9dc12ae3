"""Keys: made once, stored as a hash, refused the moment they end."""

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.errors import LibraryError, NotFound, UsageError
from medrag.server.keys import KeyStore, key_form, origin_of


def later(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


def test_a_key_says_who_holds_it(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    record, key = store.add("ward 3", "reader", ["a", "b"], origins=["https://Intranet.example/"])
    assert re.fullmatch(rf"mr_{record.id}_[A-Za-z0-9_-]{{43}}", key)
    caller = store.find(key)
    assert caller is not None
    assert (caller.id, caller.name, caller.role, caller.kind) == (
        record.id, "ward 3", "reader", "key",
    )  # fmt: skip
    assert caller.collections == {"a", "b"}
    assert caller.origins == ("https://intranet.example",)


def test_only_the_hash_is_stored_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    record, key = KeyStore(tmp_path).add("x", "admin", None)
    stored = (tmp_path / "keys.json").read_text()
    assert key not in stored and key.rpartition("_")[2] not in stored
    assert record.sha256 == hashlib.sha256(key.encode()).hexdigest()
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert "sha256" not in key_form(record)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.json", "keys.lock"]


def test_wrong_keys_are_nobody(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    record, key = store.add("x", "reader", ["a"])
    other = KeyStore(tmp_path / "other").add("x", "reader", ["a"])[1]
    last = "A" if key[-1] != "A" else "B"
    wrong = [
        "", "mr_", key[:-1], key[:-1] + last, key + "A", key.upper(), f" {key}", f"{key}\n",
        other, f"mr_{record.id}_" + other.rpartition("_")[2], "mr_" + "\u0661" * 8 + key[11:],
        record.sha256, f"mr_{record.id}_" + "\udcff" * 43,
    ]  # fmt: skip
    assert [store.find(text) for text in wrong] == [None] * len(wrong)


@given(st.text(max_size=80))
def test_no_text_is_let_in_by_chance(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    assert KeyStore(tmp_path_factory.getbasetemp()).find(text) is None


def test_a_running_store_sees_what_another_process_changes(tmp_path: Path) -> None:
    server = KeyStore(tmp_path)
    assert not server and not server.any_made()
    record, key = KeyStore(tmp_path).add("x", "reader", ["a"])
    assert server.find(key) is not None
    KeyStore(tmp_path).revoke(record.id)
    assert server.find(key) is None
    assert [r.state() for r in server.list()] == ["revoked"]


def test_revoking_the_last_key_is_not_the_same_as_having_none(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    store.add("x", "reader", ["a"])
    store.revoke("x")
    assert not store.any_active()
    assert store.any_made()


def test_a_key_works_on_its_last_day_and_not_after(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    record, key = store.add("x", "reader", ["a"], expires=later(0))
    assert store.find(key) is not None
    path = tmp_path / "keys.json"
    path.write_text(path.read_text().replace(later(0).isoformat(), later(-1).isoformat()))
    assert store.find(key) is None
    assert [r.state() for r in store.list()] == ["expired"]
    # The name is free again, and means the new key.
    again, _ = store.add("x", "reader", ["a"])
    assert store.revoke("x").id == again.id != record.id


def test_names_are_unique_among_active_keys(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    store.add("x", "reader", ["a"])
    with pytest.raises(UsageError, match="active key 'x'"):
        store.add("x", "admin", None)
    store.revoke("x")
    store.add("x", "admin", None)
    with pytest.raises(NotFound):
        store.revoke("y")


@pytest.mark.parametrize(
    "name, role, collections, origins, expires",
    [
        ("", "reader", ["a"], (), None),
        ("a\nb", "reader", ["a"], (), None),
        ("x" * 65, "reader", ["a"], (), None),
        ("0123abcd", "reader", ["a"], (), None),
        ("x", "owner", ["a"], (), None),
        ("x", "reader", [], (), None),
        ("x", "reader", ["a", ""], (), None),
        ("x", "reader", ["a", "*"], (), None),
        ("x", "reader", ["a"], ("*",), None),
        ("x", "reader", ["a"], ("https://a.example/path",), None),
        ("x", "reader", ["a"], ("ftp://a.example",), None),
        ("x", "reader", ["a"], (), date(2020, 1, 1)),
    ],
)
def test_what_a_key_cannot_be(tmp_path: Path, name, role, collections, origins, expires) -> None:
    with pytest.raises(UsageError):
        KeyStore(tmp_path).add(name, role, collections, origins=origins, expires=expires)
    assert not (tmp_path / "keys.json").exists()


def damages() -> list[str]:
    good = {
        "id": "00000000", "name": "x", "role": "admin", "collections": None, "origins": [],
        "sha256": "0" * 64, "created": "", "expires": "", "revoked": "",
    }  # fmt: skip
    bad = [
        {**good, "role": "root"}, {**good, "sha256": ""}, {**good, "collections": "*"},
        {**good, "expires": "soon"}, {**good, "revoked": None}, {**good, "more": 1},
        {key: value for key, value in good.items() if key != "collections"}, "x", None,
    ]  # fmt: skip
    trees = [{"version": 1, "keys": [entry]} for entry in bad]
    trees += [{"version": 1, "keys": [good, good]}, {"version": 2, "keys": []}, {"version": 1}, []]
    return ["", "{", "\0", "[" * 5000, *map(json.dumps, trees)]


@pytest.mark.parametrize("text", damages())
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, text: str) -> None:
    store = KeyStore(tmp_path)
    _, key = store.add("x", "admin", None)
    path = tmp_path / "keys.json"
    good = path.read_text()
    path.write_text(text)
    for ask in (lambda: store.find(key), store.any_made, store.any_active, store.list):
        with pytest.raises(LibraryError, match="damaged"):
            ask()
    with pytest.raises(LibraryError):
        store.add("y", "admin", None)
    assert path.read_text() == text, "a damaged file is left as it is"
    path.write_text(good)
    assert store.find(key) is not None


def test_a_file_that_vanishes_opens_no_door(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    _, key = store.add("x", "admin", None)
    assert store.find(key)
    (tmp_path / "keys.json").unlink()
    with pytest.raises(LibraryError, match="gone"):
        store.any_made()
    assert KeyStore(tmp_path).any_made(), "a new start opens no door either"
    assert not KeyStore(tmp_path / "new").any_made()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may chown")
def test_root_leaves_the_file_to_the_user_of_the_server(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    store = KeyStore(tmp_path)
    store.add("x", "reader", None)
    assert (tmp_path / "keys.json").stat().st_uid == 1234


def test_makers_at_the_same_time_lose_no_key(tmp_path: Path) -> None:
    def make(number: int) -> None:
        KeyStore(tmp_path).add(f"key {number}", "reader", ["a"])

    threads = [threading.Thread(target=make, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {r.name for r in KeyStore(tmp_path).list()} == {f"key {n}" for n in range(12)}


@pytest.mark.parametrize(
    "text, origin",
    [
        ("https://Intranet.Example/", "https://intranet.example"),
        ("https://intranet.example:443", "https://intranet.example"),
        ("http://intranet.example:443", "http://intranet.example:443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(text: str, origin: str) -> None:
    assert origin_of(text) == origin


def medrag(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "medrag", *args, "--library", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_makes_lists_and_ends_keys(tmp_path: Path) -> None:
    made = medrag(tmp_path, "keys", "add", "ward", "--role", "reader", "--collections", "a, b")
    assert made.returncode == 0, made.stderr
    assert KeyStore(tmp_path).find(made.stdout.removesuffix("\n")).collections == {"a", "b"}
    assert "once" in made.stderr and made.stdout.strip() not in made.stderr
    listed = json.loads(medrag(tmp_path, "keys", "list", "--json").stdout)
    assert [(key["name"], key["state"]) for key in listed["keys"]] == [("ward", "active")]
    ended = json.loads(medrag(tmp_path, "keys", "revoke", "ward", "--json").stdout)
    assert ended["revoked"]["state"] == "revoked"
    assert KeyStore(tmp_path).find(made.stdout.strip()) is None
    again = medrag(tmp_path, "keys", "revoke", "ward", "--json")
    assert again.returncode == 1 and "no key 'ward'" in json.loads(again.stdout)["error"]


def test_what_a_key_sees_must_be_said(tmp_path: Path) -> None:
    assert medrag(tmp_path, "keys", "add", "x", "--role", "admin").returncode == 2
    every = medrag(
        tmp_path, "keys", "add", "x", "--role", "admin", "--collections", "*", "--json",
        "--expires", later(3).isoformat(), "--origin", "https://a.example",
    )  # fmt: skip
    form = json.loads(every.stdout)
    assert form["collections"] is None and form["origins"] == ["https://a.example"]
    assert form["expires"] == later(3).isoformat()
    assert KeyStore(tmp_path).find(form["key"]).collections is None
