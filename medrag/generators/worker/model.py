"""A loaded model: tokens in, logits out, with the prompt before kept for reuse.

It stands on the C interface of llama.cpp rather than on ``llama_cpp.Llama``, which allocates
300 MB for scores that nobody reads, and guesses a chat template where the file has none.
"""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medrag.generators.worker.chat_format import CHATML

# Each message of a prompt is read in blocks of at most this many tokens. A block reused from the
# prompt before is then the same computation as one read anew, so reuse never changes an answer.
BLOCK = 256
_UNTEXTUAL = 1 | 2 | 8 | 16  # attributes unknown, unused, control and user-defined
_ABORTED = 2


class CannotLoad(Exception):
    """llama.cpp refuses the file, or there is no memory for it."""


class Cancelled(Exception):
    """Whoever asked does not want the answer any more."""


_kept: list[Any] = []


def _silence(api: Any) -> None:
    """Have llama.cpp print nothing, as long as the process lives: it keeps only the address."""
    if not _kept:
        _kept.append(api.llama_log_callback(lambda level, text, data: None))
    api.llama_log_set(_kept[0], None)


class Model:
    """One model, one context, one thread. ``cancelled`` is looked at while it works."""

    def __init__(
        self,
        path: Path,
        *,
        context: int,
        threads: int,
        extra_buffers: bool,
        cancelled: Callable[[], bool],
    ) -> None:
        import llama_cpp.llama_cpp as api

        self.api: Any = api
        self._cancelled = cancelled
        _silence(api)
        # Kept, because llama.cpp keeps only its address.
        self._abort = api.ggml_abort_callback(lambda data: cancelled())
        self._never = api.ggml_abort_callback()
        api.llama_backend_init()
        parameters = api.llama_model_default_params()
        parameters.use_extra_bufts = extra_buffers
        parameters.n_gpu_layers = 0
        self._model = api.llama_model_load_from_file(os.fsencode(path), parameters)
        if not self._model:
            raise CannotLoad("the engine refuses the file")
        self.vocabulary: Any = api.llama_model_get_vocab(self._model)
        self.size = int(api.llama_vocab_n_tokens(self.vocabulary))
        self._context = api.llama_init_from_model(self._model, self._settings(context, threads))
        if not self._context:
            raise CannotLoad("there is not enough memory for its context")
        self.context = int(api.llama_n_ctx(self._context))
        self._memory = api.llama_get_memory(self._context)
        self.special = np.array([self._is_special(token) for token in range(self.size)])
        self._blocks: list[list[int]] = []  # blocks of the prompt whose state is held
        self.held = 0  # how many tokens the state holds now

    def _settings(self, context: int, threads: int) -> Any:
        settings = self.api.llama_context_default_params()
        settings.n_ctx = context
        settings.n_batch = settings.n_ubatch = BLOCK
        settings.n_threads = settings.n_threads_batch = threads
        settings.no_perf = True
        return settings

    def use_threads(self, writing: int, reading: int) -> None:
        """Compute single tokens, and prompts, on this many threads from now on."""
        self.api.llama_set_n_threads(self._context, writing, reading)

    # Text and tokens

    def tokens(self, text: str, special: bool = False) -> list[int]:
        """``text`` in tokens; control tokens are read as such only where ``special``."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        buffer = (self.api.llama_token * room)()
        count = self.api.llama_tokenize(
            self.vocabulary, data, len(data), buffer, room, False, special
        )
        if count < 0:
            raise ValueError("the text cannot be tokenised")
        return list(buffer[:count])

    def opening(self) -> list[int]:
        """What every prompt of this model begins with (a BOS token, or nothing)."""
        if not self.api.llama_vocab_get_add_bos(self.vocabulary):
            return []
        return [int(self.api.llama_vocab_bos(self.vocabulary))]

    def piece(self, token: int, special: bool = False) -> bytes:
        """The bytes of a token; none for a control token, unless ``special``."""
        room = 256
        buffer = ctypes.create_string_buffer(room)
        count = self.api.llama_token_to_piece(self.vocabulary, token, buffer, room, 0, special)
        return buffer.raw[:count] if count > 0 else b""

    def ends(self, token: int) -> bool:
        """Whether the token ends a turn."""
        return bool(self.api.llama_vocab_is_eog(self.vocabulary, token))

    def template(self) -> str:
        """The chat template of the file; ChatML where it has none."""
        found = self.api.llama_model_chat_template(self._model, None)
        return found.decode("utf-8", "replace") if found else CHATML

    def _is_special(self, token: int) -> bool:
        attributes = self.api.llama_vocab_get_attr(self.vocabulary, token)
        return bool(attributes & _UNTEXTUAL) and not self.ends(token)

    # Computing

    def read(self, prompt: Sequence[Sequence[int]], progress: Callable[[int, int], None]) -> int:
        """Compute the state after ``prompt``, the tokens of its messages; how many of the tokens
        were known already.

        ``progress`` is told how many tokens are done, of how many. The last block is always
        computed, because its logits are wanted.

        Raises:
            Cancelled: while reading. What was read is kept.
        """
        blocks = [block for message in prompt for block in _cut(message)]
        total = sum(map(len, blocks))
        known = 0
        while known < min(len(blocks) - 1, len(self._blocks)) and (
            self._blocks[known] == blocks[known]
        ):
            known += 1
        del self._blocks[known:]
        self._forget(sum(map(len, self._blocks)))
        reused = self.held
        for block in blocks[known:]:
            progress(self.held, total)
            self._decode(block, reading=True)
            self._blocks.append(block)
        progress(total, total)
        return reused

    @property
    def fresh(self) -> bool:
        """Whether it has read nothing yet."""
        return not self._blocks

    def begins_with(self, message: Sequence[int]) -> bool:
        """Whether the prompt that it holds begins with this message."""
        blocks = _cut(message)
        return self._blocks[: len(blocks)] == blocks

    def save(self, path: Path, message: Sequence[int]) -> bool:
        """Write the state to a file. It must be the one after ``message`` and nothing else."""
        if self.held != len(message) or not self.begins_with(message):
            return False
        tokens = (self.api.llama_token * len(message))(*message)
        written = self.api.llama_state_seq_save_file(
            self._context, os.fsencode(path), 0, tokens, len(message)
        )
        return bool(written)

    def load(self, path: Path, message: Sequence[int]) -> bool:
        """Read the state after ``message`` from a file that ``save`` wrote."""
        self.forget()
        tokens = (self.api.llama_token * len(message))()
        count = ctypes.c_size_t(0)
        read = self.api.llama_state_seq_load_file(
            self._context, os.fsencode(path), 0, tokens, len(message), ctypes.byref(count)
        )
        if not read or list(tokens[: count.value]) != list(message):
            self.forget()
            return False
        self._blocks = _cut(message)
        self.held = len(message)
        return True

    def advance(self, tokens: Sequence[int]) -> None:
        """Go on from the state with these tokens, which a later prompt will not reuse."""
        for start in range(0, len(tokens), BLOCK):
            self._decode(list(tokens[start : start + BLOCK]), reading=False)

    def logits(self) -> np.ndarray:
        """One float for each token of the vocabulary, after the last token. Valid until the next
        computation."""
        pointer = self.api.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(pointer, shape=(self.size,))

    def _decode(self, tokens: list[int], *, reading: bool) -> None:
        if self._cancelled():
            raise Cancelled
        # The abort callback is called at every node of the graph: nothing beside a block of the
        # prompt, three per cent of a single token. Between single tokens we look ourselves.
        self.api.llama_set_abort_callback(
            self._context, self._abort if reading else self._never, None
        )
        array = (self.api.llama_token * len(tokens))(*tokens)
        before = self.held
        outcome = self.api.llama_decode(
            self._context, self.api.llama_batch_get_one(array, len(tokens))
        )
        if outcome != 0:
            self._forget(before)
            if outcome == _ABORTED or self._cancelled():
                raise Cancelled
            raise ValueError(f"the engine could not compute (code {outcome})")
        self.held += len(tokens)

    def _forget(self, position: int) -> None:
        self.api.llama_memory_seq_rm(self._memory, 0, position, -1)
        self.held = position

    def forget(self) -> None:
        """Keep nothing of the prompts before."""
        self._blocks.clear()
        self._forget(0)


def _cut(message: Sequence[int]) -> list[list[int]]:
    return [list(message[start : start + BLOCK]) for start in range(0, len(message), BLOCK)]


class Decoder:
    """Bytes of tokens to text, holding back a character that is not yet whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, data: bytes, final: bool = False) -> str:
        return self._decoder.decode(data, final)
