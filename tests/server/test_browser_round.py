"""The whole round in a browser: sign in, send documents, ask, read the source, take them out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import browser as web
from tests.server.conftest import Running

pytestmark = web.needs_chromium

# Characters that take two UTF-16 units stand before the quote, and inside it.
QUOTE = "Give zorblaxine 5 mg once daily 𝒳 for lupus pernio."
ASTRAL = f"# Zorblaxine\n\nStatus: Draft\n\n😀😀 The 𝒜-list drugs are kept apart. {QUOTE} 😀\n"
DOSE = "What is the dose of zorblaxine for lupus pernio?"
OTHER = "# Quuxamab\n\nQuuxamab 70 mg is given under the skin every 11 weeks for nail fungus.\n"
EVERY = "How often is quuxamab given for nail fungus?"
TITLES = ("Zorblaxine", "Quuxamab")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with web.launched() as browser:
        yield browser


@pytest.fixture
def tidy(server: Running) -> Iterator[Running]:
    """The server; what a test sent is taken out again, however it ends."""
    yield server
    with server.client("admin") as client:
        for document in client.get("/v1/documents").json()["documents"]:
            if document["title"] in TITLES:
                client.delete(f"/v1/documents/{document['id']}").raise_for_status()


def test_the_whole_round(chromium: Any, tidy: Running, tmp_path: Path) -> None:
    with web.visitor(chromium, tidy.address) as (page, _):
        the_wrong_key_is_refused(page)
        web.sign_in(page, tidy.keys["curator"])
        web.shot(page, "round-03-signed-in")
        files_are_sent_by_the_button(page, tmp_path)
        files_are_sent_by_dropping(page)
        the_quote_is_marked_behind_astral_characters(page)
        pages_are_turned(page)
        an_unknown_thing_is_abstained_from(page)
        documents_are_removed(page)
        signing_out_forgets(page)


def the_wrong_key_is_refused(page: Any) -> None:
    field = page.get_by_label("Your access key")
    field.wait_for()
    web.shot(page, "round-01-sign-in")
    assert page.get_by_label("Your question").is_hidden()
    field.fill("mr_AAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    page.get_by_role("button", name="Sign in").click()
    alert = page.get_by_role("alert").filter(has_text="key")
    alert.wait_for()
    web.shot(page, "round-02-wrong-key")
    assert "Copy the whole key once more." in alert.inner_text()
    assert "Authorization" not in alert.inner_text()
    assert page.get_by_label("Your question").is_hidden()
    assert page.evaluate("sessionStorage.length") == 0


SEEN = """() => {
    window.seen = [];
    const list = document.querySelector(".uploads");
    new MutationObserver(() => seen.push(list.textContent))
        .observe(list, { childList: true, subtree: true, characterData: true });
}"""


def files_are_sent_by_the_button(page: Any, folder: Path) -> None:
    good, bad = folder / "zorblaxine.md", folder / "broken.pdf"
    good.write_text(ASTRAL, "utf-8")
    bad.write_bytes(b"%PDF-1.4 no more")
    # Before the button is pressed, not beside it: the browser takes a moment to hand it over.
    page.on("filechooser", lambda chooser: chooser.set_files([good, bad]))
    web.open_documents(page)
    web.shot(page, "round-04-documents")
    page.evaluate(SEEN)
    page.get_by_role("button", name="Choose files").click()
    upload = page.locator("li.upload").first
    web.shot(page, "round-05-sending")
    upload.locator(".results").wait_for()
    web.shot(page, "round-06-sent")
    told = upload.inner_text()
    assert "zorblaxine.md added (1 passage)" in web.squeezed(told)
    assert "broken.pdf not stored:" in web.squeezed(told)
    seen = page.evaluate("seen.join('\\n')")
    assert "sending, " in seen  # bytes as they went
    assert any(words in seen for words in ("waiting for its turn", "reading the files"))
    assert upload.get_by_role("progressbar").count() == 0
    line = web.row(page, "Zorblaxine")
    line.wait_for()
    assert "Marked as a draft" in line.inner_text()


def files_are_sent_by_dropping(page: Any) -> None:
    dropped = page.evaluate_handle(
        """(text) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "quuxamab.md", { type: "text/markdown" }));
            return transfer;
        }""",
        OTHER,
    )
    zone = page.locator(".drop")
    zone.dispatch_event("dragover", {"dataTransfer": dropped})
    web.shot(page, "round-07-dragged", full=False)
    zone.dispatch_event("drop", {"dataTransfer": dropped})
    upload = page.locator("li.upload").filter(has_text="quuxamab.md")
    upload.locator(".results").wait_for()
    assert "✓quuxamab.md added" in upload.inner_text()
    web.row(page, "Quuxamab").wait_for()


def the_quote_is_marked_behind_astral_characters(page: Any) -> None:
    page.get_by_role("link", name="Ask", exact=True).click()
    answer = web.ask(page, DOSE)
    claim = answer.locator(".mr-claim").filter(has_text="zorblaxine 5 mg")
    assert "supported by" in claim.inner_text()
    assert "Marked as a draft" in answer.inner_text()
    web.shot(page, "round-08-answer-of-the-upload")
    claim.get_by_role("button").first.click()
    panel = page.get_by_role("dialog", name="Zorblaxine")
    panel.locator("mark").wait_for()
    web.shot(page, "round-09-source-of-the-upload")
    assert panel.locator("mark").inner_text() == QUOTE
    panel.get_by_role("button", name="Close").click()
    panel.wait_for(state="hidden")


def pages_are_turned(page: Any) -> None:
    page.get_by_role("button", name="New conversation").click()
    with page.expect_response("**/v1/ask") as response:
        answer = web.ask(page, web.SEPSIS)
    assert response.value.headers["content-type"].startswith("text/event-stream")
    claim = answer.locator(".mr-claim").filter(has_text="give a bolus of 500 mL")
    assert "supported by" in claim.inner_text()
    web.shot(page, "round-10-answer")
    marker = claim.get_by_role("button").first
    assert "page 2" in marker.inner_text()
    marker.click()
    panel = page.get_by_role("dialog")
    mark = panel.locator("mark")
    mark.wait_for()
    web.shot(page, "round-11-source", full=False)
    assert web.squeezed(mark.inner_text()) == web.BOLUS
    assert mark.bounding_box()["y"] < page.viewport_size["height"]  # scrolled to
    where = panel.locator(".mr-panel-where")
    assert where.inner_text().startswith("Page 2 ")
    panel.get_by_role("button", name="Next page").click()
    web.sync_api.expect(where).to_contain_text("Page 3 ")
    assert mark.count() == 0
    web.shot(page, "round-12-next-page", full=False)
    panel.get_by_role("button", name="Back to the quote").click()
    mark.wait_for()
    panel.get_by_role("button", name="Previous page").click()
    web.sync_api.expect(where).to_contain_text("Page 1 ")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    web.sync_api.expect(marker).to_be_focused()


def an_unknown_thing_is_abstained_from(page: Any) -> None:
    page.get_by_role("button", name="New conversation").click()
    answer = web.ask(page, web.UNKNOWN)
    assert answer.get_by_role("heading", name="The documents do not answer this.").is_visible()
    assert answer.locator(".mr-claim").count() == 0
    assert answer.get_by_role("heading", name="Nearest passages, not an answer").is_visible()
    web.shot(page, "round-13-abstention")


def documents_are_removed(page: Any) -> None:
    web.open_documents(page)
    page.get_by_label("Filter the list").fill("quuxamab")
    line = web.row(page, "Quuxamab")
    line.get_by_role("button", name="Remove").click()
    confirm = page.get_by_role("dialog", name="Remove this document?")
    web.shot(page, "round-14-remove", full=False)
    assert "quuxamab.md" in confirm.inner_text()
    confirm.get_by_role("button", name="Keep it").click()
    confirm.wait_for(state="hidden")
    assert line.count() == 1
    line.get_by_role("button", name="Remove").click()
    confirm.get_by_role("button", name="Remove").click()
    confirm.wait_for(state="hidden")
    page.get_by_role("status").filter(has_text="Quuxamab was removed.").wait_for()
    assert line.count() == 0
    web.shot(page, "round-15-removed")
    page.get_by_role("link", name="Ask", exact=True).click()
    answer = web.ask(page, EVERY)
    assert answer.get_by_role("heading", name="The documents do not answer this.").is_visible()
    assert "11 weeks" not in answer.inner_text()


def signing_out_forgets(page: Any) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Your access key").wait_for()
    web.shot(page, "round-16-signed-out")
    assert page.evaluate("sessionStorage.length") == 0
    assert "nail fungus" not in page.content()
    page.reload()
    page.get_by_label("Your access key").wait_for()


def test_a_reader_sees_the_documents_and_no_way_to_change_them(
    chromium: Any, server: Running
) -> None:
    with web.visitor(chromium, server.address) as (page, _):
        web.sign_in(page, server.keys["reader"])
        web.open_documents(page)
        web.shot(page, "reader-documents")
        assert page.get_by_role("button", name="Choose files").count() == 0
        assert page.locator(".drop, input[type=file]").count() == 0
        assert page.get_by_role("button", name="Remove").count() == 0
        assert "Staff fund" not in page.locator("body").inner_text()  # of a closed collection
