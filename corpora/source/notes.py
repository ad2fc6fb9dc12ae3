"""Content of the example notes that are kept as DOCX (no patient data)."""

from __future__ import annotations

from source.model import Document

BODY = """
# Purpose

This is a teaching example of a discharge talk about apixaban. It is not about any
patient and holds no patient data.

# What to say

- Take one 5 mg tablet twice daily, about 12 hours apart, with or without food.
- If a dose is missed, take it as soon as it is remembered and then go on with the usual
times. Do not take a double dose.
- Carry the alert card and show it before any procedure or dental work.
- Do not take ibuprofen or aspirin for pain unless a doctor has advised it; paracetamol
is preferred.
- Do not stop apixaban without advice, because the risk of stroke rises within 24 hours.

# When to seek help

Go to the emergency department for a head injury, black stools, vomiting of blood, or
bleeding that does not stop after 10 minutes of firm pressure.

# Follow-up

Kidney function is checked every 12 months, or every 6 months when the person is aged 75
years or over.
"""

DISCHARGE = Document(
    path="notes/discharge-counselling-apixaban.docx",
    title="Discharge counselling example: apixaban",
    version="1.0",
    effective="2024-03-01",
    review="2026-03-01",
    status="Example note, no patient",
    body=BODY,
)
