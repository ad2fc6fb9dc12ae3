"""Follow-up questions, by rule: read together with the question before, or taken at their word.

"And in children?" means nothing to a search. Here it becomes "What is the dose of amoxicillin in
children?", where what was meant is beyond doubt. Where it is not, the question stays as it was:
an abstention costs a moment, the wrong drug's dose may cost a life.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from medrag.drugs import drug_names
from medrag.followup_subject import (
    as_question,
    names_of,
    numbers_of,
    pair_of,
    subject_of,
    with_phrase,
)
from medrag.followup_words import (
    ASPECTS,
    KINDS,
    PREPOSITIONS,
    QUESTION_WORDS,
    Word,
    is_about_giving,
    kind_of,
    phrases_of,
    restricts,
    subject_runs,
    words_of,
)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How a question is to be read.

    ``text`` is what it means where the rules are sure; None where they are not, and it is then
    asked as it is unless a language model (``open``) finds words for it, which must not hold any
    of ``left_behind``.
    """

    text: str | None = None
    open: bool = False
    left_behind: frozenset[str] = frozenset()


ALONE = FollowUp()
_UNSURE = FollowUp(open=True)

_LEAD = re.compile(
    r"\s*(?:(?:and|but|or|so|now|also|then|ok|okay|yes)\b[\s,]*)*"
    r"(?:(?:what|how)\s+about\s+)?"
    r"(?:(?:(?:is|are|would)\s+(?:it|this|that|they)\s+(?:be\s+)?(?:also\s+)?)?(?:the\s+)?same\s+|"
    r"(?:does|do)\s+(?:it|this|that|the\s+same)\s+(?:also\s+)?(?:apply|hold|go)\s+)?",
    re.I,
)
_TRAIL = re.compile(r"[\s,]*\b(?:then|instead|too|as well|also)?[\s?.!]*$", re.I)
_PRONOUN = re.compile(
    r"\b(?P<noun>(?:this|that|the|the same)\s+(?:drug|medicine|medication))\b|"
    r"\b(?P<its>its)\b|\b(?P<it>it)\b|\b(?P<them>they|them|both|these|those)\b|\b(?P<this>this|that)\b",
    re.I,
)
# "Is it safe to give ibuprofen?": this "it" stands for nothing that was said before.
_DUMMY = re.compile(
    r"\b(?:is|was|would|will|could|can|may|might)\s+it\s+(?:be\s+)?(?:\w+\s+){0,3}?(?:to|that)\b"
    r"|\bit(?:\s+is|\s+was|'s)\s+(?:\w+\s+){1,2}?(?:to|that)\b|\bit\s+takes?\b",
    re.I,
)
_DONE_TO_DISEASES = re.compile(r"\b(?:treated|prevented|managed|diagnosed|cured|relieved)\b", re.I)
_HOW_MUCH = re.compile(r"^(?:for\s+)?how\s+(?:often|long|much|many|soon|quickly|fast)\s*$", re.I)


def follow_up(question: str, previous: str) -> FollowUp:
    """What ``question`` means after ``previous``, which can be read alone."""
    rest_at = _LEAD.match(question)
    assert rest_at is not None
    led = bool(rest_at.group().strip())
    rest = _TRAIL.sub("", question[rest_at.end() :]) if led else question.rstrip(" ?.!")
    if not rest:
        return _UNSURE if led else ALONE
    words = words_of(rest)
    if words and words[0].lower == "if" and "," not in rest:
        return _UNSURE if led else ALONE  # half a question
    fragment = bool(words) and not any(word.lower in QUESTION_WORDS for word in words)
    if not words or not words_of(previous):
        return ALONE
    if fragment and (led or _may_be_fragment(words)):
        rest = _inside(rest, words[0])
        return _fragment(rest, words_of(rest), previous)
    return _question(rest, previous)


def _may_be_fragment(words: list[Word]) -> bool:
    """Whether words without a verb can only be the rest of an earlier question."""
    if words[0].lower in PREPOSITIONS:
        return not any(drug_names(word.text) for word in words)
    return not any(word.may_be_subject for word in words)


def _inside(rest: str, first: Word) -> str:
    """A fragment as it stands inside a question: no capital, "to children" as "in children"."""
    if first.lower == "to":
        return f"in{rest[first.end :]}"
    if first.may_be_subject or first.text.isupper():
        return rest
    return rest[: first.start] + rest[first.start :][:1].lower() + rest[first.start + 1 :]


# Fragments: "in children", "warfarin", "the side effects"


def _fragment(rest: str, words: list[Word], previous: str) -> FollowUp:
    unsure = FollowUp(open=True, left_behind=names_of(previous))
    if _PRONOUN.search(rest):
        return _UNSURE
    drug = _leading_drug(rest, words)
    if drug is not None:
        name, more = drug
        swapped = _with_drug(previous, name)
        if swapped is None or not more:
            return FollowUp(swapped, open=True, left_behind=names_of(previous) - drug_names(name))
        added = with_phrase(swapped, more)
        return FollowUp(added, open=True, left_behind=names_of(previous) - drug_names(name))
    if words[0].lower in PREPOSITIONS:
        if drug_names(rest) and words[0].lower not in {"with", "without", "before", "after"}:
            return unsure
        found = with_phrase(previous, rest)
        if found is None and drug_names(rest):
            return unsure
        # Where the circumstances clash, a model's words would hold both of them.
        return FollowUp(found, open=found is not None)
    if any(word.may_be_subject for word in words):
        return unsure
    if any(word.lower in ASPECTS for word in words):
        return FollowUp(_of_subject(f"What about {rest}", previous), open=True)
    if any(word.is_group for word in words):
        return FollowUp(with_phrase(previous, f"in {rest}"), open=True)
    return _UNSURE


