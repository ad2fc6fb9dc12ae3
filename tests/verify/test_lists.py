"""A list item says what its opening line makes of it, and nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.types import Verdict
from medrag.verify import RuleJudge
from medrag.verify.windows import around, best_windows, cut

AVOID = "Avoid the following drugs in pregnancy:\n- warfarin\n- valproate"
ENOXAPARIN = "Do not give enoxaparin in:\n- active bleeding\n- severe thrombocytopenia"
TWO = f"These drugs are safe in pregnancy:\n- paracetamol\n{AVOID}"
TURNED = f"{AVOID}\nThese drugs are safe in pregnancy:\n- paracetamol"
NESTED = "Stop before surgery:\n1. Anticoagulants:\n- apixaban\n- warfarin\n2. metformin"
HEADED = "Enoxaparin\n\nDo not give in:\n- active bleeding\n\nGive it once daily in the evening."
LABELS = "Warfarin\n\nCheck the INR daily.\n\nApixaban:\n- 5 mg twice daily\n- 2.5 mg in frailty"
UNMARKED = "Avoid the following drugs in pregnancy:\nwarfarin\nvalproate\n\nParacetamol is safe."
LONG = (
    "Do not:\n- Stop metoprolol before surgery. Abrupt withdrawal causes ischaemia.\n"
    "- Give ibuprofen to people with heart failure."
)
COUNTED = "Start antibiotics if two or more of the following are present:\n- fever\n- rigors"
TABLE = [
    ("Valproate is safe in pregnancy.", AVOID, "not supported"),
    ("Valproate can be used in pregnancy.", AVOID, "contradicted"),
    ("Give valproate in pregnancy.", AVOID, "not supported"),
    ("Avoid valproate in pregnancy.", AVOID, "supported"),
    ("Avoid warfarin and valproate in pregnancy.", AVOID, "supported"),
    ("Valproate should be avoided in pregnancy.", AVOID, "supported"),
    ("Avoid the following drugs in pregnancy: valproate.", AVOID, "supported"),
    ("Avoid drugs in pregnancy.", AVOID, "not supported"),
    ("Valproate.", AVOID, "not supported"),
    ("Avoid the following drugs in pregnancy.", AVOID, "not supported"),
    ("- valproate", AVOID, "supported"),
    ("Avoid the following drugs in pregnancy:", AVOID, "supported"),
    ("Give enoxaparin in active bleeding.", ENOXAPARIN, "contradicted"),
    ("Do not give enoxaparin in active bleeding.", ENOXAPARIN, "supported"),
    ("Do not give enoxaparin in severe thrombocytopenia.", ENOXAPARIN, "supported"),
    ("Do not give enoxaparin.", ENOXAPARIN, "not supported"),
    ("Valproate is safe in pregnancy.", TWO, "not supported"),
    ("Warfarin is safe in pregnancy.", TWO, "not supported"),
    ("Valproate is safe in pregnancy.", TURNED, "not supported"),
    ("Avoid paracetamol in pregnancy.", TWO, "not supported"),
    ("Avoid paracetamol in pregnancy.", TURNED, "not supported"),
    ("Paracetamol is safe in pregnancy.", TWO, "supported"),
    ("Paracetamol is safe in pregnancy.", TURNED, "supported"),
    ("Avoid warfarin in pregnancy.", TWO, "supported"),
    ("Stop apixaban before surgery.", NESTED, "supported"),
    ("Stop metformin before surgery.", NESTED, "supported"),
    ("Metformin is an anticoagulant.", NESTED, "not supported"),
    ("Give enoxaparin in active bleeding.", HEADED, "contradicted"),
    ("Give it once daily in the evening.", HEADED, "supported"),
    ("Warfarin 5 mg twice daily.", LABELS, "not supported"),
    ("Apixaban 5 mg twice daily.", LABELS, "supported"),
    ("Avoid valproate in pregnancy.", UNMARKED, "supported"),
    ("Valproate is safe in pregnancy.", UNMARKED, "not supported"),
    ("Paracetamol is safe.", UNMARKED, "supported"),
    ("Give ibuprofen to people with heart failure.", LONG, "contradicted"),
    ("Do not give ibuprofen to people with heart failure.", LONG, "supported"),
    ("Stop metoprolol before surgery.", LONG, "not supported"),
    ("Abrupt withdrawal causes ischaemia.", LONG, "supported"),
    ("Start antibiotics if fever is present.", COUNTED, "not supported"),
    ("Give enoxaparin in active bleeding.", "Give enoxaparin unless:\n- active bleeding",
     "not supported"),
    ("Active bleeding is an indication for enoxaparin.",
     "Contraindications to enoxaparin\n- active bleeding", "not supported"),
    ("Enoxaparin is contraindicated in active bleeding.",
     "Contraindications to enoxaparin\n- active bleeding", "supported"),
    # The line above the passage may have said "do not".
    ("Give ibuprofen in heart failure.", "- ibuprofen in heart failure\n- Give oxygen.",
     "not supported"),
    ("Give oxygen.", "- Give oxygen.\n- Check the glucose.", "supported"),
    ("Avoid ulcers.", "Do not give aspirin in:\n- bleeding\nor\n- ulcers", "not supported"),
    ("Do not give aspirin in ulcers.", "Do not give aspirin in:\n- bleeding\nor\n- ulcers",
     "supported"),
    ("Valproate is used in pregnancy.",
     "These drugs should be avoided in pregnancy. They include:\n- valproate", "not supported"),
    ("Valproate is safe.", "Avoid:\n- warfarin\n1. valproate is safe", "not supported"),
    ("Give penicillin for E. coli.", "Avoid:\n- warfarin\n\nE. coli: give penicillin.",
     "not contradicted"),
    ("Stop metformin.", "Stop metformin if:\n- eGFR is below 30", "not supported"),
    ("Stop metformin if eGFR is below 30.", "Stop metformin if:\n- eGFR is below 30", "supported"),
    ("Stop metformin if eGFR is below 45.", "Stop metformin if:\n- eGFR is below 30",
     "contradicted"),
    ("Give valproate.", "Check the INR. Give valproate if you have seen:", "not supported"),
]  # fmt: skip


def _judge(claim: str, evidence: str) -> Verdict:
    return RuleJudge().judge([(claim, evidence)])[0]


@pytest.mark.parametrize(("claim", "evidence", "label"), TABLE)
def test_an_item_is_read_with_its_opener(claim: str, evidence: str, label: str) -> None:
    verdict = _judge(claim, evidence)
    if label.startswith("not "):
        assert verdict.label != label[4:], verdict
    else:
        assert verdict.label == label, verdict


def test_the_quote_holds_the_line_that_opens_the_list() -> None:
    verdict = _judge("Avoid valproate in pregnancy.", f"{TWO}\n\nSee the local policy.")
    assert verdict.evidence is not None
    assert verdict.evidence.quote == AVOID
    item = _judge("- valproate", TWO)
    assert item.evidence is not None and item.evidence.quote == "- valproate"


_DRUGS = st.lists(
    st.sampled_from(("warfarin", "valproate", "paracetamol", "codeine", "heparin", "insulin")),
    min_size=2, max_size=6, unique=True,
)  # fmt: skip


@given(
    _DRUGS, st.integers(1, 5), st.sampled_from(("-", "*", "1.")), st.sampled_from(("\n", "\n\n"))
)
def test_no_item_comes_under_another_lists_opener(
    drugs: list[str], split: int, mark: str, gap: str
) -> None:
    split = min(split, len(drugs) - 1)
    safe, unsafe = drugs[:split], drugs[split:]
    parts = [
        gap.join(["These drugs are safe in pregnancy:", *(f"{mark} {drug}" for drug in safe)]),
        gap.join(["Avoid these drugs in pregnancy:", *(f"{mark} {drug}" for drug in unsafe)]),
    ]
    for text in ("\n".join(parts), "\n".join(reversed(parts))):
        passage = cut(text)
        for drug in drugs:
            right, wrong = (f"{drug} is safe in pregnancy", f"avoid {drug} in pregnancy")
            if drug in unsafe:
                right, wrong = wrong, right
            assert _judge(right.capitalize() + ".", text).label == "supported"
            assert _judge(wrong.capitalize() + ".", text).label != "supported"
            for window in best_windows(wrong, passage, 99):
                for each in (window, *around(window, passage)):
                    assert not (set(safe) & set(each.text.split()) and "Avoid" in each.text)
                    assert not (set(unsafe) & set(each.text.split()) and "safe" in each.text)


@pytest.mark.parametrize(
    "text",
    [
        "Avoid:\n" + "- a\n" * 6000, "a:\n" * 6000, "- a:\n" * 6000, "1. a:\n- b:\n" * 3000,
        "Avoid " + "word " * 1500 + ":\n" + "- a\n" * 3000, "these following:\n" * 3000,
    ],
)  # fmt: skip
def test_hostile_lists_cost_little(text: str) -> None:
    start = time.process_time()
    RuleJudge().judge([("Avoid the following: a.", text)])
    assert time.process_time() - start < 4.0
