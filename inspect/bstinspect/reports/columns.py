"""The columns of the summary of calls: their names, and what may be sorted by (strace(1), -S and -U)."""

from __future__ import annotations

from typing import Final

from bstinspect.errors import UsageError

DEFAULT: Final = ("time-percent", "total-time", "avg-time", "calls", "errors", "name")
_ALIASES: Final = {
    "time": "time-percent", "time-percent": "time-percent", "time-total": "total-time",
    "total-time": "total-time", "min-time": "min-time", "shortest": "min-time", "time-min": "min-time",
    "longest": "max-time", "max-time": "max-time", "time-max": "max-time", "avg-time": "avg-time",
    "time-avg": "avg-time", "calls": "calls", "count": "calls", "error": "errors", "errors": "errors",
    "name": "name", "syscall": "name", "syscall-name": "name",
}  # fmt: skip
_NOTHING: Final = ("none", "nothing")


def _column(word: str) -> str | None:
    return _ALIASES.get(word.replace("_", "-"))


def sort_key(word: str) -> str:
    """Return the column to sort by; empty for none. Raises UsageError."""
    if word in _NOTHING:
        return ""
    column = _column(word)
    if column is None:
        raise UsageError(f"invalid sortby: '{word}'")
    return column


def parse(text: str) -> tuple[str, ...]:
    """Return the columns to show; the name is always among them. Raises UsageError."""
    chosen: list[str] = []
    words = text.split(",")
    for index, word in enumerate(words):
        column = _column(word)
        if column is None:
            raise UsageError(f"unknown column name: '{word}'")
        if column in chosen:
            rest = ",".join(words[index:])
            raise UsageError(
                f"call summary column has been provided more than once: '{word}' "
                f"(-U option residual: '{rest}')"
            )
        chosen.append(column)
    return tuple(chosen) if "name" in chosen else (*chosen, "name")
