"""How wide a text may become, whatever font shows it: rather too wide than cut off."""

from __future__ import annotations

import unicodedata
from typing import Final

ELLIPSIS: Final = "…"
_NARROW: Final = frozenset(" !'(),./:;I[\\]`fijlrt|ІЇіїјг")
_WIDE: Final = frozenset("%@MWmw—ЖМФШЩЫЮЊжмфшщыюњ") | frozenset("&~+=<>")
_LONGEST: Final = 400
"""Characters that are measured; no drawing is that wide."""


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how many pixels `text` takes in a sans-serif font of `size` pixels.

    The widths are those of DejaVu Sans, which is wider than what most systems show instead.
    """
    widths = sum(map(_em, text[:_LONGEST])) + max(len(text) - _LONGEST, 0)
    return widths * size * (1.11 if bold else 1.0)


def shorten(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return `text`, or as much of its beginning as fits into `room` pixels with an ellipsis behind it."""
    if width(text, size, bold=bold) <= room:
        return text
    scale = size * (1.11 if bold else 1.0)
    left = room / scale - _em(ELLIPSIS)
    for index, character in enumerate(text):
        left -= _em(character)
        if left < 0:
            return text[:index].rstrip() + ELLIPSIS
    return text


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.42
    if character in _WIDE:
        return 1.03
    if character < "\u2000":
        return 0.78 if character.isupper() else 0.66
    if unicodedata.combining(character):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(character) not in "WF" else 1.3
