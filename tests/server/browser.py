"""Driving the page in the system's Chromium: what the tests of test_browser_*.py share.

``TEST_SCREENSHOTS`` names a folder for a picture of every step; ``TEST_AXE`` a copy of axe.min.js
where `make browser` has not put one beside the environment.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in _NAMES if (found := shutil.which(name))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(
    os.environ.get("TEST_AXE") or ROOT / ".venv/axe/node_modules/axe-core/axe.min.js"
).absolute()
needs_axe = pytest.mark.skipif(
    not AXE.is_file(), reason=f"axe-core is not at {AXE}; `make browser` fetches it"
)
SCREENSHOTS = os.environ.get("TEST_SCREENSHOTS")

SEPSIS = "How large is the fluid bolus in adult sepsis with lactate above 2 mmol/L?"
BOLUS = (
    "If lactate is above 2 mmol/L or systolic pressure is below 90 mmHg, give a bolus of 500 mL"
    " of a balanced crystalloid (or sodium chloride 0.9%) over less than 15 minutes."
)
UNKNOWN = "Who won the football world cup in 1998?"
PATIENCE = 20_000  # milliseconds for anything to come


@contextmanager
def launched() -> Iterator[Any]:
    """The browser. One for a module: the event loop of Playwright must not outlive it."""
    # Chromium's sandbox does not start for root, as whom containers run their tests.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page asked other hosts for, and what went wrong in it unseen."""

    hosts: set[str]
    foreign: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def follow(self, page: Any) -> None:
        page.on("request", self._request)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", self._dialog)
        page.on("console", self._console)

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("blob", "data") and parts.netloc not in self.hosts:
            self.foreign.append(request.url)

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"a script opened a dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: Any) -> None:
        # That a request was refused is told there too, and is no fault of the page.
        if "Failed to load resource" not in message.text:
            self.faults.append(message.text)


@contextmanager
def visitor(browser: Any, *addresses: str, **options: Any) -> Iterator[tuple[Any, Watch]]:
    """Somebody's tab at the first address. At its end: nothing was asked of a host that is not
    among the addresses, no script failed, and nothing was said on the console."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    watch = Watch({urlsplit(address).netloc for address in addresses})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    watch.follow(page)
    try:
        page.goto(addresses[0])
        yield page, watch
    finally:
        context.close()
    assert watch.foreign == []
    assert watch.faults == []


def shot(page: Any, name: str, *, full: bool = True) -> None:
    """A picture of the page, where a folder for pictures is named."""
    if SCREENSHOTS:
        folder = Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(folder / f"{name}.png"), full_page=full)


def sign_in(page: Any, key: str) -> None:
    """Enter a key, and wait for the ask box."""
    page.get_by_label("Your access key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Your question").wait_for()


def ask(page: Any, question: str) -> Any:
    """Ask, and wait for the whole answer; its element."""
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    return answered(page, question)


def answered(page: Any, question: str) -> Any:
    """The whole answer to a question, as soon as it is there."""
    answer = page.locator("article.mr-answer").filter(
        has=page.get_by_role("heading", name=question, exact=True),
        has_text="Not a medical device. Read the source",
    )
    answer.wait_for()
    return answer


def open_documents(page: Any) -> None:
    """Go to the list of documents, and wait for it."""
    page.get_by_role("link", name="Documents", exact=True).click()
    page.locator(".documents[aria-busy]").wait_for(state="detached")
    page.locator("li.document").first.wait_for()


def row(page: Any, title: str) -> Any:
    """The line of a document in the list."""
    return page.locator("li.document").filter(
        has=page.get_by_role("button", name=title, exact=True)
    )


def squeezed(text: str) -> str:
    """Words with single spaces: how a text reads, wherever its lines break."""
    return " ".join(text.split())


def grave(page: Any) -> list[str]:
    """What axe-core finds of serious or critical impact.

    It is run through the browser's own door: the page's policy refuses a script tag.
    """
    page.evaluate(f"{AXE.read_text('utf-8')};0")
    found = page.evaluate(
        """async () => {
            const { violations, passes } = await axe.run(document, { resultTypes: ["violations"] });
            const bad = violations.filter((v) => ["serious", "critical"].includes(v.impact));
            return { passes: passes.length, bad: bad.map((v) => `${v.impact} ${v.id}: ` +
                v.nodes.map((node) => node.target.join(" ")).join(", ")) };
        }"""
    )
    assert found["passes"] > 10  # it looked at something
    return list(found["bad"])


class Intranet(ThreadingHTTPServer):
    """Somebody else's site with one page, which holds medrag's ask box."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.body = ""
        self.asked: list[str] = []

    def hold(self, medrag: str, key: str) -> None:
        """Put the box of a server on the page."""
        self.body = (
            '<!doctype html><html lang="en"><head><title>Ward 4</title>'
            '<meta name="color-scheme" content="light dark">'
            '<link rel="icon" href="data:,"></head><body><main><h1>Ward 4</h1>'
            f'<script src="{medrag}/widget.js" data-medrag data-key="{key}"'
            ' data-title="Ask the guidelines"></script></main></body></html>'
        )


class _Page(BaseHTTPRequestHandler):
    server: Intranet

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def intranet() -> Iterator[Intranet]:
    """The site, served."""
    with Intranet() as site:
        Thread(target=site.serve_forever, daemon=True).start()
        yield site
        site.shutdown()
