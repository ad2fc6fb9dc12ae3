"""Phrases that say in several words what one word says, put in that one word.

"High blood pressure" and "hypertension" are one thing to a clinician. The rules compare words, so
both sides are written alike before they are compared; quotes are never taken from this.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from medrag.vocabulary import brand_names, same_names

# One line is one meaning: the word, then the phrases that it stands for.
_SAME = """
hypertension: high blood pressure, raised blood pressure, elevated blood pressure
hypotension: low blood pressure
myocardial infarction: heart attack
myocardial infarctions: heart attacks
hyperglycaemia: high blood sugar, high blood glucose, raised blood glucose, raised blood sugar
hyperglycaemia: elevated blood glucose, elevated blood sugar
hypoglycaemia: low blood sugar, low blood glucose
hyperkalaemia: high serum potassium, raised serum potassium, elevated serum potassium
hypokalaemia: low serum potassium
hyponatraemia: low serum sodium
breathlessness: shortness of breath, dyspnoea, dyspnea, difficulty breathing
breathlessness: difficulty in breathing
breathless: short of breath
tachycardia: fast heart rate, rapid heart rate, fast heartbeat, rapid heartbeat
bradycardia: slow heart rate, slow heartbeat
fever: pyrexia
vomiting: emesis
itching: pruritus, itchiness
dysphagia: difficulty swallowing, difficulty in swallowing, trouble swallowing
dysuria: painful urination, pain on urination
haematuria: blood in the urine, blood in urine, hematuria
stroke: cerebrovascular accident
tumour: neoplasm
tumours: neoplasms
cancer: malignancy
cancers: malignancies
hair loss: alopecia
insomnia: difficulty sleeping, trouble sleeping, sleeplessness
jaundice: icterus
nosebleed: epistaxis, nose bleed
hives: urticaria
chickenpox: varicella, chicken pox
whooping cough: pertussis
measles: rubeola
fainting: syncope
muscle pain: myalgia
joint pain: arthralgia
headache: cephalalgia
earache: otalgia, ear pain
tiredness: fatigue
health care: healthcare
therefore: thus
for example: for instance, e.g.
worldwide: throughout the world, around the world, across the world
life-threatening: potentially fatal, potentially deadly
red blood cell: erythrocyte
red blood cells: erythrocytes
white blood cell: leukocyte, leucocyte
white blood cells: leukocytes, leucocytes
platelet: thrombocyte
platelets: thrombocytes
newborns: newborn babies, newborn infants
newborn: newborn baby, newborn infant
digestive tract: gastrointestinal tract
several: a number of
worsens: gets worse
worsen: get worse
called: known as, referred to as
commonly: frequently
common: frequent
occurs: happens
occur: happen
occurred: happened
single dose: one dose
effective for: works for
effective in: works in
by nebuliser: via a nebuliser, via nebuliser, via a nebulizer, by nebulizer, through a nebuliser
topically: to the skin, on the skin, onto the skin
subcutaneously: under the skin
intravenously: into a vein, into the vein, through a vein
intramuscularly: into a muscle, into the muscle
sublingually: under the tongue
intranasally: into the nose, in the nose, up the nose
rectally: into the rectum
by inhalation: via inhaler, via an inhaler, by inhaler, through an inhaler
once daily: once every day, one time a day, one time per day, once each day
by mouth: via the mouth
bilateral sides: both sides
unilateral side: one side
not effective: ineffective
not safe: unsafe
not suitable: unsuitable
not stable: unstable
not likely: unlikely
"""
_SPELT = {
    "lead to": "cause", "leads to": "causes", "led to": "caused", "leading to": "causing",
    "result in": "cause", "results in": "causes", "resulted in": "caused",
    "resulting in": "causing", "give rise to": "cause", "gives rise to": "causes",
    "brings about": "causes", "bring about": "cause",
    "due to": "because of", "owing to": "because of",
    "up-regulated": "upregulated", "up-regulates": "upregulates",
    "up-regulation": "upregulation", "down-regulated": "downregulated",
    "down-regulates": "downregulates", "down-regulation": "downregulation",
    "twofold": "2-fold", "threefold": "3-fold", "fourfold": "4-fold",
}  # fmt: skip

_ROUTES = (
    "intravenous intramuscular subcutaneous oral rectal topical intranasal sublingual buccal"
    " intrathecal transdermal vaginal epidural intraosseous"
).split()


@cache
def _table() -> dict[str, str]:
    out: dict[str, str] = dict(_SPELT)
    for route in _ROUTES:
        adverb = route + "ly"
        for phrase in (f"by {route} injection", f"by the {route} route", f"via the {route} route",
                       f"via {route} injection", f"by {route} route"):  # fmt: skip
            out[phrase] = adverb
    for line in _SAME.strip().splitlines():
        word, phrases = line.split(":")
        for phrase in phrases.split(","):
            out[phrase.strip()] = word
    out.update(same_names())
    out.update(brand_names())
    return out


_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")


@cache
def _openings() -> dict[str, tuple[str, ...]]:
    """The phrases by their first word, the longest first."""
    out: dict[str, list[str]] = {}
    for phrase in sorted(_table(), key=len, reverse=True):
        out.setdefault(phrase.split(" ")[0], []).append(phrase)
    return {first: tuple(phrases) for first, phrases in out.items()}


_NOT_MORE = re.compile(
    r"\b(?:(?:do|does|should|must|can|may) not|never) ((?:\w+ ){1,4}?)"
    r"((?:more|longer|greater) than )",
    re.I,
)
_FROM_AGE = re.compile(
    r"\bfrom (?:the )?age (?:of )?([0-9]+ (?:years?|months?|weeks?))\b(?! (?:to|until|up))", re.I
)


_UNLESS = re.compile(
    r"\bunless ((?:(?!(?:not|no|never|or|and|unless)\b)[a-z]+ ){0,5}?)"
    r"((?:over|above|below|under)|(?:more|greater|less|fewer|lower|higher) than) (?=[0-9])",
    re.I,
)


def _turned(text: str) -> str:
    """ "Do not give more than 2 g" is "give no more than 2 g"; "from the age of 2 years" is
    "2 years or older", and "unless over 50 kg" is "if not over 50 kg"."""
    if " than " in text:
        text = _NOT_MORE.sub(lambda match: f"{match.group(1)}no {match.group(2)}", text)
    if "unless " in text:
        text = _UNLESS.sub(r"if \1not \2 ", text)
    return _FROM_AGE.sub(r"\1 or older", text) if "age" in text else text


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """``text`` with such phrases replaced by their one word; case of replaced words is lost."""
    text = _turned(text)
    lowered = text.lower()
    if len(lowered) != len(text):
        return text  # a letter whose lower case is longer: places would no longer agree
    parts: list[str] = []
    done = 0
    for match in _WORD.finditer(lowered):
        word = match.group()
        phrases = _openings().get(word)
        if phrases is None and "-" in word:
            phrases = _openings().get(word.split("-")[0])
        if phrases is None or match.start() < done:
            continue
        for phrase in phrases:
            end = match.start() + len(phrase)
            if lowered.startswith(phrase, match.start()) and not lowered[end : end + 1].isalnum():
                parts += [text[done : match.start()], _table()[phrase]]
                done = end
                break
    return "".join([*parts, text[done:]]) if parts else text
