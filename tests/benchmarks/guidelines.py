"""Real guidelines (WHO, CDC; not part of this repository): everything readable in, the scan named,
and ten questions with the page that answers each."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from medrag import Engine

FOLDER = Path("../shared/data/guidelines")

# Question, end of the document's path, page label (None where it has no pages), words of the answer.
QUESTIONS: list[tuple[str, str, str | None, str]] = []


def bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def main() -> None:
    if not FOLDER.is_dir():
        print(f"skipped: {FOLDER} is not here")
        return
    with tempfile.TemporaryDirectory() as temporary, Engine.open(Path(temporary)) as engine:
        report = engine.ingest(FOLDER)
        print(f"{len(report.added)} documents, {sum(i.chunks for i in report.added)} passages,"
              f" {report.seconds:.1f} s")  # fmt: skip
        for failure in report.failed:
            print(f"not read: {Path(failure.path).name}: {failure.error} {failure.remedy}")
        for item in report.added:
            if item.path.endswith(".pdf"):
                print(f"{Path(item.path).name}: {item.pages} pages", *item.warnings)
        right = 0
        for question, path, page, words in QUESTIONS:
            top = engine.search(question, 1)[0]
            answer = engine.ask(question)
            found = (
                top.document.path.partition("#")[0].endswith(path)
                and (page is None or page in top.page_labels)
                and bare(words) in bare(top.chunk.text)
            )
            said = bare(words) in bare(answer.text)
            right += found
            where = f"{Path(top.document.path).name} page {', '.join(top.page_labels) or '-'}"
            print(f"{'right' if found else 'WRONG'}{', answered' if said else ''}:"
                  f" {question} -> {where}")  # fmt: skip
        print(f"{right} of {len(QUESTIONS)} right at the top")


if __name__ == "__main__":
    main()
