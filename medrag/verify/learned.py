"""The judge that medrag ships: rules, a small encoder that reads claim and source together, and a
calibrated combiner of what both found. Rules may forbid "supported"; the encoder never overrides
them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from medrag.types import Evidence, Label, Verdict
from medrag.verify.claims import bare
from medrag.verify.combiner import Combiner, plain
from medrag.verify.compare import quantity_problems
from medrag.verify.extracts import Extract, extracts, narrowed
from medrag.verify.features import (
    QUANTITY,
    Found,
    encoder_features,
    length_features,
    log_odds,
    rule_features,
)
from medrag.verify.harmless import evident, is_readable, plain_digits
from medrag.verify.judge import Examined, RuleJudge
from medrag.verify.support import normalised, words_held
from medrag.verify.windows import MAX_CHARS

if TYPE_CHECKING:
    from medrag.protocols import FloatArray

_ROWS = 32  # read by the rules while the encoder is at the ones before
_SHARED = 0.1  # share of the claim's words in common, below which a source speaks of other things
_AT_MOST = 0.05  # the score of what a rule forbids to be shown as supported
_CLEARER = 1.0  # log odds by which another window must say it more clearly than that of the rules
_LANGUAGE = "The source is in a script or language that cannot be checked."
_ELSEWHERE = "The source hardly uses a word of this sentence."


class ClaimEncoder(Protocol):
    """What reads a claim and its evidence together."""

    @property
    def name(self) -> str: ...

    def claims(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """Logits (supported, neutral, refuted) of each (claim, evidence), shape (n, 3); or (n, 4)
        where the model has a logit too that the evidence is about what the claim is about."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """One claim before its source: the rules' ``verdict``, which is final where ``found`` is
    None, and the ``looks`` that the encoder is to take. ``near`` is what the rules looked at."""

    claim: str
    evidence: str
    verdict: Verdict
    found: Found | None = None
    looks: tuple[Extract, ...] = ()
    near: Extract | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """A case with the log odds (k, 3) of its extracts, and its features for the combiner."""

    case: Case
    odds: tuple[tuple[float, float, float], ...]
    features: dict[str, float]


class LearnedJudge:
    """Judges by rules and an encoder, weighed by the combiner that was fitted with it.

    ``probabilities`` of a verdict are the combiner's; its label and score also obey the rules: a
    quantity that is not in the source, a contradiction that the rules found, or a source without
    a word of the claim are never "supported", and their score is 0.05 at most.
    """

    def __init__(
        self, encoder: ClaimEncoder, rules: RuleJudge | None = None,
        combiner: Combiner | None = None,
    ) -> None:  # fmt: skip
        self._encoder = encoder
        self._rules = rules or RuleJudge()
        self._combiner = combiner or plain()

    @property
    def name(self) -> str:
        """The encoder's name, with the first digits of the SHA-256 of its weights if known."""
        digits = self._combiner.encoder_sha256[:8]
        return f"{self._encoder.name}-{digits}" if digits else self._encoder.name

    @property
    def threshold(self) -> float:
        """P(supported) from which a claim that no rule forbids is called supported."""
        return self._combiner.limits.supported

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """One verdict for each ``(claim, evidence)``, in order. The quote of the evidence is
        ``evidence[start:end]``; its marker is 0 until the caller fills it in."""
        verdicts: list[Verdict] = []
        for batch in self._weigh(pairs):
            shares = self._shares(batch)
            verdicts += [
                one.case.verdict if found is None else self._decided(one, *found)
                for one, found in zip(batch, shares, strict=True)
            ]
        return verdicts

    def _shares(self, batch: Sequence[Weighed]) -> list[tuple[float, float] | None]:
        """P(supported) and P(refuted) of each; None where the rules have decided."""
        places = [place for place, one in enumerate(batch) if one.case.found is not None]
        out: list[tuple[float, float] | None] = [None] * len(batch)
        if places:
            found = self._combiner.probabilities([batch[place].features for place in places])
            for place, (supported, _, refuted) in zip(places, found.tolist(), strict=True):
                out[place] = (supported, refuted)
        return out

    def weigh(self, pairs: Sequence[tuple[str, str]]) -> list[Weighed]:
        """The findings on each pair, before the combiner: what it is fitted on."""
        return [one for batch in self._weigh(pairs) for one in batch]

    def _weigh(self, pairs: Sequence[tuple[str, str]]) -> Iterator[list[Weighed]]:
        """In batches. Rules and encoder work side by side: the encoder's kernels need no
        interpreter."""
        starts = range(0, len(pairs), _ROWS)
        if len(starts) <= 1:
            cases = self._cases(pairs)
            yield self._measured(cases)
            return
        with ThreadPoolExecutor(1) as beside:
            waiting = None
            for start in starts:
                cases = self._cases(pairs[start : start + _ROWS])
                if waiting is not None:
                    yield waiting.result()
                waiting = beside.submit(self._measured, cases)
            if waiting is not None:
                yield waiting.result()

    def _cases(self, pairs: Sequence[tuple[str, str]]) -> list[Case]:
        claims = [plain_digits(bare(claim)[:MAX_CHARS]) for claim, _ in pairs]
        clean = [evident(evidence) for _, evidence in pairs]
        found = self._rules.examine(list(zip(claims, clean, strict=True)))
        return [
            _case(claim, evidence, harmless, one)
            for claim, (_, evidence), harmless, one in zip(claims, pairs, clean, found, strict=True)
        ]

    def _measured(self, cases: Sequence[Case]) -> list[Weighed]:
        asked = [(case.claim, look.text) for case in cases for look in case.looks]
        rows = iter(_findings(self._encoder.claims(asked)) if asked else ())
        return [_weighed(case, [next(rows) for _ in case.looks]) for case in cases]

    def _decided(self, one: Weighed, supported: float, refuted: float) -> Verdict:
        limits = self._combiner.limits
        why = forbidden(one.case)
        label = one.case.verdict.label
        # Where every word is there and no rule objects, less is asked of the encoder.
        enough = limits.agreed if label == "supported" else limits.supported
        if why is None and supported >= enough:
            label = "supported"
        elif label != "contradicted":
            label = _less(supported, refuted, self._combiner, forbidden=why is not None)
        supported, refuted = round(supported, 4), round(refuted, 4)
        return Verdict(
            label=label,
            score=supported if why is None else min(supported, _AT_MOST),
            probabilities=(supported, max(0.0, 1.0 - supported - refuted), refuted),
            evidence=_quote(one, label),
            problems=_problems(one.case, label, why),
        )


