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
from medrag.verify.syntax import on_topic
from medrag.verify.tokens import sentences_of

_MOST = 40  # words with meaning, above which a sentence is not read for this
_PHRASE = 4  # words with meaning of a phrase
_JOINING = frozenset(
    "and or nor plus as well also & / both either whereas while but although".split()
)
_UNHEARD = frozenset("a an the is are was were be been being".split())
"""They follow the words beside them, and mean nothing here."""
_SETTING_APART = frozenset({"unlike", canon("unlike"), "contrast"})
_MUTUAL = (
    "associat", "correlat", "relat", "link", "similar", "equal", "equivalen", "differ", "compar",
    "versus", "interact", "combin", "together", "between", "same", "synonym", "call", "known",
    "alternat", "match", "mix", "marr", "contact", "meet", "exchang", "swap", "co-",
)  # fmt: skip
"""Beginnings of words whose two sides may change places."""


_USED = ("use", "us", "giv", "tak", "admin", "prescrib")
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
        found = [_exchange(said, _said(theirs, frozenset(said.stems)))
                 for theirs in on_topic(mine, evidence, 1.0)]  # fmt: skip
        if found and all(found):
            first, second = found[0] or ("", "")
            yield Problem(
                "swapped",
                f"The source says it the other way round: “{first}” and “{second}” have changed "
                "places.",
            )
            return


def _said(reading: Reading, only: frozenset[str] | None = None) -> _Said:
    """Of a longer sentence ``only`` these of its words with meaning."""
    stems: list[str] = []
    before: list[tuple[str, ...]] = []
    parted: list[bool] = []
    waiting: list[str] = []
    comma, end = False, 0
    for token in reading.tokens:
        comma = comma or any(ch in ",;:" for ch in reading.text[end : token.start])
        end = token.end
        if not _tells(token):
            if token.word not in _UNHEARD:
                waiting.append(token.word)
        elif only is None or token.stem in only:
            stems.append(token.stem)
            before.append(tuple(waiting))
            parted.append(comma)
            waiting, comma = [], False
    return _Said(tuple(stems), (*before, tuple(waiting)), tuple(parted))


def _tells(token: Token) -> bool:
    return token.word not in _JOINING and (token.content or token.naming or token.measured)


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
    first, middle, _ = sizes
    between = range(start + first, start + first + middle + 1)
    opened = {*theirs.before[start], *theirs.stems[max(0, start - 1) : start]}
    if not middle and not opened & _SETTING_APART:
        return False  # nothing stands between: it is only moved
    if _listed(theirs, between) and not opened & _SETTING_APART:
        return False
    if _mutual(theirs, range(max(0, start - 2), between.stop)):
        return False
    return _alike(mine, theirs, start, sizes)


def _listed(said: _Said, between: range) -> bool:
    """Whether the phrases are members of a list: what follows the first and what precedes the
    second only joins."""
    return all(
        set(said.before[place]) <= _JOINING and (said.before[place] or said.parted[place])
        for place in (between.start, between.stop - 1)
    )


def _mutual(said: _Said, places: range) -> bool:
    words = [word for place in places for word in (*said.before[place], said.stems[place])]
    beside = said.before[places.stop - 1][-1:] == ("with",)
    return any(word.startswith(_MUTUAL) for word in words) or (
        beside and said.stems[places.stop - 2].startswith(_USED)  # "is used with"
    )


def _alike(mine: _Said, theirs: _Said, start: int, sizes: _Sizes) -> bool:
    """Whether the small words between stand alike: "raises" and "is raised by" do not."""
    first, middle, second = sizes
    ours = [mine.before[start + second + i] for i in range(middle + 1)]
    others = [theirs.before[start + first + i] for i in range(middle + 1)]
    return ours == others
