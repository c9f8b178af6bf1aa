"""Quoting of strings and bytes exactly as strace does (strace(1); its string_quote)."""

from __future__ import annotations

from typing import Final

SHOWN: Final = 32
"""strace's -s: so many bytes of a string are shown."""

_PLAIN: Final = {
    **{code: chr(code) for code in range(0x20, 0x7F)},
    0x22: '\\"', 0x5C: "\\\\", 0x09: "\\t", 0x0A: "\\n", 0x0B: "\\v", 0x0C: "\\f", 0x0D: "\\r",
}  # fmt: skip
_DIGITS: Final = frozenset(range(0x30, 0x38))


def escape(data: bytes) -> str:
    """Return the text between the quotes: octal escapes as short as what follows allows."""
    parts = []
    for index, code in enumerate(data):
        plain = _PLAIN.get(code)
        if plain is None:
            followed = index + 1 < len(data) and data[index + 1] in _DIGITS
            plain = f"\\{code:03o}" if followed else f"\\{code:o}"
        parts.append(plain)
    return "".join(parts)


def quote(data: bytes, *, cut: bool = False) -> str:
    """Return `data` in quotes, with ``...`` behind it where `cut` says that there was more."""
    return f'"{escape(data)}"' + ("..." if cut else "")


def quote_text(data: bytes, shown: int | None = None) -> str:
    """Quote a C string: up to its NUL, at most `shown` bytes; without a NUL it goes on."""
    end = data.find(b"\0")
    text = data if end < 0 else data[:end]
    if shown is not None and len(text) > shown:
        return quote(text[:shown], cut=True)
    return quote(text, cut=end < 0)


def quote_buffer(data: bytes, length: int, shown: int = SHOWN) -> str:
    """Quote the start of a buffer of `length` bytes."""
    return quote(data[: min(length, shown)], cut=length > shown)
