"""Numbers, units, frequencies and words of a sentence for others that mean the same."""

from __future__ import annotations

import re
from random import Random

from training.planted.altered import replaced, spots, with_article
from training.planted.faithful import Said
from training.planted.forms import (
    CANONICAL,
    FREQUENCY,
    NUMBER,
    WORD_VALUES,
    Amount,
    read,
    same_frequency,
    spelled,
    write,
)
from training.planted.lists import DRUG_NAMES
from training.planted.synonyms import SYNONYMS
from training.planted.text import Run

_AMOUNT = re.compile(
    rf"(?<![\w.,/$~<>-])({NUMBER})(?:(-|–| to | or )({NUMBER}))?( )"
    rf"({'|'.join(sorted(map(re.escape, CANONICAL), key=len, reverse=True))})(?![\w²/-])"
)


def converted(run: Run, at: int, rng: Random) -> Said | None:
    """An amount in another unit, exactly."""
    sentence = run.sentences[at]
    for match in spots(_AMOUNT, sentence, rng):
        before = sentence[: match.start()]
        if re.search(r"(?:\d[%\w]*|two|three|four|five) (?:and|or|to) $|\d,? ?$", before):
            continue
        unit = CANONICAL[match.group(5)]
        last = Amount(read(match.group(3) or match.group(1)), unit)
        options = last.same()
        if not options:
            continue
        new = rng.choice(options)
        said = spelled(new, rng)
        if match.group(2):
            low = read(match.group(1)) * new.value / last.value
            if (low * 10).denominator != 1:
                continue
            said = f"{write(low)}{match.group(2)}{spelled(new, rng, plain=True)}"
        return replaced(sentence, *match.span(), said), at, at
    return None


_NOUNS = (r"(?= (?:days|weeks|months|years|hours|minutes|people|patients|children|cases|types|times"
          r"|groups|doses|tablets|copies|genes|studies|trials|stages|families|individuals|percent"
          r"|servings|cups|glasses|subjects|women|men|adults|different|or more|million"
          r"|other)\b)")  # fmt: skip
_WORDED = re.compile(
    r"(?<![\w-])(" + "|".join(w for w in WORD_VALUES if w != "one" and w != "hundred")
    + ")" + _NOUNS, re.I,
)  # fmt: skip
_FIGURE = re.compile(
    r"(?<![\w.,/$-])(?<!type )(?<!phase )(?<!stage )(?<!chromosome )([2-9]|1[0-9]|20)" + _NOUNS
)


def numerals(run: Run, at: int, rng: Random) -> Said | None:
    """A number in digits for one in words, or the other way round."""
    sentence = run.sentences[at]
    for match in spots(_WORDED, sentence, rng) + spots(_FIGURE, sentence, rng):
        old = match.group(1)
        before = sentence[: match.start()]
        if re.search(r"(?:\d|\b(?:in|out of|or|to|and|of|between|hundred)|[–-]) $", before):
            continue
        new = write(read(old), "two" if old.isdigit() else "")
        return replaced(sentence, *match.span(1), new), at, at
    return None


_SAID_OFTEN = re.compile(
    "(?<![\\w-])(?:" + "|".join(sorted(map(re.escape, FREQUENCY), key=len, reverse=True))
    + "|per day|per week|per year|a year|each year|every year|annually)(?![\\w-])"
)  # fmt: skip
_OFTEN = {"per day": ("a day", "each day"), "per week": ("a week", "each week"),
          "per year": ("a year", "each year"), "a year": ("per year",),
          "each year": ("every year", "a year"), "every year": ("each year",)}  # fmt: skip


def frequency(run: Run, at: int, rng: Random) -> Said | None:
    """Another way to say how often."""
    sentence = run.sentences[at]
    for match in spots(_SAID_OFTEN, sentence, rng):
        form = match.group()
        if form in _OFTEN:
            if form == "a year" and not re.search(
                r"(?:times|once|twice) $", sentence[: match.start()]
            ):
                continue
            new: str | None = rng.choice(_OFTEN[form])
        elif form in ("weekly", "monthly", "daily", "every day", "OD", "BD", "fortnightly"):
            continue
        else:
            new = same_frequency(form, rng)
        if new and not new.isupper():
            return replaced(sentence, *match.span(), new), at, at
    return None


_NOUN_PHRASE = r"(?:(?:The|This|A|An|the|a|an|this) )?[A-Za-z][\w-]*(?: [a-z][\w-]*){0,3}"
_DONE = {"cause": "caused", "affect": "affected", "reduce": "reduced", "improve": "improved",
         "damage": "damaged", "trigger": "triggered", "prevent": "prevented", "treat": "treated",
         "block": "blocked", "relieve": "relieved", "detect": "detected", "inhibit": "inhibited",
         "increase": "increased", "decrease": "decreased", "control": "controlled",
         "destroy": "destroyed", "produce": "produced", "diagnose": "diagnosed"}  # fmt: skip
_ACTIVE = re.compile(rf"^({_NOUN_PHRASE}) (can|may|could|might|will) ({'|'.join(_DONE)}) ("
                     rf"{_NOUN_PHRASE})\.$")  # fmt: skip
_PASSIVE = re.compile(rf"^({_NOUN_PHRASE}) (can|may|could|might|will) be "
                      rf"({'|'.join(_DONE.values())}) by ({_NOUN_PHRASE})\.$")  # fmt: skip
_LOOSE_WORDS = re.compile(r"\b(?:and|or|also|it|they|you|we|this|that|these|such|not|no|who|which"
                          r"|to|often|sometimes|by|people|some|many|most|one|other|your|in|at|he|she"
                          r"|for|if|when|more|than|them|using|how|what)\b", re.I)  # fmt: skip


def voice(run: Run, at: int, rng: Random) -> Said | None:
    """Passive for active, or the other way round, in short sentences with a modal verb."""
    sentence = run.sentences[at]
    match = _ACTIVE.match(sentence)
    done = "" if match is None else f"be {_DONE[match.group(3)]} by"
    if match is None:
        match = _PASSIVE.match(sentence)
        done = "" if match is None else next(v for v, d in _DONE.items() if d == match.group(3))
    if match is None:
        return None
    first, modal, second = match.group(1), match.group(2), match.group(4)
    if _LOOSE_WORDS.search(first.replace("This ", "")) or _LOOSE_WORDS.search(second):
        return None
    inner = (
        first[0].lower() + first[1:]
        if first.split(" ")[0][1:].islower() or first[1] == " "
        else first
    )
    return f"{second[0].upper()}{second[1:]} {modal} {done} {inner}.", at, at


_ALIKE: dict[str, str] = {}
for _left, _right in SYNONYMS + tuple(DRUG_NAMES.items()):
    _ALIKE.setdefault(_left.lower(), _right)
_SYNONYM = re.compile(
    r"(?<![\w-])(?:" + "|".join(sorted(map(re.escape, _ALIKE), key=len, reverse=True))
    + r")(?![\w-])", re.I,
)  # fmt: skip


def synonym(run: Run, at: int, rng: Random) -> Said | None:
    """One or two words for others that a clinician would use freely in their place."""
    sentence = run.sentences[at]
    for match in spots(_SYNONYM, sentence, rng):
        old = match.group()
        if old[0].isupper() and (match.start() or old.lower() == "approximately"):
            continue  # part of a name
        new = _ALIKE[old.lower()]
        if re.search(r"\((?:[^()]*)$", sentence[: match.start()]) or f"({new}" in sentence:
            continue
        claim = replaced(sentence, *match.span(), new)
        return with_article(claim, new), at, at
    return None
