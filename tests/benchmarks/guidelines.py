"""Real guidelines (WHO, CDC; not part of this repository): everything readable in, the scan named,
and ten questions with the page that answers each."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from medrag import Engine

FOLDER = Path("../shared/data/guidelines")

# Question, and words that answer it.
QUESTIONS: list[tuple[str, str]] = [
    ("How many infection preventionists should there be for each number of beds?", "per 250 beds"),
    (
        "How many patients may share a bed according to the standard for bed occupancy?",
        "one patient per bed",
    ),
    (
        "Within how many days must an opened multi-dose vial be discarded?",
        "discarded within 28 days",
    ),
    (
        "What kind of container should used sharps be disposed of in?",
        "puncture-resistant, and leak-proof",
    ),
    ("How much salt may an adult eat per day to prevent hypertension?", "less than 5 g per day"),
    (
        "Which share of total energy intake should free sugars stay below?",
        "less than 10% of total energy",
    ),
    (
        "Which TB test is preferred for people who have received the BCG vaccine?",
        "not affected by BCG vaccination",
    ),
    (
        "What bolus of 10% dextrose is given to a child with hypoglycaemia?",
        "4 mL/kg of 10% dextrose",
    ),
    ("At what CD4 count is LF-LAM used for inpatients?", "inpatients with CD4 count ≤200"),
    (
        "How often did the intervention eye receive normal saline to prevent exposure keratopathy"
        " in intensive care?",
        "NS every 6 h",
    ),
]


def bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def main() -> None:
    if not FOLDER.is_dir():
        print(f"skipped: {FOLDER} is not here")
        return
    kept = os.environ.get("MEDRAG_BENCH_GUIDELINES")
    with (
        tempfile.TemporaryDirectory() as temporary,
        Engine.open(Path(kept or temporary)) as engine,
    ):
        report = engine.ingest(FOLDER)
        print(f"{len(report.added)} documents, {sum(i.chunks for i in report.added)} passages,"
              f" {report.seconds:.1f} s")  # fmt: skip
        for failure in report.failed:
            print(f"not read: {Path(failure.path).name}: {failure.error} {failure.remedy}")
        for item in report.added:
            if item.path.endswith(".pdf"):
                print(f"{Path(item.path).name}: {item.pages} pages", *item.warnings)
        right = 0
        for question, words in QUESTIONS:
            top = engine.search(question, 1)[0]
            answer = engine.ask(question)
            # The same statement may stand on several pages and in several files (an annex as
            # XLSX and as Markdown): what counts is that it stands in the passage, on the page.
            found = bare(words) in bare(top.chunk.text)
            said = bare(words) in bare(answer.text)
            right += found
            where = f"{Path(top.document.path).name} page {', '.join(top.page_labels) or '-'}"
            print(f"{'right' if found else 'WRONG'}{', answered' if said else ''}:"
                  f" {question} -> {where}")  # fmt: skip
        print(f"{right} of {len(QUESTIONS)} right at the top")


if __name__ == "__main__":
    main()