def _leading_drug(rest: str, words: list[Word]) -> tuple[str, str] | None:
    """The one drug with which a fragment begins, and the phrase after it."""
    at = 1 if words[0].lower in {"for", "the"} and len(words) > 1 else 0
    runs = subject_runs(rest)
    if not runs or runs[0][0] != words[at].start or len(drug_names(rest)) != 1:
        return None
    start, end = runs[0]
    more = rest[end:].strip()
    if not drug_names(rest[start:end]) or len(words_of(rest[start:end])) > 1:
        return None
    if more and words_of(more)[:1] and words_of(more)[0].lower not in PREPOSITIONS:
        return None
    return rest[start:end], more


def _with_drug(previous: str, name: str) -> str | None:
    """The question before, about another drug."""
    subject = subject_of(previous)
    if subject is None or not drug_names(subject.text) or len(words_of(subject.text)) > 1:
        return None
    old = re.escape(next(iter(drug_names(subject.text))))
    return as_question(re.sub(rf"\b{old}\b", lambda _: name, previous, flags=re.I))


# Whole questions: "How is it given?", "What is the maximum dose?"


def _question(rest: str, previous: str) -> FollowUp:
    for found in _PRONOUN.finditer(rest):
        if not _stands_for_something(rest, found):
            continue
        before = words_of(rest[: found.start()])
        giving = is_about_giving(rest)
        if any(word.may_be_subject and not (giving and word.is_measured) for word in before):
            return ALONE  # it has named its subject itself
        if found.group("them") and any(word.is_group for word in before):
            continue
        after = rest[found.end() :]
        if _DUMMY.search(rest) and any(word.may_be_subject for word in words_of(after)):
            return ALONE
        return _for_pronoun(rest, found, previous)
    words = words_of(rest)
    if any(word.may_be_subject for word in words):
        return ALONE
    return FollowUp(_of_subject(rest, previous), open=True)


def _stands_for_something(rest: str, found: re.Match[str]) -> bool:
    """Whether "that" is a pronoun here, and not "evidence that", "that patient"."""
    if not found.group("this") and found.group().lower() not in {"these", "those", "both"}:
        return True
    before, after = words_of(rest[: found.start()]), words_of(rest[found.end() :])
    if before and not (before[-1].is_function or is_about_giving(before[-1].text)):
        return False
    if not after:
        return True
    first = after[0]
    return first.is_function or is_about_giving(first.text)


def _for_pronoun(rest: str, found: re.Match[str], previous: str) -> FollowUp:
    if found.group("them"):
        name = pair_of(previous)
        sure = name is not None and (is_about_giving(rest) or "together" in rest.lower())
    else:
        subject = subject_of(previous)
        name = subject.text if subject else None
        is_drug = bool(drug_names(name or ""))
        giving = is_about_giving(rest) and is_drug
        sure = subject is not None and (giving or (subject.only and not found.group("this")))
        if (is_drug and _DONE_TO_DISEASES.search(rest)) or _is_given_for(rest, name, previous):
            sure = False
        if found.group("noun"):
            sure = bool(drug_names(name or ""))
    if not sure or name is None:
        return _UNSURE
    if found.group("its"):
        name = f"{name}'s"
    replaced = rest[: found.start()] + name + rest[found.end() :]
    return FollowUp(_carried(rest, replaced, previous), open=True)


def _is_given_for(rest: str, name: str | None, previous: str) -> bool:
    """Whether a follow-up asks of a drug after a question about a disease."""
    disease = not drug_names(name or "") and not is_about_giving(previous)
    return disease and is_about_giving(rest)


def _of_subject(rest: str, previous: str) -> str | None:
    """A question after an aspect ("What is the maximum dose in children?"), of the subject."""
    subject = subject_of(previous)
    if subject is None or _is_given_for(rest, subject.text, previous):
        return None
    if _HOW_MUCH.match(rest):
        return _carried(rest, f"{rest} for {subject.text}", previous)
    words = words_of(rest)
    instead = [word for word in words if word.lower == "instead"]
    aspects = [
        word
        for word, after in zip(words, [*words[1:], None], strict=True)
        if word.lower in ASPECTS and (after is None or after.is_function)
    ]
    if not (instead or aspects):
        return None
    place = (instead or aspects)[0]
    if rest[place.end :].lower().startswith(" of "):
        return None
    if place in aspects and not drug_names(subject.text) and not subject.only:
        return None
    joined = "to" if place.lower.startswith("alternative") else "of"
    text = f"{rest[: place.end]} {joined} {subject.text}{rest[place.end :]}"
    return _carried(rest, text, previous)


def _carried(asked: str, text: str, previous: str) -> str | None:
    """``text`` with the question's patients: a dose for a child stays one for a child.

    None where whom the question before was about cannot be told in a phrase.
    """
    for kind in KINDS:
        if restricts(kind, asked) or not restricts(kind, previous):
            continue
        phrases = [previous[s:e] for s, e in phrases_of(previous)]
        same = [
            p for p in phrases if kind_of(p) == kind and not drug_names(p) and not numbers_of(p)
        ]
        if len(same) != 1 or restricts(kind, previous.replace(same[0], " ")):
            return None
        text = f"{text} {same[0]}"
    return as_question(text)
