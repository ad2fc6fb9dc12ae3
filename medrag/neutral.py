"""Text of documents made harmless to show to a language model.

A document may hold what a model's chat template takes for its own control text, what looks like
the lines that fence the evidence in, or a sentence that speaks to a machine instead of a reader.
What a clinician reads passes as it is, except that a document's own reference numbers lose their
square brackets, which are kept for citations.
"""

from __future__ import annotations

import re
import unicodedata

from medrag.patterns import Pattern
from medrag.text import sentences

LEFT_OUT = "(a line that addresses the reader was left out)"
_BROKEN = "\ufffd"

# Letters and signs that are drawn like plain ones; for finding only, what is shown keeps its own.
_LOOKALIKES = str.maketrans(
    "аеорсухіѕјԁһӏνοαιρτυ‹〈⟨❬˂›〉⟩❭˃│┃ǀ∣❘⏐¦",
    "aeopcyxisjdhlvoaiptu<<<<<>>>>>|||||||",
)
# Drawn as nothing, though Unicode does not call them format characters.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_VARIATIONS = range(0xE0100, 0xE01F0)

_TAGS = (
    r"im_?(?:start|end|sep)|end_?of_?text|start_?of_?text|begin_?of_?(?:text|sentence)|"
    r"end_?of_?(?:sentence|utterance|message)|(?:start|end)_?of_?turn|(?:start|end)_header_id|"
    r"eot(?:_id)?|eom(?:_id)?|unused_?\d+|extra_id_\d+|bos|eos|pad|unk|think(?:ing)?|"
    r"tool_?(?:call|response)s?|tools?|system(?:_prompt)?|assistant|user|human|context|"
    r"instructions?|documents?|sources?|evidence|question|answer|inst|sys"
).replace("_", "[_ ]")
# Group 1 begins where a visible sign is put in: the words stay, what they did does not.
_CONTROL = tuple(
    Pattern(pattern)
    for pattern in (
        r"<(\|)",  # <|im_start|> and its like, whatever stands in it
        r"\|(>)",
        rf"<\s*\|?\s*/?\s*((?:{_TAGS}|s)\s*\|?\s*/?\s*>)",
        r"<\s*\|\s*([a-z][a-z_ ]{1,30}\s*\|\s*>)",
        rf"</?((?:{_TAGS})\s[^<>\n]{{0,80}}>)",
        r"\[\s*/?\s*((?:inst|sys|system|system_prompt|tool_calls|available_tools|bos|eos|gmask)\s*\])",
        r"<\s*(<)\s*/?\s*(?:sys|evidence)",
        r"\b(?:sys|evidence(?:\s+\w{1,16})?)\s*>\s*(>)",
        r"(?:^|\n)\s*#{2,}\s*((?:instructions?|response|input|system|assistant|user|human)\b)",
    )
)
_RUN = Pattern(r"<(?:\s*<){2,}|>(?:\s*>){2,}")
_ROLE = Pattern(
    r"(?:^|[\n.!?>])[\s#>*_\-\"'(\[<!]*(?:system|assistant|user|human|developer)"
    r"(?:\s+(?:prompt|message|note))?[\s*_\"')\]]*(:)"
)
_REFERENCE = re.compile(r"(\[)\s*\d{1,4}(?:\s*[,;\u2013-]\s*\d{1,4})*\s*(\])")

