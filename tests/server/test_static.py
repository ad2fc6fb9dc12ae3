"""The page's files: what needs no browser, and what must stand in none of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from medrag.server import http_open

STATIC = Path(http_open.__file__).parent / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
NODE = shutil.which("node")
# The first that takes a .js file for a module by what is in it.
OLDEST_NODE = (20, 19)


def _node_version() -> tuple[int, ...]:
    told = subprocess.run([str(NODE), "--version"], capture_output=True, text=True, timeout=20)
    return tuple(int(part) for part in re.findall(r"\d+", told.stdout)[:2])


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_scripts_do_what_they_say() -> None:
    if _node_version() < OLDEST_NODE:
        pytest.skip(f"node is older than {OLDEST_NODE[0]}.{OLDEST_NODE[1]}")
    done = subprocess.run(
        [str(NODE), "--test", str(Path(__file__).with_name("static_test.mjs"))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# What would let text of a document become HTML or script, or send something elsewhere.
_FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    r"|createContextualFragment|setHTMLUnsafe|\.srcdoc|setAttribute\(\s*[\"'](?:on|style)"
    r"|sendBeacon|document\.cookie|indexedDB"
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_html_of_text(script: Path) -> None:
    assert _FORBIDDEN.findall(script.read_text("utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_key_is_kept_by_one_module_and_for_the_tab_only(script: Path) -> None:
    text = script.read_text("utf-8")
    assert "localStorage" not in text or script.name in {"theme.js", "toggle.js"}
    assert "sessionStorage" not in text or script.name == "session.js"


class _Attributes(HTMLParser):
    """Every attribute of a page, and whether a script has a body of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.inline = ""
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value or "") for name, value in attrs]
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in {"script", "style"}:
            self.inline += data.strip()


@pytest.mark.parametrize("name", ["index.html", "docs.html"])
def test_the_pages_keep_to_the_content_security_policy(name: str) -> None:
    page = _Attributes()
    page.feed((STATIC / name).read_text("utf-8"))
    assert page.inline == ""
    assert [one for one in page.found if one[1] == "style" or one[1].startswith("on")] == []
    links = [value for _, attribute, value in page.found if attribute in {"src", "href"}]
    # Relative, so that the page works under a path of a reverse proxy, and asks no other host.
    assert [link for link in links if re.match(r"[a-z]+:|/", link)] == []
    missing = [
        link
        for link in links
        if link.startswith("static/") and not (STATIC / link.removeprefix("static/")).is_file()
    ]
    assert missing == []


@pytest.mark.parametrize("path", [*SCRIPTS, *STATIC.glob("*.css")], ids=lambda path: path.name)
def test_no_file_names_another_host(path: Path) -> None:
    # Comments may show an address; code has none.
    code = re.sub(r"/\*.*?\*/|(?<!:)//.*", "", path.read_text("utf-8"), flags=re.S)
    code = "\n".join(line for line in code.splitlines() if not line.lstrip().startswith("*"))
    assert re.findall(r"(?:https?:|wss?:|url\()\s*//?[\w.]+", code) == []


def test_what_a_module_imports_is_there() -> None:
    wanted = {
        found
        for script in SCRIPTS
        for found in re.findall(r'from "\./([\w.]+)"', script.read_text("utf-8"))
    }
    assert wanted
    assert sorted(name for name in wanted if not (STATIC / name).is_file()) == []


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _palettes() -> list[dict[str, str]]:
    css = (STATIC / "answer.css").read_text("utf-8")
    blocks = re.findall(r"\{([^{}]*--mr-ground:[^{}]*)\}", css)
    return [dict(re.findall(r"--mr-([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


TEXT_ON_GROUND = [
    *[(ink, ground) for ink in ("ink", "soft", "accent") for ground in ("ground", "paper")],
    *[(tone, f"{tone}-ground") for tone in ("good", "part", "bad", "against", "none")],
    *[("ink", f"{tone}-ground") for tone in ("good", "part", "bad", "against", "none")],
    *[("soft", f"{tone}-ground") for tone in ("bad", "against", "none")],
    ("on-accent", "accent"),
    ("on-mark", "mark"),
    ("part", "ground"),
    ("bad", "ground"),
]


@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read_in_light_and_dark(text: str, ground: str) -> None:
    palettes = _palettes()
    assert len(palettes) == 3  # light, dark by the system, dark by choice
    assert palettes[1] == palettes[2]
    for palette in palettes:
        assert _contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("name", ["edge", "accent"])
def test_controls_stand_out_from_their_ground(name: str) -> None:
    for palette in _palettes():
        assert min(_contrast(palette[name], palette[g]) for g in ("ground", "paper")) >= 3
