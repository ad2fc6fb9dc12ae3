"""What restricts the people or the state that a sentence speaks of.

"Adults who weigh less than 50 kg", "patients with heart failure", "in renal impairment". What only
describes ("patients, who are usually old") stands behind a comma, and is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from medrag.verify.lexicon import POPULATION, USING, canon
from medrag.verify.quantity import Quantity
from medrag.verify.reading import Reading, Token, is_soft, read
from medrag.verify.syntax import BE, HAVE, MODALS, pauses

_PEOPLE = frozenset(
    "patient patients people person persons individual individuals adult adults child children"
    " infant infants baby babies neonate neonates newborn newborns man men woman women boy boys"
    " girl girls adolescent adolescents teenagers anyone everyone those".split()
)
_OPENING = frozenset(
    "who whose with without on taking receiving having weighing aged undergoing requiring"
    " needing using not allergic hypersensitive intolerant unable treated previously already known"
    " resistant".split()
)
_VERBS = frozenset("need needs require requires respond responds receive receives benefit".split())
_ENDING = BE | HAVE | MODALS | USING | _VERBS | frozenset(
    "the a an in during after before because if when unless for to from at by until then do stop"
    " avoid".split()
)  # fmt: skip
_PARTING = _OPENING - {"on"}
_HELPING = BE | HAVE | MODALS | frozenset("not already also currently a an the their its".split())
_EMPTY = frozenset(
    "caution care food water milk meal meals condition disease disorder syndrome disorders need"
    " wish want able".split()
)
"""What "with" says of the giving, not of the patient, and words that name no condition."""
STATES = frozenset(
    "impairment failure insufficiency dialysis haemodialysis hemodialysis pregnancy breastfeeding"
    " lactation obesity aki ckd injury childhood infancy children infants neonates newborns"
    " adolescents elderly".split()
)
"""States and ages that change what is given; diseases that something is given for do not."""
BEFORE_PEOPLE = frozenset("pregnant breastfeeding lactating elderly preterm frail obese".split())
"""Those that stand before "women" or "patients"; any other word there may restrict them too."""
_MEANT = frozenset(
    "adult affected eligible suitable appropriate relevant individual human likely symptomatic"
    " advise tell ask refer monitor treat allow help".split()
)
"""But these do not."""
_ALSO = frozenset("even also including especially particularly and or".split())
_STATED = frozenset("in during for to with".split())
_LONGEST = 6  # words with meaning of a restriction
_FAR = 4  # words between "in" and the state
_GROWING, _GROWN = 16 * 12, 18 * 12  # months


@dataclass(frozen=True, slots=True)
class Limit:
    """One restriction: the ``stems`` of each of its alternatives, the ``values`` in it, how it
    begins, and ``whom`` it restricts (a stem). A ``state`` is one of ``STATES``, and restricts
    nobody named; who is ``grown`` is an adult. What only ``describes`` restricts whom it names, not
    what is done ("in malnourished patients")."""

    stems: tuple[frozenset[str], ...]
    values: frozenset[object]
    text: str
    whom: str = ""
    grown: bool = False
    describes: bool = False

    @property
    def state(self) -> bool:
        return not self.whom


@lru_cache(maxsize=1024)
def limits_of(text: str) -> tuple[Limit, ...]:
    """Every restriction of a text, in order."""
    reading = read(text)
    words = {token.word for token in reading.tokens}
    if words.isdisjoint(_PEOPLE | STATES):
        return ()
    out: list[Limit] = []
    for place, token in enumerate(reading.tokens):
        if token.word in _PEOPLE:
            out += _of_people(reading, place)
        elif token.word in _STATED:
            state = _state(reading, place)
            if state is not None:
                out.append(state)
    return tuple(out)


def _of_people(reading: Reading, place: int) -> Iterator[Limit]:
    """What restricts the people named at ``place``."""
    tokens = reading.tokens
    before = tokens[place - 1] if place else None
    if before is not None and _restricts(reading, before, tokens[place]):
        stems, told = (frozenset({before.stem}),), before.word not in BEFORE_PEOPLE
        yield Limit(stems, frozenset(), before.word, tokens[place].stem, describes=told)
    at, stops = place + 1, pauses(reading.text)
    while at < len(tokens) and at not in stops and tokens[at].clause == tokens[place].clause:
        amount = _amount(reading, tokens[at])
        if amount is None and tokens[at].word not in _OPENING:
            return
        end = _end(reading, at)
        limit = _limit(reading, at, end, tokens[place].stem)
        if limit is not None:
            aged = _aged(limit, reading)
            if POPULATION.get(tokens[place].word) not in aged:
                yield replace(limit, grown="adults" in aged)
        at = max(end, at + 1)


def _restricts(reading: Reading, word: Token, people: Token) -> bool:
    """Whether a word restricts the people named behind it: "hypertensive patients"."""
    if word.word in BEFORE_PEOPLE:
        return True
    beside = people.start - word.end == 1 and reading.text[word.end] == " "
    told = word.content and not is_soft(word) and not word.word.endswith("ly")
    return beside and told and word.word not in _MEANT


def _amount(reading: Reading, token: Token) -> Quantity | None:
    """The bounded quantity that begins with this word: "under 5 years"."""
    return next((q for q in reading.quantities if q.start == token.start and q.comparator), None)


def _end(reading: Reading, at: int) -> int:
    """Where the restriction that begins at ``at`` ends: behind its first quantity, or before a
    verb, a pause or what is said beside it."""
    tokens, stops = reading.tokens, pauses(reading.text)
    clause, meant = tokens[at].clause, 0
    if tokens[at].word in _OPENING:
        at += 1
        while at < len(tokens) and tokens[at].word in _HELPING:
            at += 1  # "who are not"
    start = at
    while at < len(tokens) and at not in stops and tokens[at].clause == clause:
        token = tokens[at]
        amount = next((q for q in reading.quantities if q.start <= token.start < q.end), None)
        ends = token.word in _ENDING or token.word in _PARTING
        meant += token.content
        if amount is None and ((at > start and ends) or meant > _LONGEST):
            break
        at += 1
        while amount is not None and at < len(tokens) and tokens[at].start < amount.end:
            at += 1
        if amount is not None and amount.kind != "identifier":
            break
    return at


def _limit(reading: Reading, at: int, end: int, whom: str) -> Limit | None:
    """The restriction that stands there; None where it names nothing."""
    tokens = reading.tokens[at:end]
    if not tokens:
        return None
    inside = [q for q in reading.quantities if tokens[0].start <= q.start < tokens[-1].end]
    alternatives: list[set[str]] = [set()]
    for token in tokens:
        if token.word in {"or", "and"}:
            alternatives.append(set())
        elif _means(token) and not any(q.start <= token.start < q.end for q in inside):
            alternatives[-1].add(token.stem)
    stems = [frozenset(words) for words in alternatives if words]
    values = frozenset[object](q.key for q in inside if q.kind != "duration" or _lasting(q))
    if not values and not any(words - _EMPTIED for words in stems):
        return None
    text = reading.text[tokens[0].start : tokens[-1].end]
    return Limit(tuple(stems) or (frozenset(),), values, " ".join(text.split()[:4]), whom)


def _means(token: Token) -> bool:
    told = token.content or token.naming
    return told and token.word not in _OPENING and not is_soft(token)


_EMPTIED = frozenset(canon(word) for word in _EMPTY)


def _lasting(quantity: Quantity) -> bool:
    """Whether a time can be an age: "over 30 minutes" says how long something takes."""
    return quantity.unit.dimension == "month" or (quantity.high or quantity.low or 0) >= 86400


def _aged(limit: Limit, reading: Reading) -> frozenset[str]:
    """The people who all are of an age: adults are 6 or older, children under 16 or 18."""
    if any(limit.stems) or len(limit.values) != 1:
        return frozenset()
    age = next(q for q in reading.quantities if q.key in limit.values)
    if age.unit.dimension != "month":
        return frozenset()
    if age.low is not None and age.high is None and age.low <= _GROWN:
        return frozenset({"adults"})
    if age.low is None and age.high is not None and age.high >= _GROWING:
        return frozenset({"children"})
    return frozenset()


def _state(reading: Reading, place: int) -> Limit | None:
    """The state that the preposition at ``place`` opens ("in severe renal impairment")."""
    tokens, stops = reading.tokens, pauses(reading.text)
    if place and tokens[place - 1].word in _ALSO:
        return None
    named: list[str] = []
    for at in range(place + 1, min(place + 2 + _FAR, len(tokens))):
        token = tokens[at]
        if at in stops or token.clause != tokens[place].clause or token.word in BE | MODALS:
            return None
        if token.content or token.naming:
            named.append(token.stem)
        if token.word in STATES:
            adults = any(POPULATION.get(each.word) == "adults" for each in tokens)
            if adults and token.word in POPULATION:
                return None  # "in adults and children"
            said = reading.text[tokens[place].start : token.end]
            return Limit((frozenset(named),), frozenset(), said)
        if token.word in _STATED:
            return None
    return None
