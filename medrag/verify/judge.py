"""The first judge: rules and words. It would rather say nothing than guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from medrag.types import Evidence, Label, Verdict
from medrag.verify.claims import bare
from medrag.verify.findings import ONLY_MISSING, Finding, Thresholds, find, is_ordered
from medrag.verify.harmless import evident, plain_digits
from medrag.verify.problem import Problem
from medrag.verify.support import Support
from medrag.verify.windows import MAX_CHARS, Window

if TYPE_CHECKING:
    from medrag.protocols import Embedder

__all__ = ["Examined", "RuleJudge", "Thresholds", "problems_of"]


@dataclass(frozen=True, slots=True)
class Examined:
    """A verdict with what it rests on: ``problems`` as ``problems_of`` tells them, and the window
    and its ``support``, which are None where there was nothing to hold against each other."""

    verdict: Verdict
    problems: tuple[Problem, ...]
    support: Support | None = None
    window: Window | None = None


class RuleJudge:
    """Judges by rules (numbers, units, negation, opposites) and by the words in common.

    The embedder, where there is one, moves the score of paraphrases a little; it never
    overrides a rule.
    """

    def __init__(
        self, embedder: Embedder | None = None, thresholds: Thresholds | None = None
    ) -> None:
        self._embedder = embedder
        self._thresholds = thresholds or Thresholds()

    @property
    def name(self) -> str:
        return "rules" if self._embedder is None else f"rules+{self._embedder.identity.name}"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """One verdict for each ``(claim, evidence)``, in order. The quote of the evidence is
        ``evidence[start:end]``; its marker is 0 until the caller fills it in."""
        return [one.verdict for one in self.examine(pairs)]

    def examine(self, pairs: Sequence[tuple[str, str]]) -> list[Examined]:
        """As ``judge``, with what each verdict rests on."""
        limits = self._thresholds
        findings = [
            find(plain_digits(bare(claim)), evident(evidence), limits) for claim, evidence in pairs
        ]
        cosines = self._cosines(pairs, findings)
        out = []
        for (_, evidence), finding, cosine in zip(pairs, findings, cosines, strict=True):
            verdict, problems = _verdict(evidence, finding, cosine, limits), _all(finding, limits)
            if isinstance(finding, str):
                out.append(Examined(verdict, problems))
            else:
                out.append(Examined(verdict, problems, finding.support, finding.window))
        return out

    def problems(self, claim: str, evidence: str) -> tuple[Problem, ...]:
        """See ``problems_of``; with this judge's thresholds."""
        finding = find(plain_digits(bare(claim)), evident(evidence), self._thresholds)
        return _all(finding, self._thresholds)

    def _cosines(
        self, pairs: Sequence[tuple[str, str]], findings: Sequence[Finding | str]
    ) -> list[float | None]:
        """Claim-to-window cosines, in one batch, of the pairs that words alone do not decide."""
        cosines: list[float | None] = [None] * len(pairs)
        if self._embedder is None:
            return cosines
        open_pairs = [
            (i, f) for i, f in enumerate(findings)
            if isinstance(f, Finding) and not f.support.verbatim and not f.contradicted
        ]  # fmt: skip
        if not open_pairs:
            return cosines
        texts = [bare(pairs[i][0])[:MAX_CHARS] for i, _ in open_pairs]
        texts += [f.window.text for _, f in open_pairs]
        vectors = self._embedder.embed(texts)
        half = len(open_pairs)
        for row, (i, _) in enumerate(open_pairs):
            cosines[i] = float(vectors[row] @ vectors[half + row])
        return cosines


def _all(finding: Finding | str, limits: Thresholds) -> tuple[Problem, ...]:
    """Everything that keeps a finding from being supported; see ``problems_of``."""
    if isinstance(finding, str):
        return (Problem("empty", finding),)
    out = [_weighed(each, finding.support.coverage, limits) for each in finding.problems]
    if finding.support.coverage < limits.supported:
        out.append(Problem("words_missing", "The source lacks words of this sentence."))
    if not finding.support.verbatim and not is_ordered(finding.support, limits):
        out.append(Problem("order_differs", "The source has these words in another order."))
    return tuple(dict.fromkeys(out))


def _weighed(problem: Problem, cover: float, limits: Thresholds) -> Problem:
    """A value that the source does not give is missing, however unlike the words are; all else
    that was found in sentences of other words is weak."""
    if problem.kind == "quantity_missing":
        return problem
    least = limits.partial if problem.kind in ONLY_MISSING else limits.contradicted
    return replace(problem, weak=True) if cover < least else problem


def problems_of(claim: str, evidence: str) -> tuple[Problem, ...]:
    """Everything that keeps the rules from calling ``claim`` supported by ``evidence`` (a whole
    passage, of any length), held against the sentences that fit it best; empty where it is
    supported. ``Problem.hard`` tells those that no model may overrule."""
    return RuleJudge().problems(claim, evidence)


def _verdict(
    evidence: str, finding: Finding | str, cosine: float | None, limits: Thresholds
) -> Verdict:
    if isinstance(finding, str):
        return Verdict("unsupported", 0.0, (0.0, 1.0, 0.0), None, (finding,))
    label, score, refuted = _label(finding, cosine, limits)
    window = finding.window
    problems = [problem.message for problem in finding.problems]
    if not problems and label != "supported":
        problems.append("The source uses these words, but does not clearly say this.")
    score, refuted = round(score, 4), round(refuted, 4)
    return Verdict(
        label=label,
        score=score,
        probabilities=(score, max(0.0, 1.0 - score - refuted), refuted),
        evidence=Evidence(0, evidence[window.start : window.end], window.start, window.end),
        problems=tuple(problems),
    )


def _label(
    finding: Finding, cosine: float | None, limits: Thresholds
) -> tuple[Label, float, float]:
    """Label, P(supported), P(refuted). A rule's finding decides before any similarity."""
    cover, order = finding.support.coverage, finding.support.order
    lift = max(0.0, (cosine or 0.0) - 0.6) / 0.4 * 0.1
    if finding.contradicted and cover >= limits.contradicted:
        return "contradicted", 0.03 + 0.05 * (1.0 - cover), 0.6 + 0.35 * cover
    if not finding.problems:
        if finding.support.verbatim:
            return "supported", 0.99, 0.002
        near = cosine is not None and cosine >= limits.cosine and order >= limits.order / 2
        if cover >= limits.supported and (is_ordered(finding.support, limits) or near):
            return "supported", min(0.97, 0.6 + 0.2 * cover + 0.15 * order + lift), 0.02
    if finding.contradicted:
        return "unsupported", 0.05 + 0.15 * cover, 0.1 + 0.35 * cover
    harm = 0.1 * sum(p.kind not in {"term_missing", "drug_missing"} for p in finding.problems)
    score = max(0.02, min(0.49, 0.4 * cover + 0.05 * order + lift - harm))
    if cover >= limits.partial:
        return "partial", score, 0.1
    return "unsupported", score, 0.08
