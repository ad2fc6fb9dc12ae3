"""A question in the words that the library has for what it names, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag import Engine
from medrag.vocabulary import brand_names, generic_names
from medrag.wording import names_among, read_as, variants

LIBRARY = frozenset(
    "the dose of adrenaline paracetamol in hyperkalaemia oedema diarrhoea deep vein thrombosis"
    " paediatric ward copd treatment iv".split()
)


def known(text: str) -> bool:
    return all(word in LIBRARY for word in re.findall(r"\w+", text.lower()))


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("Treatment of hyperkalemia?", "Treatment of hyperkalaemia?"),
        ("acetaminophen dose", "paracetamol dose"),
        ("Tylenol in pediatric edema", "paracetamol in paediatric oedema"),
        ("dose in DVT", "dose in deep vein thrombosis"),
        ("chronic obstructive pulmonary disease dose", "COPD dose"),
        ("high potassium treatment", "hyperkalaemia treatment"),
        ("the dose of adrenaline iv", "the dose of adrenaline iv"),
        ("the dose of vancomycin", "the dose of vancomycin"),
        ("", ""),
    ],
)
def test_only_what_is_unknown_is_read_as_what_is_known(asked: str, read: str) -> None:
    reading = read_as(asked, known)
    assert reading.read == read and reading.asked == asked
    assert bool(reading.changes) is (asked != read)


WORDS = st.sampled_from(
    "dose of DVT hyperkalemia Tylenol edema paediatric iv non-small-cell lung cancer COPD zelvarin"
    " adrenal replacement therapy epinephrine".split()
)


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_what_is_known_is_never_touched(question: str) -> None:
    assert read_as(question, lambda _: True).read == question
    assert read_as(question, lambda _: False).read == question
    reading = read_as(question, known)
    assert all(known(read) and not known(said) for said, read in reading.changes)
    left = reading.read
    for said, read in reading.changes:
        assert said in question and read in left


@pytest.mark.parametrize(
    "question",
    [
        "adrenal replacement therapy",
        "non-small-cell lung cancer",
        "autoimmune thrombocytopenic purpura",
    ],
)
def test_a_part_of_a_word_is_no_phrase(question: str) -> None:
    short = {"RRT", "SCLC", "ITP"}
    assert read_as(question, lambda text: text in short).read == question


def test_a_brand_of_which_forms_differ_in_dose_is_not_read_as_its_substance() -> None:
    for brand in ("oxycontin", "ambisome", "fungizone", "toujeo", "prolia", "durogesic", "buscopan",
                  "myfortic", "aclasta", "prograf", "qvar", "benadryl", "wegovy"):  # fmt: skip
        assert generic_names().isdisjoint(variants(brand))


def test_no_brand_is_put_in_place_of_anything() -> None:
    for word in (*generic_names(), *brand_names()):
        assert brand_names().keys().isdisjoint(variants(word))


@pytest.mark.parametrize(
    ("question", "unknown", "names"),
    [
        ("HIT management", ["hit", "management"], ("HIT",)),
        ("what would you recommend for zelvarin", ["recommend", "zelvarin"], ("zelvarin",)),
        ("lasix dose", ["lasix"], ("lasix",)),
        ("IV dose BD", ["iv", "bd"], ()),
        ("URGENT dose for HELP", ["urgent", "help"], ()),
        ("dose in HFpEF", ["hfpef"], ("HFpEF",)),
        ("DOSE OF HIT", ["hit"], ()),
    ],
)
def test_what_an_unknown_word_names(
    question: str, unknown: list[str], names: tuple[str, ...]
) -> None:
    assert names_among(unknown, question) == names


def test_whoever_asked_is_told(samples: Path) -> None:
    with Engine.open(samples) as engine:
        answer = engine.ask("treatment of hyperkalemia")
        assert not answer.abstained and "insulin" in answer.text.lower()
        assert answer.question == "treatment of hyperkalemia"
        told = "Read 'hyperkalemia' as 'hyperkalaemia', which the library says instead."
        assert told in answer.warnings
        answer = engine.ask("acetaminophen dose in adults")
        assert "Dose: 1 g" in answer.text
        same = engine.ask("paracetamol dose in adults")
        assert answer.text == same.text and not any(w.startswith("Read") for w in same.warnings)
        found = engine.search("epinephrine in anaphylaxis")
        assert any("Adrenaline" in passage.chunk.text for passage in found[:2])


def test_an_unknown_abbreviation_is_an_unknown_name(samples: Path) -> None:
    with Engine.open(samples) as engine:
        answer = engine.ask("What replaces enoxaparin in TTP?")
        assert answer.abstained and "'TTP'" in (answer.reason or "")


def test_a_phrase_is_known_only_where_it_stands(tmp_path: Path) -> None:
    """Words of it here and there are not the thing."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "heart.md").write_text(
        "# Heart\n\nST elevation myocardial infarction: tenecteplase 40 mg. Warn non smokers.\n"
    )
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(tmp_path / "docs")
        answer = engine.ask("tenecteplase dose in NSTEMI")
        assert answer.abstained and "'NSTEMI'" in (answer.reason or ""), answer
        assert not answer.warnings
        read = engine.ask("tenecteplase dose in STEMI")
        assert any("'STEMI' as 'st-elevation" in warning for warning in read.warnings)
