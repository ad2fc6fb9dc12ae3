"""One claim held against the sentences of a passage: which of them say most of it, and what the
rules find between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from medrag.drugs import drug_names
from medrag.verify.claims import bare
from medrag.verify.compare import compare
from medrag.verify.cuttings import dropped_condition
from medrag.verify.listed import as_spoken, names_an_item, together
from medrag.verify.problem import Problem
from medrag.verify.reading import read
from medrag.verify.support import Support, measure, normalised, ordered, words_in
from medrag.verify.windows import MAX_CHARS, Passage, Window, around, best_windows, cut

ONLY_MISSING = frozenset(
    {"quantity_missing", "identifier_missing", "route_missing", "population_missing",
     "term_missing", "drug_missing"}
)  # fmt: skip
"""The problems of a claim whose source says nothing else, but too little."""
_NEARLY = 0.05  # of coverage, by which a window may fall behind the first
_TOLD = 5  # missing words that are told, and counted


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
class Finding:
    """One claim held against one window."""

    window: Window
    support: Support
    problems: tuple[Problem, ...]

    @property
    def contradicted(self) -> bool:
        """Whether the window says otherwise."""
        return any(problem.contradicts for problem in self.problems)


@dataclass(frozen=True, slots=True)
class _Words:
    """Claim and window as they are compared, and what their words alone tell: the claim
    ``written`` as a sentence and in ``plain`` words, what the window ``said`` and its whole
    ``text``; ``coverage`` and the words ``missing`` as in ``Support``."""

    written: str
    plain: str
    said: str
    text: str
    coverage: float
    missing: tuple[str, ...]


def find(claim: str, evidence: str, limits: Thresholds) -> Finding | str:
    """What is found of a bare claim in the sentences that fit it best; a message where there is
    nothing to hold against each other."""
    if not _says_something(claim):
        return "There is nothing in this sentence to check."
    if not any(ch.isalnum() for ch in evidence):
        return "The source has no text to check this against."
    claim = claim[:MAX_CHARS]
    passage = cut(evidence)
    verbatim = _said_in_full(claim, passage)
    if verbatim is not None:
        return verbatim
    best = _best(claim, passage, best_windows(claim, passage), limits)
    return best if best is not None else "The source only announces what it does not say here."


def _says_something(claim: str) -> bool:
    """Whether a claim is more than one word without meaning, or one word again and again."""
    tokens = read(claim).tokens
    if len(tokens) < 2 and not any(t.content or t.measured for t in tokens):
        return False
    said = claim.casefold().split()
    return len(said) == 1 or len({word.strip(".,;:!?") for word in said}) > 1


def is_ordered(support: Support, limits: Thresholds) -> bool:
    """Whether the words stand as in the source. Where all of them are there and near each other,
    another order is a passive or a moved clause: changed roles are found by their own rule."""
    return support.order >= limits.order or (
        support.coverage >= limits.moved and support.near >= limits.near
    )


def _best(
    claim: str, passage: Passage, windows: Sequence[Window], limits: Thresholds
) -> Finding | None:
    best: Finding | None = None
    contradicted: list[Window] = []
    for place, window in enumerate(windows):
        # A window that covers clearly less is not a second opinion, only noise.
        if best is not None and window.coverage < windows[0].coverage - _NEARLY:
            break
        # More sentences that add no word of the claim must not excuse a contradiction.
        if any(window.holds(other) for other in contradicted):
            continue
        words = _words(claim, passage, window)
        counts = best is None or any(later.holds(window) for later in windows[place + 1 :])
        if not counts and best is not None and not _may_win(best, window, words, limits):
            hopeless = words.coverage < limits.partial or not _fuller(claim, passage, window)
            if hopeless:
                continue  # it need not be read: its words alone put it behind the best
        finding = _widened(claim, passage, window, words, limits)
        if finding.contradicted:
            contradicted.append(finding.window)
        if best is None or _rank(finding, limits) > _rank(best, limits):
            best = finding
        if not best.problems:
            break
    return best


def _may_win(best: Finding, window: Window, words: _Words, limits: Thresholds) -> bool:
    """Whether a window can be ranked before the best, whatever the rules find in it."""
    known = len(words.missing[:_TOLD])
    return (int(not known), words.coverage - 0.1 * known, -window.size) > _rank(best, limits)


def _rank(finding: Finding, limits: Thresholds) -> tuple[int, float, int]:
    clean = not finding.problems and is_ordered(finding.support, limits)
    return (
        int(clean),
        finding.support.coverage - 0.1 * len(finding.problems),
        -finding.window.size,
    )


def _fuller(claim: str, passage: Passage, window: Window) -> list[tuple[Window, _Words]]:
    """The windows around this one that have every word of the claim."""
    wider = [(other, _words(claim, passage, other)) for other in around(window, passage)]
    return [(other, words) for other, words in wider if not words.missing]


def _widened(
    claim: str, passage: Passage, window: Window, words: _Words, limits: Thresholds
) -> Finding:
    """The finding for a window; for a wider one if that has what is missing here."""
    finding = _hold(window, words)
    if not finding.problems or finding.support.coverage < limits.partial:
        return finding
    if all(problem.kind in ONLY_MISSING for problem in finding.problems):
        for other, around_it in _fuller(claim, passage, window):
            wider = _hold(other, around_it)
            if not wider.problems:
                return wider
    return finding


def _said_in_full(claim: str, passage: Passage) -> Finding | None:
    """The finding for one to three whole sentences of the passage that are the claim itself.

    In a table whose rows differ in a number alone every row holds the claim's words, so this is
    looked at before the words are.
    """
    wanted = normalised(claim)
    for first, (start, stop) in enumerate(passage.spans):
        if not _may_open(wanted, passage.text[start:stop]):
            continue
        for last in range(first, min(first + 3, len(passage.spans))):
            end = passage.spans[last][1]
            quote = passage.text[start:end]
            said = normalised(bare(quote))
            # An item without its mark, or an opener without its colon, is no longer a quote.
            exact = not any(passage.bound[first : last + 1]) or bare(quote) == claim
            if said == wanted and exact:
                window = Window(start, end, first, last, 1.0, "", quote)
                return Finding(window, measure(claim, quote), ())
            if not wanted.startswith(said):
                break
    return None


def _may_open(wanted: str, sentence: str) -> bool:
    """Whether ``wanted`` may begin with a sentence, as far as its first letters tell."""
    head = sentence[:4]
    return not head.isalnum() or wanted.startswith(head.casefold())


def _words(claim: str, passage: Passage, window: Window) -> _Words:
    written = as_spoken(claim) if window.items else claim
    said = passage.plain(window.text)
    text = f"{passage.plain(window.context)}\n{said}" if window.context else said
    plain = passage.plain(written)
    coverage, missing = words_in(read(plain), text, passage.defined)
    return _Words(written, plain, said, text, coverage, missing)


def _hold(window: Window, words: _Words) -> Finding:
    support = ordered(words.plain, words.text, words.coverage, words.missing)
    problems = compare(words.plain, words.text)
    problems += [
        Problem(
            "drug_missing" if word.lower() in _drugs(words.plain) else "term_missing",
            f"The source does not mention “{word}”.",
        )
        for word in words.missing[:_TOLD]
    ]
    dropped = dropped_condition(words.plain, words.said)
    if dropped:
        problems.append(
            Problem("condition_dropped", f"The source adds a condition (“{dropped} …”).")
        )
    if window.items:
        problems += _list_problems(words.written, window)
    return Finding(window, support, tuple(problems))


_drugs = lru_cache(maxsize=256)(drug_names)


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
