"""Attacks on a closed collection: by its name, by ids, by words, by figures, by its own bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from medrag import Engine
from medrag.forms import passage_form
from tests.server.attack_helpers import (
    METFORMIN,
    SECRETS,
    answers,
    call_tool,
    chat,
    done,
    order,
    own_server,
    refused,
    send,
)
from tests.server.conftest import CLOSED_TEXT, Running

FUND = "How many euros does the zanthoxylum fund pay for each night shift?"
SECRET_ID = hashlib.sha256(CLOSED_TEXT.encode()).hexdigest()
NO_ID = hashlib.sha256(b"no document of anybody").hexdigest()
Try = Callable[[httpx2.Client, str], httpx2.Response]


@pytest.fixture(autouse=True)
def still_answers(server: Running) -> Iterator[None]:
    yield
    answers(server)


def ask(client: httpx2.Client, name: str, **more: Any) -> httpx2.Response:
    return client.post("/v1/ask", json={"question": FUND, "collections": [name], **more})


BY_NAME: dict[str, Try] = {
    "search": lambda c, name: c.post("/v1/search", json={"query": FUND, "collections": [name]}),
    "ask": ask,
    "ask, streamed": lambda c, name: ask(c, name, stream=True),
    "beside an own one": lambda c, name: c.post(
        "/v1/search", json={"query": FUND, "collections": ["default", name]}
    ),
    "the key twice": lambda c, name: c.post(
        "/v1/search",
        content=json.dumps({"query": FUND, "collections": ["default"]})[:-1]
        + f', "collections": ["{name}"]}}',
        headers={"content-type": "application/json"},
    ),
    "documents": lambda c, name: c.get("/v1/documents", params={"collection": name}),
    "removal": lambda c, name: c.delete(f"/v1/documents/{SECRET_ID}", params={"collection": name}),
    "upload": lambda c, name: send(c, {"x.md": b"# x"}, name),
    "model": lambda c, name: c.get(f"/v1/models/medrag/{name}"),
    "chat": lambda c, name: c.post("/v1/chat/completions", json=chat(FUND, model=f"medrag/{name}")),
    "chat, streamed": lambda c, name: c.post(
        "/v1/chat/completions", json=chat(FUND, model=f"medrag/{name}", stream=True)
    ),
}


@pytest.mark.parametrize("way", BY_NAME)
def test_its_name_says_no_more_than_a_name_that_is_none(server: Running, way: str) -> None:
    with server.client("curator") as curator:
        replies = [BY_NAME[way](curator, name) for name in ("closed", "nowhere")]
    assert [reply.status_code for reply in replies] in ([403, 403], [404, 404])
    assert replies[0].text.replace("closed", "NAME") == replies[1].text.replace("nowhere", "NAME")
    assert set(replies[0].headers) == set(replies[1].headers)


@pytest.mark.parametrize("tool", ["ask", "search"])
def test_its_name_as_an_argument_of_a_tool(server: Running, tool: str) -> None:
    wanted = {"ask": "question", "search": "query"}[tool]
    with server.client("reader") as reader:
        told = [
            call_tool(reader, tool, **{wanted: FUND, "collections": [name]})
            for name in ("closed", "nowhere")
        ]
    assert all(one["isError"] for one in told)
    assert str(told[0]).replace("closed", "NAME") == str(told[1]).replace("nowhere", "NAME")


DISGUISES = [
    "Closed", "CLOSED", " closed", "closed ", "closed\x00", "closed\n", "ｃｌｏｓｅｄ",
    "clo\u00adsed", "cl\u043esed", "\u202edesolc", "*", "%", "clos%", "close_", "closed'--",
    "../closed", "./closed", "default/../closed", "default,closed", "closed;default",
    '["closed"]', "null",
]  # fmt: skip


@pytest.mark.parametrize("name", DISGUISES)
def test_its_name_in_disguise(server: Running, name: str) -> None:
    with server.client("reader") as reader:
        replies = [
            reader.post("/v1/search", json={"query": FUND, "collections": [name]}),
            reader.get("/v1/documents", params={"collection": name}),
            reader.post("/v1/chat/completions", json=chat(FUND, model=f"medrag/{name}")),
        ]
    assert [reply.status_code for reply in replies] == [403, 403, 404]
    for reply in replies:
        assert not any(word in reply.text for word in SECRETS)


def test_its_documents_are_not_there_by_any_id(server: Running) -> None:
    """Whole, and by first digits: as if there were none, whatever is wanted of it."""
    with server.client("closed") as fund:
        assert fund.get(f"/v1/documents/{SECRET_ID[:6]}").json()["id"] == SECRET_ID
    with server.client("curator") as curator:
        for length in (6, 7, 12, 63, 64):
            for method, tail in (("GET", ""), ("GET", "/text"), ("DELETE", "")):
                told = [
                    refused(curator.request(method, f"/v1/documents/{i[:length]}{tail}"), 404)
                    for i in (SECRET_ID, NO_ID)
                ]
                assert told[0].replace(SECRET_ID[:length], "ID") == told[1].replace(
                    NO_ID[:length], "ID"
                )
        for wanted in ("staff-fund.md", "staff-fund", SECRET_ID[:5], SECRET_ID.upper(), "_" * 6):
            refused(curator.get(f"/v1/documents/{wanted}"), 404)


def test_nothing_that_is_said_holds_a_word_of_it(server: Running) -> None:
    question = {"question": FUND}
    said: list[str] = []
    with server.client("reader") as reader:
        for path in ("/v1/collections", "/v1/documents", "/v1/models", "/openapi.json", "/v1/me"):
            said.append(reader.get(path).text)
        said.append(reader.post("/v1/ask", json=question).text)
        said.append(reader.post("/v1/ask", json={**question, "stream": True}).text)
        said.append(reader.post("/v1/search", json={"query": "night shift", "k": 100}).text)
        said.append(reader.post("/v1/chat/completions", json=chat("night shift euros")).text)
        said.append(json.dumps(call_tool(reader, "search", query="night shift", k=50)))
        said.append(json.dumps(call_tool(reader, "collections")))
        said.append(reader.post("/cds-services/medrag-guidelines", json=order("Fund")).text)
        # A follow-up must not be put into words by what is closed.
        turns = [{"question": "What does the staff get?", "answer": "Money."}]
        said.append(
            reader.post("/v1/ask", json={"question": "And a night?", "history": turns}).text
        )
        for path in ("/v1/documents/zzzzzz", "/v1/uploads/x", "/v1/nothing"):
            said.append(reader.get(path).text)
    with server.client(None) as nobody:
        said += [nobody.get(path).text for path in ("/", "/docs", "/healthz", "/readyz")]
    for text in said:
        heard = text.replace(FUND, "").replace(json.dumps(FUND)[1:-1], "")
        assert not any(
            word in heard for word in ("4711 euros", "staff-fund", "Staff fund", "cupboard")
        )
        assert '"closed"' not in heard and "medrag/closed" not in heard and SECRET_ID not in heard
    assert json.loads(said[5])["abstained"]


def test_it_changes_no_rank_and_no_score(server: Running, samples: Path) -> None:
    """Word counts, neighbours and weights are those of a library that never had it."""
    queries = (METFORMIN, "metformin cupboard 12", FUND, "night shift")
    with (
        Engine.open(samples, rerank=False) as engine,  # as these servers do
        server.client("reader") as reader,
    ):
        for query in queries:
            alone = [passage_form(i, p) for i, p in enumerate(engine.search(query, 20), start=1)]
            found = reader.post("/v1/search", json={"query": query, "k": 20}).json()["passages"]
            for one in (*found, *alone):
                one["document"]["path"] = Path(one["document"]["path"]).name  # readers see no more
            assert found == json.loads(json.dumps(alone))
            answer = engine.ask(query)
            told = reader.post("/v1/ask", json={"question": query}).json()
            assert (told["answer"], told["reason"]) == (answer.text, answer.reason)


@pytest.fixture(scope="module")
def twins(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with own_server(samples, tmp_path_factory.mktemp("twins")) as running:
        yield running


def planted(twins: Running, data: bytes, name: str) -> None:
    """Put a file into a closed collection."""
    with twins.client("admin") as chief:
        assert done(chief, send(chief, {name: data}, "board"))["state"] == "done"


@pytest.mark.parametrize("heading", ["# Ward rota of the north wing\n\n", ""])
def test_who_has_its_bytes_learns_nothing_by_sending_them(twins: Running, heading: str) -> None:
    """What an upload shows is the same whether or not a closed collection has that file."""
    texts = [f"{heading}The rota of team {n} lists nine nurses a week.\n" for n in ("A", "B")]
    closed, fresh = (text.encode() for text in texts)
    planted(twins, closed, f"Dismissals {len(heading)}.txt")
    seen = []
    with twins.client("curator") as curator, twins.client("admin") as chief:
        for data in (closed, fresh):
            form = done(curator, send(curator, {"mine.txt": data}))
            (added,) = form["report"]["added"]
            shown = curator.get(f"/v1/documents/{added['id']}").json()
            found = curator.post("/v1/search", json={"query": "rota of nurses", "k": 1}).text
            for text in (json.dumps([form, shown]), found):
                assert "Dismissals" not in text and "board" not in text
            seen.append((shown["title"], shown["collections"], form["report"]["unchanged"]))
            assert curator.delete(f"/v1/documents/{added['id']}").status_code == 200
        assert seen[0] == seen[1]
        left = chief.get("/v1/documents", params={"collection": "board"}).text
        assert f"Dismissals {len(heading)}.txt" in left, "it is taken out of one collection only"
    answers(twins)


def test_the_progress_of_an_upload_does_not_tell_either(twins: Running) -> None:
    """How many passages were made is counted alike, whether or not others made them before."""
    texts = [f"# Rota of the south wing\n\nTeam {n} has ten nurses.\n" for n in ("C", "D")]
    planted(twins, texts[0].encode(), "Dismissals.txt")
    with twins.client("curator") as curator:
        forms = [done(curator, send(curator, {"mine.txt": text.encode()})) for text in texts]
    assert forms[0]["chunks"] == forms[1]["chunks"] == 1
