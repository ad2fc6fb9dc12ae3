"""Settings: defaults, then a TOML file, then ``MEDRAG_*`` variables, then flags. Never global.

The defaults here are the ones that `configs/default.toml` explains; a test holds the two equal.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from medrag.errors import ConfigError

LIBRARY_FOLDER = ".medrag"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be chosen. Ranges are checked when it is made.

    Raises:
        ConfigError: a value is outside its range.
    """

    embedding_model: str = "all-MiniLM-L6-v2"
    """A name of the catalog, or a local folder of a sentence-transformers model."""
    chunk_characters: int = 900
    """Longest chunk, in characters (200 to 8,000)."""
    chunk_overlap_sentences: int = 1
    """Sentences repeated from the end of the chunk before (0 to 5)."""
    candidates: int = 100
    """Chunks taken from each arm before fusion (10 to 1,000)."""
    dense_weight: float = 0.65
    """Share of the dense arm in the fused score (0 to 1)."""
    rerank: bool = True
    """Whether a model reads the best passages again, with the question, and reorders them."""
    rerank_searches: bool = True
    """Whether it does so for searches too, not for answers alone."""
    rerank_model: str = "medrag-judge"
    """The shipped model, or a local folder of a sentence-transformers CrossEncoder."""
    rerank_candidates: int = 32
    """Passages that it reads at most (2 to 100)."""
    rerank_weight: float = 0.25
    """Its share in the new score, beside the fused one (0 to 1)."""
    rerank_ms: float = 200.0
    """Milliseconds that it may take; fewer passages are read on slow machines (0: no limit)."""
    passages: int = 8
    """Passages an answer may draw on (1 to 50)."""
    answer_sentences: int = 6
    """Longest verbatim answer, in sentences (1 to 20)."""
    answer_threshold: float = 0.45
    """Answerability below this is an abstention (0 to 1)."""
    generator: str = "auto"
    """Who writes the answer: extractive, a language model by name, server, or auto."""
    mode: str = "sentences"
    """What a language model writes: its own "sentences", or verbatim "quotes" only."""
    evidence_tokens: int = 700
    """Tokens of evidence that a language model is shown (100 to 16,000)."""
    thinking_tokens: int = -1
    """Tokens of thinking before an answer (0 to 16,384); -1: 64 a core, at most 1,024."""
    answer_tokens: int = 400
    """Longest composed answer in tokens (40 to 4,000)."""
    temperature: float = 0.6
    """0 is the likeliest word each time (0 to 2)."""
    top_k: int = 20
    """Only the k likeliest tokens are drawn from (1 to 200)."""
    top_p: float = 0.95
    """Only the likeliest tokens of this share together are drawn from (0.01 to 1)."""
    seed: int = 0
    """The same seed gives the same answer (0 to 2**31 - 1)."""
    mend: bool = True
    """Ask once for other words where a composed sentence does not stand up to the check."""
    judge: str = "rules"
    """Who checks sentences: "rules", the shipped "medrag-judge", or a CrossEncoder's folder."""
    policy: str = "strict"
    """What becomes of what is not supported: withheld ("strict"), shown and marked ("annotate"),
    or shown, and told in warnings and reports alone ("report")."""
    strict_look: bool = True
    """Whether composed sentences are looked at more strictly than the judge does."""
    threads: int = 0
    """Threads of the language model (0 to 256); 0: measured on this machine."""
    context: int = 4096
    """Tokens that the language model can hold at once (1,024 to 262,144)."""
    idle_minutes: float = 10.0
    """The language model leaves memory after this long without a question (0.01 to 10,000)."""
    time_limit: float = 600.0
    """Seconds after which a composed answer is given up (1 to 86,400)."""
    server_url: str = ""
    """An OpenAI-compatible server, with its /v1. Its host must be loopback or in allow_hosts."""
    server_model: str = ""
    """The model's name on that server."""
    server_dialect: str = "openai"
    """How it takes a grammar: llama.cpp, vllm, ollama, or openai (not at all)."""
    server_key_variable: str = ""
    """The environment variable that holds the server's key; none where empty."""
    server_retries: int = 2
    """How often a request that was not answered is tried again (0 to 10)."""
    offline: bool = True
    """Refuse every connection that is not loopback or to one of ``allow_hosts``."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts that may be reached although ``offline`` is on."""

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(
                    f"{name} is {value}, outside {low} to {high}.", "Correct the setting."
                )
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(
                    f"{name} is '{getattr(self, name)}'.", f"Choose one of: {', '.join(allowed)}."
                )

    def fingerprint(self, *parts: str) -> str:
        """16 hex digits that change when a setting of answers, or one of ``parts``, changes."""
        chosen = asdict(self)
        del chosen["rerank_searches"]  # an answer is the same, however searches are ordered
        payload = json.dumps([chosen, parts], sort_keys=True, default=list)
        return hashlib.sha256(payload.encode()).hexdigest()[:16]


