"""Which value belongs to which group within one sentence, and what a value is to another.

"4 g for adults and 1 g for children" has two parts, each with one value; the words that only one
of the parts has tell whose value it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from medrag.patterns import Pattern
from medrag.verify.problem import Problem
from medrag.verify.reading import Cue, Reading, Slot, read

_PARTING = Pattern(
    r"\b(?:and|or|but|whereas|while|versus|vs|against|compared (?:with|to)|followed by|then"
    r"|respectively)\b|[,;]|\bto (?=[0-9])",
)
_STRONG_PARTING = frozenset({";", "and", "or", "but", "whereas", "while", "versus", "vs"})
_ROLE = Pattern(
    r"\b(by|to|from)[ \t]+(?:(?:about|approximately|around|an?|the|up to|at least|as much as|over"
    r"|nearly|only|half|additional|further|another)[ \t]+)*$",
)
_CHANGE = Pattern(
    r"\b(?:increas|decreas|reduc|rais|ris|rose|lower|fall|fell|drop|declin|titrat|taper|grow|grew"
    r"|shr[aiu]nk|shorten|prolong|extend|chang|escalat|improv|worsen|cut|doubl|halv|up-?titrat"
    r"|elevat|diminish|climb|gain|los[te]|adjust|slow)\w*",
)
_PER_GROUP = 6


def segments(reading: Reading, slot: Slot) -> list[tuple[Slot, frozenset[str]]] | None:
    """The values of the slot's group in its sentence, each with the words of its own part that
    no other part has; None where the sentence does not part them."""
    begin, end = _sentence(reading, slot)
    peers = [s for s in reading.slots if s.group == slot.group and begin <= s.start < end]
    if not 2 <= len(peers) <= _PER_GROUP:
        return None
    cuts = [begin]
    for one, two in pairwise(peers):
        cut = _cut(reading.text, one.end, two.start)
        if cut is None:
            return None
        cuts.append(cut)
    cuts.append(end)
    words = [_words(reading, cuts[i], cuts[i + 1], slot.group) for i in range(len(peers))]
    value_first = not _words(reading, cuts[1], peers[1].start, slot.group)
    if value_first:
        # "The limit is 4 g for adults and 1 g for children": what opens it belongs to both.
        words[0] = _words(reading, peers[0].end, cuts[1], slot.group)
    own = []
    for number, mine in enumerate(words):
        others = frozenset().union(*(w for i, w in enumerate(words) if i != number))
        own.append((peers[number], mine - others))
    return own


def _sentence(reading: Reading, slot: Slot) -> tuple[int, int]:
    text = reading.text
    begin = max(text.rfind("\n", 0, slot.start), text.rfind(". ", 0, slot.start),
                text.rfind("|", 0, slot.start)) + 1  # fmt: skip
    stops = [text.find(stop, slot.end) for stop in ("\n", ". ", "|")]
    return begin, min([stop for stop in stops if stop >= 0], default=len(text))


def _cut(text: str, start: int, end: int) -> int | None:
    """Where the part of one value ends and the next begins."""
    found = list(_PARTING.compiled.finditer(text, start, end))
    strong = [m for m in found if m.group() in _STRONG_PARTING]
    chosen = (strong or found)[-1:]
    return chosen[0].start() if chosen else None


def _words(reading: Reading, begin: int, end: int, group: str) -> frozenset[str]:
    slots = [s for s in reading.slots if s.group == group]
    return frozenset(
        mark.stem
        for mark in reading.marks
        if begin <= mark.start < end and not any(s.start <= mark.start < s.end for s in slots)
    )


def bound_to(
    slot: Slot, claim: Reading, same: Sequence[Slot], evidence: Reading
) -> tuple[Slot | None, bool]:
    """The value that the evidence binds to what the claim binds ``slot`` to, if it is another;
    and whether one sentence's parts told so. Parts that are clauses of their own do not tell."""
    here = _claimed(claim, slot)
    told: list[Slot | None] = []
    for other in same:
        parts = segments(evidence, other)
        if parts is None:
            return None, False
        told.append(_rival(here, other, parts))
        if told[-1] is None:
            return None, ";" not in evidence.text[parts[0][0].start : parts[-1][0].end]
    return told[0], True


