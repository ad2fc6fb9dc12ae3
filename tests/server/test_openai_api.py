"""The OpenAI-compatible door, driven by the `openai` client against a real server."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from medrag import Engine
from medrag.errors import UsageError
from medrag.server import openai_forms
from medrag.server.links import escaped, in_markdown, link, out_of_markdown
from medrag.types import Answer
from tests.server.conftest import Running, Starter, make_library, start
from tests.tiny_home import make_home

QUESTION = "At what eGFR should metformin be stopped?"
STOP = "Stop metformin when eGFR is below 30 mL/min/1.73 m2."
UNKNOWN = "Which antidote is given for a bite of the Komodo dragon?"


def client(server: Running, who: str = "reader", **options: Any) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{server.address}/v1",
        api_key=server.keys.get(who, who),
        http_client=httpx2.Client(trust_env=False),
        max_retries=0,
        **options,
    )


def ask(server: Running, question: str = QUESTION, **options: Any) -> Any:
    options = {"model": "medrag", "messages": [{"role": "user", "content": question}]} | options
    return client(server, options.pop("who", "reader")).chat.completions.create(**options)


def streamed(server: Running, question: str = QUESTION, **options: Any) -> tuple[str, list[Any]]:
    found = list(ask(server, question, stream=True, **options))
    text = "".join(c.choices[0].delta.content or "" for c in found if c.choices)
    return text, found


# What there is


def test_models_are_the_collections_one_may_see(server: Running) -> None:
    names = {who: [m.id for m in client(server, who).models.list()] for who in ("reader", "admin")}
    assert names["reader"] == ["medrag", "medrag/default"]
    assert names["admin"] == ["medrag", "medrag/closed", "medrag/default"]
    model = client(server).models.retrieve("medrag/default")
    assert (model.id, model.object, model.owned_by) == ("medrag/default", "model", "medrag")


def test_a_closed_collection_is_as_unknown_as_one_that_is_not_there(server: Running) -> None:
    said = []
    for name in ("closed", "nowhere"):
        with pytest.raises(openai.NotFoundError) as error:
            ask(server, model=f"medrag/{name}")
        assert (error.value.code, error.value.param) == ("model_not_found", "model")
        said.append(error.value.message.replace(name, "NAME"))
        with pytest.raises(openai.NotFoundError):
            client(server).models.retrieve(f"medrag/{name}")
    assert said[0] == said[1]


def test_any_name_of_a_model_is_told_to_be_unknown(server: Running) -> None:
    with server.client() as http:
        for name in ("x", "medrag%2F%0A", "%0A", "a/b", "%F0%9C%83%B3", "..%2f..%2fetc"):
            reply = http.get(f"/v1/models/{name}")
            assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")


def test_a_model_looks_into_its_collection_alone(server: Running) -> None:
    question = "How many euros does the zanthoxylum fund pay for each night shift?"
    assert (
        "4711"
        in ask(server, question, model="medrag/closed", who="admin").choices[0].message.content
    )
    inside = ask(server, question, model="medrag/default", who="admin").choices[0].message
    assert inside.model_extra["medrag"]["abstained"]
    assert "4711" not in str(inside.model_dump())


# An answer


def test_the_answer_cites_and_links_its_page(server: Running) -> None:
    completion = ask(server)
    choice = completion.choices[0]
    content = choice.message.content
    assert choice.finish_reason == "stop"
    first = choice.message.annotations[0].url_citation
    assert content[first.start_index : first.end_index].startswith(STOP)
    assert re.search(r"\n\nSources:\n\n- \[\d+\] \[Type 2 diabetes: metformin", content)
    answer = choice.message.model_extra["medrag"]
    claim = answer["claims"][0]
    assert claim["verdict"] == "supported"
    assert answer["fingerprint"] == completion.system_fingerprint
    # The link leads to just the characters of the quote.
    url, query = first.url.split("?")
    document = unquote(url.removeprefix(f"{server.address}/#/source/"))
    span = {name: values[0] for name, values in parse_qs(query).items()}
    with server.client() as http:
        text = http.get(f"/v1/documents/{document}/text", params=span).json()
    page = text["pages"][0]
    start, end = (int(span[name]) - page["start"] for name in ("start", "end"))
    assert page["text"][start:end] == claim["evidence"]["quote"] == STOP
    assert page["label"] == span["page"]


def test_a_stream_says_what_the_whole_answer_says(server: Running) -> None:
    whole = ask(server)
    text, chunks = streamed(server, stream_options={"include_usage": True})
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "stop"
    extra = last.choices[0].delta.model_extra
    message = whole.choices[0].message
    assert extra["annotations"] == [one.model_dump() for one in message.annotations]
    assert extra["medrag"]["claims"] == message.model_extra["medrag"]["claims"]
    assert (usage.choices, usage.usage.total_tokens) == ([], 0)
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_clients_own_stream_helper_puts_it_together(server: Running) -> None:
    messages: Any = [{"role": "user", "content": QUESTION}]
    with client(server).chat.completions.stream(model="medrag", messages=messages) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.content == ask(server).choices[0].message.content
    assert message.annotations[0].url_citation.title.startswith("Type 2 diabetes")
    assert message.model_extra["medrag"]["abstained"] is False


def test_the_async_client_streams_too(server: Running) -> None:
    async def run() -> str:
        given = httpx2.AsyncClient(trust_env=False)
        async with openai.AsyncOpenAI(
            base_url=f"{server.address}/v1", api_key=server.keys["reader"], http_client=given
        ) as asking:
            messages: Any = [{"role": "user", "content": QUESTION}]
            stream = await asking.chat.completions.create(
                model="medrag", messages=messages, stream=True
            )
            return "".join([c.choices[0].delta.content or "" async for c in stream])

    assert asyncio.run(run()) == ask(server).choices[0].message.content


def test_an_abstention_says_so_and_cites_nothing(server: Running) -> None:
    message = ask(server, UNKNOWN).choices[0].message
    assert message.content.startswith("No answer to this question was found in this library.")
    assert message.annotations == []
    assert message.model_extra["medrag"]["abstained"] is True
    assert "\n\nSources:" not in message.content
    if message.model_extra["medrag"]["sources"]:
        assert "Nearest passages (not an answer):" in message.content
    assert streamed(server, UNKNOWN)[0] == message.content


def test_warnings_of_a_verbatim_answer_come_first(server: Running) -> None:
    content = ask(server, "What is the dose of gentamicin?").choices[0].message.content
    assert content.startswith("Warning: ")
    before = content[: content.index("Drug: Gentamicin")]
    assert "Check whom each line is for" in before and "was due for review on 2025" in before


def test_a_follow_up_is_understood_from_the_messages_before(server: Running) -> None:
    asked = "What is amoxicillin used for?"
    messages = [
        {"role": "system", "content": "Answer as a pirate."},
        {"role": "user", "content": asked},
        {"role": "assistant", "content": ask(server, asked).choices[0].message.content},
        {"role": "user", "content": [{"type": "text", "text": "What is the dose?"}]},
    ]
    completion = ask(server, messages=messages, temperature=0.1, max_tokens=9)
    message = completion.choices[0].message
    assert message.model_extra["medrag"]["question"] == "What is the dose of amoxicillin?"
    ignored = completion.model_extra["medrag"]["ignored"]
    assert ignored == ["max_tokens", "messages: system", "temperature"]


# What is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n": 2}, "n: there is only one answer"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": " \n"}]}, "messages.0.content"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, "There is no question."),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "data:,"}}],
                    }
                ]
            },
            "only text can be read",
        ),
        ({"messages": [{"role": "user", "content": "eGFR " * 1000}]}, "Ask in fewer words"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_bad_requests_are_400_in_plain_words(
    server: Running, options: dict[str, Any], said: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError, match=said) as error:
        ask(server, stream=stream, **options)
    assert error.value.type == "invalid_request_error"


def test_what_is_no_json_is_refused_in_the_same_form(server: Running) -> None:
    with server.client() as http:
        for content in (b"{", b"[1]", b'{"model": "medrag"}', b"\xff\xfe", b"[" * 50_000):
            reply = http.post(
                "/v1/chat/completions",
                content=content,
                headers={"Content-Type": "application/json"},
            )
            assert reply.status_code == 400
            assert set(reply.json()["error"]) == {"message", "type", "param", "code"}


def test_half_of_a_character_does_no_harm(server: Running) -> None:
    answer = '{"role":"assistant","content":[{"type":"text","text":"yes \\ud800"}]},'
    body = '{"model":"medrag","messages":[{"role":"user","content":"And %s?"},%s'
    body += '{"role":"user","content":"At what eGFR should metformin be stopped?"}]}'
    with server.client() as http:
        for asked, status in (("now", 200), ("\\udc00", 400)):
            reply = http.post(
                "/v1/chat/completions",
                content=body % (asked, answer),
                headers={"Content-Type": "application/json"},
            )
            assert reply.status_code == status


def test_a_key_is_needed(server: Running) -> None:
    with pytest.raises(openai.AuthenticationError) as error:
        ask(server, who="mr_wrong")
    assert error.value.code == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        client(server, "mr_wrong").models.list()


def test_too_many_questions_are_429_with_a_time_to_wait(starter: Starter) -> None:
    server = starter("[serve]\nasks_per_minute = 1\n")
    ask(server)
    for stream in (False, True):
        with pytest.raises(openai.RateLimitError) as error:
            ask(server, stream=stream)
        assert int(error.value.response.headers["retry-after"]) >= 1
        assert error.value.code == "rate_limit_exceeded"


# With a language model


@pytest.fixture(scope="module")
def writing(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose tiny language model may only choose sentences of the documents."""
    folder = tmp_path_factory.mktemp("writing")
    home = make_home(folder)
    library, keys = make_library(samples, folder)
    config = folder / "medrag.toml"
    config.write_text('[answer]\ngenerator = "tiny"\n[compose]\nmode = "quotes"\n', "utf-8")
    patch = pytest.MonkeyPatch()
    patch.setenv("MEDRAG_HOME", str(home))
    running = start(library, config, keys)
    patch.undo()
    yield running
    running.stop(signal.SIGTERM)


