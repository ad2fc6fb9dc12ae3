"""Word lists of the rules: opposites, routes, populations, synonyms, and soft words.

Data only. Words are written in full here, and stemmed when the tables are made.
"""

from __future__ import annotations

from functools import lru_cache

from medrag.text import stem

# The words of one line mean one thing here: only what a clinician would swap freely.
_SYNONYMS = """
kidney renal
liver hepatic
heart cardiac
lung pulmonary
drug medicine medication
stop discontinue cease discontinuation
start begin initiate commence initiation
dose dosage
give administer administration given
use used usage using
child children paediatric pediatric
infant baby babies infants
neonate newborn neonatal neonates
increase increased increases increasing rise rises raise raised elevate elevated elevation
decrease decreased decreases decreasing reduce reduces reduced reduction lowered lowering
recommend recommended recommendation advise advised advice
doctor physician clinician
haemorrhage hemorrhage bleeding bleed
oedema edema
anaemia anemia
diarrhoea diarrhea
haemoglobin hemoglobin
hypoglycaemia hypoglycemia
hyperglycaemia hyperglycemia
hyperkalaemia hyperkalemia
hypokalaemia hypokalemia
hypernatraemia hypernatremia
hyponatraemia hyponatremia
hypercalcaemia hypercalcemia
hypocalcaemia hypocalcemia
foetal fetal
foetus fetus
tumour tumor
ischaemia ischemia
ischaemic ischemic
paracetamol acetaminophen
adrenaline epinephrine
noradrenaline norepinephrine
salbutamol albuterol
furosemide frusemide
avoid avoided avoidance
mix mixed mixes
hypotension hypotensive
hypertension hypertensive
man men
woman women
male males
female females
people person persons
contraindicated contraindication contraindications
sulfate sulphate
elderly older
associated association associations
suggest suggestive
pregnancy pregnant
breastfeeding breastfed lactating lactation
"""

# One line is a group of exclusive values, parted by "/": one value swapped for another is an
# error of meaning, however alike the sentences are.
_EXCLUSIVE = """
side: left leftsided / right rightsided / bilateral bilaterally
extent: unilateral / bilateral bilaterally
height: upper / lower
axis: proximal / distal
face: anterior / posterior
plane: medial / lateral
vessel: arterial artery / venous vein
course: acute acutely / chronic chronically
degree: mild mildly / moderate moderately / severe severely
change: increase rise raise higher elevate improve improvement gain / decrease reduce lower worsen
change: worse worsening loss decline drop
time: before prior preceding / after following afterwards / during
amount: more most greater / less fewer least lesser
safety: safe safely / unsafe unsafely dangerous harmful
action: start begin initiate restart resume continue / stop discontinue cease withhold suspend
use: give administer / withhold omit
size: high / low
onset: early earlier / late later delayed
result: positive / negative
presence: present presence / absent absence
effect: effective / ineffective
control: controlled / uncontrolled
stability: stable / unstable
sort: benign / malignant
ability: able / unable
rule: indicated / contraindicated
ligand: agonist / antagonist
cause: inhibit inhibits inhibition inhibitor inhibited / induce induces induction inducer activate
response: sensitive susceptible / resistant
calibre: dilate dilation vasodilation / constrict constriction vasoconstriction
phase: preoperative preoperatively / postoperative postoperatively
birth: antenatal prenatal / postnatal
posture: supine / prone
light: morning / evening night bedtime
meal: fed / fasting
common: common commonly frequent frequently often usually always / rare rarely uncommon never
likelihood: likely / unlikely
need: necessary required / unnecessary
line: firstline / secondline / thirdline
stay: inpatient / outpatient
speed: fast rapid rapidly quickly immediately / slow slowly gradually
direction: better superior / worse inferior
sexes: male man boy / female woman girl
pressure: systolic / diastolic
origin: primary / secondary
dryness: wet / dry
permission: permitted allowed / prohibited forbidden
factor: double doubled twofold / half halve halved
count: once / twice / thrice
whole: single / total cumulative
years: old older elderly / young younger
quality: well good / poorly poor bad
rank: first / second / third / last
share: all / some
pair: both / either
duty: must / may might
"""

