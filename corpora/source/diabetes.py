"""Two versions of one guideline, which disagree on the eGFR limits of metformin."""

from __future__ import annotations

from source.model import Document

TITLE = "Type 2 diabetes: metformin and renal function"

BODY_1 = """
# Starting metformin

Start metformin 500 mg orally once daily with the evening meal. Increase by 500 mg each
week as tolerated. The maximum dose is 2 g daily in two divided doses.

Measure creatinine and eGFR before the first dose and then once a year.

# Metformin and eGFR

Stop metformin when eGFR is below 45 mL/min/1.73 m2.

Review the dose of metformin when eGFR is below 60 mL/min/1.73 m2. The maximum dose is
1.5 g daily when eGFR is 45 to 59 mL/min/1.73 m2.

Do not start metformin if eGFR is below 60 mL/min/1.73 m2.

# Iodinated contrast

Stop metformin on the day of any scan with iodinated contrast. Restart it after 48 hours
if creatinine has not changed.

# Acute illness

Stop metformin during vomiting, diarrhoea or sepsis. Restart it when the patient has
eaten and drunk normally for 24 to 48 hours.
"""

BODY_2 = """
# Starting metformin

Start metformin 500 mg orally once daily with the evening meal. Increase by 500 mg each
week as tolerated. The maximum dose is 2 g daily in two divided doses.

Measure creatinine and eGFR before the first dose, then at least once a year, and every
3 to 6 months when eGFR is below 60 mL/min/1.73 m2. Use the modified-release form if the
patient has diarrhoea with standard tablets.

# Metformin and eGFR

Stop metformin when eGFR is below 30 mL/min/1.73 m2.

Review the dose of metformin when eGFR is below 45 mL/min/1.73 m2. The maximum dose is 1
g daily when eGFR is 30 to 44 mL/min/1.73 m2.

No change of dose is needed when eGFR is 60 mL/min/1.73 m2 or more.

Do not start metformin if eGFR is below 30 mL/min/1.73 m2.

# Iodinated contrast

Continue metformin for intravenous contrast if eGFR is 30 mL/min/1.73 m2 or more and
there is no acute kidney injury. Otherwise stop it on the day of the scan and restart it
no sooner than 48 hours later, once kidney function is stable.

# Acute illness

Stop metformin during vomiting, diarrhoea, sepsis or any acute kidney injury. Restart it
when the patient has eaten and drunk normally for 24 to 48 hours. Suspect lactic
acidosis if the lactate is above 5 mmol/L and the pH is below 7.35.

# Vitamin B12

Check the vitamin B12 level in anyone on metformin who has anaemia or new numbness of
the feet. Check it every 2 to 3 years in people who take 2 g daily.

# What changed from version 1.0

The limit for stopping metformin moved from an eGFR below 45 to an eGFR below 30
mL/min/1.73 m2, and routine withdrawal before contrast scans was removed.
"""

VERSION_1 = Document(
    path="guidelines/metformin-renal-v1.pdf",
    title=TITLE,
    version="1.0",
    effective="2019-03-01",
    review="2022-03-01",
    status="Superseded by version 2.0",
    body=BODY_1,
)

VERSION_2 = Document(
    path="guidelines/metformin-renal-v2.pdf",
    title=TITLE,
    version="2.0",
    effective="2024-06-01",
    review="2027-06-01",
    status="Current, replaces version 1.0",
    body=BODY_2,
)
