"""Where the text of a PDF page stands: a small interpreter of its content stream.

pypdf decodes fonts and streams; what it does not give is where a shown string ends. Without that
neither the gap between two columns nor the cells of a table row can be told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
# Codes that a font leaves unmapped are Windows-1252; those unused there are bullets (PDF 32000-1,
# annex D.2, note 3).
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") or "•" for code in range(0x7F, 0xA0)}
_WINDOWS[0x7F] = "•"
_MAX_DEPTH = 8
_MAX_FRAGMENTS = 200_000


@dataclass(slots=True)
class Fragment:
    """A shown string: it runs from ``x0`` to ``x1`` on the baseline ``y`` (up is greater)."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    font: str = ""
    bold: bool = False
    turned: bool = False


@dataclass(slots=True)
class Drawn:
    """What a page shows: its text, its ruled lines ``(y, x0, x1)``, and its box."""

    fragments: list[Fragment]
    rules: list[tuple[float, float, float]]
    width: float
    height: float


@dataclass(slots=True)
class _State:
    """The graphics state that ``q`` saves and ``Q`` brings back."""

    matrix: Matrix = _IDENTITY
    font: Any = None
    size: float = 12.0
    char_space: float = 0.0
    word_space: float = 0.0
    scale: float = 1.0
    leading: float = 0.0
    rise: float = 0.0

    def copy(self) -> _State:
        return _State(
            self.matrix,
            self.font,
            self.size,
            self.char_space,
            self.word_space,
            self.scale,
            self.leading,
            self.rise,
        )


def drawn(page: Any, fonts: dict[int, Any]) -> Drawn:
    """What ``page`` draws, in upright coordinates. ``fonts`` is kept between pages."""
    left, bottom, right, top = (float(v) for v in page.cropbox)
    turn = int(page.get("/Rotate") or 0) % 360
    width, height = right - left, top - bottom
    base = {
        90: (0.0, -1.0, 1.0, 0.0, -bottom, right),
        180: (-1.0, 0.0, 0.0, -1.0, right, top),
        270: (0.0, 1.0, -1.0, 0.0, top, -left),
    }.get(turn, (1.0, 0.0, 0.0, 1.0, -left, -bottom))
    if turn in (90, 270):
        width, height = height, width
    painter = _Painter(page.pdf, fonts)
    contents = page.get_contents()
    if contents is not None:
        painter.run(contents, page.get("/Resources"), _State(base))
    inside = [f for f in painter.fragments if -1 <= f.x0 <= width + 1 and -1 <= f.y <= height + 1]
    return Drawn(inside, painter.rules, width, height)


def multiply(a: Matrix, b: Matrix) -> Matrix:
    """The transformation that does ``a`` first, then ``b``."""
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    )


def _numbers(operands: list[Any], count: int) -> list[float]:
    values = [float(v) for v in operands[:count]]
    if len(values) < count or not all(map(math.isfinite, values)):
        raise ValueError("operands")
    return values


