"""How what was said, and who is there, is written into the evidence: printable, short, one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.linux import proc

if TYPE_CHECKING:
    from bstinspect.grade.processes import Process

_SHOWN: Final = 80
"""Characters of what was said."""
_END: Final = 15
"""So many of them are the end of what is longer."""


def printable(text: str) -> str:
    """Return a line without control characters."""
    return proc.printable(text.encode("utf-8", "surrogateescape"))


def quoted(text: str) -> str:
    """Return what was said, in quotes; of a long line both ends."""
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - _END - 5]}...{text[-_END:]}"
    return f"'{printable(shown)}'"


def described(found: dict[int, Process]) -> str:
    """Say which processes these are: the first, and how many more."""
    first = min(found.values(), key=lambda each: each.pid, default=None)
    if first is None:
        return "nothing"
    kind = "zombie " if first.is_zombie else ""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{kind}{first.name} (pid {first.pid}){more}"


def last_line(complaints: bytes) -> str:
    """Return the last line of what was said on standard error, as an addition; empty where there is none."""
    lines = [each for each in complaints.decode("utf-8", "replace").splitlines() if each]
    return f"; it said {quoted(lines[-1])}" if lines else ""
