"""How the lines of a trace are laid out, and which of them are wanted: strace's options about whole lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

STATUSES: Final = frozenset({"successful", "failed", "unfinished", "unavailable", "detached"})
MESSAGES: Final = frozenset({"attach", "exit", "path-resolution", "personality", "thread-execve"})
COLUMN: Final = 40

Numbers: TypeAlias = Callable[[int], bool]
"""A set of signals, descriptors or errors, asked by number."""


def all_numbers(_number: int) -> bool:
    """Contain every number."""
    return True


def no_numbers(_number: int) -> bool:
    """Contain no number."""
    return False


class Layout(msgspec.Struct, frozen=True):
    """What stands around a call."""

    pids: str = "always"
    """``always`` (-o FILE with -f), ``brackets``, ``several`` (brackets once there are two), ``never``."""
    stamp: str = ""
    """``time`` or ``unix``: -t and -ttt."""
    stamp_digits: int = 0
    """Digits behind the second of the stamp."""
    relative: int | None = None
    """-r: digits behind the second of the time since the line before."""
    durations: int | None = None
    """-T: digits behind the second of the time spent in a call."""
    column: int = COLUMN
    """-a: the column of the result."""
    numbers: bool = False
    """-n: the number of the call."""
    addresses: bool = False
    """-i: the instruction pointer."""
    separate: bool = False
    """-ff: each thread has its own output."""


class Wanted(msgspec.Struct, frozen=True):
    """Which lines are printed."""

    signals: Numbers = all_numbers
    """-e signal="""
    statuses: frozenset[str] = STATUSES
    """-e status=, -z, -Z"""
    quiet: frozenset[str] = frozenset()
    """-e quiet=, -q: of `MESSAGES`."""
    reads: Numbers = no_numbers
    writes: Numbers = no_numbers
    """-e read=, -e write=: the descriptors whose data is dumped."""
    errors: Numbers | None = None
    """Our own -e errno=: only calls that failed with one of these."""
    shortest_ns: int = 0
    """Our own -e duration=: only calls that took at least so long."""

    def lets_through(self, error: int, duration_ns: int) -> bool:
        """Tell whether a call that has returned is printed; `error` is its errno, 0 where it succeeded."""
        return (
            ("failed" if error else "successful") in self.statuses
            and (self.errors is None or (error != 0 and self.errors(error)))
            and duration_ns >= self.shortest_ns
        )

    @property
    def every_call(self) -> bool:
        """Whether no call has to be held back until its result is known."""
        return self.statuses == STATUSES and self.errors is None and not self.shortest_ns

    @property
    def dumps(self) -> bool:
        """Whether the data of some descriptors is dumped."""
        return self.reads is not no_numbers or self.writes is not no_numbers
