"""A language model's answer: written under a grammar, checked sentence by sentence as it comes.

The verbatim answer is on the screen already. What does not stand is withheld; once, the model may
mend it from the evidence. If nothing stands, or the model fails, the verbatim answer remains and
says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from medrag.answering import Checker, shows, stands
from medrag.config import Settings, thinking_budget
from medrag.errors import ModelError
from medrag.events import Checked, Done, Event, Working
from medrag.grammar import answer_grammar, quotes_grammar
from medrag.instructions import ABSTAIN, evidence_texts, mend_message, messages, nonce_for
from medrag.neighbours import quotes_of
from medrag.protocols import Composer
from medrag.types import Answer, CheckedClaim, Draft, Message, Piece, Prompt, Request, Usage

ONLY_VERBATIM = "Verbatim answer only."
"""How the warning begins that a verbatim answer stands in for a composed one."""
_MENDED_AT_MOST = 2  # sentences sent back; each costs a small machine ten seconds
_MEND_TOKENS = 120
History = Sequence[tuple[str, str]]


@dataclass(slots=True)
class _Work:
    """What has come of the writing so far. ``prompt`` is the one with excerpts, once there."""

    prompt: Prompt
    shown: list[CheckedClaim] = field(default_factory=list)
    withheld: list[CheckedClaim] = field(default_factory=list)
    thinking: str = ""
    usage: Usage = field(default_factory=Usage)
    abstained: bool = False
    cut: bool = False

    def spend(self, phase: str, started: float) -> None:
        """Count the seconds since ``started`` to a phase."""
        seconds = time.perf_counter() - started
        self.usage = _sum(self.usage, Usage(phases={phase: seconds}))


@dataclass(frozen=True, slots=True)
class Composition:
    """One question, written by a language model and checked.

    ``select`` gives a prompt the excerpts that the model is shown; it counts the model's tokens,
    and is therefore called in the model's turn.
    """

    prompt: Prompt
    verbatim: Answer
    composer: Composer
    checker: Checker
    settings: Settings
    select: Callable[[Prompt], Prompt]
    history: History = ()

    def run(self) -> Iterator[Event]:
        """The events, up to ``Done``. Closing the iterator cancels the model's work."""
        work = _Work(self.prompt)
        try:
            with self.composer.turn() as waiting:
                started = time.perf_counter()
                for piece in waiting:
                    yield Working(piece)
                work.spend("wait", started)
                yield from self._work(work)
        except ModelError as error:
            if not work.shown:
                yield Done(self._fallback(str(error), work))
                return
            yield Done(self._answer(work, f"The language model did not finish: {error}"))
            return
        if not work.prompt.excerpts:
            yield Done(self._fallback("No sentence was found to show to the language model.", work))
            return
        yield Done(self._answer(work))

    def _work(self, work: _Work) -> Iterator[Event]:
        """Load, select, write, mend: all that is done in the model's turn."""
        if not self.composer.ready:
            yield Working(Piece("load"))
            started = time.perf_counter()
            self.composer.count_tokens([""])
            work.spend("load", started)
        started = time.perf_counter()
        work.prompt = self.select(self.prompt)
        work.spend("select", started)
        if work.prompt.excerpts:
            yield from self._write(work)
            if self.settings.mend and self.settings.mode == "sentences":
                yield from self._mend(work)

    # Writing

    def _write(self, work: _Work) -> Iterator[Event]:
        request = self._request(work)
        line = streamed = ""
        for piece in self.composer.stream(request):
            if isinstance(piece, Draft):
                work.usage = _sum(work.usage, piece.usage)
                work.thinking = piece.thinking
                work.cut = piece.finish_reason == "length"
                # A server may only know at its end which of its text was the answer.
                if piece.text.startswith(streamed):
                    line += piece.text[len(streamed) :]
                *whole, line = line.split("\n")
                for one in whole:
                    yield from self._judge(one, work)
                if not work.cut:
                    yield from self._judge(line, work)
                continue
            yield Working(piece)
            if piece.phase == "write":
                streamed += piece.text
                *whole, line = (line + piece.text).split("\n")
                for one in whole:
                    yield from self._judge(one, work)

    def _judge(self, line: str, work: _Work) -> Iterator[Event]:
        """A whole line that the model wrote: shown if it stands."""
        line = line.strip()
        if not line:
            return
        if line.rstrip(".") == ABSTAIN.rstrip("."):
            work.abstained = True
            return
        draft = Draft(line)
        quotes = self.settings.mode == "quotes"
        started = time.perf_counter()
        check = self.checker.check_quotes if quotes else self.checker.check
        checked = check(draft, work.prompt)
        work.spend("verify", started)
        for claim in checked:
            if any(claim.text == other.text for other in (*work.shown, *work.withheld)):
                continue  # it said so already
            good = shows(claim, self.checker.policy, verbatim=quotes)
            (work.shown if good else work.withheld).append(claim)
            yield Checked(claim, shown=good)

    def _mend(self, work: _Work) -> Iterator[Event]:
        """Ask once for other words for what did not stand; what comes is checked as strictly."""
        for claim in work.withheld[:_MENDED_AT_MOST]:
            request = self._mending(claim, work)
            for piece in self.composer.stream(request):
                if not isinstance(piece, Draft):
                    yield Working(piece)
                    continue
                work.usage = _sum(work.usage, piece.usage)
                if piece.finish_reason == "length":
                    continue
                for other in self.checker.check(Draft(piece.text.strip()), work.prompt):
                    known = any(other.text == one.text for one in work.shown)
                    if not known and stands(other, verbatim=False):
                        work.shown.append(other)
                        yield Checked(other, shown=True, mended=True)
                        break

    def _request(self, work: _Work) -> Request:
        settings = self.settings
        nonce = nonce_for(work.prompt.question, settings.seed, evidence_texts(work.prompt))
        return Request(
            messages=messages(work.prompt, nonce, self.history),
            grammar=self._grammar(work),
            thinking_tokens=thinking_budget(settings),
            answer_tokens=settings.answer_tokens,
            temperature=settings.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
            seed=settings.seed,
            constant=True,
        )

    def _mending(self, claim: CheckedClaim, work: _Work) -> Request:
        first = self._request(work)
        words = mend_message(claim.text, claim.verdict.problems)
        # Of the draft only the sentence itself: every token of it would be read again.
        conversation = (
            *first.messages, Message("assistant", claim.text), Message("user", words),
        )  # fmt: skip
        markers = [excerpt.marker for excerpt in work.prompt.excerpts]
        return replace(
            first,
            messages=conversation,
            grammar=answer_grammar(markers, ABSTAIN, sentences=1),
            thinking_tokens=0,
            answer_tokens=_MEND_TOKENS,
        )

    def _grammar(self, work: _Work) -> str:
        if self.settings.mode == "quotes":
            pairs = [
                (" ".join(sentence.split()), excerpt.marker)
                for excerpt in work.prompt.excerpts
                for sentence in quotes_of(excerpt.sentences)
            ]
            return quotes_grammar(pairs, ABSTAIN)
        return answer_grammar([excerpt.marker for excerpt in work.prompt.excerpts], ABSTAIN)

    # What is left at the end

    def _answer(self, work: _Work, *warnings: str) -> Answer:
        if not work.shown:
            return self._fallback(_why(work, self.composer.name), work)
        told = list(warnings)
        if not self.composer.verified:
            told.insert(0, _unverified(self.composer.name))
        if work.abstained:
            told.append(f"{self.composer.name} also wrote that the sources do not answer this.")
        if work.cut and not warnings:
            told.append("The answer was cut at its limit of tokens.")
        if work.prompt.dropped_sentences:
            told.append(
                f"{work.prompt.dropped_sentences} further sentence(s) of the sources had no room"
                " in what the language model was shown."
            )
        return self.checker.answer(
            work.prompt, work.shown, work.withheld, generator=self.composer.name,
            usage=self._usage(work), warnings=told, thinking=work.thinking,
        )  # fmt: skip

    def _fallback(self, why: str, work: _Work) -> Answer:
        """The verbatim answer, which says why it is not the composed one."""
        return replace(
            _only_verbatim(self.verbatim, why),
            usage=self._usage(work),
            withheld=(*self.verbatim.withheld, *work.withheld),
            thinking=work.thinking,
        )

    def _usage(self, work: _Work) -> Usage:
        """All that the question has cost, the verbatim answer included."""
        return _sum(self.verbatim.usage, work.usage)


def _only_verbatim(answer: Answer, why: str) -> Answer:
    return replace(answer, warnings=(*answer.warnings, f"{ONLY_VERBATIM} {why}"))


def _why(work: _Work, name: str) -> str:
    if work.abstained:
        return f"{name} finds that the sources do not answer the question: read them with care."
    if work.withheld:
        count = len(work.withheld)
        return f"None of the {count} sentence(s) that {name} wrote stood up to the check."
    if work.cut:
        return f"{name} wrote no whole sentence within its limit of tokens."
    return f"{name} wrote nothing."


def _unverified(name: str) -> str:
    return f"UNVERIFIED MODEL: the weights of {name} are not known to be the published ones."


def _sum(one: Usage, other: Usage) -> Usage:
    phases: Mapping[str, float] = {
        phase: one.phases.get(phase, 0.0) + other.phases.get(phase, 0.0)
        for phase in (*one.phases, *(p for p in other.phases if p not in one.phases))
    }
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        thinking_tokens=one.thinking_tokens + other.thinking_tokens,
        answer_tokens=one.answer_tokens + other.answer_tokens,
        seconds=one.seconds + other.seconds,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        phases=phases,
    )
