"""Claims against all their sources."""

from medrag.verify import RuleJudge, split_claims, verify_claims

TEXTS = {
    1: "Amoxicillin. Give amoxicillin 500 mg twice daily.",
    2: "Give amoxicillin 250 mg twice daily.",
    3: "The sky is blue.",
}


def _check(answer: str) -> list[tuple[str, tuple[str, ...]]]:
    checked = verify_claims(split_claims(answer), TEXTS, RuleJudge())
    return [(each.verdict.label, each.verdict.problems) for each in checked]


def test_the_best_source_decides_and_a_contradiction_is_told() -> None:
    ((label, problems),) = _check("Give amoxicillin 500 mg twice daily [1][2][3].")
    assert label == "supported"
    assert len(problems) == 1
    assert problems[0].startswith("Source [2] says otherwise")
    assert "250 mg" in problems[0]


def test_markers_and_offsets_are_those_of_the_source() -> None:
    (checked,) = verify_claims(
        split_claims("Give amoxicillin 500 mg twice daily [3][1]."), TEXTS, RuleJudge()
    )
    found = checked.verdict.evidence
    assert found is not None
    assert found.marker == 1
    assert (
        TEXTS[1][found.start : found.end] == found.quote == "Give amoxicillin 500 mg twice daily."
    )


def test_what_cites_nothing_is_uncited() -> None:
    results = _check("Give amoxicillin 500 mg twice daily. Stop it [9].")
    assert [label for label, _ in results] == ["uncited", "uncited"]
    assert all(problems for _, problems in results)


def test_a_contradiction_outranks_silence() -> None:
    ((label, problems),) = _check("Give amoxicillin 750 mg twice daily [3][2].")
    assert label == "contradicted"
    assert "250 mg" in problems[0]


def test_no_claims_no_verdicts() -> None:
    assert verify_claims([], TEXTS, RuleJudge()) == []
