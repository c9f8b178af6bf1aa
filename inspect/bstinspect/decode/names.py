"""Names of signals, errors and wait statuses."""

from __future__ import annotations

import errno
import os
import signal
from typing import Final

FIRST_REALTIME: Final = 32
"""The kernel's SIGRTMIN; the C library keeps the first two for itself and calls 34 SIGRTMIN."""
LAST_SIGNAL: Final = 64
_SIGNALS: Final[dict[int, str]] = {
    int(each): each.name for each in signal.Signals if each < FIRST_REALTIME
} | {29: "SIGIO"}
_INTERNAL_ERRORS: Final = {
    515: "ENOIOCTLCMD", 517: "EPROBE_DEFER", 518: "EOPENSTALE", 521: "EBADHANDLE", 522: "ENOTSYNC",
    523: "EBADCOOKIE", 524: "ENOTSUPP", 525: "ETOOSMALL", 526: "ESERVERFAULT", 527: "EBADTYPE",
    528: "EJUKEBOX", 529: "EIOCBQUEUED", 530: "ERECALLCONFLICT",
}  # fmt: skip
"""The kernel's own, which should never be seen outside (its include/linux/errno.h), but sometimes are."""
_ERRORS: Final[dict[int, str]] = {
    **errno.errorcode, 11: "EAGAIN", 35: "EDEADLK", 95: "EOPNOTSUPP", 133: "EHWPOISON", **_INTERNAL_ERRORS,
}  # fmt: skip
RESTARTS: Final = {
    512: ("ERESTARTSYS", "To be restarted if SA_RESTART is set"),
    513: ("ERESTARTNOINTR", "To be restarted"),
    514: ("ERESTARTNOHAND", "To be restarted if no handler"),
    516: ("ERESTART_RESTARTBLOCK", "Interrupted by signal"),
}
"""What only a tracer sees (the kernel's include/linux/errno.h), with strace's words."""


def signal_name(number: int) -> str:
    """Return ``SIGKILL``, ``SIGRTMIN`` (32), ``SIGRT_3`` (35); the number where there is no such signal."""
    if name := _SIGNALS.get(number):
        return name
    if number == FIRST_REALTIME:
        return "SIGRTMIN"
    if FIRST_REALTIME < number <= LAST_SIGNAL:
        return f"SIGRT_{number - FIRST_REALTIME}"
    return str(number)


ERRORS: Final[dict[str, int]] = {name: number for number, name in _ERRORS.items()} | {
    "EWOULDBLOCK": 11,
    "EDEADLOCK": 35,
    "ENOTSUP": 95,
}
"""Names of errors to their numbers."""


def signal_number(name: str) -> int:
    """Return the number of ``SIGTERM``, ``term``, ``RTMIN`` or ``RT_3``; -1 where there is no such signal."""
    wanted = name.upper()
    wanted = wanted if wanted.startswith("SIG") else f"SIG{wanted}"
    return next((number for number in range(1, LAST_SIGNAL + 1) if signal_name(number) == wanted), -1)


def errno_name(number: int) -> str:
    """Return ``ENOENT``, or the number where there is no such error."""
    if number in RESTARTS:
        return RESTARTS[number][0]
    return _ERRORS.get(number, str(number))


def describe_error(number: int, *, restarts: bool = True) -> str:
    """Return what strace prints behind ``=`` for a failed call; of -e raw= calls restarts are no errors."""
    if number in RESTARTS:
        name, words = RESTARTS[number]
        return f"? {name} ({words})" if restarts else f"-1 {name} ({os.strerror(number)})"
    name = _ERRORS.get(number, "")
    return f"-1 {name} ({os.strerror(number)})" if name else f"-1 (errno {number})"


def describe_status(status: int) -> str:
    """Return a wait status in words: ``exited with status 3``, ``killed by SIGKILL`` (wait(2))."""
    low = status & 0x7F
    if low == 0x7F:
        return "continued" if status == 0xFFFF else f"stopped by {signal_name(status >> 8 & 0xFF)}"
    if low:
        return f"killed by {signal_name(low)}" + (" (core dumped)" if status & 0x80 else "")
    return f"exited with status {status >> 8 & 0xFF}"
