"""The sentences of the sources that may answer a question: found, kept to its subject, scored.

Both who quotes and who composes draw on them, so that what keeps a wrong drug, another patient's
dose, or a line that speaks to a machine out of a quoted answer keeps it out of a prompt too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from medrag.ages import (
    Patient,
    is_for_another,
    is_for_other_ages,
    patient_of,
)
from medrag.audience import is_outside, speaks_of
from medrag.doses import (
    asked_drugs,
    namers_of,
    stems_of,
)
from medrag.neutral import addresses_a_machine
from medrag.patterns import Pattern
from medrag.population import (
    without_populations,
)
from medrag.protocols import Embedder
from medrag.text import CELL_GAP, content_words, coverage, is_row, sentences
from medrag.types import Passage, Prompt, Source

_EMBEDDED = 24  # sentences that are worth a forward pass, on the road to a first answer in 1 s
# What a model that read question and sentence together adds for a sure answer, and by what its log
# odds are divided first: chosen on the libraries ``training.libraries.FITTED``.
_READ, _TEMPERATURE = 0.5, 4.0
_ASKS_FOR_NUMBER = Pattern(
    r"\b(?:dos(?:e|es|age)|how (?:much|many|often|long|fast|soon|high|low)|what (?:level|rate|"
    r"target|threshold|range|maximum|minimum|age|volume|egfr|inr)|maximum|minimum|threshold|"
    r"when should|at what|within|target)\b",
    re.I,
)
# Text that speaks of machines that read along; no clinician's text does.
_OF_MACHINES = Pattern(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instructions?|prompts?|rules)\b"
    r"|^\W*(?:system|assistant)\s*:|\bAI (?:readers?|assistants?|models?)\b|\bsystem prompt\b"
    r"|<\|[^|<>]{1,40}\|>",
    re.I,
)
# What a document says of its versions is about what was. "Change of dose" is no such heading.
_OF_VERSIONS = Pattern(
    r"\b(?:what(?:'s| has| is)? (?:changed|new)(?!-)\b|change ?log|(?:revision|version|document|"
    r"amendment)s? (?:history|control|log)|(?:summary|record) of (?:changes|amendments)|changes "
    r"(?:from|since|to) (?:the )?(?:previous|last|version|earlier))\b",
    re.I,
)
_ASKS_WHAT_CHANGED = Pattern(
    r"\b(?:chang\w*|what(?:'s| is) new|new (?:version|edition|guid\w*|polic\w*)|differ\w*|"
    r"previous\w*|versions?|updat\w*|revis\w*|used to)\b",
    re.I,
)
_CAPTION_WORDS = 7
_OF_CONTENTS = Pattern(r"^(?!see\b).*\(?\bp(?:ages?|\.|p\.) ?\d{1,4}\)?$")
_NUMBER = Pattern(r"\d")
_ITEM = Pattern(r"(?:[-*\u2022]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s")

Relevance: TypeAlias = Callable[[str, Sequence[tuple[Passage, str]]], Sequence[float]]
"""For a question and sentences of passages, the probability (0..1) that each answers it."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A sentence that may answer, verbatim from the passage of its source.

    ``position`` counts the sentences, and ``paragraph`` the lines, of the passage from 0. ``own``
    is the share (0..1) of the question's words in the sentence, ``held`` the share in it and the
    headings above it, ``names`` which of them these are; ``stems`` are its own content words.
    ``named_at`` is the position of the sentence that names the drug whose dose this one gives
    without a name: "If the creatinine clearance is below 30 give 20 mg."
    """

    source: Source
    position: int
    paragraph: int
    text: str
    own: float
    held: float
    names: frozenset[str]
    stems: frozenset[str]
    named_at: int | None = None

    @property
    def lexical(self) -> float:
        """How much of the question the sentence holds (0..1); words that only the headings say
        count half: "Dose: 500 mg" under "Amoxicillin"."""
        return (self.own + self.held) / 2

    @property
    def headed(self) -> str:
        """The sentence under its nearest heading: "Stop warfarin." under "Major bleeding"."""
        return f"{_nearest(self.source)}: {self.text}"


def find_candidates(prompt: Prompt) -> list[Candidate]:
    """The sentences of all sources that say something and may be shown, in the sources' order."""
    return [candidate for source in prompt.sources for candidate in _of(source, prompt)]


def score_candidates(
    prompt: Prompt,
    candidates: Sequence[Candidate],
    embedder: Embedder,
    relevance: Relevance | None = None,
) -> dict[Candidate, float]:
    """How well each answers the question (0 to about 1.1, or 1.6 with ``relevance``), for those
    that hold the most of its words; the others are not worth a forward pass, and are not in it."""
    likely = sorted(candidates, key=lambda s: (-s.lexical, s.source.marker, s.position))
    likely = likely[:_EMBEDDED]
    vectors = embedder.embed([prompt.question, *(s.headed for s in likely)])
    cosines = vectors[1:] @ vectors[0]
    number_wanted = bool(_ASKS_FOR_NUMBER.search(prompt.question))
    scores: dict[Candidate, float] = {}
    for sentence, cosine in zip(likely, cosines, strict=True):
        score = 0.4 * sentence.lexical + 0.35 * max(0.0, float(cosine))
        score += 0.25 * sentence.source.passage.score
        if number_wanted and _NUMBER.search(sentence.text):
            score += 0.08
        scores[sentence] = score
    if relevance is not None:
        read = relevance(prompt.question, [(s.source.passage, s.text) for s in likely])
        for sentence, probability in zip(likely, read, strict=True):
            scores[sentence] += _READ * _softened(probability)
    return scores


