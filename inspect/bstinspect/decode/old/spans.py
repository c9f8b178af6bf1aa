"""Structures of time as strace prints them (time(7), timespec(3type))."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Final

from bstinspect.decode.old.call import filled, pointer, structure

if TYPE_CHECKING:
    from bstinspect.decode.old.call import Argument, Call

_NOW: Final = (1 << 30) - 1
_OMIT: Final = (1 << 30) - 2


def timespec_text(data: bytes) -> str:
    """Return ``{tv_sec=1, tv_nsec=0}``."""
    seconds, nanoseconds = struct.unpack_from("<qq", data)
    return f"{{tv_sec={seconds}, tv_nsec={nanoseconds}}}"


def timeval_text(data: bytes) -> str:
    """Return ``{tv_sec=1, tv_usec=0}``."""
    seconds, microseconds = struct.unpack_from("<qq", data)
    return f"{{tv_sec={seconds}, tv_usec={microseconds}}}"


def itimerspec_text(data: bytes) -> str:
    """Return a timer's interval and value."""
    return f"{{it_interval={timespec_text(data)}, it_value={timespec_text(data[16:])}}}"


def itimerval_text(data: bytes) -> str:
    """Return a timer's interval and value, in microseconds."""
    return f"{{it_interval={timeval_text(data)}, it_value={timeval_text(data[16:])}}}"


def timespec_in(index: int) -> Argument:
    """Print a timespec that the call reads."""
    return structure(index, 16, timespec_text)


def timespec_out(index: int) -> Argument:
    """Print a timespec that the kernel fills."""
    return filled(index, 16, timespec_text)


def remaining(index: int) -> Argument:
    """Print the time left of a sleep, which is stored only where a signal broke it (nanosleep(2))."""

    def argument(call: Call) -> str:
        data = call.memory.exactly(call[index], 16) if call.is_error and call.value in (-4, -516) else None
        return pointer(call[index]) if data is None else timespec_text(data)

    return argument


def file_times(index: int) -> Argument:
    """Print utimensat's two times, each with its date as a comment."""

    def argument(call: Call) -> str:
        data = call.memory.exactly(call[index], 32)
        if data is None:
            return pointer(call[index])
        return f"[{_file_time(data)}, {_file_time(data[16:])}]"

    return argument


def _file_time(data: bytes) -> str:
    seconds, nanoseconds = struct.unpack_from("<qq", data)
    if nanoseconds in (_NOW, _OMIT):
        return "UTIME_NOW" if nanoseconds == _NOW else "UTIME_OMIT"
    text = timespec_text(data)
    if not seconds and not nanoseconds:
        return text
    date = date_text(seconds, f".{nanoseconds:09}" if nanoseconds else "")
    return f"{text} /* {date} */" if date else text


def date_text(seconds: int, fraction: str = "") -> str:
    """Return a moment as ``2026-11-21T19:26:31+0000``, or nothing where the C library has no words for it."""
    try:
        moment = time.localtime(seconds)
        return time.strftime("%Y-%m-%dT%H:%M:%S", moment) + fraction + time.strftime("%z", moment)
    except (OverflowError, OSError, ValueError):
        return ""
