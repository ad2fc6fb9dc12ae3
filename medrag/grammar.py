"""The grammars (GBNF) under which a language model answers. Pure text, no engine.

A composed answer is lines of one sentence, each ending in markers of sources that were given, or
the one sentence of abstention. What cannot be written: a sentence without a marker, a marker of
a source that does not exist, two sentences behind one marker. Every repetition is bounded,
because a small model would otherwise run on to its limit of tokens.

The form is that of llama.cpp's `grammars/README.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

MAX_SENTENCES = 6
MAX_CHARACTERS = 320
MIN_CHARACTERS = 8
_MOST_MARKERS = 3

# Letters, digits and what medicine writes with: no brackets (they are for markers), no bar (it
# separates table cells), no line end, and a full stop only inside a number or a word.
_LETTERS = "A-Za-z0-9\u00b5\u00c0-\u024f\u0370-\u03ff"
_OTHERS = r" \"#$%&'()*+,/:;<=>@^_~\u00b0-\u00b4\u00b7\u00bc-\u00be\u00d7\u00f7\u2013\u2014\u2018"
_OTHERS += r"\u2019\u201c\u201d\u2030\u2032\u2033\u2070-\u2079\u2080-\u2089\u2192\u2212\u2248"
_OTHERS += r"\u2260\u2264\u2265\u2212-"


def answer_grammar(
    markers: Sequence[int],
    abstain: str,
    *,
    sentences: int = MAX_SENTENCES,
    characters: int = MAX_CHARACTERS,
) -> str:
    """Sentences of at most ``characters``, at most ``sentences`` of them, one a line, each ending
    in one to three of ``markers``; or ``abstain`` alone.

    Without markers only the abstention can be written.
    """
    rules = [f"root ::= {_literal(abstain)}"]
    if markers:
        rules = [
            f"root ::= {_literal(abstain)} | line{{1,{sentences}}}",
            r'line ::= text "." " " mark{1,' + str(_MOST_MARKERS) + r'} "\n"',
            f"text ::= [{_LETTERS}] piece{{{MIN_CHARACTERS},{characters}}}",
            f'piece ::= [{_LETTERS}{_OTHERS}] | "." [A-Za-z0-9]',
            "mark ::= " + " | ".join(_literal(f"[{marker}]") for marker in markers),
        ]
    return "\n".join(rules) + "\n"


def quotes_grammar(
    quotes: Iterable[tuple[str, int]], abstain: str, *, sentences: int = MAX_SENTENCES
) -> str:
    """Verbatim ``quotes`` only, each followed by its own marker, one a line; or ``abstain``.
    Quotes that hold control characters are left out: nobody can write those.

    The quotes form a trie, so that a model is at each word led on by those that still fit.
    """
    root = _Node()
    for quote, marker in quotes:
        if quote and not any(ord(character) < 32 for character in quote):
            root.insert(f"{quote} [{marker}]\n")
    if not root.children:
        return f"root ::= {_literal(abstain)}\n"
    rules: list[str] = []
    first = root.write("quote", rules)
    head = f"root ::= {_literal(abstain)} | {first}{{1,{sentences}}}"
    return "\n".join([head, *rules]) + "\n"


def choice_grammar(choices: Sequence[str]) -> str:
    """One of ``choices`` and nothing else."""
    return "root ::= " + " | ".join(_literal(choice) for choice in choices) + "\n"


def line_grammar(characters: int, end: str = "?") -> str:
    """One line of at most ``characters`` that ends in ``end``."""
    return (
        f"root ::= [{_LETTERS}] piece{{1,{characters}}} {_literal(end)}\n"
        f'piece ::= [{_LETTERS}{_OTHERS}] | "." [A-Za-z0-9]\n'
    )


class _Node:
    """A trie of characters; ``write`` joins runs without a branch into one literal."""

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}

    def insert(self, text: str) -> None:
        node = self
        for character in text:
            node = node.children.setdefault(character, _Node())

    def write(self, name: str, rules: list[str]) -> str:
        """Add this node's rule, and those below it, to ``rules``; its name."""
        place = len(rules)
        rules.append("")
        options = []
        for number, (character, child) in enumerate(self.children.items()):
            run, node = _run(character, child)
            option = _literal(run)
            if node.children:
                option += " " + node.write(f"{name}-{number}", rules)
            options.append(option)
        rules[place] = f"{name} ::= " + " | ".join(options)
        return name


def _run(character: str, node: _Node) -> tuple[str, _Node]:
    letters = [character]
    while len(node.children) == 1:
        ((letter, node),) = node.children.items()
        letters.append(letter)
    return "".join(letters), node


_ESCAPES: Mapping[int, str] = {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}


def _literal(text: str) -> str:
    return '"' + text.translate(_ESCAPES) + '"'
