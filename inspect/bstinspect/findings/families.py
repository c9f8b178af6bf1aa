"""Kinds of calls, by what they are for; and those that only wait."""

from __future__ import annotations

import functools
from typing import Final

from bstinspect.decode.classes import calls_of_class

FAMILIES: Final = ("network", "processes", "memory", "signals", "time", "files", "other")
"""In the order in which a call is asked for: sendto is of ``network``, though it takes a descriptor."""
_WAITS: Final = frozenset({
    "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2", "futex",
    "futex_waitv", "nanosleep", "clock_nanosleep", "wait4", "waitid", "pause", "rt_sigtimedwait",
    "rt_sigsuspend", "restart_syscall", "accept", "accept4", "msgrcv", "semop", "semtimedop", "flock",
    "io_getevents", "io_uring_enter", "vfork",
})  # fmt: skip
_MAY_WAIT: Final = frozenset({
    "read", "readv", "recvfrom", "recvmsg", "recvmmsg", "write", "sendto", "sendmsg", "connect",
    "fcntl",
})  # fmt: skip
_LONG_NS: Final = 1_000_000
"""Such a call that took longer has waited for somebody: nothing that it does takes a millisecond."""
_CLASSES: Final = (
    ("network", "network"),
    ("process", "processes"),
    ("memory", "memory"),
    ("signal", "signals"),
    ("clock", "time"),
    ("file", "files"),
    ("desc", "files"),
)


def waits(name: str, duration: int) -> bool:
    """Tell whether the time of a call that returned was spent in waiting; `duration` is in nanoseconds."""
    return name in _WAITS or (duration > _LONG_NS and name in _MAY_WAIT)


def family(name: str) -> str:
    """Return which of `FAMILIES` a call belongs to."""
    return _families().get(name, "other")


@functools.cache
def _families() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, ours in _CLASSES:
        for call in calls_of_class(name) or ():
            found.setdefault(call, ours)
    return found
