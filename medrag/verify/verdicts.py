"""Every claim of an answer against every source it cites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from medrag.protocols import Judge
from medrag.types import CheckedClaim, Claim, Evidence, Verdict
from medrag.verify.claims import bare
from medrag.verify.parts import parts
from medrag.verify.support import contains

_SURE = 0.5
_LABELS = ("contradicted", "unsupported", "partial", "supported")
_LONGEST_QUOTE = 600  # characters, of a quote that spans the evidence of two joined claims
_Found = list[tuple[int, Verdict]]


def verify_claims(
    claims: Sequence[Claim], texts: Mapping[int, str], judge: Judge
) -> list[CheckedClaim]:
    """The claims with their verdicts; ``texts`` maps a marker to the text of its source.

    The best supporting source decides, and a cited source that says otherwise is reported among
    the problems. A sentence that joins two claims is judged part by part as well, each by its own
    best source, and the weakest part decides. Evidence offsets are into the source text as given.
    A claim that cites nothing (or only what does not exist) is "uncited".
    """
    found = _judged([(claim.text, claim.markers) for claim in claims], texts, judge)
    verdicts = [_decided(mine, claim) for mine, claim in zip(found, claims, strict=True)]
    joined = {
        place: said
        for place, claim in enumerate(claims)
        if verdicts[place].label not in {"uncited", "contradicted"}
        and not _is_verbatim(claim, verdicts[place])
        and len(said := parts(claim.text)) > 1
    }
    asked = [(part, claims[place].markers) for place, said in joined.items() for part in said]
    answers = iter(_judged(asked, texts, judge))
    for place, said in joined.items():
        of_parts = [_decided(next(answers), claims[place]) for _ in said]
        verdicts[place] = _joint(verdicts[place], of_parts, texts)
    return [CheckedClaim(claim, verdict) for claim, verdict in zip(claims, verdicts, strict=True)]


def _judged(
    said: Sequence[tuple[str, tuple[int, ...]]], texts: Mapping[int, str], judge: Judge
) -> list[_Found]:
    """The verdicts of each sentence by the sources that it cites, in one call of the judge."""
    asked = [
        (number, marker)
        for number, (_, markers) in enumerate(said)
        for marker in dict.fromkeys(markers)
        if marker in texts
    ]
    found: list[_Found] = [[] for _ in said]
    if asked:
        verdicts = judge.judge([(said[number][0], texts[marker]) for number, marker in asked])
        for (number, marker), verdict in zip(asked, verdicts, strict=True):
            found[number].append((marker, _marked(verdict, marker)))
    return found


def _marked(verdict: Verdict, marker: int) -> Verdict:
    if verdict.evidence is None:
        return verdict
    return replace(verdict, evidence=replace(verdict.evidence, marker=marker))


def _decided(found: _Found, claim: Claim) -> Verdict:
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


def _joint(whole: Verdict, of_parts: Sequence[Verdict], texts: Mapping[int, str]) -> Verdict:
    """The verdict of a joined sentence: that of its weakest part, which is shown as well."""
    weakest = min(of_parts, key=lambda verdict: (_LABELS.index(verdict.label), verdict.score))
    if weakest.label != "supported":
        return weakest
    problems = dict.fromkeys(p for verdict in of_parts for p in verdict.problems)
    evidence = whole.evidence if whole.label == "supported" else _spanning(of_parts, texts)
    return replace(weakest, evidence=evidence or weakest.evidence, problems=tuple(problems))


def _spanning(of_parts: Sequence[Verdict], texts: Mapping[int, str]) -> Evidence | None:
    """One quote that holds the evidence of every part; None where that would be too long, or
    they stand in different sources."""
    quotes = [verdict.evidence for verdict in of_parts if verdict.evidence is not None]
    if len(quotes) != len(of_parts) or len({quote.marker for quote in quotes}) != 1:
        return None
    marker = quotes[0].marker
    start, end = min(quote.start for quote in quotes), max(quote.end for quote in quotes)
    if end - start > _LONGEST_QUOTE:
        return None
    return Evidence(marker, texts[marker][start:end], start, end)


def _is_verbatim(claim: Claim, verdict: Verdict) -> bool:
    """Whether a sentence stands in its source word for word, whatever it joins."""
    if verdict.label != "supported" or verdict.evidence is None:
        return False
    return contains(bare(claim.text), verdict.evidence.quote)


def _worth(verdict: Verdict) -> tuple[bool, float, int]:
    """A supported verdict first; otherwise the likeliest, a contradiction before silence."""
    return (
        verdict.label == "supported",
        verdict.score,
        _LABELS.index(verdict.label) if verdict.label in _LABELS else -1,
    )
