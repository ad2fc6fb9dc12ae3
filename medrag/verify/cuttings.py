"""What was left out when a claim was cut out of a sentence, and whether that was its point."""

from __future__ import annotations

import re
from functools import lru_cache

from medrag.verify.claims import bare
from medrag.verify.lexicon import CONDITIONS
from medrag.verify.support import normalised
from medrag.verify.tokens import sentences_of

# What may turn the meaning of a piece that was cut out of its sentence.
_HEDGE = re.compile(
    r"\b(?:if|when|unless|only|except|until|not|no|never|without|avoid|unsafe|myth|hypothesis"
    r"|unknown|in error|contraindicated|fatal|whether|provided|while|but|however|below|above|less"
    r"|more|over|under|fails?|failed)\b|[<>≤≥]"
)


# They tie a sentence to the one before, and say nothing of it.
_CONNECTIVE = re.compile(r"^(?:however|but|while)\s*,?\s+(?=\s|$)")
# A remark on the last thing named: only what denies or blames turns what stood before it.
_ASIDE = re.compile(r"^\s*,\s*(?:which|who|including|such as)\b")
_DENIAL = re.compile(r"\b(?:not|no|never|without|unsafe|myth|in error|contraindicated|fatal)\b")
_POINTER = re.compile(r"\((?:see|as|shown|figure|fig|table)\b[^()]*\)")
# What follows these is said of something else, and its loss turns nothing.
_CONTRAST = re.compile(r"^\s*,\s*(?:while|whereas)\b")


@lru_cache(maxsize=1024)
def _runs(text: str) -> tuple[str, ...]:
    """What no tidying of spaces and markers can part or join, the longest first."""
    return tuple(sorted(set(re.findall(r"[^\W_]+", text)), key=len, reverse=True))


def dropped_condition(claim: str, quote: str) -> str | None:
    """A condition of the source ("unless", "only if") that the claim leaves out."""
    mine, theirs = claim.lower(), quote.lower()
    for words in CONDITIONS:
        if f" {words} " in f" {theirs} " and f" {words} " not in f" {mine} ":
            return words
    part = normalised(claim)
    runs = _runs(part)
    for sentence in sentences_of(quote):
        folded = sentence.casefold()
        if not all(run in folded for run in runs):
            continue  # a word of the claim is not in it
        whole = normalised(bare(sentence))
        if part in whole and part != whole:
            # A piece cut out of a sentence: what was cut off must not have been its point.
            rest = _CONNECTIVE.sub("", whole.replace(part, " ", 1))
            rest = _POINTER.sub("", rest)
            if _CONTRAST.match(rest):
                return None
            aside = _ASIDE.match(rest)
            hedge = (_DENIAL if aside else _HEDGE).search(rest)
            return hedge.group() if hedge else None
    return None
