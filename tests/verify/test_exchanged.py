"""The same words in other places: exchanged phrases are another meaning, moved and listed ones are
not, with either judge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.verify.exchanged import exchanges
from medrag.verify.judge import RuleJudge

EXCHANGED = [
    ("Apixaban was superior to warfarin in preventing stroke.",
     "Warfarin was superior to apixaban in preventing stroke."),
    ("Edoxaban was non-inferior to dalteparin for recurrent thrombosis.",
     "Dalteparin was non-inferior to edoxaban for recurrent thrombosis."),
    ("Osteomyelitis is a complication of diabetic foot ulcers.",
     "Diabetic foot ulcers are a complication of osteomyelitis."),
    ("Smoking is a risk factor for bladder cancer.",
     "Bladder cancer is a risk factor for smoking."),
    ("Heart failure is often due to ischaemic heart disease.",
     "Ischaemic heart disease is often due to heart failure."),
    ("Unlike adults, children with asthma need a spacer.",
     "Unlike children, adults with asthma need a spacer."),
    ("Give amoxicillin for otitis and nystatin for thrush.",
     "Give nystatin for otitis and amoxicillin for thrush."),
    ("Use flucloxacillin for cellulitis and nitrofurantoin for cystitis.",
     "Use nitrofurantoin for cellulitis and flucloxacillin for cystitis."),
    ("The nurse checks the line and the doctor signs the form.",
     "The doctor checks the line and the nurse signs the form."),
    ("The donor's blood is tested for the recipient's antibodies.",
     "The recipient's blood is tested for the donor's antibodies."),
    ("Continue the mother's drugs and stop the infant's drugs.",
     "Stop the mother's drugs and continue the infant's drugs."),
    ("On the ward, urgent tests go to the laboratory before routine tests, day and night.",
     "Routine tests go to the laboratory before urgent tests."),
    ("Asthma is a known risk factor for rhinitis.", "Rhinitis is a known risk factor for asthma."),
    ("Bone marrow failure may follow chloramphenicol treatment.",
     "Chloramphenicol treatment may follow bone marrow failure."),
    ("For pain give morphine and for nausea give haloperidol.",
     "For nausea give morphine and for pain give haloperidol."),
    ("Give magnesium if salbutamol has not worked.",
     "Give salbutamol if magnesium has not worked."),
    ("Treat the partner if the patient is positive.",
     "Treat the patient if the partner is positive."),
    ("Call the surgeon if the physician is unavailable.",
     "Call the physician if the surgeon is unavailable."),
    ("In contrast to adults, children need a spacer.",
     "In contrast to children, adults need a spacer."),
]  # fmt: skip
MOVED = [
    ("Fever, cough and rash are common.", "Rash, cough and fever are common."),
    ("Chest pain, shortness of breath and fever need review.",
     "Shortness of breath, fever and chest pain need review."),
    ("Doctors, nurses and pharmacists may prescribe.",
     "Pharmacists, doctors and nurses may prescribe."),
    ("In adults, give 5 mg once daily.", "Give 5 mg once daily in adults."),
    ("Flush the line before giving amiodarone.", "Before giving amiodarone, flush the line."),
    ("If the INR is above 8, give vitamin K.", "Give vitamin K if the INR is above 8."),
    ("Amiodarone raises digoxin levels.", "Digoxin levels are raised by amiodarone."),
    ("Warfarin interacts with amiodarone.", "Amiodarone interacts with warfarin."),
    ("Metformin is used with insulin.", "Insulin is used with metformin."),
    ("Smoking is associated with bladder cancer.", "Bladder cancer is associated with smoking."),
    ("Paracetamol is also called acetaminophen.", "Acetaminophen is also called paracetamol."),
    ("Unlike adults, children with asthma need a spacer.",
     "Children with asthma, unlike adults, need a spacer."),
    ("A complication of diabetes is neuropathy.", "Neuropathy is a complication of diabetes."),
    ("The distance between the cuff and the elbow is 2 cm.",
     "The distance between the elbow and the cuff is 2 cm."),
    ("Continue the mother's drugs and stop the infant's drugs.",
     "Stop the infant's drugs and continue the mother's drugs."),
    ("Hypothyroidism causes constipation, whereas hyperthyroidism causes diarrhoea.",
     "Hyperthyroidism causes diarrhoea, whereas hypothyroidism causes constipation."),
    ("Insulin and glucose lower potassium, and calcium protects the heart.",
     "Calcium protects the heart, and insulin and glucose lower potassium."),
    ("Nausea is common; headache is rare.", "Headache is rare; nausea is common."),
    ("In adults, check potassium in the first week.",
     "In the first week, check potassium in adults."),
    ("At 6 weeks, review patients at home.", "At home, review patients at 6 weeks."),
    ("Pain may be felt in the chest, in the arm or in the jaw.",
     "Pain may be felt in the jaw, in the arm or in the chest."),
    ("It spreads to the liver, to the lung and to bone.",
     "It spreads to bone, to the lung and to the liver."),
    ("Record their weight, their height and their age.",
     "Record their age, their height and their weight."),
    ("Monitor for bruising, for anaemia and for bleeding.",
     "Monitor for bleeding, for anaemia and for bruising."),
    ("Use omeprazole + amoxicillin + clarithromycin for 7 days.",
     "Use clarithromycin + amoxicillin + omeprazole for 7 days."),
    ("Fever/cough/rash need review.", "Rash/cough/fever need review."),
    ("Avoid contrast, diuretics and aminoglycosides in kidney injury.",
     "Avoid contrast, aminoglycosides and diuretics in kidney injury."),
    ("Unlike aspirin and ibuprofen, paracetamol does not cause ulcers.",
     "Unlike ibuprofen and aspirin, paracetamol does not cause ulcers."),
    ("Sildenafil is contraindicated with nitrates.",
     "Nitrates are contraindicated with sildenafil."),
    ("Calcium overlaps with phosphate.", "Phosphate overlaps with calcium."),
    ("Bleeding was more common in women than in men.",
     "Bleeding was less common in men than in women."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "claim"), EXCHANGED)
def test_what_has_changed_places_is_contradicted(source: str, claim: str) -> None:
    verdict, back = RuleJudge().judge([(claim, source), (source, source)])
    assert verdict.label == "contradicted"
    assert back.label == "supported"


@pytest.mark.parametrize(("source", "claim"), MOVED)
def test_what_is_only_moved_is_supported(source: str, claim: str) -> None:
    assert RuleJudge().judge([(claim, source)])[0].label == "supported"


def test_a_source_that_says_both_supports_either() -> None:
    source = "Asthma is a risk factor for rhinitis. Rhinitis is a risk factor for asthma."
    assert RuleJudge().judge([("Rhinitis is a risk factor for asthma.", source)])[0].label == (
        "supported"
    )


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("If breathing is slow, stop the infusion and give naloxone.",
         "If breathing is slow, do not give naloxone."),
        ("Stop heparin and start warfarin.", "Do not start warfarin."),
        ("Stop smoking and use nicotine patches.", "Do not use nicotine patches."),
        ("Give varenicline to patients who have stopped smoking once the blood pressure is stable.",
         "Do not give varenicline to patients who have stopped smoking."),
        ("Give insulin with metformin, omitted doses are not made up.",
         "Do not give insulin with metformin."),
        ("Patients with gout should take allopurinol and should not take aspirin.",
         "Patients with gout should not take allopurinol."),
        ("Athletes with asthma should take salbutamol and should not take atracurium.",
         "Athletes with asthma should not take salbutamol."),
        ("Give apixaban after hip surgery and do not give warfarin.",
         "Do not give apixaban after hip surgery."),
        ("Intravenous penicillin was more effective in adolescents than in infants; oral penicillin"
         " was not tested.",
         "Oral penicillin was less effective in infants than in adolescents."),
        ("Left-sided pain was more common in men than in women; right-sided pain was equally"
         " common.",
         "Right-sided pain was less common in women than in men."),
        ("In acute asthma bleeding was more common in women than in men; in chronic asthma bleeding"
         " was rare.",
         "In chronic asthma bleeding was less common in men than in women."),
    ],
)  # fmt: skip
def test_what_is_said_of_another_thing_excuses_nothing(source: str, claim: str) -> None:
    assert RuleJudge().judge([(claim, source)])[0].label == "contradicted"


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("Children aged 12 or older, adults and pregnant women can be vaccinated.",
         "Adults can be vaccinated."),
        ("In patients 16 years and older (adults) the dose is 5 mg.",
         "In adults the dose is 5 mg."),
        ("In younger and older adults the dose is 5 mg.", "In adults the dose is 5 mg."),
    ],
)  # fmt: skip
def test_adults_are_adults(source: str, claim: str) -> None:
    assert RuleJudge().judge([(claim, source)])[0].label == "supported"


def test_to_stop_a_drug_is_not_to_use_it() -> None:
    source = "Do not use metformin if eGFR is below 30."
    for claim in ("Stop metformin if eGFR is below 30.", "Withhold metformin if eGFR is below 30."):
        assert RuleJudge().judge([(claim, source)])[0].label != "contradicted"
    assert RuleJudge().judge([("Use metformin if eGFR is below 30.", source)])[0].label == (
        "contradicted"
    )


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("Atracurium must not be given to athletes with asthma.",
         "Athletes with asthma should not take atracurium."),
        ("Supplements helped elderly people with anaemia.",
         "Supplements helped older adults with anaemia."),
    ],
)  # fmt: skip
def test_the_same_in_other_words_is_no_contradiction(source: str, claim: str) -> None:
    assert RuleJudge().judge([(claim, source)])[0].label != "contradicted"


def test_whom_it_is_not_given_to_counts() -> None:
    source = "Atracurium must not be given to athletes with asthma; others may take it."
    claim = "Athletes with asthma should take atracurium."
    assert RuleJudge().judge([(claim, source)])[0].label == "contradicted"
    source = "The dose is 5 mg in adults and 2 mg in older adults."
    assert RuleJudge().judge([("The dose is 2 mg in adults.", source)])[0].label != "supported"


NAMES = ["otitis", "thrush", "cystitis", "cellulitis", "rhinitis", "sepsis"]
DRUGS = ["amoxicillin", "nystatin", "aciclovir", "doxycycline", "cefalexin", "rifampicin"]


@given(st.permutations(NAMES), st.permutations(DRUGS))
def test_lists_may_be_in_any_order_and_pairs_may_not(names: list[str], drugs: list[str]) -> None:
    listed = "Causes include {}, {} and {}."
    assert not list(exchanges(listed.format(*names[:3]), listed.format(*sorted(names[:3]))))
    paired = "Give {} for {} and {} for {}."
    source = paired.format(drugs[0], names[0], drugs[1], names[1])
    assert not list(exchanges(paired.format(drugs[1], names[1], drugs[0], names[0]), source))
    assert list(exchanges(paired.format(drugs[1], names[0], drugs[0], names[1]), source))
    assert list(exchanges(paired.format(drugs[0], names[1], drugs[1], names[0]), source))


@given(
    st.lists(st.sampled_from([*NAMES, *DRUGS, "and", "for", "with", "unlike", ","]), max_size=60)
)
def test_a_text_says_what_it_says(words: list[str]) -> None:
    text = " ".join(words)
    assert not list(exchanges(text, text))
