"""A dose into a vein is not the dose by mouth."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrag import Engine
from medrag.routes import is_for_another_route, route_asked, routes_of


@pytest.mark.parametrize(
    ("question", "route"),
    [
        ("Zofran PO dose", "mouth"), ("po dose of furosemide", "mouth"),
        ("oral vancomycin dose", "mouth"), ("IV labetalol", "vein"), ("im adrenaline", "muscle"),
        ("nebulised salbutamol", "lungs"), ("amoxicillin dose", None),
        ("metronidazole IV to oral switch", None), ("seizure and no IV access", None),
        ("intravitreal vancomycin dose", "eye"), ("intrathecal methotrexate", "spine"),
        ("fluconazole for oral thrush", None), ("morphine oral instead of IV", None),
    ],
)  # fmt: skip
def test_the_route_asked_about(question: str, route: str | None) -> None:
    assert route_asked(question) == route


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("Drug: Ondansetron | Route: IV push | Dose: 4 mg", True),
        ("Drug: Ondansetron | Route: PO or IV | Dose: 4 mg", False),
        ("Drug: Labetalol oral | Dose: 200 mg", False),
        ("Give 4 mg IV or IM.", True),
        ("Furosemide 40 mg daily.", False),
    ],
)
def test_lines_for_another_route(line: str, *, other: bool) -> None:
    assert is_for_another_route("mouth", line) is other
    assert not is_for_another_route(None, line)


def test_a_pr_interval_is_no_route() -> None:
    assert routes_of("a PR interval above 200 ms") == frozenset()


def test_the_dose_by_the_asked_route_is_shown(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "formulary.md").write_text(
        "# Formulary\n\n| Drug | Route | Dose |\n|---|---|---|\n"
        "| Labetalol | PO | 200 mg twice daily |\n"
        "| Labetalol | IV | 50 mg over 5 minutes |\n| Ondansetron | IV | 4 mg |\n"
    )
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(tmp_path / "docs")
        answer = engine.ask("What is the IV dose of labetalol?")
        assert "50 mg" in answer.text and "200 mg" not in answer.text
        assert engine.ask("What is the oral dose of ondansetron?").abstained


def test_the_route_of_a_heading_holds_for_its_lines() -> None:
    assert is_for_another_route("vein", "Age: 5 years | Dose: 7.5 mg", ["Buccal midazolam", "Fits"])
    assert not is_for_another_route("vein", "Give 5 mg IV.", ["Oral route"])


def test_what_is_always_said_is_not_given_by_it_unsaid() -> None:
    assert is_for_another_route("eye", "Give 25 mg/kg, maximum 2 g, no faster than 10 mg/min.")
    assert not is_for_another_route("eye", "Vancomycin 1 mg.", ["Intravitreal injections"])
    assert not is_for_another_route("spine", "Methotrexate 12 mg intrathecally once a week.")
