"""Families of pairs on one claim: said, denied and not said, from the same words.

Each family draws the claim first and the label afterwards, so that a claim alone does not tell
its label: a claim turned round is supported by evidence turned round alike.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.human import best_sentences
from training.natural.claims import shortened, worded
from training.natural.evidence import Neighbours, around, length, silent_run
from training.natural.sources import Source
from training.natural.turn import exchanged, reversals, symbols
from training.pairs import NEUTRAL, REFUTED, SUPPORTED, Pair
from training.sentences import coverage, full_stop

TURNED = 0.45
"""How often a claim is the turned one."""
_SAME_TEXT = 0.6
"""From this coverage on, a sentence may say the same as the claim."""


@dataclass(frozen=True, slots=True)
class Base:
    """A claim, word for word, and the sentence of a source that says it.

    ``text`` stands in the sentence ``source.sentences[place]``, except where ``named``: there the
    condition's name was put for "this condition", and evidence is given under its title.
    """

    source: Source
    place: int
    text: str
    named: bool = False

    @property
    def sentence(self) -> str:
        """The sentence that says it."""
        return self.source.sentences[self.place]


@dataclass(frozen=True, slots=True)
class Maker:
    """What the families share: neighbours, and the one source of chance."""

    neighbours: Neighbours
    rng: random.Random

    def pair(self, base: Base, claim: str, evidence: str, label: int, kind: str) -> Pair:
        """A finished pair of this base's document."""
        source = base.source
        return Pair("claim", claim, evidence, label, source.corpus, kind, source.group)

    # --- evidence -------------------------------------------------------------------------------

    def _titled(self, base: Base, source: Source, text: str, often: float) -> str:
        """The evidence under its title, as often for every label."""
        if base.named or self.rng.random() < often:
            if not base.named and coverage(base.text, source.title) >= 0.5:
                return text
            return f"{source.title}. {text}"
        return text

    def _often(self, source: Source) -> float:
        return 0.3 if source.corpus == "medquad" else 0.12

    def saying(self, base: Base, sentence: str, without: Sequence[int] = ()) -> str:
        """Evidence that holds ``sentence`` in the base's place, among its neighbours.

        Where it is not the original one, neighbours that may repeat the original are left out.
        """
        every = base.source.sentences
        run = around(len(every), base.place, length(self.rng), self.rng)
        changed = sentence != base.sentence
        texts = [
            sentence if i == base.place else every[i]
            for i in run
            if i == base.place
            or (i not in without and not (changed and coverage(base.text, every[i]) >= _SAME_TEXT))
        ]
        return self._titled(base, base.source, " ".join(texts), self._often(base.source))

    def silent(self, base: Base, claim: str) -> str | None:
        """Evidence that does not say the claim: of the same passage, or of a near one."""
        count = length(self.rng)
        if self.rng.random() < 0.45:
            run = silent_run(base.text, (base.place,), base.source, count, self.rng)
            if run is not None and len(run) >= min(count, 4):
                texts = [base.source.sentences[i] for i in run]
                return self._finish(base, base.source, texts)
        near = [
            source
            for source in self.neighbours.near(base.text, base.source.group)
            if self.neighbours.silent(claim, source) and coverage(base.text, source.text) < 0.75
        ]
        if not near:
            return None
        source = self.rng.choice(near[:4])
        every = source.sentences
        best = max(range(len(every)), key=lambda i: (coverage(base.text, every[i]), -i))
        texts = [every[i] for i in around(len(every), best, count, self.rng)]
        return self._finish(base, source, texts)

    def _finish(self, base: Base, source: Source, texts: list[str]) -> str:
        """Now and then one sentence of silent evidence is turned too, as in the other labels."""
        if self.rng.random() < 0.5:
            place = self.rng.randrange(len(texts))
            turned = reversals(texts[place])
            if turned:
                texts[place] = self.rng.choice(turned)
        return self._titled(base, source, " ".join(texts), self._often(source))

    # --- claims ---------------------------------------------------------------------------------

    def both(self, one: str, other: str) -> tuple[str, str] | None:
        """Two claims worded alike; None where what sets them apart was worded away."""
        seed = self.rng.random()
        made = worded(one, random.Random(seed)), worded(other, random.Random(seed))
        return made if made[0] != made[1] and abs(len(made[0]) - len(made[1])) < 40 else None

    def turned_evidence(self, base: Base, turned: str) -> str | None:
        """The base's sentence with the turned claim in the claim's place."""
        if base.named:
            return full_stop(turned)
        made = base.sentence.replace(base.text, turned, 1)
        return made if made != base.sentence else None


