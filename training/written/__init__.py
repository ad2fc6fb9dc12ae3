"""Pairs written for this project: claims and what short texts say of them, in other words.

The files of ``groups/`` hold groups of lines. A group turns on one claim (``C:``) that several
pieces of evidence support (``S:``), refute (``R:``) or leave open (``N:``), or on one piece of
evidence (``E:``), or one passage of a public corpus (``P:`` and its number in ``passages.json``),
with claims on it. The same claim, or the same text, comes with each label, so that neither tells it
by its subject; wording tells something all the same, and pairs made from the groups work against
that (``misplaced``, ``quoted``, ``widened``). They were written by a language model, not by people;
500 of them were labelled anew, without sight of the labels, by another run of such a model, all but
4 alike. Facts in them are partly invented and need not be true.

A group is known by a hash of its claim or text, which also says whether it trains. Passages that
answer questions of the retrieval sets' development and test splits are left out.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medrag.verify.extracts import ROOM
from training.pairs import NEUTRAL, REFUTED, SUPPORTED, Pair, Part, part
from training.sentences import coverage, sentences_of, stem_set
from training.splits import measuring_records

FOLDER = Path(__file__).parent / "groups"
PASSAGES = Path(__file__).parent / "passages.json"
SOURCE = "written"
_LABELS = {"S": SUPPORTED, "R": REFUTED, "N": NEUTRAL}
_SUBJECTS = "CEP"
_WIDER = 0.35  # of the pairs come a second time, with more around what decides
_STRANGE = 0.15  # and a second time with evidence of another group
_MISPLACED = 1.0  # of what a text supports comes again before another text; of the rest half
_BESIDE = 2  # times that a claim comes again before what was written on another
_FAR = 0.4  # of both, before any other; the rest before one like it
_TOO_LIKE, _NEAR = 2, 12  # places in the order of likeness between which one is drawn
_ELSEWHERE = 0.4  # share of the claim's words in another text, above which it may be about it
_QUOTED = 0.6  # of the texts are quoted once


class NotWellFormed(ValueError):
    """A line of the files that belongs to no group, or a group without a subject."""


@dataclass(frozen=True, slots=True)
class Group:
    """What turns on one claim or one piece of evidence.

    ``subject`` is "C", "E" or "P", ``text`` what stands there (of "P" the passage itself), and
    ``items`` the labels and texts of the other side. ``name`` is the file's, ``key`` the group's.
    """

    name: str
    key: str
    subject: str
    text: str
    items: tuple[tuple[int, str], ...]

    def pair(self, label: int, text: str, kind: str) -> Pair:
        """One item with the subject, each on its side."""
        claim, evidence = (self.text, text) if self.subject == "C" else (text, self.text)
        return Pair("claim", claim, evidence, label, SOURCE, f"{self.name}-{kind}", self.key)


def pairs(data: Path, seed: int, wanted: Part = "train") -> Iterator[Pair]:
    """Every pair of the groups in this part, some claims with another group's text, and sentences
    quoted from theirs; those of the train part also in wider evidence. ``data`` is the folder of
    public sets, for the passages.

    The same seed gives the same pairs in the same order.
    """
    groups = [group for group in read_groups(data) if part(group.key) == wanted]
    for group in groups:
        for label, text in group.items:
            pair = group.pair(label, text, "plain")
            if fits(pair):
                yield pair
    yield from misplaced(groups, seed)
    yield from beside(groups, seed)
    yield from quoted(groups, seed)
    if wanted == "train":
        yield from widened(groups, seed)


def read_groups(data: Path, folder: Path = FOLDER) -> Iterator[Group]:
    """The groups of all files, in order.

    Raises:
        NotWellFormed: a line has no mark, or a group no subject or nothing on it.
    """
    yield from groups_of(folder, _passages(data))


def groups_of(folder: Path, passages: Mapping[str, tuple[str, str]]) -> Iterator[Group]:
    """As :func:`read_groups`; ``passages`` has the document and the text of each number."""
    for path in sorted(folder.glob("*.txt")):
        for number, block in enumerate(path.read_text("utf-8").split("\n\n")):
            lines = [line for line in block.splitlines() if line.strip()]
            if lines:
                group = _group(f"{path.stem}:{number}", path.stem, lines, passages)
                if group.text:
                    yield group


def _group(
    place: str, name: str, lines: Sequence[str], passages: Mapping[str, tuple[str, str]]
) -> Group:
    marked = [(line[0], line[2:].strip()) for line in lines if line[1:2] == ":"]
    if len(marked) != len(lines) or marked[0][0] not in _SUBJECTS:
        raise NotWellFormed(f"group {place} does not begin with C:, E: or P:")
    (subject, text), items = marked[0], marked[1:]
    if not text or not items:
        raise NotWellFormed(f"group {place} has no subject, or nothing on it")
    if any(mark not in _LABELS or not said for mark, said in items):
        raise NotWellFormed(f"group {place} has a line that is none of S:, R:, N:")
    if subject == "P" and text not in passages:
        raise NotWellFormed(f"group {place} is on an unknown passage {text}")
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    if subject == "P":
        # A document of a corpus stays on its side of the split, whoever writes about it.
        key, text = passages[text]
    return Group(name, key, subject, text, tuple((_LABELS[mark], said) for mark, said in items))


def _passages(data: Path) -> dict[str, tuple[str, str]]:
    """The document and the text of every numbered passage; no text where it answers a question
    that measures."""
    places: dict[str, list[str | int]] = json.loads(PASSAGES.read_text("utf-8"))
    wanted: dict[tuple[str, str], list[tuple[str, int, int]]] = {}
    for number, (corpus, document, start, end) in places.items():
        wanted.setdefault((str(corpus), str(document)), []).append((number, int(start), int(end)))
    out: dict[str, tuple[str, str]] = {}
    for corpus in sorted({corpus for corpus, _ in wanted}):
        unseen = measuring_records(data / "retrieval" / corpus)
        with (data / "retrieval" / corpus / "corpus.jsonl").open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                for number, start, end in wanted.get((corpus, row["_id"]), ()):
                    text = "" if row["_id"] in unseen else row["text"][start:end]
                    out[number] = row["_id"], " ".join(text.split())
    return out


def widened(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """Some pairs of the groups about claims once more, in wider evidence or with a stranger's."""
    for place, group in enumerate(groups):
        if group.subject == "C":
            yield from _wider(group, groups, place, random.Random(f"{seed}:{group.key}"))


