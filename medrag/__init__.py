"""medrag: ask a folder of medical documents; every sentence cites its page and was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medrag.config import Settings
    from medrag.engine import Engine
    from medrag.errors import MedragError
    from medrag.types import Answer, CheckedClaim, Document, IngestReport, Passage, Verdict

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "CheckedClaim",
    "Document",
    "Engine",
    "IngestReport",
    "MedragError",
    "Passage",
    "Settings",
    "Verdict",
    "__version__",
]

_HOMES = {
    "Engine": "medrag.engine",
    "Settings": "medrag.config",
    "MedragError": "medrag.errors",
}


def __getattr__(name: str) -> Any:
    # Names are looked up when they are used, so that `medrag --help` loads next to nothing.
    if name not in __all__:
        raise AttributeError(f"module 'medrag' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "medrag.types")), name)
