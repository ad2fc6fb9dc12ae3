"""Messages to tokens, by the chat template that comes with the model.

The template is rendered with placeholders in place of what people and documents wrote, and only
the template's own text is read for control tokens. So a document that holds ``<|im_end|>``
cannot end its turn: its characters are tokenised as characters.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

# What a model is given where its file has no template.
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_OPENS = re.compile(r"<think>\s*$")
_PLACE = re.compile(r"@@(\d+)@@")


_SECONDS = 5.0
_LONGEST = 1_000_000  # characters of a rendered template, what people wrote not counted


class TemplateError(Exception):
    """The model's chat template cannot be used."""


class TemplateStuck(TemplateError):
    """It does not come to an end."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt as parts: (text, whether it is the template's own and may hold control tokens).

    ``thinks`` says that it ends inside an opened ``<think>``, ``system`` that its first message
    is the system's alone.
    """

    parts: tuple[tuple[str, bool], ...]
    thinks: bool
    system: bool

    def tokens(self, tokenise: Callable[[str, bool], list[int]]) -> list[list[int]]:
        """The whole in tokens, message by message; last, the opening of the answer."""
        messages: list[list[int]] = [[]]
        for number, (text, own) in enumerate(self.parts):
            messages[-1] += tokenise(text, own)
            if not own and number < len(self.parts) - 1:
                messages.append([])
        return messages


def render(template: str, messages: Sequence[tuple[str, str]], *, thinking: bool) -> Rendered:
    """``messages`` as (role, content) in the form of ``template``, up to the assistant's turn.

    A template that has no system turn gets the system's words at the head of the user's.

    Raises:
        TemplateError: the template does not compile, or refuses the messages.
    """
    try:
        text = _filled(template, messages, thinking)
    except TemplateStuck:
        raise
    except TemplateError:
        messages = _without_system(messages)
        text = _filled(template, messages, thinking)
    parts: list[tuple[str, bool]] = []
    seen: list[int] = []
    position = 0
    for match in _PLACE.finditer(text):
        number = int(match.group(1))
        if number >= len(messages):
            continue
        parts += [(text[position : match.start()], True), (messages[number][1], False)]
        seen.append(number)
        position = match.end()
    parts.append((text[position:], True))
    if seen != list(range(len(messages))):
        raise TemplateError("the chat template leaves out or repeats a message")
    kept = tuple((part, own) for part, own in parts if part)
    system = len(messages) > 1 and messages[0][0] == "system"
    return Rendered(kept, thinks=bool(_OPENS.search(text)), system=system)


def _filled(template: str, messages: Sequence[tuple[str, str]], thinking: bool) -> str:
    """The template with placeholders. It is a program of whoever made the file, so it gets a
    thread of its own and little time."""
    outcome: list[str | TemplateError] = []

    def work() -> None:
        try:
            outcome.append(_rendered(template, messages, thinking))
        except TemplateError as error:
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_SECONDS)
    if not outcome:
        raise TemplateStuck("the chat template does not come to an end")
    if isinstance(outcome[0], TemplateError):
        raise outcome[0]
    return outcome[0]


def _rendered(template: str, messages: Sequence[tuple[str, str]], thinking: bool) -> str:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str = "") -> None:
        raise jinja2.TemplateError("refused by the template")

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, loader=jinja2.BaseLoader()
    )
    turns: list[dict[str, Any]] = [
        {"role": role, "content": f"@@{number}@@"} for number, (role, _) in enumerate(messages)
    ]
    try:
        pieces = environment.from_string(template).generate(
            messages=turns,
            add_generation_prompt=True,
            enable_thinking=thinking,
            bos_token="",
            eos_token="",
            tools=None,
            raise_exception=refuse,
            strftime_now=lambda form: "",
        )
        text = ""
        for piece in pieces:
            text += piece
            if len(text) > _LONGEST:
                raise TemplateError("the chat template writes without end")
        return text
    except TemplateError:
        raise
    # A template is a program of somebody else's: whatever it stumbles over is its own fault.
    except Exception as error:
        raise TemplateError(f"the chat template failed ({type(error).__name__})") from error


def _without_system(messages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(messages) < 2 or messages[0][0] != "system" or messages[1][0] != "user":
        raise TemplateError("the chat template refuses these messages")
    first = ("user", f"{messages[0][1]}\n\n{messages[1][1]}")
    return [first, *messages[2:]]