def test_checked_sentences_are_streamed_and_all_of_them_stay(writing: Running) -> None:
    text, chunks = streamed(writing)
    answer = chunks[-1].choices[0].delta.model_extra["medrag"]
    pieces = [c.choices[0].delta.content for c in chunks if c.choices[0].delta.content]
    assert answer["generator"] == "tiny"
    sentences = [in_markdown(claim["text"]) for claim in answer["claims"]]
    assert "".join(pieces[: len(sentences)]) == "\n\n".join(sentences)
    assert text.startswith(sentences[0])
    assert "Warning: UNVERIFIED MODEL" in text
    whole = ask(writing).choices[0].message
    assert whole.content == text
    assert answer["usage"]["answer_tokens"] > 0
    for claim, annotation in zip(answer["claims"], whole.annotations, strict=True):
        cited = annotation.url_citation
        assert text[cited.start_index : cited.end_index] == in_markdown(claim["text"])


def test_who_leaves_in_mid_stream_gives_the_model_back(writing: Running) -> None:
    body = {"model": "medrag", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    with writing.client("admin") as http:
        for _ in range(3):
            with http.stream("POST", "/v1/chat/completions", json=body) as reply:
                assert next(reply.iter_lines()).startswith("data: ")
        deadline = time.monotonic() + 20
        while _figure(http, "medrag_engines_lent") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _figure(http, "medrag_engines_lent") == 0
    assert ask(writing).choices[0].finish_reason == "stop"


def _figure(http: httpx2.Client, name: str) -> float:
    text = http.get("/metrics").text
    return float(re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.M)[0])


