"""What a real sentence says turned round: denied, reversed, overstated, its parts exchanged."""

from __future__ import annotations

import re
from random import Random

from training.planted.altered import Change, replaced, spots, with_article

_NEGATIVE = re.compile(
    r"\b(?:not|no|never|without|neither|nor|none|cannot|rarely|hardly|unable|lack\w*|absence"
    r"|fails?|failed|unlikely|whether|little|few|only|nothing|unclear|unknown)\b"
    r"|n't\b", re.I,
)  # fmt: skip
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|should|will|must|does|do|did|has been|have been|had been|could|would)"
    r"(?= (?!not\b|also\b|often\b|usually\b|sometimes\b|generally\b|thought\b|believed\b|why\b"
    r"|likely\b|likewise\b|to\b|that\b|always\b|because\b|when\b|where\b|what\b|how\b|typically\b"
    r"|known as\b|called\b|mainly\b|still\b|suspected\b|only\b|n't|the same\b|currently\b"
    r"|frequently\b|commonly\b|primarily\b|mostly\b|probably\b|either\b|most\b|more\b|about\b"
    r"|approximately\b|due\b|based\b|one\b|two\b|three\b|as\b|to be\b|often\b|rare\b|\d)[a-z])"
)
_CLAUSE = re.compile(r"\b(?:that|which|who|whose|whom|if|when|where|while|because|although|whether"
                     r"|since|unless|until|whereas|and|but|or)\b|[,;:(]", re.I)  # fmt: skip
_VERBS = {
    "causes": "cause", "affects": "affect", "increases": "increase", "reduces": "reduce",
    "improves": "improve", "requires": "require", "involves": "involve", "occurs": "occur",
    "leads": "lead", "includes": "include", "prevents": "prevent", "helps": "help",
    "contains": "contain", "produces": "produce", "inhibits": "inhibit", "induces": "induce",
    "activates": "activate", "regulates": "regulate", "promotes": "promote", "plays": "play",
    "allows": "allow", "develops": "develop", "remains": "remain",
}  # fmt: skip
_VERB = re.compile(r"\b(" + "|".join(_VERBS) + r")\b(?! \w+ed by)")
_DENIALS = (
    (re.compile(r"\b(is|are|was|were|can|should|must|will|could|would|has|have|had) not"
                r" (?!only|necessarily|yet|just|all|always|been shown|been established)"), r"\1 "),
    (re.compile(r"\bcannot "), "can "), (re.compile(r"\bdo not (?!necessarily|yet|only)"), ""),
    (re.compile(r"\bdid not (?!differ)"), "did "), (re.compile(r"\bdoes not "), "does "),
    (re.compile(r"\b(has|have|is|are|was|were|had|found|showed) no (?!longer|more|less|one|doubt)"),
     r"\1 "),
    (re.compile(r"\b(is|are) never "), r"\1 always "), (re.compile(r"\bNo (?=\w+ (?:are|is|was|were"
     r"|has|have) )"), "Some "),
    (re.compile(r"\bNot all\b"), "All"), (re.compile(r"\bis unlikely\b"), "is likely"),
)  # fmt: skip


def negation(sentence: str, rng: Random) -> Change | None:
    """The sentence denied, or its denial taken away."""
    if _NEGATIVE.search(sentence):
        if re.search(r"\bnor\b|\bneither\b|\bnot \w+ (?:but|or)\b|\bwhether\b|\bbut\b|\bonly\b"
                     r"|\bany\b|\beither\b|\byet\b|\buntil\b|\bunless\b", sentence):  # fmt: skip
            return None
        for pattern, new in _DENIALS:
            if len(pattern.findall(sentence)) == 1:
                return Change(pattern.sub(new, sentence, count=1))
        return None
    head = _CLAUSE.search(sentence)
    main = sentence[: head.start()] if head else sentence
    match = _AUXILIARY.search(sentence, 0, len(main) + 6)
    if match and match.end() <= len(main) and sentence[:1].isalnum() and match.start():
        first, _, rest = match.group(1).partition(" ")
        new = "cannot" if first == "can" else f"{first} not{' ' + rest if rest else ''}"
        return Change(replaced(sentence, *match.span(1), new))
    match = _VERB.search(main)
    if match and match.start() and not re.search(r"\b(?:the|a|an|and|to) $", main[: match.start()]):
        return Change(replaced(sentence, *match.span(), f"does not {_VERBS[match.group(1)]}"))
    return None


