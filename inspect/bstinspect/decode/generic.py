"""Calls without a decoder of their own, and those of -e raw=: every argument in hexadecimal."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import hexadecimal
from bstinspect.decode.shape import Shape

if TYPE_CHECKING:
    from bstinspect.decode.call import Call


@functools.cache
def _raw(count: int) -> Shape:
    return Shape(tuple(show.hex_long(index) for index in range(count)), (), _result)


def _result(call: Call) -> str:
    return hexadecimal(call.value)


@functools.cache
def _unknown(count: int) -> Shape:
    return Shape(tuple(show.hex_long(index) for index in range(count)))


_SAME: Final = """
    alarm close dup dup2 dup3 exit exit_group fchdir fchmod fdatasync flock fsync getegid geteuid getgid
    getpgid getpgrp getpid getppid getsid gettid getuid kill listen munmap pause sched_yield setsid shutdown
    tgkill tkill umask
"""
SAME_EVERYWHERE: Final = frozenset(_SAME.split())
"""Calls whose arguments are the same numbers on i386 as on x86-64."""


def as_numbers(call: Call) -> Shape:
    """Return how to print a call whose arguments nobody knows."""
    return _unknown(call.tables.counts.get(call.tables.numbers.get(call.name, -1), 6))


def raw(call: Call) -> Shape:
    """Return how to print a call as numbers; -e raw= has its result in hexadecimal too."""
    tables = call.tables
    count = tables.counts.get(tables.numbers.get(call.name, -1), 6)
    return _raw(count) if call.style.raw(call.name) else _unknown(count)
