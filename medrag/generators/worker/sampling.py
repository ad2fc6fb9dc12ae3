"""The next token: from the model's logits, under a grammar where there is one."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

# The grammar is asked about this many of the likeliest tokens; at the full vocabulary of 151,936
# it costs up to 38 ms a token, a sixth of the time in which a 4B model writes one.
CANDIDATES = 256
_ROW = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class DamagedWeights(Exception):
    """The model computes no numbers."""


class InvalidGrammar(Exception):
    """llama.cpp cannot read the grammar."""


class DeadEnd(Exception):
    """The grammar admits no token of this vocabulary here, not even an end."""


class Grammar:
    """A grammar and how far into it the text is. Free it with ``close``."""

    def __init__(self, api: Any, vocabulary: Any, text: str) -> None:
        self._api = api
        # llama.cpp answers NULL here; a grammar that it only finds wrong later ends the process.
        self._sampler = None
        if text.strip():  # an empty grammar would admit everything
            self._sampler = api.llama_sampler_init_grammar(vocabulary, text.encode(), b"root")
        if not self._sampler:
            raise InvalidGrammar

    def close(self) -> None:
        if self._sampler:
            self._api.llama_sampler_free(self._sampler)
            self._sampler = None

    def accept(self, token: int) -> None:
        """The token was written. It must be one that ``allowed`` let through."""
        self._api.llama_sampler_accept(self._sampler, token)

    def allowed(self, tokens: np.ndarray) -> np.ndarray:
        """Which of these tokens (int32) may come next, as a mask."""
        rows = np.zeros(len(tokens), _ROW)
        rows["id"] = tokens
        array = self._api.llama_token_data_array(
            data=rows.ctypes.data_as(self._api.llama_token_data_p),
            size=len(rows),
            selected=-1,
            sorted=False,
        )
        self._api.llama_sampler_apply(self._sampler, ctypes.byref(array))
        mask: np.ndarray = np.isfinite(rows["logit"])
        return mask


class Sampler:
    """Draws tokens: the top k of those the grammar allows, of them the top p, by temperature."""

    def __init__(self, temperature: float, top_k: int, top_p: float, seed: int) -> None:
        self._temperature = temperature
        self._top_k = top_k
        self._top_p = top_p
        self._random = np.random.Generator(np.random.PCG64(seed))

    def draw(self, logits: np.ndarray, barred: np.ndarray, grammar: Grammar | None) -> int:
        """One token. ``logits`` is one float a token; tokens of ``barred`` are never drawn.

        Raises:
            DamagedWeights: the logits are not numbers.
            DeadEnd: nothing may come next.
        """
        if not np.isfinite(logits.max()) or np.isnan(logits.min()):
            raise DamagedWeights
        logits = logits.copy()
        logits[barred] = -np.inf
        tokens = _likeliest(logits, CANDIDATES)
        if grammar is not None:
            fitting = tokens[grammar.allowed(tokens)]
            if len(fitting) == 0:
                everything = np.flatnonzero(np.isfinite(logits)).astype(np.int32)
                fitting = everything[grammar.allowed(everything)]
                fitting = fitting[np.argsort(-logits[fitting], kind="stable")]
            tokens = fitting
        if len(tokens) == 0:
            raise DeadEnd
        return self._choose(tokens[: self._top_k], logits)

    def _choose(self, tokens: np.ndarray, logits: np.ndarray) -> int:
        if self._temperature == 0 or len(tokens) == 1:
            return int(tokens[0])
        scaled = logits[tokens].astype(np.float64) / self._temperature
        weights = np.exp(scaled - scaled.max())
        weights /= weights.sum()
        # The shortest head whose share reaches top_p; the token that reaches it is in.
        kept = int(np.searchsorted(np.cumsum(weights), self._top_p)) + 1
        cumulated = np.cumsum(weights[:kept])
        place = np.searchsorted(cumulated, self._random.random() * cumulated[-1], side="right")
        return int(tokens[min(int(place), len(cumulated) - 1)])


def _likeliest(logits: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` likeliest tokens, likeliest first, equal ones by number."""
    count = min(count, len(logits))
    tokens = np.argpartition(-logits, count - 1)[:count].astype(np.int32)
    tokens = tokens[np.isfinite(logits[tokens])]
    order = np.lexsort((tokens, -logits[tokens]))
    ordered: np.ndarray = tokens[order]
    return ordered
