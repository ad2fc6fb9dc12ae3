"""What a language model is shown of the sources: the sentences that may answer, readable alone.

Reading is what a small machine pays for (about 20 ms a token), so a prompt holds sentences, not
passages. A sentence comes with those without which it would say something else: the line that
opens its list, the sentence that its "it" refers to. Such a group goes in whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from medrag.candidates import (
    Candidate,
    Relevance,
    find_candidates,
    score_candidates,
)
from medrag.instructions import evidence_text, header, neutralise
from medrag.neighbours import Line, items_after, lines_of, readable, written
from medrag.protocols import Embedder
from medrag.subject import on_subject
from medrag.text import words
from medrag.types import Excerpt, Prompt

Count: TypeAlias = Callable[[Sequence[str]], list[int]]

# A sentence below this share of the best score is not worth its reading time.
_WORTH = 0.6
# Between two parts of a text there are a space or a line end, and perhaps the sign of a gap.
_JOIN_TOKENS = 2


@dataclass(frozen=True, slots=True)
class _Step:
    """Sentences of one source that are added together."""

    marker: int
    places: frozenset[int]


_Shown: TypeAlias = Mapping[int, frozenset[int]]  # which sentences of which source, by marker


def with_excerpts(
    prompt: Prompt,
    embedder: Embedder,
    count: Count,
    budget: int,
    relevance: Relevance | None = None,
) -> Prompt:
    """``prompt`` with the ``excerpts`` that a language model is shown, and ``dropped_sentences``.

    ``budget`` is in tokens as ``count`` counts them, and holds for all of ``evidence_text``:
    header lines too. ``count`` is called at most three times. Sentences are taken from the best
    down, those that are far from it not at all; excerpts stand in the order of their markers.
    """
    candidates = on_subject(prompt, find_candidates(prompt))
    empty = replace(prompt, excerpts=(), dropped_sentences=0)
    if not candidates:
        return empty
    scores = score_candidates(prompt, candidates, embedder, relevance)
    least = _WORTH * max(scores.values())
    ranked = sorted(scores, key=lambda s: (-scores[s], s.source.marker, s.position))
    passages = {source.marker: lines_of(source, prompt.question) for source in prompt.sources}
    groups = list(_groups([s for s in ranked if scores[s] >= least], passages))
    steps = _affordable(prompt, groups, passages, count, budget)
    steps = _within(empty, steps, passages, count, budget)
    kept = _union(steps)
    missing = sum(not group[0].places <= kept.get(group[0].marker, frozenset()) for group in groups)
    return replace(_with(empty, kept, passages), dropped_sentences=missing)


def _groups(
    ranked: Sequence[Candidate], passages: Mapping[int, list[Line]]
) -> Iterator[list[_Step]]:
    """For each sentence, from the best down, the steps that show it: itself with what it needs,
    then, where it opens a list, one item after the other. Groups with the same words as one of a
    better source, and those of which a part is missing or unfit, are left out."""
    # The better source keeps what two say, even where it says it in a sentence of lower rank.
    by_source = sorted(ranked, key=lambda s: (s.source.marker, s.position))
    owner: dict[tuple[str, ...], Candidate] = {}
    needed: dict[Candidate, frozenset[int]] = {}
    for candidate in by_source:
        lines = passages[candidate.source.marker]
        opens_document = candidate.source.passage.chunk.ordinal == 0
        whole = readable(candidate.position, lines, opens_document=opens_document)
        if whole is not None:
            needed[candidate] = whole
            read = sorted(whole.union(items_after(candidate.position, lines)))
            said = tuple(words(" ".join(lines[place].text for place in read)))
            owner.setdefault(said, candidate)
    owners = set(map(id, owner.values()))
    for candidate in ranked:
        if id(candidate) not in owners:
            continue
        marker, lines = candidate.source.marker, passages[candidate.source.marker]
        items = items_after(candidate.position, lines)
        head = needed[candidate]
        rest = [frozenset({place}) for place in items if place not in head and lines[place].fit]
        if items and not rest:
            continue
        first = head | rest[0] if rest else head
        yield [_Step(marker, places) for places in (first, *rest[1:])]


def _affordable(
    prompt: Prompt,
    groups: Sequence[list[_Step]],
    passages: Mapping[int, list[Line]],
    count: Count,
    budget: int,
) -> list[_Step]:
    """The steps that fit into the budget by the sum of their parts; one call of ``count``."""
    needed = sorted({(s.marker, place) for group in groups for s in group for place in s.places})
    texts = [header(source) for source in prompt.sources]
    texts += [neutralise(passages[marker][place].text) for marker, place in needed]
    sizes = count(texts)
    heads = {source.marker: size for source, size in zip(prompt.sources, sizes, strict=False)}
    tokens = dict(zip(needed, sizes[len(heads) :], strict=True))
    left = budget
    kept: dict[int, frozenset[int]] = {}
    chosen: list[_Step] = []
    for group in groups:
        for step in group:
            there = kept.get(step.marker, frozenset())
            cost = sum(tokens[step.marker, p] + _JOIN_TOKENS for p in step.places - there)
            if cost and step.marker not in kept:
                cost += heads[step.marker] + _JOIN_TOKENS
            if cost > left:
                break  # the items of a list go in from the first on
            left -= cost
            kept[step.marker] = there | step.places
            chosen.append(step)
    return chosen


def _within(
    prompt: Prompt,
    steps: list[_Step],
    passages: Mapping[int, list[Line]],
    count: Count,
    budget: int,
) -> list[_Step]:
    """The longest run of steps from the best on whose evidence, as it will be shown, is within
    the budget: tokens of a whole are not quite the sum of those of its parts."""
    if not steps:
        return steps

    def text_of(number: int) -> str:
        return evidence_text(_with(prompt, _union(steps[:number]), passages))

    if count([text_of(len(steps))])[0] <= budget:
        return steps
    texts = [text_of(number) for number in range(1, len(steps))]
    sizes = count(texts) if texts else []
    fitting = [number for number, size in enumerate(sizes, start=1) if size <= budget]
    return steps[: max(fitting, default=0)]


def _union(steps: Sequence[_Step]) -> _Shown:
    shown: dict[int, frozenset[int]] = {}
    for step in steps:
        shown[step.marker] = shown.get(step.marker, frozenset()) | step.places
    return shown


def _with(prompt: Prompt, shown: _Shown, passages: Mapping[int, list[Line]]) -> Prompt:
    excerpts = (
        Excerpt(
            marker,
            written(places, passages[marker]),
            tuple(passages[marker][place].text for place in sorted(places)),
        )
        for marker, places in sorted(shown.items())
    )
    return replace(prompt, excerpts=tuple(excerpts))
