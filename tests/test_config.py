"""Settings: file, environment, flags; wrong ones are refused with the name of the culprit."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from medrag.config import Settings, library_folder, load_settings
from medrag.errors import ConfigError, one_line
from medrag.server.settings import ServeSettings, load_serve_settings

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_shipped_file_loads(path: Path) -> None:
    load_settings(path, {})
    load_serve_settings(path, {})


def test_the_default_file_is_the_defaults_and_names_them_all() -> None:
    path = CONFIGS / "default.toml"
    assert load_settings(path, {}) == Settings()
    assert load_serve_settings(path, {}) == ServeSettings()
    named = sum(len(section) for section in tomllib.loads(path.read_text("utf-8")).values())
    assert named == len(fields(Settings)) + len(fields(ServeSettings))


def test_flags_beat_environment_beats_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("[answer]\npassages = 3\nsentences = 2\nthreshold = 1\n")
    settings = load_settings(path, {"MEDRAG_PASSAGES": "4", "MEDRAG_OFFLINE": "false"}, passages=5)
    assert (settings.passages, settings.answer_sentences) == (5, 2)
    assert settings.answer_threshold == 1.0
    assert settings.offline is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[answer]\nthreshold = 2.0", "threshold"),
        ("[answer]\nthresold = 0.2", "thresold"),
        ("[answer]\nthreshold = 'high'", "threshold"),
        ("[network]\noffline = 0", "offline"),
        ("passages = 3", "outside a"),
        ("[answer", "not TOML"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_settings(path, {})


def test_a_wrong_variable_is_refused() -> None:
    with pytest.raises(ConfigError, match="MEDRAG_PASSAGES"):
        load_settings(None, {"MEDRAG_PASSAGES": "many"})


def test_the_fingerprint_follows_settings_and_parts() -> None:
    one = Settings().fingerprint("a")
    assert one == Settings().fingerprint("a")
    assert one != Settings().fingerprint("b")
    assert one != Settings(passages=3).fingerprint("a")


def test_the_library_here_is_taken_before_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert library_folder(None).name == "library"
    (tmp_path / ".medrag").mkdir()
    assert library_folder(None) == Path(".medrag")
    assert library_folder(Path("x")) == Path("x")


def test_errors_stay_on_one_line() -> None:
    assert one_line("a\nb\x1b[31m\udce9") == "a\\nb\\x1b[31m\\xe9"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[serve]\ncors_origins = ["*"]', "cors_origins holds '*'"),
        ("[serve]\nport = 99999", "port is 99999"),
        ('[serve]\ntls_key = "k.pem"', "a certificate and a key"),
        ('[serve]\nhots = "x"', "[serve] hots is not a setting"),
        ('[audit]\nquestions = "some"', "audit_questions is 'some'"),
        ('[proxy]\naddresses = ["intranet"]', "no address"),
        ('[serve]\nnames = ["https://medrag.example"]', "no host name"),
        ('[serve]\npublic_url = "medrag.example"', "no address of a page"),
        ('[serve]\ncors_origins = ["https://intranet.example/"]', "no origin"),
        ('[proxy]\naddresses = ["0.0.0.0/0"]', "everybody"),
        ('[proxy]\ncollections = ["*", "a"]', "'*' beside other names"),
        ('[proxy]\nuser_header = "Authorization"', "user_header"),
        ('[proxy]\nrole = "god"', "proxy_role is 'god'"),
    ],
)
def test_a_wrong_setting_of_the_server_is_named(tmp_path: Path, toml: str, words: str) -> None:
    path = tmp_path / "medrag.toml"
    path.write_text(toml, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_serve_settings(path, {})
    assert words in str(caught.value)


def test_the_servers_settings_from_the_environment() -> None:
    settings = load_serve_settings(None, {"MEDRAG_SERVE_PORT": "9000", "MEDRAG_PORT": "1"})
    assert settings.port == 9000
    assert settings.is_loopback


def test_only_named_addresses_are_proxies() -> None:
    settings = ServeSettings(proxy_addresses=("10.0.0.5", "192.168.7.0/24"))
    assert settings.is_proxy("10.0.0.5") and settings.is_proxy("192.168.7.9")
    assert not settings.is_proxy("10.0.0.6") and not settings.is_proxy("")
    assert not ServeSettings().is_proxy("127.0.0.1")
