"""From a draft to an answer: every sentence checked, what does not stand withheld and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from medrag.ages import groups_by_age, patient_of
from medrag.audience import included
from medrag.ground import source_warnings
from medrag.neighbours import quotes_of
from medrag.neutral import addresses_a_machine
from medrag.population import whom, whom_warning
from medrag.protocols import Judge
from medrag.text import sentences
from medrag.types import (
    Answer,
    CheckedClaim,
    Chunk,
    Claim,
    Draft,
    Evidence,
    Prompt,
    Source,
    Usage,
    Verdict,
)
from medrag.verify import bare, line_claims, objections, split_claims, verify_claims

ABSTENTION = "No answer to this question was found in this library."
_NO_QUOTE = "This is not a sentence of the cited source."
STRICT, ANNOTATE = "strict", "annotate"
MARKS = {
    "partial": "only partly supported by its source",
    "unsupported": "NOT SUPPORTED by its source",
    "contradicted": "CONTRADICTED by its source: do not rely on it",
    "uncited": "cites no source",
}
"""What stands in words behind a sentence that is shown although it is not supported."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks drafts and makes answers of what stands.

    ``page_labels(document_id, start, end)`` are the pages of a span, ``fingerprint(generator)``
    names the library, models and settings of an answer. ``policy`` is what becomes of a sentence
    that is not supported (``shows``), ``strict_look`` whether composed ones are looked at twice.
    """

    judge: Judge
    page_labels: Callable[[str, int, int], tuple[str, ...]]
    fingerprint: Callable[[str], str]
    policy: str = STRICT
    strict_look: bool = True

    def check(self, draft: Draft, prompt: Prompt) -> list[CheckedClaim]:
        """The sentences of a draft with their verdicts, evidence as offsets in its document.

        What a language model wrote may cite only sources that it was shown, is looked at more
        strictly (``verify.objections``), and keeps the markers only of sources that say it. A
        sentence of a source that gives orders to a machine is evidence for nothing.
        """
        shown = {excerpt.marker for excerpt in prompt.excerpts} or None
        sources = {
            source.marker: source
            for source in prompt.sources
            if shown is None or source.marker in shown
        }
        texts = {
            marker: _without_orders(source.passage.chunk.text) for marker, source in sources.items()
        }
        if draft.verbatim:
            checked = verify_claims(line_claims(draft.text, texts), texts, self.judge)
        else:
            claims = split_claims(draft.text, texts)
            checked = [self._composed(claim, texts, sources) for claim in claims]
        chunks = {marker: source.passage.chunk for marker, source in sources.items()}
        return [self._in_document(claim, chunks) for claim in checked]

    def _composed(
        self, claim: Claim, texts: Mapping[int, str], sources: Mapping[int, Source]
    ) -> CheckedClaim:
        """A composed sentence with its verdict, each cited source asked alone."""
        alone = [replace(claim, markers=(marker,)) for marker in claim.markers]
        checked = verify_claims(alone or [claim], texts, self.judge)
        looked_at = [self._strictly(one, sources) if self.strict_look else one for one in checked]
        standing = [one for one in looked_at if one.verdict.label == "supported"]
        if not standing:
            best = max(looked_at, key=lambda one: one.verdict.score)
            return replace(best, claim=claim)
        best = max(standing, key=lambda one: one.verdict.score)
        markers = tuple(marker for one in standing for marker in one.claim.markers)
        cited = "".join(f"[{marker}]" for marker in markers)
        return replace(best, claim=replace(claim, text=f"{bare(claim.text)} {cited}",
                                           markers=markers))  # fmt: skip

    def _strictly(self, checked: CheckedClaim, sources: Mapping[int, Source]) -> CheckedClaim:
        evidence = checked.verdict.evidence
        if checked.verdict.label != "supported" or evidence is None:
            return checked
        passage = sources[evidence.marker].passage
        headings = f"{passage.document.title} {passage.section or ''}"
        found = tuple(objections(checked.text, evidence.quote, headings))
        if not found:
            return checked
        verdict = replace(checked.verdict, label="unsupported", problems=found)
        return replace(checked, verdict=verdict)

    def check_quotes(self, draft: Draft, prompt: Prompt) -> list[CheckedClaim]:
        """As ``check``, for a draft that should hold nothing but sentences of the excerpts that
        can be read alone: whatever else it holds is unsupported."""
        lines = {
            f"{' '.join(sentence.split())} [{excerpt.marker}]"
            for excerpt in prompt.excerpts
            for sentence in quotes_of(excerpt.sentences)
        }
        return [
            claim
            if " ".join(claim.text.split()) in lines
            else replace(claim, verdict=Verdict("unsupported", 0.0, problems=(_NO_QUOTE,)))
            for claim in self.check(replace(draft, verbatim=True), prompt)
        ]

    def _in_document(self, claim: CheckedClaim, chunks: Mapping[int, Chunk]) -> CheckedClaim:
        """The evidence's offsets counted in its document, with the pages it stands on."""
        evidence = claim.verdict.evidence
        if evidence is None or evidence.marker not in chunks:
            return claim
        chunk = chunks[evidence.marker]
        start, end = chunk.start + evidence.start, chunk.start + evidence.end
        pages = self.page_labels(chunk.document_id, start, end)
        moved = Evidence(evidence.marker, evidence.quote, start, end, pages)
        return replace(claim, verdict=replace(claim.verdict, evidence=moved))

    def answer(
        self,
        prompt: Prompt,
        shown: Sequence[CheckedClaim],
        withheld: Sequence[CheckedClaim],
        *,
        generator: str,
        usage: Usage,
        warnings: Sequence[str] = (),
        thinking: str = "",
    ) -> Answer:
        """The answer of the sentences that stand (at least one), with what its reader must know."""
        text, claims = _joined(shown, marked=self.policy == ANNOTATE)
        cited = {marker for claim in claims for marker in claim.claim.markers}
        sources = tuple(source for source in prompt.sources if source.marker in cited)
        documents = dict.fromkeys(source.passage.document.id for source in sources)
        told = [*_as_read(prompt), *_for_whom(prompt.question, claims, sources)]
        told.extend(prompt.warnings[i] for i in documents if i in prompt.warnings)
        told.extend(source_warnings(sources))
        if withheld:
            told.append(f"{len(withheld)} sentence(s) withheld: the sources do not say so.")
        told.extend(_doubts(shown) if self.policy != STRICT else ())
        return Answer(
            _asked(prompt), text, claims, sources, False, None, generator, usage,
            (*told, *warnings), self.fingerprint(generator), tuple(withheld), thinking,
        )  # fmt: skip

    def abstention(
        self,
        prompt: Prompt,
        reason: str,
        *,
        generator: str,
        usage: Usage,
        withheld: Sequence[CheckedClaim] = (),
    ) -> Answer:
        """No answer, for that reason, with the nearest passages, which are not one."""
        return Answer(
            _asked(prompt), ABSTENTION, (), prompt.sources[:3], True, reason, generator, usage,
            tuple(_as_read(prompt)), self.fingerprint(generator), tuple(withheld),
        )  # fmt: skip


