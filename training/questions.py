"""Questions written for this project, with passages that answer them and some that only look so.

The public sets hold no formulary, no ward protocol and hardly a bare keyword. In the files of
``written/questions`` a group is a question (``Q:``), mostly asked again in other forms (``Q:``),
passages that answer it (``A:``) and passages that do not (``N:``): of the same drug another
question's answer, the same question's answer for a neighbour. Of both there are some in nearly the
question's words and some in other words: words in common must tell no more than they do among
passages that were found, and the form of a question nothing. They were written by a language model;
facts in them are partly invented and need not be true. 150 of the first 8,000 pairs were labelled
anew, blind, by another run of such a model: all alike.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medrag.rerank import PASSAGE_CHARACTERS, best_part
from training.pairs import Pair, Part, part
from training.sentences import stem_set
from training.written.groups_file import NotWellFormed, marked_blocks

FOLDER = Path(__file__).parent / "written" / "questions"
SOURCE = "questions"
_AGAIN = 0.5  # of its passages are asked a question's other forms
_OTHERS = 2  # passages that answer another question, beside each
_SHARED, _NAME = 1, 7  # words in common with another's answer; letters of a word that may be a name


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the passages that answer it (``good``) and those that do not (``bad``).
    ``forms`` are other ways to ask it, ``name`` is the file's, ``key`` a hash of the question."""

    name: str
    key: str
    text: str
    forms: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]


def pairs(seed: int, wanted: Part = "train", folder: Path = FOLDER) -> Iterator[Pair]:
    """Pairs of task "question" of this part, label 1 where the passage answers; ``group`` is the
    question. Those of the train part also with answers to others. In its other forms a question
    is asked of about half of its passages, by chance.

    The same seed gives the same pairs in the same order.
    """
    asked = [one for one in read_questions(folder) if part(one.key) == wanted]
    for place, one in enumerate(asked):
        chance = random.Random(f"{seed}:{one.key}")
        strange = _others(asked, place, chance) if wanted == "train" else []
        texts = [*((1, text) for text in one.good), *((0, text) for text in (*one.bad, *strange))]
        for form in (one.text, *one.forms):
            for label, text in texts:
                if form is one.text or chance.random() < _AGAIN:
                    read = best_part(form, text, PASSAGE_CHARACTERS)
                    yield Pair("question", form, read, label, SOURCE, one.name, one.key)


def read_questions(folder: Path = FOLDER) -> Iterator[Asked]:
    """The groups of all files, in order.

    Raises:
        NotWellFormed: a line has no mark, or a group is without question, answer or other.
    """
    for place, name, lines in marked_blocks(folder):
        (mark, text), items = lines[0], lines[1:]
        forms = tuple(said for mark, said in items if mark == "Q")
        items = [(mark, said) for mark, said in items if mark != "Q"]
        good = tuple(dict.fromkeys(said for mark, said in items if mark == "A"))
        bad = tuple(dict.fromkeys(said for mark, said in items if mark == "N"))
        if mark != "Q" or not text or any(one not in "AN" or not said for one, said in items):
            raise NotWellFormed(f"group {place} is not Q:, then A: and N:")
        if "" in forms or len({text, *forms}) <= len(forms):
            raise NotWellFormed(f"group {place} asks the same twice, or nothing")
        if not good or not bad or set(good) & set(bad):
            raise NotWellFormed(f"group {place} wants a passage that answers, and another")
        yield Asked(name, hashlib.sha256(text.encode()).hexdigest()[:12], text, forms, good, bad)


def _others(asked: Sequence[Asked], place: int, chance: random.Random) -> list[str]:
    """What answers another question, mostly of the same file, with few of this one's words."""
    out: list[str] = []
    for _ in range(_OTHERS):
        other = asked[(place + chance.randint(1, 60)) % len(asked)]
        text = chance.choice(other.good)
        shared = stem_set(asked[place].text) & stem_set(text)
        named = any(len(stem) >= _NAME for stem in shared)  # the same drug or disease, mostly
        if other.key != asked[place].key and not named and len(shared) <= _SHARED:
            out.append(text)
    return out
