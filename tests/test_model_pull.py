"""A pull brings the published bytes or nothing, whatever the server and the line do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medrag import offline
from medrag.errors import ModelError, NetworkBlocked
from medrag.models.language import installed
from medrag.models.shelf import shelf
from medrag.models.transfer import part_of, pull, remove
from tests.shelf_files import lying, row, stand_ins
from tests.shelf_server import ModelServer, serving


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    return stand_ins(tmp_path, monkeypatch)


@pytest.fixture
def server(files: dict[str, Path]) -> Iterator[ModelServer]:
    entry = row("medpsy-4b")
    path = f"/{entry.repository}/resolve/{entry.revision}/{entry.file}"
    with serving(path, files["medpsy-4b"].read_bytes()) as running:
        yield running


def test_pull_brings_the_published_file(server: ModelServer) -> None:
    told: list[str] = []
    steps: list[tuple[str, int, int]] = []
    model = pull(
        "medpsy-4b",
        base_url=server.url,
        announce=told.append,
        progress=lambda *step: steps.append(step),
    )
    assert model.verified and model.path.read_bytes() == server.content
    assert told == ["127.0.0.1"]
    assert ("fetching", len(server.content), len(server.content)) in steps
    assert lying() == {model.path.name}
    assert pull("medpsy-4b", base_url="https://nobody.invalid") == model  # nobody is asked


def test_a_cut_pull_goes_on_where_it_stopped(server: ModelServer) -> None:
    server.cut_after = 100_000
    assert pull("medpsy-4b", base_url=server.url).verified
    assert server.seen == [None, "bytes=100000-"]


def test_a_pull_that_gave_up_goes_on_the_next_time(server: ModelServer) -> None:
    server.cut_after, server.cuts = 1000, 99
    with pytest.raises(ModelError, match="broke off") as gave_up:
        pull("medpsy-4b", base_url=server.url)
    assert "goes on" in gave_up.value.remedy
    have = part_of(row("medpsy-4b")).stat().st_size
    assert have == 1000 * len(server.seen)
    assert not installed()
    server.cuts, server.seen = 0, []
    assert pull("medpsy-4b", base_url=server.url).verified
    assert server.seen == [f"bytes={have}-"]


def test_a_server_that_ignores_ranges_is_read_from_the_start(server: ModelServer) -> None:
    server.knows_ranges = False
    server.cut_after = 5000
    assert pull("medpsy-4b", base_url=server.url).verified
    assert server.seen == [None, "bytes=5000-"]


def test_a_server_that_is_busy_is_asked_again(server: ModelServer) -> None:
    server.status = [503, 429]
    assert pull("medpsy-4b", base_url=server.url).verified
    assert len(server.seen) == 3


def test_other_content_is_deleted_and_refused(server: ModelServer) -> None:
    changed = bytearray(server.content)
    changed[-1000] ^= 1
    server.content = bytes(changed)
    with pytest.raises(ModelError, match="not the published file"):
        pull("medpsy-4b", base_url=server.url)
    assert not installed() and not lying()


@pytest.mark.parametrize("change", [lambda data: data + b"x", lambda data: data[:-1]])
def test_content_of_another_length_is_refused(
    server: ModelServer, change: Callable[[bytes], bytes]
) -> None:
    server.content = change(server.content)
    with pytest.raises(ModelError, match="length is another"):
        pull("medpsy-4b", base_url=server.url)
    assert len(server.seen) == 1
    assert not installed() and not lying()


def test_a_part_that_is_longer_than_the_file_is_begun_anew(server: ModelServer) -> None:
    shelf().mkdir(parents=True)
    part_of(row("medpsy-4b")).write_bytes(server.content + b"more")
    assert pull("medpsy-4b", base_url=server.url).verified
    assert server.seen == [None]


def test_a_part_that_was_damaged_is_not_believed(server: ModelServer) -> None:
    shelf().mkdir(parents=True)
    part_of(row("medpsy-4b")).write_bytes(bytes(50_000))
    with pytest.raises(ModelError, match="not the published file"):
        pull("medpsy-4b", base_url=server.url)
    assert pull("medpsy-4b", base_url=server.url).verified


@pytest.mark.parametrize(("status", "says"), [(404, "does not have"), (403, "does not give")])
def test_a_refusal_is_told_at_once(server: ModelServer, status: int, says: str) -> None:
    server.status = [status]
    with pytest.raises(ModelError, match=f"{says}.*{status}"):
        pull("medpsy-4b", base_url=server.url)
    assert len(server.seen) == 1


def test_a_redirect_is_followed_here_and_to_plain_http_elsewhere_refused(
    server: ModelServer,
) -> None:
    server.status, server.location = [302], server.path
    assert pull("medpsy-4b", base_url=server.url).verified
    remove("medpsy-4b")
    server.status, server.location = [302], "http://192.0.2.1/model.gguf"
    with pytest.raises(ModelError, match=r"http://192\.0\.2\.1, which is not HTTPS"):
        pull("medpsy-4b", base_url=server.url)
    server.status, server.location = [302] * 20, server.path
    with pytest.raises(ModelError, match="in circles"):
        pull("medpsy-4b", base_url=server.url)


@pytest.mark.parametrize("base", ["http://192.0.2.1", "ftp://hub", "hub.example", "file:///tmp"])
def test_plain_http_is_for_this_machine_alone(files: dict[str, Path], base: str) -> None:
    with pytest.raises(ModelError, match="not HTTPS"):
        pull("medpsy-4b", base_url=base)


def test_the_mirror_is_named_by_the_environment(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDRAG_HUB", server.url + "/")
    assert pull("medpsy-4b").verified


def test_what_nobody_could_check_is_not_pulled(files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="hash is not known"):
        pull("medgemma-27b", base_url="http://127.0.0.1:9")
    with pytest.raises(ModelError, match="no model 'gpt'"):
        pull("gpt")


def test_nobody_there_is_told_after_several_tries(files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="could not be reached"):
        pull("medpsy-4b", base_url="http://127.0.0.1:9")


def test_the_guard_holds_against_a_pull(files: dict[str, Path]) -> None:
    with offline.guarded(), pytest.raises(NetworkBlocked, match=r"nobody\.invalid"):
        pull("medpsy-4b", base_url="https://nobody.invalid")


def test_remove_takes_what_an_interrupted_pull_left(server: ModelServer) -> None:
    server.cut_after, server.cuts = 1000, 99
    with pytest.raises(ModelError):
        pull("medpsy-4b", base_url=server.url)
    (left,) = lying()
    assert remove("medpsy-4b") == [left] and not lying()
