"""Cleaning and cutting of text. Pure functions, no state, no imports from the house.

The readers keep one convention, on which everything downstream stands: in ``Document.text`` a
line is a block (a heading, a paragraph, a list item, or a table row), and a blank line separates
paragraphs. So a newline always ends a sentence, and a wrapped line never splits one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

Span = tuple[int, int]

# Only what changes nothing a clinician reads: NFKC would turn "m²" into "m2" and "½" into "1⁄2".
_REPLACEMENTS = {
    **dict.fromkeys(map(ord, "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"), " "),
    **dict.fromkeys(map(ord, "\u2008\u2009\u200a\u202f\u205f\u3000"), " "),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"), None),
    **dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e"), None),
    **dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069"), None),
    0x2028: "\n",
    0x2029: "\n\n",
    0x0085: "\n",
    0x000B: "\n",
    0x000C: "\n\n",
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
    0x2010: "-",
    0x2011: "-",
}
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SPACES = re.compile(r"[ \t]+")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")

# A full stop after these does not end a sentence.
_ABBREVIATIONS = frozenset(
    """
    dr mr mrs ms prof st no nos fig figs tab vs approx ca cf e.g i.e eg ie etc al inc vol ed eds
    pp p ref refs dept hosp max min resp temp tabs caps inj i.v i.m s.c p.o p.r b.d t.d.s q.d.s
    o.d b.i.d t.i.d q.i.d q.h p.r.n a.m p.m u.s u.k ph.d m.d spp sp subsp var wt ht hr hrs sec
    mg kg ml mcg
    """.split()
)
_UNITS_THAT_END = frozenset(
    {"min", "mg", "kg", "ml", "mcg", "hr", "hrs", "sec", "etc", "a.m", "p.m"}
)
_END = re.compile(r"[.!?]+[\"'\u2019\u201d)\]]*(?=\s)")
_LONGEST_WORD = 64
_LAST_WORD = re.compile(r"([A-Za-z](?:[A-Za-z]*\.)*[A-Za-z]*)$")


CELL_GAP = " | "
"""What stands between the cells of a table row."""


def clean(text: str) -> str:
    """``text`` in NFC with line ends as ``\\n``, plain spaces, no invisible or control
    characters, ligatures spelled out, and at most one blank line in a row."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("", text.translate(_REPLACEMENTS))
    text = unicodedata.normalize("NFC", text)
    lines = [_SPACES.sub(" ", line).strip() for line in text.split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


# What page headers, footers and menus say with a number: a page, a version, a day.
_DAY = (
    r"(?:(?:\d{1,2} )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{4}"
    r"|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}-\d{2}-\d{2})"
)
_OF_THE_PAPER = re.compile(
    r"(?:pages?|p\.?|version|v\.?|issue|edition|revision|rev\.?) ?\d[\d.]*(?: ?(?:of|/) ?\d+)?"
    rf"|\d{{1,4}} of \d{{1,4}}|(?:[a-z]+ ){{0,3}}{_DAY}|(?:©|\(c\)|copyright) .*",
    re.I,
)


def is_row(text: str) -> bool:
    """Whether a line is a table row: a cell carries the head of its column, or gives a figure.

    Words between bars are none ("Home | Formulary | Contact"), nor is what runs over a page
    ("Metformin | Trust guideline | Page 3 of 9").
    """
    if CELL_GAP not in text:
        return False
    cells = [cell for cell in text.split(CELL_GAP) if not _OF_THE_PAPER.fullmatch(cell.strip())]
    return any(": " in cell or any(ch.isdigit() for ch in cell) for cell in cells)


def lines(text: str) -> list[Span]:
    """Spans of the lines that hold something, without their surrounding space."""
    spans, start = [], 0
    for line in text.split("\n"):
        left = len(line) - len(line.lstrip())
        stripped = line.strip()
        if stripped:
            spans.append((start + left, start + left + len(stripped)))
        start += len(line) + 1
    return spans


def sentences(text: str) -> list[Span]:
    """Spans of the sentences of ``text``, in order, none empty, none overlapping.

    Every character that is not white space lies in exactly one span.
    """
    spans: list[Span] = []
    for start, end in lines(text):
        spans.extend(_sentences_of_line(text, start, end))
    return spans


def _sentences_of_line(text: str, start: int, end: int) -> list[Span]:
    if CELL_GAP in text[start:end]:
        return [(start, end)]  # a table row: cut at a full stop, its rest would lose its drug
    spans, begin = [], start
    for match in _END.finditer(text, start, end):
        if match.start() <= begin and not text[begin : match.start()].strip():
            continue
        if _ends_sentence(text, begin, match, end):
            spans.append((begin, match.end()))
            begin = match.end()
            while begin < end and text[begin].isspace():
                begin += 1
    if begin < end:
        spans.append((begin, end))
    return spans


def _ends_sentence(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    rest = match.end()
    while rest < end and text[rest].isspace():
        rest += 1
    if rest >= end:
        return True
    following = text[rest]
    if following.islower():
        return False
    if not match.group().startswith("."):
        return True
    # Only the end counts; from the beginning, a row of initials would take quadratic time.
    word = _LAST_WORD.search(text, max(begin, match.start() - _LONGEST_WORD), match.start())
    if word is None:
        # "3. Give oxygen": a number alone at the start of a line is its label, not a sentence.
        return not text[begin : match.start()].strip("( ").isdigit()
    last = word.group(1)
    if len(last) == 1 and last.isupper() and text[word.start() - 1 : word.start()] != "/":
        return False  # an initial: "J. Smith", "vitamin K. " is rare and costs a longer sentence
    lowered = last.lower()
    if lowered in _UNITS_THAT_END:
        return True
    return lowered not in _ABBREVIATIONS


# Words that carry no subject. Negations and comparators are kept out of it on purpose: they are
# looked at by the rules of verify/, and "without" or "not" may be the point of a question.
STOPWORDS = frozenset(
    """
    a about also am an and any are get gave give given gives giving
    make many much must soon take taken
    as at be been being by can could did do does doing for from
    had has have having he her hers him his how i if in into is it its itself let may me might
    my of on or our ours shall she should so some such than that the their them then there these
    they this those to us was we were what when where which while who whom whose why will with
    would you your yours
    """.split()
)
_WORD = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[^\W\d_]+(?:['\u2019-][^\W\d_]+)*[0-9]*|[^\W_]+")


def words(text: str) -> list[str]:
    """Lower-cased words and numbers, in order; hyphened words are given in their parts."""
    out: list[str] = []
    for match in _WORD.finditer(text.lower()):
        token = match.group().replace("\u2019", "'")
        if token.endswith("'s"):
            token = token[:-2]
        out.extend(part for part in token.split("-") if part)
    return out


def encodable(text: str) -> str:
    """``text`` with a question mark for each half of a character (a lone surrogate, which JSON
    can spell and no encoding can write), so that tokenizers take it. Offsets stay."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def content_words(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, repeats kept."""
    return [stem(word) for word in words(text) if word not in STOPWORDS]


def coverage(weights: Mapping[str, float], text: str) -> float:
    """The share (0..1) of the weight of these words that a text holds; 0 without words."""
    total = sum(weights.values())
    held = set(content_words(text))
    return sum(w for word, w in weights.items() if word in held) / total if total else 0.0


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A light English stem: plural and verb endings off, medical plurals folded.

    Lighter than Porter (1980) on purpose: "acidosis" and "acidic" must stay apart.
    """
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, replacement, keep in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= keep:
            word = word[: len(word) - len(ending)] + replacement
            if ending in _VERBAL and word[-1] == word[-2] and word[-1] in "bdgmnprt":
                word = word[:-1]  # "stopped" and "stop"
            break
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    return word


_VERBAL = ("ing", "ed", "ingly", "edly")
_ENDINGS = (
    ("sses", "ss", 2),
    ("ies", "y", 3),
    ("oses", "osis", 2),
    ("ses", "se", 3),
    ("ss", "ss", 1),
    ("sis", "sis", 1),
    ("us", "us", 2),
    ("is", "is", 2),
    ("s", "", 3),
    ("ingly", "", 4),
    ("edly", "", 4),
    ("ing", "", 4),
    ("ied", "y", 3),
    ("ed", "", 4),
)
