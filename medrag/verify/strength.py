"""How strongly a thing is said: of all or some, must or may, causes or goes with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from medrag.verify.lexicon import canon
from medrag.verify.problem import Problem
from medrag.verify.reading import Reading, Token, read
from medrag.verify.relations import relations_of
from medrag.verify.syntax import BE, BETWEEN, HAVE, on_topic, phrase_after

_SHARES = {
    word: group
    for group, words in {
        "all": "all every always invariably everyone universally",
        "most": "most majority mostly usually typically generally predominantly",
        "many": "many often frequently commonly",
        "some": "some sometimes occasionally",
        "few": "few rarely seldom minority infrequently",
        "only": "only solely exclusively",
        "none": "never none nobody",
    }.items()
    for word in words.split()
}
_OWNERS = frozenset("the a an his her its their our my your".split())
_PARTS = frozenset({"all", "most", "many", "some", "few"})
_WEAKER = {"all": {"many"}, "most": {"many"}, "many": {"some"}}
_WEAK = frozenset({"may", "might", "could"})
_WEAK_WORDS = _WEAK | frozenset(
    "can possible possibly potential potentially perhaps consider considered considering"
    " considers option optional suggest suggests suggested likely risk".split()
)
_STRONG = frozenset({"must", "shall"})
_MODAL = _WEAK | _STRONG | {"should"}
_STRONG_WORDS = _STRONG | frozenset(
    "required requires require mandatory essential necessary need needs needed always have has"
    " imperative obligatory vital crucial never".split()
)
_CONSIDER = frozenset({"consider", "considered", "considering"})
_ASSOCIATED = frozenset(
    canon(word)
    for word in "associated association linked correlated correlates correlation factor".split()
)
_CAUSAL = frozenset(
    canon(word)
    for word in "cause prevent induce trigger produce provoke precipitate protect due because"
    " responsible effect".split()
)
_EFFECTS = frozenset(
    canon(word)
    for word in "increase decrease reduce raise lower improve worsen elevate cause induce".split()
)


def strengths(claim: str, evidence: str) -> Iterator[Problem]:
    """Ways in which the claim says it more (or less) strongly than the evidence."""
    mine, theirs = read(claim), read(evidence)
    yield from _shares(mine, theirs)
    yield from _modals(mine, theirs)
    for sentence in on_topic(mine, evidence):
        yield from _causes(mine, sentence)


def _quantified(reading: Reading) -> dict[str, list[Token | None]]:
    """For each share, the words that it stands before."""
    out: dict[str, list[Token | None]] = {}
    for place, token in enumerate(reading.tokens):
        group = _SHARES.get(token.word)
        if group is None or token.measured:
            continue
        before = reading.tokens[place - 1].word if place else ""
        if before in {"not", "at"} or (token.word == "only" and before == "if"):
            continue
        if token.word == "most" and (before in BE or before in _OWNERS):
            continue  # a superlative: "is most common", "their most recent"
        after = phrase_after(reading, place, 1)
        out.setdefault(group, []).append(after[0] if after else None)
    return out


def _shares(mine: Reading, theirs: Reading) -> Iterator[Problem]:
    claimed, given = _quantified(mine), _quantified(theirs)
    stems = {token.stem for token in mine.tokens}
    for group in claimed:
        if group in given or (group == "none" and theirs.cues):
            continue
        others = set(given) & _PARTS
        weaker = any(group in _WEAKER.get(other, ()) for other in others)
        strong = group in {"all", "only", "none", "most", "few"}
        if (strong or others) and not weaker:
            yield Problem("quantifier_differs", f"The source does not say “{_word(mine, group)}”.")
            return
    hedged = any(token.word in _WEAK or token.word == "can" for token in mine.tokens)
    if not set(claimed) & _PARTS and not hedged:
        for group in ("some", "few"):
            if any(token is not None and token.stem in stems for token in given.get(group, ())):
                word = _word(theirs, group)
                yield Problem("quantifier_differs", f"The source says it of “{word}” only.")
                return


def _word(reading: Reading, group: str) -> str:
    return next(t.word for t in reading.tokens if _SHARES.get(t.word) == group)


@lru_cache(maxsize=1024)
def _bound(text: str) -> dict[str, frozenset[str]]:
    """The verbs that stand after a modal, each with its modals."""
    out: dict[str, frozenset[str]] = {}
    reading = read(text)
    for place, token in enumerate(reading.tokens):
        if token.word not in _MODAL:
            continue
        for after in reading.tokens[place + 1 : place + 6]:
            if after.word in BE or after.word in HAVE or after.word in BETWEEN:
                continue
            if after.word in _CONSIDER or not after.content:
                break
            out[after.stem] = out.get(after.stem, frozenset()) | {token.word}
            break
    return out


def _modals(mine: Reading, theirs: Reading) -> Iterator[Problem]:
    said = {token.word for token in mine.tokens}
    given = {token.word for token in theirs.tokens}
    stems = {token.stem for token in mine.tokens}
    hedged = bool(said & _WEAK_WORDS)
    claimed = _bound(mine.text)
    for stem, modals in _bound(theirs.text).items():
        if stem in stems and modals <= _WEAK and not hedged:
            yield Problem("modality_differs", f"The source says only “{min(modals)}”.")
            return
        if claimed.get(stem, frozenset()) & _WEAK and not modals & _WEAK:
            yield Problem("modality_differs", f"The source says “{min(modals)}”.")
            return
    if said & _STRONG and not given & _STRONG_WORDS and given & (_WEAK_WORDS | {"should"}):
        yield Problem("modality_differs", "The source does not say “must”.")
    elif not hedged and _considers(theirs) & stems:
        yield Problem("modality_differs", "The source says only that this may be considered.")


def _considers(reading: Reading) -> set[str]:
    """What is to be considered: the word after "consider", or before "be considered"."""
    out: set[str] = set()
    for place, token in enumerate(reading.tokens):
        if token.word not in _CONSIDER:
            continue
        if token.word == "considered":
            same = [t for t in reading.tokens[:place] if t.clause == token.clause and t.content]
            out.update(t.stem for t in same[-2:])
        else:
            out.update(t.stem for t in phrase_after(reading, place, 2))
    return out


def _causes(mine: Reading, theirs: Reading) -> Iterator[Problem]:
    stems = {token.stem for token in mine.tokens}
    given = {token.stem for token in theirs.tokens}
    if not (given & _ASSOCIATED) - stems:
        return
    effect = stems & _CAUSAL - given
    if not effect:
        stated = {r.verb for r in relations_of(theirs.text) if r.first and r.second}
        acting = {r.verb for r in relations_of(mine.text) if r.first and r.second}
        effect = (acting & _EFFECTS) - stated
    if effect:
        yield Problem("cause_differs", "The source speaks of an association, not of an effect.")
