"""Content of the guideline "Acute asthma in adults and children"."""

from __future__ import annotations

from source.model import Document

BODY = """
# Scope

This guideline covers acute asthma in adults and in children aged 2 years or over. It
does not cover wheeze in infants under 2 years or the long-term treatment of asthma.

Page 2 is set in two columns: adults on the left, children on the right.

# First assessment

Assess severity within 15 minutes of arrival. Record peak expiratory flow (PEF) as a
percentage of the best known value, or of the predicted value if the best is not known.
Measure oxygen saturation in every patient.

Take an arterial blood gas in adults when the saturation is below 92% or when any
life-threatening feature is present. A chest X-ray is not needed routinely; request one
if pneumothorax, consolidation or life-threatening asthma is suspected.

# What not to do

- Do not give sedatives to a patient with acute asthma unless an airway team is present.
- Do not give antibiotics routinely; most attacks are triggered by viruses.
- Do not wait for the PEF reading before starting treatment in a distressed patient.
- Do not give intravenous aminophylline as a loading dose to a patient who takes oral
theophylline.

# When to call critical care

Call the critical care team for any patient with a raised PaCO2 (above 6.0 kPa), a
falling PEF despite treatment, exhaustion, drowsiness, or a saturation below 92% on
high-flow oxygen.

@columns

# Adults (16 years or over)

## Severity

Moderate: PEF above 50% and up to 75%, with no feature of acute severe asthma.

Acute severe: any one of PEF 33% to 50%, respiratory rate 25 or more per minute, pulse
110 or more per minute, or unable to complete a sentence in one breath.

Life-threatening: any one of PEF below 33%, saturation below 92%, PaO2 below 8 kPa,
normal PaCO2 (4.6 to 6.0 kPa), silent chest, cyanosis, poor effort, arrhythmia, low
blood pressure or exhaustion.

## Treatment

- Oxygen to a saturation of 94% to 98%.
- Salbutamol 5 mg by oxygen-driven nebuliser; repeat every 15 to 30 minutes as needed.
- Ipratropium 500 micrograms by nebuliser every 4 to 6 hours if the attack is severe or
life-threatening.
- Prednisolone 40 mg orally once daily for at least 5 days. If the patient cannot
swallow, give hydrocortisone 100 mg IV every 6 hours.
- Magnesium sulfate 2 g IV over 20 minutes as a single dose if there is no good
response. Do not repeat the dose without advice from critical care.

## Discharge

Discharge when PEF is above 75% of best or predicted and the patient has been stable on
discharge medicines for 24 hours.

@column

# Children (2 to 15 years)

## Severity

Acute severe, over 5 years: saturation below 92%, PEF 33% to 50%, pulse above 125 per
minute, or respiratory rate above 30 per minute.

Acute severe, 2 to 5 years: saturation below 92%, too breathless to talk or feed, pulse
above 140 per minute, or respiratory rate above 40 per minute.

Life-threatening: saturation below 92% with any one of silent chest, cyanosis, poor
effort, confusion, exhaustion, low blood pressure or PEF below 33%.

## Treatment

- Oxygen by mask or nasal cannula to a saturation of 94% to 98%.
- Mild to moderate attack: salbutamol 100 micrograms per puff, 2 to 10 puffs through a
spacer, one puff at a time.
- Severe attack: nebulised salbutamol 2.5 mg for children aged 2 to 5 years and 5 mg for
children over 5 years, every 20 to 30 minutes.
- Ipratropium 250 micrograms by nebuliser every 20 to 30 minutes for the first 2 hours
if the attack is severe.
- Prednisolone orally once daily for 3 days: 20 mg for ages 2 to 5 years, 40 mg over 5
years.
- Magnesium sulfate 40 mg/kg IV over 20 minutes, maximum 2 g, if there is no response to
nebulisers.

## Discharge

Discharge when salbutamol is needed no more often than every 4 hours and the saturation
is above 94% in air.

@single

# After the attack

Check inhaler technique before discharge and give a written action plan to every patient
or carer. Ask the general practice to review the patient within 2 working days of
discharge.

Refer to the asthma clinic within 4 weeks if the attack was severe or life-threatening,
or if the patient has had 2 or more courses of oral steroid in the last 12 months.

Prednisolone does not need a tapering dose after a course of less than 3 weeks, unless
the patient takes maintenance oral steroids.
"""

DOCUMENT = Document(
    path="guidelines/acute-asthma.pdf",
    title="Acute asthma in adults and children",
    version="1.3",
    effective="2023-10-01",
    review="2026-10-01",
    status="Current",
    body=BODY,
)
