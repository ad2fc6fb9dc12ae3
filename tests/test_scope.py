"""A closed collection leaves no trace: all that is read within a scope is as if it were not there.

Two libraries hold the same open collections; one of them holds closed ones as well, full of the
same words and of copies of the same files. Everything within the scope must come out equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag import Engine
from medrag.config import load_settings
from medrag.engine import Search
from medrag.errors import LibraryError, MedragError, NotFound, UsageError
from medrag.forms import answer_form, listed_document_form, passage_form

OPEN = {
    "ward/metformin.md": "# Metformin\n\nStop metformin when the eGFR falls below 30 ml/min."
    "\n\n## Dose\n\nThe starting dose of metformin is 500 mg once a day with a meal.\n",
    "ward/fever.md": "# Fever in children\n\nGive paracetamol 15 mg/kg every 6 hours, at most"
    " four doses a day.\n\nSee a doctor when fever lasts longer than three days.\n",
    "pharmacy/amoxicillin.md": "# Amoxicillin\n\nThe dose of amoxicillin is 500 mg three times a"
    " day.\n\nAmoxicillin is contraindicated in penicillin allergy.\n",
    "pharmacy/again.md": "# Amoxicillin again\n\nThe dose of amoxicillin is 500 mg three times a"
    " day.\n\nAmoxicillin is contraindicated in penicillin allergy.\n",
}
CLOSED = {
    "trial/quokkamycin.md": "# Quokkamycin trial\n\nThe dose of quokkamycin is 250 mg. Metformin"
    " must be stopped when the eGFR falls below 45 ml/min in this trial.\n\n## Dose\n\nStop.\n",
    "trial/copy.md": OPEN["ward/metformin.md"],
    "board/aaa-first.md": OPEN["pharmacy/again.md"],
    "board/fever.md": "# Fever in children\n\nThe board: paracetamol dose dose dose, metformin"
    " metformin, amoxicillin, penicillin, penicillin allergy, 500 mg.\n",
}
SCOPES = [["ward"], ["pharmacy"], ["ward", "pharmacy"], ["ward", "nobody"], ["nobody"], []]
QUESTIONS = [
    "When should metformin be stopped?",
    "What is the dose of amoxicillin?",
    "What is the dose of quokkamycin?",
    "How often may paracetamol be given to children?",
    "Is penicillin allergy a contraindication?",
]


@dataclass(frozen=True)
class Two:
    alone: Engine
    beside: Engine


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    root = tmp_path_factory.mktemp("scope")
    for path, text in (OPEN | CLOSED).items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    # However busy the machine is: both read as many passages.
    whole = replace(load_settings(None), rerank_ms=0.0)
    with (
        Engine.open(root / "lib1", settings=whole) as alone,
        Engine.open(root / "lib2", settings=whole) as beside,
    ):
        # Among closed ones: numbers of rows and the order of what is equal must not tell.
        for name in ("trial", "pharmacy", "board", "ward"):
            if name in ("ward", "pharmacy"):
                alone.ingest(root / name, collection=name)
        for name in ("trial", "pharmacy", "board", "ward"):
            beside.ingest(root / name, collection=name)
        yield Two(alone, beside)


def same(one: Any, other: Any) -> bool:
    """Equal, numbers to the sixth decimal; without what differs from run to run."""
    if isinstance(one, dict) and isinstance(other, dict):
        drop = {"fingerprint", "seconds", "phases", "vector"}
        return one.keys() == other.keys() and all(
            same(one[key], other[key]) for key in one.keys() - drop
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, abs=2e-6)
    return bool(one == other)


def passages(engine: Engine, question: str, scope: list[str], k: int = 8) -> list[Any]:
    found = engine.search(question, k, collection=scope)
    return [(asdict(passage), passage_form(i, passage)) for i, passage in enumerate(found, 1)]


def outcome(call: Any, wanted: str, scope: list[str]) -> Any:
    try:
        return asdict(call(wanted, collection=scope))
    except MedragError as error:
        return type(error).__name__, str(error)


vocabulary = sorted({word for text in (OPEN | CLOSED).values() for word in text.split()})


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(vocabulary), min_size=1, max_size=8).map(" ".join),
    st.sampled_from(SCOPES),
    st.integers(1, 9),
)
def test_search_and_terms_are_the_same(two: Two, question: str, scope: list[str], k: int) -> None:
    one, other = (passages(engine, question, scope, k) for engine in (two.alone, two.beside))
    assert same(one, other), (one, other)
    chosen = frozenset(scope)
    one_terms, other_terms = (
        engine._retriever(chosen).terms(question, chosen) for engine in (two.alone, two.beside)
    )
    assert one_terms == other_terms


@pytest.mark.parametrize("scope", SCOPES, ids=str)
@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_the_same(two: Two, question: str, scope: list[str]) -> None:
    one, other = (
        answer_form(engine.ask(question, collection=scope)) for engine in (two.alone, two.beside)
    )
    assert same(one, other), (one, other)
    assert "Quokkamycin trial" not in str(other)
    assert "trial/" not in str(other) and "board/" not in str(other)


def test_scopes_do_answer(two: Two) -> None:
    answer = two.beside.ask(QUESTIONS[0], collection=["ward"])
    assert "30 ml/min" in answer.text and "45" not in answer.text
    assert answer.sources[0].passage.document.path.endswith("ward/metformin.md")
    copy = two.beside.ask(QUESTIONS[0], collection=["trial"]).sources[0].passage.document
    assert copy.path.endswith("trial/copy.md") and copy.collections == ("trial",)


def test_a_word_of_a_closed_collection_is_said_to_be_unknown(two: Two) -> None:
    answer = two.beside.ask(QUESTIONS[2], collection=["ward"])
    assert answer.abstained
    assert answer.reason == "No document in the library mentions 'quokkamycin'."
    assert not two.beside.ask(QUESTIONS[2]).abstained


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_lists_are_the_same(two: Two, scope: list[str]) -> None:
    def listed(engine: Engine) -> Any:
        found = engine.documents(scope)
        return [(asdict(info), listed_document_form(info)) for info in found]

    assert listed(two.alone) == listed(two.beside)
    assert two.alone.collections(scope) == two.beside.collections(scope)


def test_collections_are_counted(two: Two) -> None:
    assert [name for name, _, _ in two.beside.collections()] == [
        "board", "pharmacy", "trial", "ward",
    ]  # fmt: skip
    ((name, documents, chunks),) = two.beside.collections("ward")
    assert (name, documents) == ("ward", 2)
    assert chunks == sum(info.chunks for info in two.beside.documents("ward"))


def test_looking_up_is_the_same(two: Two) -> None:
    every = two.beside.documents()
    paths = [path for info in every for path in (info.path, info.path.replace("trial", "ward"))]
    asked = [*(info.id for info in every), *(info.id[:7] for info in every), *paths]
    for scope in SCOPES:
        for wanted in asked:
            one, other = (
                (outcome(engine.document, wanted, scope), outcome(engine.info, wanted, scope))
                for engine in (two.alone, two.beside)
            )
            assert one == other, wanted


def test_the_path_of_a_copy_is_that_of_the_open_one(two: Two) -> None:
    info = next(i for i in two.beside.documents(["ward"]) if "etformin" in i.title)
    assert info.path.endswith("ward/metformin.md")
    assert info.collections == ("ward",)
    whole = two.beside.info(info.id)
    assert whole.collections == ("trial", "ward")
    assert two.beside.document(info.id, collection=["ward"]).path.endswith("ward/metformin.md")
    with pytest.raises(NotFound):
        two.beside.document(info.id, collection=["pharmacy"])


def test_digits_count_no_hidden_document(tmp_path: Path) -> None:
    """Two ids with the same first digits, one of them closed."""
    texts, seen = {}, {}
    import hashlib

    for number in range(20_000):
        text = f"# Note {number}\n\nNumber {number} of the notes.\n"
        digits = hashlib.sha256(text.encode()).hexdigest()[:6]
        if digits in seen:
            texts = {"open": seen[digits], "closed": text}
            break
        seen[digits] = text
    assert texts
    with Engine.open(tmp_path / "library") as engine:
        for name, text in texts.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "note.md").write_text(text)
            engine.ingest(tmp_path / name, collection=name)
        digits = hashlib.sha256(texts["open"].encode()).hexdigest()[:6]
        assert (
            engine.document(digits, collection=["open"]).title == texts["open"][2:].splitlines()[0]
        )
        with pytest.raises(LibraryError, match="2 documents begin"):
            engine.document(digits)


def test_one_unknown_name_is_told_several_are_not(two: Two) -> None:
    with pytest.raises(UsageError, match=r"There is no collection 'wart'\. Known: .*ward"):
        two.beside.ask("fever", collection="wart")
    assert two.beside.ask("fever", collection=["wart"]).abstained
    assert two.beside.search("fever", collection=["wart"]) == []


def test_an_empty_library_looks_like_one_that_is_closed(tmp_path: Path, two: Two) -> None:
    from medrag.library import Library

    Library.open(tmp_path / "library", write=True).close()
    with Engine.open(tmp_path / "library") as engine:
        for question in QUESTIONS:
            one, other = (
                answer_form(each.ask(question, collection=["nobody"]))
                for each in (engine, two.beside)
            )
            assert same(one, other)
        assert engine.search("fever", collection=[]) == []
        with pytest.raises(LibraryError, match="is empty"):
            engine.search("fever")


def test_many_searches_at_once_are_each_their_own(two: Two) -> None:
    searches = [
        Search(question, k, scope)
        for k, question in enumerate([*QUESTIONS, " "], start=1)
        for scope in (None, "ward", frozenset({"pharmacy"}), iter(["trial", "board"]), [])
    ]
    again = [
        Search(question, k, scope)
        for k, question in enumerate([*QUESTIONS, " "], start=1)
        for scope in (None, "ward", frozenset({"pharmacy"}), iter(["trial", "board"]), [])
    ]
    alone = [two.beside.search(one.question, one.k, collection=one.collection) for one in again]
    together = two.beside.search_many(searches)
    assert same([list(map(asdict, f)) for f in together], [list(map(asdict, f)) for f in alone])
    assert two.beside.search_many([]) == []


def test_removal_within_a_scope_leaves_the_other_places(tmp_path: Path) -> None:
    shared, own = "# Gout\n\nColchicine is given for gout.\n", "# Sepsis\n\nGive fluids.\n"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gout.md").write_text(shared)
    (tmp_path / "two" / "sepsis.md").write_text(own)
    with Engine.open(tmp_path / "library") as engine:
        for name in ("one", "two"):
            engine.ingest(tmp_path / name, collection=name)
        (gout,) = engine.documents("one")
        sepsis = next(info for info in engine.documents("two") if info.id != gout.id)
        with pytest.raises(NotFound):
            engine.remove(sepsis.id, collection=["one"])
        with pytest.raises(NotFound):
            engine.remove(str(tmp_path / "two" / "gout.md"), collection=["one"])
        (removed,) = engine.remove(gout.id, collection=["one"])
        assert removed.path == str(tmp_path / "one" / "gout.md")
        assert engine.collections() == [("two", 2, 2)]
        assert engine.search("colchicine", collection=["one"]) == []
        assert engine.search("colchicine", 1, collection=["two"])[0].document.id == gout.id
        engine.remove(gout.id, collection=["one", "two"])
        assert [info.id for info in engine.documents()] == [sepsis.id]
        assert engine.library.check() == []


def test_a_files_name_in_a_closed_collection_is_no_title_in_an_open_one(tmp_path: Path) -> None:
    text = "Give 5 mg of wardol twice a day on the ward."
    for folder, name in (("closed", "Smith-John-case.txt"), ("open", "wardol.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    with Engine.open(tmp_path / "library") as engine:
        for folder in ("closed", "open"):
            engine.ingest(tmp_path / folder, collection=folder)
        (info,) = engine.documents(["open"])
        assert info.title == "wardol"
        (found,) = engine.search("Smith John case", collection=["open"])
        assert found.ranks.keys() == {"dense", "reranked"}  # its words are not found


def test_the_fingerprint_tells_nothing_of_a_closed_collection(tmp_path: Path) -> None:
    for folder, text in (("open", "Give 5 mg of wardol."), ("closed", "The fund pays 4711.")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.md").write_text(f"# {folder}\n\n{text}")
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(tmp_path / "open", collection="open")
        first = engine.ask("What is the dose of wardol?", collection=["open"]).fingerprint
        engine.ingest(tmp_path / "closed", collection="closed")
        assert engine.ask("What is the dose of wardol?", collection=["open"]).fingerprint == first
        (tmp_path / "open" / "a.md").write_text("# open\n\nGive 7 mg of wardol.")
        engine.ingest(tmp_path / "open", collection="open")
        assert engine.ask("What is the dose of wardol?", collection=["open"]).fingerprint != first


def test_what_was_uploaded_goes_from_the_disk_with_its_document(tmp_path: Path) -> None:
    library = tmp_path / "library"
    uploaded, elsewhere = library / "uploads" / "ward" / "a.md", tmp_path / "b.md"
    uploaded.parent.mkdir(parents=True)
    for path in (uploaded, elsewhere):
        path.write_text(f"# {path.stem}\n\nGive 5 mg of wardol.")
    with Engine.open(library) as engine:
        engine.ingest([uploaded, elsewhere], collection="ward")
        for path in (uploaded, elsewhere):
            engine.remove(str(path))
    assert not uploaded.exists() and elsewhere.exists()
