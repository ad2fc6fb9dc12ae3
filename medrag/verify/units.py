"""Units of measure with exact factors, and the reading of a unit after a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from medrag.patterns import Pattern

Entry = tuple[str, Fraction, Fraction]  # dimension, factor, offset: base = value * factor + offset

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in canonical form: ``base = value * factor + offset`` in ``dimension``."""

    dimension: str = ""
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    per: tuple[str, ...] = ()


COUNT = Unit()
_BLANKS = (" ", "\t")
_BEFORE_PER = (*_BLANKS, "/", "p")


_ROWS: list[tuple[str, str | int | Fraction, str]] = [
    ("mass", 1, "g gm gms gram grams gramme grammes"),
    ("mass", "1/1000", "mg mgs milligram milligrams milligramme milligrammes"),
    ("mass", "1/1000000", "µg ug mcg mcgs microgram micrograms microgramme microgrammes"),
    ("mass", "1/1000000000", "ng nanogram nanograms"),
    ("mass", 1000, "kg kgs kilogram kilograms kilo kilos"),
    ("volume", 1, "l litre litres liter liters"),
    ("volume", "1/10", "dl decilitre decilitres deciliter deciliters"),
    ("volume", "1/1000", "ml mls millilitre millilitres milliliter milliliters cc cm3 cm³"),
    ("volume", "1/1000000", "µl ul microlitre microlitres microliter microliters mm3 mm³"),
    ("volume", "1/1000000000000000", "fl"),
    ("substance", 1, "mol mole moles"),
    ("substance", "1/1000", "mmol mmols millimole millimoles"),
    ("substance", "1/1000000", "µmol umol micromol micromole micromoles"),
    ("substance", "1/1000000000", "nmol nanomole nanomoles"),
    ("substance", "1/1000000000000", "pmol"),
    ("equivalent", "1/1000", "meq milliequivalent milliequivalents"),
    ("unit", 1, "u iu unit units"),
    ("unit", "1/1000", "mu miu"),
    ("pressure", "133.322387415", "mmhg"),
    ("pressure", "98.0665", "cmh2o cmh₂o"),
    ("pressure", 1000, "kpa"),
    ("beat", "1/60", "bpm"),
    ("time", 1, "s sec secs second seconds"),
    ("time", _MINUTE, "min mins minute minutes"),
    ("time", _HOUR, "h hr hrs hour hours"),
    ("time", _DAY, "day days"),
    ("time", 7 * _DAY, "week weeks wk wks"),
    ("time", 14 * _DAY, "fortnight fortnights"),
    ("month", 1, "month months"),
    ("month", 12, "year years yr yrs"),
    ("length", 1, "m metre metres meter meters"),
    ("length", "1/100", "cm centimetre centimetres centimeter centimeters"),
    ("length", "1/1000", "mm millimetre millimetres millimeter millimeters"),
    ("length", 1000, "km"),
    ("area", 1, "m2 m²"),
    ("area", "1/10000", "cm2 cm²"),
    ("energy", 1000, "kj"),
    ("energy", 4184, "kcal kcals"),
    ("energy", 1, "j joule joules"),
    ("percent", 1, "% percent"),
    ("fold", 1, "fold"),
]


def _table() -> dict[str, Entry]:
    out: dict[str, Entry] = {}
    for dimension, factor, names in _ROWS:
        for name in names.split():
            out[name] = (dimension, Fraction(factor), Fraction(0))
    zero_c, zero_f = Fraction("273.15"), Fraction("273.15") - Fraction(160, 9)
    for name in ("°c", "ºc", "celsius", "centigrade"):
        out[name] = ("temperature", Fraction(1), zero_c)
    for name in ("°f", "ºf", "fahrenheit"):
        out[name] = ("temperature", Fraction(5, 9), zero_f)
    for noun in _NOUNS.split():
        for form in (noun, noun + "s"):
            out[form] = (noun, Fraction(1), Fraction(0))
    for form, noun in (
        ("patches", "patch"),
        ("suppositories", "suppository"),
        ("tabs", "tablet"),
        ("tab", "tablet"),
        ("caps", "capsule"),
        ("breaths", "breath"),
        ("inhalations", "inhalation"),
        ("vomits", "vomit"),
    ):
        out[form] = (noun, Fraction(1), Fraction(0))
    return out


