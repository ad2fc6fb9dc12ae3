"""Fits the weights of ``medrag.answerability``: does the library answer this question at all?

``python -m training.answerable --data FOLDER --medquad LIBRARY --samples LIBRARY`` puts questions
to two libraries, MedQuAD's corpus and the sample documents, and fits a logistic regression to what
was found: what the arms say, the reranker's log odds of passages too, and those of the sentences
that would be shown too. It prints the weights; they are copied into the product by hand.

Questions: of MedQuAD's development split with their answers and with these taken out, partly in
other words; about invented drugs; written ones kept out of training (``written/questions``, each
in all its forms), put to a library of their passages, with their answers and with the near misses
alone; those of the small libraries that do not train (``written/libraries``), each put to its own;
SciFact's and CovidQA's train questions, which the libraries hardly treat; and the questions
of ``tests/corpora_questions.json``, which count more, so that ordinary questions to a small library
do (so that the tests on these are guards against getting worse, not measures).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from medrag.claims_file import read_objects
from medrag.config import Settings
from medrag.engine import Engine
from medrag.evaluate.answerability import Probe, probe
from medrag.evaluate.measures import auroc
from training.libraries import shelves
from training.pairs import part
from training.questions import read_questions
from training.ranking_phrases import PHRASES
from training.splits import relevant_records

Array: TypeAlias = npt.NDArray[np.float64]
_ANSWERED, _LEFT_OUT, _INVENTED = 400, 300, 220
_ELSEWHERE = {"scifact": 100, "covidqa": 100}
_REPHRASED = 0.5
_COUNTS = {"samples": 30.0, "written": 0.5, "libraries": 0.7}
_CURVE = (0.3, 0.4, 0.45, 0.5, 0.6)
_STRENGTH = 0.001  # of the penalty: there are few weights and many questions
_SYLLABLES = "va lo mi tra ze pri co dar nu bex til fo ra syn que ol zi mer tab lu".split()
_ENDINGS = "ine mab nib pril olol azole statin cillin vir tide parin one ide xaban".split()
_ABOUT_DRUGS = (
    "What are the side effects or risks of {} ?", "What should I do if I forget a dose of {} ?",
    "How should {} be used and what is the dosage ?", "dose of {} in adults",
    "Who should get {} and why is it prescribed ?",
    "What important warning or information should I know about {} ?",
    "{} dose", "Can {} be given in pregnancy?", "What is the maximum dose of {}?",
    "{} interactions with warfarin", "how to store {}", "Is {} safe in renal failure?",
)  # fmt: skip


def questions(data: Path, seed: int) -> list[dict[str, Any]]:
    """Rows as ``medrag eval answerability`` reads them, for a library of MedQuAD's corpus."""
    chance = random.Random(seed)
    rows = [*_medquad(data / "retrieval" / "medquad", chance), *_invented(chance)]
    for name, count in _ELSEWHERE.items():
        asked = read_objects(data / "retrieval" / name / "queries.jsonl")
        train = [row["text"] for _, row in asked if row["split"] == "train"]
        rows += [_row(text, False, name) for text in chance.sample(train, min(count, len(train)))]
    return rows


