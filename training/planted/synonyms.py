"""Words that may stand for each other in any sentence. Data only."""

from __future__ import annotations

import re

# "a > b": b may be said for a in any sentence; "a = b": either for the other.
_SYNONYMS = """
high blood pressure > hypertension
low blood pressure > hypotension
kidney disease = renal disease
kidney failure = renal failure
kidney function = renal function
liver disease = hepatic disease
liver failure = hepatic failure
liver cancer = cancer of the liver
lung cancer = cancer of the lung
breast cancer = cancer of the breast
prostate cancer = cancer of the prostate
colon cancer = cancer of the colon
heart attack = myocardial infarction
heart attacks = myocardial infarctions
tumor = tumour
tumors = tumours
anemia = anaemia
diarrhea = diarrhoea
fetus = foetus
edema = oedema
hemoglobin = haemoglobin
leukemia = leukaemia
pediatric = paediatric
esophagus = oesophagus
estrogen = oestrogen
newborns > newborn babies
usually = generally
for example = for instance
shortness of breath = dyspnea
itching = pruritus
physician = doctor
physicians = doctors
begins = starts
throughout the world = worldwide
around the world = worldwide
also known as = also called
is known as = is called
are known as = are called
due to > because of
therefore = thus
high cholesterol > hypercholesterolemia
hypoglycemia = low blood sugar
worsens > gets worse
approximately > about
commonly = frequently
gastrointestinal tract = digestive tract
chickenpox = varicella
whooping cough = pertussis
TB > tuberculosis
red blood cells = erythrocytes
white blood cells = leukocytes
blood clots > thrombi
trouble swallowing = difficulty swallowing
fatigue = tiredness
medications > medicines
collarbone = clavicle
heart muscle = myocardium
nearsightedness = myopia
high blood sugar = hyperglycemia
acetaminophen = paracetamol
health care provider = healthcare provider
in order to > to
in the majority of cases > in most cases
the majority of > most
a number of > several
prior to > before
at the present time > at present
occurs when > happens when
is needed = is required
are needed = are required
whether or not > whether
adolescents > teenagers
skin rash > rash of the skin
abdominal pain > pain in the abdomen
chest pain > pain in the chest
joint pain = arthralgia
muscle pain = myalgia
muscle weakness > weakness of the muscles
hair loss > loss of hair
weight loss > loss of weight
hearing loss > loss of hearing
vision loss > loss of vision
bone marrow transplant > transplant of bone marrow
sudden cardiac death > sudden death from cardiac causes
risk of death = mortality risk
life-threatening = potentially fatal
most commonly > most often
more commonly > more often
"""
SYNONYMS: tuple[tuple[str, str], ...] = tuple(
    pair
    for line in _SYNONYMS.strip().splitlines()
    for left, sign, right in [re.split(r" ([=>]) ", line)]
    for pair in ([(left, right), (right, left)] if sign == "=" else [(left, right)])
)
