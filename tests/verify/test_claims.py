"""Sentences and markers of an answer."""

from hypothesis import given, settings
from hypothesis import strategies as st

from medrag.verify import bare, split_claims


def _pairs(text: str, allowed: set[int] | None = None) -> list[tuple[str, tuple[int, ...]]]:
    return [(claim.text, claim.markers) for claim in split_claims(text, allowed)]


def test_markers_before_and_after_the_full_stop() -> None:
    assert _pairs("Give 5 mg [1]. Then stop. [2] Wait [1][3]. Rest [1, 2].") == [
        ("Give 5 mg [1].", (1,)), ("Then stop. [2]", (2,)), ("Wait [1][3].", (1, 3)),
        ("Rest [1, 2].", (1, 2)),
    ]  # fmt: skip


def test_unknown_markers_are_dropped_but_stay_in_the_text() -> None:
    assert _pairs("Give 5 mg [1][7].", {1, 2}) == [("Give 5 mg [1][7].", (1,))]
    assert _pairs("Give 5 mg [0].") == [("Give 5 mg [0].", ())]


def test_other_brackets_are_no_markers() -> None:
    assert _pairs("Raised [H+] is acidosis [see below] [2].") == [
        ("Raised [H+] is acidosis [see below] [2].", (2,))
    ]
    assert bare("Raised [H+] is acidosis [see below] [2].") == (
        "Raised [H+] is acidosis [see below]."
    )


def test_bare_is_tidy() -> None:
    assert bare("Give  5 mg [1] [2, 3] .") == "Give 5 mg."
    assert bare("Give 5 mg. [1]") == "Give 5 mg."


def test_a_marker_on_its_own_line_belongs_to_the_sentence_before() -> None:
    assert _pairs("Give 5 mg.\n[1]\nStop.") == [("Give 5 mg.\n[1]", (1,)), ("Stop.", ())]


def test_nothing_to_say_is_no_claim() -> None:
    assert split_claims("") == [] == split_claims("[1]\n---\n…")


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=120), st.text("ab [1],2.!\n5A", max_size=80)))
def test_offsets_hold_and_claims_do_not_overlap(text: str) -> None:
    end = 0
    for claim in split_claims(text):
        assert text[claim.start : claim.end] == claim.text
        assert claim.start >= end
        end = claim.end
