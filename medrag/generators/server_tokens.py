"""How long a text is on a language-model server: three servers, three questions, or an estimate."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from medrag.errors import NetworkBlocked
from medrag.generators.server_link import Link

if TYPE_CHECKING:
    import httpx2

_PATIENCE = 5.0  # seconds for one call; what is not counted by then is estimated
_BYTES_A_TOKEN = 3  # English takes four and more, so this is on the safe side


def estimate(text: str) -> int:
    """A third of the bytes of UTF-8, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN)


def _llama_server(model: str, text: str) -> dict[str, Any]:
    return {"content": text}


def _llama_cpp_python(model: str, text: str) -> dict[str, Any]:
    return {"model": model, "input": text}


def _vllm(model: str, text: str) -> dict[str, Any]:
    return {"model": model, "prompt": text, "add_special_tokens": False}


# Path, body, and the field of the answer: a list of tokens or their number.
_Way = tuple[str, Callable[[str, str], dict[str, Any]], str]
_WAYS: tuple[_Way, ...] = (
    ("/tokenize", _llama_server, "tokens"),
    ("/extras/tokenize/count", _llama_cpp_python, "count"),
    ("/tokenize", _vllm, "count"),
)


class TokenCounter:
    """Counts with whichever way the server understands, and remembers it."""

    def __init__(self, link: Link, model: str, dialect: str) -> None:
        self._link, self._model = link, model
        self._base = link.url.removesuffix("/v1")
        # vLLM's own way first there; Ollama has none.
        order = {"vllm": _WAYS[::-1], "ollama": ()}
        self._ways: tuple[_Way, ...] = order.get(dialect, _WAYS)

    def count(self, texts: Sequence[str]) -> list[int]:
        """The length of each text in tokens, or an estimate where the server cannot be asked.

        Raises:
            NetworkBlocked: the guard does not let this server be reached.
        """
        import httpx2

        counts: list[int] = []
        deadline = time.monotonic() + _PATIENCE
        try:
            with self._link.client(_PATIENCE) as client:
                for text in texts:
                    if not self._ways or time.monotonic() > deadline:
                        break
                    counts.append(self._ask(client, text))
        except httpx2.HTTPError as error:
            # The server is away or slow: another question may find it again.
            if isinstance(found := self._link.failure(error), NetworkBlocked):
                raise found from None
        return counts + [estimate(text) for text in texts[len(counts) :]]

    def _ask(self, client: httpx2.Client, text: str) -> int:
        if not text:
            return 0
        for way in self._ways:
            path, body, field = way
            payload = json.dumps(body(self._model, text)).encode()
            headers = {"Content-Type": "application/json"}
            response = client.post(self._base + path, content=payload, headers=headers)
            if response.status_code in (401, 403, 429) or response.status_code >= 500:
                return estimate(text)  # that says nothing about the ways it knows
            number = _number(response, field) if response.status_code == 200 else 0
            if number > 0:
                self._ways = (way,)
                return number
        self._ways = ()
        return estimate(text)


def _number(response: httpx2.Response, field: str) -> int:
    try:
        tree = response.json()
    except (ValueError, RecursionError):
        return 0
    value = tree.get(field) if isinstance(tree, dict) else None
    if isinstance(value, list):
        return len(value)
    return value if type(value) is int else 0