_NEARLY = 0.5  # of the claim's words
_TERM_MISSING = frozenset({"term_missing"})


def forbidden(case: Case) -> str | None:
    """Why a claim cannot be supported, whatever the encoder says; None if it can."""
    if case.found is None:
        return None
    if case.verdict.label == "contradicted":
        return " ".join(case.verdict.problems)
    if case.found.coverage < _SHARED:
        return _ELSEWHERE
    if case.found.hard:
        return case.found.hard[0].message
    if case.found.coverage >= _NEARLY and case.found.has(_TERM_MISSING):
        # Nearly its words, and for one of them its opposite: hypo- where it says hyperkalaemia.
        for problem in case.found.problems:
            if problem.kind == "opposite":
                return problem.message
    if not case.found.has(QUANTITY):
        return None
    # The sentences that fit best are hardly about it; what counts is whether the source has it.
    whole = quantity_problems(case.claim, evident(case.evidence)[:MAX_CHARS])
    return next((each.message for each in whole), None)


def _less(supported: float, refuted: float, combiner: Combiner, *, forbidden: bool) -> Label:
    """The label of what is not supported in full."""
    limits = combiner.limits
    if refuted >= limits.refuted:
        return "contradicted"
    return "partial" if supported >= limits.partial and not forbidden else "unsupported"