_RANGES: dict[str, tuple[float, float]] = {
    "chunk_characters": (200, 8000),
    "chunk_overlap_sentences": (0, 5),
    "candidates": (10, 1000),
    "dense_weight": (0.0, 1.0),
    "rerank_candidates": (2, 100),
    "rerank_weight": (0.0, 1.0),
    "rerank_ms": (0.0, 60_000.0),
    "passages": (1, 50),
    "answer_sentences": (1, 20),
    "answer_threshold": (0.0, 1.0),
    "evidence_tokens": (100, 16_000),
    "thinking_tokens": (-1, 16_384),
    "answer_tokens": (40, 4000),
    "temperature": (0.0, 2.0),
    "top_k": (1, 200),
    "top_p": (0.01, 1.0),
    "seed": (0, 2**31 - 1),
    "threads": (0, 256),
    "context": (1024, 262_144),
    "idle_minutes": (0.01, 10_000),
    "time_limit": (1, 86_400),
    "server_retries": (0, 10),
}
_CHOICES = {
    "mode": ("sentences", "quotes"),
    "policy": ("strict", "annotate", "report"),
    "server_dialect": ("llama.cpp", "vllm", "ollama", "openai"),
}

# Where each setting stands in the file: [section] key.
_PLACES = {
    ("model", "embedding"): "embedding_model",
    ("ingest", "chunk_characters"): "chunk_characters",
    ("ingest", "chunk_overlap_sentences"): "chunk_overlap_sentences",
    ("retrieve", "candidates"): "candidates",
    ("retrieve", "dense_weight"): "dense_weight",
    ("retrieve", "rerank"): "rerank",
    ("retrieve", "rerank_searches"): "rerank_searches",
    ("retrieve", "rerank_model"): "rerank_model",
    ("retrieve", "rerank_candidates"): "rerank_candidates",
    ("retrieve", "rerank_weight"): "rerank_weight",
    ("retrieve", "rerank_ms"): "rerank_ms",
    ("answer", "passages"): "passages",
    ("answer", "sentences"): "answer_sentences",
    ("answer", "threshold"): "answer_threshold",
    ("answer", "generator"): "generator",
    ("compose", "mode"): "mode",
    ("compose", "evidence_tokens"): "evidence_tokens",
    ("compose", "thinking_tokens"): "thinking_tokens",
    ("compose", "answer_tokens"): "answer_tokens",
    ("compose", "temperature"): "temperature",
    ("compose", "top_k"): "top_k",
    ("compose", "top_p"): "top_p",
    ("compose", "seed"): "seed",
    ("compose", "mend"): "mend",
    ("verify", "judge"): "judge",
    ("verify", "policy"): "policy",
    ("verify", "strict_look"): "strict_look",
    ("worker", "threads"): "threads",
    ("worker", "context"): "context",
    ("worker", "idle_minutes"): "idle_minutes",
    ("worker", "time_limit"): "time_limit",
    ("server", "url"): "server_url",
    ("server", "model"): "server_model",
    ("server", "dialect"): "server_dialect",
    ("server", "key_variable"): "server_key_variable",
    ("server", "retries"): "server_retries",
    ("network", "offline"): "offline",
    ("network", "allow_hosts"): "allow_hosts",
}


