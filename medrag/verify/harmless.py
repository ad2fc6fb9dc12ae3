"""What may count as evidence: no orders to whoever judges, nothing that is not asserted, and
nothing that the judge cannot read.

A document may say "this claim is supported" of whatever it is held against. Such a sentence says
nothing of medicine, and is taken out before anything is judged; so is one that only asks, or tells
what somebody believes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from medrag.neutral import addresses_a_machine
from medrag.patterns import Pattern
from medrag.verify.tokens import spans_of

_YES = (
    r"(?:support(?:ed|ive|s)?|entail(?:ed|ment|s)?|true|correct|verified|proven|confirmed|accurate|"
    r"faithful|valid|factual|yes|grounded|attributable)"
)
_CLAIM = (
    r"(?:claims?|statements?|hypothes[ie]s|assertions?|premises?|sentences?|answers?|verdicts?)"
)
_BENT = Pattern(
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
    r"(?:\w+\s+){0,2}?(?:previous|prior|above|earlier|preceding|rest|remainder)\b"
    r"|\b(?:claim|statement|sentence|hypothesis|verdict)s?\s*[:\"'\u201c\u2018]"
    r"|\bfollowing\s+(?:claim|statement|sentence|hypothesis)\b.{0,60}\b(?:label|verified|supported)",
    re.I | re.S,
    (
        "claim", "statement", "hypothes", "assertion", "premise", "sentence", "answer", "verdict",
        "support", "entail", "true", "correct", "verified", "proven", "confirmed", "accurate",
        "faithful", "valid", "factual", "yes", "grounded", "attributable",
        "ignore", "disregard", "forget", "override",
    ),
)  # fmt: skip
# What is said without being asserted: questions, what somebody believes, errors that are told of.
_UNASSERTED = Pattern(
    r"\?[\"'\u201d\u2019)\]]*\s*$"
    r"|^\W*(?:(?:the|a|some|many|most|several|other|few|his|her|their|our|my)\s+)?(?:\w+\s+)?"
    r"(?:patients?|people|relatives|parents|carers?|family|friends?|public|women|men|he|she|they)\s+"
    r"(?:\w+\s+){0,2}?(?:believ\w+|thinks?|thought|suppos\w+|assum\w+|fear\w*|read|heard|were\s+told"
    r"|was\s+told|claim\w*|insist\w*)\s+(?:[\w']+\s+){0,5}?that\b"
    r"|\b(?:common|frequent|widespread|popular|old)\s+(?:error|mistake|misconception|myth|belief"
    r"|fallacy)\b"
    r"|\b(?:fined|sued|reprimanded|warned|criticised|criticized|accused)\s+(?:\w+\s+)?(?:for|of)\b"
    r"|^\W*if\s+(?:it|this)\s+(?:were|was|is|could\s+be)\s+(?:\w+\s+)?(?:shown|found|true|proven"
    r"|proved|confirmed|established)\b",
    re.I | re.S,
    ("?", "that", "error", "mistake", "misconception", "myth", "belief", "fallacy", "fined", "sued",
     "reprimanded", "warned", "criticised", "criticized", "accused", "if"),
)  # fmt: skip
_EXAMINATION = re.compile(r"\btrue\b\s*(?:or|/|,)\s*\bfalse\b\W*$", re.I)
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
def evident(text: str) -> str:
    """What of ``text`` may count as evidence: every sentence is blanked out that tells a machine
    or a judge what to do or to think, that asks, or that tells what somebody believes; and digits
    of other scripts are written as 0 to 9. Offsets stay."""
    text = plain_digits(text)
    examined = False
    for start, end in spans_of(text):
        sentence = text[start:end]
        asks = _EXAMINATION.search(sentence) is not None
        if examined or asks or is_order(sentence) or not is_asserted(sentence):
            text = text[:start] + " " * (end - start) + text[end:]
        examined = asks
    return text


def plain_digits(text: str) -> str:
    """``text`` with the decimal digits of every script as 0 to 9, one for one. Superscripts stay
    as they are: they are no digits of the number before them."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(ch)) if not ch.isascii() and ch.isdecimal() else ch for ch in text
    )


def is_asserted(sentence: str) -> bool:
    """Whether a sentence says a thing itself, and does not ask it or tell what others hold."""
    return not (_UNASSERTED.may_be_in(sentence) and _UNASSERTED.search(sentence))


def is_order(sentence: str) -> bool:
    """Whether a sentence speaks to whoever judges, or of the judgement, and not of its subject."""
    bent = _BENT.may_be_in(sentence) and _BENT.search(sentence)
    return bool(bent) or addresses_a_machine(sentence)


@lru_cache(maxsize=256)
def is_readable(text: str) -> bool:
    """Whether ``text`` is in a language that the judge can read: English, as far as script and
    the commonest words tell. A table or a list of names, which has no such words, passes."""
    opening = text[:20_000]
    if not any(map(str.isalpha, opening)):
        return any(ch.isdigit() for ch in text)
    if not opening.isascii():
        letters = [ch for ch in opening if ch.isalpha()]
        # Greek letters are units and names in English medicine ("μg", "β-blocker").
        if sum(ch < "\u0250" for ch in letters) < _LETTERS * len(letters):
            return False
    said = list(map(str.lower, _WORD.findall(opening)))
    foreign = sum(map(_OTHERS.__contains__, said))
    return foreign < 2 or foreign <= sum(map(_ENGLISH.__contains__, said))