def _softened(probability: float) -> float:
    """The probability with its log odds divided by ``_TEMPERATURE``: among sentences that the model
    all doubts it still tells which it doubts the least."""
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return 1 / (1 + math.exp(math.log((1 - inside) / inside) / _TEMPERATURE))


def may_be_shown(patient: Patient, text: str) -> bool:
    """Whether a text is neither for others than the patient asked about, nor an order to a machine
    that reads along."""
    ordering = _OF_MACHINES.search(text) is not None or addresses_a_machine(text)
    return not ordering and not is_for_another(patient, text)


def headings_of(source: Source) -> frozenset[str]:
    """The title and the headings above a source, in lower case, to know their lines again."""
    passage = source.passage
    parts = (passage.document.title, *(passage.section or "").split(" > "))
    return frozenset(part.strip().lower() for part in parts)


def is_heading(text: str, headings: frozenset[str]) -> bool:
    """Whether a line is one of these headings, whatever marks it as one."""
    return _bare(text) in headings


def is_item(text: str) -> bool:
    """Whether a line is an item of a list."""
    return _ITEM.match(text) is not None


def item_text(text: str) -> str:
    """A line without the mark of a list item."""
    return _ITEM.sub("", text, count=1) if is_item(text) else text


def _of(source: Source, prompt: Prompt) -> list[Candidate]:
    passage = source.passage
    headed = f"{passage.document.title} {passage.section or ''}"
    headings = headings_of(source)
    patient = patient_of(prompt.question)
    if _OF_VERSIONS.search(_nearest(source)) and not _ASKS_WHAT_CHANGED.search(prompt.question):
        return []
    # Whom it is about is looked at apart: "boy" need not stand in the text for children.
    subject = set(content_words(without_populations(prompt.question)))
    weights = {word: w for word, w in prompt.terms.weights.items() if word in subject}
    # A line may still speak of somebody whom its document, or its section, as a whole is not for.
    outside = is_outside(patient, passage.audience) and not any(
        speaks_of(patient, passage.audience, part) for part in above(source)
    )
    sections = (passage.section or "").split(" > ")
    outside = outside or any(is_for_other_ages(patient.age, part) for part in sections)
    found: list[Candidate] = []
    spans = sentences(passage.chunk.text)
    asked = asked_drugs(prompt.question)
    namers = namers_of(passage.chunk.text, spans) if asked else {}
    over = stems_of(asked, headed)
    for position, (start, end) in enumerate(spans):
        text = passage.chunk.text[start:end]
        namer = namers.get(position)
        drug = passage.chunk.text[slice(*spans[namer])] if namer is not None else ""
        named = stems_of(asked, text)
        if outside and not speaks_of(patient, passage.audience, text):
            continue
        if _says_something(text, headings) and may_be_shown(patient, text):
            found.append(
                Candidate(
                    source=source,
                    position=position,
                    paragraph=passage.chunk.text.count("\n", 0, start),
                    text=text,
                    own=coverage(weights, text),
                    held=coverage(weights, f"{headed} {text}"),
                    names=_names(prompt, f"{headed} {text}") | over | named | stems_of(asked, drug),
                    stems=frozenset(content_words(text)) | named,
                    named_at=namer,
                )
            )
    return found


def _nearest(source: Source) -> str:
    """The heading right above a passage; its document's title where it has none."""
    passage = source.passage
    return (passage.section or passage.document.title).rpartition(" > ")[2]


def above(source: Source) -> list[str]:
    """The headings above a passage and its document's title, the nearest first."""
    passage = source.passage
    return [*reversed((passage.section or "").split(" > ")), passage.document.title]


def _says_something(text: str, headings: frozenset[str]) -> bool:
    """Whether a line is more than a heading, a label or a question."""
    bare = _bare(text)
    if len(bare.split()) <= _CAPTION_WORDS and _OF_CONTENTS.search(bare):
        return False
    if text.endswith("?") or (CELL_GAP in text and not is_row(text)):
        return False
    if is_item(text) and bare in headings:
        return False  # "2. ANTIBIOTIC PROPHYLAXIS" is no item
    if text.endswith((".", "!", ":")) or is_item(text) or is_row(text):
        return len(bare) > 1
    # No full stop: a heading or caption, unless it is long or gives a number.
    length = len(bare.split())
    return bare not in headings and (
        length >= _CAPTION_WORDS or (length >= 3 and bool(_NUMBER.search(bare)))
    )


def _bare(text: str) -> str:
    return text.strip().strip("#*:- ").lower()


def _names(prompt: Prompt, text: str) -> frozenset[str]:
    """The words of the question that a text holds."""
    return frozenset(prompt.terms.weights.keys() & set(content_words(text)))
