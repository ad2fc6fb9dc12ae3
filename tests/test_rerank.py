"""What a model that reads question and passage makes of the order: nothing is lost, nothing is
made up, nothing of a closed collection is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag import Engine
from medrag.answerability import answerability
from medrag.candidates import find_candidates, score_candidates
from medrag.config import Settings
from medrag.engine import Search
from medrag.errors import ModelError
from medrag.evaluate.retrieval import evaluate_retrieval
from medrag.rerank import PASSAGE_CHARACTERS, Reranker, best_part, lifted, shown
from medrag.types import Chunk, DocumentInfo, Meta, Passage

if TYPE_CHECKING:
    from medrag.protocols import FloatArray


class Fake:
    """Knows a logit for each text that holds one of its words; 0 for the others."""

    at_once = 1

    def __init__(self, logits: Mapping[str, float]) -> None:
        self.logits = logits
        self.read: list[tuple[str, str]] = []

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        self.read.extend(pairs)
        return np.array(
            [next((v for w, v in self.logits.items() if w in text), 0.0) for _, text in pairs],
            np.float32,
        )


class Clock:
    """Every passage that is read takes so many seconds."""

    def __init__(self, fake: Fake, seconds_each: float) -> None:
        self.fake, self.seconds_each = fake, seconds_each

    def __call__(self) -> float:
        return len(self.fake.read) * self.seconds_each


def passage(text: str, score: float = 0.5, title: str = "Title", number: int = 0) -> Passage:
    chunk = Chunk(f"{title}:{number}", title, number, 0, len(text), text)
    info = DocumentInfo(title, f"{title}.md", title, Meta(), 0, 1)
    return Passage(chunk, info, (), None, score, {"dense": number + 1})


def texts(passages: Sequence[Passage]) -> list[str]:
    return [one.chunk.text for one in passages]


THREE = [passage("alpha", 0.9), passage("beta", 0.6), passage("gamma", 0.3)]


def test_the_model_alone_gives_its_own_order() -> None:
    reranker = Reranker(Fake({"alpha": -2, "beta": 1, "gamma": 4}), weight=1.0)
    found = reranker.order("which?", THREE)
    assert texts(found) == ["gamma", "beta", "alpha"]
    assert [one.ranks for one in found] == [{"dense": 1, "reranked": n} for n in (1, 2, 3)]
    assert [one.score for one in found] == [0.3, 0.6, 0.9]


def test_without_weight_the_order_stays() -> None:
    reranker = Reranker(Fake({"alpha": -9, "gamma": 9}), weight=0.0)
    assert texts(reranker.order("which?", THREE)) == ["alpha", "beta", "gamma"]


def test_both_scores_count() -> None:
    # A fused score of 0.3 more is worth three logits at equal weights.
    assert texts(Reranker(Fake({"beta": 2.9})).order("?", THREE[:2])) == ["alpha", "beta"]
    assert texts(Reranker(Fake({"beta": 3.1})).order("?", THREE[:2])) == ["beta", "alpha"]


def test_equals_stay_as_they_were() -> None:
    equal = [passage(f"same {n}", number=n) for n in range(5)]
    assert Reranker(Fake({})).order("?", equal)[0].chunk.text == "same 0"
    assert texts(Reranker(Fake({"same": 3.0})).order("?", equal)) == texts(equal)


def test_what_lies_deeper_is_neither_read_nor_moved() -> None:
    fake = Fake({"gamma": 9.0, "beta": 1.0})
    found = Reranker(fake, candidates=2, weight=1.0).order("?", THREE)
    assert texts(found) == ["beta", "alpha", "gamma"]
    assert len(fake.read) == 2
    assert "reranked" not in found[2].ranks


def test_nothing_to_order() -> None:
    fake = Fake({})
    assert Reranker(fake).order("?", []) == []
    assert texts(Reranker(fake).order("  ", THREE)) == ["alpha", "beta", "gamma"]
    assert fake.read == []


def test_a_single_passage_is_read_too() -> None:
    fake = Fake({"alpha": 3.0})
    (found,) = Reranker(fake).order("?", THREE[:1])
    assert found.chunk.text == "alpha" and found.relevance == 3.0


def test_a_model_that_returns_no_number_is_taken_for_no() -> None:
    odd = Fake({"alpha": float("nan"), "beta": float("inf"), "gamma": 1.0})
    assert texts(Reranker(odd, weight=1.0).order("?", THREE)) == ["beta", "gamma", "alpha"]


@pytest.mark.parametrize(("each", "depth"), [(0.001, 24), (0.01, 20), (0.013, 12), (1.0, 4)])
def test_a_slow_machine_reads_fewer_and_always_as_many(each: float, depth: int) -> None:
    fake = Fake({})
    reranker = Reranker(fake, candidates=24, milliseconds=200, clock=Clock(fake, each))
    many = [passage(f"text {n}", number=n) for n in range(40)]
    measured = reranker.depth
    assert measured == depth
    for _ in range(2):
        before = len(fake.read)
        reranker.order("?", many)
        assert len(fake.read) - before == depth


def test_without_a_budget_nothing_is_measured() -> None:
    fake = Fake({})
    assert Reranker(fake, candidates=50).depth == 50
    assert fake.read == []


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(-30, 30) | st.just(float("nan"))), max_size=40
    ),
    st.integers(2, 50),
    st.floats(0, 1),
)  # fmt: skip
def test_the_same_passages_come_out(
    scored: list[tuple[float, float]], candidates: int, weight: float
) -> None:
    passages = [passage(f"<{n}>", score, number=n) for n, (score, _) in enumerate(scored)]
    fake = Fake({f"<{n}>": logit for n, (_, logit) in enumerate(scored)})
    reranker = Reranker(fake, candidates=candidates, weight=weight)
    found = reranker.order("?", passages)
    assert sorted(texts(found)) == sorted(texts(passages))
    assert texts(found[candidates:]) == texts(passages[candidates:])
    assert texts(reranker.order("?", passages)) == texts(found)


# What of a passage is read


def test_a_short_passage_is_read_whole_under_its_title() -> None:
    assert shown("?", "Warfarin", "Warfarin > Dose", "Start at 5 mg.") == (
        "Warfarin. Dose. Start at 5 mg."
    )


def test_a_title_that_the_text_begins_with_is_not_said_twice() -> None:
    assert shown("?", "Warfarin dose", None, "Warfarin dose is 5 mg.") == "Warfarin dose is 5 mg."


def test_of_a_long_passage_the_part_that_speaks_of_the_question_is_read() -> None:
    filler = "The ward is open on weekdays and its staff are kind to all who come. "
    text = filler * 12 + "Stop metformin below an eGFR of 30. " + filler * 6
    part = shown("When should metformin be stopped?", "Ward book", None, text)
    assert "eGFR of 30" in part
    assert len(part) <= PASSAGE_CHARACTERS
    assert "eGFR of 30" not in shown("Is the ward open?", "Ward book", None, text)


@given(st.text(max_size=1500), st.text(max_size=60), st.integers(20, 600))
def test_a_part_is_verbatim_and_fits(text: str, question: str, characters: int) -> None:
    part = best_part(question, text, characters)
    assert part in text
    assert len(part) <= characters
    assert bool(part.strip()) or not text.strip() or characters < len(text)


# In an engine


OPEN = {
    "ward/a.md": "# Fever\n\nGive paracetamol for fever.\n",
    "ward/b.md": "# Pain\n\nGive ibuprofen for pain and fever.\n",
    "ward/c.md": "# Rest\n\nRest helps with fever.\n",
}
CLOSED = {"board/d.md": "# Secret\n\nThe board: fever fever, quokkamycin for fever.\n"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rerank")
    for path, text in (OPEN | CLOSED).items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    with Engine.open(root / "library") as engine:
        for name in ("ward", "board"):
            engine.ingest(root / name, collection=name)
    return root / "library"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """In place of the shipped model: it thinks most of quokkamycin, then of rest."""
    made = Fake({"quokkamycin": 19.0, "Rest": 9.0, "ibuprofen": 5.0, "paracetamol": -5.0})
    monkeypatch.setattr("medrag.shared._relevance_encoder", lambda *_: made)
    return made


@pytest.fixture
def reranking(library: Path, fake: Fake) -> Iterator[Engine]:
    with Engine.open(library, rerank=True, rerank_ms=0.0) as engine:
        yield engine


def titles(passages: Sequence[Passage]) -> list[str]:
    return [one.document.title for one in passages]


def test_search_and_prompt_are_in_the_new_order(reranking: Engine) -> None:
    assert titles(reranking.search("fever", 2)) == ["Secret", "Rest"]
    assert titles(reranking.search("fever", 2, collection="ward")) == ["Rest", "Pain"]
    prompt, _ = reranking.prompt("fever", collection="ward")
    assert [source.passage.document.title for source in prompt.sources][:2] == ["Rest", "Pain"]


def test_a_closed_collection_is_never_read(reranking: Engine, fake: Fake) -> None:
    reranking.search("fever", 5, collection="ward")
    reranking.prompt("fever", collection="ward")
    assert fake.read
    assert not any("quokkamycin" in text for _, text in fake.read)


def test_a_passage_that_is_read_as_an_answer_is_surer_one(reranking: Engine, library: Path) -> None:
    with Engine.open(library, rerank=False) as plain:
        for question in ("fever", "How is fever treated in children?"):
            sure, known = reranking.find(question), plain.find(question)
            assert [p.chunk.id for p in sure.arms] == [p.chunk.id for p in known.arms]
            assert answerability(known) == answerability(replace(sure, calibrated=False))


def test_several_searches_are_as_one_by_one(reranking: Engine) -> None:
    searches = [Search("fever", 3), Search("", 3), Search("pain", 2, "ward"), Search("rest", 0)]
    together = reranking.search_many(searches)
    assert together == [
        reranking.search(s.question, s.k, collection=s.collection) for s in searches
    ]


def test_searches_can_do_without(library: Path, fake: Fake) -> None:
    with Engine.open(library, rerank=True, rerank_searches=False, rerank_ms=0.0) as engine:
        engine.search("fever", 3)
        assert fake.read == []
        engine.prompt("fever")
        assert fake.read


def test_the_arms_alone_are_not_reordered(reranking: Engine, fake: Fake) -> None:
    reranking.search("fever", 3, arm="dense")
    reranking.search("fever", 3, arm="lexical")
    assert fake.read == []


def test_sentences_are_read_under_their_headings(reranking: Engine, fake: Fake) -> None:
    prompt, _ = reranking.prompt("fever", collection="ward")
    found = find_candidates(prompt)
    fake.read.clear()
    plain = score_candidates(prompt, found, reranking.embedder)
    assert fake.read == []
    reranker = reranking.reranker
    assert reranker is not None
    read = score_candidates(prompt, found, reranking.embedder, reranker.sentences)
    added = {s.source.passage.document.title: read[s] - plain[s] for s in plain}
    # Half of the probability whose log odds (9 and -5) are a quarter of what the model said.
    assert added["Rest"] == pytest.approx(0.4523, abs=1e-3)
    assert added["Fever"] == pytest.approx(0.1114, abs=1e-3)
    assert ("fever", "Fever. Give paracetamol for fever.") in fake.read


def test_the_answer_quotes_what_was_read_as_the_answer(reranking: Engine) -> None:
    question = "What helps with fever?"
    answer = reranking.ask(question, collection="ward", generator="extractive")
    assert "Rest helps" in answer.text.split("\n")[0]


def test_a_model_that_is_not_there_is_said_so(library: Path, tmp_path: Path) -> None:
    with (
        Engine.open(library, rerank=True, rerank_model=str(tmp_path / "none")) as engine,
        pytest.raises(ModelError),
    ):
        engine.search("fever", 3)
    with Engine.open(library, rerank=False, rerank_model=str(tmp_path / "none")) as engine:
        assert engine.search("fever", 3)


def test_the_evaluation_has_an_arm_for_it(tmp_path: Path, fake: Fake) -> None:
    rows = [("1", "paracetamol against fever"), ("2", "Rest against fever"), ("3", "Sun")]
    (tmp_path / "corpus.jsonl").write_text(
        "".join(f'{{"_id": "{i}", "title": "T{i}", "text": "{text}."}}\n' for i, text in rows)
    )
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "paracetamol fever"}\n')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\t2\t1\n")
    settings = Settings(rerank=True, rerank_ms=0.0, rerank_weight=0.5)
    report = evaluate_retrieval(tmp_path, None, tmp_path / "library", settings)
    assert list(report["arms"]) == ["lexical", "dense", "hybrid", "reranked"]
    assert report["arms"]["hybrid"]["mrr@10"] == 0.5
    assert report["arms"]["reranked"]["mrr@10"] == report["mrr@10"] == 1.0
    assert report["added_p95_ms"] >= report["added_p50_ms"] >= 0
    plain = evaluate_retrieval(tmp_path, None, tmp_path / "library", Settings(rerank=False))
    assert list(plain["arms"]) == ["lexical", "dense", "hybrid"]
    assert plain["mrr@10"] == 0.5
    assert "added_p95_ms" not in plain


def towards(*vectors: Sequence[float]) -> list[Passage]:
    """Passages with these vectors, made of unit length."""
    out = []
    for number, vector in enumerate(vectors):
        array = np.array(vector, np.float32)
        unit = array / (np.linalg.norm(array) or 1.0)
        out.append(replace(passage(f"text {number}", number=number), vector=unit))
    return out


def test_a_passage_is_raised_by_those_that_say_the_same() -> None:
    """Two passages that the model likes equally: the one beside the best answer comes first."""
    found = towards((1, 0), (0, 1), (0.95, 0.05), (0.02, 0.98), (0.05, 0.95))
    scores = lifted([9.0, 0.0, 3.0, 3.0, 0.0], found)
    assert scores[0] == 9.0 and scores[2] > scores[3] >= 3.0
    assert lifted([1.0, 0.0], [passage("no vector"), passage("none")]) == [1.0, 0.0]
    assert lifted([2.0], towards((1, 0))) == [2.0] and lifted([], []) == []


@given(
    st.lists(st.tuples(st.floats(-20, 20), st.floats(-1, 1), st.floats(-1, 1)), max_size=12),
)
def test_none_is_lowered_and_none_passes_the_best(rows: list[tuple[float, float, float]]) -> None:
    scores = [score for score, _, _ in rows]
    raised = lifted(scores, towards(*((x, y) for _, x, y in rows)))
    assert all(new >= old - 1e-9 for new, old in zip(raised, scores, strict=True))
    assert max(raised, default=0.0) <= max(scores, default=0.0) + 1e-4


def test_what_is_no_longer_in_force_is_not_raised_past_what_is() -> None:
    old, new = towards((1, 0), (1, 0))
    gone = replace(old, document=replace(old.document, meta=Meta(status="Superseded by 2.0")))
    found = Reranker(Fake({"text 0": 1.0, "text 1": 1.0}), weight=0.5).order("?", [gone, new])
    assert texts(found) == ["text 1", "text 0"]