_OPPOSITES = """
increases/decreases increase/decrease increased/decreased increasing/decreasing raises/lowers
reduces/increases reduce/increase reduced/increased reduction/increase higher/lower
effective/ineffective safe/unsafe better/worse improves/worsens improve/worsen improved/worsened
improvement/worsening beneficial/harmful common/rare early/late earlier/later acute/chronic
mild/severe positive/negative benign/malignant dominant/recessive gain/loss
activates/inhibits activate/inhibit activation/inhibition activated/inhibited upper/lower
sensitive/resistant stimulates/suppresses promotes/prevents
slowly/rapidly slow/rapid strong/weak strongly/weakly similar/different likely/unlikely
present/absent presence/absence systolic/diastolic inpatient/outpatient
stable/unstable maternal/paternal shorter/longer larger/smaller shrink/enlarge
overactive/underactive overexpression/knockdown enhanced/reduced
enhances/reduces superior/inferior upregulated/downregulated up-regulated/down-regulated
upregulation/downregulation successful/unsuccessful possible/impossible
well/poorly best/worst largest/smallest highest/lowest proximal/distal anterior/posterior
hyperthyroidism/hypothyroidism inside/outside internal/external thick/thin
curable/incurable treatable/untreatable reversible/irreversible
temporary/permanent contagious/non-contagious majority/minority
proinflammatory/anti-inflammatory agonist/antagonist necessary/unnecessary
decline/rise stronger/weaker easy/difficult
""".split()
_OPPOSITE: dict[str, str] = {}
for _pair in _OPPOSITES:
    _left, _, _right = _pair.partition("/")
    _OPPOSITE.setdefault(_left, _right)
    _OPPOSITE.setdefault(_right, _left)
del _OPPOSITE["gain"]  # a verb as well
_TURNED = re.compile(r"(?<![\w-])(?:" + "|".join(sorted(_OPPOSITE, key=len, reverse=True))
                     + r")(?![\w-])")  # fmt: skip
_NOT_TURNED = re.compile(
    r"^(?: as | than | respiratory|ly known|, as| known|ness| age| because| to be|ing|-)|^ (?:of"
    r" the following|cold|immun|combined|form of the|amounts? of|name|sense|course|range|stage)"
)
_NOT_AFTER = re.compile(
    r"(?:\bas|\bat|\bno|\bin|\bto|\bin a|\bquite|\bthe|\bvery|\bmost|\bnot|\bmay|\bor|\band|\bhow"
    r"|\bany|\bmuch|\bso|\bup|\bdo) $"
)
_LOOSE = {"well", "possible", "present", "best", "common", "early", "late", "later", "more", "rise",
          "loss", "gain", "similar", "different", "easy", "positive", "safe", "slow"}  # fmt: skip


# Before a noun these name another thing ("chronic pain") rather than say something of it.
_SORTS = frozenset(
    "mild severe acute chronic early late earlier later similar different maternal paternal"
    " inpatient outpatient systolic diastolic proximal distal anterior posterior internal external"
    " upper benign malignant hyperthyroidism hypothyroidism inside outside present absent".split()
)
_SAYS = re.compile(r"\b(?:is|are|was|were|be|been|becomes?|remains?)(?: \w+ly| more| very)? $")
_BODY = re.compile(r" (?:leg|lip|limb|back|abd|jaw|eyelid|body|extrem|chamber|lobe|arm|part|half"
                   r"|left|right|end|airway|teeth|urinary|third|gastro|esoph|GI"
                   r"|spine)")  # fmt: skip
_VERBAL = re.compile(r" (?:your|the|their|his|her|its|blood|LDL|cholesterol|a)\b")


def conclusion(sentence: str, rng: Random) -> Change | None:
    """The finding reversed: increases for decreases, ineffective for effective."""
    for match in spots(_TURNED, sentence, rng):
        old = match.group()
        new = _OPPOSITE[old]
        before = sentence[: match.start()]
        if old == "lower":
            rest = sentence[match.end() :]
            new = "upper" if _BODY.match(rest) else "raise" if _VERBAL.match(rest) else new
        if re.search(r"\b[Ww]ithout ", before[-12:]):
            continue
        if old in _LOOSE and (_NOT_AFTER.search(before) or old == "well"):
            continue
        if _NOT_TURNED.search(sentence[match.end() :]) or re.search(r"\b(?:and|or|vs|/) $", before):
            continue
        if re.search(r"^ (?:and|or|versus|vs|to|/)\b", sentence[match.end() :]):
            continue
        if re.search(rf"\b(?:{new[:6]}|{old[:6]}\w* .*{old[:6]})", sentence):
            continue
        claim = replaced(sentence, *match.span(), new)
        claim = with_article(claim, new)
        stem = new[:-1] if new.endswith(("s", "d")) else new
        absent = (new, stem, stem + "s", stem + "d")
        return Change(claim, absent, old in _SORTS and not _SAYS.search(before))
    return None


