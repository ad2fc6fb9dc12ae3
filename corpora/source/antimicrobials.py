"""Content of the guideline "Adult antimicrobial table"."""

from __future__ import annotations

from source.model import Document, Table

BODY = """
# How to use this table

Doses are for adults with normal kidney and liver function. Take cultures before the
first dose when this does not delay treatment. Review every intravenous antibiotic at 48
hours.

@table choices

@page

# Points of caution

Do not give nitrofurantoin if eGFR is below 45 mL/min/1.73 m2; a short course may be
considered at 30 to 44 only when no other oral agent is suitable.

Do not give trimethoprim to a person who takes methotrexate, or in the first trimester
of pregnancy.

Do not give clarithromycin together with simvastatin; stop the statin until the course
is finished.

Do not treat bacteria in the urine without symptoms in people with a long-term catheter.
"""

CHOICES = Table(
    header=("Infection", "First choice", "If penicillin allergy", "Length of course"),
    rows=(
        (
            "Community-acquired pneumonia, CURB-65 score 0 or 1",
            "Amoxicillin 500 mg orally every 8 hours",
            "Doxycycline 200 mg orally on day 1, then 100 mg once daily",
            "5 days",
        ),
        (
            "Community-acquired pneumonia, CURB-65 score 2",
            "Amoxicillin 1 g orally every 8 hours plus clarithromycin 500 mg orally every 12 hours",
            "Doxycycline 200 mg orally on day 1, then 100 mg once daily",
            "5 days",
        ),
        (
            "Community-acquired pneumonia, CURB-65 score 3 to 5",
            "Co-amoxiclav 1.2 g IV every 8 hours plus clarithromycin 500 mg IV every 12 hours",
            "Levofloxacin 500 mg IV every 12 hours",
            "5 to 7 days",
        ),
        (
            "Lower urinary tract infection, women who are not pregnant",
            "Nitrofurantoin modified release 100 mg orally every 12 hours",
            "Nitrofurantoin as first choice; or trimethoprim 200 mg every 12 hours",
            "3 days",
        ),
        (
            "Acute pyelonephritis, oral treatment",
            "Cefalexin 500 mg orally every 8 hours",
            "Ciprofloxacin 500 mg orally every 12 hours for 7 days",
            "7 to 10 days",
        ),
        (
            "Cellulitis",
            "Flucloxacillin 1 g orally every 6 hours",
            "Doxycycline 200 mg orally on day 1, then 100 mg once daily",
            "5 to 7 days",
        ),
        (
            "Clostridioides difficile, first episode",
            "Vancomycin 125 mg orally every 6 hours",
            "Vancomycin as first choice. Intravenous vancomycin does not work.",
            "10 days",
        ),
        (
            "Neutropenic sepsis",
            "Piperacillin with tazobactam 4.5 g IV every 6 hours",
            "Meropenem 1 g IV every 8 hours (not if anaphylaxis)",
            "Review at 48 hours",
        ),
    ),
    widths=(2.2, 2.6, 2.6, 1.2),
)

DOCUMENT = Document(
    path="guidelines/adult-antimicrobials.pdf",
    title="Adult antimicrobial table",
    version="4.2",
    effective="2024-04-01",
    review="2026-04-01",
    status="Current",
    body=BODY,
    tables={"choices": CHOICES},
    landscape=True,
)
