"""The answer in the documents' own words: verbatim sentences with their markers.

It needs no language model, cannot misquote, and is the default. Sentences are chosen by the
question's telling words and by cosine, lists are kept together with the line that opens them,
and all is put in the order in which it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from medrag.attributes import tells_what_is_asked
from medrag.candidates import (
    Candidate,
    Relevance,
    above,
    find_candidates,
    score_candidates,
)
from medrag.doses import (
    asked_drugs,
    asks_for_dose,
    asks_of_organs,
    gives_a_dose,
    has_amount,
    names_organs,
)
from medrag.generators.blocks import best_in, blocks_of, window, with_headings, with_openers
from medrag.generators.lists import Chosen
from medrag.indications import conditions_in, is_for_another_condition, is_for_condition
from medrag.population import without_populations
from medrag.protocols import Embedder
from medrag.subject import on_subject
from medrag.text import content_words, is_row, stem
from medrag.types import Draft, Passage, Prompt

_PASSAGE_PULL = 0.5  # how much the passage's own score says about where the answer stands
_BLOCK_CUT = 0.75  # a block of that passage whose best sentence scores below this share is left out
# What a sentence of another passage must reach of the best one's score, and hold of the question's
# words that the best one holds.
_AWAY_CUT, _ON_SUBJECT = 0.92, 0.85
_TELLING = 0.7  # words with this share of the heaviest one's weight say what the question is about
_NAMING = 0.75  # the best sentence holds this share of the most that any holds of the question
_LEAST_READ = 0.02  # a row that the model is sure does not answer is none, whatever it names
_OF_DOSES = frozenset(stem(word) for word in ("dose", "doses", "dosage", "dosing", "usual"))
_ANSWERS = 0.5  # the probability from which a sentence is taken to answer
_SAME = 0.8  # two sentences that share this much of their words say the same


class ExtractiveGenerator:
    """Writes drafts of at most ``limit`` verbatim sentences, one a line; ``relevance`` says of each
    sentence how surely it answers."""

    name = "extractive"

    def __init__(self, embedder: Embedder, limit: int, relevance: Relevance | None = None) -> None:
        self._embedder = embedder
        self._limit = limit
        self._relevance = relevance

    def generate(self, prompt: Prompt) -> Draft:
        """A draft whose every line is ``sentence [marker]``; empty without a usable sentence."""
        found = find_candidates(prompt)
        about = on_subject(prompt, found)
        kept = set(about)
        # A row that is off the subject comes back beside no line that is on it.
        readable = [one for one in found if one in kept or not is_row(one.text)]
        chosen = Chosen(readable, prompt.question, self._limit)
        candidates = [one for one in about if chosen.can_show(one)]
        if not candidates:
            return Draft("", finish_reason="off_subject" if found else "nothing")
        read: dict[tuple[str, str], float] = {}

        def relevance(question: str, asked: Sequence[tuple[Passage, str]]) -> Sequence[float]:
            assert self._relevance is not None
            told = self._relevance(question, asked)
            read.update({(p.chunk.id, text): t for (p, text), t in zip(asked, told, strict=True)})
            return told

        scores = score_candidates(
            prompt, candidates, self._embedder, relevance if self._relevance else None
        )
        sure = _surest(prompt.question, scores, read)
        cut = tuple(dict.fromkeys(_choose(candidates, scores, sure, prompt, chosen)))
        shown = chosen.in_order()
        lines = [f"{one.text} [{one.source.marker}]" for one in shown]
        if not lines:
            return Draft("", finish_reason="nothing")
        if not tells_what_is_asked(prompt.question, with_headings(shown)):
            return Draft("", finish_reason="off_subject")
        if self._relevance is None:
            return Draft("\n".join(lines), verbatim=True, cut=cut)
        whole = with_openers(shown)
        relevance(prompt.question, [one for one in whole if (one[0].chunk.id, one[1]) not in read])
        best = max(read[passage.chunk.id, text] for passage, text in whole)
        if _says_the_dose(prompt, shown) or (
            best >= _LEAST_READ and _has_row_of_drug(prompt.question, shown)
        ):
            best = 1.0  # the model was taught few such lines, and this is what was asked for
        return Draft("\n".join(lines), verbatim=True, read=best, cut=cut)


def _surest(
    question: str, found: Iterable[Candidate], read: Mapping[tuple[str, str], float]
) -> list[Candidate]:
    """The sentences that the model takes to answer, in whatever words, but for those for another
    condition. None where a drug's dose is asked for: which line gives it, rules know better."""
    if asked_drugs(question) and asks_for_dose(question):
        return []
    return [
        s
        for s in found
        if read.get((s.source.passage.chunk.id, s.text), 0.0) >= _ANSWERS
        and not is_for_another_condition(question, s.text, above(s.source))
        and not (has_amount(s.text) and _is_elsewhere(question, above(s.source)))
    ]


