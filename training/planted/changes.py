"""One fact of a planted clinical sentence changed, or the same facts said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import TypeAlias

from training.planted.altered import Change
from training.planted.family import Family
from training.planted.forms import (
    SPELLINGS,
    TIMES,
    WRONG_UNITS,
    Amount,
    another,
    other_frequency,
    same_frequency,
    spelled,
    write,
)
from training.planted.lists import (
    DETAILS,
    DRUG_NAMES,
    DRUGS,
    POPULATIONS,
    ROUTES,
)
from training.planted.orders import LIMITS, USED, Order, overlap
from training.planted.phrases import FAMILIES
from training.planted.swapped import with_details


def serving(kind: str) -> tuple[Family, ...]:
    """The families whose sentences can be altered, or said otherwise, in this way."""
    if kind in ("added_detail", "verbatim", "reworded", "neighbour"):
        return FAMILIES
    if kind == "part":
        return tuple(f for f in FAMILIES if f.parts)
    wanted = {
        "converted": ("dose", "span"), "numerals": ("dose", "span", "tablets"),
        "same_route": ("route",), "same_limit": ("limit",), "group": ("people2",),
    }  # fmt: skip
    places = set(wanted.get(kind) or _PLACES.get(kind, ()))
    return tuple(f for f in FAMILIES if kind in f.turned or places & USED[f.phrases])


def alter(one: Order, kind: str, rng: Random) -> Change | None:
    """A claim that differs from the sentence in one fact of this kind; None where it has none."""
    places = [p for p in _PLACES.get(kind, ()) if f"{{{p}}}" in one.phrase]
    turned = one.family.turned.get(kind, ())
    if turned and (not places or rng.random() < 0.5):
        return Change(one.text(rng.choice(turned)))
    if kind == "group":
        return _swapped(one, rng)
    if kind == "added_detail":
        plain = replace(one, tail="")
        detail = with_details(rng.choice(DETAILS), rng)
        return Change(replace(plain, tail=detail).text(), (detail,)) if not one.tail else None
    if not places:
        return None
    place = rng.choice(places)
    found = _CHANGES[kind](one, place, rng)
    if found is None:
        return None
    new, absent = found
    same = [p for p in one.family.phrases if f"{{{place}}}" in p]
    phrase = one.phrase if rng.random() < 0.6 else rng.choice(same)
    return Change(one.text(phrase, **{place: new}), absent)


_PLACES: dict[str, tuple[str, ...]] = {
    "dose": ("dose", "dose", "dose2", "span", "volume", "percent", "tablets", "age", "limit"),
    "unit": ("dose", "dose", "dose2", "span", "volume"),
    "frequency": ("often",), "route": ("route",), "comparator": ("limit",),
    "laterality": ("side",), "population": ("people", "people2"), "drug": ("drug",),
}  # fmt: skip
_Changed: TypeAlias = tuple[str, tuple[str, ...]] | None


def _cap(one: Order, place: str) -> int:
    """The largest value that makes sense: of an age in years, of a share in percent."""
    return 100 if place == "age" or one.limit[1].endswith("%") else 0


def _dose(one: Order, place: str, rng: Random) -> _Changed:
    if place in ("age", "limit"):
        old = one.words["age"] if place == "age" else one.limit[1].split()[0].rstrip("%")
        value = another(Fraction(old), rng, whole=place == "age", cap=_cap(one, place))
        if value is None:
            return None
        new = write(value)
        return (new if place == "age" else one.words["limit"].replace(old, new)), (new,)
    amount = one.amounts[place]
    whole = amount.unit in (*TIMES, "tablets", "capsules")
    value = another(amount.value, rng, whole=whole, cap=100 if amount.unit == "%" else 0)
    if value is None or any(value == a.value for a in one.amounts.values()):
        return None
    if place.startswith("percent"):
        return write(value), (write(value),)
    old, said = one.words[place], write(amount.value)
    new = old.replace(said, write(value), 1) if old.startswith(said) else ""
    return new or spelled(replace(amount, value=value), rng), (write(value),)


def _unit(one: Order, place: str, rng: Random) -> _Changed:
    amount = one.amounts[place]
    options = [u for u in WRONG_UNITS[amount.unit] if u != "mL" or not amount.per]
    new = Amount(amount.value, rng.choice(options), amount.per)
    said = spelled(new, rng)
    number = write(new.value)
    return said, (said, *(f"{number} {form}" for form in SPELLINGS.get(new.unit, (new.unit,))))


def _often(one: Order, place: str, rng: Random) -> _Changed:
    other = other_frequency(one.words[place], rng)
    return None if other is None else (other[0], (other[0], f"frequency:{other[1]}"))


def _route(one: Order, place: str, rng: Random) -> _Changed:
    old = one.words[place]
    key = rng.choice([key for key, forms in ROUTES.items() if old not in forms])
    return rng.choice(ROUTES[key]), tuple(f for f in ROUTES[key] if len(f) > 2)


def _limit(one: Order, place: str, rng: Random) -> _Changed:
    side, said = one.limit
    new = rng.choice(LIMITS[side][1]).format(said)
    return new, (new,)


def _side(one: Order, place: str, rng: Random) -> _Changed:
    new = "left" if one.words[place] == "right" else "right"
    return new, (f"{new} {one.words.get('organ', 'side')}",)


def _people(one: Order, place: str, rng: Random) -> _Changed:
    both = (one.words["people"], one.words["people2"])
    options = [p for p in POPULATIONS if not any(overlap(p, old) for old in both)]
    if not options:
        return None
    new = rng.choice(options)
    return new, (new, new.split()[0] if new.split()[0] not in ("people", "patients") else new)


def _drug(one: Order, place: str, rng: Random) -> _Changed:
    new = rng.choice(DRUGS[one.words[place]])
    return new, (new, DRUG_NAMES.get(new, new))


_CHANGES: dict[str, Callable[[Order, str, Random], _Changed]] = {
    "dose": _dose, "unit": _unit, "frequency": _often, "route": _route, "comparator": _limit,
    "laterality": _side, "population": _people, "drug": _drug,
}  # fmt: skip


def _swapped(one: Order, rng: Random) -> Change | None:
    for first, second in (("dose", "dose2"), ("percent", "percent2")):
        if f"{{{first}}}" in one.phrase and "{people2}" in one.phrase:
            swapped = {first: one.words[second], second: one.words[first]}
            parts = one.family.parts
            phrase = rng.choice(parts + one.family.phrases)
            return Change(one.text(phrase, **swapped))
    return None


def faithful(one: Order, kind: str, rng: Random) -> str | None:
    """A claim that says the same, or a part of it, in this faithful way."""
    if kind == "verbatim":
        return one.text()
    if kind == "reworded":
        others = [p for p in one.family.phrases if p != one.phrase]
        return one.text(rng.choice(others)) if others else None
    if kind == "part":
        parts = one.family.parts if not one.tail else ()
        return one.text(rng.choice(parts)) if parts else None
    if kind == "converted":
        for place in ("dose", "span", "volume", "dose2"):
            if f"{{{place}}}" in one.phrase and one.amounts[place].same():
                said = spelled(rng.choice(one.amounts[place].same()), rng)
                return one.text(**{place: said})
    if kind == "frequency" and "{often}" in one.phrase:
        new = same_frequency(one.words["often"], rng)
        return one.text(often=new) if new else None
    if kind == "numerals":
        for place in ("dose", "span", "tablets"):
            value = one.amounts[place].value if place in one.amounts else Fraction(0)
            if f"{{{place}}}" in one.phrase and value.denominator == 1 and 1 < value <= 20:
                old = one.words[place]
                digits, word = write(value), write(value, "two")
                if old.startswith((digits + " ", word + " ")):
                    new = word if old.startswith(digits) else digits
                    return one.text(**{place: new + old[old.index(" ") :]})
    if kind == "same_route" and "{route}" in one.phrase:
        same = next(forms for forms in ROUTES.values() if one.words["route"] in forms)
        others = [form for form in same if form != one.words["route"]]
        return one.text(route=rng.choice(others)) if others else None
    if kind == "same_limit" and "{limit}" in one.phrase:
        forms = [form.format(one.limit[1]) for form in LIMITS[one.limit[0]][0]]
        return one.text(limit=rng.choice([f for f in forms if f != one.words["limit"]]))
    return None
