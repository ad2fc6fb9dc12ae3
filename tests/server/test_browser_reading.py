"""The page for everybody: by keyboard alone, on a narrow screen, in the dark, on paper, by ear."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.server import browser as web
from tests.server.conftest import Running

pytestmark = web.needs_chromium
TITLE = "Kibarexin"
DOCUMENT = "# Kibarexin\n\nKibarexin 15 mg is given every 8 hours for tongue frostbite.\n"
DOSE = "What is the dose of kibarexin for tongue frostbite?"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with web.launched() as browser:
        yield browser


@pytest.fixture
def tidy(server: Running) -> Iterator[Running]:
    """The server; what the test sent is taken out again, however it ends."""
    yield server
    with server.client("admin") as client:
        for document in client.get("/v1/documents").json()["documents"]:
            if document["title"] == TITLE:
                client.delete(f"/v1/documents/{document['id']}").raise_for_status()


def tab_to(page: Any, wanted: Any, key: str = "Tab") -> None:
    """Press Tab until the element has the focus, and see that the focus shows."""
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            ring = wanted.evaluate("e => parseFloat(getComputedStyle(e).outlineWidth)")
            assert ring >= 2
            return
        page.keyboard.press(key)
    raise AssertionError(f"{wanted} is not reached by {key}")


def focused(locator: Any) -> None:
    web.sync_api.expect(locator).to_be_focused()


def test_the_round_without_a_mouse(chromium: Any, tidy: Running, tmp_path: Path) -> None:
    file = tmp_path / "kibarexin.md"
    file.write_text(DOCUMENT, "utf-8")
    with web.visitor(chromium, tidy.address) as (page, _):
        page.on("filechooser", lambda chooser: chooser.set_files(file))
        focused(page.get_by_label("Your access key"))
        page.keyboard.type(tidy.keys["curator"])
        page.keyboard.press("Enter")
        box = page.get_by_label("Your question")
        focused(box)

        tab_to(page, page.get_by_role("link", name="Documents", exact=True), "Shift+Tab")
        page.keyboard.press("Enter")
        focused(page.get_by_role("heading", name="Documents", exact=True))
        tab_to(page, page.get_by_role("button", name="Choose files"))
        page.keyboard.press("Enter")
        web.row(page, TITLE).wait_for()
        the_skip_link_leads_to_the_content(page)

        tab_to(page, page.get_by_role("link", name="Ask", exact=True), "Shift+Tab")
        page.keyboard.press("Enter")
        focused(box)
        page.keyboard.type(DOSE)
        page.keyboard.press("Enter")
        answer = web.answered(page, DOSE)
        focused(box)
        the_source_opens_and_closes(page, answer)

        tab_to(page, page.get_by_role("link", name="Documents", exact=True), "Shift+Tab")
        page.keyboard.press("Enter")
        it_is_removed(page)


def the_skip_link_leads_to_the_content(page: Any) -> None:
    skip = page.get_by_role("link", name="Skip to the content")
    tab_to(page, skip, "Shift+Tab")
    web.shot(page, "keys-1-skip", full=False)
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    focused(page.get_by_role("main"))
    assert page.url.endswith("#/documents")


def the_source_opens_and_closes(page: Any, answer: Any) -> None:
    marker = answer.locator(".mr-claim").first.get_by_role("button").first
    tab_to(page, marker)
    web.shot(page, "keys-2-marker")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name=TITLE)
    panel.locator("mark").wait_for()
    focused(panel.get_by_role("heading", name=TITLE, exact=True).first)
    assert "15 mg is given every 8 hours" in panel.locator("mark").inner_text()
    tab_to(page, panel.get_by_role("region", name="Text"))
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    focused(marker)


def test_the_last_page_does_not_lose_the_focus(chromium: Any, server: Running) -> None:
    with web.visitor(chromium, server.address) as (page, _):
        web.sign_in(page, server.keys["reader"])
        marker = web.ask(page, web.SEPSIS).locator(".mr-claim").first.get_by_role("button").first
        marker.click()
        panel = page.get_by_role("dialog")
        panel.locator("mark").wait_for()
        onward = panel.get_by_role("button", name="Next page")
        tab_to(page, onward)
        page.keyboard.press("Enter")
        web.sync_api.expect(onward).to_be_disabled()
        text = panel.get_by_role("region", name="Text")
        focused(text)
        tab_to(page, panel.get_by_role("button", name="Back to the quote"), "Shift+Tab")
        page.keyboard.press("Enter")
        panel.locator("mark").wait_for()
        focused(text)
        page.keyboard.press("Escape")
        focused(marker)


def it_is_removed(page: Any) -> None:
    remove = web.row(page, TITLE).get_by_role("button", name=f"Remove {TITLE}")
    remove.wait_for()
    tab_to(page, remove)
    page.keyboard.press("Enter")
    confirm = page.get_by_role("dialog", name="Remove this document?")
    focused(confirm.get_by_role("button", name="Keep it"))  # Enter twice removes nothing
    page.keyboard.press("Escape")
    focused(remove)
    page.keyboard.press("Enter")
    tab_to(page, confirm.get_by_role("button", name="Remove"))
    page.keyboard.press("Enter")
    confirm.wait_for(state="hidden")
    focused(page.get_by_label("Filter the list"))
    assert web.row(page, TITLE).count() == 0


def test_a_link_to_a_place_opens_it(chromium: Any, server: Running) -> None:
    with server.client("reader") as client:
        answer = client.post("/v1/ask", json={"question": web.SEPSIS}).json()
    (found,) = [
        (claim["evidence"], source["document"]["id"])
        for claim in answer["claims"]
        for source in answer["sources"]
        if claim["evidence"]["quote"].startswith("If lactate")
        and source["marker"] == claim["evidence"]["marker"]
    ]
    evidence, document = found
    place = urlencode({"start": evidence["start"], "end": evidence["end"]})
    with web.visitor(chromium, f"{server.address}/#/source/{document}?{place}") as (page, _):
        web.sign_in(page, server.keys["reader"])
        panel = page.get_by_role("dialog")
        panel.locator("mark").wait_for()
        assert web.squeezed(panel.locator("mark").inner_text()) == web.BOLUS
        web.shot(page, "link-to-a-place", full=False)
        link = panel.get_by_role("link", name="Link to this place").get_attribute("href")
        assert f"/#/source/{document}?{place}" in link
        page.keyboard.press("Escape")
        panel.wait_for(state="hidden")
        focused(page.get_by_label("Your question"))


WIDE = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"


def test_a_narrow_screen_needs_no_scrolling_sideways(chromium: Any, server: Running) -> None:
    visit = web.visitor(chromium, server.address, viewport={"width": 320, "height": 640})
    with visit as (page, _):
        page.get_by_label("Your access key").wait_for()
        assert page.evaluate(WIDE) <= 0
        web.sign_in(page, server.keys["curator"])
        answer = web.ask(page, web.SEPSIS)
        web.shot(page, "narrow-1-answer")
        assert page.evaluate(WIDE) <= 0
        answer.locator(".mr-claim").first.get_by_role("button").first.click()
        panel = page.get_by_role("dialog")
        panel.locator("mark").wait_for()
        web.shot(page, "narrow-2-source", full=False)
        box = panel.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 320
        assert panel.evaluate("e => e.scrollWidth <= e.clientWidth")
        assert panel.locator(".mr-panel-text").evaluate("e => e.scrollWidth <= e.clientWidth")
        mark = panel.locator("mark").bounding_box()
        assert 0 <= mark["y"] < 640 and mark["x"] + mark["width"] <= 320
        page.keyboard.press("Escape")
        web.open_documents(page)
        web.shot(page, "narrow-3-documents")
        assert page.evaluate(WIDE) <= 0
        page.get_by_role("button", name="Remove").first.click()
        web.shot(page, "narrow-4-remove", full=False)
        box = page.get_by_role("dialog").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 320
        page.goto(f"{server.address}/docs")
        page.locator(".operation").first.wait_for()
        assert page.evaluate(WIDE) <= 0


BRIGHTNESS = """() => {
    const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g);
    return (r * 299 + g * 587 + b * 114) / 255000;
}"""


def test_dark_follows_the_system_and_the_button(chromium: Any, server: Running) -> None:
    with web.visitor(chromium, server.address, color_scheme="dark") as (page, _):
        page.get_by_label("Your access key").wait_for()
        assert page.evaluate(BRIGHTNESS) < 0.2
        toggle = page.get_by_role("button", name="Dark", exact=True)
        assert toggle.get_attribute("aria-pressed") == "true"
        toggle.click()
        assert page.evaluate(BRIGHTNESS) > 0.9
        page.reload()
        page.get_by_label("Your access key").wait_for()
        assert page.evaluate(BRIGHTNESS) > 0.9  # it is remembered


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_on_paper_an_answer_carries_its_sources(
    chromium: Any, server: Running, tmp_path: Path
) -> None:
    visit = web.visitor(chromium, server.address, color_scheme="dark")
    with visit as (page, _):
        web.sign_in(page, server.keys["curator"])
        web.ask(page, web.SEPSIS)
        folder = Path(web.SCREENSHOTS or tmp_path)
        page.pdf(path=str(folder / "print.pdf"), format="A4", print_background=True)
        text = subprocess.run(
            ["pdftotext", "-layout", str(folder / "print.pdf"), "-"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    words = web.squeezed(text)
    assert web.SEPSIS in words
    assert web.BOLUS in words
    assert "supported by [1] page 2" in words
    assert "[1] Sepsis in adults: first hour" in words
    assert "version 2.1" in words
    assert f"“{web.BOLUS}” (page 2)" in words  # the quote and its page, for who checks it later
    assert "Not a medical device." in words
    assert f"from {server.address.removeprefix('http://')}" in words
    for control in ("Enter asks", "Sign out", "New conversation", "Documents"):
        assert control not in words


@web.needs_axe
def test_axe_finds_nothing_serious(chromium: Any, server: Running) -> None:
    found: dict[str, list[str]] = {}
    with web.visitor(chromium, server.address) as (page, _):

        def look(view: str) -> None:
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                web.shot(page, f"axe-{view}-{scheme}", full=view != "source")
                found[f"{view} {scheme}"] = web.grave(page)

        page.get_by_label("Your access key").wait_for()
        look("sign-in")
        web.sign_in(page, server.keys["curator"])
        answer = web.ask(page, web.SEPSIS)
        look("answer")
        answer.locator(".mr-claim").first.get_by_role("button").first.click()
        page.get_by_role("dialog").locator("mark").wait_for()
        look("source")
        page.keyboard.press("Escape")
        web.ask(page, web.UNKNOWN)
        look("abstention")
        web.open_documents(page)
        look("documents")
        page.get_by_role("button", name="Remove").first.click()
        look("remove")
        page.goto(f"{server.address}/docs")
        page.locator(".operation > summary").first.click()
        look("docs")
    assert len(found) == 14
    assert {view: faults for view, faults in found.items() if faults} == {}
