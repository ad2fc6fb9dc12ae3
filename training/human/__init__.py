"""Pairs that people labelled, and which of them may train.

Every set is opened through :func:`rows` or :func:`development_rows`, which raise
:class:`MayNotTrain` when asked for a set or a split that has to stay unseen.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from training.human import rewording
from training.pairs import LABELS, NEUTRAL, SUPPORTED, Pair
from training.sentences import as_read, coverage, sentences_of, stems

Row = dict[str, Any]

TRAINABLE = {
    "scifact_claims": "train",
    "evidence_inference": "train",
    "clinifact": "train",
    "wice": "dev",
    "covidqa": "train",
}
"""The one split of each set that may train."""

DEVELOPMENT = {
    "scifact_claims": "train",
    "evidence_inference": "dev",
    "clinifact": "dev",
    "healthver": "dev",
    "attributionbench": "dev",
}
"""What figures are taken on while the judge is made. Of scifact_claims only the held-out tenth."""


class MayNotTrain(ValueError):
    """A set or split was asked for that must not be seen at this stage."""


def rows(data: Path, name: str, split: str) -> list[Row]:
    """The rows of a split that may train; :class:`MayNotTrain` for every other."""
    if TRAINABLE.get(name) != split:
        raise MayNotTrain(f"{name} {split} may not train the judge")
    return _read(data, name, split)


def development_rows(data: Path, name: str, split: str) -> list[Row]:
    """The rows of a split that figures may be taken on; :class:`MayNotTrain` for every other."""
    if DEVELOPMENT.get(name) != split:
        raise MayNotTrain(f"{name} {split} may not be looked at while the judge is made")
    return _read(data, name, split)


def _read(data: Path, name: str, split: str) -> list[Row]:
    folder = "retrieval/covidqa/queries" if name == "covidqa" else f"claims/{name}"
    with (data / f"{folder}.jsonl").open(encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["split"] == split]


def _chance(seed: int, key: str) -> random.Random:
    return random.Random(f"{seed}:{key}")


def _pair(row: Row, name: str, kind: str, group: str, evidence: str, claim: str = "") -> Pair:
    label = LABELS.index(row["label"])
    return Pair("claim", claim or row["claim"], evidence, label, name, kind, group)


# --- SciFact ------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _tested(data: Path) -> frozenset[str]:
    """Ids of the abstracts that the test of scifact_claims (its dev split) cites: ids only."""
    return frozenset(row["doc_id"] for row in _read(data, "scifact_claims", "dev"))


def _is_held(row: Row) -> bool:
    claim = row["id"].split("-")[1]
    return int.from_bytes(hashlib.sha256(claim.encode()).digest()[:4], "big") % 10 == 0


@lru_cache(maxsize=4)
def _held_rows(data: Path) -> tuple[Row, ...]:
    unseen = _tested(data)
    train = _read(data, "scifact_claims", "train")
    return tuple(row for row in train if _is_held(row) and row["doc_id"] not in unseen)


def held_out(data: Path) -> Iterator[Pair]:
    """A tenth of the claims of scifact_claims train, by a hash of the claim's id: never trained on.

    Claims on abstracts that the test cites are left out here too.
    """
    for row in _held_rows(data):
        yield _pair(row, "scifact_claims", "human", row["doc_id"], row["evidence"])


def forbidden_documents(data: Path) -> frozenset[str]:
    """Ids of SciFact abstracts of which no text may train: cited by the test or held-out claims."""
    return _tested(data) | {row["doc_id"] for row in _held_rows(data)}


def _scifact(data: Path, seed: int) -> Iterator[Pair]:
    """The train split as published, less the held-out tenth. Some of its abstracts are cited by
    test claims too; that is how the set was made, and other systems are trained so."""
    for row in rows(data, "scifact_claims", "train"):
        if _is_held(row):
            continue
        yield _pair(row, "scifact_claims", "human", row["doc_id"], row["evidence"])
        wider = _with_neighbours(row, _chance(seed, row["id"]))
        if wider != row["evidence"]:
            yield _pair(row, "scifact_claims", "human-wider", row["doc_id"], wider)


def _with_neighbours(row: Row, rng: random.Random) -> str:
    """The evidence with one to three more sentences of its abstract, in order."""
    every: list[str] = row["abstract_sentences"]
    chosen = {i for i, sentence in enumerate(every) if sentence.strip() in row["evidence"]}
    others = [i for i in range(len(every)) if i not in chosen]
    near = sorted(others, key=lambda i: min((abs(i - j) for j in chosen), default=0))
    chosen |= set(near[: rng.randint(1, 3)])
    return " ".join(every[i].strip() for i in sorted(chosen)) if near else row["evidence"]


# --- Evidence Inference -------------------------------------------------------------------------


def _evidence_inference(data: Path, seed: int) -> Iterator[Pair]:
    """As given; half reworded; half with another span; a third against another outcome's text."""
    name = "evidence_inference"
    every = rows(data, name, "train")
    by_article: dict[str, list[Row]] = {}
    for row in every:
        by_article.setdefault(row["pmcid"], []).append(row)
    for row in every:
        rng = _chance(seed, row["id"])
        yield _pair(row, name, "human", row["pmcid"], row["evidence"])
        evidence = _other_evidence(row, by_article[row["pmcid"]], rng)
        claim = rewording.trial_claim(row["claim"], rng) if rng.random() < 0.7 else row["claim"]
        if (claim, evidence) != (row["claim"], row["evidence"]):
            yield _pair(row, name, "human-varied", row["pmcid"], evidence, claim)
        if rng.random() < 0.5 and (other := _unrelated(row, by_article[row["pmcid"]], rng)):
            yield Pair("claim", claim, other, NEUTRAL, name, "other-outcome", row["pmcid"])


