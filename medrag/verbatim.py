"""The answer in the documents' own words: whatever else may come, it is there at once."""

from __future__ import annotations

import time
from collections.abc import Sequence

from medrag.answering import Checker, shows
from medrag.generators.extractive import ExtractiveGenerator
from medrag.types import Answer, Draft, Prompt, Usage

_CUT = "Not all: {} more lines like these, for which there was no room. Open the source."
_WORDS_TOLD, _LETTERS_TOLD = 6, 40
_WRITER = ExtractiveGenerator.name


def verbatim_answer(
    prompt: Prompt,
    draft: Draft,
    checker: Checker,
    *,
    certain: bool,
    started: float,
    retrieved: float,
) -> Answer:
    """What ``draft`` quotes from the sources, checked; an abstention where nothing stands, or where
    it is not ``certain`` that the sources answer at all.

    ``started`` is when the retrieval began, ``retrieved`` when it ended (``time.perf_counter``).
    """
    checked = checker.check(draft, prompt) if certain else []
    shown = [claim for claim in checked if shows(claim, checker.policy, verbatim=True)]
    withheld = [claim for claim in checked if not shows(claim, checker.policy, verbatim=True)]
    now = time.perf_counter()
    usage = Usage(
        seconds=now - started,
        phases={"retrieve": retrieved - started, "verbatim": now - retrieved},
    )
    if shown:
        warnings = [_cut(draft.cut)] if draft.cut else []
        return checker.answer(
            prompt, shown, withheld, generator=_WRITER, usage=usage, warnings=warnings
        )
    reason = "No sentence that was found stood up to the check against its source."
    if not certain:
        reason = _why_not(prompt)
    elif not checked:
        reason = "The nearest passages do not speak of just what was asked."
    return checker.abstention(prompt, reason, generator=_WRITER, usage=usage, withheld=withheld)


def _cut(markers: Sequence[int]) -> str:
    each = " ".join(f"[{marker}]" for marker in markers)
    return _CUT.format(f"{each} {'has' if len(markers) == 1 else 'have'}")


def _why_not(prompt: Prompt) -> str:
    if prompt.terms.unknown:
        named = prompt.terms.unknown[:_WORDS_TOLD]
        words = ", ".join(f"'{_short(word)}'" for word in named)
        return f"No document in the library mentions {words}."
    return "Nothing in the library comes close enough to the question."


def _short(word: str) -> str:
    return word if len(word) <= _LETTERS_TOLD else f"{word[:_LETTERS_TOLD]}..."
