"""A case that a row or a condition of the evidence is for: "at a glucose of 14 mmol/L" is one of
"glucose 12.1 to 16.0 mmol/L".

Only one value is a case, never a bound of its own; only of a reading that both name alike; and only
where all else that the claim says stands in that row, and not in a like row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from medrag.patterns import Pattern
from medrag.verify.lexicon import canon
from medrag.verify.quantity import Quantity
from medrag.verify.reading import Reading, Slot, is_soft, read

_BACK = 60  # letters before a value in which it is named
_WORD = r"(?!(?:is|of|at|are|was|between|from|for|in|to)\b)[a-z]+"
_NAME = rf"(?P<name>{_WORD}(?:[ ]{_WORD}){{0,2}})"
# "Is" says a value of what is always so, unless "if" stands before.
_OPENED = (
    rf"\b(?:(?:if|when|where)[ ](?:an?[ ]|the[ ])?{_NAME}(?:[ ]is)?"
    rf"|(?:at|with|for)[ ](?:an?[ ]|the[ ])?{_NAME.replace('name', 'named')})"
    r"(?:[ ](?:of|between|from))?[ ]$"
)
_CASE = Pattern(_OPENED)
_ROW = Pattern(rf"(?:^|[.;|\n])[ ]?{_NAME}(?:[ ](?:of|between|from))?[ ]$")
_LABEL_ENDS = Pattern(r"[ ]?[:|]")
_ROW_ENDS = ("\n", ". ", "; ")
_MOST = 60  # values, above which the evidence is no few rows
# A number without its unit is one of a reading only where an order follows.
_ORDER = Pattern(r",?[ ](?:give|use|start|infuse|run|set|stop|omit|reduce|increase|take)\b")
_SAME = frozenset(map(canon, "a an the blood serum plasma capillary body level patient".split()))


def is_case(slot: Slot, mine: Reading, theirs: Reading) -> bool:
    """Whether the claim's value is a case of a row of the evidence that says all of the claim."""
    own = next((q for q in mine.quantities if (q.start, q.end) == (slot.start, slot.end)), None)
    if own is None or own.low is None or own.low != own.high or own.name or own.comparator:
        return False
    if len(theirs.quantities) > _MOST:
        return False
    if own.group == "" and not _ORDER.match(mine.text, own.end):
        return False
    named = _named(_CASE, mine.text, own)
    if not named:
        return False
    rows = list(_rows(named, theirs))
    fitting = [row for row, bounds in rows if _holds(bounds, own)]
    others = [row for row, bounds in rows if not _holds(bounds, own)]
    return len(fitting) == 1 and _says(fitting[0], others, mine, own)


def _named(pattern: Pattern, text: str, quantity: Quantity) -> frozenset[str]:
    """The stems of the name of a reading that stands before its value; none where there is none."""
    before = text[max(0, quantity.start - _BACK) : quantity.start].lower()
    match = pattern.search(before)
    words = next(filter(None, match.groups()), "") if match else ""
    return frozenset(map(canon, words.split())) - _SAME


def _rows(named: frozenset[str], theirs: Reading) -> Iterator[tuple[str, Quantity]]:
    """Every row or condition of the evidence that is for a range of what is so named."""
    text = theirs.text
    for quantity in theirs.quantities:
        if quantity.low == quantity.high:
            continue
        labels = _LABEL_ENDS.match(text, quantity.end) and _named(_ROW, text, quantity) == named
        if not labels and _named(_CASE, text, quantity) != named:
            continue
        begins = max(text.rfind(mark, 0, quantity.start) + 1 for mark in _ROW_ENDS)
        ends = [text.find(mark, quantity.end) for mark in _ROW_ENDS]
        yield text[begins : min([end for end in ends if end >= 0], default=len(text))], quantity


def _holds(bounds: Quantity, own: Quantity) -> bool:
    """Whether a value lies between these bounds; without a unit it has theirs."""
    value = own.low
    assert value is not None
    if own.group == "":
        value = value * bounds.unit.factor + bounds.unit.offset
    elif own.group != bounds.group:
        return False
    above = _before(bounds.low, value, bounds.inclusive_low)
    return above and (bounds.high is None or _before(value, bounds.high, bounds.inclusive_high))


def _before(low: Fraction | None, value: Fraction, inclusive: bool) -> bool:
    return low is None or low < value or (inclusive and low == value)


def _says(row: str, others: list[str], mine: Reading, own: Quantity) -> bool:
    """Whether a row has every other value of the claim, and its words as far as any row has."""
    here = read(row)
    values = {quantity.key for quantity in here.quantities}
    if any(quantity.key not in values for quantity in mine.quantities if quantity is not own):
        return False
    if re.search(r"\b(?:unless|except|until|not)\b", row, re.I):
        return False
    words = {t.stem for t in mine.tokens if t.content and not is_soft(t)}
    elsewhere = {t.stem for other in others for t in read(other).tokens}
    return words.isdisjoint(elsewhere - {t.stem for t in here.tokens})
