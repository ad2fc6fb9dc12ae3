"""What a document says of itself on its first page: version, dates, status."""

from __future__ import annotations

import datetime
import re

from medrag.types import Meta

HEAD = 3000
_MONTHS = "january february march april may june july august september october november december"
_MONTH = {name[:3]: i for i, name in enumerate(_MONTHS.split(), 1)}
_M = r"(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DATE_FORMS = (
    ("ymd", re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")),
    ("dMy", re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?[\s-]+(?:of\s+)?{_M},?[\s-]+(\d{{4}})", re.I)),
    ("Mdy", re.compile(rf"{_M}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})", re.I)),
    ("dmy", re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)")),
    ("My", re.compile(rf"{_M},?\s+(\d{{4}})", re.I)),
    ("ym", re.compile(r"(\d{4})-(\d{2})(?![\d-])")),
    ("y", re.compile(r"(?<![\d./-])((?:19|20)\d{2})(?![\d/])")),
)
_LABEL_START = r"(?:^|[|;(]\s*|[.,]\s+)"
_EFFECTIVE = (
    r"effective(?:\s+date|\s+from)?|date\s+effective|valid\s+from|in\s+force\s+from",
    r"date\s+of\s+issue|issue\s+date|issued(?:\s+on)?|date\s+issued",
    r"(?:date\s+of\s+)?publication(?:\s+date)?|date\s+published|published(?:\s+on|\s+in)?",
)
_REVIEW = (
    r"(?:next\s+)?review\s+date|date\s+(?:of|for)\s+(?:next\s+)?review|next\s+review(?:\s+due)?"
    r"|review\s+(?:by|due)|due\s+for\s+review|expir(?:y|es|ation)(?:\s+(?:date|on))?|valid\s+until",
)
_VERSION = (
    re.compile(
        rf"{_LABEL_START}(?:document\s+)?version\s*(?:no\.?|number)?\s*[:.=-]?\s*"
        r"v?(\d+(?:\.\d+)*[a-z]?)\b",
        re.I | re.M,
    ),
    re.compile(r"\bversion\s+v?(\d+(?:\.\d+)+)\b(?!\s*of\b)", re.I),
    re.compile(r"(?:^|[\s(|])v(\d+(?:\.\d+)+)\b", re.I | re.M),
)
_STATUS = re.compile(
    rf"{_LABEL_START}(?:document\s+)?status\s*[:=]\s*([^\n|]{{2,120}})", re.I | re.M
)
_GONE = re.compile(
    r"\b(superseded|withdrawn|obsolete|rescinded|archived|retired|do not use"
    r"|no longer (?:valid|in force|current)|replaced by)\b",
    re.I,
)
# A line of the front matter, about the document and nothing else: a drug may be withdrawn too.
_GONE_LINE = re.compile(
    r"^(?:superseded(?:\s+by|\s*$)|withdrawn(?:\s+on|\s*$)|obsolete\s*$|replaced\s+by\s+version"
    r"|(?:this|the)\s+(?:guideline|guidance|document|protocol|policy|version|edition)\s+"
    r"(?:is|was|has\s+been)\s+(?:superseded|withdrawn|replaced|obsolete))[^\n]{0,80}",
    re.I | re.M,
)


def find_meta(head: str, warnings: list[str] | None = None, language: str | None = None) -> Meta:
    """What the beginning of a text says of the document. Nothing is guessed: a date that can be
    read in two ways gives a warning and no date. ``warnings`` are kept and added to."""
    head, notes = head[:HEAD], list(warnings or ())
    status = _first(_STATUS, head)
    gone = _GONE.search(status) if status else None
    if status is None and (line := _GONE_LINE.search(_short_lines(head))):
        status, gone = line.group().strip(), line
    if gone and status:
        notes.append(f"Marked as {_word_of(status)}: {status.rstrip('.')}.")
    elif status and re.search(r"\bdraft\b", status, re.I):
        notes.append(f"Marked as a draft: {status.rstrip('.')}.")
    return Meta(
        version=_version(head),
        effective_date=_dated(_EFFECTIVE, "effective date", head, notes),
        review_date=_dated(_REVIEW, "review date", head, notes),
        status=status,
        language=language or None,
        warnings=tuple(dict.fromkeys(notes)),
    )


def parse_date(text: str) -> str | None:
    """The first date in ``text`` as ISO 8601, only as exact as it is written (``2024-06``).

    None where there is none; ``ValueError`` where day and month cannot be told apart.
    """
    found = [
        (m.start(), i, form, m)
        for i, (form, pattern) in enumerate(_DATE_FORMS)
        if (m := pattern.search(text))
    ]
    for _, _, form, match in sorted(found, key=lambda item: item[:2]):
        if iso := _iso(form, match.groups()):
            return iso
    return None


def _iso(form: str, parts: tuple[str, ...]) -> str | None:
    values = [int(p) if p.isdigit() else _MONTH[p[:3].lower()] for p in parts]
    if form == "dmy":
        first, second, year = values
        if first <= 12 and second <= 12 and first != second:
            raise ValueError("/".join(parts))
        form, values = "ymd", [year, *((second, first) if second <= 12 else (first, second))]
    order = {"ymd": (0, 1, 2), "dMy": (2, 1, 0), "Mdy": (2, 0, 1), "My": (1, 0), "ym": (0, 1)}
    numbers = [values[i] for i in order.get(form, (0,))]
    try:
        datetime.date(*[*numbers, 1, 1][:3])
    except ValueError:
        return None
    return "-".join(f"{n:04d}" if i == 0 else f"{n:02d}" for i, n in enumerate(numbers))


def _dated(labels: tuple[str, ...], name: str, head: str, notes: list[str]) -> str | None:
    for label in labels:
        # With a colon it is a label anywhere; without one it must begin a line or a phrase.
        start = rf"(?:{_LABEL_START}(?:{label})\b\s*[:=|-]?|\b(?:{label})\s*:)"
        pattern = rf"{start}\s*([^\n|]{{0,40}})"
        for match in re.finditer(pattern, head, re.I | re.M):
            try:
                date = parse_date(match.group(1))
            except ValueError as error:
                notes.append(
                    f"The {name} {error} can be read in two ways (day or month first): it was "
                    "not used."
                )
                return None
            if date:
                return date
    return None


def _version(head: str) -> str | None:
    lines = _short_lines(head)
    return next((v for p in _VERSION if (v := _first(p, lines))), None)


def _short_lines(head: str) -> str:
    """Labels stand on short lines; a long one is prose that speaks of other versions."""
    return "\n".join(line for line in head.split("\n") if len(line) <= 160)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(1).strip() if match else None


def _word_of(status: str) -> str:
    match = _GONE.search(status)
    word = match.group(1).lower() if match else "superseded"
    return word if word.isalpha() else "out of force"
