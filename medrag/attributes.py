"""What a question asks of its subject, where only lines with certain words can say it: the reason,
the law, the outlook, who wrote it.

Whoever asks why, of something that a document merely orders, is otherwise shown the order, which
has all the words of the question. (Questions by the type of their answer: Li and Roth, "Learning
question classifiers", 2002.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from medrag.patterns import Pattern


@dataclass(frozen=True, slots=True)
class _Attribute:
    """What asks for it, and words of which a line that tells it has one."""

    asked: Pattern
    told: Pattern


def _attribute(asked: str, told: str) -> _Attribute:
    return _Attribute(Pattern(asked, re.I), Pattern(told, re.I))


# Generous on the right: a line that may tell it stays.
_ATTRIBUTES = (
    _attribute(
        r"^(?:why|how come)\b|\bwhy (?:is|are|do|does|did|must|can|was|not|has|have|only|no|should|"
        r"isn)|\breasons? (?:for|behind|why)|\brationale\b",
        r"\b(?:because|since|as (?:it|they|the|this|these|there)|so (?:that|the|it|they)|to (?:"
        r"avoid|prevent|reduce|protect|allow|ensure|keep|stop|make|limit)|due|reasons?|risks?|otherwise|"
        r"caus\w+|leads?|in order|given that|owing|rationale)\b",
    ),
    _attribute(
        r"\bwho (?:wrote|approved|authored|drafted|drew up|signed off|owns)\b|\bauthors?\b",
        r"\b(?:wrote|written|approv\w+|author\w*|draft\w*|owns?|owners?|owned|drawn up|prepared|"
        r"sign\w*|ratified|agree\w*)\b",
    ),
    _attribute(
        r"\bwhat happens (?:to|if) (?:an? |the )?(?:staff|nurse|doctor|somebody|someone|anyone|"
        r"colleague|people)\b.{0,30}\b(?:break|breach|ignor|forget|fail|refus|miss|does ?n[o']t|do "
        r"not)|\b(?:penalt\w+|disciplin\w+|sanctions?|punish\w*)\b",
        r"\b(?:disciplin\w+|sanction\w*|penalt\w+|dismiss\w*|report\w*|investigat\w+|suspen\w+|"
        r"withdr\w+|police|fined?|consequence\w*|refer\w*|escalat\w*|los[et]\w*|may not|repeat\w*|"
        r"retrain\w*|train\w*|inform\w*|told|remov\w*|incident\w*|sent)\b",
    ),
    _attribute(
        r"\b(?:phone|telephone|extension|bleep|pager|fax|contact) (?:number|no\b)|"
        r"\bnumber (?:of|for) (?:the )?(?:[\w-]+ ){0,2}(?:team|ward|desk|office|lab|laboratory|"
        r"nurse|doctor|line|pharmacist|pharmacy|helpline|switchboard)\b|\be-?mail address",
        r"\b(?:bleep\w*|ext|extension|number|tel\w*|phone\w*|call\w*|ring|dial\w*)\W+(?:\w+\W+){0,8}?"
        r"\d{3}|\b0\d{3}|@|\bswitchboard\b",
    ),
    _attribute(
        r"\b(?:prognosis|outlook|survival rate|mortality (?:of|from|rate|after|in)|life expectancy|"
        r"success rate)\b",
        r"\b(?:prognos\w+|surviv\w+|mortal\w*|deaths?|die[sd]?|dying|fatal\w*|outlook|outcomes?|"
        r"recover\w*|risks?|relaps\w+|recur\w*|likely|expectancy|chances?|cure\w*|improv\w*|"
        r"resolv\w*|progress\w*|permanent\w*|lifespan|live[sd]?)\b",
    ),
    _attribute(
        r"\balternatives? (?:to|for)\b|\balternatives?\W*$",
        r"\b(?:alternativ\w*|instead|other|otherwise|second|substitut\w+|replac\w+|switch\w*|"
        r"change\w*|unavailable|intoleran\w+|allerg\w+|rather|failing|cannot|contra-?indicat\w+|"
        r"if .{0,40}\bnot)\b|n't\b",
    ),
    _attribute(
        r"\b(?:miss(?:ed|es|ing)?|forg[eo]t(?:s|ten)?) (?:\w+ ){0,2}(?:doses?|tablets?|pills?)\b",
        r"\b(?:miss\w*|forg\w+|skip\w*|omit\w*|late\w*|next|doubl\w+|remember\w*|delay\w*|soon)\b",
    ),
    _attribute(
        r"\bcontra-?indications?\b",
        r"\b(?:contra-?indicat\w+|not|cannot|never|avoid\w*|no|unless|except|without|stop\w*|"
        r"withh\w+|exclu\w+|only|caution\w*|allerg\w+)\b|n't\b",
    ),
    _attribute(
        r"\b(?:side[- ]?effects?|adverse (?:effects?|reactions?|events?)) (?:of|from|with)\b|"
        r"^(?:[\w-]+ ){1,3}(?:side[- ]?effects?|adverse (?:effects?|reactions?|events?))\W*$",
        r"\b(?:side[- ]?effects?|adverse|react\w+|toxic\w*|caus\w+|may|can|could|watch\w*|risks?|"
        r"monitor\w*|nausea|vomit\w*|rash\w*|bleed\w*|h[yi]po\w+|hyper\w+|drows\w+|sedat\w+|pain\w*|"
        r"symptom\w*|warn\w*|experience\w*|stop\w*)\b",
    ),
    _attribute(
        r"\b(?:mechanism of action|mode of action)\b|\bmechanism (?:by|of|behind)\b|"
        r"\bhow does (?:\w+ ){1,3}work\b",
        r"\b(?:block\w*|inhibit\w*|bind\w*|mechanisms?|works?|act(?:s|ing|ion)?|receptor\w*|"
        r"becaus\w*|caus\w+|increas\w+|decreas\w+|reduc\w+|prevent\w*)\b",
    ),
    _attribute(r"\bhalf[- ]?life\b", r"\bhalf[- ]?li[fv]\w*"),
    _attribute(
        r"\b(?:legal basis|(?:which|what) (?:law|act|statute|legislation)|legislation)\b",
        r"\b(?:laws?|lawful\w*|act|section|legal\w*|statut\w+|regulations?|legislat\w+|court\w*|"
        r"articles?|code)\b",
    ),
    _attribute(
        r"\b(?:what|how much) (?:does|do|would|will) .{0,40}\bcost\b|\b(?:cost|price) of\b|"
        r"\bhow expensive\b",
        r"\b(?:costs?|prices?|fees?|charg\w+|free|pa(?:y|ys|id|yments?)|budgets?|fund\w*|euros?|"
        r"pounds?|dollars?|cents?|reimburs\w+|expens\w+|cheap\w*)\b|[\u00a3$\u20ac]",
    ),
)  # fmt: skip


def tells_what_is_asked(question: str, texts: Iterable[str]) -> bool:
    """Whether one of the texts may tell what the question asks of its subject; True where it asks
    for nothing of which that could be known by words."""
    said = tuple(texts)
    return all(
        any(one.told.search(text) for text in said)
        for one in _ATTRIBUTES
        if one.asked.search(question)
    )
