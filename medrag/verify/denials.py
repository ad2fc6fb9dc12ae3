"""What one side denies and the other does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medrag.verify.lexicon import HALTS, NEGATIVE_WORDS, USING
from medrag.verify.problem import Problem
from medrag.verify.reading import Cue, Reading, Token, read
from medrag.verify.relations import PREFER, agreed
from medrag.verify.syntax import ADJUNCT, BE, stretch_left, stretch_right
from medrag.verify.tokens import may_name, sentences_of

_NEAR = 5  # words
_OBJECT = 3  # words
_JOINTS = frozenset("and or but then nor unless until".split())
_GOING_ON = frozenset("continue continues continued continuing".split())
_WEIGHED = frozenset({"rather", "instead"})


def negations(mine: Reading, theirs: Reading) -> Iterator[Problem]:
    """A negation of the claim that the evidence does not make of the same word, or the other way
    round."""
    words = {cue.word for cue in (*mine.cues, *theirs.cues)}
    twice = _double(mine, theirs)
    if twice is not None:
        yield Problem("negation", f"One says not to give “{twice}”, the other not to leave it out.")
    weighed = not words.isdisjoint(_WEIGHED) and agreed(mine.text, theirs.text, PREFER)
    for cue in mine.cues:
        if (weighed and cue.word in _WEIGHED) or _goes_on(mine, cue, theirs):
            continue
        word = _undenied(mine, cue, theirs)
        if word is not None:
            yield Problem(
                "negation", f"The answer says “{cue.word}” of “{word}”; the source does not."
            )
    for cue in theirs.cues:
        if (weighed and cue.word in _WEIGHED) or _goes_on(theirs, cue, mine):
            continue
        word = _undenied(theirs, cue, mine, asserted=True)
        if word is not None:
            yield Problem(
                "negation", f"The source says “{cue.word}” of “{word}”; the answer does not."
            )


def uneven(mine: Reading, theirs: Reading) -> Iterator[Problem]:
    """A sentence of the same words with a denial more, or less."""
    own = mine.names
    for sentence in sentences_of(theirs.text):
        if len(own & may_name(sentence)) < 0.85 * len(own):
            continue
        other = read(sentence)
        words = other.names
        shared = len(own & words)
        if shared < 0.85 * max(len(own), len(words)) or len(mine.cues) == len(other.cues):
            continue
        more, less = (mine, other) if len(mine.cues) > len(other.cues) else (other, mine)
        denied = {more.tokens[place].stem for cue in more.cues for place in cue.heads}
        if denied & (_halted(less) - _used(less)):
            continue  # "stop it" has no negation, and "do not use it" has one
        if all(_goes_on(more, cue, less) for cue in more.cues):
            continue
        who = "answer" if more is mine else "source"
        yield Problem("negation", f"Only the {who} says “{more.cues[-1].word}” here.")
        return


def _undenied(one: Reading, cue: Cue, other: Reading, asserted: bool = False) -> str | None:
    """A word that ``cue`` denies in ``one`` and that ``other`` has, denied by nothing.

    With ``asserted``, a word that ``one`` itself also says outside any negation is no mismatch.
    """
    # "Contraindicated" denies its subject, which "should not be used" has before it.
    reached = {
        other.tokens[place].stem
        for each in other.cues
        for place in (each.around if cue.predicate else each.reach)
    }
    if _denies_use(one, cue):
        # "Do not use metformin", "stop metformin"; "must not be given to athletes", "athletes
        # should not take". What is to be used beside it is not excused.
        as_well = _halted(other)
        for each in other.cues:
            as_well |= _stems(other, each.around) if _denies_use(other, each) else set()
        as_well -= _used(other)
        if cue.heads and one.tokens[min(cue.heads)].stem in as_well & _halted(other):
            return None  # "do not give it if ...", "withhold it if ..."
        reached |= as_well
    plain = {token.stem for token in other.tokens if token.content or token.measured}
    for place in cue.heads:
        token = one.tokens[place]
        if token.stem in reached:
            # The same denial, so what stands before it there may stand after it here:
            # "do not use metformin", "metformin should not be used".
            reached |= _around(token.stem, other)
            continue
        excused = asserted and _said_plainly(one, token.stem)
        if token.stem in plain and token.word.isalpha() and not excused:
            return token.word
    return None


def _goes_on(one: Reading, cue: Cue, other: Reading) -> bool:
    """Whether ``one`` says "do not stop" and ``other`` "continue", of the same thing."""
    head = one.tokens[min(cue.heads)].word if cue.heads else ""
    kept = _objects(one, HALTS, denied=True)
    return head in HALTS and kept <= _objects(other, _GOING_ON) and bool(kept)


def _double(mine: Reading, theirs: Reading) -> str | None:
    """What one says is not to be given, and the other that it is not to be left out."""
    for one, other in ((mine, theirs), (theirs, mine)):
        kept = _objects(other, HALTS, denied=True) - _objects(other, USING, denied=True)
        both = kept & (_objects(one, USING, denied=True) - _objects(one, HALTS, denied=True))
        if both:
            return min(both)
    return None


def _halted(reading: Reading) -> set[str]:
    """The stems of what is to be stopped: its use is denied."""
    return _objects(reading, HALTS)


def _used(reading: Reading) -> set[str]:
    """The stems of what is to be given or taken, and not denied."""
    return _objects(reading, USING)


def _objects(reading: Reading, verbs: frozenset[str], *, denied: bool = False) -> set[str]:
    """The stems of what these verbs are said of, where they are not denied, or where they are."""
    out: set[str] = set()
    for place, token in enumerate(reading.tokens):
        near = [other.word for other in reading.tokens[max(0, place - _NEAR) : place]]
        if token.word not in verbs or NEGATIVE_WORDS.isdisjoint(near[-3:]) is denied:
            continue
        passive = near[-1:] and near[-1] in BE
        found = stretch_left(reading, place) if passive else stretch_right(reading, place)
        out |= _object(found[::-1] if passive else found)
    return out


def _object(tokens: Iterable[Token]) -> set[str]:
    """The stems of the first things that are named, up to a joint or an adjunct."""
    out: set[str] = set()
    for token in tokens:
        joint = token.word in _JOINTS or token.word in USING or token.word in ADJUNCT
        if joint or len(out) == _OBJECT:
            break
        if token.naming:
            out.add(token.stem)
    return out


def _denies_use(reading: Reading, cue: Cue) -> bool:
    """Whether it says "not" of giving or taking, words that carry no meaning of their own."""
    if not cue.heads:
        return False
    head = min(cue.heads)
    before = [token.word for token in reading.tokens[max(0, head - _NEAR) : head + 1]]
    if cue.word not in before:
        return False
    return not USING.isdisjoint(before[before.index(cue.word) :])


def _stems(reading: Reading, places: Iterable[int]) -> set[str]:
    return {reading.tokens[place].stem for place in places}


def _around(stem: str, reading: Reading) -> set[str]:
    return {
        reading.tokens[place].stem
        for cue in reading.cues
        if any(reading.tokens[near].stem == stem for near in cue.reach)
        for place in cue.around
    }


def _said_plainly(reading: Reading, stem: str) -> bool:
    reached = {place for cue in reading.cues for place in cue.reach}
    return any(
        token.stem == stem and place not in reached for place, token in enumerate(reading.tokens)
    )
