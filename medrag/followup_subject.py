"""What an earlier question was about: its one subject, and the phrases that restrict it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medrag.drugs import drug_names
from medrag.followup_words import (
    ADJECTIVES,
    NO_THINGS,
    PREPOSITIONS,
    QUESTION_WORDS,
    Word,
    kind_of,
    phrases_of,
    restricts,
    subject_runs,
    words_of,
)
from medrag.population import populations

# What comes after these is the circumstance, not the subject, of a question.
_CIRCUMSTANCE = frozenset("in for during at on before after when if what".split())
_MANNERED = frozenset("the a an any acute chronic severe mild what which".split())
_SALTS = frozenset(
    """
    sodium potassium calcium magnesium lithium zinc iron hydrochloride sulfate sulphate phosphate
    acetate citrate carbonate chloride succinate tartrate maleate mesilate acid hydrate
    """.split()
)
# Words of a question whose answer is another drug than the one that it names.
_UNNAMED = re.compile(
    r"\b(?:instead|else|another|other|others|besides|except|apart|rather|than|lieu|in place of|"
    r"in addition|something|anything|drugs?|medicines?|medications?|agents?|options?|choice|"
    r"therap(?:y|ies)|antidotes?|cannot|unable|interact(?:s|ed|ing)?|cur(?:e|es|ed|ing)|"
    r"combin(?:e|ed|ing|ation)|(?:revers|treat|replac|prevent|counteract|neutrali[sz]|antagoni[sz]|"
    r"alternativ|substitut|reliev|manag|rescu|overdos|toxic|poison|allerg|intoleran|tolerat|"
    r"hypersensitiv|switch|swap|convert|exchang|add(?:s|ed|ing)?\b)\w*)\b|\bcan['\u2019]t\b|"
    r"-(?:induced|related|associated|resistant|allergic)\b|\bchang\w*\b(?!.*\bdos)",
    re.I,
)
_COPULAS = frozenset("is are was were about the a an".split())
_USED = re.compile(r"(?:\s+(?:used|indicated|licensed|given|prescribed)(?:\s+for)?)?[\s?.!]*", re.I)
# What comes between one of these and the verb of the question is not what the question is about.
_ASIDE = re.compile(
    r"\b(?:before|after|with|without|on|under|following|despite|from|against|while|during|"
    r"alongside|plus|until)\b(?:(?!\b(?:should|shall|can|could|is|are|was|were|do|does|did|may|must|"
    r"might|will|would|how|what|when)\b)[^,;:?.!])*$",
    re.I,
)
# Before a phrase, these turn it round; of the phrases, one may stand for the other.
_BARRING = frozenset("not no never except only even than outside".split())
_ALIKE = frozenset({"in", "for"})
_OPPOSED = (
    {"with", "without"},
    {"before", "after"},
    {"over", "under"},
    {"above", "below"},
)
_GOVERNING = PREPOSITIONS | frozenset(
    "to via if when since because once where unless although though as".split()
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a question is about; ``only`` where nothing else in it could be meant by "it"."""

    text: str
    only: bool


def subject_of(previous: str) -> Subject | None:
    """The one thing that a question is about, where there is one.

    A drug that only says of what another is the antidote, or before what it is given, is not it.
    """
    if asks_for_unnamed(previous):
        return None
    runs = subject_runs(previous)
    texts = {_bare(previous[s:e]).lower() for s, e in runs}
    drugs = [(s, e) for s, e in runs if drug_names(previous[s:e])]
    if len({_bare(previous[s:e]).lower() for s, e in drugs}) > 1:
        return None
    if drugs:
        start, end = drugs[0]
        names = drug_names(previous[start:end])
        more = [w for w in words_of(_bare(previous[start:end])) if not drug_names(w.text)]
        if len(names) > 1 or not all(word.lower in _SALTS for word in more):
            return None  # "warfarin bleeding", "bridge warfarin"
        others = [run for run in runs if run not in drugs]
        if not all(_is_circumstance(previous, run[0]) for run in others):
            return None  # it may be a drug too, of a name that is not known as one
        return Subject(_bare(previous[start:end]), only=not others)
    if len(texts) != 1:
        return None
    start, end = runs[0]
    return Subject(_bare(previous[start:end]), only=True)


