"""What happens while a question is answered, in the order in which it is shown.

``Queued`` while a server has others to serve first; ``Verbatim`` as soon as it is made; then,
where a language model writes, ``Working`` for each of its steps and ``Checked`` for each of its
sentences; ``Done`` always last, with the whole answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from medrag.types import Answer, CheckedClaim, Piece


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting in a server's queue; ``position`` others come first (0: it is its turn now)."""

    position: int


@dataclass(frozen=True, slots=True)
class Rephrased:
    """A follow-up question was asked as this one, which can be read alone."""

    question: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """The answer in the documents' own words, complete and checked; a language model goes on."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Working:
    """A step of the language model. Its text is unchecked: it is never shown as an answer."""

    piece: Piece


@dataclass(frozen=True, slots=True)
class Checked:
    """A composed sentence with its verdict; ``shown`` is false where it is withheld, and
    ``mended`` true where it is the second try at a sentence."""

    claim: CheckedClaim
    shown: bool
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The answer."""

    answer: Answer


Event: TypeAlias = Queued | Rephrased | Verbatim | Working | Checked | Done
