"""What a sentence holds only under a condition, outside an exception, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

from medrag.patterns import Pattern
from medrag.verify.problem import Problem
from medrag.verify.reading import Reading, Token, is_soft, read
from medrag.verify.syntax import BE, MODALS, named, on_topic, pauses, phrase_after, stretch_right

# What turns a whole sentence into what was wrong, was believed, or is not known.
_CONTEXT = Pattern(
    r"\b(in error|erroneous|mistaken|misconception|myth|inadvertent|once thought|was thought"
    r"|were thought|incorrect|wrongly|falsely|is false|was false|false belief|belief that"
    r"|hypothesi[sz]|refuted|debunked|disproved|retracted|unclear|unproven|it is not known"
    r"|is unknown|remains unknown|uncertain|speculat|insufficient evidence|by accident)",
    re.I,
)
# What turns the part of a sentence that it stands in.
_PAST = Pattern(
    r"\b(formerly|previously|no longer|used to be|historically|accidental|withdrawn"
    r"|controversial|anecdotal|whether|claims? that|overdose)",
    re.I,
)
_PART = Pattern(r"[,;:()]")
_EXCEPT = Pattern(
    r"\b(?:except(?:ing)?(?: for| in| when| that)?|other than|apart from|aside from"
    r"|with the exception of|excluding|but not(?: in| for| with)?|save for)\b",
    re.I,
)
_LET_GO = frozenset(
    "possible needed necessary available appropriate required indicated feasible applicable"
    " relevant tolerated".split()
)
_ASKING = frozenset("ask asks asked check determine see assess decide know find unclear".split())
# Marker words, each with what it makes of the words after it.
_MARKERS = {
    "if": "if", "when": "if", "whenever": "if", "provided": "if", "unless": "unless",
    "until": "until", "till": "until", "before": "before", "prior": "before", "after": "after",
    "following": "after", "once": "after", "with": "with", "without": "without",
    "despite": "despite", "during": "if",
}  # fmt: skip
_CONDITIONS = frozenset({"if", "unless", "until"})
_CLASH = frozenset(
    frozenset(pair)
    for pair in (
        ("with", "without"), ("before", "after"), ("before", "if"), ("unless", "if"),
        ("unless", "with"), ("until", "after"), ("until", "if"), ("despite", "if"),
        ("if", "without"), ("unless", "after"),
    )
)  # fmt: skip


def scopes(claim: str, evidence: str) -> Iterator[Problem]:
    """Conditions, exceptions and contexts of the evidence that the claim leaves out or turns."""
    mine, theirs = read(claim), read(evidence)
    yield from _markers(mine, theirs)
    stems = {token.stem for token in mine.tokens}
    for reading in on_topic(mine, evidence):
        sentence = reading.text
        yield from _exceptions(claim, stems, sentence, evidence)
        yield from _conditions(stems, sentence)
        yield from _only(stems, sentence)
        context = _context(mine, sentence)
        if context:
            yield Problem("context_dropped", f"The source says this was or is “{context}”.")


def _context(mine: Reading, sentence: str) -> str | None:
    lowered = mine.text.lower()
    for match in _CONTEXT.finditer(sentence):
        if match.group(1).lower() not in lowered:
            return match.group(1).lower()
    own = mine.names
    for match in _PAST.finditer(sentence):
        if match.group(1).lower() in lowered:
            continue
        cuts = [each.start() for each in _PART.finditer(sentence)]
        begin = max((cut for cut in cuts if cut < match.start()), default=0)
        end = min((cut for cut in cuts if cut >= match.end()), default=len(sentence))
        inside = named(t for t in read(sentence).tokens if begin <= t.start < end)
        if len(own & inside) * 2 >= len(own):
            return match.group(1).lower()
    return None


def _exceptions(claim: str, stems: set[str], sentence: str, evidence: str) -> Iterator[Problem]:
    if _EXCEPT.search(claim):
        return
    reading = read(sentence)
    for match in _EXCEPT.finditer(sentence):
        last = max((i for i, t in enumerate(reading.tokens) if t.end <= match.end()), default=None)
        if last is None:
            continue
        excluded = named(phrase_after(reading, last))
        if not excluded:
            continue
        outside = named(
            t for t in read(evidence).tokens if t.stem not in excluded
        )  # the excluded words are in no other role
        if excluded <= stems and stems & outside:
            words = " ".join(t.word for t in phrase_after(reading, last))
            yield Problem("exception_differs", f"The source makes an exception of {words}.")
        else:
            text = match.group().lower()
            yield Problem("condition_dropped", f"The source makes an exception (“{text} …”).")
        return


@lru_cache(maxsize=1024)
def _marked(text: str) -> tuple[tuple[int, str, tuple[Token, ...]], ...]:
    """Every marker of a text: its place, its sort, and the words with meaning it opens."""
    reading = read(text)
    out = []
    for place, token in enumerate(reading.tokens):
        sort = _MARKERS.get(token.word)
        if sort is None or (sort in {"after", "before"} and _is_the(reading, place)):
            continue
        if token.word == "without" and place and reading.tokens[place - 1].word in {"not"}:
            continue
        if place and reading.tokens[place - 1].word in {"or", "and"} and sort == "without":
            continue
        out.append((place, sort, tuple(stretch_right(reading, place))))
    return tuple(out)


def _is_the(reading: Reading, place: int) -> bool:
    return place > 0 and reading.tokens[place - 1].word in {"the", "as", "and", "or", "soon"}


def _markers(mine: Reading, theirs: Reading) -> Iterator[Problem]:
    """The same words after "with" and "without", "if" and "unless", "before" and "after"."""
    if not _marked(mine.text):
        return
    given: dict[str, set[str]] = {}
    for _, sort, words in _marked(theirs.text):
        for stem in _head(words):
            given.setdefault(stem, set()).add(sort)
    for place, sort, words in _marked(mine.text):
        heads = _head(words)
        sorts = [given[stem] for stem in heads if stem in given]
        if not sorts or len(sorts) < len(heads):
            continue
        if all(
            sort not in each and all(frozenset((sort, other)) in _CLASH for other in each)
            for each in sorts
        ):
            word = mine.tokens[place].word
            yield Problem(
                "condition_differs",
                f"The source does not say “{word} {words[0].word} …”, but otherwise.",
            )
            return


def _head(words: tuple[Token, ...]) -> list[str]:
    return [t.stem for t in words if t.content and t.word.isalpha()][:2]


def _conditions(stems: set[str], sentence: str) -> Iterator[Problem]:
    reading = read(sentence)
    for place, sort, words in _marked(sentence):
        if sort not in _CONDITIONS or reading.tokens[place].word == "during":
            continue
        before = reading.tokens[place - 1].word if place else ""
        if before in _ASKING:
            continue
        own = {t.stem for t in words if t.content and t.word.isalpha()}
        alpha = {t.word for t in words if t.content}
        if not own or alpha <= _LET_GO:
            continue
        # A part of the condition is enough: values are compared by their own rule.
        if len(own & stems) * 2 < len(own) and not _only_condition(reading, place, stems):
            word = reading.tokens[place].word
            yield Problem("condition_dropped", f"The source adds a condition (“{word} …”).")
            return


def _only(stems: set[str], sentence: str) -> Iterator[Problem]:
    """Whom "only" names: a claim without them says it of all."""
    reading = read(sentence)
    for place, token in enumerate(reading.tokens):
        if token.word not in {"only", "solely", "exclusively"}:
            continue
        near = takewhile(lambda t: t.word not in BE | MODALS, stretch_right(reading, place)[:8])
        words = [t for t in near if t.content and not is_soft(t)]
        if words and not any(t.stem in stems for t in words[:3]):
            yield Problem("condition_dropped", f"The source says “only {words[0].word} …”.")
            return


def _only_condition(reading: Reading, place: int, stems: set[str]) -> bool:
    """Whether the condition belongs to another clause than the one the claim is about."""
    start = place
    stops = pauses(reading.text)
    clause = reading.tokens[place].clause
    at_front = place == 0 or reading.tokens[place - 1].clause != clause
    if at_front:
        main = named(reading.tokens[place + 1 + len(stretch_right(reading, place)) :])
        return bool(main) and len(main & stems) * 2 < len(main)
    # Back to the clause's verb: "Give A if X and stop B": the words just before the condition.
    while start > 0 and reading.tokens[start - 1].clause == clause:
        start -= 1
        if reading.tokens[start].word in {"and", "then"} and _acts(reading, start):
            break
        if start in stops and _acts(reading, start - 1):
            break
    near = named(reading.tokens[start:place])
    return bool(near) and len(near & stems) * 2 < len(near)


def _acts(reading: Reading, place: int) -> bool:
    """Whether an order follows ("and reduce the dose")."""
    following = reading.tokens[place + 1] if place + 1 < len(reading.tokens) else None
    return following is not None and following.word in _ORDERS


_ORDERS = frozenset(
    "give start stop reduce increase avoid use add switch change repeat refer review check monitor"
    " continue withhold resume restart consider offer omit halve double admit discharge".split()
)
