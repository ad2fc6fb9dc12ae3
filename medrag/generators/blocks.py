"""The blocks of a passage that are shown together: a paragraph, a table row, a list with the line
that opens it, the steps of a scale; and how a line is to be understood in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from medrag.candidates import Candidate, above, is_item, item_text
from medrag.lists import opens
from medrag.scales import step_for
from medrag.text import is_row
from medrag.types import Passage


def blocks_of(passage: Sequence[Candidate]) -> list[list[Candidate]]:
    """Sentences by paragraph; the items of a list belong to the paragraph that opens it."""
    blocks: list[list[Candidate]] = []
    for sentence in passage:
        last = blocks[-1][-1] if blocks else None
        goes_on = last is not None and (
            sentence.paragraph == last.paragraph
            or (is_item(sentence.text) and (last.text.endswith(":") or is_item(last.text)))
            or _is_next_step(last, sentence)
        )
        if goes_on:
            blocks[-1].append(sentence)
        else:
            blocks.append([sentence])
    return blocks


def best_in(block: Sequence[Candidate], scores: Mapping[Candidate, float]) -> float:
    """The score of the best sentence of a block."""
    return max(scores.get(sentence, 0.0) for sentence in block)


def window(
    block: list[Candidate], scores: Mapping[Candidate, float], size: int, question: str
) -> list[Candidate]:
    """The run of at most ``size`` sentences of a block with the highest scores in all, of those
    with the step of a scale that the question's number falls into."""
    starts = range(max(1, len(block) - size + 1))
    meant = step_for(question, [sentence.text for sentence in block])
    with_it = [start for start in starts if meant is not None and start <= meant < start + size]
    best = max(
        with_it or starts, key=lambda i: sum(scores.get(s, 0.0) for s in block[i : i + size])
    )
    return block[best : best + size]


def _is_next_step(last: Candidate, sentence: Candidate) -> bool:
    """Whether two lines are steps of one scale: "Glucose 4 to 8: 1 unit/hour", "Glucose 8.1 to 12:
    2 units/hour". Which of them is meant depends on all."""
    (first, *_), (second, *_) = last.text.split() or [""], sentence.text.split() or [""]
    numbers = any(ch.isdigit() for ch in last.text) and any(ch.isdigit() for ch in sentence.text)
    follows = sentence.position == last.position + 1 and ":" in last.text and ":" in sentence.text
    return follows and first == second and numbers and not is_row(sentence.text)


def with_headings(shown: Sequence[Candidate]) -> list[str]:
    """The lines of an answer, and the headings and titles that they stand under."""
    return [text for one in shown for text in (one.text, *above(one.source))]


def with_openers(shown: Sequence[Candidate]) -> list[tuple[Passage, str]]:
    """The lines of an answer as they are to be understood: an item with the line that opens its
    list, in place of title and headings; a dose with the sentence that names its drug."""
    out, opener = [], ""
    said = {(one.source.marker, one.position): one.text for one in shown}
    for one in shown:
        if opens(one.text):
            opener = one.text
        passage, text = one.source.passage, one.text
        if opener and is_item(text):
            bare = replace(passage.document, title="")
            passage = replace(passage, document=bare, section=None)
            text = f"{opener} {item_text(text)}"
        elif one.named_at is not None:
            text = f"{said.get((one.source.marker, one.named_at), '')} {text}".strip()
        out.append((passage, text))
    return out
