"""Whom and what a real sentence speaks of swapped, or a detail put in that it does not give."""

from __future__ import annotations

import re
from random import Random

from training.planted.altered import Change, replaced
from training.planted.lists import (
    CONDITIONS,
    DETAILS,
    DETAILS_FRONT,
    DRUG_NAMES,
    DRUGS,
    EFFECTS,
    POPULATIONS,
    PROCEDURES,
)

_PEOPLE = (
    ("children", ("older adults", "adults", "pregnant women")),
    ("adults", ("children", "infants")), ("infants", ("older adults", "adolescents")),
    ("women", ("children", "men")), ("men", ("women", "children")), ("boys", ("girls",)),
    ("girls", ("boys",)), ("males", ("females",)), ("females", ("males",)),
    ("older adults", ("young adults", "children")), ("older people", ("young people",)),
    ("elderly", ("young",)), ("newborns", ("older adults", "teenagers")),
    ("pregnant women", ("children", "elderly men")), ("adolescents", ("infants", "the elderly")),
    ("teenagers", ("newborns", "older adults")), ("young adults", ("older adults", "infants")),
    ("African Americans", ("Asian Americans", "Native Americans")),
    ("postmenopausal women", ("premenopausal women", "men")), ("male", ("female",)),
    ("female", ("male",)), ("young children", ("older adults",)), ("babies", ("teenagers",)),
    ("mice", ("rats", "humans", "dogs")), ("rats", ("mice", "humans")), ("humans", ("dogs",)),
    ("smokers", ("non-smokers",)), ("healthy volunteers", ("patients with diabetes",)),
)  # fmt: skip
_PERSON = re.compile(
    r"(?<![\w-])(?<!have )(?<!has )(?<!having )(?<!had )(?<!their )(?<!own )(?<!your )(?<!her )"
    r"(?<!siblings, and )(?<!Newborn )(?:"
    + "|".join(sorted((p for p, _ in _PEOPLE), key=len, reverse=True))
    + r")(?![\w'’-])"
)  # fmt: skip
_BOUND_TO_SEX = re.compile(
    r"pregnan|prostat|ovar|uter|menopau|menstr|cervi|testic|penis|Women's"
                           r"|sperm|vagin|breast|gestation|chromosome"
    r"|birth|adult\w* \w*onset", re.I,
)  # fmt: skip


def population(sentence: str, rng: Random) -> Change | None:
    """Other people than those of whom the source speaks."""
    options = dict(_PEOPLE)
    found = list(_PERSON.finditer(sentence))
    if len(found) != 1:
        return None
    match = found[0]
    if _BOUND_TO_SEX.search(sentence) and match.group() not in ("children", "adults"):
        return None
    new = rng.choice(options[match.group()])
    root = new.split()[-1].rstrip("s")
    return Change(replaced(sentence, *match.span(), new), (new, root, root + "s"))


_WORD = re.compile(r"(?<![\w-])[A-Za-z]{5,20}(?![\w-])")


def drug(sentence: str, rng: Random) -> Change | None:
    """Another drug of the same class."""
    for match in [m for m in _WORD.finditer(sentence) if m.group().lower() in DRUGS]:
        new = rng.choice(DRUGS[match.group().lower()])
        said = new.capitalize() if match.group()[0].isupper() else new
        claim = re.sub(rf"\b{match.group()}\b", said, sentence)
        return Change(claim, (new, DRUG_NAMES.get(new, new)))
    return None


def with_details(text: str, rng: Random) -> str:
    """A detail with its places ({drug}, {people}, {effect}, {n} ...) filled."""
    return text.format_map({
        "drug": rng.choice(_NAMES), "people": rng.choice(POPULATIONS), "n": rng.randint(2, 12),
        "effect": rng.choice(EFFECTS), "condition": rng.choice(CONDITIONS),
        "percent": rng.choice((3, 5, 8, 12, 15, 18, 25, 35, 40, 60, 75)),
        "period": rng.choice(("days", "weeks", "months")), "year": rng.randint(1936, 2012),
        "procedure": rng.choice(PROCEDURES),
    })  # fmt: skip


_NAMES = tuple(DRUGS)
_SAFE_START = re.compile(r"^(?:The|This|These|Those|There|It|They|Some|Most|Many|People|Patients"
                         r"|Symptoms|An?|Treatment|In|Children|Other|Several)\b")  # fmt: skip


def added_detail(sentence: str, rng: Random) -> Change | None:
    """A detail that the source does not give."""
    if rng.random() < 0.2 and _SAFE_START.search(sentence) and not sentence.startswith("In "):
        front = with_details(rng.choice(DETAILS_FRONT), rng)
        return Change(f"{front}, {sentence[0].lower()}{sentence[1:]}", (front,))
    detail = with_details(rng.choice(DETAILS), rng)
    return Change(f"{sentence[:-1]}, {detail}.", (detail,))
