"""What the page does not let happen: scripts of documents, other hosts, more than is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.server import browser as web
from tests.server.conftest import Running, Starter

pytestmark = web.needs_chromium

TITLE = "HOSTILOL <B ID=BOLD>SHEET</B>"
HOSTILE = f"""{TITLE}

Status: <img src=x onerror="document.title='status ran'">

The dose of hostilol for vertiligo in adults is 5 mg <img src=x onerror="document.title=1"> daily.

Hostilol is kept in cupboard 7 and is given with food. Vertiligo in adults is rare.

<script>document.title = "script ran"; alert(1)</script> <svg onload=alert(2)> is
[stored](javascript:alert(3)) there.
"""
NAME = "<img src=x onerror=alert(4)>.txt"
DOSE = "What is the dose of hostilol for vertiligo in adults?"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with web.launched() as browser:
        yield browser


@pytest.fixture
def hostile(server: Running) -> Iterator[Running]:
    """A server that holds a document full of HTML, and afterwards does not."""
    with server.client("curator") as client:
        sent = client.post(
            "/v1/documents",
            data={"collection": "default"},
            files={"files": (NAME, HOSTILE.encode(), "text/plain")},
        )
        sent.raise_for_status()
        path = f"/v1/uploads/{sent.json()['id']}?wait=30"
        state = sent.json()
        while state["state"] not in ("done", "failed"):
            state = client.get(path).json()
        assert len(state["report"]["added"]) == 1, state
        added = state["report"]["added"][0]["id"]
        yield server
        client.delete(f"/v1/documents/{added}").raise_for_status()


def test_html_of_a_document_is_text(chromium: Any, hostile: Running) -> None:
    with web.visitor(chromium, hostile.address) as (page, _):
        web.sign_in(page, hostile.keys["curator"])
        answer = web.ask(page, DOSE)
        claim = answer.locator(".mr-claim").first
        assert '5 mg <img src=x onerror="document.title=' in claim.inner_text()
        web.shot(page, "shut-1-answer")
        claim.get_by_role("button").first.click()
        panel = page.get_by_role("dialog")
        panel.locator("mark").wait_for()
        text = panel.inner_text()
        assert '<script>document.title = "script ran"; alert(1)</script>' in text
        assert "[stored](javascript:alert(3))" in text
        assert panel.get_by_role("heading", name=TITLE, exact=True).is_visible()
        web.shot(page, "shut-2-source", full=False)
        page.keyboard.press("Escape")
        web.open_documents(page)
        page.get_by_label("Filter the list").fill("hostilol")
        web.row(page, TITLE).get_by_role("button", name="Remove").click()
        confirm = page.get_by_role("dialog", name="Remove this document?")
        assert TITLE in confirm.inner_text()
        web.shot(page, "shut-3-remove", full=False)
        assert page.title() == "Documents - medrag"  # what would have run says so there
        assert page.locator("img, svg, #BOLD, body script, [onerror], [onload]").count() == 0
        assert page.locator('a[href^="javascript"]').count() == 0


def test_a_question_with_html_is_text(chromium: Any, server: Running) -> None:
    question = "<img src=x onerror=alert(1)> metformin <script>alert(2)</script>"
    address = f"{server.address}/#/ask?q={quote(question)}"
    with web.visitor(chromium, address) as (page, _):
        web.sign_in(page, server.keys["reader"])
        box = page.get_by_label("Your question")
        web.sync_api.expect(box).to_have_value(question)
        assert "metformin" not in page.url  # a question does not stay in the address
        assert page.locator("article.mr-answer").is_hidden()  # nor is it sent by a link
        box.press("Enter")
        web.answered(page, question)
        assert page.locator("img, body script").count() == 0


def test_the_policy_refuses_other_hosts_and_scripts(chromium: Any, server: Running) -> None:
    with (
        web.visitor(chromium, server.address) as (page, watch),
        web.intranet() as elsewhere,
    ):
        page.get_by_label("Your access key").wait_for()
        refused = page.evaluate(
            """async (address) => {
                const told = [];
                document.addEventListener("securitypolicyviolation",
                    (event) => told.push(event.effectiveDirective));
                const add = (tag, source) => document.body.append(
                    Object.assign(document.createElement(tag), source));
                add("img", { src: `${address}/pixel.png` });
                add("script", { textContent: "document.title = 'ran'" });
                add("iframe", { src: address });
                add("style", { textContent: "body { display: none }" });
                await fetch(address).catch(() => told.push("fetch failed"));
                await new Promise((done) => setTimeout(done, 200));
                return [...told, document.title];
            }""",
            elsewhere.origin,
        )
        assert {"img-src", "connect-src", "fetch failed"} <= set(refused)
        assert {"script-src-elem", "style-src-elem", "frame-src"} <= set(refused)
        assert "ran" not in refused
        assert elsewhere.asked == []
        # The watch of these tests sees such things; here they were meant.
        assert len(watch.faults) >= 5
        assert watch.foreign == [] or all(elsewhere.origin in url for url in watch.foreign)
        watch.faults.clear()
        watch.foreign.clear()


def test_a_key_sees_its_collections_only(chromium: Any, server: Running) -> None:
    with server.client("closed") as client:
        (fund,) = client.get("/v1/documents").json()["documents"]
    link = f"{server.address}/#/source/{fund['id']}?start=0&end=40"
    with web.visitor(chromium, link) as (page, _):
        web.sign_in(page, server.keys["reader"])
        panel = page.get_by_role("dialog")
        panel.get_by_role("alert").filter(has_text="not open to you").wait_for()
        assert panel.get_by_role("link").count() == 0  # to a place that is none
        web.shot(page, "shut-4-closed-document", full=False)
        assert "fund" not in page.locator("body").inner_text().lower()
        page.keyboard.press("Escape")
        answer = web.ask(page, "What does the zanthoxylum fund pay for each night shift?")
        assert answer.get_by_role("heading", name="The documents do not answer this.").is_visible()
        assert "4711" not in page.content()


def test_too_many_questions_are_told_to_wait(chromium: Any, starter: Starter) -> None:
    running = starter(toml="[serve]\nasks_per_minute = 1\n", keys=False)
    with web.visitor(chromium, running.address) as (page, _):
        web.ask(page, web.SEPSIS)
        page.get_by_label("Your question").fill(web.UNKNOWN)
        page.get_by_label("Your question").press("Enter")
        alert = page.get_by_role("alert").filter(has=page.get_by_role("button", name="Try again"))
        alert.wait_for()
        web.shot(page, "shut-5-too-many")
        told = web.squeezed(alert.inner_text())
        assert "questions in a minute." in told
        assert "The server asks to wait" in told
        assert "[serve]" not in told  # what the administrator may set
        # What was asked is not lost, and trying again is one key away.
        assert page.get_by_label("Your question").input_value() == web.UNKNOWN
        with page.expect_response("**/v1/ask") as response:
            alert.get_by_role("button", name="Try again").click()
        assert response.value.status == 429
        web.sync_api.expect(page.get_by_label("Your question")).to_be_focused()
        alert.wait_for()
