"""Whom it is about: the right words about somebody else are the wrong answer."""

from __future__ import annotations

import pytest

from medrag import Engine
from medrag.population import about_others, populations, whom, whom_warning


@pytest.mark.parametrize(
    ("question", "text", "others"),
    [
        ("dose in adults", "Children (2 to 15 years) > Treatment", True),
        ("dose in adults", "Adults and children", False),
        ("dose in adults", "Treatment", False),
        ("dose", "Children", False),
        ("dose for a child", "Adults", True),
        ("dose in pregnancy", "Adults", False),
        ("dose in neonates", "Children", False),
        ("dose in an elderly woman", "Older people", False),
        ("dose in pregnant women", "women who are not pregnant", False),
        ("dose in children", "in women who are pregnant", True),
    ],
)
def test_about_others(question: str, text: str, others: bool) -> None:
    assert about_others(populations(question), text) is others


def test_adults_are_not_answered_with_the_dose_of_children(engine: Engine) -> None:
    answer = engine.ask("What is the salbutamol dose in acute severe asthma in adults?")
    assert not answer.abstained
    for source in answer.sources:
        assert "Children" not in (source.passage.section or "")
    assert "5 mg" in answer.text and "2 to 5 years" not in answer.text


def test_another_drugs_row_is_not_shown(engine: Engine) -> None:
    answer = engine.ask("What is the dose of apixaban when creatinine clearance is 15 to 29?")
    assert "2.5 mg twice daily" in answer.text
    assert "Enoxaparin" not in answer.text and "Digoxin" not in answer.text


def test_a_column_stands_under_its_own_heading(engine: Engine) -> None:
    document = engine.document(
        next(d.path for d in engine.documents() if d.path.endswith("acute-asthma.pdf"))
    )
    adult = document.text.index("Salbutamol 5 mg by oxygen-driven nebuliser")
    child = document.text.index("salbutamol 100 micrograms per puff")
    under = {
        offset: [s.title for s in document.sections if s.start <= offset < s.end]
        for offset in (adult, child)
    }
    assert "Adults (16 years or over)" in under[adult]
    assert not any("Children (" in title for title in under[adult])
    assert "Children (2 to 15 years)" in under[child]


@pytest.mark.parametrize(
    ("question", "drug", "not_said"),
    [
        ("dose of furosemide in heart failure", "Furosemide", ["Ramipril", "Bisoprolol"]),
        ("lorazepam dose for an adult seizure", "Lorazepam", ["Amlodipine", "Omeprazole"]),
        ("dose of gentamicin for an 8 year old", "Gentamicin", ["Dose: 5 mg/kg"]),
        ("What is the warfarin loading dose?", "oading", ["INR", "vitamin K"]),
        ("What is the dose of metformin in pregnancy?", "Metformin", ["eGFR", "2 g"]),
        ("magnesium dose for asthma in a 6-year-old boy", "agnesium", ["Magnesium sulfate 2 g"]),
    ],
)
def test_another_drug_or_patient_is_never_answered_with(
    engine: Engine, question: str, drug: str, not_said: list[str]
) -> None:
    answer = engine.ask(question)
    assert answer.abstained or drug in answer.text
    for wrong in not_said:
        assert answer.abstained or wrong not in answer.text


def test_a_child_is_answered_from_the_section_about_children(engine: Engine) -> None:
    answer = engine.ask("How is a severe attack of asthma treated in a child?")
    assert "nebulised salbutamol 2.5 mg for children aged 2 to 5 years" in answer.text
    assert all("Children" in (source.passage.section or "") for source in answer.sources)


def test_major_bleeding_is_not_answered_with_no_major_bleeding(engine: Engine) -> None:
    answer = engine.ask("How much vitamin K is given for major bleeding on warfarin?")
    assert "vitamin K) 5 mg IV" in answer.text
    assert "2 mg" not in answer.text


def test_every_row_of_a_like_table_is_judged_by_itself(engine: Engine) -> None:
    answer = engine.ask("insulin rate for glucose 22")
    assert "Glucose 20.1 to 24.0 mmol/L: 6 units/hour." in answer.text
    assert not answer.withheld


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("What is the dose of rivaroxaban?", {"rivaroxaban"}),
        ("amoxicillin or clarithromycin for pneumonia", {"amoxicillin", "clarithromycin"}),
        ("How is hypoglycaemia treated in adults?", set()),
        ("When is the potassium checked?", set()),
        ("zopiclone, melatonin and ceftriaxone", {"zopiclone", "melatonin", "ceftriaxone"}),
        ("magnesium sulfate dose; low magnesium", {"magnesium"}),
        ("high cholesterol", set()),
        ("vitamin K for a newborn; vitamin A", {"k"}),
        ("Vit C 1 g (vitamin D low)", {"c"}),
        ("activated charcoal 50 g; a charcoal burn", {"charcoal"}),
        ("folic acid or tranexamic acid", {"folic", "tranexamic"}),
        ("ferrous sulfate, zinc sulfate", {"ferrous", "zinc"}),
        ("zinc deficiency, iron studies, stomach acid, vitamins", set()),
        ("iron sucrose; ferric carboxymaltose", {"iron", "carboxymaltose"}),
        ("GTN spray, Pabrinex and antivenom", {"gtn", "pabrinex", "antivenom"}),
        ("rabies immunoglobulin; immunoglobulins were low", {"immunoglobulin"}),
        ("oxygen by mask in normal saline or glucose 10%", set()),
    ],
)
def test_drug_names(text: str, names: set[str]) -> None:
    from medrag.drugs import drug_names

    assert drug_names(text) == names


