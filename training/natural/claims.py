"""What a sentence of a passage says, as a claim that can stand alone, and in other words."""

from __future__ import annotations

import random
import re

from training.natural import words as lexicon
from training.sentences import full_stop, word_count

_OPENER = re.compile(
    r"^(?:(?:Furthermore|Moreover|In addition|Additionally|However|Thus|Therefore|Hence|Overall"
    r"|In conclusion|In summary|Consequently|Finally|Interestingly|Importantly|Notably|Remarkably"
    r"|Surprisingly|Strikingly|Here|In this study|In this report|In contrast|Conversely|Also|Indeed"
    r"|Collectively|Taken together|Together|In particular|Specifically|Unexpectedly|Accordingly"
    r"|Nevertheless|By contrast|As a result|In turn|Mechanistically|For example|Similarly),? )?"
    r"(?:(?:(?:[Tt]hese|[Oo]ur|[Tt]he|[Tt]hose|[Tt]his)(?: \w+){0,3} "
    r"(?:results|findings|data|observations|study|studies|evidence|work|analysis|experiments)"
    r"(?: here| presented here| also| therefore| thus| strongly| further)*|[Ww]e|[Ii]t (?:is|was)"
    r"|[Rr]esearchers|[Tt]he authors|[Aa]uthors)"
    r" (?:also |further |have |here |now |therefore |thus |clearly |collectively |recently )*"
    r"(?:show|shows|showed|shown|demonstrate|demonstrates|demonstrated|indicate|indicates|indicated"
    r"|find|found|report|reported|reveal|reveals|revealed|observed|conclude|concluded|establish"
    r"|established|confirm|confirmed|provide evidence|provides evidence|discovered|identify"
    r"|document|prove) that )?"
)
_ASIDE = re.compile(r" ?[(\[][^()\[\]]*[)\]]")
_TAIL = re.compile(
    r"(?:, (?:which|whereas|while|although|suggesting|indicating|thereby|thus|resulting|including"
    r"|such as|consistent with|leading to|making|providing)"
    r"| (?:whereas|thereby|suggesting that|indicating that|such as))\b.*$"
)
_PLACE = re.compile(
    r" (?:in|among|during|after|by|using|via|through|within|throughout|with respect to)"
    r" [^,;]{3,70}$"
)
_NARROW = re.compile(
    r"\b(?:not|no|cannot|than|between|compared|only|rare|rarely|seldom|unable|fails?|failed|most"
    r"|all|less|least|fewer|without|alone|or|located|found|involved|resulted?|results|inherited"
    r"|increases?|decreases?|differences?|role|present|interest)\b"
)
_DANGLING = re.compile(
    r"\b(?:of|in|by|for|to|with|and|or|the|an?|that|which|is|are|was|were|at|on|as|from|such|more"
    r"|both|between|be|been|than|not)$"
)
_LEANING = re.compile(
    r"^(?:This|These|Those|That|It|They|He|She|We|Our|Its|Their|Such|Both|Here|There|Another|Other"
    r"|One|Some|Each|Neither|Either|All|Most|Many|Few|Several|Two|Three|Four|Five|And|But|Or|So|You"
    r"|Your|If|When|To|As|By|After|During|In|At|On|For|From|With|Although|Because|While|Since|Among"
    r"|Of|Using|Based|Similar|The (?:same|former|latter|study|aim|objective|purpose|authors?|trial"
    r"|results?|patients|participants|condition|disorder|disease|gene|protein|primary|two|three"
    r"|mean|main|most|other|first|second|model|data|mutations?|signs|findings|number|cause|test"
    r"|virus|effects?|diagnosis|treatment|drug|vaccine|analysis|groups?|mechanisms?))\b"
)
_PERSONAL = re.compile(
    r"\b(?:we|our|us|you|your|I|my|this (?:study|paper|review|article|report)|here|herein|these"
    r"|this|those|above|below|former|latter|respectively|figure|table|fig)\b",
    re.IGNORECASE,
)
_POPULAR = re.compile(
    r"^(?:This|The) (?:condition|disorder|disease|syndrome)(?= (?:is|has|affects|can|may|causes|was"
    r"|usually|typically|often|does|occurs|results|begins|appears)\b)"
)


def core(sentence: str) -> str | None:
    """The part of a sentence that makes a claim, word for word, or None where none stands alone.

    "Furthermore, these results show that A inhibits B (P<0.01)." gives "A inhibits B (P<0.01)".
    """
    clause = sentence[_OPENER.match(sentence).end() :].rstrip(" .;")  # type: ignore[union-attr]
    if _LEANING.match(clause) or _PERSONAL.search(clause) or not 5 <= word_count(clause) <= 38:
        return None
    if not clause[0].isalnum():
        return None
    balanced = clause.count("(") == clause.count(")")
    stops = re.search(r"[:;?!]| and that |\bit\b|\bthey\b|\btheir\b.*\bwere\b", clause)
    return clause if balanced and not stops else None


def focused(sentence: str, title: str) -> str | None:
    """A sentence about "this condition" with the condition's name in its place; else None."""
    if not title or word_count(title) > 8 or not _POPULAR.match(sentence):
        return None
    said = _POPULAR.sub(lambda _: title, sentence, count=1).rstrip(" .")
    plain = not re.search(r"[:;]|\b(?:these|this|those|we|you)\b", said[len(title) :])
    return said if plain and 5 <= word_count(said) <= 38 else None


