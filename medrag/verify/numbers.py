"""Numbers as they are written: digits, thousands, decimals, fractions, and words."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from medrag.patterns import Pattern, folded

_ONES = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_BIG = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "dozen": 12}
_VULGAR = {
    "½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4), "⅓": Fraction(1, 3),
    "⅔": Fraction(2, 3), "⅛": Fraction(1, 8), "⅕": Fraction(1, 5),
}  # fmt: skip
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

_V = "[½¼¾⅓⅔⅛⅕]"
# The order matters: thousands before decimals before plain digits. "2 500 mg tablets" are two
# tablets, so a space groups thousands only where no countable form follows.
DIGITS = (
    r"(?<![0-9A-Za-z.,])(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?"
    r"|[1-9][0-9]{0,2}(?: [0-9]{3})+(?![0-9])(?!,[0-9]|\.[0-9])"
    r"(?! ?(?:mg|g|mcg|micrograms?|µg|mL|ml) (?:tab|cap|puff|dose|vial|sachet|ampoule))"
    r"|[0-9]+,[0-9]{1,2}(?![0-9,])|0,[0-9]+(?![0-9])"
    r"|[0-9]+ (?=[1-9]/[2-8] )[1-9]/[2-8](?![0-9/])"
    r"|1/[2-8](?![0-9/.])|2/3(?![0-9/.])|3/4(?![0-9/.])"
    rf"|[0-9]+(?:[.·][0-9]+)?(?: ?{_V})?|[.·][0-9]+|{_V})"
)
_ONE_WORD = "|".join(sorted(_ONES, key=len, reverse=True))
_TEN_WORD = "|".join(_TENS)
_UNDER_TEN = "one|two|three|four|five|six|seven|eight|nine"
WORDS = (
    rf"\b(?:(?:{_TEN_WORD})(?:[- ](?:{_UNDER_TEN}))?"
    rf"|(?:an?|{_UNDER_TEN}) (?:hundred|thousand|million|dozen)"
    rf"|{_ONE_WORD}|half(?! ?-? ?li(?:fe|ves)))\b"
)
NUMBER = rf"(?:{DIGITS}|{WORDS})"
_SCALE = Pattern(
    r"[ \t]?(hundred|thousand|million|billion)\b"
    r"|[ \t]?[x×*][ \t]?10(?:\^([0-9]{1,2})|([⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))",
    re.I,
)
_HALF_OF = Pattern(r" (?:an?|of an?) ")
# Wherever a number begins, one of these does, or a word of ``_SPOKEN``, or an "a" before one.
_SIGNS = Pattern(r"[0-9.·−–½¼¾⅓⅔⅛⅕-]")
_SPOKEN = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirt", "fift", "fort", "twenty", "half",
)  # fmt: skip
_AFTER_A = ("hundred", "thousand", "million", "dozen")
_SCALE_LETTERS = frozenset("hHtTmMbBxX×*")
MAX_DIGITS = 40
UNSCALED = Fraction(1)


def number_starts(text: str) -> list[int]:
    """Every place of ``text``, ascending, at which a (signed) number may begin, and some more:
    far fewer than all of them, of which a pattern that may open with any number tries each."""
    places = [match.start() for match in _SIGNS.finditer(text)]
    lowered = folded(text)
    if len(lowered) != len(text):
        return list(range(len(text)))  # a letter whose lower case is longer
    spoken: list[int] = []
    for word in _SPOKEN:
        at = lowered.find(word)
        while at >= 0:
            spoken.append(at)
            at = lowered.find(word, at + 1)
    for word in _AFTER_A:
        at = lowered.find(word)
        while at >= 0:
            spoken += [at - 2, at - 3]
            at = lowered.find(word, at + 1)
    if not spoken:
        return places
    begins = (at for at in spoken if at == 0 or (at > 0 and not _is_inside(text[at - 1])))
    return sorted({*places, *begins})


def _is_inside(before: str) -> bool:
    return before.isalnum() or before == "_"


@lru_cache(maxsize=4096)
def value(text: str) -> Fraction:
    """The exact value of a number matched by ``NUMBER``."""
    text = text.strip().lower()
    if text[0] not in "0123456789.·" + "".join(_VULGAR):
        return _word_value(text)
    total = Fraction(0)
    if text[-1] in _VULGAR:
        total, text = _VULGAR[text[-1]], text[:-1].strip()
        if not text:
            return total
    if "/" in text:
        *whole, fraction = text.split(" ")
        top, bottom = fraction.split("/")
        return Fraction(int(whole[0]) if whole else 0) + Fraction(int(top), int(bottom))
    return total + _decimal(text)


def _decimal(text: str) -> Fraction:
    text = text.replace("·", ".").replace(" ", "")
    if "," in text:
        thousands = re.fullmatch(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?", text)
        text = text.replace(",", "" if thousands else ".")
    # A run of thousands of digits is noise, and exact arithmetic on it would be slow.
    return Fraction(text[:MAX_DIGITS] if len(text) > MAX_DIGITS else text)


def _word_value(text: str) -> Fraction:
    if text == "half":
        return Fraction(1, 2)
    total = 0
    for part in re.split(r"[- ]", text):
        if part in _BIG:
            total = max(total, 1) * _BIG[part]
        elif part in {"a", "an"}:
            total = 1
        else:
            total += _ONES.get(part, _TENS.get(part, 0))
    return Fraction(total)


def scale(text: str, position: int) -> tuple[Fraction, int]:
    """A multiplier after a number ("million", "×10⁹") and where it ends."""
    first = text[position : position + 1]
    if first in (" ", "\t"):
        first = text[position + 1 : position + 2]
    match = _SCALE.match(text, position) if first in _SCALE_LETTERS else None
    if match is None:
        return UNSCALED, position
    if match.group(1):
        return Fraction(_BIG[match.group(1).lower()]), match.end()
    power = match.group(2) or match.group(3).translate(_SUPERSCRIPT)
    return Fraction(10) ** int(power), match.end()
