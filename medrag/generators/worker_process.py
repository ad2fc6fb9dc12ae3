"""One life of the worker: its pipes, and who waits for which answer."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from medrag.generators.worker_faults import Message, WorkerDied

_SOURCE = Path(__file__).resolve().parent.parent.parent


class Process:
    """One life of the worker: its pipes, and who waits for which answer."""

    def __init__(self, command: Sequence[str]) -> None:
        environment = os.environ | {
            # Under contention, threads that spin while they wait cost nine tenths of the speed.
            "OMP_WAIT_POLICY": "passive",
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(_SOURCE), os.environ.get("PYTHONPATH")])
            ),
        }
        self._popen = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self.pid = self._popen.pid
        self._numbers = itertools.count(1)
        self._answers: dict[int, queue.Queue[Message | None]] = {}
        self._lock = threading.Lock()
        self._alive = True
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._alive and self._popen.poll() is None

    def ask(self, message: Message) -> int:
        """Send a message; the number under which its answers come."""
        with self._lock:
            number = next(self._numbers)
            self._answers[number] = queue.Queue()
            if not self._alive:
                self._answers[number].put(None)
        self._send(message | {"id": number})
        return number

    def cancel(self, number: int) -> None:
        self._send({"op": "cancel", "id": number})

    def answer(self, number: int, seconds: float) -> Message:
        """The next answer under that number.

        Raises:
            TimeoutError: none within ``seconds``.
            WorkerDied: the process has ended.
        """
        try:
            found = self._answers[number].get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise TimeoutError from None
        if found is None:
            raise WorkerDied(self._code())
        return found

    def done(self, number: int) -> None:
        with self._lock:
            self._answers.pop(number, None)

    def stop(self) -> None:
        """End the process, at once, and wait until it is gone."""
        with contextlib.suppress(OSError):
            self._popen.kill()
        self._popen.wait()
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _send(self, message: Message) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._lock, contextlib.suppress(OSError, ValueError):  # its death is told by answer()
            assert self._popen.stdin is not None
            self._popen.stdin.write(line)
            self._popen.stdin.flush()

    def _listen(self) -> None:
        assert self._popen.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self._popen.stdout:
                message = json.loads(line)
                with self._lock:
                    waiting = self._answers.get(message["id"])
                if waiting is not None:
                    waiting.put(message)
        with self._lock:
            self._alive = False
            for waiting in self._answers.values():
                waiting.put(None)

    def _code(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=2)
        return self._popen.returncode