# The text alone


def answer_of(samples: Path, question: str) -> Answer:
    with Engine.open(samples) as engine:
        return engine.ask(question, generator="extractive")


def test_history_is_the_answer_without_what_was_put_around_it(samples: Path) -> None:
    for question in ("What is the dose of gentamicin?", QUESTION):
        answer = answer_of(samples, question)
        content = openai_forms.written(answer, "http://here").text
        assert openai_forms.said_before(content) == answer.text
    abstained = answer_of(samples, UNKNOWN)
    assert openai_forms.said_before(openai_forms.written(abstained, "http://here").text) == ""


def test_only_the_last_three_pairs_are_history() -> None:
    messages = [("assistant", "Hello.")]
    for number in range(6):
        messages += [("user", f"question {number}"), ("assistant", f"answer {number}")]
    question, history = openai_forms.conversation([*messages, ("user", "and now?")])
    assert question == "and now?"
    assert history == [(f"question {n}", f"answer {n}") for n in (3, 4, 5)]
    with pytest.raises(UsageError):
        openai_forms.conversation([("assistant", "Hello.")])


RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
TRICKS = st.lists(
    st.sampled_from(
        ["<b>", "</p>", "<!--", "![a](http://x/y)", "[a](x)", "[a]: http://x", "[a]", "```", "~~~",
         "\\", "<http://x>", "`", "\n", " ", "5", "mg", "|", "---", "* ", "# ", "&lt;", "<30", "."]
    ),
    max_size=8,
).map("".join)  # fmt: skip


@given(TRICKS)
def test_text_of_a_document_is_only_text_in_markdown(text: str) -> None:
    html = RENDER.render(f"{in_markdown(text)}\n\n- end")
    assert not re.search(r"<(?:a|img|b|script|!--)\b|<!--", html)
    assert "<li>end</li>" in html, "what follows is not swallowed"
    assert out_of_markdown(in_markdown(text)).split() == text.split() or "\\" in text


@given(TRICKS)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    tokens = RENDER.parseInline(escaped(text))[0].children or []
    assert {token.type for token in tokens} <= {"text", "text_special"}
    shown = "".join(token.content for token in tokens)
    flat = " ".join(text.split())
    assert shown.strip() == re.sub(r"^[-*+]\s+", "", flat)


@given(st.text(max_size=30))
def test_a_title_stays_inside_its_link(title: str) -> None:
    tokens = RENDER.parseInline(link(f"a {title} b", "http://x/#/source/1"))[0].children or []
    kinds = [token.type for token in tokens]
    assert kinds[0] == "link_open" and kinds[-1] == "link_close"
    assert kinds.count("link_open") == 1 and "image" not in kinds and "html_inline" not in kinds
