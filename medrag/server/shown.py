"""Values as a caller is shown them: where files lie on the server is for its admins alone."""

from __future__ import annotations

import re
from dataclasses import replace

from medrag.events import Done, Event, Verbatim
from medrag.server.access import Caller
from medrag.types import Answer, DocumentInfo, Passage

_FOLDERS = re.compile(r"^(?:.*[/\\])?(?=[^/\\])")


def path_for(caller: Caller, path: str) -> str:
    """A document's path: whole for admins, without its folders for everybody else."""
    if caller.role == "admin":
        return path
    file, mark, record = path.partition("#")
    return _FOLDERS.sub("", file) + mark + record


def info_for(caller: Caller, info: DocumentInfo) -> DocumentInfo:
    """A document as the caller sees it listed."""
    return replace(info, path=path_for(caller, info.path))


def passage_for(caller: Caller, passage: Passage) -> Passage:
    """A passage as the caller sees it."""
    return replace(passage, document=info_for(caller, passage.document))


def event_for(caller: Caller, event: Event) -> Event:
    """An event as the caller sees it."""
    if isinstance(event, Verbatim):
        return Verbatim(_answer_for(caller, event.answer))
    if isinstance(event, Done):
        return Done(_answer_for(caller, event.answer))
    return event


def _answer_for(caller: Caller, answer: Answer) -> Answer:
    sources = tuple(
        replace(source, passage=passage_for(caller, source.passage)) for source in answer.sources
    )
    return replace(answer, sources=sources)
