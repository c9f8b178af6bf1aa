"""Texts from a trace made fit for every format: what cannot be shown, or could mislead, becomes an escape.

XML 1.0 (section 2.2, Characters) forbids most control characters and surrogates; the marks of direction
(Unicode Standard Annex 9, section 2) would reorder what stands beside them.
"""

from __future__ import annotations

import re
from typing import Final

_UNSHOWABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)


def visible(text: str) -> str:
    r"""Return `text` with escapes such as ``\x1b`` for what cannot be shown; tabs and newlines stay.

    A byte that was no UTF-8 (PEP 383's U+DC80 to U+DCFF) becomes ``\x80`` to ``\xff``.
    """
    return _UNSHOWABLE.sub(_escape, text)


def one_line(text: str) -> str:
    r"""Return `text` as `visible` does, with ``\n`` and ``\t`` for newlines and tabs too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
