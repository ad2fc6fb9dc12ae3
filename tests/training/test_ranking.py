"""Pairs for the reranking head: what answers is labelled so, what does not is not, and nothing of
a dev or test split is in them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.pairs import Pair, part
from training.ranking import main, pairs
from training.ranking_phrases import PHRASES
from training.ranking_pool import Cut, Pool, fullest, open_pool, snippet
from training.ranking_set import read_train

KINDS = {
    "information": ("What is (are) {} ?", "{} is a disease of the {} family, first described by"
                    " a doctor who saw many patients with it in a coastal town."),
    "symptoms": ("What are the symptoms of {} ?", "{} causes fever, a rash and pain in the joints"
                 " and most patients of the {} kind feel tired for several weeks."),
    "treatment": ("What are the treatments for {} ?", "Patients with {} are treated with rest and"
                  " fluids, and {} does not respond to antibiotics in most cases."),
}  # fmt: skip
DISEASES = ["Alphitis", "Betosis", "Gammoma", "Deltaemia", "Epsilia", "Zetopathy", "Etaplasia"]


def train_ids(stem: str, count: int) -> list[str]:
    """Ids that fall into the train part."""
    ids = (f"{stem}{number}" for number in range(10 * count))
    return [one for one in ids if part(one) == "train"][:count]


def write(folder: Path, corpus: list[Any], queries: list[Any], judged: list[Any]) -> None:
    folder.mkdir(parents=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines)
    lines = "".join(f"{q}\t{d}\t1\n" for q, d in judged)
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + lines)


def write_medquad(folder: Path) -> None:
    ids = iter(train_ids("m", len(DISEASES) * len(KINDS)))
    corpus, queries, judged = [], [], []
    for number, disease in enumerate(DISEASES):
        split = "dev" if number == 5 else "test" if number == 6 else "train"
        for kind, (question, answer) in KINDS.items():
            record, query = next(ids), f"q-{disease}-{kind}"
            text = answer.format(disease, disease)
            corpus.append(
                {"_id": record, "title": disease, "text": text, "metadata": {"qtype": kind}}
            )
            about = {"qtype": kind, "focus": disease, "boilerplate": number == 4}
            row = {"_id": query, "text": question.format(disease), "split": split}
            queries.append({**row, "metadata": about})
            judged.append((query, record))
    write(folder, corpus, queries, judged)


def write_abstracts(folder: Path, stem: str) -> list[str]:
    ids = train_ids(stem, 8)
    corpus = [
        {"_id": i, "title": f"{d} in {stem} mice", "text": f"Mice with {d} were weighed each day."
         f" The {stem} mice lost weight although they were fed as usual. Together, these results"
         f" show that {d} takes fat before it takes muscle in young mice."}
        for i, d in zip(ids, [*DISEASES, "Thetitis"], strict=True)
    ]  # fmt: skip
    queries = [
        {"_id": f"c{n}", "text": f"Mice lose weight with {d}.",
         "split": "train" if n < 5 else "dev",
         "metadata": {"answers": [f"Mice with {d} were weighed"]}}
        for n, d in enumerate(DISEASES)
    ]  # fmt: skip
    write(folder, corpus, queries, [(f"c{n}", ids[n]) for n in range(len(DISEASES))])
    return ids


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ranking")
    write_medquad(root / "retrieval" / "medquad")
    ids = write_abstracts(root / "retrieval" / "scifact", "s")
    write_abstracts(root / "retrieval" / "covidqa", "v")
    (root / "claims").mkdir()
    # The last abstract is no dev question's answer, but a dev claim cites it.
    rows = [{"doc_id": ids[7], "split": "dev"}, {"doc_id": ids[0], "split": "train"}]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (root / "claims" / "scifact_claims.jsonl").write_text(lines)
    return root


@pytest.fixture(scope="module")
def made(data: Path) -> list[Pair]:
    return list(pairs(data, 3, data / "cache"))


def test_nothing_of_a_dev_or_test_split_is_trained_on(made: list[Pair]) -> None:
    held_out = {"medquad": ("Zetopathy", "Etaplasia"), "covidqa": ("Zetopathy", "Etaplasia")}
    held_out["scifact"] = ("Zetopathy", "Etaplasia", "Thetitis")
    for pair in made:
        text = f"{pair.first} {pair.second}".lower()
        assert not any(word.lower() in text for word in held_out[pair.source]), pair
    assert {pair.source for pair in made} == held_out.keys()


def test_boilerplate_questions_are_not_asked(made: list[Pair]) -> None:
    assert not any("Epsilia" in p.group for p in made if p.source == "medquad")


def test_each_question_has_what_answers_and_what_does_not(made: list[Pair]) -> None:
    groups: dict[tuple[str, str], set[int]] = {}
    for pair in made:
        groups.setdefault((pair.source, pair.group), set()).add(pair.label)
    assert all(labels == {0, 1} for labels in groups.values())


def test_medquads_right_passage_is_of_the_disease_and_the_kind(made: list[Pair]) -> None:
    words = {"information": "described", "symptoms": "rash", "treatment": "fluids"}
    asked = [p for p in made if p.source == "medquad" and p.kind != "snippet"]
    for pair in asked:
        _, disease, kind = pair.group.split("-")
        answers = disease in pair.second and words[kind] in pair.second
        assert answers == bool(pair.label), pair
    of_disease = [p for p in asked if not p.label and p.group.split("-")[1] in p.second]
    assert len(of_disease) >= 2 * len({p.group for p in asked})


def test_a_title_is_asked_of_texts_without_theirs(made: list[Pair]) -> None:
    titles = [p for p in made if p.kind == "title"]
    assert titles
    assert all(" mice." not in p.second.split("weighed")[0] for p in titles)
    assert all(p.second.startswith("Mice with") for p in titles)


def test_a_finding_is_asked_of_a_text_without_it(made: list[Pair]) -> None:
    named = [p for p in made if p.kind == "finding" and "takes fat" in p.first]
    assert named
    for pair in named:
        assert "these results" not in pair.first.lower()
        assert pair.first.lower() not in pair.second.lower()
        disease = next(d for d in [*DISEASES, "Thetitis"] if d in pair.first)
        assert (disease in pair.second) == bool(pair.label)


def test_the_same_seed_gives_the_same_pairs(data: Path, made: list[Pair]) -> None:
    assert list(pairs(data, 3, data / "cache")) == made
    assert list(pairs(data, 4, data / "cache")) != made


def test_the_command_writes_them(data: Path, made: list[Pair], tmp_path: Path) -> None:
    out = tmp_path / "made" / "ranking.jsonl"
    cache = str(data / "cache")
    main(["--data", str(data), "--out", str(out), "--cache", cache, "--seed", "3"])
    rows = [Pair(**json.loads(line)) for line in out.read_text("utf-8").splitlines()]
    assert set(rows) <= set(made)
    assert len(rows) > len(made) / 2


def test_records_kept_out_are_in_no_pool(data: Path) -> None:
    chosen = read_train(data / "retrieval" / "scifact", {"nobody"})
    assert len(chosen.questions) == 5
    assert all(part(record) == "train" for record in chosen.records)
    assert all(not ids - chosen.records.keys() for ids in chosen.relevant.values())


@pytest.fixture(scope="module")
def pool(data: Path) -> Pool:
    corpus = data / "retrieval" / "medquad" / "corpus.jsonl"
    names = [json.loads(line)["_id"] for line in corpus.read_text("utf-8").splitlines()]
    return open_pool(corpus, names, data / "cache")


@given(question=st.text(max_size=40))
def test_any_question_finds_each_record_once(pool: Pool, question: str) -> None:
    found = pool.near(question, 5)
    assert len(found) == len(set(found)) <= 10
    assert all(pool.of(name) for name in found)


def test_both_arms_find_the_disease(pool: Pool) -> None:
    near = pool.near("How is Gammoma treated?", 3)
    assert all(cut.title == "Gammoma" for name in near[:2] for cut in pool.of(name))
    assert pool.random(random.Random(1))


def test_the_fullest_chunk_and_the_best_sentence() -> None:
    long = "Nothing of note happened to anybody on that day in the clinic. "
    right = "Gammoma is treated with rest and plenty of fluids by mouth."
    cuts = [Cut("1", "T", None, long), Cut("1", "T", None, long + right)]
    assert fullest("How is Gammoma treated?", cuts) == cuts[1]
    assert snippet("How is Gammoma treated?", cuts) == right
    assert snippet("How is Gammoma treated?", cuts, {"betosi"}) is None


def test_every_phrase_names_the_subject() -> None:
    assert all("X" in phrase.format("X") for many in PHRASES.values() for phrase in many)
