"""Questions with a passage that answers and some that only look so, to train the reranking head.

Negatives are what the product's own two arms find and people judged no answer: above all the same
disease with another question answered, and the same question about a neighbour of the disease.
The questions are those of the train splits, MedQuAD's partly in other words; and titles and late
sentences of abstracts, asked of the abstract without them, so that it is not about these templates
alone.

    python -m training.ranking --data DATA --out build/training/ranking.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from medrag.text import content_words
from training.pairs import Pair, without_repeats
from training.ranking_phrases import PHRASES
from training.ranking_pool import Cut, Pool, either, fullest, open_pool, snippet
from training.ranking_set import Asked, BeirSet, Row, cited_in_dev, read_train
from training.sentences import capital, sentences_of, without_heading, word_count

CACHE = Path("build/training/ranking")
_Drawn = TypeVar("_Drawn")
_MEDQUAD, _TITLES = 5000, 2400  # questions and titles that are drawn
_FINDINGS = 4000  # abstracts that are asked for by one of their sentences
_LATE = 4  # of its last sentences it is, where abstracts say what was found
_TITLED = 0.5  # of the findings are asked of texts with titles
_LEAD = re.compile(
    r"""^(?:
      (?:in[ ](?:conclusion|summary)|(?:taken[ ])?together|thus|therefore|overall|finally|moreover
        |furthermore|here),[ ]
      |(?:our|these|the[ ]present|this)[ ](?:results?|findings?|data|study|studies)[ ](?:also[ ])?
        (?:shows?|suggest(?:s|ed)?|indicate[sd]?|demonstrate[sd]?|supports?|reveal(?:s|ed)?)
        (?:[ ]that)?[ ]
      |we[ ](?:also[ ])?(?:show(?:ed)?|found|find|demonstrated?|concluded?|report(?:ed)?)[ ]that[ ]
    )+""",
    re.IGNORECASE | re.VERBOSE,
)
_REPHRASED = 0.45  # of MedQuAD's questions
_SNIPPETS = 0.3  # of the questions are asked again of single sentences without a title
_SECOND = 0.35  # of the questions have a second chunk of the right passage


def pairs(data: Path, seed: int, cache: Path = CACHE) -> Iterator[Pair]:
    """Pairs of task "question", label 1 where the passage answers; ``group`` is the question.

    ``data`` holds ``retrieval/`` and ``claims/``. The first time, the records are embedded, which
    takes minutes; their vectors are kept in ``cache``.
    """
    chance = random.Random(seed)
    makers: dict[str, tuple[_Maker, ...]] = {
        "medquad": (_medquad,),
        "scifact": (_scifact, _titles, _findings),
        "covidqa": (_covidqa, _titles),
    }
    for name, parts in makers.items():
        folder = data / "retrieval" / name
        chosen = read_train(folder, cited_in_dev(data) if name == "scifact" else ())
        pool = open_pool(folder / "corpus.jsonl", chosen.records.keys(), cache)
        for make in parts:
            for asked in make(name, chosen, pool, chance):
                yield from asked.pairs()


def _medquad(name: str, of: BeirSet, pool: Pool, chance: random.Random) -> Iterator[Asked]:
    by_disease: dict[str, list[str]] = defaultdict(list)
    for record, row in of.records.items():
        by_disease[_disease(row)].append(record)
    for row in chance.sample(of.questions, min(_MEDQUAD, len(of.questions))):
        text, kind = _worded(row, chance)
        right = _right(row, of, pool, chance)
        if not right:
            continue
        answering = of.relevant[str(row["_id"])]
        others = [record for cut in right for record in by_disease[_disease(of.records[cut.name])]]
        wrong = _other_answers(text, of, pool, answering, others, chance)
        yield _whole(
            row, text, right, [either(text, pool.of(n), chance) for n in wrong], name, kind
        )
        if chance.random() < _SNIPPETS and len(right) == 1:
            subject = set(content_words(of.records[right[0].name]["title"]))
            yield _short(row, text, pool.of(right[0].name), wrong, pool, name, subject)


def _other_answers(
    text: str, of: BeirSet, pool: Pool, answering: Collection[str], same_disease: Sequence[str],
    chance: random.Random,
) -> list[str]:  # fmt: skip
    """Of the same disease, two answers to other questions; one to the same question about a
    neighbour; others that were found; and now and then one that has nothing to do with it."""
    about = {_about(of.records[record]) for record in answering if record in of.records}
    kinds = {kind for _, kind in about}

    def wrong(record: str) -> bool:
        allowed = record not in answering and bool(pool.of(record))
        return allowed and _about(of.records[record]) not in about

    found = [record for record in pool.near(text) if wrong(record)]
    of_disease = [record for record in found if record in same_disease]
    of_disease += chance.sample(same_disease, len(same_disease))
    chosen = [r for r in dict.fromkeys(of_disease) if wrong(r)][:2]
    chosen += [r for r in found if _about(of.records[r])[1] in kinds and r not in chosen][:1]
    rest = [record for record in found if record not in chosen]
    chosen += _drawn(rest, 4 - len(chosen), chance)
    lost = pool.random(chance)
    return [*chosen, lost] if chance.random() < 0.3 and wrong(lost) else chosen


def _worded(row: Row, chance: random.Random) -> tuple[str, str]:
    """A MedQuAD question, as it is or in other words, and which of the two."""
    about = row["metadata"]
    if about["qtype"] in PHRASES and about["focus"] and chance.random() < _REPHRASED:
        focus = about["focus"]
        plain = focus.lower() if chance.random() < 0.5 else focus
        return chance.choice(PHRASES[about["qtype"]]).format(plain), "rephrased"
    return row["text"], "asked"


def _scifact(name: str, of: BeirSet, pool: Pool, chance: random.Random) -> Iterator[Asked]:
    for row in of.questions:
        text = row["text"]
        right = _right(row, of, pool, chance)
        wrong = _drawn(_wrong(text, of, pool, of.relevant[str(row["_id"])]), 6, chance)
        yield _whole(
            row, text, right, [either(text, pool.of(n), chance) for n in wrong], name, "claim"
        )


def _covidqa(name: str, of: BeirSet, pool: Pool, chance: random.Random) -> Iterator[Asked]:
    for row in of.questions:
        ids, text = of.relevant[str(row["_id"])], row["text"]
        answers = [_plain(answer) for answer in row["metadata"].get("answers", ()) if answer]
        cuts = [cut for record in sorted(ids) for cut in pool.of(record)]
        if not cuts:
            continue
        right = [c for c in cuts if any(answer[:80] in _plain(c.text) for answer in answers)][:2]
        others = [cut for record in _wrong(text, of, pool, ids) for cut in pool.of(record)]
        wrong = [c for c in others if not any(answer in _plain(c.text) for answer in answers)]
        drawn = _drawn(wrong, 8, chance)
        yield _whole(row, text, right or [fullest(text, cuts)], drawn, name, "asked")


def _titles(name: str, of: BeirSet, pool: Pool, chance: random.Random) -> Iterator[Asked]:
    """Titles asked of texts without theirs; one record for each title."""
    of_title: dict[str, list[str]] = defaultdict(list)
    for record, row in of.records.items():
        if row["title"] and pool.of(record):
            of_title[row["title"]].append(record)
    for title in chance.sample(sorted(of_title), min(_TITLES, len(of_title))):
        record, text = of_title[title][0], title.rstrip(". ")
        cuts = [cut for cut in pool.of(record) if title.lower() not in cut.text.lower()]
        if not cuts:
            continue
        wrong = _drawn(_wrong(text, of, pool, of_title[title]), 4, chance)
        bad = [either(text, pool.of(other), chance) for other in wrong]
        row = {"_id": f"title-{record}"}
        good = [either(text, cuts, chance)]
        yield _whole(row, text, good, bad, name, "title", titled=False)
        if chance.random() < 0.5:
            yield _short(row, text, cuts, wrong, pool, name)


def _findings(name: str, of: BeirSet, pool: Pool, chance: random.Random) -> Iterator[Asked]:
    """A sentence of an abstract asked of the rest of it: as those ask who have a claim in hand."""
    named = [record for record in sorted(of.records) if pool.of(record)]
    for record in chance.sample(named, min(_FINDINGS, len(named))):
        cut = pool.of(record)[-1]
        said = sentences_of(without_heading(cut.text))
        late = [one for one in said[-_LATE:] if 8 <= word_count(one) <= 35 and one[-1:] == "."]
        if len(said) < 3 or not late:
            continue
        sentence = chance.choice(late)
        rest = replace(cut, text=" ".join(one for one in said if one != sentence))
        text = capital(_LEAD.sub("", without_heading(sentence)))
        wrong = _drawn(_wrong(text, of, pool, [record]), 5, chance)
        bad = [either(text, pool.of(other), chance) for other in wrong]
        row, titled = {"_id": f"finding-{record}"}, chance.random() < _TITLED
        yield _whole(row, text, [rest], bad, name, "finding", titled=titled)


def _right(row: Row, of: BeirSet, pool: Pool, chance: random.Random) -> list[Cut]:
    """A chunk of an answering record, of some questions two."""
    ids = sorted(r for r in of.relevant[str(row["_id"])] if r in of.records and pool.of(r))
    if not ids:
        return []
    cuts = pool.of(chance.choice(ids))
    if chance.random() < _SECOND:
        return [cuts[0], fullest(row["text"], cuts)]
    return [either(row["text"], cuts, chance)]


def _wrong(text: str, of: BeirSet, pool: Pool, answering: Collection[str]) -> list[str]:
    return [name for name in pool.near(text) if name not in answering and pool.of(name)]


def _drawn(found: Sequence[_Drawn], count: int, chance: random.Random) -> list[_Drawn]:
    """Half from the very best, where the mistakes are made; the others from all of them."""
    best, rest = list(found[:8]), list(found[8:])
    drawn = chance.sample(best, min(len(best), count // 2 + count % 2))
    return drawn + chance.sample(rest, min(len(rest), count - len(drawn)))


def _whole(
    row: Row, text: str, right: Sequence[Cut], wrong: Sequence[Cut], name: str, kind: str,
    *, titled: bool = True,
) -> Asked:  # fmt: skip
    good = [cut.shown(text, titled=titled) for cut in right]
    bad = [cut.shown(text, titled=titled) for cut in wrong]
    return Asked(str(row["_id"]), text, good, bad, name, kind)


def _short(
    row: Row, text: str, right: Sequence[Cut], wrong: Sequence[str], pool: Pool, name: str,
    subject: Collection[str] = (),
) -> Asked:  # fmt: skip
    """The same question of single sentences."""
    good = snippet(text, right, subject)
    theirs = [pool.of(other) for other in wrong]
    bad = [snippet(text, cuts, subject) or snippet(text, cuts) for cuts in theirs]
    texts = [text for text in bad if text is not None]
    return Asked(f"{row['_id']}-s", text, [good] if good else [], texts, name, "snippet")


def _disease(row: Row) -> str:
    return "".join(filter(str.isalnum, str(row["title"]).lower()))


def _about(row: Row) -> tuple[str, str]:
    """The disease and what of it an answer of MedQuAD is about."""
    return _disease(row), str(row["metadata"]["qtype"])


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


_Maker = Callable[[str, BeirSet, Pool, random.Random], Iterator[Asked]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pairs as JSON Lines and count them by kind."""
    parser = argparse.ArgumentParser(prog="python -m training.ranking", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with retrieval/, claims/")
    parser.add_argument("--out", type=Path, default=Path("build/training/ranking.jsonl"))
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args(arguments)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    made = without_repeats(pairs(chosen.data, chosen.seed, chosen.cache))
    part_file = chosen.out.with_suffix(".part")
    with part_file.open("w", encoding="utf-8") as handle:
        for pair in made:
            handle.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
    part_file.replace(chosen.out)
    for counted, count in sorted(Counter((p.source, p.kind, p.label) for p in made).items()):
        sys.stdout.write(" ".join(map(str, (*counted, count))) + "\n")


if __name__ == "__main__":
    main()
