"""Which judge checks sentences: the rules alone, the shipped model, or a model of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medrag.config import Settings
from medrag.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from medrag.protocols import Embedder, Judge

RULES = "rules"


def make_judge(
    settings: Settings, embedder: Callable[[], Embedder], threads: int | None = None
) -> Judge:
    """The judge that the settings name; ``threads`` is for its encoder (None: all cores).

    Raises:
        ConfigError: it is no judge that is known, and no folder.
        ModelError: its weights are not there, or do not go with its combiner.
    """
    if settings.judge != RULES:
        return learned_judge(settings, threads)
    from medrag.verify import RuleJudge

    return RuleJudge(embedder())


def learned_judge(settings: Settings, threads: int | None = None) -> Judge:
    """The judge that the settings name, where it is not the rules alone. Raises as ``make_judge``
    does."""
    from medrag.models.pair_encoder import SHIPPED

    folder = Path(settings.judge).expanduser()
    if settings.judge == SHIPPED or (folder / "model.onnx").is_file():
        return _with_pair_encoder(settings.judge, threads)
    if not (folder / "config.json").is_file():
        raise ConfigError(
            f"There is no judge '{settings.judge}'.",
            f"Known: {RULES}, {SHIPPED}, or the folder of a CrossEncoder with three labels.",
        )
    from medrag.models.nli_encoder import CrossEncoderPairs
    from medrag.verify.combiner import load_combiner
    from medrag.verify.judge import RuleJudge
    from medrag.verify.learned import LearnedJudge

    return LearnedJudge(CrossEncoderPairs(folder), RuleJudge(), load_combiner(folder))


def checked_weights(name: str) -> tuple[Path, str]:
    """The folder of a pair encoder and the SHA-256 of its weights, which go with the combiner
    beside them, if there is one.

    Raises:
        ModelError: it is not there, is damaged, or the combiner was fitted with other weights.
    """
    from medrag.models.catalog import file_sha256
    from medrag.models.pair_encoder import SHIPPED, find_pair_encoder
    from medrag.verify.combiner import FILE, load_combiner

    folder = find_pair_encoder(name)
    digest = file_sha256(folder / "model.onnx")
    if name == SHIPPED and not (folder / FILE).is_file():
        raise ModelError(f"The {SHIPPED} lacks its {FILE}.", "Install medrag again.")
    load_combiner(folder, digest)
    return folder, digest


def _with_pair_encoder(name: str, threads: int | None) -> Judge:
    from medrag.models.pair_encoder import PairEncoder, find_pair_encoder

    folder = find_pair_encoder(name)
    encoder = PairEncoder(folder, threads)
    encoder.preload()  # the first verdict waits for the weights and for the rules: both at once
    from medrag.verify.combiner import load_combiner
    from medrag.verify.judge import RuleJudge
    from medrag.verify.learned import LearnedJudge

    folder, digest = checked_weights(name)
    return LearnedJudge(encoder, RuleJudge(), load_combiner(folder, digest))