def _is_elsewhere(question: str, headings: Sequence[str]) -> bool:
    """Whether the nearest heading, or the title where there is none, names conditions, and none of
    those that the question names."""
    nearest = next((heading for heading in headings if heading), "")
    asked, told = conditions_in(question), conditions_in(nearest)
    return bool(asked and told) and asked.isdisjoint(told)


def _has_row_of_drug(question: str, shown: Sequence[Candidate]) -> bool:
    """Whether the dose of a drug is asked for, or what becomes of it in renal or hepatic
    impairment, and a table row that names the drug (and the organ) is shown."""
    of_organs = asks_of_organs(question)
    if not (of_organs or asks_for_dose(question)):
        return False
    drugs = set(asked_drugs(question).values())
    return any(
        is_row(one.text) and drugs & one.stems and (names_organs(one.text) or not of_organs)
        for one in shown
    )


def _says_the_dose(prompt: Prompt, shown: Sequence[Candidate]) -> bool:
    """Whether the dose of a drug is asked for, and a sentence that is shown says how much of it is
    given and, with its headings, is for the condition asked about or has every other word of the
    question but those that say for whom."""
    drugs = set(asked_drugs(prompt.question).values())
    if not drugs or not asks_for_dose(prompt.question):
        return False
    said = set(content_words(without_populations(prompt.question)))
    wanted = (prompt.terms.weights.keys() & said) - _OF_DOSES
    return any(
        gives_a_dose(one.text)
        and (
            wanted <= one.names or is_for_condition(prompt.question, (one.text, *above(one.source)))
        )
        for one in shown
        if not is_row(one.text) and (drugs & one.stems or one.named_at is not None)
    )


def _choose(
    candidates: Sequence[Candidate],
    scores: Mapping[Candidate, float],
    sure: Sequence[Candidate],
    prompt: Prompt,
    chosen: Chosen,
) -> list[int]:
    """Add the sentences of the answer to ``chosen``; the markers of what had no room.

    One passage carries it, block by block (a paragraph, a table row, a list with the line that
    opens it), because a sentence torn from its neighbours may be about the opposite case. ``sure``
    are the sentences that the model takes to answer.
    """
    drugs = set(asked_drugs(prompt.question).values())
    # First whoever names what was asked about: a sentence about another drug may be the likest.
    most = max(sentence.held for sentence in scores)
    naming = [s for s in scores if s.held >= _NAMING * most or s in sure]
    best = max(naming, key=lambda s: scores[s] + _PASSAGE_PULL * s.source.passage.score)
    enough = _BLOCK_CUT * scores[best]
    # The row of another drug in the same table is about another drug.
    subject = _telling(best.names, prompt.terms.weights) | (drugs & best.names)
    doses = bool(drugs) and (asks_for_dose(prompt.question) or asks_of_organs(prompt.question))
    if doses and drugs & subject:
        subject -= _OF_DOSES  # a line that says how much need not say "dose"
    about = [s for s in candidates if subject <= s.names or not is_row(s.text)]
    blocks = blocks_of([s for s in about if s.source is best.source])
    blocks.sort(key=lambda block: -best_in(block, scores))
    blocks = [block for block in blocks if best_in(block, scores) >= enough]
    cut: list[int] = []
    rows = _rows_of(drugs, subject, best, scores) if doses else []
    at_home = any(not is_row(s.text) and gives_a_dose(s.text) for block in blocks for s in block)
    if not at_home:
        # A dose depends on whom it is for: its rows come first, while there is room.
        cut += _add_new(rows, chosen)
    for block in blocks:
        if len(block) > chosen.room:
            cut.append(best.source.marker)
        if chosen.room:
            run = window(block, scores, chosen.room, prompt.question)
            chosen.add(sorted(run, key=lambda s: (-scores.get(s, 0.0), s.position)))
    if at_home:
        cut += _add_new(rows, chosen)
    if doses:
        cut += _add_new(_doses_of(drugs, subject, best, scores), chosen)
    _add_from_elsewhere(scores, sure, best, subject, chosen)
    return cut


