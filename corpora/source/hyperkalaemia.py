"""Content of the guideline "Acute hyperkalaemia in adults"."""

from __future__ import annotations

from source.model import Document, Table

BODY = """
# Definition

Hyperkalaemia is a serum potassium of 5.5 mmol/L or more.

- Mild: potassium 5.5 to 5.9 mmol/L.
- Moderate: potassium 6.0 to 6.4 mmol/L.
- Severe: potassium 6.5 mmol/L or more.

Record a 12-lead ECG at once when the potassium is 6.0 mmol/L or more. Exclude a falsely
high result (haemolysed sample, slow transport) with a blood gas, but do not delay
treatment if the ECG is abnormal.

Stop every source of potassium: supplements, potassium in fluids, ACE inhibitors,
angiotensin receptor blockers, spironolactone and trimethoprim.

@page

# Treatment steps

@table steps

Sodium bicarbonate is not used routinely to lower potassium. Calcium does not lower the
serum potassium; it protects the heart for 30 to 60 minutes.

@page

# Monitoring

Check the serum potassium at 1, 2, 4, 6 and 24 hours after treatment starts. The target
is a potassium below 6.0 mmol/L within 2 hours.

Check the capillary glucose before insulin, then at 15, 30, 60, 90 and 120 minutes, then
every hour until 6 hours after the insulin dose. Low glucose is the most common harm of
this treatment.

If the glucose before treatment is below 7.0 mmol/L, follow the insulin with glucose 10%
at 50 mL/hour for 5 hours.

# Referral

Discuss dialysis with the renal team if the potassium is 6.5 mmol/L or more after step
3, or if the patient has anuria. Continuous ECG monitoring is required for every patient
with severe hyperkalaemia.
"""

STEPS = Table(
    header=("Step", "When", "Medicine and dose", "Time to effect", "Caution"),
    rows=(
        (
            "1 Protect the heart",
            "Potassium 6.0 mmol/L or more with ECG changes",
            "Calcium gluconate 10% 30 mL IV over 10 minutes",
            "1 to 3 minutes",
            "Repeat once after 10 minutes if the ECG is still abnormal. Do not mix "
            "with sodium bicarbonate.",
        ),
        (
            "2 Shift with insulin",
            "Potassium 6.5 mmol/L or more; consider from 6.0 mmol/L",
            "Soluble insulin 10 units in 50 mL of glucose 50% (25 g) IV over 15 minutes",
            "15 to 30 minutes",
            "Use a large vein. Check glucose as in the monitoring section.",
        ),
        (
            "3 Shift with salbutamol",
            "Together with step 2",
            "Salbutamol 20 mg by nebuliser; 10 mg if the patient has ischaemic heart disease",
            "15 to 30 minutes",
            "Do not use salbutamol alone. Avoid if there is a fast arrhythmia.",
        ),
        (
            "4 Remove potassium",
            "Potassium 6.0 mmol/L or more",
            "Sodium zirconium cyclosilicate 10 g orally three times daily for up to 72 hours",
            "1 to 2 hours",
            "Contains about 400 mg of sodium in each 5 g; watch for oedema.",
        ),
        (
            "5 Alternative binder",
            "When step 4 is not tolerated",
            "Patiromer 8.4 g orally once daily, maximum 25.2 g daily",
            "4 to 7 hours",
            "Give other oral medicines at least 3 hours apart.",
        ),
    ),
    widths=(1.3, 1.8, 2.4, 1.1, 2.2),
)

DOCUMENT = Document(
    path="guidelines/hyperkalaemia.pdf",
    title="Acute hyperkalaemia in adults",
    version="3.0",
    effective="2024-01-15",
    review="2027-01-15",
    status="Current",
    body=BODY,
    tables={"steps": STEPS},
)
