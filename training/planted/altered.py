"""One clinical detail of a real sentence changed: the claims that must never pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from training.planted.forms import (
    CANONICAL,
    DIGITS,
    FREQUENCY,
    NUMBER,
    TIMES,
    WRONG_UNITS,
    another,
    other_frequency,
    read,
    write,
)


@dataclass(frozen=True, slots=True)
class Change:
    """A claim made from a sentence, and what must not stand in the evidence if it is untrue.

    ``unsaid`` where the claim speaks of something else, so that nothing contradicts it.
    """

    claim: str
    absent: tuple[str, ...] = ()
    unsaid: bool = False


Maker: TypeAlias = Callable[[str, Random], Change | None]

_UNITS = "|".join(sorted(map(re.escape, CANONICAL), key=len, reverse=True))
MEASURED = re.compile(
    rf"(?<![\w.,/$-])(?:({NUMBER})(-|–| to | or | and ))?({NUMBER})( ?)({_UNITS})(?![\w²-])"
)
_COUNTED = re.compile(
    rf"(?<![\w.,/$-])()()({NUMBER})( )(people|patients|children|adults|women|men|cases|times|types"
    r"|individuals|newborns|births|studies|trials|participants|genes|deaths|subjects|stages)\b"
)
# Beside these, another number may follow from the first ("under 5" says so of those under 2).
_LIMIT = re.compile(
    r"\b(?:than|over|under|least|most|above|below|exceed\w*|minimum of|maximum of|only|every|limit"
    r"|beyond|until|before|after|past|first|last|nearly|almost|age|aged)\s$|[≥≤<>~]\s?$",
    re.I,
)
_OPEN_AGE = re.compile(
    r"^\s?(?:of age |old |and |or )*(?:older|younger|over|under|and|or more|or less|or above"
    r"|or below)"
    r"|^ ?CI\b|^ ?confidence|^ from now"
)
_BETWEEN = re.compile(r"\b(?:between|from|ages?)\s$", re.I)


def spots(pattern: re.Pattern[str], sentence: str, rng: Random) -> list[re.Match[str]]:
    found = list(pattern.finditer(sentence))
    rng.shuffle(found)
    return found


def with_article(claim: str, word: str) -> str:
    """The claim with "a" or "an" before this word as its first letter asks."""
    article = "n " if word[0] in "aeiou" else " "
    return re.sub(rf"\b([Aa])n? (?={word}\b)", rf"\1{article}", claim)


def replaced(sentence: str, start: int, end: int, new: str) -> str:
    if start == 0:
        new = new[:1].upper() + new[1:]
    return sentence[:start] + new + sentence[end:]


def dose(sentence: str, rng: Random) -> Change | None:
    """Another number before a unit, a percent sign or a countable noun."""
    for pattern in (MEASURED, _COUNTED):
        for match in spots(pattern, sentence, rng):
            before, after = sentence[: match.start()], sentence[match.end() :]
            if _LIMIT.search(before) or _OPEN_AGE.search(after) or _BETWEEN.search(before):
                continue
            low, joint, old = match.group(1), match.group(2), match.group(3)
            if low and joint == " and ":
                continue
            name = CANONICAL.get(match.group(5), "")
            whole = name in TIMES or pattern is _COUNTED
            limit = 100 if name in ("%", "years") else 0
            value = another(read(old), rng, cap=limit, whole=whole)
            if value is None or value == 1:
                continue
            new = write(value, old)
            claim = replaced(sentence, match.start(3), match.end(3), new)
            if low:  # both ends move: a wider range would follow from the narrower
                bottom = read(low) * value / read(old)
                if (bottom * (1 if whole else 10)).denominator != 1:
                    continue
                said = write(bottom, low) + joint + new
                claim = replaced(sentence, match.start(1), match.end(3), said)
            return Change(claim, (new, write(value)))
    return None


def unit(sentence: str, rng: Random) -> Change | None:
    """Another unit after the same number."""
    for match in spots(MEASURED, sentence, rng):
        old = CANONICAL[match.group(5)]
        if _LIMIT.search(sentence[: match.start()]) or _OPEN_AGE.search(sentence[match.end() :]):
            continue
        options = WRONG_UNITS.get(old)
        if not options or re.match(r"/|\s?Hg", sentence[match.end() :]):
            continue
        new = rng.choice(options)
        number = match.group(3)
        said = f"{match.group(4) or ' '}{new}"
        claim = replaced(sentence, match.start(4), match.end(5), said)
        return Change(claim, (f"{number} {new}", f"{number}{new}", f"{number} {new.rstrip('s')}"))
    return None


_FREQUENCY = re.compile(
    "(?<![\\w-])(?:" + "|".join(sorted(map(re.escape, FREQUENCY), key=len, reverse=True))
    + "|each day|a day|per day|daily|weekly|monthly|annually|yearly|hourly|every year"
    + "|once a year|per week|per year|each year|every month|every week)(?![\\w-])",
)  # fmt: skip
_PERIODS = {
    "daily": ("weekly", "monthly"), "weekly": ("daily", "monthly", "yearly"),
    "monthly": ("daily", "weekly", "yearly"), "annually": ("monthly", "weekly", "daily"),
    "yearly": ("monthly", "weekly"), "hourly": ("daily", "weekly"),
    "a day": ("a week", "a month"), "per day": ("per week", "per month"),
    "each day": ("each week", "each month"), "every day": ("every week", "every other day"),
    "every year": ("every month", "every week"), "once a year": ("twice a year", "once a month"),
    "per week": ("per day", "per month"), "per year": ("per month", "per week", "per decade"),
    "each year": ("each month", "each week", "each day"), "every month": ("every year", "daily"),
    "every week": ("every day", "every month"),
}  # fmt: skip


def frequency(sentence: str, rng: Random) -> Change | None:
    """Another frequency: twice daily for four times daily, weekly for daily."""
    for match in spots(_FREQUENCY, sentence, rng):
        form = match.group()
        if form in _PERIODS:
            before = sentence[: match.start()]
            if before.endswith(("almost ", " an ", "nearly ")):
                continue
            if form == "daily" and not re.search(r"(?:\d\S* ?\w+|taken?|given|once) $", before):
                continue  # "daily life", "daily doses"
            new = rng.choice(_PERIODS[form])
            return Change(replaced(sentence, *match.span(), new), (new,))
        other = other_frequency(form, rng)
        if other is not None and not form.isupper():
            return Change(replaced(sentence, *match.span(), other[0]), (other[0],))
    return None


_ROUTE_ADVERBS = ("orally", "by mouth", "intravenously", "intramuscularly", "subcutaneously",
                  "topically", "rectally", "intranasally", "by inhalation")  # fmt: skip
_ROUTE_WORDS = ("oral", "intravenous", "intramuscular", "subcutaneous", "topical", "rectal",
                "inhaled", "intranasal", "transdermal", "intrathecal")  # fmt: skip
_ROUTE = re.compile(
    rf"(?<![\w-])(?:({'|'.join(_ROUTE_ADVERBS)})|({'|'.join(_ROUTE_WORDS)})"
    r"(?= (?:\w+ )?(?:medicines?|medications?|antibiotics?|corticosteroids?|steroids?|drugs?"
    r"|therapy|treatments?|administration|dos(?:e|es|ing)|injections?|infusions?|antifungals?"
    r"|immunoglobulin|acyclovir|vaccine|iron|preparations?|agents?|solution|fluids|formulations?"
    r"|delivery|route|immunization|vaccination|inoculation|challenge|glucose)\b))", re.I,
)  # fmt: skip


def route(sentence: str, rng: Random) -> Change | None:
    """Another route."""
    for match in spots(_ROUTE, sentence, rng):
        old = match.group().lower()
        same = {"orally", "by mouth", "oral"} if old in ("orally", "by mouth", "oral") else {old}
        options = [r for r in (_ROUTE_ADVERBS if match.group(1) else _ROUTE_WORDS)
                   if r not in same and r[:7] != old[:7]]  # fmt: skip
        new = rng.choice(options)
        claim = replaced(sentence, *match.span(), new)
        claim = with_article(claim, new)
        stem = new.removesuffix("ly")
        return Change(claim, (new, stem, stem + "ly", "mouth" if "oral" in new else new))
    return None


_COMPARATORS = {
    "at least": ("at most", "no more than"), "at most": ("at least",), "more than": ("less than",),
    "less than": ("more than",), "fewer than": ("more than",), "greater than": ("less than",),
    "older than": ("younger than",), "younger than": ("older than",),
    "longer than": ("shorter than",), "up to": ("at least", "more than"), "over": ("under",),
    "under": ("over",), "above": ("below",), "below": ("above",), "within": ("only after",),
    "or older": ("or younger",), "or more": ("or less",), "or less": ("or more",),
    "or fewer": ("or more",), "or higher": ("or lower",), "or lower": ("or higher",),
    "or younger": ("or older",), "and older": ("and younger",), "and over": ("and under",),
    "no more than": ("no less than", "at least"), "higher than": ("lower than",),
    "lower than": ("higher than",), "≥": ("≤", "<"), "≤": ("≥", ">"), ">": ("<",), "<": (">",),
    "larger than": ("smaller than",), "smaller than": ("larger than",),
    "shorter than": ("longer than",), "exceeds": ("stays below",), "and above": ("and below",),
}  # fmt: skip
_COMPARATOR = re.compile(
    r"(?<![\w>=<-])(?:(no more than|at least|at most|more than|less than|fewer than|greater than"
    r"|older than|younger than|longer than|up to|over|under|above|below|within|higher than"
    rf"|lower than|larger than|smaller than|shorter than|exceeds)(?= (?:age |the age of )?{NUMBER}"
    r"| half\b)"
    r"(?!(?<=over) \S+ (?:min|h|hours|days|weeks|months|years)\b(?! of age| old))|("
    r"or older|or more|or less|or fewer|or higher|or lower|or younger"
    r"|and older|and over|and above)(?=[.,;)]| of age| for\b| with\b| ha| is\b| are\b| in\b)"
    r"|([≥≤<>])(?= ?[0-9]))", re.I,
)  # fmt: skip


def comparator(sentence: str, rng: Random) -> Change | None:
    """The other side of a limit: at most for at least, below for above."""
    for match in spots(_COMPARATOR, sentence, rng):
        before, old = sentence[: match.start()].lower(), match.group().lower()
        if re.search(r"\b(?:p|not|no|and|or) ?$", before.rstrip("(= ")) or "one " in before[-4:]:
            continue
        if match.group(2) and not re.search(r"\d|two|three|four|half|one|inch", before[-24:]):
            continue
        new = rng.choice(_COMPARATORS[old])
        tail = re.match(rf" ?(?:age |the age of )?(?:{DIGITS}|\w+)", sentence[match.end() :])
        number = tail.group() if tail else ""
        absent = f"{new}{number}" if not match.group(2) else new
        return Change(replaced(sentence, *match.span(), new), (absent,))
    return None


_SIDE_NOUNS = (
    "side|ventric\\w+|atri\\w+|arm|leg|lung|breast|hemisphere|kidney|eye|ear|hand|foot|lobe|upper"
    "|lower|coronary|hip|knee|main|bronch\\w+|heart|lateral|frontal|temporal|parietal|half|part"
    "|shoulder|chest|chamber|iliac|subclavian|carotid|femoral|testicle|ovary|brain|aort\\w+|-sided"
    "|side of|vagus|bundle|hemicolectomy|colon|thalamus|hippocampus|amygdala|cerebr\\w+|inferior"
    "|superior|cerebellar|vs|index|caudal|posterior|anterior"
)
_SIDE = re.compile(rf"\b(left|right)(?=[ -](?:{_SIDE_NOUNS})\b|-sided)", re.I)
_SIDES = re.compile(
    r"\b(bilateral|unilateral|bilaterally|unilaterally|both sides|one side"
                    r"|(?<!or )both (?=eyes|ears|lungs|kidneys|breasts|arms|legs))\b", re.I,
)  # fmt: skip
_SIDED = {"left": "right", "right": "left", "bilateral": "unilateral", "unilateral": "bilateral",
          "bilaterally": "unilaterally", "unilaterally": "bilaterally",
          "both sides": "neither side",
          "one side": "both sides", "both ": "neither of the "}  # fmt: skip


def laterality(sentence: str, rng: Random) -> Change | None:
    """The other side."""
    for pattern in (_SIDE, _SIDES):
        for match in spots(pattern, sentence, rng):
            new = _SIDED[match.group().lower()]
            if re.search(rf"\b{new}\b", sentence, re.I):
                continue
            claim = replaced(sentence, *match.span(), new)
            claim = re.sub(r"\ba (?=unilateral)", "a ", claim)
            noun = re.match(r"[ -]\w+", sentence[match.end() :])
            absent = new + (noun.group() if noun and pattern is _SIDE else "")
            return Change(claim, (absent,))
    return None