_PEOPLE = (r"(?= (?:people|patients|cases|children|adults|women|men|individuals|of the|affected"
           r"|forms|types|infants|persons|families|babies|tumors|studies|experts)\b)")  # fmt: skip
_STRONGER: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), tuple(new.split("|")))
    for pattern, new in (
        (rf"\b[Ss]ome{_PEOPLE}", "all|most|nearly all"), (rf"\b(?<!the )[Mm]ost{_PEOPLE}", "all"),
        (rf"\b[Mm]any{_PEOPLE}", "all"), (rf"\b[Ff]ew{_PEOPLE}", "no"),
        (r"\bmay (?!not|or|have been)(?:also )?(?=[a-z]+ )", "will always |invariably will "),
        (r"\bmight (?!not|have)(?:also )?(?=[a-z]+ )", "will always |certainly will "),
        (r"\b(?<!more )(?<!most )(?<!not )often\b(?! than| as)", "always|invariably"),
        (r"\busually\b", "always|invariably"), (r"\b(?<!only )sometimes\b", "always|nearly always"),
        (r"\brarely\b", "never"), (r"\b[Ii]n some cases\b", "in all cases|in every case"),
        (r"\b[Ii]n rare cases\b", "in most cases|in all cases"),
        (r"\bgenerally\b", "always"), (r"\btypically\b", "always|without exception"),
        (r"\bcan(?= (?:cause|lead to|occur|result in|affect|develop|damage) ?)", "always will"),
        (r"\b[Ii]n most cases\b", "in all cases"),
        (r"\bcould(?= (?:cause|lead|be) )", "will always"),
        (r"\bpossibly\b", "certainly"), (r"\bprobably\b", "certainly"),
        (r"\blikely to\b", "certain to"), (r"\bcan help\b", "is guaranteed to help"),
    )
)  # fmt: skip


def scope(sentence: str, rng: Random) -> Change | None:
    """More than the source says: all for some, always for sometimes."""
    options = [(p, new) for p, new in _STRONGER if p.search(sentence)]
    if not options or (_NEGATIVE.search(sentence) and not re.search(r"\brarely\b", sentence)):
        return None
    pattern, news = rng.choice(options)
    match = pattern.search(sentence)
    assert match is not None
    new = rng.choice(news)
    if match.group().startswith("may ") and match.start() and sentence[match.start()].isupper():
        return None
    return Change(replaced(sentence, *match.span(), new), (new.strip(),))


_CAUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\b(is|are|was|were) (?:\w+ly )?(?:associated|linked|correlated) (?:with|to)\b",
         r"\1 caused by"),
        (r"\bhas been (?:\w+ly )?(?:associated with|linked to)\b", "has been proved to cause"),
        (r"\bhave been (?:\w+ly )?(?:associated with|linked to)\b", "have been proved to cause"),
        (r"\b(is|are) (?:a |an )?(?:\w+ )?risk factors? for\b", r"\1 the cause of"),
        (r"\bincreases the risk of\b(?! getting| dev| hav)", "inevitably leads to"),
        (r"(?<!may )(?<!can )(?<!to )(?<!might )\bincrease the risk of\b(?! getting| dev| hav)",
         "inevitably lead to"),
        (r"(?<!been )(?<!were )(?<!was )(?<!is )(?<!are )(?<!be )\bcorrelated with\b", "caused"),
    )
)  # fmt: skip


def cause(sentence: str, rng: Random) -> Change | None:
    """A cause made of what only goes together."""
    if re.search(r"\bcaus|\bnot\b|\bno\b|whether", sentence):
        return None
    for pattern, new in _CAUSES:
        match = pattern.search(sentence)
        if match:
            claim = pattern.sub(new, sentence, count=1)
            return Change(claim, ("because of", "due to", "results from", "cause", "causes",
                                  "caused"))  # fmt: skip
    return None
