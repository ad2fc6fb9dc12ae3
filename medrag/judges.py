"""Which judge checks sentences: the rules alone, the shipped model, or a model of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from medrag.config import Settings
from medrag.errors import ConfigError, ModelError
from medrag.protocols import Embedder, Judge
from medrag.verify import RuleJudge

RULES = "rules"


def make_judge(
    settings: Settings, embedder: Callable[[], Embedder], threads: int | None = None
) -> Judge:
    """The judge that the settings name; ``threads`` is for its encoder (None: all cores).

    Raises:
        ConfigError: it is no judge that is known, and no folder.
        ModelError: its weights are not there, or do not go with its combiner.
    """
    if settings.judge == RULES:
        return RuleJudge(embedder())
    from medrag.models.pair_encoder import SHIPPED, PairEncoder, find_pair_encoder
    from medrag.verify.combiner import FILE, load_combiner
    from medrag.verify.learned import ClaimEncoder, LearnedJudge

    folder = Path(settings.judge).expanduser()
    encoder: ClaimEncoder
    if settings.judge == SHIPPED or (folder / "model.onnx").is_file():
        from medrag.models.catalog import file_sha256

        folder = find_pair_encoder(settings.judge)
        encoder = PairEncoder(folder, threads)
        digest = file_sha256(folder / "model.onnx")
        if settings.judge == SHIPPED and not (folder / FILE).is_file():
            raise ModelError(f"The {SHIPPED} lacks its {FILE}.", "Install medrag again.")
        return LearnedJudge(encoder, RuleJudge(), load_combiner(folder, digest))
    if not (folder / "config.json").is_file():
        raise ConfigError(
            f"There is no judge '{settings.judge}'.",
            f"Known: {RULES}, {SHIPPED}, or the folder of a CrossEncoder with three labels.",
        )
    from medrag.models.nli_encoder import CrossEncoderPairs

    return LearnedJudge(CrossEncoderPairs(folder), RuleJudge(), load_combiner(folder))
