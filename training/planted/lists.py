"""Drugs by class, and the words that fill a planted sentence. Data only."""

from __future__ import annotations

_CLASSES = """
ace: captopril enalapril lisinopril perindopril ramipril trandolapril quinapril fosinopril
sartan: candesartan irbesartan losartan olmesartan telmisartan valsartan azilsartan
beta: atenolol bisoprolol carvedilol metoprolol nebivolol propranolol labetalol sotalol nadolol
calcium: amlodipine felodipine nifedipine lercanidipine lacidipine nicardipine isradipine
thiazide: indapamide bendroflumethiazide hydrochlorothiazide chlortalidone metolazone
loop: furosemide bumetanide torasemide
potassiumsparing: spironolactone eplerenone amiloride finerenone
alpha: doxazosin prazosin terazosin tamsulosin alfuzosin
statin: atorvastatin simvastatin rosuvastatin pravastatin fluvastatin pitavastatin
fibrate: fenofibrate bezafibrate gemfibrozil ciprofibrate
doac: apixaban rivaroxaban edoxaban dabigatran
heparin: enoxaparin dalteparin tinzaparin fondaparinux
antiplatelet: clopidogrel prasugrel ticagrelor dipyridamole cilostazol
antiarrhythmic: amiodarone flecainide dronedarone propafenone disopyramide
nitrate: nitroglycerin nicorandil ranolazine ivabradine
sulfonylurea: gliclazide glimepiride glipizide glibenclamide tolbutamide
gliptin: sitagliptin linagliptin saxagliptin vildagliptin alogliptin
gliflozin: dapagliflozin empagliflozin canagliflozin ertugliflozin
glutide: liraglutide semaglutide dulaglutide exenatide lixisenatide
ppi: omeprazole lansoprazole pantoprazole esomeprazole rabeprazole
h2: famotidine nizatidine cimetidine ranitidine
antiemetic: ondansetron granisetron metoclopramide domperidone prochlorperazine cyclizine
laxative: lactulose senna bisacodyl docusate macrogol
penicillin: amoxicillin ampicillin flucloxacillin benzylpenicillin phenoxymethylpenicillin
cephalosporin: cefalexin cefuroxime ceftriaxone cefotaxime ceftazidime cefixime cefazolin
macrolide: azithromycin clarithromycin erythromycin
quinolone: ciprofloxacin levofloxacin moxifloxacin ofloxacin
tetracycline: doxycycline minocycline lymecycline tetracycline
aminoglycoside: gentamicin amikacin tobramycin streptomycin
carbapenem: meropenem imipenem ertapenem
antitubercular: rifampicin isoniazid pyrazinamide ethambutol rifabutin
antifungal: fluconazole itraconazole voriconazole posaconazole
antiviral: aciclovir valaciclovir famciclovir ganciclovir
neuraminidase: oseltamivir zanamivir peramivir
nrti: lamivudine abacavir tenofovir zidovudine emtricitabine
integrase: dolutegravir raltegravir bictegravir elvitegravir
antimalarial: chloroquine hydroxychloroquine mefloquine primaquine quinine artesunate
anthelmintic: albendazole mebendazole ivermectin praziquantel
nsaid: ibuprofen naproxen diclofenac indometacin ketoprofen piroxicam meloxicam
coxib: celecoxib etoricoxib parecoxib
opioid: morphine oxycodone codeine tramadol fentanyl hydromorphone tapentadol methadone
triptan: sumatriptan rizatriptan zolmitriptan naratriptan eletriptan almotriptan
ssri: sertraline citalopram escitalopram fluoxetine paroxetine
snri: venlafaxine duloxetine mirtazapine desvenlafaxine
tricyclic: amitriptyline nortriptyline imipramine clomipramine dosulepin
antipsychotic: olanzapine risperidone quetiapine aripiprazole haloperidol clozapine amisulpride
benzodiazepine: diazepam lorazepam temazepam clonazepam midazolam oxazepam
hypnotic: zopiclone zolpidem zaleplon eszopiclone
antiepileptic: levetiracetam lamotrigine carbamazepine phenytoin topiramate oxcarbazepine
gabapentinoid: gabapentin pregabalin
dementia: donepezil rivastigmine galantamine memantine
parkinson: ropinirole pramipexole rotigotine selegiline rasagiline
beta2: salbutamol terbutaline salmeterol formoterol
inhaledsteroid: budesonide beclometasone fluticasone mometasone ciclesonide
antimuscarinic: tiotropium ipratropium glycopyrronium umeclidinium
antihistamine: cetirizine loratadine fexofenadine desloratadine chlorphenamine
steroid: prednisolone dexamethasone hydrocortisone methylprednisolone
thyroid: carbimazole propylthiouracil methimazole
bisphosphonate: alendronate risedronate ibandronate zoledronate pamidronate
gout: allopurinol febuxostat colchicine probenecid
dmard: methotrexate leflunomide sulfasalazine azathioprine mycophenolate
anti_tnf: adalimumab infliximab etanercept golimumab certolizumab
calcineurin: tacrolimus ciclosporin sirolimus everolimus
aromatase: anastrozole letrozole exemestane
taxane: paclitaxel docetaxel cabazitaxel
platinum: cisplatin carboplatin oxaliplatin
anthracycline: doxorubicin epirubicin daunorubicin idarubicin
kinase: imatinib dasatinib nilotinib bosutinib ponatinib
egfr: erlotinib gefitinib afatinib osimertinib
checkpoint: pembrolizumab nivolumab atezolizumab durvalumab ipilimumab
bladder: oxybutynin tolterodine solifenacin mirabegron fesoterodine
pde5: sildenafil tadalafil vardenafil
reductase: finasteride dutasteride
progestogen: levonorgestrel norethisterone desogestrel medroxyprogesterone
pressor: noradrenaline adrenaline dobutamine milrinone phenylephrine
anaesthetic: propofol ketamine thiopental etomidate
relaxant: rocuronium vecuronium atracurium suxamethonium
local: lidocaine bupivacaine ropivacaine prilocaine
glycopeptide: vancomycin teicoplanin
"""
DRUG_CLASSES: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.partition(":")[2].split()) for line in _CLASSES.strip().splitlines()
)
DRUGS: dict[str, tuple[str, ...]] = {
    drug: tuple(d for d in members if d != drug) for members in DRUG_CLASSES for drug in members
}
# One drug under two names: the one is no error for the other.
DRUG_NAMES = {
    "adrenaline": "epinephrine", "noradrenaline": "norepinephrine", "salbutamol": "albuterol",
    "rifampicin": "rifampin", "ciclosporin": "cyclosporine", "aciclovir": "acyclovir",
    "glibenclamide": "glyburide", "indometacin": "indomethacin", "lidocaine": "lignocaine",
    "furosemide": "frusemide", "cefalexin": "cephalexin", "valaciclovir": "valacyclovir",
    "chlortalidone": "chlorthalidone", "suxamethonium": "succinylcholine",
    "beclometasone": "beclomethasone", "nitroglycerin": "glyceryl trinitrate",
}  # fmt: skip

