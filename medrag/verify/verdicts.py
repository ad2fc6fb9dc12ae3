"""Every claim of an answer against every source it cites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from medrag.protocols import Judge
from medrag.types import CheckedClaim, Claim, Verdict

_SURE = 0.5
_LABELS = ("contradicted", "unsupported", "partial", "supported")


def verify_claims(
    claims: Sequence[Claim], texts: Mapping[int, str], judge: Judge
) -> list[CheckedClaim]:
    """The claims with their verdicts; ``texts`` maps a marker to the text of its source.

    The best supporting source decides, and a cited source that says otherwise is reported among
    the problems. Evidence offsets are into the source text as given. A claim that cites nothing
    (or only what does not exist) is "uncited".
    """
    asked = [
        (number, marker)
        for number, claim in enumerate(claims)
        for marker in dict.fromkeys(claim.markers)
        if marker in texts
    ]
    verdicts = judge.judge([(claims[number].text, texts[marker]) for number, marker in asked])
    found: list[list[tuple[int, Verdict]]] = [[] for _ in claims]
    for (number, marker), verdict in zip(asked, verdicts, strict=True):
        found[number].append((marker, _marked(verdict, marker)))
    return [
        CheckedClaim(claim, _decided(mine, claim))
        for claim, mine in zip(claims, found, strict=True)
    ]


def _marked(verdict: Verdict, marker: int) -> Verdict:
    if verdict.evidence is None:
        return verdict
    return replace(verdict, evidence=replace(verdict.evidence, marker=marker))


def _decided(found: list[tuple[int, Verdict]], claim: Claim) -> Verdict:
    if not found:
        why = (
            "The cited source is not among the sources."
            if claim.markers
            else "This sentence cites no source."
        )
        return Verdict("uncited", 0.0, (0.0, 1.0, 0.0), None, (why,))
    marker, best = max(found, key=lambda pair: (_worth(pair[1]), -pair[0]))
    against = [
        f"Source [{other}] says otherwise: {' '.join(verdict.problems)}".rstrip()
        for other, verdict in found
        if other != marker and verdict.label == "contradicted"
        and verdict.probabilities[2] >= _SURE
    ]  # fmt: skip
    return replace(best, problems=best.problems + tuple(against))


def _worth(verdict: Verdict) -> tuple[bool, float, int]:
    """A supported verdict first; otherwise the likeliest, a contradiction before silence."""
    return (
        verdict.label == "supported",
        verdict.score,
        _LABELS.index(verdict.label) if verdict.label in _LABELS else -1,
    )
