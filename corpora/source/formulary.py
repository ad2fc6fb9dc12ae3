"""Content of the adult formulary (DOCX)."""

from __future__ import annotations

from source.model import Document, Table

BODY = """
# How to read this formulary

Doses are for adults who weigh 50 kg or more and have normal liver function unless a row
says otherwise. CrCl means creatinine clearance in mL/min by the Cockcroft-Gault
formula.

# Dose table

@table doses

# Notes for prescribers

## Paracetamol and low body weight

Adults who weigh less than 50 kg need a lower dose of paracetamol: 15 mg/kg every 6
hours, maximum 60 mg/kg in 24 hours. Do not give two products that contain paracetamol
together.

## Anti-inflammatory medicines

Do not give ibuprofen if the patient has an active stomach ulcer, severe heart failure,
or an eGFR below 30 mL/min/1.73 m2. Do not give ibuprofen after 20 weeks of pregnancy.

## Opioids

Prescribe a laxative with every regular opioid. Give naloxone 400 micrograms IV if the
respiratory rate is below 8 per minute and the patient is hard to rouse; then 800
micrograms after 1 minute if there is no response.

## ACE inhibitors

Do not start ramipril if potassium is above 5.0 mmol/L. Stop ramipril if potassium
reaches 6.0 mmol/L or more, or if creatinine rises by more than 30%.
"""

DOSES = Table(
    header=(
        "Drug",
        "Indication",
        "Route",
        "Dose",
        "Frequency",
        "Maximum daily dose",
        "Renal adjustment",
    ),
    rows=(
        (
            "Paracetamol",
            "Pain, fever",
            "Oral or IV",
            "1 g",
            "Every 4 to 6 hours",
            "4 g in 24 hours",
            "CrCl below 30: leave at least 6 hours between doses",
        ),
        (
            "Ibuprofen",
            "Pain with inflammation",
            "Oral",
            "400 mg",
            "Three times daily",
            "2.4 g in 24 hours",
            "Do not give if eGFR is below 30",
        ),
        (
            "Codeine",
            "Moderate pain",
            "Oral",
            "30 to 60 mg",
            "Every 4 to 6 hours",
            "240 mg in 24 hours",
            "CrCl below 30: avoid; use another opioid",
        ),
        (
            "Morphine (immediate release)",
            "Severe pain",
            "Oral",
            "5 to 10 mg",
            "Every 4 hours",
            "No fixed maximum; titrate to effect",
            "CrCl below 30: start with 2.5 mg and give every 6 hours",
        ),
        (
            "Amoxicillin",
            "Respiratory infection",
            "Oral",
            "500 mg to 1 g",
            "Every 8 hours",
            "3 g in 24 hours",
            "CrCl below 10: maximum 500 mg every 8 hours",
        ),
        (
            "Flucloxacillin",
            "Skin infection",
            "Oral",
            "500 mg to 1 g",
            "Every 6 hours",
            "4 g in 24 hours",
            "CrCl below 10: consider a lower dose",
        ),
        (
            "Gentamicin",
            "Gram-negative sepsis",
            "IV",
            "5 mg/kg",
            "Once daily",
            "400 mg in 24 hours",
            "CrCl below 30: give one dose only, then ask pharmacy",
        ),
        (
            "Enoxaparin",
            "Treatment of venous thromboembolism",
            "Subcutaneous",
            "1.5 mg/kg",
            "Once daily",
            "150 mg in 24 hours at 100 kg",
            "CrCl 15 to 30: 1 mg/kg once daily; CrCl below 15: do not use",
        ),
        (
            "Apixaban",
            "Stroke prevention in atrial fibrillation",
            "Oral",
            "5 mg",
            "Twice daily",
            "10 mg in 24 hours",
            "CrCl 15 to 29: 2.5 mg twice daily; CrCl below 15: do not use",
        ),
        (
            "Metformin",
            "Type 2 diabetes",
            "Oral",
            "500 mg to 1 g",
            "Twice daily",
            "2 g in 24 hours",
            "eGFR 30 to 44: maximum 1 g daily; eGFR below 30: stop",
        ),
        (
            "Furosemide",
            "Fluid overload",
            "Oral or IV",
            "20 to 40 mg",
            "Once daily",
            "160 mg in 24 hours without specialist advice",
            "Higher doses may be needed when CrCl is below 20",
        ),
        (
            "Ramipril",
            "Hypertension, heart failure",
            "Oral",
            "1.25 to 2.5 mg at the start",
            "Once daily",
            "10 mg in 24 hours",
            "CrCl 30 to 60: maximum 5 mg daily",
        ),
        (
            "Bisoprolol",
            "Heart failure with reduced ejection fraction",
            "Oral",
            "1.25 mg at the start",
            "Once daily",
            "10 mg in 24 hours",
            "CrCl below 20: increase with care",
        ),
        (
            "Amlodipine",
            "Hypertension",
            "Oral",
            "5 mg",
            "Once daily",
            "10 mg in 24 hours",
            "No change needed",
        ),
        (
            "Omeprazole",
            "Reflux disease",
            "Oral",
            "20 mg",
            "Once daily",
            "40 mg in 24 hours",
            "No change needed",
        ),
        (
            "Ondansetron",
            "Nausea and vomiting",
            "Oral or IV",
            "4 to 8 mg",
            "Every 8 to 12 hours",
            "16 mg in 24 hours",
            "No change needed",
        ),
        (
            "Levetiracetam",
            "Epilepsy",
            "Oral or IV",
            "250 mg to 1.5 g",
            "Twice daily",
            "3 g in 24 hours",
            "CrCl 30 to 49: maximum 750 mg twice daily",
        ),
        (
            "Digoxin",
            "Rate control in atrial fibrillation",
            "Oral",
            "62.5 to 250 micrograms",
            "Once daily",
            "250 micrograms in 24 hours",
            "CrCl below 30: 62.5 micrograms once daily and check the level",
        ),
    ),
    widths=(1, 1, 1, 1, 1, 1, 1),
)

DOCUMENT = Document(
    path="formulary/adult-formulary.docx",
    title="Adult formulary",
    version="5.1",
    effective="2024-07-01",
    review="2025-07-01",
    status="Current",
    body=BODY,
    tables={"doses": DOSES},
    landscape=True,
)
