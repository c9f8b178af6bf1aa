"""How long calls took: the text of -T (strace's -T, and the digits that its times have)."""

from __future__ import annotations

from typing import Final

BILLION: Final = 1_000_000_000
_NINE: Final = 9
_MOST: Final = 1 << 13
"""Durations of fewer units are remembered."""


class Durations:
    """What -T puts behind a line, and remembers it."""

    def __init__(self, digits: int | None) -> None:
        self._digits = digits
        self._unit = 10 ** (_NINE - (digits or 0))
        self._known: dict[int, str] = {}

    def text(self, nanoseconds: int) -> str:
        """Return ``<0.000012>`` with a blank before it, where durations are wanted."""
        digits = self._digits
        if digits is None:
            return ""
        units = nanoseconds // self._unit if nanoseconds > 0 else 0
        text = self._known.get(units)
        if text is None:
            text = f" <{span(nanoseconds, digits)}>"
            if units < _MOST:
                self._known[units] = text
        return text


def span(nanoseconds: int, digits: int) -> str:
    """Return a time span with so many digits behind the second."""
    seconds, rest = divmod(max(nanoseconds, 0), BILLION)
    return f"{seconds}.{fraction(rest, digits)}" if digits else str(seconds)


def fraction(nanoseconds: int, digits: int) -> str:
    """Return the digits behind the second."""
    return f"{nanoseconds:09}"[:digits]
