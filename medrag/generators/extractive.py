"""The answer in the documents' own words: verbatim sentences with their markers.

It needs no language model, cannot misquote, and is the default. Sentences are chosen by the
question's telling words and by cosine, lists are kept together with the line that opens them,
and all is put in the order in which it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medrag.drugs import drug_names
from medrag.population import about_others, names_one_of, populations, without_populations
from medrag.protocols import Embedder
from medrag.text import CELL_GAP, content_words, coverage, sentences, stem
from medrag.types import Draft, Prompt, Source

_EMBEDDED = 24  # sentences that are worth a forward pass, on the road to a first answer in 1 s
_PASSAGE_PULL = 0.5  # how much the passage's own score says about where the answer stands
_BLOCK_CUT = 0.75  # a block of that passage whose best sentence scores below this share is left out
# What a sentence of another passage must reach of the best one's score, and hold of the question's
# words that the best one holds.
_AWAY_CUT, _ON_SUBJECT = 0.92, 0.85
_TELLING = 0.7  # words with this share of the heaviest one's weight say what the question is about
_LEAST_HELD = 0.4  # the best sentence holds at least that share of the question's weight
# A question for one of these is not answered with another: a loading dose is no daily dose.
_KINDS_OF_DOSE = frozenset(stem(word) for word in ("loading", "maintenance", "bolus"))
_VULNERABLE = frozenset({"children", "newborns", "pregnancy"})
_NAMING = 0.75  # the best sentence holds this share of the most that any holds of the question
_SAME = 0.8  # two sentences that share this much of their words say the same
_ASKS_FOR_NUMBER = re.compile(
    r"\b(?:dos(?:e|es|age)|how (?:much|many|often|long|fast|soon|high|low)|what (?:level|rate|"
    r"target|threshold|range|maximum|minimum|age|volume|egfr|inr)|maximum|minimum|threshold|"
    r"when should|at what|within|target)\b",
    re.I,
)
# Text that speaks to a machine that reads along, not to a clinician.
_ORDERS_A_READER = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instructions?|prompts?|rules)\b"
    r"|\b(?:system|assistant)\s*:|\bAI (?:readers?|assistants?|models?)\b|\bsystem prompt\b",
    re.I,
)
_CAPTION_WORDS = 7
_NUMBER = re.compile(r"\d")
_ITEM = re.compile(r"(?:[-*\u2022]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s")


@dataclass(frozen=True, slots=True, eq=False)
class _Sentence:
    """``held`` is the share of the question's words in the sentence and the headings above it,
    ``names`` which of them these are."""

    source: Source
    position: int
    paragraph: int
    text: str
    own: float
    held: float
    names: frozenset[str]
    stems: frozenset[str]

    @property
    def lexical(self) -> float:
        # Words that only the headings say count half: "Dose: 500 mg" under "Amoxicillin".
        return (self.own + self.held) / 2

    @property
    def headed(self) -> str:
        """The sentence under its nearest heading: "Stop warfarin." under "Major bleeding"."""
        section = self.source.passage.section or self.source.passage.document.title
        return f"{section.rpartition(' > ')[2]}: {self.text}"


class ExtractiveGenerator:
    """Writes drafts of at most ``limit`` verbatim sentences, one a line."""

    name = "extractive"

    def __init__(self, embedder: Embedder, limit: int) -> None:
        self._embedder = embedder
        self._limit = limit

    def generate(self, prompt: Prompt) -> Draft:
        """A draft whose every line is ``sentence [marker]``; empty without a usable sentence."""
        found = [s for source in prompt.sources for s in _sentences_of(source, prompt)]
        candidates = _on_subject(prompt, found)
        if not candidates:
            return Draft("", finish_reason="off_subject" if found else "nothing")
        likely = sorted(candidates, key=lambda s: (-s.lexical, s.source.marker, s.position))
        scores = self._score(prompt, likely[:_EMBEDDED])
        chosen = _choose(candidates, scores, prompt, self._limit)
        lines = [f"{sentence.text} [{sentence.source.marker}]" for sentence in chosen]
        return Draft("\n".join(lines), verbatim=True)

    def _score(self, prompt: Prompt, candidates: Sequence[_Sentence]) -> dict[_Sentence, float]:
        vectors = self._embedder.embed([prompt.question, *(s.headed for s in candidates)])
        cosines = vectors[1:] @ vectors[0]
        number_wanted = bool(_ASKS_FOR_NUMBER.search(prompt.question))
        scores: dict[_Sentence, float] = {}
        for sentence, cosine in zip(candidates, cosines, strict=True):
            score = 0.4 * sentence.lexical + 0.35 * max(0.0, float(cosine))
            score += 0.25 * sentence.source.passage.score
            if number_wanted and _NUMBER.search(sentence.text):
                score += 0.08
            scores[sentence] = score
        return scores


def _on_subject(prompt: Prompt, found: Sequence[_Sentence]) -> list[_Sentence]:
    """The sentences that speak of the drug that the question names, and of whom it names; none
    where they hold too little of the question.

    Silence beats a guess: the dose of another drug, or for somebody else, is worse than none.
    """
    drugs = {stem(word) for word in drug_names(prompt.question)}
    about = [s for s in found if not drugs or (drugs & s.names and _is_of(drugs, s))]
    kinds = _KINDS_OF_DOSE & prompt.terms.weights.keys()
    if kinds:
        about = [s for s in about if kinds & s.names]
    if not any(drugs & s.names or s.held >= _LEAST_HELD for s in about):
        return []
    asked = populations(prompt.question) & _VULNERABLE
    if asked:
        # A section about them alone comes before what the title says of the whole document.
        own = [s for s in about if _speaks_of(asked, s, title=False)]
        about = own or [s for s in about if _speaks_of(asked, s, title=True)]
    return about


def _is_of(drugs: set[str], sentence: _Sentence) -> bool:
    """Whether a table row names one of these drugs itself, or its heading does; the document's
    title does not make every row of its tables one about the drug."""
    heading = (sentence.source.passage.section or "").rpartition(" > ")[2]
    return not _is_row(sentence.text) or bool(
        drugs & (sentence.stems | set(content_words(heading)))
    )


def _speaks_of(asked: frozenset[str], sentence: _Sentence, *, title: bool) -> bool:
    """Whether the sentence, or else a heading above it (or the title), is about them."""
    passage = sentence.source.passage
    whole = passage.document.title
    sections = [part for part in (passage.section or "").split(" > ") if part != whole]
    for text in (sentence.text, *reversed(sections), *([whole] if title else [])):
        if populations(text):
            return names_one_of(asked, text)
    return False


def _choose(
    candidates: Sequence[_Sentence],
    scores: Mapping[_Sentence, float],
    prompt: Prompt,
    limit: int,
) -> list[_Sentence]:
    """The sentences of the answer in reading order.

    One passage carries it, block by block (a paragraph, a table row, a list with the line that
    opens it), because a sentence torn from its neighbours may be about the opposite case. A
    sentence of another passage must be nearly as good, and on the same subject, to be added.
    """
    drugs = {stem(word) for word in drug_names(prompt.question)}
    # First whoever names what was asked about: a sentence about another drug may be the likest.
    most = max(sentence.held for sentence in scores)
    naming = [sentence for sentence in scores if sentence.held >= _NAMING * most]
    best = max(naming, key=lambda s: scores[s] + _PASSAGE_PULL * s.source.passage.score)
    enough = _BLOCK_CUT * scores[best]
    # The row of another drug in the same table is about another drug.
    subject = _telling(best.names, prompt.terms.weights) | (drugs & best.names)
    about = [s for s in candidates if subject <= s.names or not _is_row(s.text)]
    blocks = _blocks([s for s in about if s.source is best.source])
    blocks.sort(key=lambda block: -_best_in(block, scores))
    chosen: list[_Sentence] = []
    for block in blocks:
        if _best_in(block, scores) >= enough and len(chosen) < limit:
            chosen.extend(_window(block, scores, limit - len(chosen)))
    chosen.sort(key=lambda s: s.position)
    for sentence in sorted(scores, key=lambda s: (-scores[s], s.source.marker, s.position)):
        if (
            len(chosen) < limit
            and sentence.source is not best.source
            and scores[sentence] >= _AWAY_CUT * scores[best]
            and subject <= sentence.names
            and sentence.held >= _ON_SUBJECT * best.held
            and all(_likeness(sentence, other) < _SAME for other in chosen)
        ):
            chosen.append(sentence)
    return chosen


def _best_in(block: Sequence[_Sentence], scores: Mapping[_Sentence, float]) -> float:
    return max(scores.get(sentence, 0.0) for sentence in block)


def _blocks(passage: Sequence[_Sentence]) -> list[list[_Sentence]]:
    """Sentences by paragraph; the items of a list belong to the paragraph that opens it."""
    blocks: list[list[_Sentence]] = []
    for sentence in passage:
        last = blocks[-1][-1] if blocks else None
        goes_on = last is not None and (
            sentence.paragraph == last.paragraph
            or (_ITEM.match(sentence.text) and (last.text.endswith(":") or _ITEM.match(last.text)))
        )
        if goes_on:
            blocks[-1].append(sentence)
        else:
            blocks.append([sentence])
    return blocks


def _window(
    block: list[_Sentence], scores: Mapping[_Sentence, float], size: int
) -> list[_Sentence]:
    """The run of at most ``size`` sentences of a block with the highest scores in all."""
    starts = range(max(1, len(block) - size + 1))
    best = max(starts, key=lambda i: sum(scores.get(s, 0.0) for s in block[i : i + size]))
    return block[best : best + size]


def _sentences_of(source: Source, prompt: Prompt) -> list[_Sentence]:
    passage = source.passage
    headings = f"{passage.document.title} {passage.section or ''}"
    titles = {passage.document.title.strip().lower()}
    titles |= {part.strip().lower() for part in (passage.section or "").split(" > ")}
    asked = populations(prompt.question)
    # Whom it is about is looked at apart: "boy" need not stand in the text for children.
    subject = set(content_words(without_populations(prompt.question)))
    weights = {word: w for word, w in prompt.terms.weights.items() if word in subject}
    found: list[_Sentence] = []
    for start, end in sentences(passage.chunk.text):
        text = passage.chunk.text[start:end]
        if _says_something(text, titles) and not about_others(asked, text):
            found.append(
                _Sentence(
                    source=source,
                    position=len(found),
                    paragraph=passage.chunk.text.count("\n", 0, start),
                    text=text,
                    own=coverage(weights, text),
                    held=coverage(weights, f"{headings} {text}"),
                    names=_names(prompt, f"{headings} {text}"),
                    stems=frozenset(content_words(text)),
                )
            )
    return found


def _says_something(text: str, titles: set[str]) -> bool:
    """Whether a line is more than a heading, a label or a question."""
    bare = text.strip().strip("#*:- ").lower()
    if text.endswith("?") or _ORDERS_A_READER.search(text):
        return False
    if text.endswith((".", "!", ":")) or _ITEM.match(text) or _is_row(text):
        return len(bare) > 1
    # No full stop: a heading or caption, unless it is long or gives a number.
    length = len(bare.split())
    return bare not in titles and (
        length >= _CAPTION_WORDS or (length >= 3 and bool(_NUMBER.search(bare)))
    )


def _names(prompt: Prompt, text: str) -> frozenset[str]:
    """The words of the question that a text holds."""
    return frozenset(prompt.terms.weights.keys() & set(content_words(text)))


def _telling(names: frozenset[str], weights: Mapping[str, float]) -> frozenset[str]:
    """Those that say what the question is about, the drug's name before "dose"."""
    heaviest = max((weights[word] for word in names), default=0.0)
    return frozenset(word for word in names if weights[word] >= _TELLING * heaviest)


def _is_row(text: str) -> bool:
    return CELL_GAP in text


def _likeness(one: _Sentence, other: _Sentence) -> float:
    smaller = min(len(one.stems), len(other.stems))
    return len(one.stems & other.stems) / smaller if smaller else 1.0
