"""What a model that reads question and sentence together brings: answers in other words, in other
passages; and where rules know better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from medrag.candidates import find_candidates
from medrag.generators.extractive import ExtractiveGenerator
from medrag.subject import on_subject
from medrag.text import content_words
from medrag.types import Chunk, DocumentInfo, Meta, Passage, Prompt, QuestionTerms, Source
from tests.test_lists import Bag


def prompt_of(question: str, *texts: str, relevance: float | None = 0.0) -> Prompt:
    sources = []
    for number, text in enumerate(texts, start=1):
        document = DocumentInfo(f"{number}" * 64, f"{number}.md", "Ward handbook", Meta(), 1, 1)
        chunk = Chunk(f"{number}:0", document.id, 0, 0, len(text), text)
        passage = Passage(chunk, document, (), None, 0.8)
        sources.append(Source(number, replace(passage, relevance=relevance)))
    weights = dict.fromkeys(content_words(question), 1.0)
    return Prompt(question, tuple(sources), QuestionTerms(weights))


def shown(prompt: Prompt, says: Mapping[str, float]) -> list[str]:
    """The lines that are shown where the model says so much of each sentence, and of others 0."""

    def relevance(question: str, asked: Sequence[tuple[Passage, str]]) -> list[float]:
        return [says.get(text, 0.001) for _, text in asked]

    text = ExtractiveGenerator(Bag(), 6, relevance).generate(prompt).text
    return [line.rpartition(" [")[0] for line in text.split("\n") if line]


PORTERS = (
    "The porter carries beds between the wards in the daytime.\n\n"
    "From twelve until six ring extension 4400."
)


def test_an_answer_in_other_words_is_shown() -> None:
    prompt = prompt_of("How do I get a porter after midnight?", PORTERS)
    line = "From twelve until six ring extension 4400."
    assert line not in shown(prompt, {})
    assert line in shown(prompt, {line: 0.9})


def test_an_answer_in_another_passage_is_shown() -> None:
    line = "At night the site manager finds somebody."
    prompt = prompt_of("How do I get a porter after midnight?", PORTERS, f"Doors close. {line}")
    assert line not in shown(prompt, {})
    assert line in shown(prompt, {line: 0.9})


def test_no_model_shows_a_line_without_the_drug_for_a_dose() -> None:
    line = "Drink two litres of water a day."
    prompt = prompt_of("paracetamol dose", f"Give paracetamol 1 g four times a day. {line}", line)
    assert line not in shown(prompt, {line: 0.99})


@pytest.mark.parametrize(("title", "kept"), [("Asthma", False), ("Anaphylaxis", True), ("", True)])
def test_a_dose_of_a_document_on_another_condition_is_not_sure(title: str, kept: bool) -> None:
    """Where no heading stands above a line, its document's title says what it is for."""
    line = "Give 0.5 mg into the thigh at once."
    prompt = prompt_of("What first in anaphylaxis?", f"Call for help. {line}", "Anaphylaxis kills.")
    document = replace(prompt.sources[0].passage.document, title=title)
    passage = replace(prompt.sources[0].passage, document=document)
    first = replace(prompt.sources[0], passage=passage)
    prompt = replace(prompt, sources=(first, prompt.sources[1]))
    assert (line in shown(prompt, {line: 0.9})) is kept


HEPARIN = "Heparin is run at 18 units/kg/hour. Stop it four hours before the operation."


@pytest.mark.parametrize(
    ("question", "kept"),
    [("Is heparin stopped for theatre?", True), ("What is the dose of heparin?", False)],
)
def test_a_line_beside_the_drugs_name_may_answer_what_is_no_dose(question: str, kept: bool) -> None:
    prompt = prompt_of(question, HEPARIN)
    about = [one.text for one in on_subject(prompt, find_candidates(prompt))]
    assert ("Stop it four hours before the operation." in about) is kept


def test_few_words_in_common_are_enough_only_where_a_model_has_read() -> None:
    question = "How soon after delivery does the placenta go to histology?"
    line = "Send it to the laboratory within an hour, placenta included."
    read, unread = (prompt_of(question, line, relevance=each) for each in (0.0, None))
    assert on_subject(read, find_candidates(read))
    assert not on_subject(unread, find_candidates(unread))


def test_a_numbered_heading_is_no_item() -> None:
    text = "2. ANTIBIOTIC PROPHYLAXIS\nGive it within 60 minutes before the incision."
    prompt = prompt_of("antibiotic prophylaxis for a caesarean section", text)
    source = prompt.sources[0]
    headed = replace(source.passage, section="2. ANTIBIOTIC PROPHYLAXIS")
    with_section = replace(prompt, sources=(replace(source, passage=headed),))
    heading = "2. ANTIBIOTIC PROPHYLAXIS"
    assert heading in [one.text for one in find_candidates(prompt)]
    assert heading not in [one.text for one in find_candidates(with_section)]