ADULTS, CHILDREN = frozenset({"adults"}), frozenset({"children"})
BOTH, PREGNANCY, NOBODY = ADULTS | CHILDREN, frozenset({"pregnancy"}), frozenset[str]()


@pytest.mark.parametrize(
    ("question", "lines", "told"),
    [
        ("gentamicin dose", [(4, ADULTS), (5, CHILDREN), (1, NOBODY)], "[4] adults; [5] children."),
        ("gentamicin dose", [(2, CHILDREN), (1, NOBODY)], "[2] children."),
        ("gentamicin dose", [(2, NOBODY), (2, CHILDREN)], "[2] in part children."),
        ("gentamicin dose", [(2, ADULTS), (2, CHILDREN)], "[2] in part adults, in part children."),
        ("gentamicin dose", [(2, ADULTS), (1, NOBODY)], None),
        ("gentamicin dose", [(1, ADULTS), (2, BOTH)], None),
        ("gentamicin dose in adults", [(4, ADULTS), (1, NOBODY)], None),
        ("enoxaparin dose for a man", [(1, ADULTS), (2, PREGNANCY)], "[2] pregnancy."),
        ("gentamicin dose at 3 years old", [(5, CHILDREN)], None),
        ("gentamicin dose", [], None),
    ],
)  # fmt: skip
def test_the_reader_is_told_whom_the_lines_are_for(
    question: str, lines: list[tuple[int, frozenset[str]]], told: str | None
) -> None:
    expected = told and f"Check whom each line is for: {told}"
    assert whom_warning(populations(question), lines) == expected


@pytest.mark.parametrize(
    ("line", "headings", "groups"),
    [
        ("Give 5 mg.", ["Children (2 to 15 years)", "Asthma in adults"], "children"),
        ("In pregnancy give 5 mg.", ["Adults"], "pregnancy"),
        ("In pregnant women give 5 mg.", ["Adults"], "pregnancy"),
        ("Give 5 mg.", ["Treatment"], ""),
        ("Drug: Glargine | Dose: 10 units | Notes: Not studied in pregnancy", ["Doses"], ""),
        ("Drug: Nitrofurantoin | Dose: 100 mg | Pregnancy: Avoid at term", ["Adults"], "adults"),
        ("Drug: Amoxicillin | Adult dose: 500 mg | Child dose: 30 mg/kg", ["Doses"],
         "adults children"),
        ("Patient: Child | Dose: 5 mg", ["Doses for adults"], "children"),
        ("2.5 mg once daily; it is contraindicated in pregnancy.", ["Ramipril"], ""),
        ("In children of 10 kg give 30 mg twice daily; see page 4.", ["Oseltamivir"], "children"),
        ("Give no more than 5 mg in children.", ["Adult formulary"], "children"),
        ("Drug: Melatonin | Dose: 2 mg | Notes: Children only", ["Doses"], "children"),
        ("Keep it out of the reach of children.", ["Storage"], ""),
        ("20 mg twice daily in Child-Pugh class B.", ["Propranolol"], ""),
    ],
)  # fmt: skip
def test_whom_a_line_is_for(line: str, headings: list[str], groups: str) -> None:
    assert whom(line, headings) == frozenset(groups.split())


def test_a_dose_for_anybody_says_which_row_is_for_children(engine: Engine) -> None:
    answer = engine.ask("gentamicin dose")
    of = {s.marker: s.passage.document.title for s in answer.sources}
    (told,) = [w for w in answer.warnings if w.startswith("Check whom")]
    marks = {title: marker for marker, title in of.items()}
    assert f"[{marks['Adult formulary']}] adults" in told
    assert f"[{marks['Paediatric formulary']}] children" in told
    adult = engine.ask("gentamicin dose in adults")
    assert not any("Check whom" in warning for warning in adult.warnings)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Benzylpenicillin, gentamicin 5 mg/kg once daily.", 2),
        ("Insulin glargine 10 units.", 1),
        ("Adrenaline (epinephrine) 500 micrograms.", 1),
        ("Oxygen by mask.", 0),
        ("Vitamin K (phytomenadione) 1 mg.", 1),
        ("Glyceryl trinitrate (GTN) 400 micrograms.", 1),
        ("Benzathine benzylpenicillin 2.4 million units.", 1),
    ],
)
def test_how_many_drugs_are_named(text: str, count: int) -> None:
    from medrag.drugs import drug_count

    assert drug_count(text) == count


def test_no_word_of_the_ward_is_a_drug() -> None:
    from medrag.drugs import drug_names

    plain = (
        "acid vitamin activated charcoal human normal saline solution oxygen tetanus vaccine iron"
        " zinc sulfate violet blue toxin serum blood albumin level folate iodine silver gel cream"
        " water air milk salt sugar alcohol smoke snake bite venom burn stove a b c d e k"
    )
    for word in plain.split():
        assert drug_names(word) == frozenset(), word
