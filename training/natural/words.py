"""The words that the makers of natural pairs know: opposites, synonyms, verbs, classes."""

from __future__ import annotations

_OPPOSITE_VERBS = """
increase decrease | enhance impair | improve worsen | promote inhibit | activate repress
| upregulate downregulate | up-regulate down-regulate | accelerate slow | stimulate suppress
| induce prevent | elevate lower | raise reduce | protect harm | facilitate hinder
| strengthen weaken | augment diminish | stabilize destabilize | succeed fail | gain lose
| overexpress underexpress
"""
_IRREGULAR = {
    "lose": ("loses", "lost", "losing"),
    "slow": ("slows", "slowed", "slowing"),
    "harm": ("harms", "harmed", "harming"),
    "gain": ("gains", "gained", "gaining"),
    "fail": ("fails", "failed", "failing"),
    "weaken": ("weakens", "weakened", "weakening"),
    "strengthen": ("strengthens", "strengthened", "strengthening"),
    "worsen": ("worsens", "worsened", "worsening"),
    "find": ("finds", "found", "finding"),
    "show": ("shows", "showed", "showing"),
    "bind": ("binds", "bound", "binding"),
    "lead": ("leads", "led", "leading"),
    "become": ("becomes", "became", "becoming"),
    "have": ("has", "had", "having"),
    "undergo": ("undergoes", "underwent", "undergoing"),
    "drive": ("drives", "drove", "driving"),
    "give": ("gives", "gave", "giving"),
    "occur": ("occurs", "occurred", "occurring"),
    "confer": ("confers", "conferred", "conferring"),
    "trigger": ("triggers", "triggered", "triggering"),
    "lower": ("lowers", "lowered", "lowering"),
    "alter": ("alters", "altered", "altering"),
    "hinder": ("hinders", "hindered", "hindering"),
    "exhibit": ("exhibits", "exhibited", "exhibiting"),
    "inhibit": ("inhibits", "inhibited", "inhibiting"),
    "limit": ("limits", "limited", "limiting"),
    "inherit": ("inherits", "inherited", "inheriting"),
    "target": ("targets", "targeted", "targeting"),
    "offer": ("offers", "offered", "offering"),
    "differ": ("differs", "differed", "differing"),
    "develop": ("develops", "developed", "developing"),
    "predict": ("predicts", "predicted", "predicting"),
    "permit": ("permits", "permitted", "permitting"),
    "control": ("controls", "controlled", "controlling"),
}

_OTHER_VERBS = """
have cause produce lead result require affect regulate mediate control modulate contribute
encode bind interact alter change block abolish predict depend involve represent provide occur
exhibit display express show demonstrate reveal confer influence trigger drive form generate
maintain support allow enable permit limit restrict target release contain develop differ respond
correlate link cooperate recognize exert delay attenuate ameliorate alleviate eliminate
disrupt rescue restore reverse suffice remain become tend play help need affect attack spread
treat cure infect damage destroy belong include appear persist disappear begin start last survive
act serve function associate define determine account explain offer give undergo inherit
"""


