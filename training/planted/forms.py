"""Numbers, units and frequencies: how they are written, and what else means exactly the same."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random

WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
).split()
WORD_VALUES = {word: i for i, word in enumerate(WORDS) if i} | {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100,
}  # fmt: skip
DIGITS = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?"
NUMBER = rf"(?:{DIGITS}|(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?![\w-]))"

# (larger, smaller, how many of the smaller make one of the larger)
CONVERSIONS = (
    ("kg", "g", 1000), ("g", "mg", 1000), ("mg", "micrograms", 1000), ("L", "mL", 1000),
    ("weeks", "days", 7), ("days", "hours", 24), ("hours", "minutes", 60),
    ("years", "months", 12), ("m", "cm", 100), ("cm", "mm", 10),
)  # fmt: skip
SPELLINGS = {
    "kg": ("kg", "kilograms"), "g": ("g", "grams"), "mg": ("mg", "milligrams"),
    "micrograms": ("micrograms", "mcg", "µg", "μg"), "L": ("L", "litres", "liters"),
    "mL": ("mL", "ml", "millilitres", "milliliters"), "weeks": ("weeks",), "days": ("days",),
    "hours": ("hours", "h"), "minutes": ("minutes", "min"), "years": ("years",),
    "months": ("months",), "m": ("m", "metres"), "cm": ("cm", "centimetres", "centimeters"),
    "mm": ("mm", "millimetres"), "units": ("units", "IU"), "mmol": ("mmol", "millimoles"),
    "%": ("%", " percent", " per cent"),
}  # fmt: skip
CANONICAL = {s.strip(): unit for unit, forms in SPELLINGS.items() for s in forms} | {
    "gram": "g", "kilogram": "kg", "milligram": "mg", "microgram": "micrograms", "litre": "L",
    "liter": "L", "week": "weeks", "day": "days", "hour": "hours", "minute": "minutes",
    "year": "years", "month": "months", "liters": "L", "mins": "minutes", "centimeter": "cm",
    "millimeters": "mm", "millimeter": "mm", "meters": "m", "meter": "m",
}  # fmt: skip
TIMES = ("years", "months", "weeks", "days", "hours", "minutes")
# What a careless hand writes instead, and what it never means.
WRONG_UNITS = {
    "g": ("mg", "kg", "micrograms"), "mg": ("g", "micrograms", "mL"), "kg": ("g", "lb"),
    "micrograms": ("mg", "g", "ng"), "mL": ("L", "mg"), "L": ("mL", "dL"),
    "units": ("mg", "mL", "micrograms"), "mmol": ("mg", "micromol", "mol"),
    "weeks": ("days", "months", "years"), "days": ("hours", "weeks", "months"),
    "hours": ("minutes", "days", "weeks"), "minutes": ("hours", "seconds", "days"),
    "years": ("months", "weeks", "days"), "months": ("weeks", "years", "days"),
    "cm": ("mm", "m", "inches"), "mm": ("cm", "m", "inches"), "m": ("cm", "km"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of something: ``value`` of ``unit`` (canonical), perhaps ``per`` ("/kg")."""

    value: Fraction
    unit: str
    per: str = ""

    def same(self) -> list[Amount]:
        """The amounts that are exactly this one in another unit and still easy to read."""
        found = []
        for large, small, factor in CONVERSIONS:
            if self.unit == large and self.value <= _MOST.get(large, 100):
                found.append(Amount(self.value * factor, small, self.per))
            if self.unit == small:
                found.append(Amount(self.value / factor, large, self.per))
        return [a for a in found if _is_plain(a.value, whole=a.unit in TIMES)]


_MOST = {"days": 3, "hours": 6, "years": 3, "weeks": 8, "kg": 10, "L": 10}


def _is_plain(value: Fraction, whole: bool) -> bool:
    if whole:
        return value.denominator == 1 and value >= 1
    return (value * 1000).denominator == 1 and Fraction(1, 20) <= value <= 100_000


def read(text: str) -> Fraction:
    """The value of a number in digits (thousands separated or not) or in a word."""
    word = text.lower()
    return Fraction(WORD_VALUES[word]) if word in WORD_VALUES else Fraction(text.replace(",", ""))


def write(value: Fraction, like: str = "") -> str:
    """``value`` in digits; in a word, or with thousands separated, where ``like`` is."""
    if like.isalpha() and value.denominator == 1 and 0 < value <= 20:
        word = WORDS[int(value)]
        return word.capitalize() if like[0].isupper() else word
    separated = "," in like or (value >= 10_000 and not like.isdigit())
    if value.denominator == 1:
        return f"{int(value):,}" if separated else str(int(value))
    digits = next(n for n in range(1, 12) if (value * 10**n).denominator == 1)
    return f"{float(value):,.{digits}f}" if separated else f"{float(value):.{digits}f}"


def spelled(amount: Amount, rng: Random, plain: bool = False) -> str:
    """An amount as one may write it: "0.5 mg", "500 micrograms/kg", "five days", "1,000mg"."""
    forms = SPELLINGS.get(amount.unit, (amount.unit,))
    form = forms[0] if plain or rng.random() < 0.5 else rng.choice(forms)
    if amount.value == 1 and form.endswith("s") and amount.unit != "units" and len(form) > 2:
        form = form[:-1]
    number = write(amount.value, "1,000" if amount.value >= 1000 and rng.random() < 0.5 else "1")
    if not plain and amount.unit in TIMES and 1 < amount.value <= 12 and rng.random() < 0.4:
        number = write(amount.value, "two")
    gap = "" if form[:1] in "% " or (not plain and len(form) < 3 and rng.random() < 0.15) else " "
    per = amount.per
    if per and len(form) > 3:
        per = per.replace("/", " per ")
    return f"{number}{gap}{form}{per}"


