"""Small helpers on the words of a reading: where a phrase begins and ends, and what it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from medrag.patterns import Pattern
from medrag.verify.reading import Reading, Token, read
from medrag.verify.tokens import may_name, sentences_of

# They open an adjunct, which may stand anywhere in its sentence: it is no part of an argument.
ADJUNCT = frozenset(
    "in during after before among with without for when if because by at on while to from unless"
    " until within over under between through despite via as than following prior since into"
    " whereas although though but where once that which who whose".split()
)
BE = frozenset("is are was were be been being isn't aren't wasn't weren't".split())
HAVE = frozenset("has have had".split())
MODALS = frozenset(
    "should may must can could might will would shall cannot do does did doesn't don't didn't"
    " shouldn't won't".split()
)
# They may stand between an auxiliary and its verb.
BETWEEN = frozenset(
    "not also often usually never always only be been being have has significantly strongly"
    " generally commonly routinely sometimes rarely either both then markedly greatly partly"
    " occasionally invariably mainly still".split()
)


_PAUSE = Pattern(r"[,:()—]")


@lru_cache(maxsize=1024)
def pauses(text: str) -> frozenset[int]:
    """The places of the tokens of ``text`` that follow a comma, a colon or a bracket."""
    reading = read(text)
    out = set()
    before = 0
    for place, token in enumerate(reading.tokens):
        if token.start - before > 1 and _PAUSE.search(text, before, token.start):
            out.add(place)
        before = token.end
    return frozenset(out)


def named(tokens: Iterable[Token]) -> frozenset[str]:
    """The stems of the words that name something; numbers and units name nothing."""
    return frozenset([token.stem for token in tokens if token.naming])


def about(claim: Reading, sentence: Reading, least: float = 0.6) -> bool:
    """Whether at least this share of the claim's words with meaning is in one sentence."""
    own = claim.names
    return bool(own) and len(own & sentence.names) >= least * len(own)


def on_topic(claim: Reading, text: str, least: float = 0.6) -> Iterator[Reading]:
    """The sentences of ``text`` that are ``about`` what the claim is. The others are not read:
    their words alone tell that too few of the claim's are among them."""
    own = claim.names
    for sentence in sentences_of(text) if own else ():
        if len(own & may_name(sentence)) >= least * len(own):
            reading = read(sentence)
            if about(claim, reading, least):
                yield reading


def stretch_left(reading: Reading, place: int) -> list[Token]:
    """The words before ``place`` back to a pause or the clause's start; if that is nothing,
    back over one pause ("Rifampicin, an inducer, lowers …")."""
    stops = pauses(reading.text)
    clause = reading.tokens[place].clause
    start = place
    while start > 0 and reading.tokens[start - 1].clause == clause and start not in stops:
        start -= 1
    out = list(reading.tokens[start:place])
    if not named(out) and start > 0 and reading.tokens[start - 1].clause == clause:
        return [*stretch_left(reading, start - 1), reading.tokens[start - 1]]
    return out


def stretch_right(reading: Reading, place: int) -> list[Token]:
    """The words after ``place`` up to a pause or the clause's end."""
    stops = pauses(reading.text)
    clause = reading.tokens[place].clause
    end = place + 1
    tokens = reading.tokens
    while end < len(tokens) and tokens[end].clause == clause and end not in stops:
        end += 1
    return list(tokens[place + 1 : end])


def core(tokens: list[Token]) -> list[Token]:
    """The words before the first adjunct; "risk of stroke in adults" gives "risk of stroke"."""
    for place, token in enumerate(tokens):
        if token.word in ADJUNCT:
            return tokens[:place]
    return tokens


def phrase_after(reading: Reading, place: int, limit: int = 4) -> list[Token]:
    """The first words with meaning after ``place``, up to a pause, a verb's helper or an
    adjunct."""
    out: list[Token] = []
    for token in stretch_right(reading, place):
        if token.word in ADJUNCT or token.word in BE or token.word in MODALS:
            break
        if (token.content or token.measured) and token.word.isalpha():
            out.append(token)
        if len(out) == limit:
            break
    return out
