"""Lists in answers: an item never stands without its opening line, nor that line alone."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from medrag import Engine
from medrag.candidates import is_item
from medrag.generators.extractive import ExtractiveGenerator
from medrag.neighbours import quotes_of
from medrag.text import content_words
from medrag.types import (
    Chunk,
    DocumentInfo,
    Meta,
    ModelIdentity,
    Passage,
    Prompt,
    QuestionTerms,
    Source,
)

AVOID = "Avoid the following drugs in pregnancy:\n- warfarin\n- valproate"
TWO = f"These drugs are safe in pregnancy:\n- paracetamol\n{AVOID}"


class Bag:
    """An embedder of bags of words: quick, and texts with the same words are near."""

    identity = ModelIdentity("bag", "0" * 64, 256)

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = np.full((len(texts), 256), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in content_words(text):
                vectors[row, zlib.crc32(word.encode()) % 256] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def prompt_of(
    question: str, text: str, *, title: str = "Ward handbook", section: str = "", ordinal: int = 0
) -> Prompt:
    document = DocumentInfo("d" * 64, "a.md", title, Meta(), 1, 1)
    chunk = Chunk(f"d:{ordinal}", document.id, ordinal, 0, len(text), text)
    passage = Passage(chunk, document, (), section or None, 0.8)
    weights = dict.fromkeys(content_words(question), 1.0)
    return Prompt(question, (Source(1, passage),), QuestionTerms(weights))


def quoted(prompt: Prompt, limit: int = 6) -> list[str]:
    text = ExtractiveGenerator(Bag(), limit).generate(prompt).text
    return [line.removesuffix(" [1]") for line in text.split("\n") if line]


def test_an_item_comes_with_the_line_that_opens_its_list() -> None:
    prompt = prompt_of("Is valproate safe to take?", AVOID)
    assert quoted(prompt)[0] == "Avoid the following drugs in pregnancy:"
    assert "- valproate" in quoted(prompt)


def test_an_item_is_left_out_where_its_opener_has_no_room() -> None:
    assert quoted(prompt_of("Is valproate safe to take?", AVOID), limit=1) == []


def test_items_stay_under_their_own_opener() -> None:
    lines = quoted(prompt_of("Is valproate safe in pregnancy?", TWO, title="Drugs in pregnancy"))
    assert "- valproate" in lines
    above = [line for line in lines[: lines.index("- valproate")] if not is_item(line)]
    assert above[-1] == "Avoid the following drugs in pregnancy:"


def test_an_opener_comes_with_items_that_do_not_name_the_subject() -> None:
    text = "Stop metformin if:\n- eGFR is below 30\n- there is sepsis\n\nMetformin is a biguanide."
    lines = quoted(prompt_of("When should metformin be stopped?", text))
    assert lines[:3] == ["Stop metformin if:", "- eGFR is below 30", "- there is sepsis"]


def test_an_opener_without_its_items_is_not_chosen() -> None:
    assert quoted(prompt_of("When should metformin be stopped?", "Stop metformin if:")) == []


def test_an_item_of_a_list_that_opens_in_another_passage_is_left_out() -> None:
    text = "- Give ibuprofen in heart failure.\n- Give codeine."
    question = "Can ibuprofen be given in heart failure?"
    assert quoted(prompt_of(question, text, ordinal=3)) == []
    assert quoted(prompt_of(question, text)) == ["- Give ibuprofen in heart failure."]


def test_an_item_whose_opener_is_about_other_patients_is_left_out() -> None:
    text = "In children give:\n- amoxicillin 250 mg three times daily"
    assert quoted(prompt_of("Amoxicillin dose in adults", text, title="Amoxicillin")) == []


def test_a_heading_that_forbids_comes_with_its_items() -> None:
    text = "Contraindications\n\n- enoxaparin in active bleeding"
    prompt = prompt_of("Is enoxaparin given in active bleeding?", text, section="Contraindications")
    assert quoted(prompt) == ["Contraindications", "- enoxaparin in active bleeding"]


@given(
    st.lists(
        st.sampled_from(
            ("Avoid valproate in:", "Give valproate if:", "- fever", "- valproate", "1. sepsis",
             "2. valproate in fever:", "Valproate is a drug. It may be given in fever.",
             "Fever is common.", "Valproate")
        ),
        min_size=1, max_size=10,
    ),
    st.integers(1, 5),
    st.sampled_from(("\n", "\n\n")),
)  # fmt: skip
def test_no_item_without_an_opener_and_no_opener_alone(
    lines: list[str], limit: int, gap: str
) -> None:
    text = gap.join(lines)
    answer = quoted(prompt_of("Is valproate given in fever?", text, ordinal=2), limit)
    assert len(answer) <= limit
    assert not answer or not answer[-1].endswith(":")
    for place, line in enumerate(answer):
        if not is_item(line):
            continue
        # Whatever opened its list is above it in the answer; a list that nothing opens has none.
        at = next(n for n, other in enumerate(lines) if other == line)
        first = at
        while first and is_item(lines[first - 1]):
            first -= 1
        if lines.count(line) == 1:
            assert first > 0, "its opener is in the passage before"
            if lines[first - 1].endswith(":"):
                assert lines[first - 1] in answer[:place]


def test_an_engine_answers_with_the_opener(tmp_path: Path) -> None:
    source = tmp_path / "documents" / "pregnancy.md"
    source.parent.mkdir()
    source.write_text(
        "# Medicines in pregnancy\n\nThese drugs are safe in pregnancy:\n\n- paracetamol\n\n"
        "Avoid the following drugs in pregnancy:\n\n- warfarin\n- valproate\n",
        "utf-8",
    )
    with Engine.open(tmp_path / "library") as engine:
        engine.ingest(source)
        answer = engine.ask("Is valproate safe in pregnancy?")
    lines = [claim.text for claim in answer.claims]
    place = lines.index("- valproate [1]")
    above = [line for line in lines[:place] if not is_item(line)]
    assert above[-1] == "Avoid the following drugs in pregnancy: [1]"


def test_what_may_be_quoted_alone() -> None:
    sentences = [
        "Warfarin is a vitamin K antagonist.",
        "Avoid the following drugs in pregnancy:",
        "- warfarin",
        "2. valproate",
        "Paracetamol is safe.",
        "Drug: Apixaban | Dose: 5 mg:",
        "- Drug: Warfarin | Dose: 3 mg",
        "Do not:",
        "Give it to children.",
        "Check the INR.",
    ]
    assert quotes_of(sentences) == [
        "Warfarin is a vitamin K antagonist.",
        "Paracetamol is safe.",
        "Drug: Apixaban | Dose: 5 mg:",
        "Check the INR.",
    ]
    assert quotes_of([]) == []


@given(st.lists(st.text(max_size=30), max_size=8))
def test_quotes_are_a_part_of_what_was_given(sentences: list[str]) -> None:
    quotes = quotes_of(sentences)
    left = iter(sentences)
    assert all(quote in left for quote in quotes)
    assert not any(is_item(quote) for quote in quotes)


def test_a_sentence_that_leans_on_another_does_not_stand_alone() -> None:
    text = "Mix the alteplase with water. Give it over 60 minutes as an infusion for stroke."
    question = "infusion for stroke over how many minutes?"
    assert quoted(prompt_of(question, text)) == [
        "Mix the alteplase with water.",
        "Give it over 60 minutes as an infusion for stroke.",
    ]
    torn = "Give it over 60 minutes as an infusion for stroke."
    assert quoted(prompt_of(question, torn, ordinal=1)) == []
    assert quoted(prompt_of(question, torn)) == [torn]
    apart = text.replace(". Give", ".\nGive")
    assert quoted(prompt_of(question, apart))[-1] == torn


def test_a_numbered_heading_is_no_item() -> None:
    text = "5. Rheumatology\n\n- Colchicine: 500 micrograms.\n- Allopurinol: 100 mg."
    section = "Formulary > 5. Rheumatology"
    shown = quoted(prompt_of("colchicine", text, section=section, ordinal=3))
    assert shown == ["- Colchicine: 500 micrograms."]


def torn(before: str) -> list[str]:
    prompt = prompt_of("valproate", "- valproate 600 mg\n- lithium", ordinal=2)
    passage = replace(prompt.sources[0].passage, before=before)
    return quoted(replace(prompt, sources=(Source(1, passage),)))


def test_an_item_of_a_list_that_began_before_its_passage_needs_a_harmless_opener() -> None:
    assert torn("Choose one:\n- lamotrigine") == ["- valproate 600 mg"]
    assert torn("Never give together:\n- lamotrigine") == []
    assert torn("If there is no access:\n- lamotrigine") == []
    assert torn("- lamotrigine") == []
    assert torn("") == []
