"""The first judge: rules and words. It would rather say nothing than guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from medrag.drugs import drug_names
from medrag.types import Evidence, Label, Verdict
from medrag.verify.claims import bare
from medrag.verify.compare import compare
from medrag.verify.cuttings import dropped_condition
from medrag.verify.listed import as_spoken, names_an_item, together
from medrag.verify.problem import Problem
from medrag.verify.support import Support, measure, normalised
from medrag.verify.windows import MAX_CHARS, Passage, Window, around, best_windows, cut

if TYPE_CHECKING:
    from medrag.protocols import Embedder

_ONLY_MISSING = frozenset(
    {"quantity_missing", "identifier_missing", "route_missing", "population_missing",
     "term_missing", "drug_missing"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the labels part. ``supported`` and ``order`` are what a supported claim must reach;
    below ``partial`` coverage a claim is not about this evidence, and below ``contradicted`` the
    two have too little in common to say that they disagree. Words in another order than the
    source's pass where ``moved`` of them are there and ``near`` of the neighbours are near."""

    supported: float = 0.8
    order: float = 0.5
    contradicted: float = 0.75
    partial: float = 0.6
    cosine: float = 0.85
    moved: float = 0.9
    near: float = 0.8


@dataclass(frozen=True, slots=True)
class _Finding:
    """One claim held against one window."""

    window: Window
    support: Support
    problems: tuple[Problem, ...]

    @property
    def contradicted(self) -> bool:
        return any(problem.contradicts for problem in self.problems)


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
        findings = [self._find(bare(claim), evidence) for claim, evidence in pairs]
        cosines = self._cosines(pairs, findings)
        return [
            _verdict(evidence, finding, cosine, self._thresholds)
            for (_, evidence), finding, cosine in zip(pairs, findings, cosines, strict=True)
        ]

    def problems(self, claim: str, evidence: str) -> tuple[Problem, ...]:
        """See ``problems_of``; with this judge's thresholds."""
        finding = self._find(bare(claim), evidence)
        if isinstance(finding, str):
            return (Problem("empty", finding),)
        limits = self._thresholds
        out = [_weighed(each, finding.support.coverage, limits) for each in finding.problems]
        if finding.support.coverage < limits.supported:
            out.append(Problem("words_missing", "The source lacks words of this sentence."))
        if not finding.support.verbatim and not _ordered(finding.support, limits):
            out.append(Problem("order_differs", "The source has these words in another order."))
        return tuple(dict.fromkeys(out))

    def _find(self, claim: str, evidence: str) -> _Finding | str:
        if not any(ch.isalnum() for ch in claim):
            return "There is nothing in this sentence to check."
        if not any(ch.isalnum() for ch in evidence):
            return "The source has no text to check this against."
        claim = claim[:MAX_CHARS]
        passage = cut(evidence)
        verbatim = _said_in_full(claim, passage)
        if verbatim is not None:
            return verbatim
        windows = best_windows(claim, passage)
        best: _Finding | None = None
        contradicted: list[Window] = []
        for window in windows:
            # A window that covers clearly less is not a second opinion, only noise.
            if best is not None and window.coverage < windows[0].coverage - 0.05:
                break
            # More sentences that add no word of the claim must not excuse a contradiction.
            if any(window.holds(other) for other in contradicted):
                continue
            finding = self._widened(claim, passage, window)
            if finding.contradicted:
                contradicted.append(finding.window)
            if best is None or _rank(finding, self._thresholds) > _rank(best, self._thresholds):
                best = finding
            if not best.problems:
                break
        return best if best is not None else "The source only announces what it does not say here."

    def _widened(self, claim: str, passage: Passage, window: Window) -> _Finding:
        """The finding for a window; for a wider one if that has what is missing here."""
        finding = _hold(claim, passage, window)
        if not finding.problems or finding.support.coverage < self._thresholds.partial:
            return finding
        if all(problem.kind in _ONLY_MISSING for problem in finding.problems):
            for wider in around(window, passage):
                other = _hold(claim, passage, wider)
                if not other.problems:
                    return other
        return finding

    def _cosines(
        self, pairs: Sequence[tuple[str, str]], findings: Sequence[_Finding | str]
    ) -> list[float | None]:
        """Claim-to-window cosines, in one batch, of the pairs that words alone do not decide."""
        cosines: list[float | None] = [None] * len(pairs)
        if self._embedder is None:
            return cosines
        open_pairs = [
            (i, f) for i, f in enumerate(findings)
            if isinstance(f, _Finding) and not f.support.verbatim and not f.contradicted
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


def _weighed(problem: Problem, cover: float, limits: Thresholds) -> Problem:
    """A value that the source does not give is missing, however unlike the words are; all else
    that was found in sentences of other words is weak."""
    if problem.kind == "quantity_missing":
        return problem
    least = limits.partial if problem.kind in _ONLY_MISSING else limits.contradicted
    return replace(problem, weak=True) if cover < least else problem


def problems_of(claim: str, evidence: str) -> tuple[Problem, ...]:
    """Everything that keeps the rules from calling ``claim`` supported by ``evidence`` (a whole
    passage, of any length), held against the sentences that fit it best; empty where it is
    supported. ``Problem.hard`` tells those that no model may overrule."""
    return RuleJudge().problems(claim, evidence)


def _said_in_full(claim: str, passage: Passage) -> _Finding | None:
    """The finding for one to three whole sentences of the passage that are the claim itself.

    In a table whose rows differ in a number alone every row holds the claim's words, so this is
    looked at before the words are.
    """
    wanted = normalised(claim)
    for first, (start, _) in enumerate(passage.spans):
        for last in range(first, min(first + 3, len(passage.spans))):
            end = passage.spans[last][1]
            quote = passage.text[start:end]
            said = normalised(bare(quote))
            # An item without its mark, or an opener without its colon, is no longer a quote.
            exact = not any(passage.bound[first : last + 1]) or bare(quote) == claim
            if said == wanted and exact:
                window = Window(start, end, first, last, 1.0, "", quote)
                return _Finding(window, measure(claim, quote), ())
            if not wanted.startswith(said):
                break
    return None


def _hold(claim: str, passage: Passage, window: Window) -> _Finding:
    claim = as_spoken(claim) if window.items else claim
    said = passage.plain(window.text)
    text = f"{passage.plain(window.context)}\n{said}" if window.context else said
    written, claim = claim, passage.plain(claim)
    support = measure(claim, text, passage.defined)
    problems = compare(claim, text)
    drugs = drug_names(claim)
    problems += [
        Problem(
            "drug_missing" if word.lower() in drugs else "term_missing",
            f"The source does not mention “{word}”.",
        )
        for word in support.missing[:5]
    ]
    dropped = dropped_condition(claim, said)
    if dropped:
        problems.append(
            Problem("condition_dropped", f"The source adds a condition (“{dropped} …”).")
        )
    if window.items:
        problems += _list_problems(written, window)
    return _Finding(window, support, tuple(problems))


def _list_problems(claim: str, window: Window) -> list[Problem]:
    """What a claim leaves out that the source says of the items of a list."""
    problems = []
    if not names_an_item(claim, window.opener, window.items):
        message = "The source says this of the items of a list, and the answer names none of them."
        problems.append(Problem("condition_dropped", message))
    several = together(claim, window.opener)
    if several:
        message = f"The source says this of several things together (“{several} …”)."
        problems.append(Problem("condition_dropped", message))
    return problems


def _ordered(support: Support, limits: Thresholds) -> bool:
    """Whether the words stand as in the source. Where all of them are there and near each other,
    another order is a passive or a moved clause: changed roles are found by their own rule."""
    return support.order >= limits.order or (
        support.coverage >= limits.moved and support.near >= limits.near
    )


def _rank(finding: _Finding, limits: Thresholds) -> tuple[int, float, int]:
    clean = not finding.problems and _ordered(finding.support, limits)
    return (
        int(clean),
        finding.support.coverage - 0.1 * len(finding.problems),
        -finding.window.size,
    )


def _verdict(
    evidence: str, finding: _Finding | str, cosine: float | None, limits: Thresholds
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
    finding: _Finding, cosine: float | None, limits: Thresholds
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
        if cover >= limits.supported and (_ordered(finding.support, limits) or near):
            return "supported", min(0.97, 0.6 + 0.2 * cover + 0.15 * order + lift), 0.02
    if finding.contradicted:
        return "unsupported", 0.05 + 0.15 * cover, 0.1 + 0.35 * cover
    harm = 0.1 * sum(p.kind not in {"term_missing", "drug_missing"} for p in finding.problems)
    score = max(0.02, min(0.49, 0.4 * cover + 0.05 * order + lift - harm))
    if cover >= limits.partial:
        return "partial", score, 0.1
    return "unsupported", score, 0.08