def _add_from_elsewhere(
    scores: Mapping[Candidate, float],
    sure: Sequence[Candidate],
    best: Candidate,
    subject: frozenset[str],
    chosen: Chosen,
) -> None:
    """Add the sentences of other passages that surely answer, or that are nearly as good as the
    best and on the same subject, while there is room."""
    for sentence in sorted(scores, key=lambda s: (-scores[s], s.source.marker, s.position)):
        as_good = (
            scores[sentence] >= _AWAY_CUT * scores[best]
            and subject <= sentence.names
            and sentence.held >= _ON_SUBJECT * best.held
        )
        if (
            chosen.room
            and sentence.source is not best.source
            and (as_good or sentence in sure)
            and all(_likeness(sentence, other) < _SAME for other in chosen.in_order())
        ):
            chosen.add([sentence])


def _add_new(lines: Sequence[Candidate], chosen: Chosen) -> list[int]:
    """Add what is not there yet; the markers of what had no room."""
    cut = []
    for line in lines:
        if all(line.text != other.text for other in chosen.in_order()):
            if chosen.room:
                chosen.add([line])
            else:
                cut.append(line.source.marker)
    return cut


def _rows_of(
    drugs: set[str], subject: frozenset[str], best: Candidate, scores: Mapping[Candidate, float]
) -> list[Candidate]:
    """The table rows that name the drug themselves and hold what the best sentence holds of the
    question, best first."""
    rows = [
        s for s in scores
        if is_row(s.text) and drugs & s.stems and subject <= s.names
        and s.held >= _ON_SUBJECT * best.held
    ]  # fmt: skip
    return sorted(rows, key=lambda s: (-scores[s], s.source.marker, s.position))


def _doses_of(
    drugs: set[str], subject: frozenset[str], best: Candidate, scores: Mapping[Candidate, float]
) -> list[Candidate]:
    """The sentences of running text that name the drug themselves and say how much of it is given,
    best first."""
    wanted = subject | (best.names - _OF_DOSES)
    lines = [
        s for s in scores
        if not is_row(s.text) and drugs & s.stems and wanted <= s.names and gives_a_dose(s.text)
    ]  # fmt: skip
    return sorted(lines, key=lambda s: (-scores[s], s.source.marker, s.position))


def _telling(names: frozenset[str], weights: Mapping[str, float]) -> frozenset[str]:
    """Those that say what the question is about, the drug's name before "dose"."""
    heaviest = max((weights[word] for word in names), default=0.0)
    return frozenset(word for word in names if weights[word] >= _TELLING * heaviest)


def _likeness(one: Candidate, other: Candidate) -> float:
    smaller = min(len(one.stems), len(other.stems))
    return len(one.stems & other.stems) / smaller if smaller else 1.0
