"""The ask box on another site's page, in a real browser, under that page's strict policy."""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from medrag.server.keys import KeyStore
from tests.server.conftest import Running, Starter

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")

METFORMIN = "At what eGFR should metformin be stopped?"
STOP = "Stop metformin when eGFR is below 30 mL/min/1.73 m2."
# What a page could do to a box that was not shut off from it.
HOSTILE = """
html { font-size: 44px; }
body { font: italic 60px/3 cursive; letter-spacing: 9px; color: rgb(1, 2, 3); direction: rtl; }
div, section, form, dialog, textarea, button, ol { display: none !important; }
* { text-transform: uppercase !important; word-spacing: 30px !important; }
h1 { color: rgb(9, 90, 9); }
"""


class Intranet(ThreadingHTTPServer):
    """Somebody else's site: pages with a policy that names medrag and the site's own styles."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.medrag = ""
        self.body = ""

    def show(self, *boxes: str, before: str = "") -> None:
        scripts = "\n".join(
            f'<script src="{self.medrag}/widget.js" data-medrag {box}></script>' for box in boxes
        )
        self.body = (
            '<!doctype html><html lang="en"><head><title>Ward</title>'
            f'<link rel="stylesheet" href="/site.css"></head><body>{before}<main>'
            f"<h1>Ward 4</h1>{scripts}</main></body></html>"
        )

    @property
    def policy(self) -> str:
        return (
            f"default-src 'none'; script-src {self.medrag}; connect-src {self.medrag};"
            " style-src 'self'"
        )


class _Page(BaseHTTPRequestHandler):
    server: Intranet

    def do_GET(self) -> None:
        kinds = {"/": ("text/html", self.server.body), "/site.css": ("text/css", HOSTILE)}
        kind, body = kinds.get(self.path, ("text/plain", ""))
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def intranet() -> Iterator[Intranet]:
    with Intranet() as site:
        Thread(target=site.serve_forever, daemon=True).start()
        yield site
        site.shutdown()


@pytest.fixture
def medrag(starter: Starter, intranet: Intranet) -> Running:
    """A server that lets the intranet's pages call it."""
    running = starter(toml=f'[serve]\ncors_origins = ["{intranet.origin}"]\n')
    intranet.medrag = running.address
    return running


def key_for(running: Running, *origins: str) -> str:
    """A key of a widget: the open collection, from these pages."""
    return KeyStore(running.library).add("intranet", "reader", ["default"], origins=origins)[1]


Opened = Callable[[], Any]


@pytest.fixture
def opened(browser: Any, intranet: Intranet) -> Iterator[Opened]:
    """Opens the intranet's page; at the end nothing may have gone against its policy."""
    context = browser.new_context(viewport={"width": 900, "height": 1000})
    complaints: list[str] = []

    def open_page() -> Any:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        page.goto(f"{intranet.origin}/")
        return page

    yield open_page
    context.close()
    assert complaints == []


def ask(box: Any, question: str) -> None:
    box.get_by_label("Your question").fill(question)
    box.get_by_role("button", name="Ask", exact=True).click()


def test_question_answer_quote_and_back(
    medrag: Running, intranet: Intranet, opened: Opened
) -> None:
    intranet.show(f'data-key="{key_for(medrag, intranet.origin)}" data-title="Ask the guidelines"')
    page = opened()
    box = page.get_by_role("region", name="Ask the guidelines")
    box.get_by_role("heading", name="Ask the guidelines").wait_for()
    box.get_by_label("Your question").fill(METFORMIN)
    box.get_by_label("Your question").press("Enter")

    claim = box.locator(".mr-claim").first
    claim.wait_for()
    assert STOP in claim.inner_text()
    assert "supported by" in claim.inner_text()
    marker = claim.get_by_role("button").first
    assert "page 1" in marker.inner_text()

    marker.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    panel.locator("mark").first.wait_for()
    assert " ".join(panel.locator("mark").inner_text().split()) == STOP
    assert panel.get_by_text("Page 1", exact=True).is_visible()
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert marker.evaluate("button => button.getRootNode().activeElement === button")

    link = box.get_by_role("link", name="Open medrag")
    assert link.get_attribute("href").startswith(f"{medrag.address}/#/ask?q=At%20what%20eGFR")


def test_an_abstention_and_an_empty_question_are_said(
    medrag: Running, intranet: Intranet, opened: Opened
) -> None:
    intranet.show(f'data-key="{key_for(medrag)}"')
    page = opened()
    ask(page, "  ")
    page.get_by_text("Write a question first.").wait_for()
    ask(page, "Who won the football world cup in 1998?")
    page.get_by_role("heading", name="The documents do not answer this.").wait_for()
    page.get_by_role("heading", name="Nearest passages, not an answer").wait_for()
    assert page.get_by_text("Write a question first.").count() == 0