def reversal(maker: Maker, base: Base) -> Iterator[Pair]:
    """Said, denied, not said: with the claim or the evidence turned round."""
    rng = maker.rng
    turned = rng.choice(reversals(base.text))
    claims = maker.both(base.text, turned)
    other = maker.turned_evidence(base, turned)
    if claims is None or other is None:
        return
    for label in (SUPPORTED, NEUTRAL, REFUTED):
        is_turned = rng.random() < TURNED
        claim = claims[is_turned]
        if label == NEUTRAL:
            evidence = maker.silent(base, claim)
            if evidence is not None:
                yield maker.pair(base, claim, evidence, NEUTRAL, "not-said")
            continue
        said = base.sentence if is_turned == (label == REFUTED) else other
        kind = "said" if label == SUPPORTED else "turned"
        side = "both" if is_turned and label == SUPPORTED else "claim" if is_turned else "evidence"
        suffix = "" if side == "evidence" and label == SUPPORTED else f"-{side}"
        yield maker.pair(base, claim, maker.saying(base, said), label, kind + suffix)


def exchange(maker: Maker, base: Base) -> Iterator[Pair]:
    """One named thing exchanged in the claim or in the evidence (neutral), or in both."""
    rng = maker.rng
    text = base.text
    if rng.random() < TURNED and not base.named:
        text = rng.choice(reversals(text))
    near = maker.neighbours.near(base.text, base.source.group, 3)
    others = [symbol for source in near for symbol in symbols(source.text)]
    context = f"{base.source.title} {base.source.text}"
    made = exchanged(text, context, rng, others)
    claims = maker.both(text, made) if made else None
    if made is None or claims is None:
        return
    sentence = maker.turned_evidence(base, text) if text != base.text else base.sentence
    other = base.sentence.replace(base.text, made, 1) if not base.named else full_stop(made)
    if sentence is None or other == base.sentence:
        return
    drawn = rng.random() < 0.5
    said = other if drawn else sentence
    yield maker.pair(base, claims[drawn], maker.saying(base, said), SUPPORTED, "said-exchange")
    drawn = rng.random() < 0.5
    said = sentence if drawn else other
    yield maker.pair(base, claims[drawn], maker.saying(base, said), NEUTRAL, "exchange")


def joined(maker: Maker, one: Base, two: Base) -> Iterator[Pair]:
    """Two claims in one sentence: both said, only one said, one denied."""
    rng = maker.rng
    turned = rng.choice(reversals(two.text))
    first = shortened(one.text, rng)
    seconds = maker.both(two.text, turned)
    other = maker.turned_evidence(two, turned)
    if seconds is None or other is None or one.named or two.named:
        return
    places = sorted({one.place, two.place})
    every = one.source.sentences
    for label in (SUPPORTED, NEUTRAL, REFUTED):
        is_turned = rng.random() < TURNED
        claim = _and(first, seconds[is_turned], _opens_small(two))
        if label == NEUTRAL:
            texts = [
                every[i]
                for i in around(len(every), one.place, length(rng) + 1, rng)
                if i != two.place and coverage(two.text, every[i]) < 0.5
            ]
            if every[one.place] in texts:
                yield maker.pair(one, claim, " ".join(texts), NEUTRAL, "joined-half")
            continue
        said = two.sentence if is_turned == (label == REFUTED) else other
        extra = [i for i in range(places[0], places[1]) if rng.random() < 0.5]
        chosen = sorted({*places, *extra})
        texts = [
            said if i == two.place else every[i]
            for i in chosen
            if i in places or coverage(two.text, every[i]) < _SAME_TEXT
        ]
        yield maker.pair(one, claim, " ".join(texts), label, ("joined", "", "joined-turned")[label])