def _other_evidence(row: Row, article: list[Row], rng: random.Random) -> str:
    """Another span for the same verdict, or the evidence beside text of the same article."""
    spans = sorted(set(row["evidence_spans"]) - {row["evidence"]})
    evidence = str(rng.choice(spans)) if spans and rng.random() < 0.5 else str(row["evidence"])
    if rng.random() < 0.5 and (beside := _unrelated(row, article, rng)):
        return f"{evidence} {beside}" if rng.random() < 0.5 else f"{beside} {evidence}"
    return evidence


def _unrelated(row: Row, article: list[Row], rng: random.Random) -> str | None:
    """Evidence of the same article that speaks of another outcome."""
    outcome = rewording.outcome_of(row["claim"])
    others = sorted({other["evidence"] for other in article} - {row["evidence"]})
    far = [text for text in others if outcome and coverage(outcome, text) < 0.25]
    return rng.choice(far) if far else None


# --- CliniFact ----------------------------------------------------------------------------------


def _clinifact(data: Path, seed: int) -> Iterator[Pair]:
    """The abstract as the judge reads it, and what is left of it when only its results are kept.

    Its 'refuted' holds claims of superiority that a trial could not show.
    """
    for row in rows(data, "clinifact", "train"):
        read = as_read(row["claim"], row["evidence"])
        yield _pair(row, "clinifact", "human", row["pmid"], read)
        short = results_of(row["claim"], row["evidence"])
        if short not in (row["evidence"], read):
            yield _pair(row, "clinifact", "human-results", row["pmid"], short)


_RESULTS = re.compile(r"^\W*(?:RESULTS?|FINDINGS|MAIN RESULTS|OUTCOMES?)\b", re.IGNORECASE)
_CONCLUSION = re.compile(r"^\W*(?:CONCLUSIONS?|INTERPRETATION|DISCUSSION)\b", re.IGNORECASE)


def results_of(claim: str, abstract: str, most: int = 5) -> str:
    """At most ``most`` sentences from the results on: the last, and those nearest to the claim."""
    every = sentences_of(abstract)
    starts = [i for i, s in enumerate(every) if _RESULTS.match(s) or _CONCLUSION.match(s)]
    first = starts[0] if starts else len(every) // 2
    late = list(range(first, len(every)))
    ranked = sorted(late[:-1], key=lambda i: -coverage(claim, every[i]))
    return " ".join(every[i] for i in sorted([*ranked[: most - 1], *late[-1:]]))


# --- WiCE ---------------------------------------------------------------------------------------


