"""Which language model writes: found by name, made once, shared while the engine is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from medrag.config import Settings
from medrag.errors import ConfigError
from medrag.protocols import Composer

# The rest is imported when a language model is wanted: a verbatim answer should not wait for it.
if TYPE_CHECKING:
    from medrag.generators.llama_cpp import LlamaComposer, Weights

EXTRACTIVE, SERVER, AUTO = "extractive", "server", "auto"


class Composers:
    """The language models of one engine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._local: LlamaComposer | None = None
        self._held = 0  # the bytes that the local one takes
        self._server: Composer | None = None

    def choose(self, name: str) -> Callable[[], Composer] | None:
        """How to get the composer of that name; None where the answer is to be verbatim.

        That a model is there, and its file the one that was added, is seen to at once; whether
        it fits into memory, when it is started. "auto" is the best verified model that fits.

        Raises:
            ModelError: it is not on this machine, or its file has changed.
            ConfigError: there is none of that name; the server of the settings cannot be used.
        """
        if name == EXTRACTIVE:
            return None
        if name == SERVER:
            from medrag.generators.openai_compatible import from_settings

            if self._server is None:
                self._server = from_settings(self._settings)
            server = self._server
            return lambda: server
        from medrag.models.shelf import read_index

        if name == AUTO and not read_index()[0]:
            return None
        from medrag.generators.llama_cpp import Weights
        from medrag.models import language

        if name != AUTO and not language.is_known(name):
            raise ConfigError(
                f"There is no generator '{name}'.",
                f"Known: {AUTO}, {EXTRACTIVE}, {SERVER}, and what medrag model list --all shows.",
            )
        if name == AUTO:
            # A model that this engine holds would leave memory, or is the one that is found.
            found = language.best(self._settings.context, freed=self._held)
            if found is None:
                return None
        else:
            found = language.find(name)
        weights = Weights(found.name, found.path, found.sha256, found.verified)
        needed = language.needs_bytes(found.header, found.bytes, self._settings.context)
        return lambda: self._load(weights, needed)

    def close(self) -> None:
        """Give the workers back."""
        if self._local is not None:
            self._local.close()
            self._local, self._held = None, 0

    def _load(self, weights: Weights, needed: int) -> LlamaComposer:
        if self._local is not None and self._local.weights == weights:
            return self._local
        self.close()
        from medrag.generators.llama_cpp import LlamaComposer

        settings = self._settings
        made = LlamaComposer(
            weights,
            context=settings.context,
            threads=settings.threads,
            idle_seconds=60 * settings.idle_minutes,
            time_limit=settings.time_limit,
            needed=needed,
        )
        self._local, self._held = made, needed
        return made