def test_the_page_and_the_box_leave_each_other_alone(
    medrag: Running, intranet: Intranet, opened: Opened
) -> None:
    about = """() => {
        const style = getComputedStyle(document.querySelector("h1"));
        return [style.color, style.fontSize, style.wordSpacing, style.direction,
                Object.keys(window).filter((name) => !/^\\d+$/.test(name)).sort().join(),
                document.styleSheets.length, document.adoptedStyleSheets.length];
    }"""
    intranet.show()
    alone = opened().evaluate(about)
    intranet.show(f'data-key="{key_for(medrag)}"')
    page = opened()
    field = page.get_by_label("Your question")
    field.wait_for()
    ask(page, METFORMIN)
    page.locator(".mr-claim").first.wait_for()
    assert page.evaluate(about) == alone
    style = field.evaluate(
        "e => (({fontSize, fontStyle, letterSpacing, textTransform, direction}) =>"
        " [fontSize, fontStyle, letterSpacing, textTransform, direction])(getComputedStyle(e))"
    )
    assert style == ["16px", "normal", "normal", "none", "ltr"]
    sizes = page.locator(".mr-claim .mr-text").evaluate_all(
        "all => all.map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert all(13 <= size <= 20 for size in sizes)
    heading = page.locator(".mr-question").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert 14 <= heading <= 28
    assert page.locator(".mr-marker").first.is_visible()


def test_two_boxes_one_of_them_elsewhere_and_dark(
    medrag: Running, intranet: Intranet, opened: Opened
) -> None:
    key = key_for(medrag)
    intranet.show(
        f'data-key="{key}" data-title="First"',
        f'data-key="{key}" data-title="Second" data-target="there" data-theme="dark"'
        ' data-collection="nothing-of-this-name"',
        before='<p id="there"></p>',
    )
    page = opened()
    first = page.get_by_role("region", name="First")
    second = page.get_by_role("region", name="Second")
    second.wait_for()
    assert page.locator("#there").get_by_label("Your question").count() == 1
    ask(first, METFORMIN)
    first.locator(".mr-claim").first.wait_for()
    assert second.locator(".mr-claim").count() == 0
    ask(second, METFORMIN)
    # The key may not look there; the box says so instead of looking elsewhere.
    second.get_by_text("There is no collection 'nothing-of-this-name'").wait_for()
    assert first.locator(".mr-claim").count() > 0
    grounds = [one.evaluate("e => getComputedStyle(e).backgroundColor") for one in (first, second)]
    assert grounds[0] != grounds[1]


def test_a_key_of_another_page_is_refused_where_the_reader_sees_it(
    medrag: Running, intranet: Intranet, opened: Opened
) -> None:
    intranet.show(f'data-key="{key_for(medrag, "https://other.example")}"')
    page = opened()
    ask(page, METFORMIN)
    alert = page.get_by_role("alert").filter(has_text="This key is bound to other pages.")
    alert.wait_for()
    assert page.locator(".mr-claim").count() == 0
    assert page.get_by_role("button", name="Try again").is_visible()


def test_a_page_that_the_server_does_not_know_is_told_what_to_do(
    starter: Starter, intranet: Intranet, opened: Opened
) -> None:
    running = starter()  # no cors_origins
    intranet.medrag = running.address
    intranet.show(f'data-key="{key_for(running)}" data-title="{html.escape("Ask <us>")}"')
    page = opened()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "Ask <us>: the ask box cannot be loaded" in alert.inner_text()
    assert f"{intranet.origin} in [serve] cors_origins" in alert.inner_text()


def test_a_box_that_is_taken_off_the_page_stops_asking(
    medrag: Running, intranet: Intranet, opened: Opened
) -> None:
    intranet.show(f'data-key="{key_for(medrag)}"')
    page = opened()
    ended: list[str] = []
    page.on("requestfailed", lambda request: ended.append(request.url))
    page.on("requestfinished", lambda request: ended.append(request.url))
    page.get_by_label("Your question").fill(METFORMIN)
    with page.expect_request("**/v1/ask") as asked:
        page.evaluate(
            """() => {
                const host = document.querySelector("main > div");
                const form = host.shadowRoot.querySelector("form");
                form.requestSubmit();
                host.remove();
            }"""
        )
    page.wait_for_function("document.querySelector('main > div') === null")
    for _ in range(100):
        if asked.value.url in ended:
            break
        page.wait_for_timeout(50)
    assert asked.value.url in ended
