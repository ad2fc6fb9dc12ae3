"""Groups of written pairs: read as they stand, parted for good, widened without a wrong label."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from training import asked, written
from training.human import TRAINABLE, forbidden_documents
from training.pairs import NEUTRAL, REFUTED, SUPPORTED, part
from training.written import groups_file
from training.written.likeness import Likeness

CLAIMS = """\
C: Zinc shortens a cold.
S: Colds were over two days sooner in those given zinc.
R: Zinc and placebo did not differ in days of illness.
N: Zinc lozenges taste of metal.

E: Take the tablet with food. Do not crush it.
S: The tablet should be swallowed whole.
N: The tablet may be taken at night.

P: 7
R: Aspirin is safe in dengue.
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    groups = tmp_path / "groups"
    groups.mkdir()
    (groups / "colds.txt").write_text(CLAIMS, "utf-8")
    corpus = tmp_path / "retrieval" / "toy"
    corpus.mkdir(parents=True)
    row = {"_id": "d1", "text": "Dengue is a fever. Avoid aspirin:\nit bleeds. Rest."}
    (corpus / "corpus.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    asked = {"_id": "q1", "text": "What is dengue?", "split": "train"}
    (corpus / "queries.jsonl").write_text(json.dumps(asked) + "\n", "utf-8")
    (corpus / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n", "utf-8")
    places = tmp_path / "passages.json"
    places.write_text(json.dumps({"7": ["toy", "d1", 19, 44]}), "utf-8")
    monkeypatch.setattr(groups_file, "PASSAGES", places)
    return tmp_path


def test_each_line_is_put_on_its_side(data: Path) -> None:
    claim, evidence, passage = written.read_groups(data, data / "groups")
    pairs = [claim.pair(*item, "plain") for item in claim.items]
    assert [(p.first, p.second, p.label) for p in pairs] == [
        (
            "Zinc shortens a cold.",
            "Colds were over two days sooner in those given zinc.",
            SUPPORTED,
        ),
        ("Zinc shortens a cold.", "Zinc and placebo did not differ in days of illness.", REFUTED),
        ("Zinc shortens a cold.", "Zinc lozenges taste of metal.", NEUTRAL),
    ]
    swallowed = evidence.pair(*evidence.items[0], "plain")
    assert swallowed.first == "The tablet should be swallowed whole."
    assert swallowed.second == "Take the tablet with food. Do not crush it."
    dengue = passage.pair(*passage.items[0], "plain")
    assert dengue.second == "Avoid aspirin: it bleeds."
    assert dengue.group == "d1"  # the document's, so that a corpus is parted in one way only


def test_a_passage_that_answers_a_question_that_measures_is_left_out(data: Path) -> None:
    asked = {"_id": "q1", "text": "What is dengue?", "split": "test"}
    file = data / "retrieval" / "toy" / "queries.jsonl"
    file.write_text(json.dumps(asked) + "\n", "utf-8")
    assert [group.subject for group in written.read_groups(data, data / "groups")] == ["C", "E"]


def test_a_group_is_known_by_its_subject_wherever_it_stands(data: Path) -> None:
    keys = [group.key for group in written.read_groups(data, data / "groups")]
    blocks = CLAIMS.split("\n\n")
    (data / "groups" / "colds.txt").write_text("\n\n".join(reversed(blocks)), "utf-8")
    assert [g.key for g in written.read_groups(data, data / "groups")] == keys[::-1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    "text", ["S: no subject", "C: claim\nX: mark", "C: claim\nno mark", "C: claim\nS: "]
)
def test_a_line_that_belongs_nowhere_is_an_error(tmp_path: Path, data: Path, text: str) -> None:
    (data / "groups" / "colds.txt").write_text(text, "utf-8")
    with pytest.raises(written.NotWellFormed):
        list(written.read_groups(data, data / "groups"))


def test_what_decides_stays_in_wider_evidence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = list(written.read_groups(data, data / "groups"))
    monkeypatch.setattr(written, "_WIDER", 1.0)
    label_of = {text: label for label, text in groups[0].items}
    made = [p for seed in range(20) for p in written.widened(groups, seed)]
    wide = [p for p in made if p.kind.endswith("wider")]
    assert {p.label for p in wide} == {SUPPORTED, REFUTED, NEUTRAL}
    for pair in wide:
        held = [label for text, label in label_of.items() if text in pair.second]
        deciding = [label for label in held if label != NEUTRAL]
        # Never what supports beside what refutes, and the label is of what decides.
        assert deciding == ([] if pair.label == NEUTRAL else [pair.label])


def toy(key: str, text: str, claim: str) -> written.Group:
    return written.Group("toy", key, "E", text, ((SUPPORTED, claim), (REFUTED, f"Not {claim}")))


TOYS = [
    toy("a", "Warfarin crosses the placenta.", "Unborn children are reached by warfarin."),
    toy("b", "Warfarin is stopped before surgery.", "Hold warfarin for an operation."),
    toy("c", "Insulin is kept in the fridge.", "Insulin is stored cold."),
    toy("d", "Insulin is given before meals. It is not taken from the fridge.", "Inject first."),
]


def test_a_claim_before_another_text_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "_MISPLACED", 1.1)
    made = [pair for seed in range(12) for pair in written.misplaced(TOYS, seed)]
    own = {claim: group for group in TOYS for _, claim in group.items}
    for pair in made:
        assert pair.label == NEUTRAL
        assert pair.second != own[pair.first].text
        assert pair.group == own[pair.first].key  # parted with the claim's own group
    # The text most like it comes most often: warfarin beside warfarin.
    beside = [pair.second for pair in made if pair.first == TOYS[0].items[0][1]]
    assert beside.count(TOYS[1].text) > len(beside) / 2


def test_a_claim_comes_before_what_was_written_on_another() -> None:
    groups = [
        written.Group("toy", f"k{n}", "C", f"Drug {n} lowers fever.", ((SUPPORTED, f"Text {n}."),))
        for n in range(20)
    ]
    made = [pair for seed in range(3) for pair in written.beside(groups, seed)]
    assert made
    for pair in made:
        assert pair.label == NEUTRAL
        number = pair.first.split()[1]
        assert pair.second != f"Text {number}."
        assert pair.group == f"k{number}"


def test_the_very_likest_is_passed_over() -> None:
    """It may say the same in other words."""
    likest = "Warfarin clots placenta surgery."
    others = [f"Warfarin clots {word} surgery {n}." for n, word in enumerate(["bone"] * 6)]
    filler = [f"Insulin {n} needles glucose." for n in range(6)]
    texts = ["Warfarin clots placenta surgery now.", likest, *others, *filler]
    groups = [toy(f"t{n}", text, "claim") for n, text in enumerate(texts)]
    likeness = Likeness(groups)
    drawn = [likeness.near(0, random.Random(seed)) for seed in range(300)]
    found = Counter(one.text for one in drawn if one is not None)
    assert found[likest] < 60  # as any other by chance
    assert sum(found[text] for text in others) > 150


def test_what_decides_a_claim_answers_it() -> None:
    items = (
        (SUPPORTED, "Colds were shorter."), (REFUTED, "Zinc and placebo did not differ."),
        (NEUTRAL, "Lozenges taste of metal."),
    )  # fmt: skip
    groups = [written.Group("toy", "zinc", "C", "Zinc shortens a cold.", items)]
    groups += [
        written.Group("toy", f"k{n}", "C", f"Drug {n} lowers fever.", ((NEUTRAL, f"Text {n}."),))
        for n in range(5)
    ]
    made = [pair for pair in asked.pairs_of(groups, 1) if pair.group == "zinc"]
    assert {pair.second for pair in made if pair.label == 1} == {items[0][1], items[1][1]}
    wrong = {pair.second for pair in made if pair.label == 0}
    assert items[2][1] in wrong
    assert all(pair.task == "question" and "Zinc shortens a cold" in pair.first for pair in made)


def test_a_quoted_sentence_stands_in_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "_QUOTED", 1.1)
    made = [pair for seed in range(8) for pair in written.quoted(TOYS, seed)]
    # Texts of one sentence are not quoted: claim and evidence would be the same.
    assert {(p.first, p.second, p.label) for p in made if p.kind.endswith("quoted")} == {
        ("Insulin is given before meals.", TOYS[3].text, SUPPORTED),
        ("It is not taken from the fridge.", TOYS[3].text, SUPPORTED),
    }


