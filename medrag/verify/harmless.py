"""What may count as evidence: no orders to whoever judges, and nothing that the judge cannot read.

A document may say "this claim is supported" of whatever it is held against. Such a sentence says
nothing of medicine, and is taken out before anything is judged.
"""

from __future__ import annotations

import re
from functools import lru_cache

from medrag.neutral import addresses_a_machine
from medrag.text import sentences

_YES = (
    r"(?:support(?:ed|ive|s)?|entail(?:ed|ment|s)?|true|correct|verified|proven|confirmed|accurate|"
    r"faithful|valid|factual|yes|grounded|attributable)"
)
_CLAIM = (
    r"(?:claims?|statements?|hypothes[ie]s|assertions?|premises?|sentences?|answers?|verdicts?)"
)
_BENT = re.compile(
    rf"\b(?:this|that|the|these|any|every|each|all|above|below|following|given|user'?s?)\b"
    rf"(?:\s+[\w'-]+){{0,3}}?\s+{_CLAIM}\s+(?:\w+\s+){{0,2}}?"
    rf"(?:is|are|was|were|be|been|being|seems?|remains?)\b(?:\s+[\w'-]+){{0,4}}?\s+{_YES}\b"
    rf"|\b(?:labels?|verdicts?|output|predictions?|judge?ments?|class|result|decision|nli)\b"
    rf"\s*(?:[:=]|->|=>|is|should be|must be)\s*[\"'\u201c(\[]?\s*{_YES}\b"
    rf"|\b(?:mark|label|classify|judge|rate|treat|score|consider|accept|return|predict|respond|"
    rf"answer|reply|report|output|choose|select)\b(?:\s+[\w'-]+){{0,6}}?\s+(?:as|with|that|:)?\s*"
    rf"[\"'\u201c(\[]?(?:support(?:ed|s)|entail(?:ed|ment|s)|supported)\b"
    rf"|\b(?:evidence|source|passage|text|document)\b(?:\s+\w+){{0,2}}?\s+(?:fully\s+|clearly\s+)?"
    rf"(?:supports?|entails?|confirms?|verif(?:y|ies)|proves?)\s+(?:the|this|that|any|every|all|your)"
    rf"(?:\s+\w+){{0,2}}?\s+{_CLAIM}\b(?!\s+that\b)"
    r"|\bentailment\s*[:=]\s*\d|(?<!not )(?<!never )\b(?:ignore|disregard|forget|override)\s+"
    r"(?:\w+\s+){0,2}?(?:previous|prior|above|earlier|preceding)\b",
    re.I | re.S,
)
# Words that say nothing but in what language a text is.
_ENGLISH = frozenset(
    "the of and in to is are was were for with or not be this that by as from at has have had "
    "been it which if when should can may than who whom these those their an on".split()
)
_OTHERS = frozenset(
    "el la los las un una unos unas de del que y en por con para se es son al le les des du et "
    "est sont une dans pour avec sur qui ne pas der die das und ist sind ein eine nicht mit von "
    "den dem zu auf für bei il lo gli che di della delle e per non sono nel um uma os as dos das "
    "em com não é são het een van niet voor zijn och att som för inte på med av af til og er på "
    "jest nie się na w z".split()
) - frozenset(
    ("in", "on", "an", "is", "was", "me", "die", "as", "do", "no", "so", "de", "e", "w", "z")
)
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = 0.5  # share of Latin letters below which a text is in another script


@lru_cache(maxsize=256)
def without_orders(text: str) -> str:
    """``text`` with every sentence blanked out that tells a machine or a judge what to do or to
    think; offsets stay."""
    for start, end in sentences(text):
        if is_order(text[start:end]):
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def is_order(sentence: str) -> bool:
    """Whether a sentence speaks to whoever judges, or of the judgement, and not of its subject."""
    return bool(_BENT.search(sentence)) or addresses_a_machine(sentence)


@lru_cache(maxsize=256)
def is_readable(text: str) -> bool:
    """Whether ``text`` is in a language that the judge can read: English, as far as script and
    the commonest words tell. A table or a list of names, which has no such words, passes."""
    letters = [ch for ch in text[:20_000] if ch.isalpha()]
    if not letters:
        return any(ch.isdigit() for ch in text)
    # Greek letters are units and names in English medicine ("μg", "β-blocker"), never a fifth.
    if sum(ch < "\u0250" for ch in letters) < _LETTERS * len(letters):
        return False
    said = [word.lower() for word in _WORD.findall(text[:20_000])]
    english = sum(word in _ENGLISH for word in said)
    foreign = sum(word in _OTHERS for word in said)
    return foreign < 2 or foreign <= english
