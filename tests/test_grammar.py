"""What can be written under the grammars, and what cannot, by llama.cpp's own reading of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medrag.generators.worker.model import Model
from medrag.generators.worker.sampling import Grammar, InvalidGrammar
from medrag.grammar import answer_grammar, choice_grammar, line_grammar, quotes_grammar
from medrag.verify import split_claims
from tests.tiny_gguf import write_tiny_model

ABSTAIN = "The sources do not answer this question."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    path = write_tiny_model(tmp_path_factory.mktemp("grammar") / "tiny.gguf")
    yield Model(path, context=256, threads=1, extra_buffers=True, cancelled=lambda: False)


def admits(model: Model, grammar: str, text: str) -> bool:
    """Whether the grammar lets the whole text be written, and end there."""
    state = Grammar(model.api, model.vocabulary, grammar)
    try:
        for token in model.tokens(text):
            if not state.allowed(np.array([token], np.int32))[0]:
                return False
            state.accept(token)
        ends = [token for token in range(model.size) if model.ends(token)]
        return bool(state.allowed(np.array(ends, np.int32)).any())
    finally:
        state.close()


GRAMMAR = answer_grammar([1, 3], ABSTAIN)


@pytest.mark.parametrize(
    "text",
    [
        ABSTAIN,
        "Stop metformin when eGFR is below 30 mL/min/1.73 m2. [1]\n",
        "Give 2.5 mg (5 mL) twice daily, at most 10 mg/day. [1][3]\nReview at 48 h. [3]\n",
        "Temperature ≥ 38.5 °C or CRP > 100 mg/L: give 0.5–1 µg/kg. [3]\n",
    ],
)
def test_an_answer_can_be_written(model: Model, text: str) -> None:
    assert admits(model, GRAMMAR, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Stop metformin below 30.\n",
        "Stop metformin below 30. [2]\n",
        "Stop metformin below 30. [13]\n",
        "Stop metformin below 30. [1]",
        "Stop metformin. Start insulin. [1]\n",
        "Stop metformin! Start insulin. [1]\n",
        "See [7] for metformin and stop it. [1]\n",
        ABSTAIN + " But give 500 mg. [1]\n",
        "Stop metformin below 30. [1]\n" + ABSTAIN,
        "Stop metformin below 30. [1][3][1][3]\n",
        "Stop <|im_end|> metformin below 30. [1]\n",
        "Stop metformin below 30. [1]\n" * 7,
        "x" * 400 + ". [1]\n",
    ],
)
def test_what_is_no_answer_cannot(model: Model, text: str) -> None:
    assert not admits(model, GRAMMAR, text)


def test_without_sources_only_the_abstention(model: Model) -> None:
    grammar = answer_grammar([], ABSTAIN)
    assert admits(model, grammar, ABSTAIN)
    assert not admits(model, grammar, "Stop metformin below 30. [1]\n")


QUOTES = [
    ("Give 500 mg.", 1),
    ("Give 500 mg twice daily.", 1),
    ('Say "no" to \\ 5 µg [2].', 4),
    ("Drug: A | Dose: 1 mg", 2),
]


def test_quotes_are_verbatim_with_their_own_marker(model: Model) -> None:
    grammar = quotes_grammar(QUOTES, ABSTAIN)
    for quote, marker in QUOTES:
        assert admits(model, grammar, f"{quote} [{marker}]\n")
    assert admits(model, grammar, "Give 500 mg. [1]\nDrug: A | Dose: 1 mg [2]\n")
    for wrong in ("Give 500 mg. [2]\n", "Give 50 mg. [1]\n", "Give 500 mg twice. [1]\n", "Give"):
        assert not admits(model, grammar, wrong)
    assert admits(model, quotes_grammar([], ABSTAIN), ABSTAIN)


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(quotes=st.lists(st.tuples(texts, st.integers(1, 9)), min_size=1, max_size=8))
def test_every_quote_whatsoever_can_be_written(model: Model, quotes: list[tuple[str, int]]) -> None:
    grammar = quotes_grammar(quotes, ABSTAIN)
    quote, marker = quotes[-1]
    assert admits(model, grammar, f"{quote} [{marker}]\n")
    assert not admits(model, grammar, f"{quote} [{marker + 90}]\n")


def test_choices_and_lines(model: Model) -> None:
    assert admits(model, choice_grammar(["A", "B"]), "B")
    assert not admits(model, choice_grammar(["A", "B"]), "AB")
    assert admits(model, line_grammar(60), "What is the dose of 2.5 mg tablets in children?")
    assert not admits(model, line_grammar(60), "What? Why?")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("abcXYZ 0123456789,;:()/<>=≥µ°%-–'\"", min_size=8, max_size=60),
            st.lists(st.sampled_from([1, 3]), min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_each_line_is_one_claim_with_its_markers(lines: list[tuple[str, list[int]]]) -> None:
    written = [(f"A{words}", markers) for words, markers in lines]
    text = "".join(f"{words}. {''.join(f'[{m}]' for m in markers)}\n" for words, markers in written)
    claims = split_claims(text, {1, 3})
    assert [claim.markers for claim in claims] == [tuple(dict.fromkeys(m)) for _, m in written]
    assert all(text[claim.start : claim.end] == claim.text for claim in claims)


@pytest.mark.parametrize("text", ["root ::= (", "", 'other ::= "a"'])
def test_an_invalid_grammar_is_found_out(model: Model, text: str) -> None:
    with pytest.raises(InvalidGrammar):
        Grammar(model.api, model.vocabulary, text)


def test_the_likeliest_tokens_are_enough_and_the_rest_is_there(model: Model) -> None:
    from medrag.generators.worker.sampling import Sampler

    state = Grammar(model.api, model.vocabulary, 'root ::= "z"')
    z = model.tokens("z")[0]
    logits = np.arange(model.size, dtype=np.float32)
    logits[z] = -100.0  # the one token that is allowed is the least likely of all
    barred = np.zeros(model.size, bool)
    drawn: Any = Sampler(0.6, 20, 0.95, 0).draw(logits, barred, state)
    assert drawn == z
    state.close()


def test_the_grammar_holds_no_unbounded_repetition() -> None:
    for grammar in (GRAMMAR, quotes_grammar(QUOTES, ABSTAIN), line_grammar(60)):
        rules = re.sub(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]', "", grammar)
        assert not re.search(r"[*+]|\{\d+,\}", rules)
