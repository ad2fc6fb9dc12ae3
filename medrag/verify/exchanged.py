"""Two phrases that have changed places in a sentence whose other words all stand as they stood.

"Nystatin for otitis and amoxicillin for thrush" has every word of "amoxicillin for otitis and
nystatin for thrush", and says something else. What is only moved ("in adults give 5 mg") and what
is listed ("fever, cough and rash") means the same wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from medrag.verify.lexicon import canon
from medrag.verify.problem import Problem
from medrag.verify.reading import Reading, Token, read
from medrag.verify.syntax import ADJUNCT, on_topic
from medrag.verify.tokens import sentences_of


def _stemmed(words: str) -> frozenset[str]:
    return frozenset([*words.split(), *map(canon, words.split())])


_MOST = 40  # words with meaning, above which a sentence is not read for this
_PHRASE = 4  # words with meaning of a phrase
_JOINING = frozenset("and or nor plus as well also both either whereas while but although".split())
_PARTING = frozenset(",;:/+&–—•")
_UNHEARD = frozenset("a an the is are was were be been being".split())
"""They follow the words beside them, and mean nothing here."""
_MUTUAL = _stemmed(
    "associated association correlate correlated correlation relate related relation relationship"
    " link linked similar equal equals equivalent differ differs different difference compare"
    " compared comparison versus vs interact interacts interaction combine combined combination"
    " together between same synonym synonymous alternate alternating match matched mix mixed"
    " identical interchangeable incompatible compatible concomitant concomitantly coadministered"
    " separate separated apart coexist coexists overlap overlaps distinguish distinguished means"
    " defined adjacent confused exchanged swapped"
)
"""Words whose two sides may change places."""
_DIRECTED = frozenset("if unless before after until for than when because by from to".split())
_WITH = _stemmed(
    "use used give given take taken administer administered prescribe prescribed contraindicated"
    " cross-reacts reacts react boil boiled"
)
"""And those that do so before "with"."""
_Sizes = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of a sentence: ``stems`` of those with meaning, the unstressed words ``before``
    each (and after the last), and whether a comma stands before it."""

    stems: tuple[str, ...]
    before: tuple[tuple[str, ...], ...]
    parted: tuple[bool, ...]


def exchanges(claim: str, evidence: str) -> Iterator[Problem]:
    """The first exchange of two phrases between the claim and a sentence of the evidence, unless
    another sentence says it as the claim does."""
    asked = sentences_of(claim)
    for sentence in asked if len(asked) < 5 else ():
        mine = read(sentence)
        said = _said(mine)
        if not 3 <= len(said.stems) <= _MOST:
            continue
        others = [_said(theirs, frozenset(said.stems)) for theirs in on_topic(mine, evidence, 1.0)]
        if any(_holds(other.stems, said.stems) for other in others):
            continue
        found = next(filter(None, (_exchange(said, other) for other in others)), None)
        if found is not None:
            first, second = found
            yield Problem(
                "swapped",
                f"The source says it the other way round: “{first}” and “{second}” have changed "
                "places.",
            )
            return


def _holds(theirs: Sequence[str], mine: Sequence[str]) -> bool:
    """Whether these words stand there in this order."""
    rest = iter(theirs)
    return all(stem in rest for stem in mine)


def _said(reading: Reading, only: frozenset[str] | None = None) -> _Said:
    """Of a longer sentence ``only`` these of its words with meaning."""
    stems: list[str] = []
    before: list[tuple[str, ...]] = []
    parted: list[bool] = []
    waiting: list[str] = []
    comma, end = False, 0
    for start, stop, stem, word in _words(reading):
        comma = comma or any(ch in _PARTING for ch in reading.text[end:start])
        end = stop
        if not stem:
            if word not in _UNHEARD:
                waiting.append(word)
        elif only is None or stem in only:
            stems.append(stem)
            before.append(tuple(waiting))
            parted.append(comma)
            waiting, comma = [], False
    return _Said(tuple(stems), (*before, tuple(waiting)), tuple(parted))


def _words(reading: Reading) -> list[tuple[int, int, str, str]]:
    """Where each word stands, its stem (none where it has no meaning) and itself; a quantity is
    one word."""
    covered = [(q.start, q.end) for q in reading.quantities]
    out = [(q.start, q.end, repr(q.key), q.text) for q in reading.quantities]
    for token in reading.tokens:
        if not any(start <= token.start < end for start, end in covered):
            stem = token.stem if _tells(token) else ""
            if stem and out[-1:] and out[-1][3] == "non" and token.start - out[-1][1] == 1:
                out.pop()  # the prefix, which is a word of its own to the others
                stem = f"non-{stem}"
            out.append((token.start, token.end, stem, token.word))
    return sorted(out)


def _tells(token: Token) -> bool:
    # "Only" goes with the word behind it, and what it singles out is a rule of its own.
    return (
        token.word not in _JOINING
        and token.word != "only"
        and (token.content or token.naming or token.measured)
    )