# Spoken of together they may both hold, so a value in the evidence excuses only itself.
_POPULATION = {
    "adult": "adults", "adults": "adults", "child": "children", "children": "children",
    "paediatric": "children", "pediatric": "children", "infant": "infants", "infants": "infants",
    "baby": "infants", "babies": "infants", "neonate": "newborns", "neonates": "newborns",
    "newborn": "newborns", "newborns": "newborns", "neonatal": "newborns",
    "elderly": "older people", "pregnant": "pregnancy", "pregnancy": "pregnancy",
    "breastfeeding": "breastfeeding", "lactating": "breastfeeding", "lactation": "breastfeeding",
    "adolescent": "adolescents", "adolescents": "adolescents", "teenagers": "adolescents",
}  # fmt: skip
_ROUTES = {
    "oral": "by mouth", "orally": "by mouth", "po": "by mouth", "iv": "intravenous",
    "intravenous": "intravenous", "intravenously": "intravenous", "im": "intramuscular",
    "intramuscular": "intramuscular", "intramuscularly": "intramuscular", "sc": "subcutaneous",
    "subcut": "subcutaneous", "subcutaneous": "subcutaneous", "subcutaneously": "subcutaneous",
    "inhaled": "inhaled", "inhalation": "inhaled", "nebulised": "nebulised",
    "nebulized": "nebulised", "nebuliser": "nebulised", "nebulizer": "nebulised",
    "rectal": "rectal", "pr": "rectal", "rectally": "rectal",
    "topical": "topical", "topically": "topical",
    "intranasal": "intranasal", "intranasally": "intranasal", "sublingual": "sublingual",
    "sublingually": "sublingual", "buccal": "buccal", "intrathecal": "intrathecal",
    "intrathecally": "intrathecal", "transdermal": "transdermal", "vaginal": "vaginal",
    "vaginally": "vaginal", "transdermally": "transdermal",
    "epidurally": "epidural", "buccally": "buccal", "intraosseously": "intraosseous",
    "intraosseous": "intraosseous", "epidural": "epidural",
}  # fmt: skip
UPPER_ONLY = frozenset({"po", "pr", "im", "sc", "iv"})
DOTTED_ROUTES = {
    "i.v": "intravenous", "i.m": "intramuscular", "s.c": "subcutaneous", "p.o": "by mouth",
    "by mouth": "by mouth",
}  # fmt: skip
PREFIXES = (
    ("hyper", "hypo"), ("tachy", "brady"), ("intra", "extra"),
    ("macro", "micro"), ("pre", "post"), ("over", "under"),
)  # fmt: skip

# Their absence from a source says little of whether it supports the claim.
_SOFT = """
use take give patient people person treat treatment therapy include can need should must consider
recommend usual usually general generally typically also however therefore well often commonly
receive provide make due cause when then each per about approximately around only both either
during within than more less most other another any all not no never without before after until
up out over under above below least between every if or but because while whether do does did
case case's group day daily time times once twice first second further important require
required appropriate possible available based according see show shown find found known become
order ensure available course period amount level rate number total single dose doses dosage age
aged year old older young younger one two three four five six seven eight nine ten half twice
is was were being get got put keep kept offer having associated related common
occur occurs occurred report reports reported observe observed note noted develop develops
developed later sometimes via route switch switched replace replaced scan imaging measured
measure check checked monitor monitored lie lies thus detect detected whereas against
clinician doctor physician guidance guideline source state states says
"""
NEGATIVE_WORDS = frozenset(
    [
        "not",
        "no",
        "never",
        "without",
        "avoid",
        "avoided",
        "avoids",
        "avoiding",
        "contraindicated",
        "contraindication",
        "contraindications",
        "cannot",
        "neither",
        "nor",
        "none",
        "unless",
        "except",
        "excluding",
        "non",
        "refrain",
        "prohibited",
        "forbidden",
        "unnecessary",
        "can't",
        "don't",
        "doesn't",
        "didn't",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
        "won't",
        "shouldn't",
        "mustn't",
        "couldn't",
        "wouldn't",
        "needn't",
        "hasn't",
        "haven't",
        "lack",
        "lacks",
        "lacked",
        "lacking",
        "fails",
        "failed",
    ]
)
# These say something of what stands before them as well as after.
PREDICATES = frozenset(
    [
        "avoid",
        "avoided",
        "contraindicated",
        "contraindication",
        "contraindications",
        "prohibited",
        "forbidden",
    ]
)
HALTS = frozenset(
    "stop stops stopped stopping discontinue discontinued withhold withheld omit omitted".split()
)
"""They say of a drug what "do not use" says; that either is missing is no contradiction."""
USING = frozenset(
    "use used using give given giving take taken taking start started starting continue continued"
    " prescribe prescribed administer administered".split()
)
CONDITIONS = ("unless", "except", "only if", "only when", "only in", "only for", "provided that")


def _canon_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in _SYNONYMS.strip().splitlines():
        roots = [stem(word) for word in line.split()]
        table.update(dict.fromkeys(roots, roots[0]))
    return table


_CANON = _canon_table()


@lru_cache(maxsize=65536)
def canon(word: str) -> str:
    """The stem of a lower-case word, with synonyms folded."""
    root = stem(word)
    return _CANON.get(root, root)


def _exclusive_table() -> dict[str, tuple[tuple[str, str], ...]]:
    rows: dict[str, list[str]] = {}
    for line in _EXCLUSIVE.strip().splitlines():
        group, values = line.split(":")
        parts = [part.strip() for part in values.split("/")]
        if group in rows:
            rows[group][-1] += " " + " ".join(parts)
        else:
            rows[group] = parts
    out: dict[str, dict[tuple[str, str], None]] = {}
    for group, parts in rows.items():
        for part in parts:
            for word in part.split():
                out.setdefault(canon(word), {})[(group, part.split()[0])] = None
    return {word: tuple(pairs) for word, pairs in out.items()}


EXCLUSIVE = _exclusive_table()
POPULATION = _POPULATION
ROUTES = _ROUTES
SOFT = frozenset(canon(word) for word in _SOFT.split()) | frozenset(_SOFT.split())
