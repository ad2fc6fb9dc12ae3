"""Two passes: free thinking up to a budget, then the answer under its grammar.

All in token ids: going through text, half of the tokens would be computed again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from medrag.generators.worker.chat_format import render
from medrag.generators.worker.model import Decoder, Model
from medrag.generators.worker.prefix import Prefixes
from medrag.generators.worker.sampling import DeadEnd, Grammar, Sampler

LEAST_ANSWER = 40
_CLOSE = "</think>"


class TooLong(Exception):
    """The prompt leaves no room for an answer: ``needed`` tokens of ``context``."""

    def __init__(self, needed: int, context: int) -> None:
        super().__init__(f"{needed} of {context}")
        self.needed = needed
        self.context = context


@dataclass(slots=True)
class Written:
    """What came of a request, filled in as it goes."""

    thinking: str = ""
    text: str = ""
    finish: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0
    answer_tokens: int = 0
    phases: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """A request as it comes over the wire; the fields are those of ``types.Request``."""

    messages: tuple[tuple[str, str], ...]
    grammar: str | None
    thinking_tokens: int
    answer_tokens: int
    temperature: float
    top_k: int
    top_p: float
    seed: int
    constant: bool


Tell = Callable[[str, str, int, int], None]


def write(model: Model, order: Order, tell: Tell, prefixes: Prefixes) -> Written:
    """Carry out an order; ``tell(phase, text, done, total)`` hears of each step.

    Raises:
        Cancelled, DamagedWeights, InvalidGrammar, TemplateError, TooLong
    """
    # Made first: a grammar that cannot be read should not cost the reading of the prompt.
    grammar = None
    if order.grammar is not None:
        grammar = Grammar(model.api, model.vocabulary, order.grammar)
    try:
        return _write(model, order, tell, grammar, prefixes)
    finally:
        if grammar is not None:
            grammar.close()


def _write(
    model: Model, order: Order, tell: Tell, grammar: Grammar | None, prefixes: Prefixes
) -> Written:
    written = Written()
    thinking = order.thinking_tokens > 0
    rendered = render(model.template(), order.messages, thinking=thinking)
    prompt = rendered.tokens(model.tokens)
    prompt[0] = model.opening() + prompt[0]
    closing = model.tokens(f"\n{_CLOSE}\n\n", special=True) if rendered.thinks else []
    length = sum(map(len, prompt)) + len(closing)
    room = model.context - length
    if room < LEAST_ANSWER:
        raise TooLong(length + LEAST_ANSWER, model.context)
    answer_room = min(order.answer_tokens, room)
    budget = min(order.thinking_tokens, room - answer_room) if rendered.thinks else 0
    if closing and budget == 0:
        prompt[-1] += closing

    started = time.perf_counter()
    written.prompt_tokens = length

    def progress(done: int, _: int) -> None:
        tell("read", "", done, length)

    first = prompt[0]
    anew = order.constant and rendered.system and not model.begins_with(first)
    if anew and model.fresh and prefixes.restore(model, first):
        anew = False
    if anew:
        model.read([first], progress)
        prefixes.keep(model, first)
    known = model.read(prompt, progress)
    written.cached_tokens = 0 if anew else known
    started = _lap(written, "read", started)

    sampler = Sampler(order.temperature, order.top_k, order.top_p, order.seed)
    if budget > 0:
        _think(model, sampler, budget, written, tell)
        model.advance(closing)
        started = _lap(written, "think", started)
    _answer(model, sampler, grammar, answer_room, written, tell)
    _lap(written, "write", started)
    return written


def _lap(written: Written, phase: str, started: float) -> float:
    now = time.perf_counter()
    written.phases[phase] = now - started
    return now


def _think(model: Model, sampler: Sampler, budget: int, written: Written, tell: Tell) -> None:
    """Free text until the model closes its thinking itself, or the budget is spent."""
    closing = model.tokens(_CLOSE, special=True)
    barred = model.special.copy()
    if len(closing) == 1:
        barred[closing[0]] = False
    decoder = Decoder()
    pieces: list[str] = []
    while written.thinking_tokens < budget:
        token = sampler.draw(model.logits(), barred, None)
        written.thinking_tokens += 1
        if model.ends(token) or [token] == closing:
            break
        text = decoder.add(model.piece(token))
        pieces.append(text)
        tell("think", text, written.thinking_tokens, budget)
        model.advance([token])
    written.thinking = "".join(pieces) + decoder.add(b"", final=True)


def _answer(
    model: Model,
    sampler: Sampler,
    grammar: Grammar | None,
    room: int,
    written: Written,
    tell: Tell,
) -> None:
    decoder = Decoder()
    pieces: list[str] = []
    for token in _drawn(model, sampler, grammar, room, written):
        text = decoder.add(model.piece(token))
        pieces.append(text)
        tell("write", text, written.answer_tokens, room)
    pieces.append(decoder.add(b"", final=True))
    written.text = "".join(pieces)


def _drawn(
    model: Model, sampler: Sampler, grammar: Grammar | None, room: int, written: Written
) -> Iterator[int]:
    """The tokens of the answer, without the one that ends it."""
    while True:
        try:
            token = sampler.draw(model.logits(), model.special, grammar)
        except DeadEnd:
            written.finish = "length"
            return
        if model.ends(token):
            return
        if grammar is not None:
            grammar.accept(token)
        written.answer_tokens += 1
        yield token
        if written.answer_tokens >= room:
            written.finish = "length"
            return
        model.advance([token])