def _wice(data: Path, seed: int) -> Iterator[Pair]:
    """The evidence as the judge reads it, and the three to six of its sentences that cover the
    claim best; less the held-out fifth.

    Chosen alike for supported and neutral; what a claim needs and the choice does not hold would
    make a wrong 'supported', so a choice that loses words of the claim is not used.
    """
    for row in rows(data, "wice", "dev"):
        if _is_held_wice(row):
            continue
        rng = _chance(seed, row["id"])
        whole = coverage(row["claim"], row["evidence"])
        read = as_read(row["claim"], row["evidence"])
        short = best_sentences(row["claim"], row["evidence"], rng.randint(3, 6))
        for kind, text in (("human", read), ("human-nearest", short)):
            if text == row["evidence"] or coverage(row["claim"], text) >= whole - 0.05:
                yield _pair(row, "wice", kind, row["group"], text)


def _is_held_wice(row: Row) -> bool:
    return hashlib.sha256(row["group"].encode()).digest()[0] % 5 == 0


def best_sentences(claim: str, text: str, count: int) -> str:
    """The ``count`` sentences of ``text`` that together cover the claim best, in their order."""
    every = sentences_of(text)
    wanted, chosen = set(stems(claim)), set[int]()
    held = [set(stems(sentence)) & wanted for sentence in every]
    missing = set(wanted)
    while len(chosen) < min(count, len(every)):
        free = [i for i in range(len(every)) if i not in chosen]
        best = max(free, key=lambda i: (len(held[i] & missing), len(held[i]), -i))
        chosen.add(best)
        missing -= held[best]
    return " ".join(every[i] for i in sorted(chosen))


# --- CovidQA ------------------------------------------------------------------------------------


def _covidqa(data: Path, seed: int) -> Iterator[Pair]:
    """Questions and their answers said as one sentence, against the passage and another."""
    passages: dict[str, list[str]] = {}
    with (data / "retrieval/covidqa/corpus.jsonl").open(encoding="utf-8") as lines:
        for passage in map(json.loads, lines):
            passages.setdefault(passage["metadata"]["document_id"], []).append(passage["text"])
    for row in rows(data, "covidqa", "train"):
        document = row["metadata"]["document_id"]
        answer = (row["metadata"]["answers"] or [""])[0]
        claim = rewording.declared(row["text"], answer)
        if claim is None:
            continue
        texts = passages.get(document, [])
        holding = [text for text in texts if rewording.holds_answer(text, answer)]
        holding.sort(key=lambda text: -coverage(claim, text))
        for label, text in _covid_evidence(claim, holding, texts, _chance(seed, row["_id"])):
            yield Pair("claim", claim, text, label, "covidqa", "question-answer", document)


def _covid_evidence(
    claim: str, holding: list[str], texts: list[str], rng: random.Random
) -> Iterator[tuple[int, str]]:
    if not holding or coverage(claim, holding[0]) < 0.75:
        return
    yield SUPPORTED, holding[0]
    silent = [t for t in texts if t not in holding and coverage(claim, t) < 0.5]
    if silent:
        silent.sort(key=lambda text: -coverage(claim, text))
        yield NEUTRAL, rng.choice(silent[:3])


# ------------------------------------------------------------------------------------------------


def pairs(data: Path, seed: int) -> Iterator[Pair]:
    """Every human-labelled pair that may train, from the folder ``data`` of public sets.

    The same seed gives the same pairs in the same order.
    """
    for made in (_scifact, _evidence_inference, _clinifact, _wice, _covidqa):
        yield from made(data, seed)


def dev(data: Path) -> Iterator[Pair]:
    """The pairs that figures are taken on before the end; none of them is ever trained on."""
    yield from held_out(data)
    for row in rows(data, "wice", "dev"):
        if _is_held_wice(row):
            yield _pair(row, "wice", "human", row["group"], row["evidence"])
    groups = {
        "evidence_inference": "pmcid",
        "clinifact": "pmid",
        "healthver": "topic",
        "attributionbench": "id",
    }
    for name, group in groups.items():
        for row in development_rows(data, name, DEVELOPMENT[name]):
            yield _pair(row, name, "human", str(row[group]), row["evidence"])
