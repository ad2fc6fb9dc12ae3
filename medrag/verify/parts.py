"""A sentence that says two things, as the two sentences it is made of."""

from __future__ import annotations

import re

from medrag.verify.claims import bare

_LEAST_WORDS = 3
# Verbs that are finite whatever stands around them. A piece without one is no sentence.
_FINITE = (
    r"(?:is|are|was|were|has|have|had|does|do|did|can|could|should|must|may|might|will|would|shall|"
    r"causes?|reduces?|increases?|improves?|prevents?|requires?|needs?|occurs?|affects?|includes?|"
    r"remains?|becomes?|leads?|depends?|varies|vary|reduced|increased|improved|showed|caused)"
)
_VERB = re.compile(rf"\b{_FINITE}\b", re.I)
_SEMICOLON = re.compile(r"\s*;\s*")
# After it, a subject of one to four words and a finite verb: a clause that stands alone.
_AND = re.compile(
    rf",?\s+and\s+(?=(?!it\b|they\b|this\b|these\b|that\b|those\b|he\b|she\b|which\b|who\b|its\b|"
    rf"their\b|then\b|there\b|so\b|not\b)(?:the\s+|an?\s+)?(?:(?!and\b|or\b|to\b)[\w-]+\s+){{1,4}}?{_FINITE}\b)",
    re.I,
)
# What holds both halves together: cut apart, one of them would lose its condition or its verb.
_BOUND = re.compile(
    r"\b(?:if|when|unless|whether|while|although|though|because|since|until|than|both|either|"
    r"neither|between|that|which|who|where|except|only|respectively|compared|versus|after|before)\b"
    r"|:|^(?:in|for|with|among|during|on|at|by|from|of)\b",
    re.I,
)
_DANGLING = re.compile(
    r"^(?:it|they|this|these|those|that|he|she|its|their|such|otherwise|however|then|also|there)\b",
    re.I,
)


def parts(claim: str) -> tuple[str, ...]:
    """The claims that a sentence joins by a semicolon, or by "and" between two clauses of which
    each has its own subject and verb; ``(claim,)`` where it is not safe to cut.

    Markers are taken off, and each part ends in a full stop.
    """
    text = bare(claim).rstrip(". ")
    if not text or "(" in text or "\u201c" in text or '"' in text:
        return (claim,)
    found = _SEMICOLON.split(text)
    if len(found) == 1 and not _BOUND.search(text):
        match = _AND.search(text)
        if match is not None:
            found = [text[: match.start()], text[match.end() :]]
    if len(found) == 1 or not all(_stands_alone(part) for part in found):
        return (claim,)
    return tuple(f"{part[0].upper()}{part[1:]}." for part in found)


def _stands_alone(part: str) -> bool:
    return (
        len(part.split()) >= _LEAST_WORDS
        and _VERB.search(part) is not None
        and _DANGLING.match(part) is None
    )
