"""A home of its own for a test: the exported embedding model of the suite, and a tiny language
model under the name "tiny"."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tiny_gguf import write_tiny_model


def make_home(folder: Path) -> Path:
    """The home, in ``folder``. The suite's own home must hold the exported model already."""
    models = folder / "home" / "models"
    models.mkdir(parents=True)
    for item in (Path(os.environ["MEDRAG_HOME"]) / "models").iterdir():
        if item.is_dir() and item.name.startswith("embedding-"):
            (models / item.name).symlink_to(item)
        elif item.name == "hashes.json":
            shutil.copy(item, models)
    weights = write_tiny_model(folder / "tiny.gguf")
    command = ["model", "add", str(weights), "--name", "tiny", "--unverified"]
    subprocess.run(
        [sys.executable, "-m", "medrag", *command],
        env={**os.environ, "MEDRAG_HOME": str(folder / "home")},
        check=True,
        capture_output=True,
    )
    return folder / "home"
