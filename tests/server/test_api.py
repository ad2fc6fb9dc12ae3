"""The doors of the real server: the right page, honest silence, and nothing of what is closed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import httpx2
import pytest

from tests.server.conftest import Running, Starter, clean_environment

METFORMIN = "At what eGFR should metformin be stopped?"
SILENT = "What is the dose of rivaroxaban for atrial fibrillation?"


def events_of(reply: httpx2.Response) -> list[dict[str, Any]]:
    """The events of a stream, each name held against its data."""
    found = []
    for block in reply.text.replace("\r\n", "\n").strip().split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        if not lines:
            continue
        name = next(line[7:] for line in lines if line.startswith("event: "))
        data = json.loads("".join(line[6:] for line in lines if line.startswith("data: ")))
        assert data["event"] == name
        found.append(data)
    return found


def command(server: Running, *words: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "medrag", *words, "--library", str(server.library), "--json"],
        capture_output=True, text=True, check=False, env=clean_environment(),
    )  # fmt: skip
    return json.loads(done.stdout)


def test_an_answer_stands_on_its_page(server: Running) -> None:
    with server.client() as client:
        answer = client.post("/v1/ask", json={"question": METFORMIN}).json()
        assert not answer["abstained"]
        evidence = answer["claims"][0]["evidence"]
        source = answer["sources"][evidence["marker"] - 1]
        assert "below 30" in evidence["quote"] and evidence["pages"] == ["1"]
        where = {"start": evidence["start"], "end": evidence["end"]}
        shown = client.get(f"/v1/documents/{source['document']['id']}/text", params=where).json()
    (page,) = shown["pages"]
    start = evidence["start"] - page["start"]
    assert page["text"][start : start + len(evidence["quote"])] == evidence["quote"]


def test_the_same_json_as_the_command_line(server: Running) -> None:
    with server.client("admin") as client:
        answered = client.post("/v1/ask", json={"question": METFORMIN}).json()
        found = client.post("/v1/search", json={"query": "metformin eGFR", "k": 3}).json()
        listed = client.get("/v1/documents").json()
    by_command = command(server, "ask", METFORMIN)
    for one in (answered, by_command):
        one.pop("usage")
    assert answered == by_command
    by_command = command(server, "search", "metformin eGFR", "-k", "3")
    assert {**found, "seconds": 0} == {**by_command, "seconds": 0}
    assert listed == command(server, "documents", "list")


def test_a_stream_ends_with_the_answer(server: Running) -> None:
    with server.client() as client:
        reply = client.post("/v1/ask", json={"question": METFORMIN, "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_of(reply)
    assert events[-1]["event"] == "answer" and "below 30" in events[-1]["answer"]["answer"]
    assert [event["event"] for event in events].count("answer") == 1


def test_silence_is_an_answer_too(server: Running) -> None:
    with server.client() as client:
        answer = client.post("/v1/ask", json={"question": SILENT}).json()
    assert answer["abstained"] and answer["claims"] == []
    assert "rivaroxaban" in answer["reason"]


def test_a_follow_up_is_asked_in_full(server: Running) -> None:
    history = [{"question": METFORMIN, "answer": "Stop metformin when eGFR is below 30."}]
    with server.client() as client:
        reply = client.post(
            "/v1/ask",
            json={"question": "And apixaban?", "history": history, "stream": True},
        )
    first = events_of(reply)[0]
    assert first["event"] == "rephrased" and "apixaban" in first["question"]


def test_verify_sees_a_changed_dose(server: Running) -> None:
    evidence = "Give 5 mg of apixaban twice a day."
    pairs = [
        {"id": 1, "claim": evidence, "evidence": evidence},
        {"id": "two", "claim": "Give 50 mg of apixaban twice a day.", "evidence": evidence},
    ]
    with server.client() as client:
        verdicts = client.post("/v1/verify", json={"pairs": pairs}).json()["verdicts"]
    assert [verdict["id"] for verdict in verdicts] == [1, "two"]
    assert verdicts[0]["verdict"] == "supported" and verdicts[1]["verdict"] == "contradicted"


def test_who_may_see_what(server: Running) -> None:
    with server.client("reader") as ward, server.client("closed") as fund:
        assert [one["name"] for one in ward.get("/v1/collections").json()["collections"]] == [
            "default"
        ]
        paths = [one["path"] for one in ward.get("/v1/documents").json()["documents"]]
        assert paths and not any("staff-fund" in path for path in paths)
        asked = {"question": "How much does the zanthoxylum fund pay for a night shift?"}
        outside = ward.post("/v1/ask", json=asked)
        inside = fund.post("/v1/ask", json=asked).json()
    assert outside.json()["abstained"] and "4711" not in outside.text
    assert not inside["abstained"] and "4711" in inside["answer"]


def test_a_closed_collection_is_refused_as_one_that_is_not(server: Running) -> None:
    with server.client("reader") as ward:
        replies = [
            ward.post("/v1/search", json={"query": "fund", "collections": [name]})
            for name in ("closed", "nothing")
        ]
    assert [reply.status_code for reply in replies] == [403, 403]
    assert replies[0].text.replace("closed", "X") == replies[1].text.replace("nothing", "X")


def test_me_says_who_and_what(server: Running) -> None:
    with server.client("curator") as client:
        me = client.get("/v1/me").json()
    assert (me["name"], me["role"], me["collections"]) == ("library", "curator", ["default"])
    assert me["generator"] == "extractive"


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("/v1/ask", {"question": ""}, 422, "question"),
        ("/v1/ask", {"question": "  "}, 422, "empty"),
        ("/v1/ask", {"question": "x" * 4001}, 422, "question"),
        ("/v1/ask", {"question": "x", "generator": "gpt-7"}, 422, "generator"),
        ("/v1/ask", {"question": "x", "stream": "yes"}, 422, "stream"),
        ("/v1/ask", {"frage": "x"}, 422, "question"),
        ("/v1/search", {"query": "x", "k": 0}, 422, "k"),
        ("/v1/search", {"query": "x", "k": 101}, 422, "k"),
        ("/v1/search", "x", 422, "body"),
        ("/v1/verify", {"pairs": [{"claim": "x"}]}, 422, "evidence"),
    ],
)
def test_bad_input_is_told_in_a_line(
    server: Running, path: str, body: Any, status: int, word: str
) -> None:
    with server.client() as client:
        reply = client.post(path, json=body)
    assert reply.status_code == status
    told = reply.json()
    assert set(told) == {"error", "remedy"} and "\n" not in told["error"]
    assert word in told["error"]


def test_health_needs_no_key_and_metrics_do(server: Running) -> None:
    with server.client(None) as nobody, server.client("admin") as chief:
        assert nobody.get("/healthz").json() == {"status": "ok"}
        assert nobody.get("/readyz").json() == {"status": "ready"}
        assert nobody.get("/metrics").status_code == 401
        text = chief.get("/metrics").text
    assert 'medrag_requests_total{door="ask",status="200"}' in text
    assert "metformin" not in text.lower()


def test_no_key_no_network(starter: Starter) -> None:
    with pytest.raises(AssertionError, match="there is no key"):
        starter('[serve]\nhost = "0.0.0.0"', keys=False)


def test_without_keys_this_machine_may_do_all(starter: Starter) -> None:
    running = starter(keys=False)
    with running.client(None) as client:
        me = client.get("/v1/me").json()
        assert (me["kind"], me["role"]) == ("local", "admin")
        answer = client.post("/v1/ask", json={"question": METFORMIN}).json()
    assert "below 30" in answer["answer"]
    assert running.stop() == 0


def test_nothing_of_a_question_is_logged(starter: Starter) -> None:
    running = starter()
    with running.client() as client:
        client.post("/v1/ask", json={"question": "Is Mrs Quetzalcoatl allergic to penicillin?"})
        client.post("/v1/ask", content=b'{"question": "Quetzalcoatl')
        client.get("/v1/documents/Quetzalcoatl")
    assert running.stop() == 0
    assert "quetzal" not in running.log.read_text().lower()