# Sentences that speak to a machine. They are found in lower case and one by one, so that a wrong
# hit costs a sentence and no more. Medicine says "response", "instructions", "ignore" and "system"
# too: each pattern asks for a second sign.
_OUTPUT = r"(?:answer|response|reply|output|message|summary)"
_MACHINE = r"(?:ai|llms?|gpt|chat ?bots?|chat ?gpt|language models?|large language models?)"
_ORDERS = tuple(
    Pattern(pattern, re.S, hints.split("|"))
    for hints, pattern in (
        ("ignor|disregard|forget|forgot",
         r"\b(?:ignor|disregard|forg[eo]t)\w*\b.{0,40}"
         r"\b(?:instructions?|prompts?|rules|directions)\b"),
        ("forget", r"\bforget (?:everything|all)\b.{0,20}\b(?:you|above|before|learned|told)\b"),
        ("ignore|disregard",
         r"\b(?:ignore|disregard) (?:all|any|everything|the) (?:above|previous|prior|info)\b"),
        ("system", r"\bsystem prompt\b|\bsystem (?:note|message|override|configuration)\s*[:.]"),
        ("instruction|prompt|configuration",
         r"\b(?:reveal|repeat|print|output|display|show|translate|leak|what (?:are|were|is))\b"
         r".{0,40}\b(?:your|initial|hidden|original|system)\s+(?:initial |original |system )?"
         r"(?:instructions|prompt|configuration)\b"),
        ("conversation|instruction",
         r"\b(?:repeat|print)\b.{0,10}\b(?:this|the|all) (?:entire |whole )?"
         r"(?:conversation|instructions)\b"),
        ("ai reader|ai assistant|ai agent", r"\bai (?:readers?|assistants?|agents?)\b"),
        (" ai| llm| gpt| chat| language| large",
         rf"\b(?:to|for|attention|dear|note) (?:any |all |the )?{_MACHINE}\b.{{0,30}}[:,]"),
        ("ai|llm|gpt|chat|language",
         rf"\b{_MACHINE}(?: models?| systems?)?\b.{{0,40}}\b(?:must|should|shall|will)\b.{{0,20}}"
         r"\b(?:answer|say|state|reply|respond|output|print|cite|tell|write)\b"),
        ("you are",
         rf"\byou are (?:now )?(?:an? )?(?:{_MACHINE}|assistant|unrestricted|jailbroken)\b"),
        ("you are|mode|anything",
         r"\byou are (?:now )?in \w+ mode\b|\b(?:dan|developer|debug) mode\b|\bdo anything now\b"),
        ("you",
         r"\bfrom now on,? you\b|\byou (?:are going|will have|have) to (?:act as|pretend)\b"),
        ("<!--", r"<!--.{0,20}\b(?:assistant|system|ai|user|human)\s*:"),
        ("new |override",
         r"\bnew (?:task|instructions?)\s*:|\b(?:administrator|admin|developer) override\b"),
        ("the user is",
         r"\bthe user is (?:an? |the |your )?(?:admin|administrator|developer|owner)\b"),
        ("answering|nothing",
         r"\bstop answering\b|\band (?:say|print|output|reply|write) nothing else\b"
         r"|\b(?:output|print|reply|respond|say|answer) (?:with )?nothing else\b"),
        ("only",
         r"\b(?:reply|respond|answer|output)\b.{0,10}\bonly\b.{0,6}\bthe "
         r"(?:code|word|words|text|phrase|following|string)\b"),
        ("just", r"\bjust (?:print|output|say) [\"'\u201c]"),
        ("warnings|citations|sources|correction",
         r"\b(?:do not|don't|never|without) (?:show|display|include|mention|cite|citing|give)\b"
         r".{0,15}\b(?:warnings|citations|sources|the correction)\b"),
        ("tell the", r"\btell the (?:reader|user) (?:this|that)\b"),
        ("when",
         r"\bwhen(?:ever)? (?:you )?(?:answer|respond|reply|summari[sz]e|answering|responding|"
         r"replying|summari[sz]ing)\b.{0,60}\b(?:always|never|only|"
         r"must|should|say|state|write|quote|cite|recommend|answer|respond|reply)\b"),
        ("the assistant", r"\bthe assistant (?:should|must|shall|will|is to|has to)\b"),
        ("please", r"\bplease (?:respond|reply|answer) (?:that|with|by)\b"),
        ("summar|answer|respon|repl",
         r"\b(?:any|every|all|each) (?:summary|summaries|answers?|responses?|repl(?:y|ies))\b"
         r".{0,60}\b(?:must|should|shall) (?:say|state|recommend|mention|include|advise|tell)\b"),
        ("your|the next",
         rf"^\W*(?:\w+ ){{0,2}}?(?:end|begin|start|add|append|include|insert|modify|encrypt|encode|"
         rf"translate|render|provide|rewrite|format|use|integrate|replace|prefix|finish)\b.{{0,80}}"
         rf"\b(?:your|the next) {_OUTPUT}\b(?! (?:to|of) )"),
        ("your|visible", rf"^\W*in your {_OUTPUT}\b|\b(?:invisible to humans|visible to llms?)\b"),
    )
)  # fmt: skip
"""Plain strings of which every match holds one, and the pattern: most sentences need no pattern."""


def neutralise(text: str, nonce: str = "") -> str:
    """``text`` of a document as a language model may be shown it.

    Control text of chat templates, anything like the fence of the evidence or its ``nonce``, and
    role lines are broken up with a visible sign; a sentence that speaks to a machine is replaced
    by ``LEFT_OUT``; "[2]" becomes "(2)"; characters that are drawn as nothing are gone. Doing it
    twice changes nothing more.
    """
    text = _visible(text)
    kept: list[str] = []
    end = 0
    for start, stop in sentences(text):
        if addresses_a_machine(text[start:stop]):
            if not kept or kept[-1] != LEFT_OUT:
                kept += [text[end:start], LEFT_OUT]
        else:
            kept.append(text[end:stop])
        end = stop
    kept.append(text[end:])
    return defang("".join(kept), nonce, references=True)


def defang(text: str, nonce: str = "", *, references: bool = False) -> str:
    """``text`` with control text, fences, the nonce and role lines broken up, its words kept.

    ``references``: also "[2]" as "(2)", for documents.
    """
    text = _visible(text)
    folded, places = _fold(text)
    breaks = {m.start(1) for pattern in _CONTROL for m in pattern.finditer(folded)}
    for run in _RUN.finditer(folded):
        breaks.update(i for i in range(run.start() + 1, run.end()) if folded[i] in "<>")
    if nonce:
        for match in re.finditer(re.escape(nonce.lower()), folded):
            breaks.add(match.start() + 1)
    edits = {places[i]: _BROKEN + text[places[i]] for i in breaks}
    edits |= {places[m.start(1)]: " -" for m in _ROLE.finditer(folded)}
    if references:
        for match in _REFERENCE.finditer(folded):
            edits |= {places[match.start(1)]: "(", places[match.start(2)]: ")"}
    return "".join(edits.get(i, character) for i, character in enumerate(text))


def addresses_a_machine(text: str) -> bool:
    """Whether a sentence gives orders to a program that reads along."""
    folded, _ = _fold(text)
    flat = " ".join(folded.split())
    return any(any(True for _ in pattern.within(flat, flat)) for pattern in _ORDERS)


def _visible(text: str) -> str:
    """``text`` without characters that are drawn as nothing."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(ch for ch in text if ch in "\n\t" or not _is_invisible(ch))


def _is_invisible(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cf", "Cc", "Cs")
        or character in _FILLERS
        or ord(character) in _VARIATIONS
    )


def _fold(text: str) -> tuple[str, list[int]]:
    """``text`` as it is drawn, in lower case and plain letters, and the place in ``text`` of each
    of its characters."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = unicodedata.normalize("NFKD", character).lower().translate(_LOOKALIKES)
        for part in plain:
            if unicodedata.category(part) != "Mn":
                folded.append(part)
                places.append(place)
    return "".join(folded), places
