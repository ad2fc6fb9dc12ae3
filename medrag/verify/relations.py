"""Who does what to whom, and what comes before what: a light reading around a shared verb.

Active and passive are read alike. Adjuncts ("in adults", "after surgery") may stand anywhere and
are left out, so that moving one is no change of roles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from medrag.verify.lexicon import canon
from medrag.verify.problem import Problem
from medrag.verify.reading import Reading, Token, read
from medrag.verify.syntax import (
    BE,
    BETWEEN,
    HAVE,
    MODALS,
    core,
    named,
    pauses,
    stretch_left,
    stretch_right,
)

_VERBS = """
increase decrease raise lower reduce elevate improve worsen impair enhance inhibit induce activate
block stimulate suppress cause prevent trigger produce lead result provoke exacerbate aggravate
precipitate potentiate antagonise antagonize displace replace transmit infect affect alter change
modify regulate upregulate downregulate release secrete absorb bind cleave phosphorylate encode
express target mediate predict precede follow outperform exceed surpass outweigh contain produce
treat cure relieve delay accelerate shorten prolong extend slow mimic mask accompany complicate
compress obstruct supply drain innervate surround convert metabolise metabolize degrade destroy
damage protect promote facilitate support suggest indicate imply require need spread carry invade
attack stop terminate initiate enter leave cross reach kill eliminate remove limit restrict
control influence determine recruit differentiate interact substitute favour favor
""".split()
_VERB_STEMS = frozenset(canon(word) for word in _VERBS)
_NOT_VERB_AFTER = frozenset("a an the of in no this that these those with for and or any".split())
_IRREGULAR = frozenset(
    "given taken shown seen found known made done held kept led bound borne driven chosen worn"
    " beaten overtaken".split()
)
TIME, FROM, PREFER = "~time", "~from", "~prefer"
_EARLIER = frozenset({"before", "prior", "preceding"})
_LATER = frozenset({"after", "following"})
_MARKS = _EARLIER | _LATER | {"then", "from", "rather", "instead"}
_AUXILIARIES = MODALS | HAVE
_HELPERS = BE | MODALS | BETWEEN
_MANY = 400  # words, above which a text is no sentence and is not read for roles


@dataclass(frozen=True, slots=True)
class Relation:
    """``first`` does ``verb`` to ``second`` (or comes before it); stems, either may be empty."""

    verb: str
    first: frozenset[str]
    second: frozenset[str]


@lru_cache(maxsize=1024)
def relations_of(text: str) -> tuple[Relation, ...]:
    """The relations that ``text`` states, verbs with their two sides."""
    reading = read(text)
    if len(reading.tokens) > _MANY:
        return ()
    out: list[Relation] = []
    for place, token in enumerate(reading.tokens):
        relation = None
        if token.word in _MARKS or token.word.startswith("prefer"):
            relation = _time(reading, place) or _moved(reading, place) or _preferred(reading, place)
        if relation is None and token.content and token.word.isalpha():
            relation = _verb(reading, place)
        if relation is not None and (relation.first or relation.second):
            out.append(relation)
    return tuple(out)


def _verb(reading: Reading, place: int) -> Relation | None:
    tokens = reading.tokens
    token = tokens[place]
    helper = _helper(tokens, place)
    participle = token.word.endswith(("ed", "en")) or token.word in _IRREGULAR
    following = tokens[place + 1].word if place + 1 < len(tokens) else ""
    passive = participle and (helper in BE or (following == "by" and helper not in HAVE))
    if not passive and helper not in _AUXILIARIES:
        if token.stem not in _VERB_STEMS or token.word.endswith("ing"):
            return None
        before = tokens[place - 1].word if place else ""
        if not before or before in _NOT_VERB_AFTER or following in {"of", "in"}:
            return None
    left = named(core(_without_helpers(stretch_left(reading, place))))
    after = _up_to_gap(stretch_right(reading, place))
    if passive:
        left |= named(core(after))
        return _roles(token, _agent(after), left - _agent(after))
    return _roles(token, left, named(core(after)))


def _up_to_gap(after: list[Token]) -> list[Token]:
    """Without a second clause that leaves out the verb: "children need 7 mg and adults 5 mg"."""
    for place, token in enumerate(after):
        if token.word == "and" and all(
            any(other.measured and not other.naming for other in side)
            for side in (after[:place], after[place + 1 :])
        ):
            return after[:place]
    return after


def _roles(token: Token, agent: frozenset[str], patient: frozenset[str]) -> Relation:
    if token.word.startswith("follow"):
        return Relation(TIME, patient, agent)
    if token.word.startswith("preced"):
        return Relation(TIME, agent, patient)
    if token.word.startswith("replac"):
        return Relation(FROM, patient, agent)
    return Relation(token.stem, agent, patient)


def _helper(tokens: tuple[Token, ...], place: int) -> str:
    """The auxiliary of a verb, over the adverbs between; the innermost counts."""
    near = place - 1
    while near >= 0 and place - near <= 4 and tokens[near].clause == tokens[place].clause:
        word = tokens[near].word
        if word in BE or word in MODALS or word in HAVE:
            return word
        if word not in BETWEEN and not word.endswith("ly"):
            return ""
        near -= 1
    return ""


def _without_helpers(tokens: list[Token]) -> list[Token]:
    return [token for token in tokens if token.word not in _HELPERS]


def _agent(after: list[Token]) -> frozenset[str]:
    for place, token in enumerate(after):
        if token.word == "by":
            return named(core(after[place + 1 :]))
    return frozenset()


def _time(reading: Reading, place: int) -> Relation | None:
    tokens, word = reading.tokens, reading.tokens[place].word
    if word == "then" and place:
        before = [t for t in tokens[:place] if t.clause == tokens[place].clause]
        return Relation(TIME, named(before), named(stretch_right(reading, place)))
    if word not in _EARLIER and word not in _LATER:
        return None
    if place and tokens[place - 1].word in {"the", "as"}:
        return None  # "the following drugs"
    after = stretch_right(reading, place)
    if word == "prior" and after and after[0].word == "to":
        after = after[1:]
    right = named(core(after))
    if (
        place
        and tokens[place - 1].clause == tokens[place].clause
        and place not in pauses(reading.text)
    ):
        left = named(stretch_left(reading, place))
    else:
        end = place + 1 + len(stretch_right(reading, place))
        rest = [t for t in tokens[end:] if t.clause == tokens[place].clause]
        left = named(rest)
    left -= right
    return Relation(TIME, left, right) if word in _EARLIER else Relation(TIME, right, left)


def _moved(reading: Reading, place: int) -> Relation | None:
    """ "From X to Y"."""
    if reading.tokens[place].word != "from":
        return None
    after = stretch_right(reading, place)
    for at, token in enumerate(after[:7]):
        if token.word == "to":
            return Relation(FROM, named(after[:at]), named(core(after[at + 1 :])))
    return None


def _preferred(reading: Reading, place: int) -> Relation | None:
    """ "Prefer X to Y", "X is preferred to Y", "X rather than Y"."""
    word = reading.tokens[place].word
    if word not in {"rather", "instead"} and not word.startswith("prefer"):
        return None
    after = stretch_right(reading, place)
    if word in {"rather", "instead"} and after and after[0].word in {"than", "of"}:
        left = [t for t in stretch_left(reading, place) if t.naming]
        return Relation(PREFER, named(left[-2:]), named(core(after[1:])))
    if not word.startswith("prefer"):
        return None
    at = next((i for i, t in enumerate(after[:6]) if t.word in {"to", "over"}), None)
    if at is None:
        return None
    first = named(after[:at]) or named(core(stretch_left(reading, place)))
    return Relation(PREFER, first, named(core(after[at + 1 :])))


def _crossed(mine: Relation, theirs: Relation) -> tuple[str, str] | None:
    over = (mine.first & theirs.second) - theirs.first
    back = (mine.second & theirs.first) - theirs.second
    return (min(back), min(over)) if over and back else None


def _same(mine: Relation, theirs: Relation) -> bool:
    return bool(mine.first & theirs.first and mine.second & theirs.second)


def swaps(claim: str, evidence: str) -> Iterator[Problem]:
    """Sides of a verb that have changed places."""
    for mine in relations_of(claim):
        if not mine.first or not mine.second:
            continue  # it has but one side
        rivals = [other for other in relations_of(evidence) if other.verb == mine.verb]
        places = [_crossed(mine, other) for other in rivals]
        held = any(
            place is None and _same(mine, other)
            for place, other in zip(places, rivals, strict=True)
        )
        changed = next((place for place in places if place), None)
        if changed and not held:
            yield Problem(
                "swapped",
                f"The source says it the other way round: “{changed[0]}” and “{changed[1]}” "
                "have changed places.",
            )
            return


def agreed(claim: str, evidence: str, verb: str | None = None) -> bool:
    """Whether a relation of the claim (with ``verb``, if given) stands in the evidence with both
    of its sides."""
    asked = [mine for mine in relations_of(claim) if verb is None or mine.verb == verb]
    return any(
        mine.verb == other.verb and _same(mine, other) and _crossed(mine, other) is None
        for mine in asked
        for other in relations_of(evidence)
    )