def _opens_small(base: Base) -> bool:
    """Whether the claim's first word is seen small somewhere: then its capital is no name's."""
    first = base.text.split()[0]
    return first[0].islower() or f" {first.lower()} " in base.source.text


def _and(one: str, two: str, small: bool) -> str:
    name = not small and two.split()[0].lower() not in _SMALL
    return full_stop(f"{one.rstrip('.')}, and {two if name else two[0].lower() + two[1:]}")


_SMALL = frozenset("the a an all both there no patients people children most treatment".split())


_ASKS = re.compile(
    r"\b(?:aims?|aimed|objectives?|purpose|goals?|whether|hypothesi[sz]ed?|hypothesis|unclear|unknown"
    r"|sought|remains?|controversial|controversy|[Ww]e (?:examined|investigated|tested|evaluated"
    r"|assessed|studied|asked|used|analy[sz]ed|compared|performed|conducted)"
    r"|[Tt]o (?:determine|evaluate|assess|investigate|examine|compare|test|study|explore|identify"
    r"|estimate|define|address|understand|elucidate|describe|characterize|measure)"
    r"|(?:was|were) (?:examined|investigated|tested|evaluated|assessed|studied|analy[sz]ed|measured"
    r"|randomi[sz]ed|randomly))\b"
)


def asks(sentence: str) -> bool:
    """Whether a sentence says what is asked or done, rather than what was found."""
    return _ASKS.search(sentence) is not None


def titled(maker: Maker, source: Source, title: str) -> Iterator[Pair]:
    """What a title says, against the sentences of its abstract that bear it out."""
    found = [sentence for sentence in source.sentences if not asks(sentence)]
    turned = reversals(title)[0]
    yield from _borne_out(maker, Base(source, 0, title), turned, found, 0.5, "title")


def concluded(maker: Maker, base: Base) -> Iterator[Pair]:
    """A conclusion against the results before it, where these hold nearly all of its words."""
    before = base.source.sentences[: base.place]
    found = [sentence for sentence in before if not asks(sentence)]
    turned = maker.rng.choice(reversals(base.text))
    yield from _borne_out(maker, base, turned, found, 0.7, "conclusion")


def _borne_out(
    maker: Maker, base: Base, turned: str, found: list[str], least: float, kind: str
) -> Iterator[Pair]:
    """Against findings: supported, and refuted once turned. Against what was asked: neutral."""
    rng = maker.rng
    claims = maker.both(base.text, turned)
    if claims is None or not found:
        return
    evidence = best_sentences(base.text, " ".join(found), max(2, min(length(rng), 6)))
    if coverage(base.text, evidence) >= least:
        yield maker.pair(base, claims[0], evidence, SUPPORTED, kind)
        yield maker.pair(base, claims[1], evidence, REFUTED, f"{kind}-turned")
    asked = [s for s in base.source.sentences if asks(s) and s != base.sentence]
    if asked and coverage(base.text, " ".join(asked)) >= 0.5:
        evidence = best_sentences(base.text, " ".join(asked), max(1, min(length(rng), 4)))
        yield maker.pair(base, claims[rng.random() < 0.5], evidence, NEUTRAL, f"{kind}-asked")
    silent = maker.silent(base, claims[0]) if rng.random() < 0.5 else None
    if silent is not None and coverage(base.text, silent) < 0.6:
        yield maker.pair(base, claims[rng.random() < 0.5], silent, NEUTRAL, f"{kind}-not-said")
