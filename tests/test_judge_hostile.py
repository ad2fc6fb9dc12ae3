"""Evidence that lies, shouts, or is no evidence at all: no judge crashes on it, and none calls a
claim supported by it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from medrag import Engine
from medrag.config import Settings
from medrag.errors import ModelError
from medrag.models.pair_encoder import SHIPPED, find_pair_encoder
from medrag.protocols import Judge
from medrag.types import Verdict
from medrag.verify.combiner import FILE as COMBINER
from tests.hostile_texts import (
    ANYTHING,
    APIXABAN,
    CLAIMS,
    INJECTIONS,
    LOOKALIKES,
    METFORMIN,
    NOTHING,
    OTHER_DOSE,
    TRANSLATED,
    UNSAID,
    VOUCHING,
    WARFARIN,
)

ADVERSARIAL = Path(__file__).parents[2] / "shared/data/adversarial"

Judging = Callable[[str, str], Verdict]


@pytest.fixture(scope="module", params=("rules", SHIPPED))
def judge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    if request.param == SHIPPED:
        try:
            folder = find_pair_encoder(SHIPPED)
        except ModelError:
            pytest.skip("the judge's weights are not in this tree")
        if not (folder / COMBINER).is_file():
            pytest.skip("these weights have no combiner: they are not the ones that ship")
    settings = Settings(judge=request.param)
    with Engine.open(tmp_path_factory.mktemp("judge"), settings=settings) as engine:
        return engine.judge


@pytest.fixture(scope="module")
def judged(judge: Judge) -> Judging:
    """The verdict on one claim, whose quote must stand in the evidence."""

    def one(claim: str, evidence: str) -> Verdict:
        [verdict] = judge.judge([(claim, evidence)])
        assert sum(verdict.probabilities) == pytest.approx(1, abs=0.01)
        assert 0 <= verdict.score <= 1
        if verdict.evidence is not None:
            quote = verdict.evidence
            assert evidence[quote.start : quote.end] == quote.quote
        return verdict

    return one


def filled(pattern: str, claim: str) -> str:
    """The pattern with the claim: as it is, without its full stop, or within a sentence."""
    bare = claim.removesuffix(".")
    # Names of drugs do not need their capital.
    lower = bare[0].lower() + bare[1:]
    out = pattern.replace("{claim}", claim).replace("{bare}", bare)
    return out.replace("{lower}", lower)


def wrongly(judged: Judging, pairs: list[tuple[str, str]]) -> list[str]:
    """The evidence of the pairs that are called supported."""
    return [evidence for claim, evidence in pairs if judged(claim, evidence).label == "supported"]


@pytest.mark.parametrize("text", VOUCHING)
def test_a_source_cannot_vouch_for_a_claim(judged: Judging, text: str) -> None:
    assert not wrongly(judged, [(claim, filled(text, claim)) for claim in CLAIMS])


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_source_cannot_order_a_verdict(judged: Judging, text: str) -> None:
    assert not wrongly(judged, [(claim, filled(text, claim)) for claim in CLAIMS])


@pytest.mark.parametrize("text", (*VOUCHING, *INJECTIONS))
def test_orders_do_not_help_another_dose(judged: Judging, text: str) -> None:
    claim = "Metformin 500 mg twice daily lowers blood glucose."
    order = filled(text, claim)
    assert not wrongly(
        judged, [(claim, f"{order}\n{OTHER_DOSE}"), (claim, f"{OTHER_DOSE}\n{order}")]
    )


@pytest.mark.parametrize("name", NOTHING)
def test_what_says_nothing_supports_nothing(judged: Judging, name: str) -> None:
    started = time.perf_counter()
    assert not wrongly(judged, [(claim, NOTHING[name]) for claim in CLAIMS])
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize("texts", TRANSLATED.values(), ids=TRANSLATED)
def test_another_language_cannot_be_checked(judged: Judging, texts: tuple[str, ...]) -> None:
    pairs = list(zip(CLAIMS, texts, strict=True))
    assert not wrongly(judged, pairs)
    assert not wrongly(judged, [(claim, " ".join(texts)) for claim in CLAIMS])


@pytest.mark.parametrize("form", UNSAID)
def test_words_that_are_not_asserted_support_nothing(judged: Judging, form: str) -> None:
    assert not wrongly(judged, [(claim, filled(UNSAID[form], claim)) for claim in CLAIMS])


def test_a_heading_alone_supports_nothing(judged: Judging) -> None:
    page = "Contents\n\nEffect of metformin on blood glucose\n\nDose in type 2 diabetes\n\nSafety"
    assert not wrongly(judged, [(METFORMIN, page)])


def test_the_title_of_a_reference_is_no_finding(judged: Judging) -> None:
    title = (
        "7. Jones A, et al. Apixaban for the prevention of stroke in patients aged 80 years or"
        " older: rationale and design of a randomised trial. Am Heart J 2014;168:1-9."
    )
    assert not wrongly(judged, [(APIXABAN, title)])


@pytest.mark.parametrize("drawn", LOOKALIKES)
def test_digits_that_look_like_others_are_not_the_dose(judged: Judging, drawn: str) -> None:
    claim = LOOKALIKES[drawn]
    assert not wrongly(judged, [(claim, OTHER_DOSE), (claim, f"{OTHER_DOSE} Take it with food.")])


@pytest.mark.parametrize("drawn", LOOKALIKES)
def test_nor_are_they_in_the_source(judged: Judging, drawn: str) -> None:
    assert not wrongly(judged, [(OTHER_DOSE, LOOKALIKES[drawn])])


@pytest.mark.parametrize("shuffled", (False, True))
def test_five_thousand_words_are_read_in_time(judged: Judging, shuffled: bool) -> None:
    words = "the ward opens at eight and visitors may bring flowers into the garden".split()
    if shuffled:  # every word of the claim, again and again, in no order
        words += METFORMIN.removesuffix(".").split()
    draw = random.Random(5)
    chosen = [draw.choice(words) for _ in range(5000)]
    sentences = [" ".join(chosen[i : i + 20]) for i in range(0, len(chosen), 20)]
    started = time.perf_counter()
    assert not wrongly(judged, [(METFORMIN, ". ".join(sentences) + ".")])
    assert not wrongly(judged, [(METFORMIN, " ".join(chosen))])
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(
    "name",
    ANYTHING,
)
def test_a_claim_may_be_anything(judged: Judging, name: str) -> None:
    claim = ANYTHING[name]
    started = time.perf_counter()
    assert not wrongly(judged, [(claim, METFORMIN), (claim, ""), (claim, f"{WARFARIN} " * 100)])
    assert time.perf_counter() - started < 20


def test_what_is_said_is_supported(judged: Judging) -> None:
    """The guard of this file: a judge that never says "supported" would pass all the others."""
    for claim in CLAIMS:
        assert judged(claim, f"The ward opens at eight. {claim} See page 4.").label == "supported"


@pytest.mark.parametrize("file", ("injections.jsonl", "injected_passages.jsonl"))
def test_collected_attacks_support_nothing(judged: Judging, file: str) -> None:
    path = ADVERSARIAL / file
    if not path.is_file():
        pytest.skip(f"{file} is not part of this tree")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    texts = [row.get("passage") or row["text"] for row in rows if row["label"]][::4]
    assert texts
    assert not wrongly(judged, [(CLAIMS[i % 3], text) for i, text in enumerate(texts)])
