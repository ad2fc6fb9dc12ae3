"""What can go wrong with the worker, in words for a person."""

from __future__ import annotations

from typing import Any

from medrag.errors import ModelError

Message = dict[str, Any]


class WorkerDied(ModelError):
    """The worker's process ended in the middle of something."""


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
