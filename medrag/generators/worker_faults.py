"""What can go wrong with the worker, in words for a person."""

from __future__ import annotations

import contextlib
import signal
from typing import Any

from medrag.errors import ModelError

Message = dict[str, Any]


# How a process ends that was built for another processor: by a signal, or Windows' word for it.
_CPU_FAULTS = frozenset({"SIGILL", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGABRT"})
_WINDOWS_FAULTS = frozenset({0xC0000005, 0xC000001D})


class WorkerDied(ModelError):
    """The worker's process ended in the middle of something, with this exit code."""

    def __init__(self, code: int | None) -> None:
        how = "it no longer answers"
        if code is not None:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
        super().__init__(
            f"The language model's process ended unexpectedly ({how}).",
            "Ask again: it is started anew. If it happens again, see: medrag doctor",
        )
        self.code = code

    @property
    def is_cpu_fault(self) -> bool:
        """Whether it ended as a build does that does not fit the processor."""
        if self.code is None or self.code >= 0:
            return self.code in _WINDOWS_FAULTS
        with contextlib.suppress(ValueError):
            return signal.Signals(-self.code).name in _CPU_FAULTS
        return False


def check_memory(needed: int) -> None:
    """Refuse to start what would not fit.

    Raises:
        ModelError: fewer than ``needed`` bytes are free.
    """
    import psutil  # type: ignore[import-untyped]

    free = int(psutil.virtual_memory().available)
    if needed > free:
        raise ModelError(
            f"The language model needs {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB"
            " are free.",
            "Close other programs, lower [worker] context, or choose a smaller model.",
        )


def no_answer(seconds: float) -> ModelError:
    return ModelError(
        f"The language model gave no answer within {seconds:.0f} seconds.",
        "Ask again, raise [worker] time_limit, or use --generator extractive.",
    )


_FAULTS = {
    "damaged": (
        "The language model computes no numbers: its weights are damaged.",
        "See: medrag model verify",
    ),
    "grammar": (
        "The language model's engine refused the grammar of the answer.",
        "Report it; meanwhile use --generator extractive.",
    ),
    "template": (
        "The chat template in the model's file cannot be used.",
        "Use a model that was made for conversation.",
    ),
    "memory": (
        "There is not enough memory for the language model.",
        "Close other programs, or choose a smaller model.",
    ),
}


def checked(message: Message) -> Message:
    """The message, unless it tells of a fault."""
    if message["type"] != "error":
        return message
    code = message["code"]
    if code in _FAULTS:
        raise ModelError(*_FAULTS[code])
    if code == "too_long":
        raise ModelError(
            f"The question with its evidence needs {message['needed']} tokens, and the model"
            f" holds {message['context']}.",
            "Shorten the question, lower [compose] evidence_tokens or raise [worker] context.",
        )
    if code == "load":
        raise ModelError(
            f"The language model cannot be loaded: {message['detail']}.",
            "See: medrag model verify",
        )
    raise ModelError(
        f"The language model's process met an error ({message.get('detail', code)}).",
        "Ask again; if it happens again, report it.",
    )