def _claimed(claim: Reading, slot: Slot) -> frozenset[str]:
    parts = segments(claim, slot)
    if parts is not None:
        return next(words for peer, words in parts if peer is slot)
    begin, end = _sentence(claim, slot)
    return _words(claim, begin, end, slot.group)


def _rival(
    here: frozenset[str], held: Slot, parts: list[tuple[Slot, frozenset[str]]]
) -> Slot | None:
    def share(words: frozenset[str]) -> float:
        return len(words & here) / len(words) if words else 0.0

    own = next(words for peer, words in parts if peer is held)
    for peer, words in parts:
        if peer is held or peer.value == held.value or not words & here:
            continue
        if share(words) > share(own) and own - here:
            return peer
    return None


def changes(claim: str, evidence: str) -> Iterator[Problem]:
    """ "Reduced by 25%" is not "reduced to 25%"."""
    mine = _changes(claim)
    theirs = _changes(evidence) if mine else {}
    for value, (role, text) in mine.items():
        if value in theirs and theirs[value][0] != role:
            yield Problem(
                "change_differs",
                f"The source says “{theirs[value][0]} {text}”, not “{role} {text}”.",
            )


@lru_cache(maxsize=1024)
def _changes(text: str) -> dict[object, tuple[str, str]]:
    reading = read(text)
    out: dict[object, tuple[str, str]] = {}
    lowered = reading.text.lower()
    if not _CHANGE.search(lowered):
        return out
    for quantity in reading.quantities:
        role = _ROLE.search(lowered, max(0, quantity.start - 40), quantity.start)
        if role is None or quantity.kind == "date":
            continue
        begin = max(lowered.rfind(". ", 0, quantity.start), 0)
        if _CHANGE.search(lowered, begin, quantity.start):
            out.setdefault(quantity.key, (role.group(1), quantity.text))
    return out


def joins(claim: str, evidence: str) -> Iterator[Problem]:
    """ "Fever and rash" against "fever or rash", where both stand side by side."""
    mine = _joined(claim)
    theirs = _joined(evidence) if mine else {}
    for pair, word in mine.items():
        other = theirs.get(pair)
        if other is None or other == word:
            continue
        if word == "and" or other == "and":
            yield Problem("conjunction_differs", f"The source says “{other}”, not “{word}”.")
            return


@lru_cache(maxsize=1024)
def _joined(text: str) -> dict[frozenset[str], str]:
    """Neighbours with what joins them: "and", "or", "and/or". None where a negation reaches:
    "no fever or rash" is "no fever and no rash"."""
    reading = read(text)
    out: dict[frozenset[str], str] = {}
    tokens = reading.tokens
    for place, token in enumerate(tokens):
        if token.word not in {"and", "or"} or not 0 < place < len(tokens) - 1:
            continue
        after = place + 1
        word = token.word
        if word == "and" and tokens[after].word == "or":
            word, after = "and/or", after + 1
        elif word == "or" and tokens[place - 1].word == "and":
            continue
        left, right = place - 1, after
        if right >= len(tokens) or not _names(reading, left) or not _names(reading, right):
            continue
        if any(_reaches(cue, left, right) for cue in reading.cues):
            continue
        out[frozenset({tokens[left].stem, tokens[right].stem})] = word
    return out


def _names(reading: Reading, place: int) -> bool:
    token = reading.tokens[place]
    return (token.content or token.measured) and token.word.isalpha()


def _reaches(cue: Cue, left: int, right: int) -> bool:
    return left in cue.around or right in cue.around
