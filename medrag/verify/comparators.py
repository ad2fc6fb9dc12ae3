"""Comparators beside a number: "at least 3", "3 or more", "≤ 3", "not exceeding 3"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medrag.patterns import Pattern, folded

_LOOK_BACK = 90


@dataclass(frozen=True, slots=True)
class Bound:
    """How a number bounds: its sign, and the span with the comparator's own words."""

    sign: str
    start: int
    end: int

    @property
    def open_low(self) -> bool:
        return self.sign in {"<", "≤"}

    @property
    def open_high(self) -> bool:
        return self.sign in {">", "≥"}

    @property
    def inclusive(self) -> bool:
        return self.sign not in {"<", ">"}


_DOSE_WORDS = (
    r"(?:[ \t:]+(?:daily|single|total|recommended|adult|oral|dose|doses|dosage|rate|infusion|"
    r"cumulative|of|is|per day|in any|starting|initial|duration|length|treatment))"
)
# "The maximum dose of paracetamol in adults is 4 g": a few words, no number, between.
_SUBJECT = r"(?:[ \t]+[A-Za-z-]+){1,9}?(?=[ \t]+(?:is|was)[ \t]+$)"
_FILLER = (
    r"(?:[ \t:]*\b(?:of|an?|the|about|approximately|around|aged?|is|was|are|to|every))*[ \t:]*$"
)
_BEFORE = (
    ("≤", r"(?:≤|<=|⩽|\bless than or equal to|\bat most|\bno more than|\bnot more than"
          r"|\b(?:not|no) (?:be )?(?:greater|higher|longer|later|over|older) than"
          r"|\bnot (?:be )?(?:over|above)|\bat or (?:below|under)"
          r"|\bup to(?: and including)?|\bnot to exceed|\bnot exceed(?:ing)?|\bnot be exceeded:?"
          rf"|\bwithout exceeding|\bnever exceed(?:ing)?|\bwithin"
          rf"|\bmax(?:imum|imal)?\.?(?:(?P<most>{_SUBJECT})|{_DOSE_WORDS}{{0,5}}))"),
    ("≥", r"(?:≥|>=|⩾|\bgreater than or equal to|\bat least|\b(?:no|not) (?:less|fewer|lower|"
          r"shorter|younger|earlier) than|\bnot (?:be )?(?:under|below)"
          r"|\bat or (?:above|over)"
          rf"|\bmin(?:imum|imal)\.?(?:(?P<least>{_SUBJECT})|{_DOSE_WORDS}{{0,5}}))"),
    ("<", r"(?:<|\b(?:less|fewer|lower|younger|shorter|smaller|earlier) than|\bbelow|\bunder)"),
    (">", r"(?:>|\b(?:more|greater|higher|older|longer|larger|later) than|\babove|\bover"
          r"|\bexceed(?:s|ing|ed)?|\bin excess of)"),
    ("", r"(?:~|≈|\babout|\bapproximately|\baround|\bapprox\.?|\broughly)"),
)  # fmt: skip
_BEFORE_ALL = Pattern(
    "(?:"
    + "|".join(f"(?P<b{i}>{pattern})" for i, (_, pattern) in enumerate(_BEFORE))
    + ")"
    + _FILLER,
    re.I,
)
# Every comparator before a number holds one of these.
_HINTS = (
    "than", "over", "most", "up to", "exceed", "within", "max", "min", "least", "below", "under",
    "above", "excess", "about", "approx", "around", "roughly", "<", ">", "≤", "≥", "~", "≈", "⩽",
    "⩾",
)  # fmt: skip
_AFTER = Pattern(
    r"(?:[ \t-]*(?:of age|old))?[ \t]*"
    r"(?:(?P<ge>,?(?:or|and)[ \t]+(?:more|above|over|older|greater|higher|upwards?|longer)\b|\+)"
    r"|(?P<le>,?(?:or|and)[ \t]+(?:less|below|under|younger|fewer|lower|shorter)\b"
    r"|\(?max(?:imum)?\b(?![ \t]*(?:of|dose|daily|[0-9]))))",
    re.I,
)
_SHORT = frozenset({"time"})


def bound_of(text: str, start: int, end: int, dimension: str) -> Bound:
    """The comparator of the number at ``text[start:end]``."""
    left = max(0, start - _LOOK_BACK)
    # A new sentence, clause or cell cannot lend its comparator.
    for stop in (". ", ";", "|", "\n", ", "):
        left = max(left, text.rfind(stop, left, start) + 1)
    before = folded(text[left:start])
    hinted = any(hint in before for hint in _HINTS)
    match = _BEFORE_ALL.search(text, left, start) if hinted else None
    if match is not None:
        index = next(i for i in range(len(_BEFORE)) if match[f"b{i}"] is not None)
        sign, word = _BEFORE[index][0], (match[f"b{index}"] or "").lower()
        # "infuse over 30 minutes" says how long, not longer than.
        if not (word == "over" and dimension in _SHORT):
            # The subject's words are no part of the comparator: they are to be checked too.
            apart = match["most"] or match["least"]
            return Bound(sign, start if apart else match.start(), end)
    after = _AFTER.match(text, end)
    if after is not None:
        return Bound("≥" if after["ge"] else "≤", start, after.end())
    return Bound("", start, end)
