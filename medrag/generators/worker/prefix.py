"""The state after the constant beginning of every prompt, kept on disk from start to start.

Reading medrag's instructions costs a small machine seven seconds at each start; reading their
state back, a tenth of one. Only a beginning that the caller says is constant is kept, so no
question and no document ever gets there. A state is only used with the same model, build,
threads and tokens, under which it is the very same numbers as reading them anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from medrag.generators.worker.model import Model

_KEPT = 4  # files of some 50 MB


class Prefixes:
    """States in ``folder``; ``facts`` name whatever else they depend on."""

    def __init__(self, folder: Path, facts: Sequence[object]) -> None:
        self._folder = folder
        self._facts = facts

    def restore(self, model: Model, tokens: Sequence[int]) -> bool:
        """Put the model into the state after ``tokens``, if that is kept and whole."""
        for path in self._files(f"{self._key(tokens)}-*.state"):
            if _digest(path) == path.stem.rpartition("-")[2] and model.load(path, tokens):
                with contextlib.suppress(OSError):
                    path.touch()
                return True
            path.unlink(missing_ok=True)
        return False

    def keep(self, model: Model, tokens: Sequence[int]) -> None:
        """Keep the model's state, which is the one after ``tokens``; a full disk keeps nothing."""
        key = self._key(tokens)
        temporary = self._folder / f"{key}.{os.getpid()}.tmp"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            if model.save(temporary, tokens):
                temporary.replace(self._folder / f"{key}-{_digest(temporary)}.state")
            for old in self._files("*.state")[_KEPT:]:
                old.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)

    def _key(self, tokens: Sequence[int]) -> str:
        return hashlib.sha256(repr((*self._facts, list(tokens))).encode()).hexdigest()[:32]

    def _files(self, pattern: str) -> list[Path]:
        """The newest first."""
        with contextlib.suppress(OSError):
            found = [(path.stat().st_mtime_ns, path) for path in self._folder.glob(pattern)]
            return [path for _, path in sorted(found, reverse=True)]
        return []


def _digest(path: Path) -> str:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]
    return ""
