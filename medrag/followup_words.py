"""Which words of a question could be what it is about, and which could not.

Everything here is a closed list on purpose: a word that is not known to be general may be the
name of a drug or of a disease, and a question that holds one is taken at its word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from medrag.drugs import drug_names
from medrag.population import populations
from medrag.text import STOPWORDS, stem

_TOKEN = re.compile(r"[^\W_]+(?:['\u2019./-][^\W_]+)*")
_HAS_NUMBER = re.compile(r"\d")

PREPOSITIONS = frozenset(
    "in for during with without before after at on by under over below above between".split()
)
KINDS = ("who", "organ")
QUESTION_WORDS = frozenset(
    """
    what when how which who whom whose where why is are was were does do did can could should may
    might must will would has have
    """.split()
)
# What one may ask of a drug or a disease: "the dose of it".
ASPECTS = frozenset(
    """
    dose doses dosage dosing frequency interval route rate duration course effects effect reactions
    contraindications contraindication cautions caution interactions interaction indications
    indication monitoring half-life onset mechanism alternatives alternative antidote toxicity
    overdose threshold target level levels limit limits cause causes symptoms signs complications
    treatment management diagnosis risk risks
    """.split()
)
# Aspects that are things in themselves: after "the antidote of X", "it" may be the antidote.
_THINGS = frozenset(
    "alternatives alternative antidote toxicity overdose treatment management".split()
)
# "What dose", "the use of": what is asked for is no drug and no disease.
NO_THINGS = (ASPECTS - _THINGS) | frozenset(
    """
    much many often long use course infusion injection bolus administration amount strength tablet
    tablets capsule capsules time day days age patients people mg g ml units
    """.split()
)
ADJECTIVES = frozenset(
    """
    maximum minimum max min total daily loading maintenance starting initial usual single first last
    next recommended standard normal highest lowest high low side adverse oral intravenous
    """.split()
)
_FUNCTION = (
    STOPWORDS
    | PREPOSITIONS
    | QUESTION_WORDS
    | frozenset(
        """
        not no never always ever still again but nor only just please tell ok okay then too both
        each either else well yes same different instead together now due per until within as than
        there one cannot don't doesn't isn't aren't shouldn't can't more less most least enough
        """.split()
    )
)
_GENERAL = ASPECTS | frozenset(
    """
    maximum minimum max min total daily loading maintenance starting initial usual single
    recommended standard normal highest lowest high low side adverse long short often soon quickly
    fast many much give given take taken taking stop stopped start started restart restarted hold
    held withhold withheld continue continued use used prescribe prescribed administer
    administered avoid avoided repeat repeated reduce reduced increase increased adjust adjusted
    adjustment change changed switch switched monitor monitored check checked contraindicated safe
    work last interact recommend need needed require required indicated licensed available crush
    crushed dilute diluted infuse infused inject injected help missed doubled allowed apply
    applies treat treated diagnosed measured caused day days week weeks hour hours minute minutes
    month months time times once twice first next morning night food meal meals mouth orally
    intravenously patient patients people person someone somebody anyone drug drugs medicine
    medicines medication medications year years old
    reverse replace prevent counteract neutralise neutralize antagonise antagonize relieve cure
    manage substitute add precede
    safely okay important necessary possible ok true women men adult
    """.split()
)
_CONDITIONS = frozenset(
    """
    pregnant pregnancy breastfeeding lactation renal kidney hepatic liver impairment failure
    dialysis elderly older frail obese obesity
    """.split()
)
# Read off a patient, never given to one; potassium or glucose could be either.
_MEASURED = frozenset("egfr gfr crcl creatinine clearance inr bmi weight pulse qtc".split())
_UNITS = frozenset("mg g kg ml l dl mcg ug ng iu unit units mmol mol min h hr m2 bpm mmhg".split())
_ORGANS = re.compile(r"\b(?:renal|kidneys?|hepatic|liver|dialysis)\b", re.I)
_GENERAL_STEMS = frozenset(map(stem, _GENERAL))

# With these, "it" is something that is given to a patient, not a disease or a measurement.
_GIVING = re.compile(
    r"\b(?:given?|giving|tak(?:e|en|ing)|(?:re)?start(?:ed|ing)?|stop(?:ped|ping)?|us(?:e|ed|ing)|"
    r"prescrib(?:e|ed|ing)|administer(?:ed|ing)?|(?:with)?h[eo]ld|withheld|continued?|avoid(?:ed)?|"
    r"contraindicated|safe(?:ly)?|interacts?|crush(?:ed)?|dilute[d]?|infuse[d]?|inject(?:ed)?|"
    r"dos(?:e|es|age|ing)|side effects?|adverse|half-life|missed|licensed)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question and where it stands."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """Without capitals, and without the 's of a possessive."""
        lowered = self.text.lower().replace("\u2019", "'")
        return lowered[:-2] if lowered.endswith("'s") else lowered

    @property
    def is_number(self) -> bool:
        """Whether it holds a digit and so may be a quantity."""
        return bool(_HAS_NUMBER.search(self.text))

    @property
    def is_function(self) -> bool:
        """Whether it only holds a sentence together."""
        return self.lower in _FUNCTION

    @property
    def is_group(self) -> bool:
        """Whether it says of whom, or of which organ's failing, the question is."""
        return self.lower in _CONDITIONS or bool(populations(self.text))

    @property
    def may_be_subject(self) -> bool:
        """Whether the question could be about what this word names."""
        if drug_names(self.text):
            return True
        if self.is_function or self.is_group or self.is_number:
            return False
        parts = re.split("[-/]", self.lower)
        return not (_is_general(self.lower) or all(map(_is_general, parts)))

    @property
    def is_measured(self) -> bool:
        """Whether it is something that is read off a patient."""
        return self.lower in _MEASURED


def _is_general(word: str) -> bool:
    return word in _FUNCTION or word in _UNITS or stem(word) in _GENERAL_STEMS


def words_of(text: str) -> list[Word]:
    """The words and numbers of a text, in order."""
    return [Word(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def subject_runs(text: str) -> list[tuple[int, int]]:
    """Spans of neighbouring words that could each be one name: "sodium valproate"."""
    runs: list[tuple[int, int]] = []
    for word in words_of(text):
        if not word.may_be_subject:
            continue
        if runs and not text[runs[-1][1] : word.start].strip():
            runs[-1] = (runs[-1][0], word.end)
        else:
            runs.append((word.start, word.end))
    return runs


def phrases_of(text: str) -> list[tuple[int, int]]:
    """Spans of the phrases that begin with a preposition: "in children", "in renal impairment"."""
    spans: list[tuple[int, int]] = []
    start = end = -1
    for word in words_of(text):
        if word.lower in PREPOSITIONS:
            if start >= 0 and end > start:
                spans.append((start, end))
            start, end = word.start, -1
        elif start >= 0:
            if word.is_function and word.lower not in {"the", "a", "an", "and", "or"}:
                if end > start:
                    spans.append((start, end))
                start = end = -1
            else:
                end = word.end
    if start >= 0 and end > start:
        spans.append((start, end))
    return spans


def kind_of(phrase: str) -> str:
    """What a phrase restricts: "who", an "organ", or something "other"."""
    return next((kind for kind in KINDS if restricts(kind, phrase)), "other")


def restricts(kind: str, text: str) -> bool:
    """Whether a text says for whom ("who") or for which organ's failing ("organ") it holds."""
    return bool(populations(text) if kind == "who" else _ORGANS.search(text))


def is_about_giving(text: str) -> bool:
    """Whether "it" in this text must be something that is given."""
    return bool(_GIVING.search(text))
