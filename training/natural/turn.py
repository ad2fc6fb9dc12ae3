"""One word changed so that a sentence says the opposite, or speaks of something else."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from training.natural import words as lexicon
from training.sentences import alternatives

_NP_END = r"(?:,|;|\.|$| and | but | as | when | after | during )"
_SWAP = re.compile(
    r"\b(?P<m>(?:higher|lower|greater|larger|smaller|longer|shorter|more|less)\b[^,.;]{0,40}?"
    r" (?P<p>in|with|for|among)) (?P<a>[^,.;()]{3,45}?) (?P<t>than(?: (?:in|with|for|among))?) "
    rf"(?P<b>(?!before|the general|that|those|expected|previous)[^,.;()]{{3,45}}?)(?={_NP_END})"
)
_AUX = re.compile(
    r"\b(is|are|was|were|can|could|does|do|did|has|have|had|will|should)\b(?P<not> not\b)?"
)
_HAVE_OBJECT = re.compile(
    r"\b(?:has|have|had)\b(?! (?:not |also |[a-z]+ly )*(?:[a-z]+(?:ed|en|wn)|become|led|made)\b)"
)
_SUBORDINATE = re.compile(
    r"\b(?:who|which|that|where|when|whether|if|because|although|while|since|after|before|unless"
    r"|whose|as|than|once|until|what|how|for)\b",
    re.IGNORECASE,
)
_TO_DO = re.compile(r"\b(?P<aux>does|do|did) not (?P<verb>[a-z-]+)\b")
_NO = re.compile(
    r"\bno (significant |clear |evidence of an? |)(?=(?:difference|association|effect)\b)"
)
_PRESENT = re.compile(rf"\b(?:{alternatives(lexicon.BASE_OF_PRESENT)})\b")
_PAST = re.compile(rf"\b(?:{alternatives(lexicon.BASE_OF_PAST)})\b")
_WORDS = re.compile(rf"\b(?:{alternatives(lexicon.OPPOSITE)})\b")
_BEFORE_NOUN = frozenset(
    """the a an of by with in on to for from and or these those this its their our is are was were
    be
    been being has have had not significantly both any each into after without between through using
    under via at as most some all other several than such highly been more less very newly well
    """.split()
)
_NO_NEGATION = re.compile(
    r"\b(?:not|no|never|without|nor|neither|cannot|none|unlike|failed|lack|only|rather|but|most"
    r"|may|might|or)\b",
    re.IGNORECASE,
)
_AGENTLESS = frozenset({"known", "unknown", "likely", "important", "thought", "believed", "also"})


def reversals(text: str) -> list[str]:
    """The sentence with its direction turned or its main verb (un)negated, best way first.

    One change each; an empty list where no safe one is seen.
    """
    made = [_swapped_sides(text), _unnegated(text), _turned_verb(text), _turned_word(text)]
    if not _NO_NEGATION.search(text):
        made += [_negated_auxiliary(text), _negated_verb(text)]
    return [other for other in made if other and other != text]


def reversed_text(text: str, rng: random.Random) -> str | None:
    """One of :func:`reversals`, by chance; None where there is none."""
    made = reversals(text)
    return rng.choice(made) if made else None


def _swapped_sides(text: str) -> str | None:
    """ "higher in A than in B" becomes "higher in B than in A"."""
    match = _SWAP.search(text)
    if match is None or match["a"].lower() == match["b"].lower():
        return None
    turned = f"{match['m']} {match['b']} {match['t']} {match['a']}"
    return text[: match.start()] + turned + text[match.end() :]


def _unnegated(text: str) -> str | None:
    """ "does not reduce" becomes "reduces"; "was not associated" becomes "was associated"."""
    if len(re.findall(r"\b(?:not|no|cannot|but)\b", text)) != 1:
        return None
    if match := _TO_DO.search(text):
        if not _main_clause(text, match.start()):
            return None
        verb, aux = match["verb"], match["aux"]
        forms = {"does": lexicon.PRESENT_OF_BASE, "did": lexicon.PAST_OF_BASE}
        form = verb if aux == "do" else forms[aux].get(verb)
        return text[: match.start()] + form + text[match.end() :] if form else None
    if match := re.search(r"\b(?:is|are|was|were|can|could|has|have|had|will|should) not\b", text):
        partial = re.match(r" (?:only|yet|just|fully|well|always)\b", text[match.end() :])
        if partial or not _main_clause(text, match.start()):
            return None
        return text[: match.end() - 4] + text[match.end() :]
    if match := _NO.search(text):
        if re.search(r"\b(?:or|little|with) $", text[: match.start()]):
            return None
        vowel = not match[1] and text[match.end()] in "ae"
        article = f"a {match[1]}" if match[1] in ("significant ", "clear ") else "a"
        article = article if " " in article else "an " if vowel else "a "
        return text[: match.start()] + article + text[match.end() :]
    return re.sub(r"\bcannot\b", "can", text)


def _main_clause(text: str, position: int) -> bool:
    """Whether no subordinate clause seems to be open at ``position``."""
    before = text[:position]
    since = max(before.rfind(","), before.rfind(";"), -1)
    return not _SUBORDINATE.search(before[since + 1 :]) and not re.match(
        r"\s*\b(?:When|If|Although|While|Because|Since|Unless)\b", text
    )


def _put(text: str, match: re.Match[str], word: str) -> str:
    return text[: match.start()] + word + text[match.end() :]


def _is_finite(text: str, match: re.Match[str]) -> bool:
    """Whether a past form is seen to be the verb: a noun before, its object or "in" after."""
    before = re.findall(r"[\w-]+", text[: match.start()])
    after = re.match(r" (?:the|an?|its|their|in|both|to|from|no|all)\b", text[match.end() :])
    known = bool(before) and before[-1].lower() not in _BEFORE_NOUN and len(before) < 14
    verbs = _AUX.search(text[: match.start()])
    return known and bool(after) and verbs is None and not before[-1].endswith(("ly", "ed"))


def _finite_verbs(text: str) -> list[re.Match[str]]:
    found = []
    for match in _PRESENT.finditer(text):
        before = re.findall(r"[\w-]+", text[: match.start()])
        nominal = not before or before[-1].lower() in _BEFORE_NOUN
        noun = match.group() in _NOUNS and not re.match(
            r" (?:the|an?|in|its|their|both|[a-z]+ion)\b", text[match.end() :]
        )
        if not nominal and not noun and _main_clause(text, match.start()):
            found.append(match)
    found += [
        match
        for match in _PAST.finditer(text)
        if _is_finite(text, match) and _main_clause(text, match.start())
    ]
    return sorted(found, key=lambda match: match.start())


_NOUNS = frozenset(
    """increases decreases results changes controls targets forms starts functions displays supports
    needs releases limits attacks acts causes gains losses treats cures influences links shows lasts
    serves accounts damages delays reverses helps plays slows triggers raises harms cells
    """.split()
)


def _turned_verb(text: str) -> str | None:
    """ "inhibits" becomes "promotes"."""
    for match in _finite_verbs(text)[:1]:
        opposite = lexicon.OPPOSITE_PRESENT.get(match.group()) or lexicon.OPPOSITE_PAST.get(
            match.group()
        )
        if opposite:
            return _put(text, match, opposite)
    return None


def _turned_word(text: str) -> str | None:
    """The comparative or adjective after the main verb becomes its opposite."""
    verb = _AUX.search(text) or next(iter(_finite_verbs(text)), None)
    if verb is None:
        return None
    for match in _WORDS.finditer(text, verb.end()):
        near = len(text[verb.end() : match.start()].split()) <= 3
        if near and not re.search(r"\b(?:not|no|or|and)\b", text[verb.end() : match.start()]):
            if not _decides(text, verb, match):
                continue
            return _articled(text, match, lexicon.OPPOSITE[match.group()])
    return None


_COMPARED = frozenset(
    {"before", "after", "more", "less", "most", "early", "late", "later", "earlier"}
)
_AMOUNTS = frozenset(
    """higher lower greater smaller longer shorter better worse larger increased decreased elevated
    reduced enhanced impaired increasing decreasing highest lowest faster slower""".split()
)


def _decides(text: str, verb: re.Match[str], word: re.Match[str]) -> bool:
    """Whether the word is what the verb says, and not an adjective of some noun on the way."""
    if re.match(r"(?:-| (?:or|and|than half)\b)", text[word.end() :]):
        return False
    if word.group() in _COMPARED:
        return bool(re.match(r" \w+(?: \w+)? than\b", text[word.end() :]))
    if word.group() in _AMOUNTS:
        return True
    if re.search(r"\b(?:most|more|less|least|very|so|as) $", text[: word.start()]):
        return False
    copula = verb.group() in ("is", "are", "was", "were")
    return copula and len(text[verb.end() : word.start()].split()) <= 1


def _articled(text: str, match: re.Match[str], word: str) -> str:
    made = text[: match.start()]
    made = re.sub(r"\b([Aa])n? $", r"\1n " if word[0] in "aeiou" else r"\1 ", made)
    after = text[match.end() :]
    if match.group() in ("dependent", "independent"):
        after = re.sub(r"^ (?:on|of|from)\b", " on" if word == "dependent" else " of", after)
    return made + word + after


def _negated_auxiliary(text: str) -> str | None:
    """ "was associated" becomes "was not associated"."""
    match = _AUX.search(text)
    if match is None or match["not"] or not _main_clause(text, match.start()):
        return None
    word, rest = match[1], text[match.end() :]
    if word in ("has", "have", "had") and _HAVE_OBJECT.match(text, match.start()):
        base = {"has": "does not have", "have": "do not have", "had": "did not have"}[word]
        return _put(text, match, base)
    if word in ("do", "does", "did") or re.match(r"\s*(?:[,;.)]|also\b|both\b|at least\b)", rest):
        return None
    following = (rest.split() or [""])[0].strip(",.")
    if following in _AGENTLESS or (text[: match.start()].count(" ") < 1 and not rest):
        return None
    return _put(text, match, "cannot" if word == "can" else f"{word} not")


def _negated_verb(text: str) -> str | None:
    """ "reduces" becomes "does not reduce"."""
    verbs = _finite_verbs(text)
    if not verbs or ((aux := _AUX.search(text)) and aux.start() <= verbs[0].start()):
        return None
    match = verbs[0]
    if base := lexicon.BASE_OF_PRESENT.get(match.group()):
        return _put(text, match, f"does not {base}")
    return _put(text, match, f"did not {lexicon.BASE_OF_PAST[match.group()]}")


# --- another thing ------------------------------------------------------------------------------

_CLASS_OF = {name: group for group in lexicon.CLASSES for name in group}
_NAMED = re.compile(rf"(?<![\w-])(?:{alternatives(_CLASS_OF)})(?![\w-])")
_SYMBOL = re.compile(r"(?<![\w/-])[A-Z][A-Za-z]*[0-9A-Z][A-Za-z0-9]*(?:-[0-9A-Z]+)?(?![\w/-])")
_PLAIN = frozenset(
    "DNA RNA mRNA PCR CI HR OR RR US USA UK AND BMI CT MRI II III IV WHO NIH".split()
)


def symbols(text: str) -> list[str]:
    """Names written like genes and proteins ("STAT3", "IL-6"), in order, without repeats."""
    return [s for s in dict.fromkeys(_SYMBOL.findall(text)) if s not in _PLAIN]


def exchanged(text: str, context: str, rng: random.Random, others: Sequence[str]) -> str | None:
    """``text`` with one named thing exchanged for another of its kind; None where none is seen.

    The new name stands nowhere in ``context``. ``others`` are symbols of like documents.
    """
    named = [(m.group(), _CLASS_OF[m.group()]) for m in _NAMED.finditer(text)]
    known = {name for name, _ in named}
    free = [o for o in others if o not in context and o not in text]
    named += [(symbol, free) for symbol in symbols(text) if free and symbol not in known]
    rng.shuffle(named)
    lowered = context.lower()
    for name, group in named:
        choices = [new for new in group if new.lower() not in lowered and new != name]
        if choices:
            pattern = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
            new = rng.choice(choices)
            return re.sub(pattern, lambda _, new=new: new, text)  # type: ignore[misc]
    return None