_FINITE = re.compile(
    rf"\b(?:is|are|was|were|can|does|do|has|have|{'|'.join(sorted(lexicon.BASE_OF_PRESENT))})\b"
)
_NOUN_LIKE = re.compile(
    r"\b(?:of|the|a|an|in|and|for|gene|calcium|ion|cell|DNA|immune|signaling|expression|trial"
    r"|test) (?:results|changes|controls|targets|forms|functions|supports|needs|releases|acts"
    r"|causes|links|shows|accounts|effects|increases|decreases|responses)\b"
)


def declarative_title(title: str) -> str | None:
    """A title that says something ("X inhibits Y"), else None."""
    said = title.strip().rstrip(".")
    verb = _FINITE.search(said)
    if verb is None or re.search(r"[:?;]|—", said) or not 5 <= word_count(said) <= 30:
        return None
    first = len(said[: verb.start()].split())
    if first == 0 or first > 14 or _NOUN_LIKE.search(said) or _LEANING.match(said):
        return None
    return said


def shortened(claim: str, rng: random.Random) -> str:
    """Asides in brackets, a trailing clause and, where safe, a trailing place left out."""
    said = _ASIDE.sub("", claim)
    for pattern, often in ((_TAIL, 0.6), (_PLACE, 0.0 if _NARROW.search(said) else 0.35)):
        cut = pattern.sub("", said)
        whole = word_count(cut) >= 5 and _FINITE.search(cut) and not _DANGLING.search(cut)
        if rng.random() < often and whole:
            said = cut
    return said if word_count(said) >= 5 else claim


_RULES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"^(.{8,70}?) (?:was|were|is|are) (higher|lower|greater) in (.{4,40}?) than in "
                r"([^,.;()]{4,40})$"), r"\3 had \2 \1 than \4"),
    (re.compile(r"^[Tt]reatment with (.{3,40}?) (reduced|increased|improved|inhibited"
                r"|prevented)\b"), r"\1 \2"),
    (re.compile(r"^[Aa]dministration of (.{3,40}?) (reduced|increased|improved|inhibited)\b"),
     r"\1 \2"),
    (re.compile(r"^([Ll]oss|[Dd]eletion|[Ii]nhibition|[Aa]blation) of ([\w-]{2,20}) "
                r"(leads|led) to "),
     r"Without \2 there is "),
    (re.compile(r"^(.{3,60}?) plays? (?:an?|the) (?:key|critical|important|essential"
                r"|crucial|central) roles? in "), r"\1 is important for "),
    (re.compile(r"\bis associated with (?:an? )?(?:increased|higher|elevated) risks? of "),
     "raises the risk of "),
    (re.compile(r"\bare associated with (?:an? )?(?:increased|higher|elevated) risks? of "),
     "raise the risk of "),
    (re.compile(r"\b(?:was|were) associated with (?:an? )?(?:increased|higher|elevated) "
                r"risks? of "),
     "raised the risk of "),
    (re.compile(r"\b(?:was|were) associated with (?:an? )?(?:reduced|lower|decreased) risks? of "),
     "went with a lower risk of "),
    (re.compile(r"^(.{5,60}?) (?:is|are) required for (.{5,60})$"), r"\2 requires \1"),
    (re.compile(r"^(.{5,60}?) (?:is|are) caused by (.{5,80})$"), r"\2 cause \1"),
    (re.compile(r"^(.{3,40}?) (inhibits|promotes|regulates|controls|activates) ([^,]{3,60})$"),
     r"\3 is #\2 by \1"),
    (re.compile(r"\bdid not (?:significantly )?(?:affect|alter|change|influence)\b"),
     "had no effect on"),
    (re.compile(r"\bdoes not (?:significantly )?(?:affect|alter|change|influence)\b"),
     "has no effect on"),
    (re.compile(r"\bshould be considered\b"), "deserves consideration"),
]  # fmt: skip


def _restructured(claim: str, rng: random.Random) -> str:
    """The claim with one of the sentence rules, where one fits."""
    fitting = [(pattern, made) for pattern, made in _RULES if pattern.search(claim)]
    if not fitting:
        return claim
    pattern, made = rng.choice(fitting)
    said = pattern.sub(made, claim, count=1)
    return re.sub(r"#(\w+)s\b", lambda m: _participle(m[1]), said)


def _participle(stem: str) -> str:
    return lexicon.PAST_OF_BASE.get(stem, f"{stem}ed")


_EXCHANGES = [
    (re.compile(rf"\b{re.escape(one)}\b"), other)
    for first, second in lexicon.SAME
    for one, other in ((first, second), (second, first))
    if one not in lexicon.NOT_FORWARD and not (one == second and one in lexicon.ONE_WAY)
]


def in_other_words(claim: str, rng: random.Random) -> str:
    """The same claim with up to three expressions exchanged for others of the same meaning."""
    said = _restructured(claim, rng) if rng.random() < 0.7 else claim
    left = 3
    for pattern, other in rng.sample(_EXCHANGES, len(_EXCHANGES)):
        if left and pattern.search(said) and rng.random() < 0.8:
            said = pattern.sub(other, said, count=1)
            left -= 1
    return said


def worded(claim: str, rng: random.Random) -> str:
    """A claim as a sentence: verbatim (a third), shortened, reworded, or both."""
    draw = rng.random()
    if draw > 0.3:
        claim = shortened(claim, rng)
    if draw > 0.5:
        claim = in_other_words(claim, rng)
    return full_stop(claim)