def asks_for_unnamed(previous: str) -> bool:
    """Whether the answer may be a thing that the question does not name.

    "Which drug reverses heparin?", "What is given before cisplatin?": the question that follows
    is then about that thing, and not about the drug that was named.
    """
    if _UNNAMED.search(previous):
        return True
    words = words_of(previous)
    for at, word in enumerate(words):
        if word.lower in {"what", "which", "whatever"}:
            after = words[at + 1 :]
            if not (_asks_for_aspect(after) or _asks_what_it_is(previous[word.end :])):
                return True
    runs = subject_runs(previous)
    named = [run for run in runs if drug_names(previous[run[0] : run[1]])] or runs
    return bool(named) and all(_is_governed(previous, *run) for run in named)


def _asks_for_aspect(after: list[Word]) -> bool:
    """Whether "what" goes on as in "what is the maximum dose": no drug and no disease."""
    for word in after:
        if word.lower in NO_THINGS or word.is_measured:
            return True
        possessive = word.text[-2:] in {"'s", "\u2019s"}
        passed = word.lower in _COPULAS | ADJECTIVES or word.is_group
        if not (passed or possessive or drug_names(word.text)):
            return False
    return False


def _asks_what_it_is(after: str) -> bool:
    """Whether "what" goes on as in "what is amoxicillin used for"."""
    runs = subject_runs(after)
    if len(runs) != 1:
        return False
    start, end = runs[0]
    opening = {word.lower for word in words_of(after[:start])}
    copula = bool(opening) and opening <= {"is", "are", "about"}
    return copula and bool(_USED.fullmatch(after[end:]))


def _is_governed(text: str, start: int, end: int) -> bool:
    """Whether what stands there is a circumstance: "cisplatin" in "given before cisplatin"."""
    if _ASIDE.search(text[:start]):
        return True
    later = re.search(r"[,;:?.!]\s", text[end:])
    if later and any(w.lower in QUESTION_WORDS for w in words_of(text[end + later.end() :])):
        return True  # "Gentamicin is contraindicated. How do I go on?"
    before = words_of(re.split(r"[,;:?.!]\s", text[:start])[-1])
    is_drug = bool(drug_names(text[start:end]))
    while before:
        last = before.pop().lower
        if last in {"of", "for"}:
            if last == "for" and not is_drug:
                return True  # the dose for sepsis is that of something else
            if not before or before[-1].lower not in NO_THINGS:
                return True
        elif last not in _MANNERED | ADJECTIVES | NO_THINGS and not last.endswith("ing"):
            return last in _GOVERNING
    return False


def _bare(name: str) -> str:
    return name.removesuffix("'s").removesuffix("\u2019s")


def _is_circumstance(text: str, start: int) -> bool:
    """Whether what begins there is where or why, as "sepsis" in "for adults in sepsis"."""
    for word in reversed(words_of(text[:start])):
        if word.lower in _CIRCUMSTANCE:
            return True
        if word.lower not in _MANNERED:
            return False
    return False


def pair_of(previous: str) -> str | None:
    """The two drugs of a question, where there are just two and nothing else."""
    runs = [previous[s:e] for s, e in subject_runs(previous)]
    if asks_for_unnamed(previous):
        return None
    if len(runs) != 2 or not all(len(drug_names(run)) == 1 for run in runs):
        return None
    return f"{runs[0]} and {runs[1]}"


def names_of(previous: str) -> frozenset[str]:
    """What the question before named, word by word."""
    runs = [previous[s:e].lower() for s, e in subject_runs(previous)]
    return frozenset(word.lower for run in runs for word in words_of(run))


