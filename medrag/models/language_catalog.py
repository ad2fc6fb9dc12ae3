"""Which language models medrag knows, by name and SHA-256."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A file of published weights (GGUF). ``bytes`` and ``sha256`` are None where no trustworthy
    record of them was found: such a file cannot be verified. ``advised`` is false for one that
    should be chosen by name only."""

    name: str
    file: str
    bytes: int | None
    sha256: str | None
    licence: str
    repository: str
    revision: str
    quantisation: str
    family: str
    note: str = ""
    advised: bool = True

    @property
    def usual(self) -> bool:
        """Whether it is among the few that most people choose from."""
        return self.quantisation in ("Q4_K_M", "Q8_0")


_LOW_BITS = "Below 4 bits is not advised for a model of this size."

# As the makers' own registry records them: quantisation, bytes, sha256.
_MEDPSY_4B = (
    ("Q4_K_M", 2716068640, "2ecbf622a2856f631001f20f593669aa03acba39977f521bef80cd8600864980"),
    ("Q5_K_M", 3156921120, "68bd5e14cd87ff40bba5d08fbef2da9a6088b11aacab8466ef3f13a602e2d868"),
    ("Q8_0", 4693670944, "b754795a8415d4ba56952da3cb3b994e69c04d61111eec6239938c80aebe93a7"),
    ("BF16", 8829197344, "0ca2678e1fea2547fabe6c9859605e69425942538f5cc190e12dcffeebfa78c4"),
    ("IQ4_NL", 2600131360, "7deecba2614a1e8bd8b549f57f4e507be90d88dbea704fda2a355373fbb781df"),
    ("IQ4_XS", 2477384480, "0098a76248d769b6e8e041d8fced2270c66962e257c5da4d4008cedd45ef051c"),
    ("IQ3_M", 2130025760, "d4bb000febb07d70342be8964aa02fd747b8574617526f8a9abdeadc38c287b9"),
    ("IQ3_XXS", 1837317920, "00358ed1f556b4c6801986c10f81e142095c69b3e94997b878dd3604560ed6c5"),
)
_MEDPSY_1_7B = (
    ("Q4_K_M", 1282439360, "41ee947d9cce72ec657577219fd1798fabeabf0d832217fe23c9d6d3d18d5880"),
    ("Q5_K_M", 1471805632, "05e8e51af9a09ebe06433971f66ba86f5ce1be2e8b53db9dc83b13244c33c00e"),
    ("Q8_0", 2165039040, "03ebb130aa6e818a8cf733301381c9edb69c94e0e1ad556595b1d5545a1c5073"),
    ("BF16", 4069679040, "97ee99dfc4845218b369fbb16c85106bcfcf38f89e623346c891c3dc1b4b5ab1"),
    ("IQ4_NL", 1229453504, "e1a9cc5390e02007fc6a5c5a74a23e4c20e6e25ba81d99b6d21f491887e04979"),
    ("IQ4_XS", 1175689408, "7816dbcdc90dcea1ec7ae3fe8a54d702e8d5c478493ee3a4605f71dfcb970409"),
    ("IQ3_M", 1029365952, "4f2aeaba2db768a80637a2b9666317d8453b7bcb59fcc2fc8f0e44e1178e2758"),
    ("IQ3_XXS", 888064192, "fce8d5870bb9b22d29ff89f29491cb2b5662ec121ef0214c50cf7988068c37c8"),
)


def _medpsy(
    size: str, revision: str, files: tuple[tuple[str, int, str], ...]
) -> tuple[LanguageModel, ...]:
    family = f"medpsy-{size}"
    made = []
    for quantisation, length, digest in files:
        low = quantisation.lower()
        # The makers weighed by an importance matrix what they stored in fewer than 8 bits.
        poor = size == "1.7b" and low.startswith("iq3")
        tail = "" if low in ("bf16", "q8_0") else "-imat"
        made.append(
            LanguageModel(
                name=family if low == "q4_k_m" else f"{family}-{low}",
                file=f"{family}-{low}{tail}.gguf",
                bytes=length,
                sha256=digest,
                licence="Apache-2.0",
                repository=f"qvac/MedPsy-{size.upper()}-GGUF",
                revision=revision,
                quantisation=quantisation,
                family=family,
                note=_LOW_BITS if poor else "",
                advised=not poor,
            )
        )
    return tuple(made)


_COMPARISONS = (
    LanguageModel(
        # Size and hash as several projects that pin this file record them, in agreement.
        name="qwen3-4b-thinking",
        file="Qwen3-4B-Thinking-2507-Q4_K_M.gguf",
        bytes=2497281152,
        sha256="ddd52e18200baab281c5c46f70d544ce4d4fe4846eab1608f2fff48a64554212",
        licence="Apache-2.0",
        repository="unsloth/Qwen3-4B-Thinking-2507-GGUF",
        revision="f40adb104d4d44aee52f398b60597c5866a973a3",
        quantisation="Q4_K_M",
        family="qwen3-4b-thinking",
        note="What MedPsy-4B was made from; for comparison only.",
    ),
    LanguageModel(
        name="medgemma-27b",
        file="medgemma-27b-text-it-Q4_K_M.gguf",
        bytes=None,
        sha256=None,
        licence="Health AI Developer Foundations terms",
        repository="unsloth/medgemma-27b-text-it-GGUF",
        revision="334fbf6811c963d223f6ac107a459347353f068d",
        quantisation="Q4_K_M",
        family="medgemma-27b",
        note="For comparison only; hash unknown: cannot be verified.",
    ),
)

CATALOG: tuple[LanguageModel, ...] = (
    *_medpsy("4b", "ad85e5a6f745027a576595df9acf745b071353b3", _MEDPSY_4B),
    *_medpsy("1.7b", "fd4cecc90c2de8dce4b112795456a54be9c59363", _MEDPSY_1_7B),
    *_COMPARISONS,
)
"""Every model that medrag knows: each family's best choice first."""