# Sections that belong to the server's settings (server/settings.py), in the same file.
SERVE_SECTIONS = frozenset({"serve", "audit", "proxy"})
Places = Mapping[tuple[str, str], str]


def load_settings(
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
    **flags: Any,
) -> Settings:
    """Settings from a TOML file, then ``MEDRAG_<SETTING>`` variables, then ``flags``.

    Flags that are None are left out.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, or a value is wrong.
    """
    sections = read_sections(path) if path is not None else {}
    own = {name: keys for name, keys in sections.items() if name not in SERVE_SECTIONS}
    values = settings_values(Settings(), own, _PLACES, environment, flags, path)
    return replace(Settings(), **values)


def read_sections(path: Path) -> dict[str, dict[str, Any]]:
    """The ``[section]`` tables of a TOML file.

    Raises:
        ConfigError: the file is missing, not TOML, or has a key outside a section.
    """
    import tomllib

    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or "not readable"
        raise ConfigError(f"{path}: {reason}.", "Name a readable TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}.", "Correct the file.") from error
    for section, entries in tree.items():
        if not isinstance(entries, dict):
            raise ConfigError(
                f"{path}: '{section}' stands outside a [section].", "Move it into its section."
            )
    return tree


def settings_values(
    defaults: Any,
    sections: Mapping[str, Mapping[str, Any]],
    places: Places,
    environment: Mapping[str, str] | None,
    flags: Mapping[str, Any],
    path: Path | None = None,
) -> dict[str, Any]:
    """What a file's sections, the environment and flags say of the fields of ``defaults``.

    Raises:
        ConfigError: a key is unknown, or a value of the wrong type.
    """
    values: dict[str, Any] = {}
    for section, entries in sections.items():
        for key, value in entries.items():
            if (section, key) not in places:
                known = ", ".join(f"[{section}] {key}" for section, key in places)
                raise ConfigError(
                    f"{path}: [{section}] {key} is not a setting.", f"Known: {known}."
                )
            values[places[section, key]] = value
    env = os.environ if environment is None else environment
    for field in fields(defaults):
        text = env.get(f"MEDRAG_{field.name.upper()}")
        if text is not None:
            values[field.name] = _parse(defaults, field.name, text)
    values.update({name: value for name, value in flags.items() if value is not None})
    return {name: _typed(defaults, name, value) for name, value in values.items()}


def _parse(defaults: Any, name: str, text: str) -> Any:
    default = getattr(defaults, name)
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
        if isinstance(default, int | float):
            return type(default)(text)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"MEDRAG_{name.upper()}={text} is not a value.", "Correct it.") from error
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _typed(defaults: Any, name: str, value: Any) -> Any:
    default = getattr(defaults, name)
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        if all(isinstance(part, str) for part in value):
            return tuple(value)
    elif isinstance(default, float) and isinstance(value, int | float):
        if not isinstance(value, bool):
            return float(value)
    elif type(value) is type(default):
        return value
    raise ConfigError(
        f"{name} should be {type(default).__name__}, not {value!r}.", "Correct the setting."
    )


def thinking_budget(settings: Settings) -> int:
    """The tokens of thinking that the settings allow; by the number of cores where they say -1."""
    if settings.thinking_tokens >= 0:
        return settings.thinking_tokens
    return min(1024, 64 * (os.cpu_count() or 1))


def home() -> Path:
    """The folder for what medrag keeps between runs: ``MEDRAG_HOME`` or the user's data folder."""
    if "MEDRAG_HOME" in os.environ:
        return Path(os.environ["MEDRAG_HOME"])
    from platformdirs import user_data_path

    return user_data_path("medrag", appauthor=False)


def library_folder(chosen: Path | None) -> Path:
    """The library to use: the chosen one, else ``.medrag`` here, else the user's data folder."""
    if chosen is not None:
        return chosen
    if "MEDRAG_LIBRARY" in os.environ:
        return Path(os.environ["MEDRAG_LIBRARY"])
    here = Path(LIBRARY_FOLDER)
    return here if here.is_dir() else home() / "library"