# Countable things whose number is a dose: two puffs are not two tablets.
_NOUNS = (
    "puff tablet capsule drop dose spray patch ampoule vial sachet teaspoon tablespoon injection "
    "suppository breath compression inhalation lozenge pill pastille actuation bolus stitch beat"
)
_UNITS = _table()
_DENOMINATORS: dict[str, Entry] = {
    **_UNITS,
    "d": ("time", Fraction(_DAY), Fraction(0)),
    "night": ("time", Fraction(_DAY), Fraction(0)),
    "person": ("person", Fraction(1), Fraction(0)),
    "patient": ("person", Fraction(1), Fraction(0)),
}
# A single letter stands for a unit only as it is commonly written ("5 s" no, "5 g", "5 L" yes).
_SINGLE = frozenset({"g", "l", "L", "h", "m", "U", "u", "J", "s"})
_TOKEN = Pattern(r"[ \t]?-?[ \t]?(%|[°º][ \t]?[CcFf]\b|[A-Za-zµμ²³]+[23²³]?(?:₂O|2O)?)")
_PHRASES = (
    (Pattern(r"[ \t]?per[ \t]cent\b", re.I), Unit("percent")),
    (Pattern(r"[ \t]?degrees?[ \t](?:celsius|centigrade|c\b)", re.I), "°c"),
    (Pattern(r"[ \t]?degrees?[ \t](?:fahrenheit|f\b)", re.I), "°f"),
    (Pattern(r"[ \t]?C(?![A-Za-z0-9])"), "°c"),
    (Pattern(r"[ \t]?international[ \t]units?\b", re.I), "iu"),
    (Pattern(r"[ \t]?i\.u\.", re.I), "iu"),
    (Pattern(r"[ \t]?(?:cells|copies)(?![A-Za-z])", re.I), Unit("")),
    (Pattern(r"[ \t]?mm[ \t]Hg\b"), "mmhg"),
)
# What they begin with, after a space or none.
_PHRASE_LETTERS = frozenset("pPdDcCiI\u0130\u0131mM")
_PER = Pattern(
    r"[ \t]?(?:/|\bper\b)[ \t]?(?:([0-9]+(?:\.[0-9]+)?)[ \t]?)?([A-Za-zµμ]+[23²³]?)(?![A-Za-z0-9])"
)
_PER_A = Pattern(r"[ \t](?:an?|each)[ \t]()(day|week|month|hour|minute|year)\b", re.I)
_IN_DAY = Pattern(r"[ \t](?:in|over)[ \t](?:any[ \t]|a[ \t])?24[ \t-]?(?:hours?|hrs?|h)\b", re.I)
_MEASURED = frozenset({"mass", "volume", "substance", "equivalent", "unit", "energy"})


def look_up(name: str, table: dict[str, Entry] | None = None) -> Entry | None:
    """The entry of a unit's name, whatever its case; None where there is no such unit."""
    table = _UNITS if table is None else table
    name = name.replace("μ", "µ").replace(" ", "")
    if len(name) == 1 and name.isalpha() and table is _UNITS and name not in _SINGLE:
        return None
    return table.get(name.lower())


def read_unit(text: str, position: int) -> tuple[Unit, int]:
    """The unit that stands at ``position`` (a space or hyphen before it allowed) and its end."""
    unit, end = _numerator(text, position)
    return _denominators(text, end, unit)


def _numerator(text: str, position: int) -> tuple[Unit, int]:
    first = text[position : position + 1]
    if first in _BLANKS:
        first = text[position + 1 : position + 2]
    for pattern, named in _PHRASES if first in _PHRASE_LETTERS else ():
        match = pattern.match(text, position)
        if match:
            if isinstance(named, Unit):
                return named, match.end()
            return Unit(*_UNITS[named]), match.end()
    match = _TOKEN.match(text, position) if first and first not in ".,;:()" else None
    if match and not text[match.end() : match.end() + 1].isalnum():
        entry = look_up(match.group(1))
        if entry is not None:
            return Unit(*entry), match.end()
    return COUNT, position


def _denominators(text: str, end: int, unit: Unit) -> tuple[Unit, int]:
    per: list[str] = []
    factor = unit.factor
    if unit is COUNT and text[end : end + 1] not in _BEFORE_PER:
        return COUNT, end
    while True:
        match = _PER.match(text, end)
        if match is None and unit.dimension:
            match = _PER_A.match(text, end)
        if match is None:
            break
        if match.group(1) == "1.73":
            per.append("1.73m2")
            end = match.end()
            continue
        entry = look_up(match.group(2), _DENOMINATORS)
        if entry is None or len(per) > 3:
            break
        amount = Fraction(match.group(1)) if match.group(1) else Fraction(1)
        if amount == 0:
            break
        factor /= entry[1] * amount
        per.append(entry[0])
        end = match.end()
    day = _IN_DAY.match(text, end) if unit.dimension in _MEASURED and "time" not in per else None
    if day:
        per.append("time")
        factor /= _DAY
        end = day.end()
    dimension = unit.dimension
    if dimension in {"beat", "breath", "compression"} and per == ["time"]:
        per = []
        dimension = "beat"
    if dimension == "dose" and per == ["time"]:
        dimension = "frequency"  # "4 doses per day" is "4 times a day"
    return Unit(dimension, factor, unit.offset, tuple(sorted(per))), end
