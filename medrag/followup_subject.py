"""What an earlier question was about: its one subject, and the phrases that restrict it."""

from __future__ import annotations

from dataclasses import dataclass

from medrag.drugs import drug_names
from medrag.followup_words import PREPOSITIONS, subject_runs, words_of

# What comes after these is the circumstance, not the subject, of a question.
_CIRCUMSTANCE = frozenset("in for during at on before after when if what".split())
_MANNERED = frozenset("the a an any acute chronic severe mild what which".split())


@dataclass(frozen=True, slots=True)
class Subject:
    """What a question is about; ``only`` where nothing else in it could be meant by "it"."""

    text: str
    only: bool


def subject_of(previous: str) -> Subject | None:
    """The one thing that a question is about, where there is one."""
    runs = subject_runs(previous)
    texts = {_bare(previous[s:e]).lower() for s, e in runs}
    drugs = [(s, e) for s, e in runs if drug_names(previous[s:e])]
    if len({_bare(previous[s:e]).lower() for s, e in drugs}) > 1:
        return None
    if drugs:
        start, end = drugs[0]
        if len(drug_names(previous[start:end])) > 1:
            return None
        others = [run for run in runs if run not in drugs]
        if not all(_is_circumstance(previous, run[0]) for run in others):
            return None  # it may be a drug too, of a name that is not known as one
        return Subject(_bare(previous[start:end]), only=not others)
    if len(texts) != 1:
        return None
    start, end = runs[0]
    return Subject(_bare(previous[start:end]), only=True)


def _bare(name: str) -> str:
    return name.removesuffix("'s").removesuffix("\u2019s")


def _is_circumstance(text: str, start: int) -> bool:
    """Whether what begins there is where or why, as "sepsis" in "for adults in sepsis"."""
    for word in reversed(words_of(text[:start])):
        if word.lower in _CIRCUMSTANCE:
            return True
        if word.lower not in _MANNERED:
            return False
    return False


def pair_of(previous: str) -> str | None:
    """The two drugs of a question, where there are just two and nothing else."""
    runs = [previous[s:e] for s, e in subject_runs(previous)]
    if len(runs) != 2 or not all(len(drug_names(run)) == 1 for run in runs):
        return None
    return f"{runs[0]} and {runs[1]}"


def names_of(previous: str) -> frozenset[str]:
    """What the question before named, word by word."""
    runs = [previous[s:e].lower() for s, e in subject_runs(previous)]
    return frozenset(word.lower for run in runs for word in words_of(run))


def numbers_of(text: str) -> list[str]:
    return [word.text for word in words_of(text) if word.is_number]


def as_question(text: str) -> str:
    """A question as one writes it: a capital, one question mark."""
    text = " ".join(text.split()).rstrip(" ?.!,")
    return f"{text[:1].upper()}{text[1:]}?"


def phrases_of(text: str) -> list[tuple[int, int]]:
    """Spans of the phrases that begin with a preposition: "in children", "in renal impairment"."""
    spans: list[tuple[int, int]] = []
    start = end = -1
    for word in words_of(text):
        if word.lower in PREPOSITIONS:
            if start >= 0 and end > start:
                spans.append((start, end))
            start, end = word.start, -1
        elif start >= 0:
            if word.is_function and word.lower not in {"the", "a", "an", "and", "or"}:
                if end > start:
                    spans.append((start, end))
                start = end = -1
            else:
                end = word.end
    if start >= 0 and end > start:
        spans.append((start, end))
    return spans