def inflected(verb: str) -> tuple[str, str, str]:
    """The "-s", past and "-ing" forms of a verb."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    if verb.endswith(("ss", "sh", "ch", "x", "o")):
        return f"{verb}es", f"{verb}ed", f"{verb}ing"
    return f"{verb}s", f"{verb}ed", f"{verb}ing"


def _verb_pairs() -> list[tuple[str, str]]:
    entries = (entry.split() for entry in _OPPOSITE_VERBS.replace("\n", " ").split("|"))
    return [(one, other) for one, other in entries]


OPPOSITE_PRESENT: dict[str, str] = {}
"""Third person singular to its opposite: "inhibits" to "promotes"."""
OPPOSITE_PAST: dict[str, str] = {}
OPPOSITE_BASE: dict[str, str] = {}
for _one, _other in _verb_pairs():
    for _a, _b in ((_one, _other), (_other, _one)):
        OPPOSITE_BASE[_a] = _b
        OPPOSITE_PRESENT[inflected(_a)[0]] = inflected(_b)[0]
        OPPOSITE_PAST[inflected(_a)[1]] = inflected(_b)[1]
OPPOSITE_PRESENT |= {"reduces": "increases", "lowers": "raises", "suppresses": "stimulates"}
OPPOSITE_PAST |= {"reduced": "increased", "suppressed": "stimulated", "attenuated": "aggravated"}
OPPOSITE_BASE |= {"reduce": "increase", "suppress": "stimulate"}

BASE_OF_PRESENT: dict[str, str] = {}
"""Third person singular to base form, for "does not" and back."""
BASE_OF_PAST: dict[str, str] = {}
_VERBS = [*_OTHER_VERBS.split(), *OPPOSITE_BASE, "reduce", "suppress"]
for _verb in _VERBS:
    BASE_OF_PRESENT[inflected(_verb)[0]] = _verb
    BASE_OF_PAST[inflected(_verb)[1]] = _verb
PRESENT_OF_BASE = {base: form for form, base in BASE_OF_PRESENT.items()}
PAST_OF_BASE = {base: form for form, base in BASE_OF_PAST.items()}

_OPPOSITE_WORDS = """
higher lower | greater smaller | more less | longer shorter | better worse | superior inferior
| faster slower | stronger weaker | larger smaller | earlier later | older younger
| effective ineffective | efficient inefficient | protective harmful | beneficial harmful
| sensitive resistant | positive negative | positively negatively | common rare
| frequent infrequent | sufficient insufficient | necessary unnecessary | dependent independent
| essential dispensable | safe unsafe | possible impossible | likely unlikely | able unable
| most fewest | dominant recessive | increased decreased | elevated reduced | enhanced impaired
| present absent | presence absence | benign malignant | mild severe | commonly rarely
| often rarely | usually seldom | always never | early late | upregulated downregulated
| active inactive | stable unstable | similar different | required dispensable | before after
| improved worsened | favorable unfavorable | curable incurable | major minor | acute chronic
| rapid slow | rapidly slowly | increasing decreasing | reduced increased | stimulated suppressed
| activated repressed | highest lowest | gain loss | hyperactive hypoactive | specific nonspecific
"""
OPPOSITE: dict[str, str] = {}
"""Words other than finite verbs, each with its opposite."""
for _entry in _OPPOSITE_WORDS.replace("\n", " ").split("|"):
    _one, _other = _entry.split()
    OPPOSITE.setdefault(_one, _other)
    OPPOSITE.setdefault(_other, _one)

SAME = [
    entry.strip().split(" = ")
    for entry in """
    kidney = renal | heart attack = myocardial infarction | high blood pressure = hypertension
    | stroke = cerebrovascular accident | tumor = tumour | leukemia = leukaemia
    | anemia = anaemia | estrogen = oestrogen | diarrhea = diarrhoea | edema = oedema
    | hemorrhage = bleeding | shortness of breath = dyspnea | nosebleeds = epistaxis
    | low blood sugar = hypoglycemia | high blood sugar = hyperglycemia | fever = pyrexia
    | physicians = doctors | people = individuals | hair loss = alopecia | itching = pruritus
    | is caused by = results from | are caused by = result from | in order to = to
    | is associated with = is linked to | are associated with = are linked to
    | was associated with = was linked to | were associated with = were linked to
    | is required for = is needed for | are required for = are needed for
    | is essential for = is indispensable for | is characterized by = is marked by
    | an increased risk of = a higher risk of | increased risk of = raised risk of
    | a reduced risk of = a lower risk of | reduced risk of = lowered risk of
    | compared with = in comparison with | compared to = relative to
    | plays an important role in = is important in | plays a role in = is involved in
    | play a role in = are involved in | plays a critical role in = is critical in
    | in the absence of = without | in addition to = besides | prior to = before
    | a number of = several | a wide range of = many kinds of | such as = for example
    | approximately = about | however = but | patients with = people with
    | children = pediatric patients | elderly = older adults | mortality = death
    | affects = has an effect on | usually = in most cases | begins = starts | occurs = happens
    | increases the risk of = raises the risk of | reduces the risk of = lowers the risk of
    | leads to = results in | lead to = result in | led to = resulted in | resulted in = caused
    | reduces = decreases | reduced = decreased | demonstrated = showed
    | contributes to = is a contributor to | improves = makes better | inhibits = blocks
    | heart failure = cardiac failure | liver = hepatic | cancer = malignancy
    | treatment = therapy | therapies = treatments | symptoms = signs and symptoms
    | cells lacking = cells without | mice lacking = mice without | rarely = seldom
    | skin rash = rash on the skin | seizures = convulsions | swelling = puffiness
    | lifelong = that lasts for life | fatal = deadly | very rare = extremely uncommon
    """.replace("\n", " ").split("|")
]
"""Pairs that mean the same, each usable in either direction unless listed in ``ONE_WAY``."""
SAME = [[" ".join(side.split()) for side in pair] for pair in SAME]
ONE_WAY = frozenset(
    """for_example malignancy death to before without several but therapy showed
    besides about""".replace("_", " ").split()
) | {"signs and symptoms", "for example", "many kinds of", "happens", "caused", "symptoms"}
"""Second sides that are never turned back into the first."""
NOT_FORWARD = frozenset(
    {"liver", "cancer", "kidney", "tumor", "children", "symptoms", "such as", "improves", "however"}
)
"""First sides that are left alone: the exchange is not safe in every sentence."""

CLASSES = [
    [" ".join(word.split()) for word in line.split(",")]
    for line in """
    women, men | children, adults | boys, girls | mice, rats, zebrafish | infants, teenagers
    diabetes, asthma, epilepsy, osteoporosis, psoriasis, arthritis, hypertension, gout
    liver, kidney, lung, spleen, pancreas, colon, stomach, bladder, thyroid, heart
    breast cancer, lung cancer, prostate cancer, colorectal cancer, ovarian cancer, melanoma
    stroke, myocardial infarction, heart failure, pneumonia, kidney failure, dementia, sepsis
    influenza, tuberculosis, malaria, measles, hepatitis B, dengue, cholera, rabies, HIV
    macrophages, neutrophils, monocytes, dendritic cells, B cells, NK cells, mast cells
    neurons, astrocytes, hepatocytes, fibroblasts, keratinocytes, cardiomyocytes, adipocytes
    insulin, glucagon, leptin, cortisol, estrogen, testosterone, thyroxine
    aspirin, metformin, statins, warfarin, ibuprofen, methotrexate, tamoxifen, corticosteroids
    apoptosis, autophagy, proliferation, differentiation, migration, senescence
    depression, schizophrenia, bipolar disorder, anxiety, autism
    calcium, iron, zinc, copper, magnesium, potassium
    vitamin D, vitamin C, vitamin A, vitamin B12, vitamin E
    headache, nausea, vomiting, fatigue, dizziness, fever, cough, rash, constipation
    skin, eyes, ears, bones, muscles, joints, teeth, nails
    Parkinson's disease, Alzheimer's disease, multiple sclerosis, Huntington's disease
    surgery, radiation therapy, chemotherapy, dialysis, physical therapy
    mortality, hospitalization, relapse, infection, pain, quality of life
    blindness, deafness, paralysis, infertility, intellectual disability
    Africa, Asia, Europe, North America, Australia, South America
    Saccharomyces cerevisiae, Escherichia coli, Drosophila, Arabidopsis, Xenopus
    """.replace("|", "\n")
    .strip()
    .splitlines()
]
"""Names of one kind: put for each other, what was said is not said any more."""
