"""Claims of the human sets in other words, so that no set is known by its template."""

from __future__ import annotations

import random
import re

from training.sentences import full_stop, word_count

_TRIAL = re.compile(
    r"^With (?P<a>.+?), compared with (?P<b>.+), (?P<o>[^,].*?) was "
    r"(?P<d>significantly increased|significantly decreased|not significantly different)\.$"
)
_WAYS = {
    "significantly increased": (
        "{a} significantly increased {o} compared with {b}.",
        "{o} was higher with {a} than with {b}.",
        "{o} increased more with {a} than with {b}.",
        "Compared with {b}, {a} led to a significant increase in {o}.",
    ),
    "significantly decreased": (
        "{a} significantly decreased {o} compared with {b}.",
        "{o} was lower with {a} than with {b}.",
        "Compared with {b}, {a} reduced {o}.",
        "{a} lowered {o} more than {b}.",
    ),
    "not significantly different": (
        "{a} and {b} did not differ in {o}.",
        "There was no significant difference in {o} between {a} and {b}.",
        "{o} was similar with {a} and with {b}.",
        "{a} had no significant effect on {o} compared with {b}.",
    ),
}


def trial_claim(claim: str, rng: random.Random) -> str:
    """A templated claim of a trial, said another way; as it is where it follows no template."""
    match = _TRIAL.match(claim)
    if match is None or match["b"].count(",") or match["a"].count("compared"):
        return claim  # more than one comma: where the outcome begins is a guess
    parts = {name: _lower(match[name]) for name in "abo"}
    return full_stop(rng.choice(_WAYS[match["d"]]).format(**parts))


def _lower(text: str) -> str:
    """A capital that only opened a phrase made small; names and abbreviations stay."""
    text = re.sub(r"^[Tt]he (?=mean|average|rate|number|risk)", "", text.strip())
    opens = re.match(r"[A-Z][a-z]+\b", text)
    return text[0].lower() + text[1:] if opens else text


def outcome_of(claim: str) -> str:
    """What a templated claim is about ("HbA1c"); empty where it follows no template."""
    match = _TRIAL.match(claim)
    return match["o"] if match else ""


_NOT_ALONE = re.compile(
    r"\b(?:this|these|those|that|it|its|they|their|the (?:study|review|paper|authors?|article|"
    r"publication|case|cases|model|experiment|data|results?|patients?|researchers|report|"
    r"performance|vaccine|virus|disease|researche?s?|work))\b",
    re.IGNORECASE,
)
_BAD_START = frozenset(
    """in on at to by with from for as that which because and or but of it they this these he she
    there when where while is are was were can may has have had did does not no yes due
    such""".split()
)
_VERB_S = r"(?:causes?|produces?|encodes?|inhibits?|activates?|mediates?|regulates?|binds?|infects?"
_VERB_S += r"|prevents?|induces?|affects?|transmits?|carries|carry|influences?|triggers?|controls?)"
_COPULA = re.compile(
    r"^What (?P<v>is|are|was|were) (?P<s>(?:the |an? )?[A-Za-z][^?]{8,90})\?$", re.IGNORECASE
)
_ACTS = re.compile(rf"^(?:What|Which \w+(?: \w+)?) (?P<p>{_VERB_S} [^?]{{5,80}})\?$", re.IGNORECASE)
_STANDS = re.compile(r"^What does (?P<s>[^?]{2,30}?) stand for\?$", re.IGNORECASE)
_NUMBER = re.compile(
    r"^What (?P<v>is|was) the (?P<s>(?:\w+ ){0,4}(?:rate|prevalence|incidence|proportion|"
    r"percentage|number|size|length|age|dose|period|risk)[^?]{3,90})\?$",
    re.IGNORECASE,
)
_VERBAL = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|may|will|should|could|enables?|allows?|did|does|do)\b"
)


def declared(question: str, answer: str) -> str | None:
    """The question and its answer as one sentence, or None where no rule makes a safe one.

    "What is the main cause of HIV infection in children?" and "Mother-to-child transmission" give
    "The main cause of HIV infection in children is mother-to-child transmission."
    """
    question, answer = " ".join(question.split()), " ".join(answer.split()).strip(" ,.;:")
    if _NOT_ALONE.search(question) or not _phrase(answer):
        return None
    if match := _STANDS.match(question):
        return full_stop(f"{match['s']} stands for {_small(answer)}")
    if match := _NUMBER.match(question) or _COPULA.match(question):
        return _copula(match["s"], match, answer)
    if match := _ACTS.match(question):
        return full_stop(f"{answer} {match['p']}")
    return None


def _copula(subject: str, match: re.Match[str], answer: str) -> str | None:
    if match.re is _NUMBER:
        subject = f"the {subject}"
    dangling = re.search(r"\b(?:to|of|in|for|by|with)$", subject)
    if dangling or _VERBAL.search(subject) or re.match(r"[a-z]+(?:ed|ible) ", subject):
        return None
    return full_stop(f"{subject} {match['v'].lower()} {_small(answer)}")


def _phrase(answer: str) -> bool:
    """Whether an answer is a short noun phrase or a number, by what can be seen of it."""
    first = answer.split(" ")[0].lower() if answer else ""
    return (
        1 <= word_count(answer) <= 16
        and bool(re.match(r"[A-Za-z0-9]", answer))
        and first not in _BAD_START
        and not _VERBAL.search(answer)
        and not re.match(_VERB_S, answer)
        and not re.search(r"[.?!;]\s|\[\d", answer)
        and not re.match(r"[a-z]+(?:s|ed) (?:the|an?|of|to|by)\b", answer)
        and (len(first) > 2 or first in {"a", "an"} or first[0].isdigit() or first.isupper())
    )


def _small(answer: str) -> str:
    opens = re.match(r"[A-Z][a-z]+(?=[ -][a-z])", answer)
    return answer[0].lower() + answer[1:] if opens else answer


def holds_answer(text: str, answer: str) -> bool:
    """Whether the passage holds the answer as whole words, white space aside."""
    wanted = r"\s+".join(map(re.escape, answer.split()))
    return bool(wanted) and re.search(rf"(?<!\w){wanted}(?!\w)", text) is not None