def _case(claim: str, evidence: str, clean: str, examined: Examined) -> Case:
    """``clean`` is what of the evidence is asserted: all but the quote is read from it."""
    verdict = examined.verdict
    found = verdict.evidence
    if found is not None:
        verdict = replace(verdict, evidence=_evidence(evidence, found.start, found.end))
    if _is_verbatim(claim, clean, verdict):
        return Case(claim, evidence, verdict)
    if not any(ch.isalnum() for ch in claim) or not any(ch.isalnum() for ch in clean):
        return Case(claim, evidence, verdict)
    if not is_readable(clean):
        return Case(claim, evidence, _unreadable(verdict))
    looks = extracts(claim, clean)
    near = _near(looks, clean, found)
    if not any(near.inside(look) for look in looks):
        looks = [*looks, near]  # what the rules go by is read too
    coverage, order, missing = words_held(claim, near.text)
    said = Found(coverage, order, missing, examined.problems, verdict.label)
    return Case(claim, evidence, verdict, said, tuple(looks), near)


def _near(looks: Sequence[Extract], clean: str, found: Evidence | None) -> Extract:
    """What the rules ``found``, or the best of the looks."""
    if found is None:
        return looks[0]
    return Extract(found.start, found.end, clean[found.start : found.end], 1.0)


def _is_verbatim(claim: str, clean: str, verdict: Verdict) -> bool:
    """Whether the claim is whole sentences of the source, which need no model."""
    if verdict.label != "supported" or verdict.evidence is None:
        return False
    quote = clean[verdict.evidence.start : verdict.evidence.end]
    return normalised(bare(quote)) == normalised(claim)


def _unreadable(verdict: Verdict) -> Verdict:
    return Verdict("unsupported", 0.0, (0.0, 1.0, 0.0), verdict.evidence, (_LANGUAGE,))


_Finding = tuple[float, float, float, float]
"""Log odds of supported, neutral and refuted, and how much the source is about it."""


def _findings(logits: FloatArray) -> list[_Finding]:
    odds = log_odds(logits[:, :3]).tolist()
    about = logits[:, 3].tolist() if logits.shape[1] > 3 else [0.0] * len(odds)
    return [(row[0], row[1], row[2], float(one)) for row, one in zip(odds, about, strict=True)]


def _weighed(case: Case, findings: Sequence[_Finding]) -> Weighed:
    if case.found is None:
        return Weighed(case, (), {})
    features = {
        **encoder_features([row[:3] for row in findings], [row[3] for row in findings]),
        **rule_features(case.found),
        **length_features(case.claim, case.evidence),
    }
    return Weighed(case, tuple(row[:3] for row in findings), features)


def _problems(case: Case, label: Label, why: str | None) -> tuple[str, ...]:
    assert case.found is not None
    if label == "supported":
        # Words that differ are what a paraphrase is made of; what differs in meaning is told.
        return tuple(p.message for p in case.found.problems if p.contradicts)
    told = dict.fromkeys(case.verdict.problems if case.verdict.label != "supported" else ())
    if why is not None and case.verdict.label != "contradicted":
        told.setdefault(why)
    if not told:
        words = "says otherwise." if label == "contradicted" else "does not clearly say this."
        told.setdefault(f"The source {words}")
    return tuple(told)


def _quote(one: Weighed, label: Label) -> Evidence:
    """The sentences that support or refute most: those that the rules looked at, unless another
    part of the source says it more clearly."""
    case, near = one.case, one.case.near
    assert near is not None
    column = 2 if label == "contradicted" else 0
    clearest = max(range(len(case.looks)), key=lambda row: one.odds[row][column])
    best = case.looks[clearest]
    home = next(row for row, look in enumerate(case.looks) if near.inside(look))
    if near.inside(best) or one.odds[clearest][column] < one.odds[home][column] + _CLEARER:
        best = near
    if best is not near or case.verdict.evidence is None:
        best = narrowed(case.claim, evident(case.evidence), best)
    return _evidence(case.evidence, best.start, best.end)


def _evidence(text: str, start: int, end: int) -> Evidence:
    return Evidence(0, text[start:end], start, end)