def fits(pair: Pair) -> bool:
    """Whether the encoder sees both texts whole. What decides may stand at the end of a text, so
    that no pair is cut."""
    return len(pair.first) + len(pair.second) <= ROOM


def misplaced(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """Claims on one text held against another, one like it or any: left open.

    What a text supports is often said in general words, and what it leaves open in its own. Without
    these pairs the wording of a claim would tell its label, whatever stands beside it; and an
    encoder that sees only what was written to mislead learns to distrust every word in common.
    """
    texts = [group for group in groups if group.subject != "C"]
    rare = rarities([group.text for group in texts])
    for place, group in enumerate(texts):
        chance = random.Random(f"{seed}:{group.key}:{place}")
        for label, claim in group.items:
            if chance.random() < (_MISPLACED if label == SUPPORTED else _MISPLACED / 2):
                far = chance.random() < _FAR
                other = chance.choice(texts) if far else _like(place, texts, rare, chance)
                if other is None or other.key == group.key:
                    continue
                made = other.pair(NEUTRAL, claim, "misplaced")
                # What has most of the claim's words may well say it, or the contrary.
                if coverage(claim, other.text) <= _ELSEWHERE and fits(made):
                    yield replace(made, group=group.key)


def beside(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """Claims held against what was written on another claim, one like it or any: left open, as
    misplaced ones are."""
    claims = [group for group in groups if group.subject == "C"]
    whole = [
        replace(each, text=" ".join([each.text, *(t for _, t in each.items)])) for each in claims
    ]
    rare = rarities([group.text for group in whole])
    for place, group in enumerate(claims):
        chance = random.Random(f"{seed}:{group.key}:beside")
        for _ in range(_BESIDE):
            far = chance.random() < _FAR
            other = chance.choice(whole) if far else _like(place, whole, rare, chance)
            if other is None or other.key == group.key:
                continue
            _, text = chance.choice(other.items)
            made = group.pair(NEUTRAL, text, "beside")
            if coverage(group.text, text) <= _ELSEWHERE and fits(made):
                yield made


def quoted(groups: Sequence[Group], seed: int) -> Iterator[Pair]:
    """Sentences of a text as claims on it, word for word: supported, however few words they leave
    to meaning."""
    for place, group in enumerate(groups):
        chance = random.Random(f"{seed}:{group.key}:{place}:quoted")
        if group.subject != "C" and chance.random() < _QUOTED:
            said = [one for one in sentences_of(group.text) if _is_prose(one)]
            if len(said) > 1:
                pair = group.pair(SUPPORTED, chance.choice(said), "quoted")
                if fits(pair):
                    yield pair


def _is_prose(sentence: str) -> bool:
    return 5 <= len(sentence.split()) <= 40 and sentence.endswith(".") and "http" not in sentence


def rarities(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """For each stem that is neither everywhere nor in one text alone, the places it stands in."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        for stem in stem_set(text):
            places.setdefault(stem, []).append(place)
    most = max(20, len(texts) // 20)
    return {stem: tuple(where) for stem, where in places.items() if 1 < len(where) <= most}


def _like(
    place: int, texts: Sequence[Group], rare: Mapping[str, tuple[int, ...]], chance: random.Random
) -> Group | None:
    """One of the texts with much weight of rare words in common, of another document; not the very
    likest where there are others, which may say the same."""
    weights: dict[int, float] = {}
    for stem in sorted(stem_set(texts[place].text) & rare.keys()):
        for other in rare[stem]:
            weights[other] = weights.get(other, 0.0) + 1 / len(rare[stem])
    mine = texts[place]
    others = [o for o in weights if texts[o].key != mine.key and texts[o].text != mine.text]
    others.sort(key=lambda o: (-weights[o], o))
    near = others[_TOO_LIKE:_NEAR] or others[-1:]
    return texts[chance.choice(near)] if near else None


def _wider(
    group: Group, groups: Sequence[Group], place: int, chance: random.Random
) -> Iterator[Pair]:
    """Some pairs again: what decides among sentences that leave the claim open (its own group's,
    or another group's), and claims before evidence that is about something else."""
    open_ = [text for label, text in group.items if label == NEUTRAL]
    for label, text in group.items:
        if chance.random() < _WIDER:
            around = [other for other in open_ if other != text]
            chance.shuffle(around)
            around = around[: chance.randint(1, 2)] or _strangers(groups, place, chance, 1)
            together = [text, *around]
            chance.shuffle(together)
            pair = group.pair(label, " ".join(together), "wider")
            if fits(pair):
                yield pair
    if chance.random() < _STRANGE * len(group.items):
        strange = " ".join(_strangers(groups, place, chance, 2))
        if strange:
            yield group.pair(NEUTRAL, strange, "strange")


def _strangers(groups: Sequence[Group], place: int, chance: random.Random, count: int) -> list[str]:
    """What leaves another group's claim open, not far away: of the same field, mostly."""
    for _ in range(20):
        other = groups[(place + chance.randint(2, 40)) % len(groups)]
        if other.subject == "C" and other is not groups[place]:
            texts = [text for label, text in other.items if label == NEUTRAL]
            if texts:
                return chance.sample(texts, min(count, len(texts)))
    return []
