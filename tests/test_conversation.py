"""A follow-up is read together with what went before; a new subject drags nothing along."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag import Engine
from medrag.conversation import Conversation, faithful
from medrag.drugs import drug_names
from medrag.errors import UsageError
from medrag.events import Done, Event, Rephrased, Verbatim
from medrag.followups import FollowUp, follow_up
from medrag.text import words
from medrag.types import Answer
from tests.tiny_home import make_home

DOSE = "What is the dose of amoxicillin?"
CHILD = "What is the dose of amoxicillin in children?"
SEPSIS = "What is the dose of gentamicin in sepsis?"
STOP = "At what eGFR should metformin be stopped?"
BOTH = "Can warfarin be given with ibuprofen?"

SURE = [
    # a circumstance more
    (DOSE, "And in children?", CHILD),
    (DOSE, "in children", CHILD),
    (DOSE, "Children?", CHILD),
    (DOSE, "What about children?", CHILD),
    (DOSE, "Is it the same in children?", CHILD),
    (DOSE, "Does this apply to children?", CHILD),
    (DOSE, "What about in renal failure?", "What is the dose of amoxicillin in renal failure?"),
    ("How is asthma treated?", "And in pregnancy?", "How is asthma treated in pregnancy?"),
    # one that takes the place of another of its kind, and one that does not
    (CHILD, "And in adults?", "What is the dose of amoxicillin in adults?"),
    (SEPSIS, "And in endocarditis?", "What is the dose of gentamicin in endocarditis?"),
    (SEPSIS, "And in pregnancy?", "What is the dose of gentamicin in sepsis in pregnancy?"),
    # another drug, never both
    (DOSE, "What about warfarin?", "What is the dose of warfarin?"),
    (DOSE, "and warfarin", "What is the dose of warfarin?"),
    (DOSE, "Same for warfarin?", "What is the dose of warfarin?"),
    (DOSE, "What about warfarin in pregnancy?", "What is the dose of warfarin in pregnancy?"),
    (STOP, "What about apixaban?", "At what eGFR should apixaban be stopped?"),
    # pronouns
    (DOSE, "Is it safe in pregnancy?", "Is amoxicillin safe in pregnancy?"),
    (DOSE, "Is this drug safe in pregnancy?", "Is amoxicillin safe in pregnancy?"),
    (DOSE, "What are its side effects?", "What are amoxicillin's side effects?"),
    (DOSE, "Can it be given with ibuprofen?", "Can amoxicillin be given with ibuprofen?"),
    (DOSE, "And when should it be stopped?", "When should amoxicillin be stopped?"),
    (DOSE, "If eGFR is 20, should it be stopped?", "If eGFR is 20, should amoxicillin be stopped?"),
    (SEPSIS, "How is it given?", "How is gentamicin given?"),
    (STOP, "Can it be restarted?", "Can metformin be restarted?"),
    (BOTH, "Can I give them together?", "Can I give warfarin and ibuprofen together?"),
    # an aspect without its subject
    (DOSE, "What is the maximum dose?", "What is the maximum dose of amoxicillin?"),
    (DOSE, "And the side effects?", "What about the side effects of amoxicillin?"),
    (DOSE, "How often?", "How often for amoxicillin?"),
    (DOSE, "What can I give instead?", "What can I give instead of amoxicillin?"),
    # a child stays a child
    (CHILD, "How often should it be given?", "How often should amoxicillin be given in children?"),
    (CHILD, "What is the maximum dose?", "What is the maximum dose of amoxicillin in children?"),
]  # fmt: skip

NEW_SUBJECTS = [
    "What is the dose of warfarin?",
    "And what is the dose of warfarin?",
    "How is hyperkalaemia treated?",
    "How is hyperkalaemia treated when warfarin is taken?",
    "When a patient has hyperkalaemia, how is it treated?",
    "If potassium is low, should it be given?",
    "Tazocin: how is it given?",
    "Is it safe to use Tazocin?",
    "Is it safe to give ibuprofen in asthma?",
    "Can I give ibuprofen instead?",
    "How long does it take for potassium to fall?",
    "Is there evidence that aspirin helps?",
    "Does warfarin interact with it?",
    "thanks",
]

UNSURE = [
    (BOTH, "Is it safe?"),
    (BOTH, "And aspirin?"),
    ("Can Tazocin be given with metformin?", "How often should it be given?"),
    (DOSE, "What about Tazocin?"),
    (DOSE, "What about sepsis?"),
    (DOSE, "Why is that?"),
    (DOSE, "Why?"),
    (SEPSIS, "How is it diagnosed?"),
    ("What is the paediatric dose of amoxicillin?", "And in adults?"),
    ("What is the paediatric dose of amoxicillin?", "What is the maximum dose?"),
    ("What is the dose of sodium valproate?", "What about phenytoin?"),
    ("What is the dose of apixaban when creatinine clearance is 15 to 29 mL/min?", "And below 15?"),
    ("How is hyperkalaemia treated?", "What about hypokalaemia?"),
]

PNEUMONIA = "What is the dose of amoxicillin for adults with pneumonia?"
BEFORE = "What is given before cisplatin?"
INSTEAD = "What should be used instead of gentamicin?"
WITH = "Can ibuprofen be given with warfarin?"

REPLACED = [
    (PNEUMONIA, "and in children?", "What is the dose of amoxicillin for children with pneumonia?"),
    (WITH, "And with apixaban?", "Can ibuprofen be given with apixaban?"),
    ("ibuprofen with warfarin?", "And with apixaban?", "Ibuprofen with apixaban?"),
    (BEFORE, "And before carboplatin?", "What is given before carboplatin?"),
    (INSTEAD, "And in children?", "What should be used instead of gentamicin in children?"),
    ("What is the dose of amoxicillin without renal impairment?", "And with renal impairment?",
     "What is the dose of amoxicillin with renal impairment?"),
    ("What is amoxicillin used for?", "What is the dose?", "What is the dose of amoxicillin?"),
    ("What is the dose of sodium valproate?", "How is it given?",
     "How is sodium valproate given?"),
    ("What are amoxicillin's side effects?", "How is it given?", "How is amoxicillin given?"),
    ("How long before surgery should warfarin be stopped?", "When is it restarted?",
     "When is warfarin restarted?"),
]  # fmt: skip

# The answer to each is a thing that it does not name; what is asked next is about that thing.
FOR_SOMETHING_ELSE = [
    INSTEAD,
    BEFORE,
    "What is the antidote of warfarin?",
    "What is warfarin's antidote?",
    "Which drug reverses heparin?",
    "What reverses heparin?",
    "How is heparin reversed?",
    "How is paracetamol overdose treated?",
    "What is the reversal agent for apixaban?",
    "What interacts with warfarin?",
    "What replaces metformin?",
    "What treats asthma?",
    "What prevents gout?",
    "What counteracts warfarin?",
    "What is an alternative to amoxicillin?",
    "What can be given besides metformin?",
    "What is used other than metformin?",
    "Amoxicillin is contraindicated, what else?",
    "If amoxicillin is contraindicated, what is given?",
    "What is the substitute for amoxicillin?",
    "What is the replacement for amoxicillin?",
    "What is given with methotrexate?",
    "What is given after cisplatin?",
    "What should be added to metformin?",
    "Which antibiotic is safe with warfarin?",
    "How much is given before cisplatin?",
    "How much should be given to patients on warfarin?",
    "How much is given in penicillin allergy?",
    "Is there something for patients who cannot take metformin?",
    "Should warfarin be switched?",
    "What blocks morphine?",
    "What lowers digoxin?",
    "How do I bridge warfarin?",
    "Gentamicin is contraindicated. How do I continue?",
    "How long after stopping warfarin can I start?",
    "How is asthma treated?",
    "What is the dose in sepsis?",
    "What is the dose for sepsis?",
]
ABOUT_IT = [
    "What is the dose?", "What is its dose?", "How much?", "How often is it given?",
    "And the side effects?", "Is it safe in pregnancy?", "Is this drug safe in pregnancy?",
    "What about apixaban?", "What can I give instead?",
]  # fmt: skip

CLASHING = [
    ("What is the dose of amoxicillin without renal impairment?", "And with hepatic impairment?"),
    ("What is the dose of amoxicillin in patients not on dialysis?", "And on dialysis?"),
    ("What is the dose of amoxicillin if not pregnant?", "And in pregnancy?"),
    ("What is the dose of amoxicillin in renal impairment?", "And with renal impairment?"),
    ("Can ibuprofen and warfarin be given together?", "And with apixaban?"),
    ("Can ibuprofen be given with warfarin and aspirin?", "And with apixaban?"),
    ("Can ibuprofen be given without warfarin?", "And with apixaban?"),
    ("Can ibuprofen be given to patients with asthma?", "And with apixaban?"),
    (BEFORE, "And with carboplatin?"),
    (BEFORE, "And after cisplatin?"),
    (BEFORE, "And before Tazocin?"),
    (WITH, "And with Tazocin?"),
    (WITH, "And without?"),
    (WITH, "And without warfarin?"),
    (PNEUMONIA, "And for sepsis?"),
    ("What is the dose of amoxicillin for pneumonia?", "And in sepsis?"),
    ("What is the dose of amoxicillin in patients with sepsis?", "In patients with pneumonia?"),
    ("What is the dose of amoxicillin for adults over 65?", "And in children?"),
    ("What is the dose of amoxicillin for adults weighing 50 kg?", "And in children?"),
    ("How is hyperkalaemia treated?", "When is it given?"),
    (DOSE, "How is it treated?"),
]


@pytest.mark.parametrize("question", ABOUT_IT)
@pytest.mark.parametrize("previous", FOR_SOMETHING_ELSE)
def test_what_an_earlier_question_sought_is_not_the_drug_it_named(
    previous: str, question: str
) -> None:
    assert follow_up(question, previous).text is None


@pytest.mark.parametrize(("previous", "question"), CLASHING)
def test_circumstances_that_clash_are_never_asked_together(previous: str, question: str) -> None:
    assert follow_up(question, previous).text is None


@pytest.mark.parametrize(("previous", "question", "meant"), [*SURE, *REPLACED])
def test_what_is_beyond_doubt_is_put_into_words(previous: str, question: str, meant: str) -> None:
    assert follow_up(question, previous).text == meant


@pytest.mark.parametrize("question", NEW_SUBJECTS)
@pytest.mark.parametrize("previous", [DOSE, CHILD, STOP])
def test_a_new_subject_drags_nothing_along(previous: str, question: str) -> None:
    found = follow_up(question, previous)
    assert found.text is None and not found.open  # no language model is asked either


@pytest.mark.parametrize(("previous", "question"), UNSURE)
def test_where_it_could_mean_two_things_it_is_left_alone(previous: str, question: str) -> None:
    assert follow_up(question, previous).text is None


PARTS = st.sampled_from(
    "and what about it its is the dose of in for with children adults renal impairment warfarin "
    "metformin Tazocin sepsis 30 mg 500 how often same safe given stopped when if , ? not them "
    "that this maximum side effects instead pregnancy".split()
)
QUESTIONS = st.lists(PARTS, max_size=9).map(" ".join)


@given(question=QUESTIONS, previous=QUESTIONS)
@settings(max_examples=400, deadline=None)
def test_a_rewriting_brings_nothing_in_and_loses_nothing(question: str, previous: str) -> None:
    text = follow_up(question, previous).text
    if text is None:
        return

    def numbers(of: str) -> set[str]:
        return {word for word in words(of) if word.isdigit()}

    assert numbers(question) <= numbers(text) <= numbers(f"{previous} {question}")
    both = drug_names(f"{previous} {question}")
    assert drug_names(question) <= drug_names(text) <= both
    assert ("tazocin" in words(question)) <= ("tazocin" in words(text))
    assert ("not" in words(text)) <= ("not" in words(f"{previous} {question}"))


@given(question=st.text(max_size=60), previous=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_may_be_asked(question: str, previous: str) -> None:
    text = follow_up(question, previous).text
    assert text is None or text.endswith("?")


HISTORY = [(DOSE, "Give amoxicillin 500 mg every 8 hours. [1]")]


@pytest.mark.parametrize(
    ("written", "question", "accepted"),
    [
        ("What is the dose of amoxicillin in sepsis?", "And for sepsis?", True),
        ("What is the dose of amoxicillin 500 mg in sepsis?", "And for sepsis?", True),
        ("What is the dose of amoxicillin 250 mg in sepsis?", "And for sepsis?", False),
        ("What is the dose of gentamicin in sepsis?", "And for sepsis?", False),
        ("What is the dose of amoxicillin?", "And for sepsis?", False),
        ("What is the dose of amoxicillin in severe sepsis?", "And for sepsis?", False),
        ("What is the dose of amoxicillin if not in sepsis?", "And for sepsis?", False),
        ("What is the dose of amoxicillin above 3 hours?", "And above 2 hours?", False),
        ("Is amoxicillin 500 mg safe?", "Is 500 mg safe?", True),
        ("Is amoxicillin safe?", "Is 500 mg safe?", False),
        ("What is the dose of amoxicillin in sepsis", "And for sepsis?", False),
        ("What is the dose?\nAmoxicillin in sepsis?", "And for sepsis?", False),
    ],
)
def test_a_models_words_are_taken_when_they_add_and_lose_nothing(
    written: str, question: str, accepted: bool
) -> None:
    assert faithful(written, question, HISTORY, FollowUp(open=True)) is accepted


def test_a_model_may_not_bring_back_what_was_left_behind() -> None:
    found = follow_up("What about Tazocin?", DOSE)
    assert found.open
    assert not faithful("What is the dose of amoxicillin with Tazocin?", "What about Tazocin?",
                        HISTORY, found)  # fmt: skip
    assert faithful("What is the dose of Tazocin?", "What about Tazocin?", HISTORY, found)


@pytest.mark.parametrize(
    "earlier",
    [
        ["Which drug reverses heparin?"],
        ["What is the dose of heparin?", "What is the antidote of heparin?"],
        ["What is the antidote of heparin?", "What is the dose?"],
        ["What is given with co-amoxiclav?"],
    ],
)
def test_a_model_may_not_bring_in_the_drug_of_a_question_for_another(earlier: list[str]) -> None:
    history = [(question, "") for question in earlier]
    found = follow_up("What is the dose?", earlier[-1])
    assert found.text is None
    for drug in ("heparin", "co-amoxiclav"):
        written = f"What is the dose of {drug}?"
        assert not faithful(written, "What is the dose?", history, found)
        assert drug not in earlier[0] or faithful(written, f"The dose of {drug}?", history, found)


def test_a_drug_that_is_asked_about_again_may_be_meant_again() -> None:
    history = [("Which drug reverses heparin?", ""), ("What is the dose of heparin?", "")]
    written = "What is the dose of heparin in DVT?"
    assert faithful(written, "And for DVT?", history, FollowUp(open=True))


# On the sample documents


def asked(events: list[Event]) -> str | None:
    return next((event.question for event in events if isinstance(event, Rephrased)), None)


def answered(events: list[Event]) -> Answer:
    last = events[-1]
    assert isinstance(last, Done)
    return last.answer


def test_each_turn_cites_afresh_and_asks_the_right_thing(engine: Engine) -> None:
    talk = Conversation(engine)
    first = list(talk.ask(DOSE))
    assert asked(first) is None and "500 mg to 1 g" in answered(first).text
    second = list(talk.ask("And in children?"))
    assert isinstance(second[0], Rephrased) and asked(second) == CHILD
    child = answered(second)
    assert child.question == CHILD
    assert "30 mg/kg" in child.text and "500 mg to 1 g" not in child.text
    for one in child.claims:
        (source,) = child.sources_of(one)
        evidence = one.verdict.evidence
        assert evidence is not None
        document = engine.document(source.passage.document.id)
        assert document.text[evidence.start : evidence.end] == evidence.quote
    third = list(talk.ask(STOP))
    assert asked(third) is None and "metformin" in answered(third).text.lower()
    assert "amoxicillin" not in answered(third).text.lower()


def test_only_questions_that_stand_alone_are_remembered_and_only_some(engine: Engine) -> None:
    talk = Conversation(engine, turns=2)
    for question in (DOSE, "And in children?", "What is the dose of rivaroxaban?"):
        list(talk.ask(question))
    (one, said), (other, nothing) = talk.history
    assert one == CHILD and "30 mg/kg" in said
    assert other == "What is the dose of rivaroxaban?" and nothing == ""
    assert asked(list(talk.ask("And apixaban?"))) == "What is the dose of apixaban?"
    talk.reset()
    assert talk.history == ()
    assert asked(list(talk.ask("And in children?"))) is None


def test_it_may_begin_in_the_middle(engine: Engine) -> None:
    before = [(STOP, "Below 30."), ("What is the dose of warfarin?", ""), (DOSE, "500 mg to 1 g.")]
    talk = Conversation(engine, collection=iter(["default", "nobody"]), turns=2, history=before)
    assert talk.history == tuple(before[1:])
    for _ in range(2):
        events = list(talk.ask("And in children?"))
        assert "30 mg/kg" in answered(events).text
    elsewhere = Conversation(engine, collection=["nobody"], history=before)
    events = list(elsewhere.ask("And in children?"))
    assert asked(events) == CHILD and answered(events).abstained


def test_a_question_that_fails_is_not_remembered(engine: Engine) -> None:
    talk = Conversation(engine)
    with pytest.raises(UsageError):
        list(talk.ask("  "))
    assert talk.history == ()
    with pytest.raises(UsageError):
        Conversation(engine, turns=0)


def test_with_a_real_model(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDRAG_HOME", str(make_home(tmp_path)))
    with Engine.open(samples, mode="quotes", thinking_tokens=0, answer_tokens=200) as engine:
        talk = Conversation(engine, generator="tiny")
        events = talk.ask(DOSE)
        assert isinstance(next(events), Verbatim)
        events.close()  # type: ignore[attr-defined]
        ((question, said),) = talk.history
        assert question == DOSE and "500 mg to 1 g" in said
        # Its words are noise, which may not stand for the question.
        later = list(talk.ask("What about sepsis?"))
        assert asked(later) is None and answered(later).question == "What about sepsis?"