# Routes: how they stand after a verb ("give ... orally").
ROUTES: dict[str, tuple[str, ...]] = {
    "oral": ("orally", "by mouth", "PO"),
    "iv": ("intravenously", "IV", "by the intravenous route"),
    "im": ("intramuscularly", "IM", "by intramuscular injection"),
    "sc": ("subcutaneously", "SC", "by subcutaneous injection"),
    "pr": ("rectally", "PR", "by the rectal route"),
    "sl": ("sublingually", "under the tongue"),
    "inh": ("by inhalation", "via inhaler"),
    "neb": ("by nebuliser", "via a nebuliser"),
    "nasal": ("intranasally", "into the nose"),
    "top": ("topically", "to the skin"),
    "it": ("intrathecally", "by the intrathecal route"),
    "eye": ("into the eye",),
    "ear": ("into the ear",),
    "io": ("intraosseously", "by the intraosseous route"),
}
POPULATIONS = (
    "adults", "children", "infants", "newborns", "adolescents", "older adults", "pregnant women",
    "breastfeeding women", "men", "women", "smokers", "patients on dialysis",
    "kidney transplant recipients", "people with diabetes", "people with asthma",
    "patients with heart failure", "patients with liver cirrhosis", "preterm infants",
    "children under 5 years", "adults over 75 years", "women of childbearing age", "athletes",
    "hospitalized patients", "outpatients", "people with HIV", "people with epilepsy",
)  # fmt: skip
# One implies, or may imply, the other.
OVERLAPPING = (
    {"adults", "older adults", "adults over 75 years", "men", "women", "pregnant women",
     "breastfeeding women", "women of childbearing age"},
    {"children", "infants", "newborns", "adolescents", "preterm infants", "children under 5 years"},
)  # fmt: skip
CONDITIONS = (
    "pneumonia", "cellulitis", "acute otitis media", "urinary tract infection", "hypertension",
    "atrial fibrillation", "heart failure", "type 2 diabetes", "asthma", "COPD", "migraine",
    "epilepsy", "depression", "psoriasis", "rheumatoid arthritis", "gout", "ulcerative colitis",
    "Crohn's disease", "peptic ulcer", "sepsis", "meningitis", "malaria", "tuberculosis",
    "deep vein thrombosis", "pulmonary embolism", "angina", "osteoporosis", "anaemia", "eczema",
    "glaucoma", "hyperthyroidism", "hypothyroidism", "acute pancreatitis", "hepatitis B",
    "severe pain", "fever", "insomnia", "schizophrenia", "multiple sclerosis", "acne", "scabies",
    "Lyme disease", "syphilis", "shingles", "influenza", "allergic rhinitis", "anaphylaxis",
)  # fmt: skip
EFFECTS = (
    "nausea", "dizziness", "headache", "rash", "dry mouth", "weight gain", "constipation",
    "diarrhoea", "hypotension", "bradycardia", "drowsiness", "hair loss", "hyponatraemia",
    "gastrointestinal bleeding", "liver injury", "muscle pain", "cough", "fractures", "falls",
)  # fmt: skip
MEASURES = (
    "systolic blood pressure", "heart rate", "serum potassium", "HbA1c", "LDL cholesterol",
    "body weight", "serum creatinine", "bone density", "platelet count", "the QT interval",
    "intraocular pressure", "serum sodium", "cardiac output", "airway resistance", "uric acid",
)  # fmt: skip
TESTS = (
    ("serum potassium", "mmol/L", 3, 7), ("systolic blood pressure", "mmHg", 90, 180),
    ("the platelet count", "x 10^9/L", 20, 150), ("the temperature", "°C", 36, 40),
    ("the INR", "", 2, 8), ("the eGFR", "mL/min", 15, 60), ("oxygen saturation", "%", 85, 95),
    ("blood glucose", "mmol/L", 4, 20), ("the heart rate", "beats per minute", 45, 130),
    ("haemoglobin", "g/L", 70, 110), ("the CD4 count", "cells/mm3", 50, 500),
    ("serum sodium", "mmol/L", 120, 150), ("the QTc interval", "ms", 440, 520),
    ("HbA1c", "%", 6, 11), ("the respiratory rate", "breaths per minute", 10, 30),
)  # fmt: skip
SIDED = (
    "kidney", "lung", "ovary", "knee", "hip", "eye", "ear", "breast", "shoulder", "adrenal gland",
    "hemisphere", "carotid artery", "femoral vein", "wrist", "iliac fossa", "ventricle", "atrium",
    "vocal cord", "thyroid lobe", "optic nerve", "ankle", "elbow", "testis", "leg", "arm",
)  # fmt: skip
PROCEDURES = (
    "surgery", "chemotherapy", "dental extraction", "coronary angiography", "meals", "bedtime",
    "exercise", "dialysis", "radiotherapy", "colonoscopy", "vaccination", "blood sampling",
)  # fmt: skip
# Details that a passage does not give: adverbials that stand at the end of nearly any sentence.
DETAILS = (
    "especially in {people}", "particularly in {people}", "but only in {people}",
    "except in {people}", "most often in {people}", "mainly in {people}", "even in {people}",
    "usually within the first {n} {period}", "often for more than {n} {period}",
    "and this was first described in {year}", "according to a registry study of {year}",
    "as confirmed by {n} randomised trials", "and screening every {n} {period} is advised",
    "which was first reported in {year}", "in about {percent}% of cases",
    "in roughly {percent} percent of {people}", "with a fatality rate of about {percent} percent",
    "and symptoms last for about {n} {period}", "and {drug} is the treatment of choice",
    "although {drug} may help", "and {drug} should be avoided", "often together with {effect}",
    "and {effect} is a common complication", "and {effect} may follow", "unless {drug} is taken",
    "especially after {procedure}", "and it worsens after {procedure}", "even before {procedure}",
    "and this increases the risk of {condition}", "as also happens in {condition}",
    "particularly in those who also have {condition}", "which is a common cause of {effect}",
    "most often during the winter months", "with the highest rates in East Asia",
    "mainly in people with blood group A", "even when kidney function is normal",
    "which costs about ${percent}0 a year", "and women are affected {n} times as often",
    "chiefly through the action of histamine", "and pregnancy should be avoided meanwhile",
    "regardless of body weight", "and this effect disappears after {n} {period}",
    "more so in urban than in rural areas", "and it resolves without treatment in most people",
    "because of changes in the gut flora", "and alcohol doubles the risk",
    "and patients should stay in hospital for {n} {period}", "as a result of low magnesium levels",
    "especially in those with a family history of {condition}", "and ultrasound is the best test",
    "which has been linked to air pollution", "and it does not recur after {procedure}",
)  # fmt: skip
DETAILS_FRONT = (
    "In {people}", "In about {percent}% of cases", "After {n} {period}", "In low-income countries",
    "During the first trimester", "Within {n} {period} of {procedure}", "At high altitude",
    "In people who have had {condition}", "In those who take {drug}", "After {procedure}",
    "According to a guideline of {year}", "In {n} recent cohort studies", "Before {procedure}",
)  # fmt: skip
