"""What `medrag model list` says of each model, as plain values."""

from __future__ import annotations

from typing import Any

from medrag.engine import Engine
from medrag.errors import ModelError
from medrag.judges import RULES, checked_weights
from medrag.models import language
from medrag.models.language import InstalledModel, LanguageModel
from medrag.models.pair_encoder import SHIPPED
from medrag.models.transfer import part_of

# Bytes that a token takes in a 16-bit KV cache, for models whose file is not here to say so:
# 2 bytes x blocks x KV heads x (key + value length).
_KV_BYTES = {
    "medpsy-4b": 2 * 36 * 8 * 256,
    "medpsy-1.7b": 2 * 28 * 8 * 256,
    "qwen3-4b-thinking": 2 * 36 * 8 * 256,
}


def model_rows(engine: Engine) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for every model that is known or installed, and what is wrong with the installed."""
    look = language.look()
    problems = list(look.problems)
    context = engine.settings.context
    room = language.available_bytes()
    here = {model.name: model for model in look.models}
    rows = [_language_row(row, here.pop(row.name, None), context) for row in language.CATALOG]
    rows += [_language_row(None, model, context) for model in here.values()]
    for row in rows:
        needs = row["needs_bytes"]
        row["fits"] = None if needs is None else needs <= room
    return [*rows, *_embedding_row(engine, problems), *_judge_rows(problems)], problems


def _language_row(
    entry: LanguageModel | None, model: InstalledModel | None, context: int
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": entry.name if entry else model.name if model else "",
        "kind": "language",
        "family": entry.family if entry else None,
        "quantisation": entry.quantisation if entry else None,
        "bytes": entry.bytes if entry else None,
        "sha256": entry.sha256 if entry else None,
        "licence": entry.licence if entry else None,
        "repository": entry.repository if entry else None,
        "revision": entry.revision if entry else None,
        "file": entry.file if entry else None,
        "usual": entry.usual if entry else True,
        "note": entry.note if entry else "Not in the catalog.",
        "installed": model is not None,
        "verified": model.verified if model else None,
        "path": str(model.path) if model else None,
        "partly_pulled_bytes": _partly(entry) if entry and not model else 0,
        "needs_bytes": _needs(entry, model, context),
    }
    if model is not None:
        row |= {
            "bytes": model.bytes,
            "sha256": model.sha256,
            "quantisation": row["quantisation"] or model.header.file_type,
            "architecture": model.header.architecture,
            "context_length": model.header.context_length,
        }
    return row


def _needs(entry: LanguageModel | None, model: InstalledModel | None, context: int) -> int | None:
    if model is not None:
        return language.needs_bytes(model.header, model.bytes, context)
    if entry is None or entry.bytes is None or entry.family not in _KV_BYTES:
        return None
    return entry.bytes + _KV_BYTES[entry.family] * context + language.WORKING_BYTES


def _partly(entry: LanguageModel) -> int:
    part = part_of(entry)
    return part.stat().st_size if part.is_file() else 0


def _embedding_row(engine: Engine, problems: list[str]) -> list[dict[str, Any]]:
    try:
        model = engine.embedding_model
    except ModelError as error:
        problems.append(str(error))
        return []
    return [
        {
            "name": model.name,
            "kind": "embedding",
            "sha256": model.sha256,
            "folder": str(model.folder),
            "bytes": model.weights.stat().st_size,
            "installed": True,
            "exported": model.onnx.is_file(),
        }
    ]


def _judge_rows(problems: list[str]) -> list[dict[str, Any]]:
    rules = {"name": RULES, "kind": "judge", "installed": True, "note": "Built in, no weights."}
    try:
        folder, digest = checked_weights(SHIPPED)
    except ModelError as error:
        problems.append(str(error))
        return [rules]
    shipped = {
        "name": SHIPPED,
        "kind": "judge",
        "sha256": digest,
        "licence": "Apache-2.0",
        "folder": str(folder),
        "bytes": (folder / "model.onnx").stat().st_size,
        "installed": True,
        "note": "Shipped; it also reranks.",
    }
    return [rules, shipped]
