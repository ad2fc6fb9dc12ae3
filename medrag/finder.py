"""An engine's way from a question to the sentences that may be shown."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

from medrag.answerability import Found, answerability, at_most, features, settled
from medrag.answering import Checker
from medrag.audience import OPENING, audience_of
from medrag.candidates import Relevance
from medrag.errors import TooLarge, UsageError
from medrag.fusion import Arm
from medrag.generators.extractive import ExtractiveGenerator
from medrag.ground import build_prompt
from medrag.library import Scope, scope_of
from medrag.models.pair_encoder import SHIPPED
from medrag.parts import Parts
from medrag.protocols import Composer
from medrag.retrieve import Search
from medrag.text import encodable
from medrag.types import Answer, Draft, Passage, Prompt, Verdict
from medrag.verbatim import verbatim_answer

Collections: TypeAlias = str | Iterable[str] | None
"""The name of a collection, several names (without one: nothing is seen), or None for all.

What lies in other collections touches nothing that is found, weighed, answered or said.
"""


_ASK = "Ask something."
QUESTION_LIMIT = 20_000
"""Characters of a question: a long case history, and not a document."""


def as_question(question: object) -> str:
    """What was given, where it can be a question.

    Raises:
        UsageError: it is no text.
        TooLarge: it is longer than ``QUESTION_LIMIT``.
    """
    if not isinstance(question, str):
        kind = type(question).__name__
        raise UsageError(f"A question is a string, and this is of the type {kind}.", _ASK)
    if len(question) > QUESTION_LIMIT:
        raise TooLarge(
            f"The question has {len(question):,} characters, and at most {QUESTION_LIMIT:,} are"
            " read.",
            "Ask in fewer words.",
        )
    if encodable(question) != question and not any(ch.isalnum() for ch in question):
        raise UsageError("The question is empty, or no text.", _ASK)
    return question


def as_pairs(pairs: object) -> list[tuple[str, str]]:
    """What was given, where it is claims, each with its evidence.

    Raises:
        UsageError: it is something else.
    """
    several = isinstance(pairs, Iterable) and not isinstance(pairs, str)
    given = list(cast("Iterable[object]", pairs)) if several else [pairs]
    found: list[tuple[str, str]] = []
    for number, pair in enumerate(given, start=1):
        two = list(pair) if isinstance(pair, tuple | list) else []
        if len(two) != 2 or not all(isinstance(text, str) for text in two):
            remedy = "Give (claim, evidence) for each."
            raise UsageError(f"Item {number} is no pair of strings.", remedy)
        found.append((two[0], two[1]))
    return found


_BEFORE = 1500  # characters before a passage, among which the line that opens its list may stand


class Finder(Parts):
    """Parts of an engine put to work: passages, sources, and the answer in the documents' own
    words."""

    def search(
        self, question: str, k: int = 8, *, collection: Collections = None, arm: Arm = "hybrid"
    ) -> list[Passage]:
        """The k passages nearest to a question. Any text is safe; an empty one finds nothing.

        Both arms together ("hybrid") are reordered by the reranker, where the settings want it.

        Raises:
            UsageError: the question is no string, or far too long.
            LibraryError: there is no library, or the engine is closed.
        """
        as_question(question)
        if arm == "hybrid":
            return self.search_many([Search(question, k, collection)])[0]
        scope = scope_of(collection)
        return self._retriever(scope).search(question, k, scope=scope, arm=arm)

    def search_many(self, searches: Sequence[Search]) -> list[list[Passage]]:
        """Several searches at once, each as ``search`` would do it: together they cost less."""
        fixed = [replace(one, collection=scope_of(one.collection)) for one in searches]
        if not fixed:
            return []
        whole = any(one.collection is None for one in fixed)
        retriever = self._retriever(None if whole else frozenset())
        fixed = [
            replace(one, question=retriever.reading(one.question, scope_of(one.collection)).read)
            for one in fixed
        ]
        reranker = self.reranker if self.settings.rerank_searches else None
        if reranker is None:
            return retriever.search_many(fixed)
        deeper = [replace(one, k=max(one.k, reranker.depth) if one.k > 0 else 0) for one in fixed]
        found = zip(fixed, retriever.search_many(deeper), strict=True)
        return [reranker.order(one.question, passages)[: one.k] for one, passages in found]

    def prompt(self, question: str, *, collection: Collections = None) -> tuple[Prompt, float]:
        """The numbered sources for a question, and the probability that they answer it, before any
        sentence of them is read (``certainty``: after)."""
        found = self.find(question, collection=collection)
        return self._sources(found), answerability(found)

    def find(self, question: str, *, collection: Collections = None) -> Found:
        """What there is to answer a question from."""
        scope = scope_of(collection)
        # A few more than are shown: overlapping and superseded ones are still to be left out.
        wanted = 2 * self.settings.passages
        reranker = self.reranker
        depth = max(wanted, reranker.depth) if reranker else wanted
        retriever = self._retriever(scope)
        reading = retriever.reading(question, scope)
        terms, found = retriever.find(reading.read, depth, scope=scope)
        if reranker is None:
            return Found(terms, tuple(found), self._in_their_documents(found), reading)
        ordered = reranker.order(reading.read, found)[:wanted]
        calibrated = self.settings.rerank_model == SHIPPED
        passages = self._in_their_documents(ordered)
        return Found(terms, tuple(found[:wanted]), passages, reading, calibrated)

    def _in_their_documents(self, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        """The passages with what their documents say of whom they are for, and right before."""
        ids = list(dict.fromkeys(passage.document.id for passage in passages))
        said = {
            name: audience_of(opening)
            for name, opening in self.library.openings(ids, OPENING).items()
        }
        return tuple(
            replace(
                one,
                audience=said.get(one.document.id, ""),
                before=self.library.before(one.document.id, one.chunk.start, _BEFORE),
            )
            for one in passages
        )

    def evidence(
        self, question: str, composer: Composer, *, collection: Collections = None
    ) -> Prompt:
        """The sources for a question, with the ``excerpts`` that this language model is shown."""
        return self._shown_to(composer, self.prompt(question, collection=collection)[0])

    def certainty(
        self, question: str, *, collection: Collections = None
    ) -> tuple[float, tuple[float, ...]]:
        """The probability (0..1) by which ``ask`` answers or abstains, and what it was made of (the
        ``features``)."""
        found = self.find(question, collection=collection)
        read = self._draft(found)[1].read
        return settled(found, read), features(found, read)

    def verify(self, pairs: Iterable[tuple[str, str]]) -> list[Verdict]:
        """What evidence says of a claim, for each ``(claim, evidence)``, in order.

        Raises:
            UsageError: something else was given.
            LibraryError: the engine is closed.
        """
        self._require_open()
        return self.judge.judge(as_pairs(pairs))

    def _sources(self, found: Found) -> Prompt:
        limit = self.settings.passages
        return build_prompt(
            found.reading.read, found.passages, found.terms, limit, reading=found.reading
        )

    def _draft(self, found: Found) -> tuple[Prompt, Draft]:
        """The sources, and the sentences of them that would be shown."""
        prompt = self._sources(found)
        if at_most(found) < self.settings.answer_threshold:
            return prompt, Draft("", finish_reason="nothing")
        limit = self.settings.answer_sentences
        return prompt, ExtractiveGenerator(self.embedder, limit, self._relevance).generate(prompt)

    def _verbatim(self, question: str, scope: Scope) -> tuple[Answer, Prompt]:
        """The answer in the documents' own words, and the sources it was chosen from."""
        started = time.perf_counter()
        found = self.find(question, collection=scope)
        retrieved = time.perf_counter()
        prompt, draft = self._draft(found)
        certain = settled(found, draft.read) >= self.settings.answer_threshold
        answer = verbatim_answer(
            prompt, draft, self._checker(scope), certain=certain, started=started,
            retrieved=retrieved,
        )  # fmt: skip
        return answer, prompt

    def _shown_to(self, composer: Composer, prompt: Prompt) -> Prompt:
        from medrag.evidence import with_excerpts

        budget = self.settings.evidence_tokens
        count = composer.count_tokens
        return with_excerpts(prompt, self.embedder, count, budget, self._relevance)

    @property
    def _relevance(self) -> Relevance | None:
        reranker = self.reranker
        return reranker.sentences if reranker is not None else None

    def _checker(self, scope: Scope = None) -> Checker:
        library = self.library
        parts = (library.contents(scope), self.embedder.identity.sha256)

        def fingerprint(generator: str) -> str:
            return self.settings.fingerprint(*parts, generator, self.judge.name)

        settings = self.settings
        return Checker(
            self.judge, library.page_labels, fingerprint, settings.policy, settings.strict_look
        )