def shows(claim: CheckedClaim, policy: str, *, verbatim: bool) -> bool:
    """Whether a sentence is shown: under "strict" one that stands, otherwise every one."""
    return policy != STRICT or stands(claim, verbatim=verbatim)


def stands(claim: CheckedClaim, *, verbatim: bool) -> bool:
    """Whether a sentence may be relied on: a composed one only if it is supported in full."""
    label = claim.verdict.label
    return label == "supported" or (verbatim and label == "partial")


def _for_whom(
    question: str, claims: Sequence[CheckedClaim], sources: Sequence[Source]
) -> list[str]:
    """That the lines of the answer are not all for the same people, where they are not."""
    headings = {
        source.marker: [
            *reversed((source.passage.section or "").split(" > ")), source.passage.document.title,
            included(source.passage.audience),
        ]
        for source in sources
    }  # fmt: skip
    lines = [
        (marker, groups_by_age(bare(claim.text)) or whom(bare(claim.text), headings[marker]))
        for claim in claims
        for marker in claim.claim.markers
        if marker in headings
    ]
    told = whom_warning(patient_of(question).groups, lines)
    return [told] if told else []


def _asked(prompt: Prompt) -> str:
    """The question as it was asked."""
    return prompt.reading.asked if prompt.reading is not None else prompt.question


def _as_read(prompt: Prompt) -> list[str]:
    """That words of the question were read as others, where they were."""
    changes = prompt.reading.changes if prompt.reading is not None else ()
    each = ", ".join(f"'{said}' as '{read}'" for said, read in changes)
    return [f"Read {each}, which the library says instead."] if each else []


def _without_orders(text: str) -> str:
    """``text`` with sentences that give orders to a machine blanked out; offsets stay."""
    for start, end in sentences(text):
        if addresses_a_machine(text[start:end]):
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def _doubts(shown: Sequence[CheckedClaim]) -> list[str]:
    """What is shown although it does not stand, the worst first."""
    told = []
    for label in ("contradicted", "unsupported", "uncited"):
        count = sum(claim.verdict.label == label for claim in shown)
        if count:
            told.append(f"{count} of {len(shown)} sentence(s) shown: {MARKS[label]}.")
    return told


def _joined(
    shown: Sequence[CheckedClaim], *, marked: bool = False
) -> tuple[str, tuple[CheckedClaim, ...]]:
    """The answer's text from the sentences that are shown, and the claims at their new offsets.

    Where ``marked``, the mark of a sentence that is not supported stands behind it in the text,
    so that no door can show the one without the other.
    """
    claims, parts, length = [], [], 0
    for checked in shown:
        text = checked.text
        claims.append(
            replace(checked, claim=replace(checked.claim, start=length, end=length + len(text)))
        )
        mark = MARKS.get(checked.verdict.label) if marked else None
        parts.append(f"{text} ({mark})" if mark else text)
        length += len(parts[-1]) + 1
    return "\n".join(parts), tuple(claims)
