"""A word in another form, or with a slip, is the word; a drug's name is never another drug's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.misspelt import name_meant, other_form
from medrag.vocabulary import generic_names

LIBRARY = frozenset(
    "neutropenia asthma allergy reduced sensitive convulsion delirium amiodarone enoxaparin"
    " eclampsia prednisolone positive medical generic hydralazine quinidine cefalexin gentamicin"
    " vancomycin".split()
)


def known(word: str) -> bool:
    return word in LIBRARY


def meant_by(word: str, known: Callable[[str], bool]) -> str | None:
    return other_form(word, known) or name_meant(word, known)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("neutropenic", "neutropenia"), ("asthmatic", "asthma"), ("allergic", "allergy"),
        ("reduction", "reduced"), ("sensitivity", "sensitive"), ("convulsing", "convulsion"),
        ("delirious", "delirium"), ("amiodarne", "amiodarone"), ("amiodaorne", "amiodarone"),
        ("enoxaparine", "enoxaparin"), ("eclamsia", "eclampsia"), ("alergy", "allergy"),
        ("gentamycin", "gentamicin"), ("vancomicin", "vancomycin"),
    ],
)  # fmt: skip
def test_what_is_meant(word: str, meant: str) -> None:
    assert meant_by(word, known) == meant


@pytest.mark.parametrize(
    "word",
    [
        "prednisone", "hydroxyzine", "quinine", "cefazolin",  # drugs of their own
        "vincomycin", "gentamicin",
        "product", "inherited", "position", "medication", "general",
        "amodarne", "xmiodarone", "swolen", "",
    ],
)  # fmt: skip
def test_what_is_left_alone(word: str) -> None:
    assert meant_by(word, known) is None


@given(st.sampled_from(sorted(generic_names())))
def test_no_drug_is_read_as_another(name: str) -> None:
    assert meant_by(name, lambda _: True) is None


@given(st.text("abcdeimnorstz", max_size=14))
def test_only_what_is_known_is_meant(word: str) -> None:
    meant = meant_by(word, known)
    assert meant is None or (known(meant) and meant[0] == word[0])
