"""Render the PDF and DOCX sample documents from ``corpora/source``.

Run ``python corpora/build_samples.py``; a second run gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from source import (
    antimicrobials,
    asthma,
    diabetes,
    formulary,
    hyperkalaemia,
    notes,
    pdf,
    sepsis,
    word,
)

ROOT = Path(__file__).resolve().parent
DOCUMENTS = (
    sepsis.DOCUMENT,
    asthma.DOCUMENT,
    hyperkalaemia.DOCUMENT,
    antimicrobials.DOCUMENT,
    diabetes.VERSION_1,
    diabetes.VERSION_2,
    formulary.DOCUMENT,
    notes.DISCHARGE,
)


def build(root: Path = ROOT) -> list[Path]:
    """Render every document under ``root`` and return the written paths."""
    renderers = {".pdf": pdf.render, ".docx": word.render}
    return [renderers[Path(d.path).suffix](d, root) for d in DOCUMENTS]


if __name__ == "__main__":
    for written in build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT):
        print(written)