def _medquad(folder: Path, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Questions of the development split: the first with their answers, the others without."""
    answers: dict[str, set[str]] = {}
    for (question, record), split in relevant_records(folder).items():
        if split == "dev":  # the reranker was trained on those of the train split
            answers.setdefault(question, set()).add(record)
    alike = _alike(folder)
    asked = {str(row["_id"]): row for _, row in read_objects(folder / "queries.jsonl")}
    names = [n for n in sorted(answers) if not asked[n]["metadata"].get("boilerplate")]
    chance.shuffle(names)
    for place, name in enumerate(names[: _ANSWERED + _LEFT_OUT]):
        text = _worded(asked[name], chance)
        if place < _ANSWERED:
            yield _row(text, True, "answered")
        else:
            gone = {other for record in answers[name] for other in alike[record]}
            yield _row(text, False, "left out", sorted(gone))


def _alike(folder: Path) -> dict[str, frozenset[str]]:
    """For each record those on the same disease that answer the same kind of question, itself among
    them: judged or not, they answer."""
    rows = [row for _, row in read_objects(folder / "corpus.jsonl")]
    together: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        together.setdefault(_about(row), set()).add(str(row["_id"]))
    return {str(row["_id"]): frozenset(together[_about(row)]) for row in rows}


def _about(row: dict[str, Any]) -> tuple[str, str]:
    disease = "".join(filter(str.isalnum, str(row["title"]).lower()))
    return disease, str(row["metadata"]["qtype"])


def _worded(row: dict[str, Any], chance: random.Random) -> str:
    about = row["metadata"]
    if about["qtype"] in PHRASES and about["focus"] and chance.random() < _REPHRASED:
        focus = about["focus"]
        plain = focus.lower() if chance.random() < 0.5 else focus
        return chance.choice(PHRASES[about["qtype"]]).format(plain)
    return str(row["text"])


def _invented(chance: random.Random) -> Iterator[dict[str, Any]]:
    for _ in range(_INVENTED):
        parts = [chance.choice(_SYLLABLES) for _ in range(chance.randint(2, 3))]
        name = "".join(parts) + chance.choice(_ENDINGS)
        name = name.capitalize() if chance.random() < 0.6 else name
        yield _row(chance.choice(_ABOUT_DRUGS).format(name), False, "invented")


def _row(text: str, answerable: bool, kind: str, without: Sequence[str] = ()) -> dict[str, Any]:
    return {"text": text, "answerable": answerable, "type": kind, "remove_docs": list(without)}


def fit(x: Array, wanted: Array, weights: Array) -> Array:
    """The weights of a logistic regression, the constant last.

    What speaks for an answer never makes it less certain: no such weight is below 0, and that of
    an unknown name not above it.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped,unused-ignore]

    wide = np.column_stack([x, np.ones(len(x))])
    share = weights / weights.sum()

    def loss(theta: Array) -> tuple[float, Array]:
        total = wide @ theta
        value = float(share @ (np.logaddexp(0, total) - wanted * total))
        slope = wide.T @ (share * (1 / (1 + np.exp(-total)) - wanted))
        pull = np.append(theta[:-1], 0.0)
        return value + _STRENGTH / 2 * float(pull @ pull), slope + _STRENGTH * pull

    for_it, against, free = (0.0, None), (None, 0.0), (None, None)
    bounds = [*(for_it, for_it, against, for_it, for_it)[: x.shape[1]], free]
    found = minimize(loss, np.zeros(wide.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def probes(library: Path, rows: Sequence[dict[str, Any]]) -> list[Probe]:
    """What each question finds in a library, with the default settings, and sentences chosen
    however little there is to choose from."""
    settings = replace(Settings(), answer_threshold=0.0)
    with tempfile.TemporaryDirectory() as folder, Engine(library, settings) as engine:
        file = Path(folder) / "rows.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return probe(file, engine)


def _written() -> list[Probe]:
    """The written questions that are kept out of training, in all their forms, put to all of their
    passages."""
    asked = [one for one in read_questions() if part(one.key) == "dev"]
    records, rows = [], []
    for one in asked:
        names = {text: f"{one.key}-{n}" for n, text in enumerate((*one.good, *one.bad))}
        records += [{"_id": name, "title": "", "text": text} for text, name in names.items()]
        answers = [names[text] for text in one.good]
        for form in (one.text, *one.forms):
            rows += [_row(form, True, "written"), _row(form, False, "written", answers)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        corpus = place / "corpus.jsonl"
        corpus.write_text("".join(json.dumps(row) + "\n" for row in records), "utf-8")
        with Engine(place / "library", Settings()) as engine:
            engine.ingest(corpus)
        return probes(place / "library", rows)


def _libraries() -> list[Probe]:
    """The questions of the small libraries that do not train, each put to its own."""
    found: list[Probe] = []
    for shelf in shelves(wanted="dev"):
        rows = [_row(put.text, put.decides is not None, "libraries") for put in shelf.questions]
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "library"
            with Engine(place, Settings()) as engine:
                engine.ingest(shelf.documents)
            found += probes(place, rows)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the weights, and the AUROC of each fit on what it was fitted to."""
    parser = argparse.ArgumentParser(prog="python -m training.answerable", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of public sets")
    parser.add_argument("--medquad", type=Path, required=True, help="library of MedQuAD's corpus")
    parser.add_argument("--samples", type=Path, required=True, help="library of corpora/")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args(arguments)
    place = Path(__file__).parent.parent / "tests" / "corpora_questions.json"
    own = [
        _row(row["question"], bool(row["answerable"]), "samples")
        for row in json.loads(place.read_text("utf-8"))
    ]
    found = [
        *probes(asked.medquad, questions(asked.data, asked.seed)),
        *_written(),
        *_libraries(),
        *probes(asked.samples, own),
    ]
    assert all(len(one.features) >= 4 for one in found), "the reranker has not read a question"
    for columns in (3, 4, 5):
        # Where no sentence would be shown there is none to read.
        _say_fit([one for one in found if len(one.features) >= columns], columns)


def _say_fit(found: Sequence[Probe], columns: int) -> None:
    weights = np.array([_COUNTS.get(one.kind, 1.0) for one in found])
    x = np.array([one.features[:columns] for one in found])
    wanted = np.array([float(one.answerable) for one in found])
    theta = fit(x, wanted, weights)
    scores = np.column_stack([x, np.ones(len(x))]) @ theta
    area = auroc(scores.tolist(), [one.answerable for one in found])
    sys.stdout.write(f"{[round(float(v), 3) for v in theta]} AUROC {area:.4f}\n")
    for threshold in _CURVE:
        sure = scores >= np.log(threshold / (1 - threshold))
        sys.stdout.write(f"  threshold {threshold}: answered {_shares(found, sure)}\n")


def _shares(found: Sequence[Probe], sure: npt.NDArray[np.bool_]) -> str:
    """The share of each kind of question that is answered; of the samples' both kinds."""
    kinds = sorted({(one.answerable, one.kind) for one in found}, reverse=True)
    out = []
    for answerable, kind in kinds:
        mine = [one.kind == kind and one.answerable == answerable for one in found]
        out.append(f"{kind} ({'' if answerable else 'un'}answerable) {sure[mine].mean():.3f}")
    return ", ".join(out)


if __name__ == "__main__":
    main()
