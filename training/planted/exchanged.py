"""Parts of a real sentence exchanged: who and whom, before and after, group and group."""

from __future__ import annotations

import re
from random import Random

from training.planted.altered import MEASURED, Change, replaced

_A = r"[A-Za-z][\w-]*(?: [a-z][\w-]*){0,3}"
_ROLE_VERBS = (
    "causes|cause|increases|increase|reduces|inhibits|activates|precedes|induces|promotes|leads to"
    "|produces|affects|regulates|stimulates|suppresses|triggers|lead to|induced|increased|inhibited"
    "|can cause|may cause|can lead to|may lead to|results in|result in|can increase|can trigger"
    "|is caused by|are caused by|is produced by|is regulated by|controls|blocks|contains|replaces"
    "|binds to|mediates|damages|decreases|affect|can result in|may result in|causing"
)
_SIMPLE = re.compile(rf"^({_A}) ({_ROLE_VERBS}) ((?:the |a |an )?{_A})\.$")
_COMPARED = re.compile(
    r"\b(in|among) ((?:the )?[a-z]+(?: [a-z]+)?) than (?:in |among )"
    r"?((?:the )?[a-z]+(?: [a-z]+)?)(?=[.,;])"
)
_THAN = re.compile(r"^([A-Z][\w -]{3,40}?) ((?:is|are|was|were) (?:\w+ )?(?:more|less|better|worse|"
                   r"higher|lower|larger|smaller|greater|superior)(?: \w+)? (?:than|to)) ((?:the )?"
                   r"[A-Za-z][\w -]{2,40})\.$")  # fmt: skip
_FROM_TO = re.compile(r"(?:pass\w*|spread\w*|transmi\w+|transferr?\w*|switch\w*|chang\w+"
                      r"|progress\w*|mov\w+|travel\w*|flow\w*|carr\w+|transport\w*|shift\w*)"
                      r" (?:\w+ ){0,2}?from ((?:the |a |an )?[a-z]+(?: [a-z]+)?) to "
    r"((?:the |a |an )?[a-z]+"
                      r"(?: [a-z]+)?)(?=[.,;])")  # fmt: skip
_FUNCTION = re.compile(r"\b(?:it|this|that|these|they|those|which|who|is|are|was|were|has|have|can"
                       r"|may|and|or|not|if|when|does|will|also|often|than|other|one|such|there|to"
                       r"|previously|some|others|risk|birth|generation|person|we|you|more|day)\b",
                       re.I)  # fmt: skip


def _decapitalised(text: str) -> str:
    first = text.split(" ")[0]
    known = first in ("The", "A", "An", "Some", "Most", "Many") or first[1:].islower()
    return text[0].lower() + text[1:] if (known and len(first) != 1) or first == "A" else text


def roles(sentence: str, rng: Random) -> Change | None:
    """The one who does and the one to whom it is done exchanged."""
    match = _SIMPLE.match(sentence) or _THAN.match(sentence)
    if match:
        first, verb, second = match.groups()
        if _FUNCTION.search(first) or _FUNCTION.search(second):
            return None
        return Change(f"{second[0].upper()}{second[1:]} {verb} {_decapitalised(first)}.")
    match = _COMPARED.search(sentence)
    if match and not any(_FUNCTION.search(g) for g in match.groups()[1:]):
        preposition, first, second = match.groups()
        said = f"{preposition} {second} than {preposition} {first}"
        return Change(replaced(sentence, *match.span(), said))
    match = _FROM_TO.search(sentence)
    if match and not any(_FUNCTION.search(g) for g in match.groups()):
        said = f"{match.group(2)} to {match.group(1)}"
        return Change(replaced(sentence, match.start(1), match.end(2), said))
    return None


_ORDERS = {
    "before": "after", "after": "before", "prior to": "after", "precedes": "follows",
    "followed by": "preceded by", "preceded by": "followed by", "preceding": "following",
    "Before": "After", "After": "Before",
}  # fmt: skip
_ORDER = re.compile(
    r"\b(?:before|after|prior to|precedes|followed by|preceded by|Before|After)(?= (?!all\b|which"
    r"\b|that\b|it\b|they\b|you\b|adjust|controlling|correct)[\w])"
)


_NOT_ORDER = re.compile(r"\b(?:named|long|look|ever|day|year|time|both|never|week|model\w*|soon"
                        r"|shortly) $")  # fmt: skip


def order(sentence: str, rng: Random) -> Change | None:
    """What came before put after."""
    if len(re.findall(r"\b(?:before|after|prior|preced|follow)", sentence, re.I)) != 1:
        return None
    match = _ORDER.search(sentence)
    if match is None or _NOT_ORDER.search(sentence[: match.start()]):
        return None
    new = _ORDERS[match.group()]
    rest = re.match(r" [\w-]+", sentence[match.end() :])
    return Change(replaced(sentence, *match.span(), new), (new + rest.group(),) if rest else ())


_PAIRED = re.compile(
    r"\b(?:respectively|compared (?:with|to)|versus|vs\.?|than|while|whereas|but|and)(?!\w)"
)
_SPAN = re.compile(r"\b(?:between|from|range[sd]?|ranging|through|up to|CI)\b|±")


def group(sentence: str, rng: Random) -> Change | None:
    """The value of one group given to the other."""
    found = [m for m in MEASURED.finditer(sentence) if not m.group(1)]
    if len(found) != 2 or _SPAN.search(sentence):
        return None
    first, second = found
    between = sentence[first.end() : second.start()]
    mine, theirs = first.group(3), second.group(3)
    if first.group(5) != second.group(5) or mine == theirs or len(between) < 14:
        return None
    if not _PAIRED.search(between) or not re.search(r"\b(?:of|in|for|among|with|were)\b", between):
        return None
    claim = (
        sentence[: first.start(3)] + theirs + sentence[first.end(3) : second.start(3)] + mine
        + sentence[second.end(3) :]
    )  # fmt: skip
    return Change(claim[0].upper() + claim[1:])