@dataclass
class _Painter:
    pdf: Any
    fonts: dict[int, Any]
    fragments: list[Fragment] = field(default_factory=list)
    rules: list[tuple[float, float, float]] = field(default_factory=list)
    text: Matrix = _IDENTITY
    line: Matrix = _IDENTITY
    point: tuple[float, float] = (0.0, 0.0)

    def run(self, stream: Any, resources: Any, state: _State, depth: int = 0) -> None:
        """Interpret a content stream (of a page, or of a form that it draws)."""
        from pypdf.generic import ContentStream

        resources = resources.get_object() if resources is not None else {}
        operations = ContentStream(stream, self.pdf, "bytes").operations
        stack: list[_State] = []
        for operands, operator in operations:
            if operator == b"q":
                stack.append(state.copy())
            elif operator == b"Q":
                state = stack.pop() if stack else state
            elif operator == b"Do":
                self._form(operands, resources, state, depth)
            elif operator == b"Tf":
                self._font(operands, resources, state)
            else:
                try:
                    self._operate(operator, operands, state)
                except (ValueError, TypeError, IndexError):
                    continue  # one malformed operator costs itself, not the page
            if len(self.fragments) > _MAX_FRAGMENTS:
                raise ValueError("too many fragments")

    def _operate(self, operator: bytes, operands: list[Any], state: _State) -> None:
        if operator in (b"Tj", b"TJ", b"'", b'"'):
            if operator == b'"':
                state.word_space, state.char_space = _numbers(operands, 2)
            if operator in (b"'", b'"'):
                self._move(0.0, -state.leading)
            shown = operands[-1]
            for piece in shown if operator == b"TJ" else [shown]:
                self._show(piece, state)
        elif operator in (b"Td", b"TD"):
            x, y = _numbers(operands, 2)
            if operator == b"TD":
                state.leading = -y
            self._move(x, y)
        elif operator == b"Tm":
            a, b, c, d, e, f = _numbers(operands, 6)
            self.text = self.line = (a, b, c, d, e, f)
        elif operator == b"T*":
            self._move(0.0, -state.leading)
        elif operator == b"BT":
            self.text = self.line = _IDENTITY
        elif operator == b"cm":
            a, b, c, d, e, f = _numbers(operands, 6)
            state.matrix = multiply((a, b, c, d, e, f), state.matrix)
        elif operator in (b"re", b"m", b"l"):
            self._path(operator, operands, state)
        else:
            _set(state, operator, operands)

    def _move(self, x: float, y: float) -> None:
        self.text = self.line = multiply((1.0, 0.0, 0.0, 1.0, x, y), self.line)

    def _path(self, operator: bytes, operands: list[Any], state: _State) -> None:
        """Keep the level lines: the rules of tables, and the edges of coloured rows."""
        if operator == b"re":
            x, y, width, height = _numbers(operands, 4)
            for edge in {y, y + height}:
                self._rule(state, (x, edge), (x + width, edge))
        else:
            x, y = _numbers(operands, 2)
            if operator == b"l":
                self._rule(state, self.point, (x, y))
            self.point = (x, y)

    def _rule(self, state: _State, a: tuple[float, float], b: tuple[float, float]) -> None:
        m = multiply((1.0, 0.0, 0.0, 1.0, *a), state.matrix)
        n = multiply((1.0, 0.0, 0.0, 1.0, *b), state.matrix)
        if abs(m[5] - n[5]) < 0.5 and abs(m[4] - n[4]) > 12 and len(self.rules) < 20_000:
            self.rules.append((m[5], min(m[4], n[4]), max(m[4], n[4])))

    def _form(self, operands: list[Any], resources: Any, state: _State, depth: int) -> None:
        forms = resources.get("/XObject")
        form = forms.get_object().get(operands[0]) if forms is not None and operands else None
        form = form.get_object() if form is not None else None
        if form is None or form.get("/Subtype") != "/Form" or depth >= _MAX_DEPTH:
            return
        inner = state.copy()
        if "/Matrix" in form:
            a, b, c, d, e, f = _numbers(list(form["/Matrix"]), 6)
            inner.matrix = multiply((a, b, c, d, e, f), state.matrix)
        kept = self.text, self.line
        self.run(form, form.get("/Resources") or resources, inner, depth + 1)
        self.text, self.line = kept

    def _font(self, operands: list[Any], resources: Any, state: _State) -> None:
        from pypdf.generic._font import Font

        fonts = resources.get("/Font")
        found = fonts.get_object().get(operands[0]) if fonts is not None and operands else None
        state.font = None
        if found is not None:
            resource = found.get_object()
            key = id(resource)
            if key not in self.fonts:  # the resource is kept too: an id lives as long as it does
                self.fonts[key] = (Font.from_font_resource(resource), resource)
            state.font = self.fonts[key][0]
        if len(operands) > 1:
            state.size = float(operands[1])

    def _show(self, piece: Any, state: _State) -> None:
        if isinstance(piece, (int, float)):
            shift = -float(piece) / 1000 * state.size * state.scale
            self.text = multiply((1.0, 0.0, 0.0, 1.0, shift, 0.0), self.text)
            return
        font = state.font
        if font is None or not isinstance(piece, (bytes, str)):
            return
        raw, text = _decode(font, piece)
        width = 0.0
        for char in raw:
            width += (
                (font.space_width if char == font.space_char else font.get_text_width(char))
                / 1000
                * state.size
            )
        spaced = raw.count(font.space_char) * state.word_space
        advance = (width + len(raw) * state.char_space + spaced) * state.scale
        start = multiply(multiply((1.0, 0.0, 0.0, 1.0, 0.0, state.rise), self.text), state.matrix)
        self.text = multiply((1.0, 0.0, 0.0, 1.0, advance, 0.0), self.text)
        end = advance - state.char_space * state.scale
        a, b = start[0], start[1]
        if not text.strip() or not math.isfinite(start[4] + start[5] + end):
            return
        turned = abs(b) > abs(a) or a < 0
        size = state.size * math.hypot(start[2], start[3])
        x0, x1 = start[4], start[4] + end * a
        self.fragments.append(
            Fragment(
                text,
                min(x0, x1),
                max(x0, x1),
                start[5],
                abs(size),
                _family(font),
                _is_bold(font),
                turned,
            )
        )


def _set(state: _State, operator: bytes, operands: list[Any]) -> None:
    names = {b"Tc": "char_space", b"Tw": "word_space", b"TL": "leading", b"Ts": "rise"}
    if operator in names:
        setattr(state, names[operator], _numbers(operands, 1)[0])
    elif operator == b"Tz":
        state.scale = _numbers(operands, 1)[0] / 100


def _decode(font: Any, piece: bytes | str) -> tuple[str, str]:
    """The codes of a shown string, as the font's widths know them, and its readable text."""
    if isinstance(piece, str):
        return piece, piece
    if isinstance(font.encoding, str):
        try:
            raw = piece.decode(font.encoding, "surrogatepass")
        except UnicodeDecodeError:
            raw = piece.decode(font.encoding, "replace")
        decoded = raw
    else:
        raw = "".join(map(chr, piece))
        decoded = "".join(font.encoding.get(code, chr(code)) for code in piece)
    text = "".join(str(font.character_map.get(char, char)) for char in decoded)
    return raw, text.translate(_WINDOWS)


def _is_bold(font: Any) -> bool:
    name = str(font.name).lower()
    return any(word in name for word in ("bold", "black", "heavy", "semibold", "demi"))


def _family(font: Any) -> str:
    """The typeface, so that a heading set in another one can be told (weight and slant aside)."""
    return str(font.name).rpartition("+")[2].split("-")[0].split(",")[0]
