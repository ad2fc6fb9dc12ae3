"""Ingest of 5,000 MedQuAD documents against a bare SentenceTransformer.encode of the same chunks.

Each runs in a process of its own, one after the other; peak memory is the operating system's.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CORPUS = Path("../shared/data/retrieval/medquad/corpus.jsonl")
DOCUMENTS = 5000

BARE = """
import json, sys, time
from sentence_transformers import SentenceTransformer
from medrag.models.catalog import find_embedding_model
texts = json.load(open(sys.argv[1]))
model = SentenceTransformer(str(find_embedding_model("all-MiniLM-L6-v2").folder), device="cpu",
                            model_kwargs={"dtype": sys.argv[2]})
started = time.perf_counter()
model.encode(texts, batch_size=32)
print(len(texts) / (time.perf_counter() - started))
"""


def main() -> None:
    if not CORPUS.is_file():
        print(f"skipped: {CORPUS} is not here")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lines = CORPUS.read_text("utf-8").splitlines()[:DOCUMENTS]
        (folder / "corpus.jsonl").write_text("\n".join(lines), "utf-8")
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "medrag", "--library", str(folder / "library"), "ingest",
             str(folder / "corpus.jsonl"), "--json"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        wall = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 / 1024
        report = json.loads(done.stdout)
        chunks = sum(item["chunks"] for item in report["added"])
        rate = chunks / report["seconds"]
        print(f"medrag ingest: {chunks} passages, {rate:.1f} a second while at work,")
        print(f"{wall:.1f} s from start to end of the process, peak memory {peak:.2f} GB")
        texts = _texts(folder / "library")
        (folder / "texts.json").write_text(json.dumps(texts), "utf-8")
        for precision in ("float32", "bfloat16"):
            bare = subprocess.run(
                [sys.executable, "-c", BARE, str(folder / "texts.json"), precision],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            rate = float(bare.stdout)
            ratio = chunks / report["seconds"] / rate
            print(f"bare encode, {precision}: {rate:.1f} passages/s; medrag at {100 * ratio:.0f}%")


def _texts(library: Path) -> list[str]:
    """The very texts that the ingest embedded."""
    from medrag.chunking import chunk_document, embedding_text
    from medrag.library import Library

    texts = []
    with Library.open(library) as opened:
        for document_id in opened.infos():
            document = opened.document(document_id)
            assert document is not None
            for chunk, section in chunk_document(document):
                texts.append(embedding_text(document, chunk, section))
    return texts


if __name__ == "__main__":
    main()
