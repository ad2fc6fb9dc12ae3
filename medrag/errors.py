"""One tree of errors. Each says in one line what happened, and what to do next."""

from __future__ import annotations


class MedragError(Exception):
    """The root. ``str(error)`` is one line; ``remedy`` is what a person can do about it."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(one_line(message))
        self.remedy = one_line(remedy)

    @property
    def message(self) -> str:
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(MedragError):
    """The command or call was given something it cannot take."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file or value is wrong."""


class ReadError(MedragError):
    """A file cannot be read as a document."""


class LibraryError(MedragError):
    """The library cannot be opened, is of another kind, or cannot be written."""


class ModelError(MedragError):
    """Weights are missing, damaged, or not the ones the library was built with."""


class NotFound(LibraryError):
    """There is no such document, page or upload, or none that the caller may see."""


class Unauthorized(MedragError):
    """Nobody can tell who is asking: no key, or one that is not known."""


class Forbidden(MedragError):
    """The caller is known, and may not do this."""


class TooLarge(UsageError):
    """What was sent is larger than the settings allow."""


class Busy(MedragError):
    """Too much is being asked at once; try again after ``retry_after`` seconds."""

    def __init__(self, message: str, remedy: str = "", *, retry_after: float = 1.0) -> None:
        super().__init__(message, remedy)
        self.retry_after = retry_after


class NetworkBlocked(MedragError, ConnectionError):
    """Something inside the process tried to reach another machine."""


# Marks that turn the order of what follows: a name could be made to read as another.
_DIRECTIONS = frozenset({0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)})


def one_line(text: str) -> str:
    """``text`` on one line, with control characters made visible (names may hold anything)."""
    out = []
    for ch in text:
        if ch in "\n\r\t":
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[ch])
        elif ord(ch) in _DIRECTIONS:
            out.append(f"\\u{ord(ch):04x}")
        elif ord(ch) < 32 or 0x7F <= ord(ch) < 0xA0:
            out.append(f"\\x{ord(ch):02x}")
        elif 0xD800 <= ord(ch) <= 0xDFFF:
            out.append(f"\\x{ord(ch) & 0xFF:02x}")
        else:
            out.append(ch)
    return "".join(out)
