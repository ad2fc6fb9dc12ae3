"""The answer in the documents' own words: verbatim sentences with their markers.

It needs no language model, cannot misquote, and is the default. Sentences are chosen by the
question's telling words and by cosine, then put in the order in which they stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medrag.text import content_words, coverage, sentences
from medrag.types import Draft, Embedder, Prompt, Source

_EMBEDDED = 24  # sentences that are worth a forward pass, on the road to a first answer in 1 s
_CUT = 0.72  # a sentence below this share of the best one's score is not shown
_SAME = 0.8  # two sentences that share this much of their words say the same
_ASKS_FOR_NUMBER = re.compile(
    r"\b(?:dos(?:e|es|age)|how (?:much|many|often|long|fast|soon|high|low)|what (?:level|rate|"
    r"target|threshold|range|maximum|minimum|age|volume|egfr|inr)|maximum|minimum|threshold|"
    r"when should|at what|within|target)\b",
    re.I,
)
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class _Sentence:
    source: Source
    start: int
    text: str
    lexical: float
    words: frozenset[str]


class ExtractiveGenerator:
    """Writes drafts of at most ``limit`` verbatim sentences, one a line."""

    name = "extractive"

    def __init__(self, embedder: Embedder, limit: int) -> None:
        self._embedder = embedder
        self._limit = limit

    def generate(self, prompt: Prompt) -> Draft:
        """A draft whose every line is ``sentence [marker]``; empty without a usable sentence."""
        candidates = self._candidates(prompt)
        if not candidates:
            return Draft("", finish_reason="nothing")
        scored = self._score(prompt, candidates)
        chosen = self._choose(scored)
        first = {s.source.marker: i for i, s in reversed(list(enumerate(chosen)))}
        chosen.sort(key=lambda s: (first[s.source.marker], s.start))
        return Draft("\n".join(f"{s.text} [{s.source.marker}]" for s in chosen))

    def _candidates(self, prompt: Prompt) -> list[_Sentence]:
        found: list[_Sentence] = []
        seen: set[str] = set()
        for source in prompt.sources:
            passage = source.passage
            context = f"{passage.document.title} {passage.section or ''}"
            headings = {part.strip().lower() for part in (passage.section or "").split(" > ")}
            for start, end in sentences(passage.chunk.text):
                text = passage.chunk.text[start:end]
                if not _is_sentence(text, headings) or text in seen:
                    continue
                seen.add(text)
                own = coverage(prompt.weights, text)
                # Words that the heading above already says count half: "Dose: 500 mg" under
                # "Amoxicillin" is about amoxicillin.
                lexical = own + 0.5 * max(0.0, coverage(prompt.weights, f"{context} {text}") - own)
                found.append(
                    _Sentence(
                        source, passage.chunk.start + start, text, lexical,
                        frozenset(content_words(text)),
                    )
                )
        found.sort(key=lambda s: (-s.lexical, s.source.marker, s.start))
        return found[:_EMBEDDED]

    def _score(self, prompt: Prompt, candidates: Sequence[_Sentence]) -> list[tuple[float, _Sentence]]:
        vectors = self._embedder.embed([prompt.question, *(s.text for s in candidates)])
        cosines = vectors[1:] @ vectors[0]
        number_wanted = bool(_ASKS_FOR_NUMBER.search(prompt.question))
        scored = []
        for sentence, cosine in zip(candidates, cosines, strict=True):
            score = 0.45 * sentence.lexical + 0.4 * max(0.0, float(cosine))
            score += 0.15 * sentence.source.passage.score
            if number_wanted and _NUMBER.search(sentence.text):
                score += 0.08
            scored.append((score, sentence))
        return sorted(scored, key=lambda pair: (-pair[0], pair[1].source.marker, pair[1].start))

    def _choose(self, scored: Sequence[tuple[float, _Sentence]]) -> list[_Sentence]:
        best = scored[0][0]
        chosen: list[_Sentence] = []
        for score, sentence in scored:
            if score < _CUT * best or len(chosen) == self._limit:
                break
            if all(_likeness(sentence, other) < _SAME for other in chosen):
                chosen.append(sentence)
        return chosen


def _is_sentence(text: str, headings: set[str]) -> bool:
    """Whether a line says something: no heading, and at least three words."""
    bare = text.strip().strip("#*:- ").lower()
    return bare not in headings and len(bare.split()) >= 3 and not text.rstrip().endswith("?")


def _likeness(one: _Sentence, other: _Sentence) -> float:
    smaller = min(len(one.words), len(other.words))
    return len(one.words & other.words) / smaller if smaller else 1.0