def numbers_of(text: str) -> list[str]:
    return [word.text for word in words_of(text) if word.is_number]


def as_question(text: str) -> str:
    """A question as one writes it: a capital, one question mark."""
    text = " ".join(text.split()).rstrip(" ?.!,")
    return f"{text[:1].upper()}{text[1:]}?"


def with_phrase(previous: str, phrase: str) -> str | None:
    """The question before with one more circumstance, which takes the place of one of its kind.

    None where the two circumstances could contradict each other, or both be meant.
    """
    base = previous.rstrip(" ?.!")
    spans = phrases_of(base)
    many = len(phrases_of(phrase))
    if not many or (many > 1 and spans):
        return None
    place = _place_of(base, spans, phrase)
    if place is None:
        return None
    start, end = place
    opening = words_of(phrase)[0].lower
    old = words_of(base[start:end])
    if old:
        before = words_of(base[:start])
        if before and before[-1].lower in _BARRING:
            return None
        if old[0].lower != opening and {old[0].lower, opening} <= _ALIKE:
            phrase = f"{old[0].text}{phrase[words_of(phrase)[0].end :]}"
    kept = f"{base[:start].rstrip()} {base[end:].lstrip()}"
    if _clashes(kept, phrase, replaced=bool(old)):
        return None
    return as_question(f"{base[:start].rstrip()} {phrase}{base[end:]}")


def _place_of(base: str, spans: list[tuple[int, int]], phrase: str) -> tuple[int, int] | None:
    """Where the phrase goes: the span that it replaces, or the end; None where that is unsure."""
    opening = words_of(phrase)[0].lower
    kind, drugs = kind_of(phrase), drug_names(phrase)
    named = bool(subject_runs(phrase))
    near: list[tuple[int, int]] = []
    for start, end in spans:
        found = base[start:end]
        first = words_of(found)[0].lower
        opposed = {first, opening} in _OPPOSED
        alike = kind_of(found) == kind
        if drugs:
            competes = first == opening or opposed or bool(drug_names(found))
        elif opposed or (alike and first == opening):
            competes = named or not (drug_names(found) or numbers_of(found))
        elif alike and {first, opening} <= _ALIKE | {"with"}:
            competes = kind != "other" or (named and bool(subject_runs(found)))
        else:
            competes = False
        if competes:
            near.append((start, end))
    if not near:
        crowded = drugs and len(drug_names(base)) > 1
        return None if crowded else (len(base), len(base))
    start, end = near[-1]
    return (start, end) if len(near) == 1 and _may_replace(base[start:end], phrase) else None


def _may_replace(old: str, new: str) -> bool:
    """Whether a phrase surely takes the place of another."""
    was, now = words_of(old), words_of(new)
    if numbers_of(old) or (drug_names(old) and not drug_names(new)):
        return False
    if drug_names(new):
        one = len(drug_names(old)) == len(drug_names(new)) == 1
        short = len(was) == len(now) == 2
        return one and short and was[0].lower == now[0].lower
    if was[0].lower == now[0].lower:
        return True
    if {was[0].lower, now[0].lower} in _OPPOSED:
        return [word.lower for word in was[1:]] == [word.lower for word in now[1:]]
    return kind_of(new) == "who" and {was[0].lower, now[0].lower} <= _ALIKE


def _clashes(kept: str, phrase: str, *, replaced: bool) -> bool:
    """Whether a phrase says again, or otherwise, what the rest of the question says already."""
    kind = kind_of(phrase)
    if kind != "other" and restricts(kind, kept):
        return True
    if kind == "who":
        if any(populations(part) for part in re.split(r"\W+", kept)):
            return True  # "if not pregnant"
        if replaced and numbers_of(kept):
            return True  # an age, a weight or a strength that was that of the others
    if numbers_of(phrase) and numbers_of(kept):
        return True
    held = {word.lower for word in words_of(kept) if not word.is_function}
    return any(word.lower in held for word in words_of(phrase) if not word.is_function)
