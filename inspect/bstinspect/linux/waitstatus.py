"""A wait status, told apart (wait(2), ptrace(2) "Stopped states")."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

WALL: Final = 0x40000000
"""__WALL of waitpid(2): threads and clone children too. The os module has no name for it."""


class ExitedWith(NamedTuple):
    """The thread returned `code` from exit(2)."""

    code: int


class KilledBy(NamedTuple):
    """A signal ended the thread."""

    signal: int
    core_dumped: bool


class StoppedBy(NamedTuple):
    """A ptrace-stop. `signal` may carry 0x80 (a syscall-stop); `event` is PTRACE_EVENT_* or 0."""

    signal: int
    event: int


WaitStatus: TypeAlias = ExitedWith | KilledBy | StoppedBy

CONTINUED = 0xFFFF
"""What waitpid(2) gives with WCONTINUED, which a tracer never asks for."""


def classify(status: int) -> WaitStatus:
    """Tell what a status from waitpid(2) says. Raises ValueError for WIFCONTINUED."""
    low = status & 0x7F
    if low == 0:
        return ExitedWith(status >> 8 & 0xFF)
    if low != 0x7F:
        return KilledBy(low, core_dumped=bool(status & 0x80))
    if status == CONTINUED:
        raise ValueError("the status of a continued process")
    return StoppedBy(status >> 8 & 0xFF, status >> 16)


def is_kill(status: int) -> bool:
    """Say whether a status (also one from PTRACE_EVENT_EXIT) is that of a death by signal."""
    return 0 < status & 0x7F < 0x7F