def test_the_files_are_well_formed_and_balanced() -> None:
    passages = json.loads(written.PASSAGES.read_text("utf-8"))
    known = {number: (f"document {number}", "text") for number in passages}
    labels = [0, 0, 0]
    claims: dict[str, set[int]] = {}
    keys = set()
    for group in groups_file.groups_of(written.FOLDER, known):
        assert len(group.items) >= 2, group.key
        keys.add(group.key)
        for label, text in group.items:
            labels[label] += 1
            claims.setdefault(group.pair(label, text, "").first, set()).add(label)
    assert min(labels) > 0.2 * sum(labels)
    # A claim alone does not tell: most of those with several texts come with several labels.
    assert {part(key) for key in keys} == {"train", "dev", "test"}
    assert sum(len(found) > 1 for found in claims.values()) > 1000


DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public sets are not here")


@needs_data
def test_passages_are_of_documents_that_may_train() -> None:
    places = json.loads(written.PASSAGES.read_text("utf-8"))
    forbidden = forbidden_documents(DATA)
    used = {(corpus, document) for corpus, document, _, _ in places.values()}
    assert not {document for corpus, document in used if corpus == "scifact"} & forbidden
    for corpus in {corpus for corpus, _ in used}:
        with (DATA / "retrieval" / corpus / "corpus.jsonl").open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                about = row.get("metadata", {})
                group = about.get("document_id") or about.get("doc") or row["_id"]
                if (corpus, row["_id"]) in used:
                    assert part(row["_id"]) == part(group) == "train"


@needs_data
def test_no_line_is_that_of_a_set_that_measures() -> None:
    """Nine words in a row in common, as figures of famous trials may have by chance, are looked
    for; what was found was taken out."""
    count = 9
    measured = set()
    for path in sorted((DATA / "claims").glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                if TRAINABLE.get(path.stem) != row["split"]:
                    for text in (row["claim"], row["evidence"]):
                        measured |= {hash(run) for run in runs_of(text, count)}
    found = [
        line
        for path in sorted(written.FOLDER.glob("*.txt"))
        for line in path.read_text("utf-8").splitlines()
        if not line.startswith("P:")
        for run in runs_of(line[2:], count)
        if hash(run) in measured
    ]
    assert found == []


def runs_of(text: str, count: int) -> list[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return [tuple(words[i : i + count]) for i in range(len(words) - count + 1)]
