"""Quoting of strings and bytes exactly as strace does (strace(1); string_quote in its util.c)."""

from __future__ import annotations

import re
from typing import Final

from bstinspect.decode.remembered import Remembered
from bstinspect.decode.style import Hex

_NONE: Final = Hex.NONE
_PLAIN: Final = {
    **{code: chr(code) for code in range(0x20, 0x7F)},
    0x22: '\\"', 0x5C: "\\\\", 0x09: "\\t", 0x0A: "\\n", 0x0B: "\\v", 0x0C: "\\f", 0x0D: "\\r",
}  # fmt: skip
_OCTAL: Final = {code: _PLAIN.get(code, f"\\{code:o}") for code in range(256)}
"""What each character becomes where no digit follows it."""
_DIGITS: Final = frozenset(range(0x30, 0x38))
_SIMPLE: Final = bytes([code for code in range(0x20, 0x7F) if code not in (0x22, 0x5C)])
_ASCII: Final = bytes([*range(0x20, 0x7F), 9, 10, 11, 12, 13])
_BEFORE_A_DIGIT: Final = re.compile(rb"[^\t-\r -~](?=[0-7])")
"""An octal escape with a digit behind it: it needs all its three digits."""
_ANGLES: Final = frozenset(b"<>")
_LONGEST: Final = 256
"""Longer strings are not remembered."""


def escape(data: bytes, style: Hex = Hex.NONE, special: frozenset[int] = frozenset()) -> str:
    """Return the text between the quotes: octal escapes as short as what follows allows."""
    if style is Hex.ALL or (style is Hex.STRINGS and data.translate(None, _ASCII)):
        return "".join(f"\\x{code:02x}" for code in data)
    if not special:
        if not data.translate(None, _SIMPLE):
            return data.decode("ascii")
        if style is not Hex.CHARACTERS and not _BEFORE_A_DIGIT.search(data):
            return "".join([_OCTAL[code] for code in data])
    parts = []
    for index, code in enumerate(data):
        plain = None if code in special else _PLAIN.get(code)
        if plain is None:
            followed = index + 1 < len(data) and data[index + 1] in _DIGITS
            if style is Hex.CHARACTERS:
                plain = f"\\x{code:02x}"
            else:
                plain = f"\\{code:03o}" if followed else f"\\{code:o}"
        parts.append(plain)
    return "".join(parts)


_QUOTED: Final[Remembered[bytes]] = Remembered(lambda data: f'"{escape(data)}"')
"""Short strings in quotes: most are seen again (paths, the beginnings of files)."""


def quote(data: bytes, style: Hex = Hex.NONE, *, cut: bool = False) -> str:
    """Return `data` in quotes, with ``...`` behind it where `cut` says that there was more."""
    known = style is _NONE and len(data) <= _LONGEST
    text = _QUOTED[data] if known else f'"{escape(data, style)}"'
    return text + "..." if cut else text


def quote_name(data: bytes, style: Hex = Hex.NONE) -> str:
    """Return a path or a name as it stands in angle brackets, where these are escaped."""
    return escape(data, style, _ANGLES)
