"""A client that costs little: the load must not be what is measured."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Reply:
    """A response: its status, and its body."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One kept-alive connection."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, path: str, body: object) -> None:
        """Send a request; ``read`` or ``lines`` take what comes."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        data = json.dumps(body).encode()
        authorization = f"Authorization: Bearer {self._key}\r\n" if self._key else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"{authorization}Content-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        self._writer.write(head.encode() + data)
        await self._writer.drain()

    async def read(self) -> Reply:
        """The whole response."""
        status, headers = await self._head()
        assert self._reader is not None
        if "content-length" in headers:
            return Reply(status, await self._reader.readexactly(int(headers["content-length"])))
        parts = []
        while size := int((await self._reader.readline()).strip() or b"0", 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readline()
        await self._reader.readline()
        return Reply(status, b"".join(parts))

    async def first_bytes(self) -> int:
        """The status, and a few bytes of the body; then nothing more is read."""
        status, _ = await self._head()
        assert self._reader is not None
        await self._reader.read(64)
        return status

    def leave(self) -> None:
        """Vanish: the connection is reset, without a goodbye."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None

    async def _head(self) -> tuple[int, dict[str, str]]:
        assert self._reader is not None
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value for name, value in pairs}


@contextmanager
def served(library: Path, toml: str = "") -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``medrag serve`` over a library: the process and its port. Stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "medrag.toml"
        audit = Path(folder) / "audit"
        config.write_text(f'{toml}\n[audit]\nfolder = "{audit}"\n', "utf-8")
        process, port = start(library, config)
        try:
            yield process, port
        finally:
            process.terminate()
            process.wait(60)


def start(library: Path, config: Path | None = None) -> tuple[subprocess.Popen[str], int]:
    """Start it on a free port; returns when it listens."""
    command = [sys.executable, "-m", "medrag", "--library", str(library)]
    command += ["serve", "--json", "--port", "0"] + (["--config", str(config)] if config else [])
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("the server did not start")
    return process, int(json.loads(line)["address"].rsplit(":", 1)[1])
