"""Content of the guideline "Sepsis in adults: first hour"."""

from __future__ import annotations

from source.model import Document

FRONT = """
# About this guideline

This guideline is for doctors, nurses and pharmacists who care for adults aged 16 years
or over on the wards and in the emergency department of Northfield Hospital. Northfield
Hospital does not exist; the text was written to demonstrate a document search engine.

It does not cover pregnancy or the six weeks after birth, children under 16 years, or
neutropenic sepsis after chemotherapy. Use the separate pathways for those groups.

@page

# Contents

- Recognition and risk (page 1)
- The first-hour bundle (page 1)
- Oxygen, fluids and vasopressors (page 2)
- Antibiotic choice (page 3)
- Reassessment and escalation (page 3)

# Changes since the last version

Version 2.1 replaces version 1.4. The time limit for antibiotics now depends on the
NEWS2 score, and the starch solutions have been withdrawn from the fluid list.

# Terms used

NEWS2 is the National Early Warning Score, second version. MAP is mean arterial
pressure. A bolus is a fluid volume given in less than 15 minutes.
"""

BODY = """
# Recognition and risk

Suspect sepsis in any adult who may have an infection and who looks unwell, is newly
confused, or has a NEWS2 score of 5 or more.

- High risk: NEWS2 score of 7 or more, or a score of 5 or 6 with one single parameter
scoring 3, or lactate above 2 mmol/L, or systolic pressure below 90 mmHg.
- Moderate risk: NEWS2 score of 5 or 6 without any feature of high risk.
- Low risk: NEWS2 score of 1 to 4 without any feature of high risk.

A normal temperature does not rule out sepsis. Older people, people on steroids and
people with a weak immune system may not have a fever.

# The first-hour bundle

For a high-risk patient, complete these six actions within 60 minutes of recognition.
Write the time of each one in the record.

- Call a senior decision maker (registrar or above) to the bedside.
- Give oxygen if the saturation is below the target range.
- Take two sets of blood cultures, each of 20 mL, before the first antibiotic dose. Do
not delay antibiotics by more than 15 minutes to obtain cultures.
- Measure serum lactate on an arterial or venous blood gas, with full blood count,
creatinine, electrolytes, liver tests, clotting, C-reactive protein and glucose.
- Give the first dose of a broad-spectrum intravenous antibiotic.
- Start intravenous fluid and measure urine output every hour.

## Time limits for antibiotics

In high-risk sepsis give the first antibiotic dose within 1 hour of recognition. In
moderate-risk sepsis give the first antibiotic dose within 3 hours, once a clinician has
confirmed that bacterial infection is likely. In low-risk illness decide about
antibiotics within 6 hours; do not give antibiotics if infection is unlikely.

@page

# Oxygen, fluids and vasopressors

## Oxygen

Aim for an oxygen saturation of 94% to 98%. In people at risk of hypercapnic respiratory
failure, such as those with severe COPD, aim for 88% to 92%. Do not give oxygen to a
patient whose saturation is already in the target range.

## Fluid resuscitation

If lactate is above 2 mmol/L or systolic pressure is below 90 mmHg, give a bolus of 500
mL of a balanced crystalloid (or sodium chloride 0.9%) over less than 15 minutes.

Reassess pulse, blood pressure, breathing and the lung bases after each bolus. Repeat
the 500 mL bolus if there is a response and no sign of overload. Most adults with septic
shock need about 30 mL/kg of crystalloid within the first 3 hours.

Use boluses of 250 mL in people with heart failure, in people on dialysis, and in frail
people who weigh less than 50 kg. Do not use hydroxyethyl starch or gelatin for
resuscitation in sepsis.

Consider human albumin solution only when the patient has already received large volumes
of crystalloid and after discussion with critical care.

## Vasopressors

Refer to critical care if MAP stays below 65 mmHg after 2 boluses (1,000 mL in total),
or if lactate stays above 4 mmol/L. Norepinephrine (noradrenaline) is the first-line
vasopressor; start at 0.05 micrograms/kg/minute and titrate to a MAP of 65 mmHg or more.

Norepinephrine may be started through a good peripheral cannula in the forearm for up to
6 hours while central access is arranged. Check the cannula site every 30 minutes.

If MAP remains below 65 mmHg on norepinephrine 0.25 micrograms/kg/minute for 4 hours or
longer, critical care may add hydrocortisone 50 mg IV every 6 hours. Do not give
corticosteroids in sepsis without shock unless there is another reason for them.

## Urine output

The target urine output is at least 0.5 mL/kg/hour. Insert a urinary catheter if the
patient has shock or cannot pass urine within 2 hours.

@page

# Antibiotic choice

Ask about allergy before every first dose and record the type of reaction. Review
earlier microbiology results, especially for resistant organisms.

## Source unknown

No penicillin allergy: piperacillin with tazobactam 4.5 g IV, then every 6 hours while
the patient is in shock and every 8 hours after that.

Non-severe penicillin allergy (for example a mild rash): meropenem 1 g IV every 8 hours.

Severe penicillin allergy (anaphylaxis or angioedema): aztreonam 2 g IV every 8 hours
plus vancomycin. The vancomycin loading dose is 25 mg/kg IV, up to a maximum of 2 g. Do
not give piperacillin with tazobactam to anyone with a penicillin allergy.

## Suspected bacterial meningitis

Give ceftriaxone 2 g IV every 12 hours, and dexamethasone 10 mg IV every 6 hours for 4
days started with or just before the first antibiotic dose. Add amoxicillin 2 g IV every
4 hours if the patient is aged 60 years or over or is immunosuppressed.

# Reassessment and escalation

Repeat the lactate within 2 hours if the first value was above 2 mmol/L. Repeat the
observations every 30 minutes until the NEWS2 score is below 5 on two occasions.

Call the consultant if, 1 hour after the first antibiotic dose and fluid, any of these
is present: systolic pressure below 90 mmHg, reduced alertness, respiratory rate above
25 breaths per minute, or lactate that has not fallen by at least 20%.

Review the antibiotic at 48 hours: stop, switch to oral, change, continue, or refer for
outpatient treatment. The usual total course is 7 days when the source is controlled.

Control the source of infection, for example by draining an abscess, within 6 to 12
hours of the diagnosis.
"""

DOCUMENT = Document(
    path="guidelines/sepsis-first-hour.pdf",
    title="Sepsis in adults: first hour",
    version="2.1",
    effective="2024-02-01",
    review="2027-02-01",
    status="Current",
    front=FRONT,
    body=BODY,
)
