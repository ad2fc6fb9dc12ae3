"""What the tests of uploads share: deliver files, wait for the end, ask."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medrag import Engine
from medrag.config import Settings
from medrag.library import Library
from medrag.server.access import LOCAL, Caller
from medrag.server.intake import Intake, Upload
from medrag.server.settings import ServeSettings

CORPORA = Path(__file__).resolve().parents[2] / "corpora"

ANNA = Caller(id="anna", name="anna", role="curator", collections=frozenset({"ward"}))


def made(library: Path, **serve: Any) -> Intake:
    """An intake with these settings of the server."""
    return Intake(library, Settings(), ServeSettings(**serve))


def sheet(text: str) -> bytes:
    """A small Markdown file."""
    return f"# Ward sheet\n\n{text}\n".encode()


async def upload(
    intake: Intake,
    files: Mapping[str, bytes] | list[tuple[str, bytes]],
    collection: str = "ward",
    caller: Caller = LOCAL,
) -> Upload:
    """Send these files."""
    pairs = files.items() if isinstance(files, Mapping) else files
    async with intake.delivery(caller) as delivery:
        for name, data in pairs:
            delivery.begin(name)
            delivery.write(data)
            delivery.end()
        return await intake.submit(caller, collection, delivery)


async def ended(intake: Intake, upload_id: str, seconds: float = 60.0) -> Upload:
    """The upload, when nothing more comes of it."""
    async with asyncio.timeout(seconds):
        while not intake.get(LOCAL, upload_id).ended:
            await asyncio.sleep(0.02)
    return intake.get(LOCAL, upload_id)


async def uploaded(
    intake: Intake, files: Mapping[str, bytes], collection: str = "ward", caller: Caller = LOCAL
) -> Upload:
    """Send these files and wait for the end."""
    return await ended(intake, (await upload(intake, files, collection, caller)).id)


def found(library: Path, question: str, collection: str | None = None) -> str:
    """All that a search finds, as one text."""
    with Engine.open(library) as engine:
        scope = None if collection is None else [collection]
        return "\n".join(p.chunk.text for p in engine.search(question, 8, collection=scope))


def agree(library: Path) -> dict[str, list[str]]:
    """Assert that uploads and library hold the same bytes, and that nothing is half done; the
    names by collection."""
    on_disk: dict[str, dict[str, str]] = {}
    for home in (library / "uploads").iterdir():
        if home.name == ".incoming":
            left = {path.name for path in home.iterdir()} - {"lock", "running"}
            assert not left, left
            continue
        on_disk[home.name] = {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in home.iterdir()
        }
    if not any(on_disk.values()) and not (library / "library.sqlite").is_file():
        return {name: [] for name in on_disk}
    with Library.open(library) as opened:
        assert opened.check() == []
        for name, files in on_disk.items():
            held = {
                path: sha for path, (_, sha) in opened.files(name).items() if "/uploads/" in path
            }
            assert held == files, name
    return {name: sorted(Path(path).name for path in files) for name, files in on_disk.items()}
