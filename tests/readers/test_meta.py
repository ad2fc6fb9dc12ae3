"""Versions, dates, status: read where they are said, never guessed."""

from __future__ import annotations

import pytest

from medrag.readers.hyphens import join_lines
from medrag.readers.meta import find_meta, parse_date


@pytest.mark.parametrize(
    ("text", "date"),
    [("2024-06-01", "2024-06-01"), ("1 June 2024", "2024-06-01"), ("1st Jun. 2024", "2024-06-01"),
     ("June 1, 2024", "2024-06-01"), ("25/12/2024", "2024-12-25"), ("12/25/2024", "2024-12-25"),
     ("05/05/2024", "2024-05-05"), ("June 2024", "2024-06"), ("2019", "2019"), ("soon", None),
     ("31/31/2024", None)],
)  # fmt: skip
def test_dates(text: str, date: str | None) -> None:
    assert parse_date(text) == date


def test_meta() -> None:
    meta = find_meta(
        "Sepsis\nVersion: 2.0\nEffective from 1 June 2024\nNext review: June 2026\n"
        "Status: Superseded by version 3.0"
    )
    assert (meta.version, meta.effective_date, meta.review_date) == ("2.0", "2024-06-01", "2026-06")
    assert meta.status == "Superseded by version 3.0"
    assert meta.warnings == ("Marked as superseded: Superseded by version 3.0.",)


def test_an_ambiguous_date_is_not_guessed() -> None:
    meta = find_meta("Effective date: 03/04/2024")
    assert meta.effective_date is None
    assert "03/04/2024" in meta.warnings[0]


def test_prose_is_no_label() -> None:
    long = "The trial used an interview schedule that had been published in 2009, and " * 3
    meta = find_meta(f"{long}\nPatients were issued drugs by the status of their illness.")
    assert (meta.version, meta.status) == (None, None)
    assert find_meta("Guide, v2.1").version == "2.1"
    assert find_meta("Version 2.3 - September 2016").version == "2.3"


@pytest.mark.parametrize(
    ("left", "right", "words", "joined"),
    [("treat-", "ment now", set(), "treatment now"), ("low-", "dose", set(), "low-dose"),
     ("beta-", "blocker", {"blocker"}, "beta-blocker"), ("co-", "trimoxazole",
     {"cotrimoxazole"}, "cotrimoxazole"), ("5-", "10 mg", set(), "5-10 mg"),
     ("HIV-", "Positive", set(), "HIV-Positive"), ("one", "two", set(), "one two"),
     ("a dash -", "here", set(), "a dash - here")],
)  # fmt: skip
def test_joined_lines(left: str, right: str, words: set[str], joined: str) -> None:
    assert join_lines(left, right, words) == joined