_FACTORS = tuple(map(Fraction, "10 1/10 2 1/2 5 3 4 1/4 3/2 1/5 5/2".split()))


def another(value: Fraction, rng: Random, *, way: int = 0, cap: int = 0, whole: bool = False
            ) -> Fraction | None:  # fmt: skip
    """Another value, at least half as much again away and as easy to write; ``way`` 1 or -1
    asks for a larger or smaller one, ``cap`` is the largest allowed."""
    options = [value * factor for factor in _FACTORS]
    if value.denominator == 1 and 12 < value < 100 and value % 10 not in (0, value // 10):
        options += [Fraction(value % 10 * 10 + value // 10)] * 3
    whole = whole or (value.denominator == 1 and value < 10 and rng.random() < 0.8)
    far = (Fraction(2, 3), Fraction(3, 2))
    options = [
        v for v in options
        if v > 0 and (v / value <= far[0] or v / value >= far[1])
        and _is_tidy(v, value, whole)
        and (not way or (v > value) == (way > 0)) and not (cap and v > cap)
    ]  # fmt: skip
    return rng.choice(options) if options else None


def _is_tidy(new: Fraction, old: Fraction, whole: bool) -> bool:
    if whole:
        return new.denominator == 1
    finer = 10 if old.denominator == 1 else old.denominator * 10
    return (new * 1000).denominator == 1 and (new * finer).denominator == 1


# How often a day, and how it is said. Forms with hours say more than forms with counts: "every 12
# hours" is twice a day, but twice a day need not be every 12 hours.
COUNTS = {
    "1": ("once daily", "once a day", "one time a day", "once per day", "OD", "once every day"),
    "2": ("twice daily", "twice a day", "two times a day", "BD", "twice per day", "2 times a day",
          "b.d."),
    "3": ("three times daily", "three times a day", "TDS", "3 times a day", "three times per day"),
    "4": ("four times daily", "four times a day", "QDS", "4 times a day", "four times per day"),
    "6": ("six times a day", "six times daily", "6 times a day"),
    "w1": ("once weekly", "once a week", "once per week", "once every week"),
    "w2": ("twice weekly", "twice a week", "two times a week", "2 times per week"),
    "w3": ("three times a week", "three times weekly", "3 times per week"),
    "f1": ("every two weeks", "every 2 weeks", "once every fortnight", "every 14 days"),
    "m1": ("once a month", "once monthly", "every month", "once per month"),
    "a1": ("on alternate days", "every other day", "every second day"),
}  # fmt: skip
HOURS = {
    "1": ("every 24 hours", "every 24 h", "24-hourly"),
    "2": ("every 12 hours", "every twelve hours", "12-hourly", "q12h"),
    "3": ("every 8 hours", "every eight hours", "8-hourly", "q8h"),
    "4": ("every 6 hours", "every six hours", "6-hourly", "q6h"),
    "6": ("every 4 hours", "every four hours", "4-hourly", "q4h"),
}
FREQUENCY = {form: key for table in (COUNTS, HOURS) for key, forms in table.items()
             for form in forms}  # fmt: skip
FREQUENCY |= {"1 time a day": "1", "three times per week": "w3", "two times daily": "2",
              "every day": "1", "weekly": "w1", "monthly": "m1", "fortnightly": "f1"}  # fmt: skip


def frequency(key: str, rng: Random) -> str:
    """One way to say this frequency, in counts or in hours."""
    return rng.choice(COUNTS[key] + HOURS.get(key, ()))


def same_frequency(form: str, rng: Random) -> str | None:
    """Another way to say what ``form`` says, and no more than it says."""
    key = FREQUENCY.get(form.lower()) or FREQUENCY.get(form)
    if key is None:
        return None
    forms = [f for f in COUNTS[key] if f.lower() != form.lower()]
    if form in HOURS.get(key, ()):
        forms += [f for f in HOURS[key] if f != form]
    return rng.choice(forms) if forms else None


def other_frequency(form: str, rng: Random) -> tuple[str, str] | None:
    """(another frequency's form, its key); a count for a count."""
    key = FREQUENCY.get(form.lower()) or FREQUENCY.get(form)
    if key is None:
        return None
    new = rng.choice([k for k in COUNTS if k != key and (k.isdigit() or not key.isdigit())])
    return frequency(new, rng), new


def says_frequency(text: str, key: str) -> bool:
    """Whether a text says this frequency somewhere."""
    lowered = text.lower()
    return any(stands(lowered, form.lower()) for form, k in FREQUENCY.items() if k == key)


def stands(text: str, value: str) -> bool:
    """Whether a value stands in a text by itself: "5" not in "15", "0.5", "5.2" or "5,000"."""
    at = text.find(value)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(value) : at + len(value) + 2]
        inside = before.isalnum() or before in ("_", ".", ",")
        further = after[:1].isalnum() or (after[:1] in (".", ",") and after[1:].isdigit())
        if not (inside and before) and not further:
            return True
        at = text.find(value, at + 1)
    return False
