"""Which line of a passage stands over what follows it."""

from __future__ import annotations

from medrag.lists import is_marked
from medrag.patterns import Pattern
from medrag.verify.quantities import parse

_MOST = 10  # words
_ROW = Pattern(r"[A-Za-z)]:[ \t]+[^:|]*[0-9]")


def is_heading(text: str, start: int, end: int) -> bool:
    """A short line that does not end as a sentence does stands over what follows. One that says
    what is given of something ("Ramipril: 5 mg once daily") is a row of its own."""
    line = text[start:end]
    alone = (start == 0 or text[start - 1] == "\n") and text[end : end + 1] == "\n"
    return (
        alone
        and line[-1] not in ".!?;,"
        and "|" not in line
        and not is_marked(line)
        and len(line.split()) <= _MOST
        and not (_ROW.search(line) or _is_dosed(line))
    )


def _is_dosed(line: str) -> bool:
    """Whether a line gives an amount, and how often."""
    if not any(ch.isdigit() for ch in line):
        return False
    kinds = {quantity.kind for quantity in parse(line)}
    return "frequency" in kinds and not kinds.isdisjoint({"amount", "rate"})
