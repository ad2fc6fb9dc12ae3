"""The stricter look at sentences that a language model composed.

The judge asks whether the evidence says what a claim says; words put together anew from the right
words can deceive it. A composed sentence is shown without a doctor having written it, and the
verbatim answer stands above it, so here silence costs little: it may only say, in words of its
source, what one clause of it says. True paraphrases are withheld by this too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from medrag.drugs import drug_names
from medrag.text import CELL_GAP, STOPWORDS, sentences, words
from medrag.verify.claims import bare
from medrag.verify.lexicon import canon

_FEWEST = 3  # words that carry meaning, below which nothing has been said
# What a model may add without adding anything.
_GLUE = frozenset(
    canon(word)
    for word in "patient patients person people use used give given take receive administer"
    " administered treat treated then according source guideline".split()
)
_DENIALS = frozenset("not no never without none nor cannot neither avoid unless except".split())
# A statement of what was, was wrong, or is not to be done, in which the claim would be lost.
_TURNS = re.compile(
    r"\b(?:previous(?:ly)?|former(?:ly)?|no longer|used to|once was|historical(?:ly)?|older|"
    r"removed|withdrawn|moved|changed|replaced|superseded|dangerous(?:ly)?|error|wrong(?:ly)?|"
    r"mistaken(?:ly)?|myth|harmful|fatal|overdose|otherwise|rarely|some clinicians|unproven|"
    r"until|only|except|unless|provided|insufficient|unclear|uncertain)\b",
    re.I,
)
_CLAUSE = re.compile(
    r"\s*;\s*|\s+(?:otherwise|whereas|while|however|although|instead)\b[\s,]*|,?\s+but\s+"
    r"|,?\s+(?:and|then|or)\s+(?=(?:then\s+)?(?:give|stop|start|withhold|continue|repeat|review|check|"
    r"reduce|increase|double|halve|avoid|use|switch|change|add|omit|resume|restart|refer)\b)",
    re.I,
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
_CHANGE = re.compile(r"\b(by|to|from)\s+(?:about\s+)?(\d+(?:[.,]\d+)*)", re.I)


def objections(claim: str, quote: str, headings: str) -> Iterator[str]:
    """Why a composed claim should not be shown, although a judge supports it by ``quote``;
    ``headings`` are the title and headings above the quote."""
    claim = bare(claim)
    said = _meaning(claim)
    if len(set(said)) < _FEWEST:
        yield "It is too short to say anything."
        return
    around = set(_meaning(headings)) | _GLUE
    clauses = list(_clauses(quote))
    if not clauses:
        yield "There is no sentence in the source that says it."
        return
    everything = {word for clause in clauses for word in _meaning(clause)}
    if new := sorted(set(said) - everything - around):
        yield f"The source does not use: {', '.join(new)}."
    clause = max(clauses, key=lambda one: len(set(said) & set(_meaning(one))))
    yield from _parts(said, claim, clause, around)
    yield from _numbers(claim, clause, quote)
    yield from _drugs(claim, clause)
    whole = _sentence_around(clause, quote)
    for turn in dict.fromkeys(found.lower() for found in _TURNS.findall(whole)):
        if turn not in claim.lower():
            yield f"It leaves out '{turn}', which the source says."
    if _denies(claim) != _denies(clause):
        yield "It denies what the source says, or the other way round."


def _clauses(quote: str) -> Iterator[str]:
    """What can be read alone. A cell of a table row is a clause; its drug stands in another."""
    for start, end in sentences(quote):
        for cell in quote[start:end].split(CELL_GAP):
            for clause in _CLAUSE.split(cell):
                if clause.strip():
                    yield clause.strip()


def _parts(said: Sequence[str], claim: str, clause: str, around: set[str]) -> Iterator[str]:
    """Words of the claim that stand in another clause than the rest of it."""
    names = {canon(name) for name in drug_names(claim)}
    here = set(_meaning(clause))
    if away := sorted(set(said) - here - around - names):
        yield f"It joins what the source says apart: {', '.join(away)}."


def _numbers(claim: str, clause: str, quote: str) -> Iterator[str]:
    here = set(_NUMBER.findall(clause))
    if away := sorted(set(_NUMBER.findall(claim)) - here):
        yield f"These numbers stand elsewhere in the source: {', '.join(away)}."
    theirs = {(number, way.lower()) for way, number in _CHANGE.findall(quote)}
    told = {number for number, _ in theirs}
    for way, number in _CHANGE.findall(claim):
        if number in told and (number, way.lower()) not in theirs:
            yield f"The source does not say '{way} {number}'."


def _drugs(claim: str, clause: str) -> Iterator[str]:
    """The drugs of a claim: named in the clause, in its order, each with its own numbers."""
    mine, theirs = _in_order(claim), _in_order(clause)
    if theirs and not set(mine) <= set(theirs):
        yield "The source says it of another drug."
    shared = [name for name in mine if name in theirs]
    if shared != [name for name in theirs if name in shared]:
        yield "The source names the drugs the other way round."
    if len(theirs) > 1:
        owners = _owners(clause)
        for number, names in _owners(claim).items():
            if number in owners and not names <= owners[number]:
                yield f"In the source {number} belongs to another drug."


def _in_order(text: str) -> list[str]:
    names = drug_names(text)
    return list(dict.fromkeys(word for word in words(text) if word in names))


def _owners(text: str) -> dict[str, set[str]]:
    """The drug named last before each number, or the first of all."""
    names = _in_order(text)
    found: dict[str, set[str]] = {}
    if not names:
        return found
    last = names[0]
    for word in words(text):
        if word in names:
            last = word
        elif word[:1].isdigit():
            found.setdefault(word, set()).add(last)
    return found


def _sentence_around(clause: str, quote: str) -> str:
    for start, end in sentences(quote):
        if clause in quote[start:end]:
            return quote[start:end]
    return quote


def _denies(text: str) -> bool:
    return not _DENIALS.isdisjoint(words(text))


def _meaning(text: str) -> list[str]:
    return [canon(word) for word in words(text) if word not in STOPWORDS]
