"""Which of the candidates speak of what is asked: of the drug, for that condition, by that route,
and for those people.

Silence beats a guess: the dose of another drug, or for somebody else, is worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence

from medrag.ages import groups_by_age, patient_of
from medrag.allergies import is_forbidden
from medrag.audience import included
from medrag.candidates import Candidate, above, headings_of, is_heading
from medrag.doses import (
    asked_drugs,
    asks_for_dose,
    asks_of_nothing,
    asks_of_organs,
    has_amount,
    row_gives_dose,
    speaks_of_dose,
    stems_of,
)
from medrag.drugs import drug_count, drug_names
from medrag.indications import (
    for_other_conditions,
    indication_of,
    is_for_another_condition,
    is_for_condition,
)
from medrag.population import names_one_of, populations, whom
from medrag.routes import is_for_another_route, route_asked
from medrag.text import content_words, is_row, stem
from medrag.types import Prompt

# The best sentence holds at least that share of the question's weight, where no model has read its
# passage: where one has, what it says of passages and sentences decides (``answerability``).
_LEAST_HELD = 0.4
# A question for one of these is not answered with another: a loading dose is no daily dose.
_KINDS_OF_DOSE = frozenset(
    stem(word) for word in ("loading", "maintenance", "bolus", "fixed", "variable")
)
_VULNERABLE = frozenset({"children", "newborns", "pregnancy"})


def on_subject(prompt: Prompt, found: Sequence[Candidate]) -> list[Candidate]:
    """The sentences that speak of the drug that the question names, and of whom it names; none
    where they hold too little of the question and no model has read their passages.

    Silence beats a guess: the dose of another drug, or for somebody else, is worse than none.
    """
    if asks_of_nothing(prompt.question):
        return []
    drugs = set(asked_drugs(prompt.question).values())
    about = [
        s for s in found
        if not drugs or (drugs & s.names and _is_of(prompt, s)) or _is_beside(prompt, s)
    ]  # fmt: skip
    about = [s for s in about if not is_forbidden(prompt.question, s.text)]
    if drugs and asks_for_dose(prompt.question):
        gives = {True: row_gives_dose, False: speaks_of_dose}
        about = [s for s in about if gives[is_row(s.text)](prompt.question, s.text)]
    if drugs:
        about = _for_what_is_asked(prompt.question, about)
        route = route_asked(prompt.question)
        about = [
            s
            for s in about
            if not (has_amount(s.text) and is_for_another_route(route, s.text, above(s.source)))
        ]
    about = _of_the_kind(prompt, about)
    if not any(drugs & s.names or s.held >= _LEAST_HELD or _was_read(s) for s in about):
        return []
    asked = patient_of(prompt.question).groups & _VULNERABLE
    if asked:
        # A section about them alone comes before what the title says of the whole document, unless
        # all of the document is about nobody else.
        by_age = [s for s in about if not asked.isdisjoint(groups_by_age(s.text))]
        own = [
            s for s in about if s in by_age or _speaks_of(asked, s, named=bool(drugs), title=False)
        ]
        about = own or [s for s in about if _speaks_of(asked, s, named=bool(drugs), title=True)]
    return about


def _was_read(sentence: Candidate) -> bool:
    return sentence.source.passage.relevance is not None


def _of_the_kind(prompt: Prompt, found: Sequence[Candidate]) -> list[Candidate]:
    """Those that say that theirs is the kind of dose asked for (loading, fixed rate). Where none
    does, those that do not speak of another kind and are for the condition asked about."""
    kinds = _KINDS_OF_DOSE & prompt.terms.weights.keys()
    if not kinds:
        return list(found)
    return [s for s in found if kinds & s.names] or [
        s for s in found
        if not _KINDS_OF_DOSE & {*s.stems, *content_words(" ".join(above(s.source)))}
        and is_for_condition(prompt.question, (s.text, *above(s.source)))
    ]  # fmt: skip


def _for_what_is_asked(question: str, found: Sequence[Candidate]) -> list[Candidate]:
    """Without the rows and sentences that give a dose for another condition than the question's."""
    rows = [s for s in found if is_row(s.text)]
    headed = [(s.text, " ".join(headings_of(s.source))) for s in rows]
    other = {
        row for row, elsewhere in zip(rows, for_other_conditions(question, headed), strict=True)
        if elsewhere
    }  # fmt: skip
    other |= {
        s for s in found
        if has_amount(s.text) and not indication_of(s.text)
        and is_for_another_condition(question, s.text, above(s.source))
    }  # fmt: skip
    kept = [s for s in found if s not in other]
    if not asks_for_dose(question) or asks_of_organs(question):
        return kept
    # A dose for what is asked about comes before one that does not say what it is for.
    given = {s for s in kept if has_amount(s.text)}
    for depth in (-1, None):
        # A document may be on more conditions than one: its title comes last.
        named = {s for s in given if is_for_condition(question, (s.text, *above(s.source)[:depth]))}
        if named:
            return [s for s in kept if s in named or s not in given]
    return kept


def _is_of(prompt: Prompt, sentence: Candidate) -> bool:
    """Whether a sentence is about a drug asked about: it names it, or what first names any drug of
    what it leans on, its headings and the title (the nearest first) does. The title does not make
    every row of its tables one about the drug, unless neither row nor headings name another."""
    asked = asked_drugs(prompt.question)
    if set(asked.values()) & sentence.stems or sentence.named_at is not None:
        return True
    headings = above(sentence.source)
    if is_row(sentence.text) and (drug_names(sentence.text) or not _is_of_one_drug(headings)):
        return bool(sentence.source.passage.section and stems_of(asked, headings[0]))
    naming = next((text for text in headings if drug_names(text) or stems_of(asked, text)), "")
    return not naming or bool(stems_of(asked, naming))


def _is_beside(prompt: Prompt, sentence: Candidate) -> bool:
    """Whether a sentence that names no drug stands in a passage that names one asked about, where
    no dose is asked for: "Stop it if triglycerides exceed 6 mmol/l"."""
    if asks_for_dose(prompt.question) or is_row(sentence.text) or drug_names(sentence.text):
        return False
    if is_heading(sentence.text, headings_of(sentence.source)):
        return False
    passage = sentence.source.passage
    text = f"{passage.document.title} {passage.section or ''} {passage.chunk.text}"
    return bool(stems_of(asked_drugs(prompt.question), text))


def _is_of_one_drug(headings: Sequence[str]) -> bool:
    """Whether headings name one drug, and no second."""
    return drug_count(" ".join(headings)) == 1


def _speaks_of(asked: frozenset[str], sentence: Candidate, *, named: bool, title: bool) -> bool:
    """Whether the sentence, or else a heading above it (or the title, or what the document says of
    whom it is for), is about them.

    A table row that names them only to say that it is not for them is about them where the drug was
    ``named`` in the question; "Which drug for a child?" does not ask for what no child is given.
    """
    passage = sentence.source.passage
    whole = passage.document.title
    sections = [part for part in (passage.section or "").split(" > ") if part != whole]
    document = [whole, included(passage.audience)]
    if not title:
        document = [text for text in document if populations(text) <= asked]
    for text in (sentence.text, *reversed(sections), *document):
        if populations(text) and (named or not is_row(text) or whom(text, ())):
            return names_one_of(asked, text)
    return False
