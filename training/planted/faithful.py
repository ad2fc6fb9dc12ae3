"""Other ways to say what a passage says: the claims that must pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from training.planted.altered import replaced
from training.planted.text import Run, has_verb

Said: TypeAlias = tuple[str, int, int]
"""A claim, and the first and last sentence of the run that it was made from."""
Faithful: TypeAlias = Callable[[Run, int, Random], Said | None]

_POINT = re.compile(
    r"\b(?:not|no|never|without|except|unless|only|if|when|until|but|however|whether|than|less|more"
    r"|least|most|before|after|cannot|avoid|rare\w*|neither|nor|while|although|because|should|must"
    r"|may|can|might|could|in some|some|formerly|or|old|all|both|other)\b|n't\b|[<>≥≤=±0-9]", re.I,
)  # fmt: skip
_PARENTHESES = re.compile(r" \(([^()]{2,80})\)(?=[ .,;])")
_OPENERS = re.compile(
    r"^(?:However|In addition|Additionally|Furthermore|Moreover|Therefore|Thus|As a result|Also"
    r"|In fact|Fortunately|Unfortunately|Surprisingly|Interestingly|For example|For instance"
    r"|Consequently|In particular|Notably|Importantly|In conclusion|Overall|Similarly|Likewise"
    r"|In summary|Nevertheless|In contrast|On the other hand|Finally|Indeed|Taken together), "
)
_EXAMPLES = re.compile(
    r", (?:such as|for example,?|for instance,?|including|e\.g\.,?) [^.;:()]+\.$"
)
_WHICH = re.compile(
    r", which (?:is|are|was|were|can|may|helps?|has|have|causes?|makes?|means|leads?"
    r"|occurs?|results?|affects?|produces?|carries|contains?|controls?)\b[^,;:]+\.$"
)
_KNOWN_AS = re.compile(
    r", (?:also|sometimes|commonly) (?:known as|called|referred to as) [^,;:.()]{2,50},(?= )"
)
_START = re.compile(r"^(?:The|This|These|Those|It|They|A|An|In|Most|Some|Many|People|Symptoms"
                    r"|Treatment|Other|Several|Affected|There|Both|Each|You|Your|If|When|Children"
                    r"|Women|Men|Patients|Its|Their|Individuals|Researchers|Doctors|Mutations"
                    r"|Early|Studies|For|After|Before|During|Because)\b(?! ?-)")  # fmt: skip


def decapitalised(text: str) -> str | None:
    """The text as it stands in mid-sentence; None where its first word may be a name."""
    return text[0].lower() + text[1:] if _START.match(text) else None


def verbatim(run: Run, at: int, rng: Random) -> Said | None:
    """The sentence itself."""
    return run.sentences[at], at, at


_LIMITING = re.compile(r"\b(?:not|no|never|all|only|any|without|if|unless|except|but)\b|,")
_FINITE = re.compile(
    r"\b(?:is|are|was|were|be|may|can|has|have|had|will|should|would|must|could|might|does|do|did"
    r"|cannot)\b|, \w+(?:s|ed) (?:the|a|an|to|in|of)\b"
)


def _is_spare(head: str, tail: str) -> bool:
    """Whether a sentence without its tail is still one, and says nothing else."""
    listed = not tail.startswith("which")
    if len(head) < 26 or _LIMITING.search(head) or not has_verb(head):
        return False
    return not (listed and _FINITE.search(tail))


def shortened(run: Run, at: int, rng: Random) -> Said | None:
    """The sentence without something that it can spare: never a condition or an exception."""
    sentence = run.sentences[at]
    ways = []
    for match in _PARENTHESES.finditer(sentence):
        if not _POINT.search(match.group(1)):
            ways.append(sentence[: match.start()] + sentence[match.end() :])
    opener = _OPENERS.match(sentence)
    if opener:
        rest = sentence[opener.end() :]
        ways.append(rest[0].upper() + rest[1:])
    for pattern in (_EXAMPLES, _WHICH):
        tail = pattern.search(sentence)
        if tail and _is_spare(sentence[: tail.start()], tail.group()[2:]):
            ways.append(sentence[: tail.start()] + ".")
    known = _KNOWN_AS.search(sentence)
    if known:
        ways.append(sentence[: known.start()] + sentence[known.end() :])
    ways = [w for w in ways if len(w) > 25]
    return (rng.choice(ways), at, at) if ways else None


def joined(run: Run, at: int, rng: Random) -> Said | None:
    """Two sentences that follow each other, as two or as one."""
    if at + 1 not in run.claims:
        return None
    first, second = run.sentences[at], run.sentences[at + 1]
    if len(first) + len(second) > 330:
        return None
    lowered = decapitalised(second)
    if lowered and len(first) + len(second) < 260 and rng.random() < 0.6:
        return f"{first[:-1]}{rng.choice((', and', ';', ', and'))} {lowered}", at, at + 1
    return f"{first} {second}", at, at + 1


_CONDITION = re.compile(r"^(If|When|Because|Although|While|After|Before|Since|Unless|Until) "
                        r"([^,;:()]{8,90}), (?!then\b|and\b|or\b|but\b|who\b|which\b|including\b)"
                        r"([a-z][^;:]{12,170})\.$")  # fmt: skip
_LATER = re.compile(r"^([A-Z][^,;:()]{15,120}) (if|when|because|although|unless|until) "
                    r"([a-z][^,;:()]{10,100})\.$")  # fmt: skip
_FRONTED = re.compile(r"^(In|During|For|Among|At|By|With) ((?!addition|contrast|fact|particular"
                      r"|general|conclusion|summary|turn|this case|these cases|other words"
                      r"|example|instance|total|short|least|first|further)[^,;:()]{3,45}), "
                      r"((?:the |this |these |most |some |many |it |they |there |people |a |an )"
                      r"[^,;:]{15,140})\.$")  # fmt: skip
_LISTED = re.compile(r"((?:such as|including|includes?|consists? of|namely) )"
                     r"((?:[a-z][\w -]{2,32}, ){2,6})(and|or) ([a-z][\w -]{2,32})\.$")  # fmt: skip
_TIED = re.compile(r"\b(?:and|or|other|others|also|sometimes|even|both|the following|those|any|with"
                   r"|in|of|to|that|which|who|for|from|on|at|by|between)\b")  # fmt: skip


def reordered(run: Run, at: int, rng: Random) -> Said | None:
    """The clauses, or the items of a list, in another order."""
    sentence = run.sentences[at]
    match = _LISTED.search(sentence)
    if match:
        items = [*match.group(2).strip(" ,").split(", "), match.group(4)]
        if not any(_TIED.search(item) for item in items):
            turned = items[:]
            while turned == items:
                rng.shuffle(turned)
            said = f"{match.group(1)}{', '.join(turned[:-1])}, {match.group(3)} {turned[-1]}."
            return sentence[: match.start()] + said, at, at
    match = _CONDITION.match(sentence) or _FRONTED.match(sentence)
    if match and not re.search(
        r"\bhowever\b|\btoo\b|\b(?:if|when|because|unless)\b", match.group(3)
    ):
        word, first, second = match.groups()
        return f"{second[0].upper()}{second[1:]} {word.lower()} {first}.", at, at
    match = _LATER.match(sentence)
    if match and decapitalised(match.group(1)) and not re.search(
        r"\b(?:that|who|which|and|or|but|only|even|especially|not|except|particularly|often|usually"
        r"|mainly|how|what|whether|know|ask|say|see|ensure|occurs?|happens?|develops?|results?"
        r"|determin\w*|show\w*|tell|find|decide|learn|check|sure|wonder|predict|unclear|test\w*)\b",
        match.group(1),
    ):  # fmt: skip
        first, word, second = match.groups()
        return f"{word.capitalize()} {second}, {decapitalised(first)}.", at, at
    return None


_SHORT = re.compile(r" \(([A-Z][A-Za-z0-9-]{1,7})\)")


def _definition(run: Run, at: int) -> tuple[str, str, int] | None:
    """(long form, abbreviation, its sentence) of one that the sentences about here define."""
    for i in range(max(0, at - 4), at + 1):
        sentence = run.sentences[i]
        for match in _SHORT.finditer(sentence) if "(" in sentence else ():
            letters = [ch.lower() for ch in match.group(1).removesuffix("s") if ch.isalpha()]
            words = re.findall(r"[A-Za-z][\w-]*", sentence[: match.start()])[-len(letters) :]
            if len(letters) < 2 or [word[0].lower() for word in words] != letters:
                continue
            form = " ".join(words)
            if sentence[: match.start()].endswith(form):
                return form, match.group(1), i
    return None


def abbreviation(run: Run, at: int, rng: Random) -> Said | None:
    """An abbreviation of the passage written out, or used in place of its long form."""
    found = _definition(run, at)
    if found is None:
        return None
    form, short, where = found
    sentence = run.sentences[at]
    if where == at:
        return rng.choice((
            sentence.replace(f"{form} ({short})", short, 1),
            sentence.replace(f"{form} ({short})", form, 1),
        )), at, at  # fmt: skip
    used = re.search(rf"(?<![\w(-]){re.escape(short)}(?![\w)-])", sentence)
    if used:
        claim = replaced(sentence, *used.span(), form)
    else:
        match = re.search(rf"(?<![\w-]){re.escape(form)}(?![\w-])", sentence, re.I)
        if match is None:
            return None
        claim = replaced(sentence, *match.span(), short)
    return re.sub(r"\b([Aa])n? (?=" + re.escape(form) + ")", _article(form), claim), where, at


def _article(form: str) -> str:
    return r"\1n " if form[0].lower() in "aeio" else r"\1 "
