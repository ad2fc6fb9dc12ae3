"""Written questions: what answers is labelled so, and a question is on one side of the split."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from medrag.evaluate.measures import auroc
from training.pairs import part
from training.questions import pairs, read_questions
from training.sentences import coverage
from training.written import NotWellFormed

TEXT = """Q: dose of gentamicin
A: Drug: Gentamicin | Dose: 5 mg/kg | Drug: Vancomycin | Dose: 1 g
N: Gentamicin: take a trough level before the second dose of gentamicin.

Q: when to call for help in sepsis
A: Call if lactate is above 4.
N: Sepsis is common.
N: Call the bleep of the porter.
"""


def test_each_passage_is_labelled_as_it_is_marked(tmp_path: Path) -> None:
    (tmp_path / "ward.txt").write_text(TEXT, "utf-8")
    first, second = read_questions(tmp_path)
    assert first.text == "dose of gentamicin"
    assert first.good == ("Drug: Gentamicin | Dose: 5 mg/kg | Drug: Vancomycin | Dose: 1 g",)
    assert second.bad == ("Sepsis is common.", "Call the bleep of the porter.")
    made = [p for wanted in ("train", "dev", "test") for p in pairs(5, wanted, tmp_path)]  # type: ignore[arg-type]
    labels = {(p.first, p.second): p.label for p in made if p.kind == "ward"}
    assert labels["dose of gentamicin", first.good[0]] == 1
    assert labels["dose of gentamicin", first.bad[0]] == 0


@pytest.mark.parametrize(
    "text",
    [
        "A: no question\nN: none\n",
        "Q: no other passage\nA: one\n",
        "Q: no answer\nN: one\n",
        "Q: the same is both\nA: one\nN: one\n",
        "Q: a foreign mark\nA: one\nS: two\n",
        "Q: a line without mark\nA: one\nN: two\nthree\n",
    ],
)
def test_a_group_that_is_not_whole_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "ward.txt").write_text(text, "utf-8")
    with pytest.raises(NotWellFormed):
        list(read_questions(tmp_path))


def test_the_files_hold_what_they_say() -> None:
    asked = list(read_questions())
    assert len(asked) > 500
    assert len({one.key for one in asked}) == len(asked)
    # Words in common must tell a little, as they do among passages that were found, and no more:
    # where they spoke against it, "The dose of amoxicillin is 500 mg" was learnt to be no answer.
    held = [(coverage(one.text, text), text in one.good) for one in asked
            for text in (*one.good, *one.bad)]  # fmt: skip
    assert 0.55 < auroc([share for share, _ in held], [good for _, good in held]) < 0.8
    for good in (True, False):
        most = [max(coverage(one.text, text) for text in (one.good if good else one.bad))
                for one in asked]  # fmt: skip
        assert sum(share > 0.6 for share in most) > 0.4 * len(asked)


def test_a_question_trains_or_measures() -> None:
    train, dev = ({p.group for p in pairs(5, wanted)} for wanted in ("train", "dev"))
    assert train and dev and not train & dev
    assert all(part(group) == "dev" for group in dev)


def test_what_answers_one_question_is_put_before_another() -> None:
    own = {one.key: {*one.good, *one.bad} for one in read_questions()}
    strange = defaultdict(list)
    for pair in pairs(5):
        if not any(pair.second in text for text in own[pair.group]):
            assert pair.label == 0
            assert coverage(pair.first, pair.second) <= 0.5
            strange[pair.group].append(pair.second)
    assert len(strange) > 0.5 * len(own)
    assert list(pairs(5)) == list(pairs(5))