def _exchange(mine: _Said, theirs: _Said) -> tuple[str, str] | None:
    """The two phrases of ``theirs`` that stand the other way round in ``mine``; None where it can
    be read in any way that leaves the meaning as it was."""
    if sorted(mine.stems) != sorted(theirs.stems) or mine.stems == theirs.stems:
        return None
    told = None
    for start, sizes in _turns(mine.stems, theirs.stems):
        if not _tell(mine, theirs, start, sizes):
            return None
        first, middle, second = sizes
        if told is None and max(first, second) <= _PHRASE:
            at = start + first + middle
            one, other = theirs.stems[start : start + first], theirs.stems[at : at + second]
            told = " ".join(one), " ".join(other)
    return told


def _turns(mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, _Sizes]]:
    """Where two phrases can be said to have changed places, and the words of the first, between,
    and of the second. Of words that stand twice there is more than one way to say it."""
    latest, longest = _common(mine, theirs), len(theirs)
    earliest_end = longest - _common(mine[::-1], theirs[::-1])
    for start in range(latest, -1, -1):
        for end in range(max(earliest_end, start + 2), longest + 1):
            here, there = mine[start:end], theirs[start:end]
            for second in _opening(here, there):
                first = _opened(here, there, second)
                if first is not None:
                    yield start, (first, end - start - first - second, second)


def _opening(here: Sequence[str], there: Sequence[str]) -> Iterator[int]:
    """How long the end of ``there`` may be that ``here`` begins with."""
    for size in range(1, len(there)):
        if here[:size] == there[-size:]:
            yield size


def _opened(here: Sequence[str], there: Sequence[str], second: int) -> int | None:
    """How long the beginning of ``there`` is that ``here`` ends with, if the rest stands alike."""
    for size in range(1, len(there) - second + 1):
        middle = there[size : len(there) - second]
        if here[-size:] == there[:size] and here[second : len(here) - size] == middle:
            return size
    return None


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words stand alike at the beginning."""
    pairs = enumerate(zip(one, other, strict=True))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), len(one))


def _tell(mine: _Said, theirs: _Said, start: int, sizes: _Sizes) -> bool:
    """Whether the exchange of the phrases changes what is said."""
    first, middle, second = sizes
    between = range(start + first, start + first + middle + 1)
    if not middle and not (
        _set_apart(theirs, start, between.start) or _directed(theirs, between.start)
    ):
        return False  # nothing stands between: it is only moved
    if middle and (_listed(theirs, start, between) or _adjuncts(theirs, start, between, second)):
        return False
    if _mutual(theirs, range(max(0, start - 2), between.stop), between.start):
        return False
    return _alike(mine, theirs, start, sizes)


def _set_apart(said: _Said, start: int, second: int) -> bool:
    """ "Unlike adults, children", "in contrast to adults, children"."""
    before = said.stems[start - 1] if start else ""
    unlike = "unlike" in said.before[start] or before == canon("unlike")
    contrast = before == canon("contrast") and said.before[start] == ("to",)
    return (unlike or contrast) and said.parted[second] and not said.before[second]


def _directed(said: _Said, second: int) -> bool:
    """ "The surgeon if the physician is away": a word between that has a direction."""
    return not _DIRECTED.isdisjoint(said.before[second])


def _listed(said: _Said, start: int, between: range) -> bool:
    """Whether the phrases are members of a list: what follows the first and what precedes the
    second only joins, or joins and says again the small words before the first."""
    again = set(said.before[start])
    for place in (between.start, between.stop - 1):
        words = said.before[place]
        joined = said.parted[place] if place < len(said.parted) else False
        rest = set(words) - again
        if not rest <= _JOINING or not (rest or joined):
            return False
    return True


def _adjuncts(said: _Said, start: int, between: range, second: int) -> bool:
    """Whether the phrases say when or where, at both ends of one clause: "in adults, check it in
    the first week"."""
    at = between.stop - 1
    opener = said.before[start][-1:]
    if start or at + second < len(said.stems) or opener != said.before[at][-1:]:
        return False
    joined = any(set(said.before[place]) & _JOINING for place in between)
    return bool(opener) and opener[0] in ADJUNCT and not joined


def _mutual(said: _Said, places: range, middle: int) -> bool:
    if canon("called") in said.stems[middle : places.stop - 1]:
        return True
    words = [word for place in places for word in (*said.before[place], said.stems[place])]
    if not _MUTUAL.isdisjoint(words) or (canon("known") in words and "as" in words):
        return True
    beside = said.before[places.stop - 1][-1:] == ("with",)
    return beside and said.stems[places.stop - 2] in _WITH  # "is used with"


def _alike(mine: _Said, theirs: _Said, start: int, sizes: _Sizes) -> bool:
    """Whether the small words between stand alike: "raises" and "is raised by" do not."""
    first, middle, second = sizes
    ours = [mine.before[start + second + i] for i in range(middle + 1)]
    others = [theirs.before[start + first + i] for i in range(middle + 1)]
    return ours == others
