"""The faults that can be put at a crash point, as words: ``kill``, ``stop:200ms``, ``errno:ECONNRESET``."""

from __future__ import annotations

import errno
import re
import signal
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import UsageError

if TYPE_CHECKING:
    from typing import Self

PLAIN: Final = {
    "kill": "SIGKILL to the process",
    "stop": "SIGSTOP; with a duration, as in stop:200ms, SIGCONT after it",
    "signal": "another signal, as in signal:TERM",
    "errno": "the call is not made and fails, as in errno:ECONNRESET",
    "return": "the call is not made and returns a number, as in return:0",
    "delay": "the call waits, as in delay:100ms",
    "drop": "the message is not sent; its sender believes it is",
    "twice": "the message is sent twice",
    "truncate": "the message is sent with the second half of its body missing, in a frame that fits",
    "disk-full": "from here on nobody can make a file or a socket's (ENOSPC)",
    "no-descriptors": "from here on the process can open nothing more (EMFILE)",
}
"""The kinds of faults, and what each does."""
ON_MESSAGES: Final = frozenset({"drop", "twice", "truncate"})
"""Kinds that need the entry of a send that carries a message with a name."""
ON_CALLS: Final = frozenset({"errno", "return"})
"""Kinds that need the entry of a call."""
_UNITS: Final = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_DURATION: Final = re.compile(r"([0-9]{1,9})(us|ms|s)", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)


class Fault(msgspec.Struct, frozen=True, order=True):
    """One fault. `value` is nanoseconds of a stop or a delay, a signal, an errno or a result; else 0."""

    kind: str
    value: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a fault. Raises UsageError, which says what is wrong with it."""
        kind, colon, word = text.partition(":")
        if kind not in PLAIN:
            raise UsageError(f"{text!r} is no fault; there are {', '.join(PLAIN)}", advice=False)
        if kind == "stop" and not colon:
            return cls(kind)
        if kind in ("stop", "delay"):
            return cls(kind, _duration(text, word))
        if kind == "signal":
            return cls(kind, _signal(text, word))
        if kind == "errno":
            number = getattr(errno, word, None) if word.startswith("E") else None
            if not isinstance(number, int):
                raise UsageError(f"{text!r}: {word!r} is no errno", advice=False)
            return cls(kind, number)
        if kind == "return":
            if not _NUMBER.fullmatch(word):
                raise UsageError(f"{text!r}: {word!r} is no number", advice=False)
            return cls(kind, int(word))
        if colon:
            raise UsageError(f"{text!r}: {kind} takes nothing behind a colon", advice=False)
        return cls(kind)

    def __str__(self) -> str:
        if self.kind in ("stop", "delay") and self.value:
            unit = next(unit for unit in ("s", "ms", "us") if self.value % _UNITS[unit] == 0)
            return f"{self.kind}:{self.value // _UNITS[unit]}{unit}"
        if self.kind == "signal":
            return f"signal:{signal.Signals(self.value).name.removeprefix('SIG')}"
        if self.kind == "errno":
            return f"errno:{errno.errorcode[self.value]}"
        return f"return:{self.value}" if self.kind == "return" else self.kind


def _duration(text: str, word: str) -> int:
    found = _DURATION.fullmatch(word)
    if found is None or not int(found[1]):
        raise UsageError(f"{text!r}: {word!r} is no duration such as 200ms", advice=False)
    return int(found[1]) * _UNITS[found[2]]


def _signal(text: str, word: str) -> int:
    number = getattr(signal.Signals, f"SIG{word.removeprefix('SIG')}", None)
    if number is None or number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL):
        raise UsageError(f"{text!r}: {word!r} is no signal for this (kill and stop have their own words)",
                         advice=False)  # fmt: skip
    return int(number)
