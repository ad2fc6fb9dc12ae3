"""Lines of a paragraph as one, with the words made whole that a line end had cut."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

_WORD_END = re.compile(r"([^\W\d_]+)-$")
_WORD_START = re.compile(r"[^\W\d_]+")


# Words that make compounds: "low-dose" keeps its hyphen even where "low" stands nowhere else.
_COMPOUND_WORDS = """
    all anti co cross day end evidence first follow full half hand health high higher in
    inter large long longer low lower mid middle multi near new non on one open over patient
    point post pre second self short shorter single small sub then third three two under up
    well year
"""
_COMPOUND = frozenset(_COMPOUND_WORDS.split())


def join_lines(left: str, right: str, vocabulary: Container[str] = ()) -> str:
    """Two lines of a paragraph as one, a word hyphenated at the line end made whole.

    ``vocabulary`` holds the lower-cased words that stand unbroken in the document. "treat-ment"
    is joined; "low-dose" keeps its hyphen unless the document also writes "lowdose".
    """
    end, start = _WORD_END.search(left), _WORD_START.match(right)
    if not left or not right:
        return left or right
    if end is None:
        # "1-" or "5-" before "10 mg" is a range; a dash with a space before it is punctuation.
        tight = left.endswith("-") and not left.endswith(" -")
        tight = tight or (left.endswith("/") and not left.endswith(" /"))
        return left + right if tight else f"{left} {right}"
    if start is None or not right[0].islower():
        return left + right
    first, second = end.group(1).lower(), start.group().lower()
    whole = first + second in vocabulary
    apart = first in _COMPOUND or first in vocabulary or second in vocabulary
    return left[:-1] + right if whole or not apart else left + right


def vocabulary_of(lines: Sequence[str]) -> set[str]:
    """Words that stand whole in ``lines``: not those cut by a hyphen at a line's end."""
    words: set[str] = set()
    previous_cut = False
    for line in lines:
        found = [m.group().lower() for m in _WORD_START.finditer(line)]
        cut = _WORD_END.search(line) is not None
        words.update(found[int(previous_cut) : len(found) - int(cut)])
        previous_cut = cut
    return words
