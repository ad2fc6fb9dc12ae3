"""An item of a list as the sentence that it makes with the line that opens its list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medrag.lists import unmarked
from medrag.text import STOPWORDS
from medrag.verify.reading import read
from medrag.verify.support import vocabulary

# Where the item belongs in its opener: "Avoid *the following* drugs in pregnancy:".
_PLACE = re.compile(
    r"\b(?:(?:any|one|each|some|either) (?:one )?of )?(?:the|these|those) following\b"
    r"|\bfollowing\b(?=\W|$)|^(?:these|those)\b",
    re.I,
)
_AS_FOLLOWS = re.compile(r",?\s*\b(?:are |is )?as follows\b", re.I)
_TOGETHER = re.compile(
    r"\b(?:if|when|unless|with|who|has|have|meets?|requires?|needs?)\b.*?\b(all|both)\b"
    r"|\b(two|three|four|five|six|[2-9])\b(?: or more)?(?: of)?(?: the| these)?"
    r"(?= following\b|\W*$| of\b)|\b(most) of\b",
    re.I,
)
_LEFT_OPEN = frozenset("in if to with on for at by of not when has have are is do be".split())
_STOP = " \t.;,"


def spoken(openers: Sequence[str], item: str) -> str:
    """What an item says under its ``openers``, outermost first."""
    said = unmarked(item)
    for opener in reversed(openers):
        said = _joined(unmarked(opener), said)
    return said


def _joined(opener: str, item: str) -> str:
    sentence = opener.endswith((".", "!", "?"))
    opener = _AS_FOLLOWS.sub("", opener).rstrip(_STOP + ":!?")
    place = _PLACE.search(opener)
    if place is not None:
        return f"{opener[: place.start()]}{item.rstrip(_STOP)}{opener[place.end() :]}"
    if sentence:
        return f"{opener}.\n{item}"
    words = opener.lower().split()
    open_end = bool(words) and (words[-1] in _LEFT_OPEN or words[-1] in STOPWORDS)
    return f"{opener}{' ' if open_end else ': '}{item.rstrip(_STOP)}"


def as_spoken(claim: str) -> str:
    """A claim that is itself written "opener: item", as the sentence that it makes."""
    opener, colon, item = claim.partition(":")
    if not colon or not item.strip(_STOP) or not _PLACE.search(opener):
        return claim
    return spoken([opener], item.strip())


def names_an_item(claim: str, opener: str, items: str) -> bool:
    """Whether a claim holds a word or value of the items that the opener does not say itself."""
    mine, theirs, above = read(claim), read(items), read(opener)
    values = {slot.value for slot in theirs.slots} - {slot.value for slot in above.slots}
    if any(slot.value in values for slot in mine.slots):
        return True
    said = {token for token in theirs.tokens if token.content or token.measured}
    own = {token.stem for token in said} - vocabulary(above, {})
    if not own and not values:
        return True  # the items add nothing to their opener
    return bool(own & vocabulary(mine, {}))


def together(claim: str, opener: str) -> str | None:
    """The word by which the opener speaks of several items at once, where the claim lacks it."""
    found = _TOGETHER.search(opener)
    if found is None:
        return None
    word = next(group for group in found.groups() if group)
    return None if re.search(rf"\b{word}\b", claim, re.I) else word
