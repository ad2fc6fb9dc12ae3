"""Event streams and thoughts: what a server means does not depend on where its bytes are cut."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.generators.server_reply import Bill, Reply
from medrag.generators.sse import (
    LONGEST_EVENT,
    BrokenStream,
    Chunk,
    Splitter,
    error_name,
    events,
    read_chunk,
    split_thinking,
)

WORDS = st.text(st.characters(codec="utf-8"), max_size=40)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted({point % (len(data) + 1) for point in at}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def chunk(**delta: object) -> str:
    return json.dumps({"choices": [{"delta": delta}]}, ensure_ascii=False)


def streamed(parts: list[bytes], reply: Reply) -> list[tuple[str, str]]:
    pieces = []
    for data in events(parts):
        assert data is not None
        pieces += reply.take(read_chunk(data))
    return pieces + reply.rest()


@given(
    st.lists(WORDS, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 10_000), max_size=30),
)
def test_any_cutting_gives_the_same_words(words: list[str], end: str, at: list[int]) -> None:
    sent = "".join(f": ping{end}{end}data: {chunk(content=word)}{end}{end}" for word in words)
    whole = Reply(inside=False)
    streamed([sent.encode()], whole)
    pieces = Reply(inside=False)
    streamed(cut(sent.encode(), at), pieces)
    assert pieces.parts() == whole.parts()
    if not any("think>" in "".join(words) for _ in words):
        assert pieces.parts()[1] == "".join(words).strip()


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "</thi", "a", "nk>", " é", "\n"])),
    st.lists(st.integers(0, 500), max_size=20),
    st.booleans(),
)
def test_pieces_do_not_depend_on_the_cutting(parts: list[str], at: list[int], inside: bool) -> None:
    text = "".join(parts)
    edges = [0, *sorted({point % (len(text) + 1) for point in at}), len(text)]
    once, many = Splitter(inside), Splitter(inside)
    expected = once.feed(text) + once.finish()
    found = []
    for start, end in itertools.pairwise(edges):
        found += many.feed(text[start:end])
    found += many.finish()
    for phase in ("think", "write"):
        assert "".join(t for p, t in found if p == phase) == "".join(
            t for p, t in expected if p == phase
        )
    assert all("<think>" not in piece and "</think>" not in piece for _, piece in found)


def test_a_tag_is_held_back_while_it_may_be_one() -> None:
    splitter = Splitter(inside=True)
    assert splitter.feed("eGFR <") == [("think", "eGFR ")]
    assert splitter.feed(" 30 so </th") == [("think", "< 30 so ")]
    assert splitter.feed("ink>Stop") == [("write", "Stop")]
    assert splitter.feed("<thin") == []
    assert splitter.finish() == [("write", "<thin")]


@pytest.mark.parametrize(
    ("text", "inside", "expected"),
    [
        ("so</think>\n\nStop [1].", True, ("so", "Stop [1].", False)),
        ("<think>so</think>Stop [1].", False, ("so", "Stop [1].", False)),
        ("a</think>b</think>Stop [1].", True, ("ab", "Stop [1].", False)),
        ("so and so", True, ("so and so", "", True)),
        ("<think>so and", False, ("so and", "", True)),
        ("Stop [1].", False, ("", "Stop [1].", False)),
        ("Stop [1].<think>or", False, ("or", "Stop [1].", True)),
    ],
)
def test_the_answer_is_what_stands_after_the_last_closing_tag(
    text: str, inside: bool, expected: tuple[str, str, bool]
) -> None:
    assert split_thinking(text, inside) == expected


@pytest.mark.parametrize(
    ("chunks", "thinks", "expected"),
    [
        # Cut while thinking, in a template that opens <think> itself: no answer.
        ([Chunk(content="let me see"), Chunk(finish="length")], True, ("let me see", "", "length")),
        # A model that does not think although it may: what it wrote is the answer.
        ([Chunk(content="Stop [1]."), Chunk(finish="stop")], True, ("", "Stop [1].", "stop")),
        # A server that keeps thoughts apart: the content is the answer, also when it is cut.
        (
            [Chunk(reasoning="so"), Chunk(content="Stop"), Chunk(finish="length")],
            True,
            ("so", "Stop", "length"),
        ),
        # ... and one whose budget cut the thought and let its end slip into the content.
        (
            [Chunk(reasoning="so"), Chunk(content="on</think>Stop [1]."), Chunk(finish="stop")],
            True,
            ("so\non", "Stop [1].", "stop"),
        ),
        ([Chunk(reasoning="so"), Chunk(finish="length")], True, ("so", "", "length")),
        ([Chunk(content="Sto"), Chunk(finish="length")], False, ("", "Sto", "length")),
        ([Chunk(content="<think>so"), Chunk(finish="stop")], False, ("so", "", "length")),
    ],
)
def test_what_is_thought_and_what_is_answer(
    chunks: list[Chunk], thinks: bool, expected: tuple[str, str, str]
) -> None:
    reply = Reply(thinks)
    for one in chunks:
        reply.take(one)
    reply.rest()
    assert reply.parts() == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, (0, 2, 1)),
        ({"completion_tokens": 9, "prompt_tokens": 7}, (7, 2, 7)),
        (
            {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6}},
            (0, 6, 3),
        ),
        ({"completion_tokens": "many", "prompt_tokens": -1}, (0, 2, 1)),
    ],
)
def test_tokens_are_the_servers_numbers_or_pieces(
    usage: dict[str, object], expected: tuple[int, int, int]
) -> None:
    reply = Reply(inside=True)
    for one in (Chunk("a"), Chunk("b"), Chunk("</think>"), Chunk("c", finish="stop", usage=usage)):
        reply.take(one)
    bill = Bill(deadline=0)
    bill.add(reply)
    found = bill.draft(*reply.parts()).usage
    assert (found.prompt_tokens, found.thinking_tokens, found.answer_tokens) == expected


@pytest.mark.parametrize("data", ["nonsense", "[1]", '"a"', "[" * 100_000])
def test_what_is_no_object_is_refused_without_being_shown(data: str) -> None:
    with pytest.raises(BrokenStream) as caught:
        read_chunk(data)
    assert "nonsense" not in str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["choices", "delta", "content", "usage", "error", "finish_reason"]),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_an_object_of_any_shape_is_a_chunk(tree: object) -> None:
    found = read_chunk(json.dumps({"choices": tree, "usage": tree}))
    assert isinstance(found.content, str)
    assert isinstance(read_chunk(json.dumps({"choices": [{"delta": tree}]})).content, str)


@pytest.mark.parametrize(
    "parts",
    [
        [b"data: " + b"x" * (LONGEST_EVENT + 1)],
        [b"data: x\n"] * (LONGEST_EVENT // 6),
        [b"x" * 10_000] * (LONGEST_EVENT // 10_000 + 2),
    ],
)
def test_events_without_end_are_refused(parts: list[bytes]) -> None:
    with pytest.raises(BrokenStream):
        list(events(parts))


def test_silence_is_handed_on_and_other_fields_are_not() -> None:
    parts = [b"event: x\nid: 1\ndata: a\nda", None, b"ta: b\n\n", b"retry: 5\n\n"]
    assert list(events(parts)) == [None, "a\nb"]


def test_a_servers_error_is_known_by_name_and_never_by_its_words() -> None:
    error = {"message": "prompt: Mrs Miller is ill", "code": 400, "type": "exceed_context_size"}
    assert error_name({"error": error}) == "exceed_context_size"
    assert error_name({"error": {"code": "Mrs Miller is ill"}}) == ""
    assert error_name({"error": "Mrs Miller is ill"}) == ""
    assert error_name([]) == ""
